"""Stage `prompts`: raw rows → table prompts, excluded ones too, with the reason.

A reading is one source, one statement, one set of parameters. It counts once it is
complete; a changed source or statement is another reading, and the old rows stay.
"""

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from fusemill import ids
from fusemill.durable import point
from fusemill.errors import DeclarationError, FusemillError
from fusemill.fill import batches
from fusemill.project.columns import check_columns
from fusemill.project.models import Builder
from fusemill.project.project import Project
from fusemill.project.statement import UNBOUND, load_macros, prepare, sql_error
from fusemill.prompts.faults import statement_failed
from fusemill.prompts.sources import Resolved, columns, opened, resolve
from fusemill.prompts.tested import identity as tests_identity
from fusemill.prompts.tested import tested

ROWS_A_PART = 50_000
REQUIRED = {"source_row": "integer", "messages": "messages"}
OPTIONAL = {
    "gold": "text or number",
    "tests": "texts",
    "entry_point": "text",
    "stub": "text",
    "statement": "text",
    "reference": "text",
    "tags": "texts",
    "language": "text",
    "licence": "text",
    "excluded": "text",
}
# The reasons a prompts statement may give in `excluded`: outcomes of their own.
EXCLUSIONS = (
    "excluded_code",
    "excluded_math",
    "excluded_language",
    "excluded_empty",
    "excluded_too_long",
    "excluded_malformed",
    "no_tests",
    "reference_failed",
    "contaminated",
)


@dataclass(frozen=True)
class Reading:
    """What identifies one way of reading one set."""

    builder: Builder
    source: Resolved
    sql: str
    reading_id: str

    @functools.cached_property
    def source_name(self) -> str:
        """The source's short name, made once: a row of every prompt has it."""
        return self.source.name


def reading_of(project: Project, builder: Builder) -> Reading:
    """The reading that the declarations name now."""
    where = f"{project.builder_path(builder)}: source"
    source = resolve(builder.source, project, where)
    sql = project.sql(builder.prompts.sql)
    spec = {
        "set": builder.set,
        "source": [list(i) if isinstance(i, tuple) else i for i in source.identity],
        "format": source.format,
        "sql": sql,
        "macros": project.macros(),
        "params": builder.prompts.params,
        "licence": builder.licence,
        "language": builder.language,
        "verify": builder.checker,
    }
    made = tests_identity(builder)
    if made is not None:  # else the id stays what it was before there were any
        spec["tests"] = made
    return Reading(builder, source, sql, ids.H("reading", spec))


def is_read(project: Project, builder: Builder) -> bool:
    """Whether the set is in the warehouse as it is declared now, every row of it."""
    reading = reading_of(project, builder)
    with project.warehouse.connect() as con:
        query = 'select 1 from prompts where "set" = ? and reading_id = ? limit 1'
        return (
            con.execute(query, [builder.set, reading.reading_id]).fetchone() is not None
        )


def unread_before(project: Project) -> list[str]:
    """Sets that come before an active one and have not been read in any way.

    Conversations that they share with the active ones are no duplicates until then.
    """
    with project.warehouse.connect() as con:
        read = {
            r[0] for r in con.execute('select distinct "set" from prompts').fetchall()
        }
    names = list(project.builders)
    last = max(names.index(builder.set) for builder in project.active)
    return [name for name in names[:last] if name not in read]


def require_read(con: duckdb.DuckDBPyConnection, builder: Builder) -> None:
    """FusemillError where the snapshot has no reading of the set."""
    query = 'select 1 from prompts where "set" = ? limit 1'
    if con.execute(query, [builder.set]).fetchone() is None:
        raise FusemillError(
            f"{builder.set}: its prompts have not been read as they are declared now; "
            "run `fusemill prompts` first, or `fusemill run`"
        )


def read_prompts(
    project: Project, builder: Builder, advance: Callable[[int], None]
) -> int:
    """Read every raw row of a set into parts; returns how many. Deterministic.

    Raises SourceError for rows that cannot be read and DeclarationError where the
    statement drops, repeats or invents rows.
    """
    reading = reading_of(project, builder)
    with opened(reading.source) as con:
        load_macros(con, project)
        n_rows = int(con.execute("select count(*) from raw").fetchall()[0][0])
        seen = bytearray(n_rows)
        counts: Counter[str] = Counter()
        with tested(_rows(con, reading), builder, weak=project.weak_sandbox) as rows:
            for batch in batches(_prompts(rows, reading, seen), ROWS_A_PART):
                counts.update(row["excluded"] or "kept" for row in batch)
                project.warehouse.write("prompts", batch)
                advance(len(batch))
    details = {
        "set": reading.builder.set,
        "rows": n_rows,
        **dict(sorted(counts.items())),
    }
    mark = {
        "selection_id": reading.reading_id,
        "suite": "prompts",
        "success": True,
        "details": json.dumps(details),
    }
    point("prompts.marking")
    project.warehouse.write("audits", [mark])
    return n_rows


def _prompts(
    rows: Iterator[dict[str, Any]], reading: Reading, seen: bytearray
) -> Iterator[dict[str, Any]]:
    """Warehouse rows of the raw rows; DeclarationError unless each came out once."""
    for row in rows:
        _tick(seen, row["source_row"], reading)
        yield _prompt(reading, row)
    _check_all(seen, reading)


def _rows(con: duckdb.DuckDBPyConnection, reading: Reading) -> Iterator[dict[str, Any]]:
    """Rows of the prompts statement, in its own order."""
    sql_path = reading.builder.prompts.sql
    params = prepare(con, reading.sql, sql_path, reading.builder.prompts.params)
    try:
        result = con.execute(reading.sql, params)
        names = check_columns(
            sql_path, result.description or [], _required(reading.builder), OPTIONAL
        )
        while rows := result.fetchmany(200):
            for row in rows:
                yield dict(zip(names, row, strict=True))
    except UNBOUND as error:
        hint = f"columns of the source: {columns(con)}"
        raise sql_error(sql_path, error, hint) from None
    except duckdb.Error as error:
        raise statement_failed(con, reading.source, sql_path, error) from None


def _required(builder: Builder) -> dict[str, str]:
    """Columns that the statement must give: what tests and references need too."""
    if builder.prompts.tests is None:
        return REQUIRED
    of = "tests" if builder.prompts.tests == "given" else "statement"
    return {**REQUIRED, of: OPTIONAL[of], "reference": "text"}


def _tick(seen: bytearray, source_row: object, reading: Reading) -> None:
    if not isinstance(source_row, int) or not 0 <= source_row < len(seen):
        raise DeclarationError(
            f"{reading.builder.prompts.sql}: returned source_row {source_row!r}; the "
            f"source has rows 0 to {len(seen) - 1}"
        )
    if seen[source_row]:
        raise DeclarationError(
            f"{reading.builder.prompts.sql}: returned source_row {source_row} twice; "
            "every raw row must come out exactly once"
        )
    seen[source_row] = 1


def _check_all(seen: bytearray, reading: Reading) -> None:
    if 0 in seen:
        lost = [i for i in range(len(seen)) if not seen[i]]
        raise DeclarationError(
            f"{reading.builder.prompts.sql}: {len(lost)} of {len(seen)} raw rows did "
            f"not come out, the first is source_row {lost[0]}. Keep every row and give "
            "a reason in `excluded`; nothing of this reading counts until then"
        )


def _prompt(reading: Reading, row: dict[str, Any]) -> dict[str, Any]:
    """The warehouse row of one raw row."""
    builder = reading.builder
    messages = _messages(row.get("messages"))
    gold = row.get("gold")
    gold = gold if gold is None or str(gold).strip() else None
    excluded = row.get("excluded")
    if excluded is not None and excluded not in EXCLUSIONS:
        raise DeclarationError(
            f"{builder.prompts.sql}: source_row {row['source_row']}: `excluded` is "
            f"{excluded!r}; expected null or one of {', '.join(EXCLUSIONS)}"
        )
    if excluded is None and messages is None:
        excluded = "excluded_empty"
    if excluded is None and messages is not None and not _is_a_prompt(messages):
        excluded = "excluded_malformed"
    check_id, why = None, row.get("excluded_why")
    if builder.checker is not None and excluded is None:
        check_id, why = _check(builder, row, gold)
        excluded = "no_tests" if check_id is None else None
    return {
        "set": builder.set,
        "source_row": row["source_row"],
        "reading_id": reading.reading_id,
        "source": reading.source_name,
        "revision": reading.source.revision,
        "licence": row.get("licence") or builder.licence,
        "prompt_id": None if messages is None else ids.prompt_id(messages),
        "messages": messages,
        "gold": None if gold is None else str(gold),
        "tests": row.get("tests"),
        "entry_point": row.get("entry_point"),
        "stub": row.get("stub"),
        "tags": row.get("tags"),
        "language": row.get("language"),
        "norm_key": None if messages is None else ids.norm_key(messages),
        "check_id": check_id,
        "excluded": excluded,
        "excluded_why": why,
    }


def _check(
    builder: Builder, row: dict[str, Any], gold: Any
) -> tuple[str | None, str | None]:
    """Id of what answers are checked against; where there is nothing, why."""
    if builder.checker == "mathematics":
        if gold is None:
            return None, "no gold answer"
        return ids.math_check_id(str(gold)), None
    tests = row.get("tests") or []
    if not tests or not all(test and test.strip() for test in tests):
        return None, "an empty test" if tests else "no tests"
    return ids.code_check_id(tests, row.get("entry_point"), row.get("stub")), None


def _messages(value: Any) -> list[dict[str, str]] | None:
    """The turns as they are; None where there is none, or one is missing or empty."""
    if not value or not all(m and (m.get("content") or "").strip() for m in value):
        return None
    return [{"role": m.get("role") or "", "content": m["content"]} for m in value]


def _is_a_prompt(messages: list[dict[str, str]]) -> bool:
    """Turns of system, user and assistant that end with user."""
    roles = [message["role"] for message in messages]
    return roles[-1] == "user" and set(roles) <= {"system", "user", "assistant"}
