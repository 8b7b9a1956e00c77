"""Raw rows: local files or files of a Hub set, seen as one relation `raw`.

`raw` has the file's own columns and `source_row`, 0-based over all files in order of
their names; a file's own column of that name is seen as `file_source_row`. CSV is
comma-separated with a header, in UTF-8, and all its columns are text; dates in JSON
stay text.
"""

import functools
import glob
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import duckdb

from fusemill.durable import sha256_file
from fusemill.errors import DeclarationError, SourceError
from fusemill.project.models import Source
from fusemill.project.project import Project
from fusemill.prompts.faults import check_records, unreadable
from fusemill.warehouse.connection import connect

_READERS = {
    "parquet": "read_parquet({files}, union_by_name = true)",
    # Nothing is guessed: a sniffer may skip a line, or take another separator.
    "csv": "read_csv({files}, all_varchar = true, header = true, delim = ',', "
    "quote = '\"', escape = '\"', comment = '', skip = 0, union_by_name = true, "
    "max_line_size = 16777216)",
    # A made-up date format keeps dates text; whole-file sampling keeps types stable.
    "json": "read_json({files}, format = 'array', {types})",
    "jsonl": "read_json({files}, format = 'newline_delimited', {types})",
}
_JSON_TYPES = (
    "sample_size = -1, maximum_depth = -1, map_inference_threshold = -1, "
    "dateformat = '~%Y', timestampformat = '~%Y', union_by_name = true, "
    "maximum_object_size = 268435456"
)


@dataclass(frozen=True)
class Resolved:
    """A source made concrete: what DuckDB reads, and what identifies its bytes."""

    where: str  # for messages
    files: tuple[str, ...]  # local paths, or hf:// addresses; none before `located`
    format: str
    identity: tuple[Any, ...]  # [name, sha256] a file; or "hub", repo, commit, patterns
    revision: str | None
    remote: bool = False

    @property
    def name(self) -> str:
        """Short name of the source, without a machine's paths."""
        if self.revision is not None:
            return str(self.identity[1])
        return ", ".join(Path(file).name for file in self.files)

    def located(self) -> "Resolved":
        """With its files at hand: those of the Hub are looked up and downloaded.

        What has been read can so be worked on while the Hub cannot be reached.
        """
        if self.revision is None:
            return self
        _, hub, commit, *patterns = self.identity
        try:
            files = _hub_files(hub, commit, tuple(patterns), self.remote)
        except SourceError as error:
            raise SourceError(f"{self.where}: {hub}@{commit[:8]}: {error}") from error
        return replace(self, files=files)


def resolve(source: Source, project: Project, where: str) -> Resolved:
    """Find the files of a source; SourceError or DeclarationError says what is off."""
    patterns = (source.files,) if isinstance(source.files, str) else source.files
    if source.hub is not None:
        return _resolve_hub(source, patterns, where)
    files: list[str] = []
    for pattern in patterns:
        path = local_pattern(pattern, project, where)
        found = sorted(glob.glob(str(path), recursive=True))
        matches = [match for match in found if Path(match).is_file()]
        if not matches:
            raise SourceError(
                f"{where}: no file matches {path}; `files` is looked for in the "
                "project's folder, `${data}` in the folder that --data names"
            )
        files += [match for match in matches if match not in files]
    identity = tuple((Path(f).name, digest(f, where)) for f in files)
    return Resolved(where, tuple(files), source.format, identity, None)


def local_pattern(pattern: str, project: Project, where: str) -> Path:
    """A declared pattern as a path: `${data}` filled, relative ones in the project."""
    if "${data}" in pattern:
        if project.data is None:
            raise DeclarationError(
                f"{where}: `{pattern}` needs a data folder; give one with --data DIR"
            )
        pattern = pattern.replace("${data}", glob.escape(str(project.data)))
    if "${" in pattern:
        raise DeclarationError(
            f"{where}: `{pattern}`: only ${{data}} can be filled in here"
        )
    return Path(glob.escape(str(project.root))) / pattern


def digest(file: str, where: str) -> str:
    """sha256 of a local file, computed once as long as it does not change."""
    return _sha256(file, _stamp(file, where))


def _stamp(file: str, where: str) -> tuple[int, int]:
    try:
        info = Path(file).stat()
    except OSError as error:
        raise SourceError(f"{where}: {file}: {error.strerror}") from None
    return info.st_size, info.st_mtime_ns


@functools.lru_cache(maxsize=4096)
def _sha256(file: str, stamp: tuple[int, int]) -> str:
    del stamp  # part of the key: a file that changed is hashed again
    try:
        return sha256_file(Path(file))
    except OSError as error:
        raise SourceError(f"{file}: cannot be read: {error.strerror}") from None


def _resolve_hub(source: Source, patterns: tuple[str, ...], where: str) -> Resolved:
    """A Hub dataset at its commit; nothing is asked of the Hub yet."""
    if source.revision is None:
        raise DeclarationError(
            f"{where}: {source.hub} is not pinned: `revision` must be the full commit "
            "(40 hex digits) shown on the dataset's `Files and versions` page"
        )
    identity = ("hub", source.hub, source.revision, *patterns)
    return Resolved(where, (), source.format, identity, source.revision, source.stream)


@functools.cache
def _hub_files(
    hub: str, commit: str, patterns: tuple[str, ...], stream: bool
) -> tuple[str, ...]:
    """Files of a Hub dataset at a commit; downloaded, or their addresses to stream."""
    from huggingface_hub import HfApi, hf_hub_download

    try:
        info = HfApi().dataset_info(hub, revision=commit)
        found = [s.rfilename for s in info.siblings or []]
        names = sorted(n for n in found if any(fnmatch(n, p) for p in patterns))
        if info.sha == commit and names and not stream:
            return tuple(
                hf_hub_download(hub, name, repo_type="dataset", revision=commit)
                for name in names
            )
    except Exception as error:  # the client's transport errors have no common base
        said = " ".join(str(error).split())
        raise SourceError(
            f"{type(error).__name__}: {said}. Check the name and the revision, the "
            "network, HF_ENDPOINT, and HF_TOKEN where the set is gated"
        ) from error
    if info.sha != commit:
        raise SourceError(f"asked for commit {commit}, the Hub answered {info.sha}")
    if not names:
        raise SourceError(
            f"no file matches {', '.join(patterns)}; there are: "
            f"{', '.join(sorted(found)[:12])}"
        )
    return tuple(f"hf://datasets/{hub}@{commit}/{name}" for name in names)


@contextmanager
def opened(source: Resolved) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection with the view `raw`; SourceError for unreadable files."""
    source = source.located()
    with connect() as con:
        if source.remote:
            import fsspec

            con.register_filesystem(fsspec.filesystem("hf"))
        if source.format == "csv" and not source.remote:
            check_records(source)  # DuckDB lets an empty field too many pass
        files = ", ".join("'" + f.replace("'", "''") + "'" for f in source.files)
        reader = _READERS[source.format].format(files=f"[{files}]", types=_JSON_TYPES)
        try:
            types = _make_raw(con, f"select * from {reader}")
            n_rows = con.execute("select count(*) from raw").fetchone()
        except duckdb.Error as error:
            raise unreadable(source, error) from None
        if n_rows is None or n_rows[0] == 0:
            raise SourceError(
                f"{source.where}: {', '.join(source.files)}: no rows; expected at "
                f"least one row of {source.format}"
            )
        if types == {"json": "JSON", "source_row": "BIGINT"}:  # not one object a row
            raise unreadable(source, duckdb.Error("expected objects {…}"))
        yield con


def _make_raw(con: duckdb.DuckDBPyConnection, rows: str) -> dict[str, str]:
    """Make the view `raw` over `rows`, with source_row; returns types by column."""
    number = "row_number() over () - 1 as source_row"
    con.execute(f"create view raw as select *, {number} from ({rows})")
    types = dict(
        con.execute(
            "select column_name, data_type from duckdb_columns() "
            "where table_name = 'raw'"
        ).fetchall()
    )
    if "source_row_1" in types:
        renamed = "* rename (source_row as file_source_row)"
        con.execute(
            f"create or replace view raw as select {renamed}, {number} from ({rows})"
        )
    return types


def columns(con: duckdb.DuckDBPyConnection) -> str:
    """Names of the raw columns, for messages."""
    rows = con.execute("describe raw").fetchall()
    return ", ".join(str(row[0]) for row in rows if row[0] != "source_row")
