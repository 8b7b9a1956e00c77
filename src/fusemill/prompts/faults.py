"""What is wrong with a raw file that cannot be read: the file, and where in it.

data/talk.jsonl: line 12 (the last line, torn?): not JSON: Unterminated string …
"""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from fusemill.errors import DeclarationError, SourceError

if TYPE_CHECKING:
    from fusemill.prompts.sources import Resolved

BOM = b"\xef\xbb\xbf"
LONGEST_FIELD = 2**28  # of a CSV file; DuckDB has a limit of its own on lines
_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
_AGAIN = "if it was cut off, copy or download it again"
# Advice of DuckDB on options that a declaration does not have.
_ADVICE = ("LINE ", "Possible ", "Try setting", "  file = ", "Hint:")


def statement_failed(
    con: duckdb.DuckDBPyConnection, source: "Resolved", sql: str, error: duckdb.Error
) -> DeclarationError | SourceError:
    """The error of a statement over `raw`: of the source where that cannot be read."""
    try:
        con.execute("select bit_xor(hash(raw)) from raw").fetchall()
    except duckdb.Error as of_source:
        return unreadable(source, of_source)
    return DeclarationError(f"{sql}: {short(error)}")


def unreadable(source: "Resolved", error: duckdb.Error) -> SourceError:
    """A SourceError that names the file and, for JSONL and CSV, the line."""
    finders = {"jsonl": bad_line, "csv": bad_record, "parquet": bad_footer}
    if source.format in finders and not source.remote:
        for file in source.located().files:
            problem = finders[source.format](Path(file))
            if problem:
                return SourceError(f"{source.where}: {file}: {problem}")
    return SourceError(
        f"{source.where}: cannot be read as {source.format}: {short(error)}"
    )


def check_records(source: "Resolved") -> None:
    """SourceError for the first record of a CSV file that is not as its header."""
    for file in source.files:
        problem = bad_record(Path(file))
        if problem:
            raise SourceError(f"{source.where}: {file}: {problem}")


def short(error: duckdb.Error) -> str:
    """A DuckDB error on one line, without the statement and without its advice."""
    kept: list[str] = []
    lines = str(error).splitlines()
    if any("Traceback (most recent call last)" in line for line in lines):
        # A Python file system failed below DuckDB: its last line says what.
        lines = [line for line in lines if line[:1].strip()][-1:]
    for line in lines:
        if line.startswith(_ADVICE):
            break
        kept.append(line.split("Try setting")[0])
    return " ".join(" ".join(kept).split())


def bad_line(path: Path) -> str | None:
    """What is wrong with the first bad line of a JSONL file, with its number."""
    number = 0
    try:
        for number, line in enumerate(_lines(path), 1):
            problem = _bad_json(line, number)
            if problem:
                if line.endswith(b"\n"):
                    return f"line {number}: {problem}"
                return f"line {number} (the last line, torn?): {problem}; {_AGAIN}"
    except _GZIP as error:
        return f"line {number + 1}: the gzip stream is torn or none: {error}"
    return None


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield from file


def _bad_json(line: bytes, number: int) -> str | None:
    if number == 1:
        line = line.removeprefix(BOM)
    if not line.strip():
        return None
    try:
        value = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8"
    except ValueError as error:
        return f"not JSON: {error}"
    if value is None or isinstance(value, dict):
        return None
    kind = {list: "a list", str: "a text", bool: "true or false"}
    return f"expected an object {{…}}, found {kind.get(type(value), 'a number')}"


def bad_footer(path: Path) -> str | None:
    """What is wrong with the end of a Parquet file, where all is found from."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(path)
    except (pa.ArrowException, OSError) as error:
        said = " ".join(str(error).split()).partition(". ")[0]
        return f"not a whole Parquet file: {said}; {_AGAIN}"
    return None


def bad_record(path: Path) -> str | None:
    """What is wrong with the first bad record of a CSV file, with its line."""
    width, start = 0, 1
    csv.field_size_limit(LONGEST_FIELD)
    try:
        lines = (
            line.decode("utf-8-sig" if number == 0 else "utf-8")
            for number, line in enumerate(_lines(path))
        )
        reader = csv.reader(lines, strict=True)
        for record in reader:
            if not width:
                width = len(record)
            elif record and len(record) != width:
                some = "1 field" if len(record) == 1 else f"{len(record)} fields"
                return (
                    f"line {start}: {some}, where the header has {width}; fields with "
                    "commas or line ends stand in double quotes"
                )
            start = reader.line_num + 1
    except UnicodeDecodeError as error:
        return f"line {reader.line_num + 1}: byte {error.start} is not UTF-8"
    except csv.Error as error:
        return f"line {start}: {error}"
    except _GZIP as error:
        return f"line {start}: the gzip stream is torn or none: {error}"
    return None
