"""`prompts --explain`: what becomes of raw rows before any answer, with examples."""

from dataclasses import dataclass

from fusemill.ask.why import FIXED
from fusemill.project.project import Project
from fusemill.prompts.reading import require_read
from fusemill.selection.select import OUTCOMES

_EXAMPLES = """
    with drawn as (
        select
            plan.status,
            plan.source_row,
            count(*) over (partition by plan.status) as n_rows,
            row_number() over (
                partition by plan.status
                order by md5(plan.source_row::varchar), plan.source_row
            ) as nth
        from plan
        where plan."set" = $set
    )
    select drawn.status, drawn.n_rows, drawn.source_row, t.messages
    from drawn
    left join prompt_texts as t on t."set" = $set and t.source_row = drawn.source_row
    where drawn.nth <= greatest($most, 1)
    order by drawn.status, drawn.nth
"""


@dataclass(frozen=True)
class Reason:
    """Rows of one set with one status of the plan."""

    set: str
    status: str  # `ready`, or the outcome that a row already has
    n_rows: int
    means: str
    examples: list[tuple[int, str]]  # source_row and the last user turn, seeded draw


def reasons(project: Project, most: int) -> list[Reason]:
    """Of every active set, ready rows first; `most` examples of each."""
    found: list[Reason] = []
    with project.warehouse.connect() as con:
        for builder in project.active:
            require_read(con, builder)
            rows = con.execute(_EXAMPLES, {"set": builder.set, "most": most}).fetchall()
            by_status: dict[str, Reason] = {}
            for status, n_rows, source_row, messages in rows:
                text = messages[-1]["content"] if messages else ""
                reason = by_status.setdefault(
                    status, Reason(builder.set, status, n_rows, _means(status), [])
                )
                if len(reason.examples) < most:
                    reason.examples.append((source_row, text or ""))
            order = ["ready", *OUTCOMES]
            found += sorted(by_status.values(), key=lambda one: order.index(one.status))
    return found


def _means(status: str) -> str:
    if status == "ready":
        return "it takes part"
    if status == "duplicate":
        return "the same conversation is kept elsewhere"
    if status == "not_sampled":
        return "it lies beyond n_prompts"
    return FIXED[status]
