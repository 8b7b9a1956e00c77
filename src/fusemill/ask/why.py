"""Why a row has its outcome, in a sentence with the figures that decided."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb

from fusemill.project.models import Builder
from fusemill.project.project import Project

FIXED = {
    "excluded_code": "sql/prompts leaves it out as a question about code",
    "excluded_math": "sql/prompts leaves it out as a question about mathematics",
    "excluded_language": "it is not in the set's language",
    "excluded_empty": "it has no text",
    "excluded_too_long": "it is longer than the set's statement allows",
    "excluded_malformed": "its turns do not alternate or do not end with the user",
    "no_tests": "there is no gold answer or test to check an answer against",
    "reference_failed": "the set's own reference does not pass its tests",
    "contaminated": "it occurs in a benchmark",
    "pending": "something of it was not yet asked, scored or checked",
    "no_response": "no model gave a text",
    "truncated": "every answer was cut by its length limit",
    "no_score": "no usable answer has a score",
    "all_incorrect": "no usable answer is correct",
    "retracted": "it, or every answer to it, was taken back",
}


def why(
    project: Project,
    con: duckdb.DuckDBPyConnection,
    builder: Builder,
    place: tuple[str, int, str],
    outcome: str | None,
    answers: Sequence[dict[str, Any]],
) -> str:
    """One sentence; for pairs and windows with scores and gaps."""
    if outcome is None:
        return "nothing was selected over the data as it is now; run `fusemill select`"
    if outcome == "duplicate":
        return _duplicate(con, place)
    if outcome == "not_sampled":
        n = project.n_prompts(builder)
        return f"it comes after the first {n:,} of the set by seeded hash"
    if outcome in ("sft", "dpo"):
        used = [a for a in answers if a["used_as"]]
        said = "; ".join(
            f"{a['used_as']}: {a['model']} draw {a['draw']}, score {_figure(a)}"
            for a in used
        )
        return f"{builder.select.sql} chose {said}"
    if outcome == "no_pair_in_window":
        return _no_pair(builder, answers)
    return FIXED.get(outcome, outcome)


def _figure(answer: dict[str, Any]) -> str:
    score = answer["score"]
    verdict = f", {answer['verdict']}" if answer["verdict"] else ""
    return ("none" if score is None else f"{score:.6g}") + verdict


def _no_pair(builder: Builder, answers: Sequence[dict[str, Any]]) -> str:
    """Best, worst and gap of each source, of the answers that the rule may use."""
    params = builder.select.params
    usable = [
        answer
        for answer in answers
        if answer["score"] is not None
        and (answer["finish_reason"] != "length" or params.get("allow_truncated"))
    ]
    cut = sum(a["finish_reason"] == "length" for a in answers if a not in usable)
    said = _gaps(usable) + (f" ({cut} cut answers do not count)" if cut else "")
    if params.get("pair_choice") == "global_best" and usable:
        best = max(usable, key=lambda answer: answer["score"])
        return (
            f"the best answer is of {best['model']}, and with pair_choice global_best "
            f"that source must have a gap in the window: {said}"
        )
    return f"no source has a gap in the window: {said}"


def _gaps(answers: Sequence[dict[str, Any]]) -> str:
    """Gaps at six places, as the rule compares them."""
    scores: dict[str, list[Decimal]] = {}
    for answer in answers:
        value = Decimal(repr(answer["score"])).quantize(Decimal("0.000001"))
        scores.setdefault(answer["model"], []).append(value)
    said = []
    for model, values in sorted(scores.items()):
        gap = max(values) - min(values)
        few = ", one answer" if len(values) == 1 else ""
        said.append(f"{model} {max(values)} - {min(values)} = {gap}{few}")
    return "; ".join(said) or "no scores"


def _duplicate(con: duckdb.DuckDBPyConnection, place: tuple[str, int, str]) -> str:
    row = con.execute(
        'select k."set", k.source_row from prompts as p '
        "inner join prompts as k using (norm_key) "
        'inner join plan on plan."set" = k."set" and plan.source_row = k.source_row '
        "where p.\"set\" = ? and p.source_row = ? and plan.status <> 'duplicate' "
        "and k.excluded is null limit 1",
        [place[0], place[1]],
    ).fetchone()
    if row is None:
        return "the same conversation is kept elsewhere"
    return f"the same conversation is kept as row {row[1]} of {row[0]}"
