"""Raw files that cannot be read: which file, which line, what was expected there."""

import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from small_files import OUTCOMES, TALK
from small_project import SmallProject, refused

LINES = [json.dumps(row).encode() for row in TALK]
WHOLE = b"".join(line + b"\n" for line in LINES)


def with_line(number: int, line: bytes) -> bytes:
    """The JSONL file with another line at a place, counted from 1."""
    return b"".join(
        new + b"\n" for new in [*LINES[: number - 1], line, *LINES[number:]]
    )


def parquet(rows: list[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    schema = pa.schema({"ask": pa.string(), "topic": pa.string()})
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    return buffer.getvalue()


def csv(*records: bytes) -> bytes:
    return b"\n".join([b"ask,topic", *records, b""])


# name of the file, its bytes, what the message holds beside builder and file
FILES = {
    "empty": ("talk.jsonl", b"", ("no rows", "at least one row of jsonl")),
    "blank": ("talk.jsonl", b"\n\n", ("no rows", "at least one row of jsonl")),
    "torn last line": (
        "talk.jsonl",
        WHOLE[:-9],
        ("line 12 (the last line, torn?): not JSON", "copy or download it again"),
    ),
    "bad UTF-8 in the middle": (
        "talk.jsonl",
        with_line(9, b'{"ask": "Name a l\xffke."}'),
        ("line 9: byte 17 is not UTF-8",),
    ),
    "no JSON in the middle": (
        "talk.jsonl",
        with_line(9, b'{"ask": "Name a lake."'),
        ("line 9: not JSON",),
    ),
    "two objects on a line": (
        "talk.jsonl",
        with_line(9, LINES[8] + LINES[8]),
        ("line 9: not JSON: Extra data",),
    ),
    "a list for an object": (
        "talk.jsonl",
        with_line(9, b'["Name a lake."]'),
        ("line 9: expected an object {…}, found a list",),
    ),
    "torn line after a byte order mark": (
        "talk.jsonl",
        b"\xef\xbb\xbf" + WHOLE[:-9],
        ("line 12 (the last line, torn?): not JSON",),
    ),
    "torn line in gzip": (
        "talk.jsonl.gz",
        gzip.compress(WHOLE[:-9]),
        ("line 12 (the last line, torn?): not JSON",),
    ),
    "torn gzip": (
        "talk.jsonl.gz",
        gzip.compress(WHOLE)[:-20],
        ("the gzip stream is torn",),
    ),
    "gzip by name only": ("talk.jsonl.gz", WHOLE, ("line 1", "Not a gzipped file")),
    "torn JSON": (
        "talk.json",
        b"[" + b",\n".join(LINES)[:-9],
        ("cannot be read as json", "unexpected end of data"),
    ),
    "an object for a list": (
        "talk.json",
        LINES[0],
        ("cannot be read as json", "Expected top-level JSON array"),
    ),
    "an empty list": ("talk.json", b"[]", ("no rows",)),
    "truncated Parquet": (
        "talk.parquet",
        parquet(TALK)[:-50],
        ("not a whole Parquet file: Parquet magic bytes", "or download it again"),
    ),
    "damaged Parquet": (
        "talk.parquet",
        parquet(TALK)[:20] + bytes(60) + parquet(TALK)[80:],
        ("cannot be read as parquet",),
    ),
    "Parquet that is text": (
        "talk.parquet",
        b"ask;topic\nName a colour.;\n",
        ("not a whole Parquet file",),
    ),
    "Parquet without rows": ("talk.parquet", parquet([]), ("no rows",)),
    "a field too many": (
        "talk.csv",
        csv(b"Name a colour.,", b"Name a fruit, please.,"),
        ("line 3: 3 fields, where the header has 2", "double quotes"),
    ),
    "a field too few": (
        "talk.csv",
        csv(b"Name a colour.,", b"Name a fruit."),
        ("line 3: 1 field, where the header has 2",),
    ),
    "an open quote": (
        "talk.csv",
        csv(b"Name a colour.,", b'"Name a fruit.,'),
        ("line 3: unexpected end of data",),
    ),
    "CSV in Latin-1": (
        "talk.csv",
        csv(b"Name a colour.,", b"Name a f\xfcll.,"),
        ("line 3: byte 8 is not UTF-8",),
    ),
    "a header only": ("talk.csv", csv(), ("no rows",)),
}


def use(small: SmallProject, name: str, data: bytes) -> None:
    """Let talk read a file of another name and content."""
    kind = name.removesuffix(".gz").partition(".")[2]
    small.change(
        "builders/talk.yaml",
        "source: {files: data/talk.jsonl, format: jsonl}",
        f"source: {{files: data/{name}, format: {kind}}}",
    )
    (small.root / "data/talk.jsonl").unlink()
    small.write(f"data/{name}", data)


@pytest.mark.parametrize("name", FILES)
def test_file_is_refused(small: SmallProject, name: str) -> None:
    file, data, needles = FILES[name]
    use(small, file, data)
    said = small.cli("prompts", "--only", "talk")
    refused(said, "builders/talk.yaml: source", small.root / "data" / file, *needles)
    assert "LINE 1" not in said.err  # not the statement around it
    assert small.parts() == {}


def test_doctor_looks_at_the_end_of_a_parquet_file(small: SmallProject) -> None:
    """It is where a copy that broke off shows, and is read without the rest."""
    use(small, "talk.parquet", parquet(TALK)[:-50])
    said = small.cli("doctor")
    assert said.code == 1
    file = small.root / "data/talk.parquet"
    assert f"{file}: not a whole Parquet file" in said.out
    small.write("data/talk.parquet", parquet(TALK))
    assert str(file) not in small.cli("doctor").out


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("talk.jsonl", WHOLE.replace(b"\n", b"\r\n")),
        ("talk.jsonl", b"\xef\xbb\xbf" + WHOLE),
        ("talk.jsonl.gz", gzip.compress(WHOLE)),
        ("talk.json", b"\xef\xbb\xbf[" + b",\r\n".join(LINES) + b"]"),
        ("talk.parquet", parquet(TALK)),
        (
            "talk.csv",
            b"\xef\xbb\xbfask,topic\r\n"
            + b"".join(
                f'"{row["ask"]}",{row.get("topic", "")}\r\n'.encode() for row in TALK
            ),
        ),
    ],
)
def test_other_forms_of_the_same_rows(
    small: SmallProject, name: str, data: bytes
) -> None:
    """Windows line ends, gzip, a byte order mark."""
    use(small, name, data)
    small.ok("prompts", "--only", "talk")
    status = "select status, count(*) as n from plan group by status"
    assert {row["status"]: row["n"] for row in small.ask(status)} == {
        "ready": 9,
        "duplicate": 1,
        "excluded_code": 1,
        "excluded_empty": 1,
    }


def test_csv_is_taken_as_it_is(small: SmallProject) -> None:
    """No line is taken for a comment or a title, no other separator is guessed."""
    use(small, "talk.csv", csv(b"# one,", b"a;b,", b'"c\nd, ""e""",'))
    small.ok("prompts", "--only", "talk")
    rows = small.ask("select messages[1].content as ask from prompt_texts order by 1")
    assert [row["ask"] for row in rows] == ["# one", "a;b", 'c\nd, "e"']


def test_numbers_among_texts_never_become_quoted_texts(small: SmallProject) -> None:
    """DuckDB reads such a column as JSON, in which every text would have quotes."""
    small.write("data/talk.jsonl", with_line(9, b'{"ask": 17}'))
    refused(
        small.cli("prompts", "--only", "talk"),
        "sql/prompts/talk.sql: column `messages`",
        "JSON",
        "`->> '$'`",
    )
    sql = small.read("sql/prompts/talk.sql").replace(
        "user_turn(ask)", "user_turn(ask ->> '$')"
    )
    small.write("sql/prompts/talk.sql", sql)
    small.ok("prompts", "--only", "talk")
    texts = "select messages[1].content as ask from prompt_texts where source_row in "
    assert small.ask(f"{texts} (0, 8) order by source_row") == [
        {"ask": "Name a colour."},
        {"ask": "17"},
    ]


def test_column_named_as_ours(small: SmallProject) -> None:
    """A file's own source_row does not stand in for the engine's."""
    rows = [{**row, "source_row": 99 - i} for i, row in enumerate(TALK)]
    small.rows("data/talk.jsonl", rows)
    small.change("sql/prompts/talk.sql", "source_row,", "source_row, stub,")
    small.change("sql/prompts/talk.sql", "from raw", "from renamed")
    named = "with renamed as (select *, file_source_row::varchar as stub from raw)\n"
    small.write("sql/prompts/talk.sql", named + small.read("sql/prompts/talk.sql"))
    small.ok("prompts", "--only", "talk")
    query = "select stub from prompt_texts where source_row = 3"
    assert small.ask(query) == [{"stub": "96"}]


def test_file_that_is_not_there(small: SmallProject) -> None:
    path = small.root / "data/talk.jsonl"
    path.unlink()
    refused(small.cli("run"), "talk.yaml: source: no file matches", path, "`files`")
    said = small.cli("doctor")
    assert (said.code, f"no file matches {path}" in said.out) == (1, True)
    path.mkdir()
    refused(small.cli("run"), "talk.yaml: source: no file matches", path)


def test_a_file_that_breaks_later_loses_nothing(small: SmallProject) -> None:
    """What was read stays, and counts again once the file is whole."""
    small.ok("run")
    before = small.parts()
    for name in ("data/talk.jsonl", "data/sums_answers.jsonl"):
        whole = (small.root / name).read_bytes()
        small.write(name, whole[:-7])
        refused(small.cli("run"), name, "torn?")
        small.write(name, whole)
        assert before.items() <= small.parts().items()
    small.ok("run")
    assert small.outcomes() == OUTCOMES
