"""Printing results for people: tables, status, explanations.

Model text is data: control characters are shown, not sent to the terminal.
"""

import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fusemill.ask.explain import Explanation
from fusemill.ask.status import Status
from fusemill.cli.common import printable
from fusemill.durable import place, storage, temporary_name
from fusemill.errors import FusemillError
from fusemill.project.findings import Finding

MOST_ROWS = 40
MOST_CHARACTERS = 120
DRAWN_BY_HAND = 1_000_000
ID = re.compile(r"[0-9a-f]{32}")
_COLOURS = {"error": "red", "inconsistent": "red", "unpinned": "yellow"}
_COLOURS |= {"known": "cyan", "note": "cyan"}


def shown(value: Any, most: int | None = None) -> str:
    """A value for a terminal: control characters escaped, long texts cut."""
    text = printable(value if isinstance(value, str) else _plain(value))
    return text if most is None or len(text) <= most else text[: most - 1] + "…"


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def print_json(value: Any) -> None:
    """JSON on standard output; NaN and infinities, which JSON has not, are null."""
    text = json.dumps(_finite(value), ensure_ascii=False, indent=2, default=_other)
    for line in text.split("\n"):  # not splitlines: U+2028 may stand in a text
        sys.stdout.write((line if line.isprintable() else _escaped(line)) + "\n")


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _other(value: Any) -> Any:
    if isinstance(value, Decimal):  # a sum of whole numbers is one too
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    return value.hex() if isinstance(value, bytes) else str(value)


def show_table(
    table: pa.Table, *, as_json: bool, csv: bool, parquet: Path | None
) -> None:
    """A query's result as asked for; a table of the first rows by default."""
    if parquet is not None:
        import pyarrow.parquet as pq

        if parquet.exists() and not parquet.is_file():
            raise FusemillError(f"{parquet}: expected a file's name; it is none")
        temporary = temporary_name(parquet)
        try:
            with storage(parquet), _one_of("Parquet"):
                pq.write_table(table, temporary, compression="zstd")
            place(temporary, parquet, "answer")
        finally:
            temporary.unlink(missing_ok=True)
        print(f"{parquet}: {table.num_rows:,} rows", file=sys.stderr)
    elif as_json:
        print_json(table.to_pylist())
    elif csv:
        text = _csv(table)
        sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
    else:
        _grid(table)


def _csv(table: pa.Table) -> str:
    import polars as pl

    with _one_of("CSV"):
        frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    nested = [n for n, t in frame.schema.items() if t.is_nested()]
    plain = [pl.Series(n, [_plain(v) for v in frame[n].to_list()]) for n in nested]
    return frame.with_columns(plain).write_csv()


@contextmanager
def _one_of(kind: str) -> Iterator[None]:
    """FusemillError for a column type that a format has no place for."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # each library has its own
        raise FusemillError(
            f"a column cannot be written as {kind}: {error}; cast it in the statement, "
            "for example `::varchar`"
        ) from error


def _grid(table: pa.Table) -> None:
    console = Console(highlight=False)
    grid = Table(header_style="bold", show_edge=False, pad_edge=False)
    numeric = [
        pa.types.is_integer(f.type) or pa.types.is_floating(f.type)
        for f in table.schema
    ]
    for field, is_number in zip(table.schema, numeric, strict=True):
        name = Text(shown(field.name))
        grid.add_column(name, justify="right" if is_number else "left")
    for row in table.slice(0, MOST_ROWS).to_pylist():
        cells = [shown(row[n], MOST_CHARACTERS) for n in table.schema.names]
        for column, cell in zip(grid.columns, cells, strict=True):
            if ID.fullmatch(cell):
                column.min_width = 32  # half an id is of no use
        grid.add_row(*[Text(cell) for cell in cells])
    console.print(grid)
    rest = table.num_rows - MOST_ROWS
    if rest > 0:
        console.print(f"… and {rest:,} more; --json, --csv and --parquet give all rows")
    else:
        n = table.num_rows
        console.print(f"({n} {'row' if n == 1 else 'rows'})", style="dim")


def show_status(status: Status, as_json: bool) -> None:
    """A line a set, outcomes beneath."""
    if as_json:
        print_json(asdict(status))
        return
    console = Console(highlight=False)
    console.print(f"[bold]{status.project}[/]  {status.n_parts:,} parts")
    if status.trial:
        console.print(f"[yellow]a trial: {status.trial}[/]; `fusemill run` takes all")
    grid = Table(header_style="bold", show_edge=False, pad_edge=False)
    for name in ("set", "rows", "answers", "state"):
        grid.add_column(
            name, justify="right" if name in ("rows", "answers") else "left"
        )
    grid.add_column("outcomes", overflow="fold")
    for one in status.sets:
        rows = ", ".join(f"{name} {n:,}" for name, n in one.rows.items())
        grid.add_row(one.set, f"{one.n_rows:,}", f"{one.n_answers:,}", one.state, rows)
    console.print(grid)
    console.print("releases: " + (", ".join(status.releases) or "none yet"))


def show_explanation(explanations: Sequence[Explanation], as_json: bool) -> None:
    """From the raw row to the releases, for each set the prompt is in."""
    if as_json:
        print_json([asdict(one) for one in explanations])
        return
    console = Console(highlight=False)
    for one in explanations:
        _explanation(console, one)


def _explanation(console: Console, one: Explanation) -> None:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(justify="right", style="bold cyan", no_wrap=True)
    facts.add_column(overflow="fold")

    def fact(name: str, value: Any, most: int | None = 400) -> None:
        facts.add_row(name, Text(shown(value, most)))

    fact("prompt", one.prompt_id)
    for message in one.messages or []:
        fact(message["role"], message["content"])
    fact("source", f"{one.set}, row {one.source_row} of {one.source}")
    fact("raw row", one.raw_row or "the source is not at hand as it was read (--data)")
    if one.gold is not None:
        fact("gold", one.gold)
    if one.n_duplicates:
        fact("", f"and {one.n_duplicates:,} more rows with this conversation")
    if one.retracted:
        fact("retracted", one.retracted)
    fact("outcome", one.outcome or "not selected yet")
    fact("why", one.why, None)
    if one.answer is not None:
        _answer(fact, one.answer)
    for release in one.releases:
        fact("released", "{release} {version}, {file} row {row}".format(**release))
    console.print(Text(f"{one.kind} {one.asked}", style="bold"))
    console.print(facts)
    console.print()
    _answers(console, one)


def _answer(fact: Callable[..., None], answer: dict[str, Any]) -> None:
    fact("answer", answer["text"] or answer["error"])
    fact("request", answer["config"])
    what = ("engine", "engine_version", "draw", "finish_reason", "asked_at")
    said = [f"{name} {answer[name]}" for name in what if answer[name] is not None]
    fact("how", ", ".join(said))
    for scorer, _, score, status in answer["scores"]:
        fact("score", f"{_plain(score)} by {scorer} ({status})")


def _answers(console: Console, one: Explanation) -> None:
    grid = Table(header_style="bold", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    # A draw that was made of the text is a number of 19 digits, which tells nothing.
    draws = [answer["draw"] for answer in one.answers if answer["draw"] < DRAWN_BY_HAND]
    names = ["response_id", "model", "score", "verdict", "finish", "used_as"]
    names[2:2] = ["draw"] if draws else []
    for name in names:
        right = name in ("draw", "score")
        grid.add_column(name, justify="right" if right else "left", overflow="fold")
    grid.columns[0].min_width = 32
    for answer in one.answers[:MOST_ROWS]:
        style = "bold" if answer["response_id"] == one.asked else ""
        values = {**answer, "finish": answer["finish_reason"]}
        values["score"] = None if answer["score"] is None else f"{answer['score']:.4g}"
        grid.add_row(*[Text(shown(values[n], 60), style=style) for n in names])
    console.print(grid)
    if len(one.answers) > MOST_ROWS:
        console.print(f"… and {len(one.answers) - MOST_ROWS} more")
    console.print()


def show_findings(findings: Sequence[Finding], as_json: bool) -> None:
    """What the doctor found, the worst first."""
    if as_json:
        print_json([asdict(finding) for finding in findings])
        return
    console = Console(highlight=False)
    for finding in findings:
        console.print(
            Text(f"{finding.severity:>12}  ", style=_COLOURS[finding.severity]), end=""
        )
        console.print(Text(shown(f"{finding.where}: {finding.text}")), soft_wrap=True)
    wrong = sum(f.severity in ("error", "inconsistent") for f in findings)
    unpinned = sum(f.severity == "unpinned" for f in findings)
    console.print(f"{wrong} to mend, {unpinned} unpinned, {len(findings)} findings")
