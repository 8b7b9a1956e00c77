"""A SQL file of the project: one statement, its parameters checked by name."""

import re
from collections.abc import Mapping
from typing import Any

import duckdb

from fusemill.errors import DeclarationError
from fusemill.project.project import Project

# What DuckDB raises for a statement that does not fit its inputs, before any row.
UNBOUND = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
_MACRO = re.compile(r"(?im)^(\s*create\s+(?:or\s+replace\s+)?)macro\b")


def prepare(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    where: str,
    declared: Mapping[str, Any],
    offered: Mapping[str, Any] | None = None,
    kind: duckdb.StatementType = duckdb.StatementType.SELECT,
) -> dict[str, Any]:
    """The parameters to run `sql` with; DeclarationError names what does not fit.

    `declared` come from the YAML and must all be used; `offered` come from the engine
    (seeds) and are passed where the statement asks for them. The one statement only
    reads; `kind` is what it has to be.
    """
    wanted = set(_only(con, sql, where, kind).named_parameters)
    offered = offered or {}
    missing = sorted(wanted - declared.keys() - offered.keys())
    if missing:
        raise DeclarationError(
            f"{where}: parameter ${missing[0]} has no value; give it under `params` "
            f"in the builder's YAML"
        )
    unused = sorted(declared.keys() - wanted)
    if unused:
        raise DeclarationError(
            f"{where}: parameter `{unused[0]}` is given in the YAML but the statement "
            f"does not use ${unused[0]}"
        )
    values = {**offered, **declared}
    return {
        name: list(values[name]) if isinstance(values[name], tuple) else values[name]
        for name in wanted
    }


def _only(
    con: duckdb.DuckDBPyConnection, sql: str, where: str, kind: duckdb.StatementType
) -> duckdb.Statement:
    """The one statement of a file."""
    try:
        statements = con.extract_statements(sql)
    except duckdb.Error as error:
        raise DeclarationError(f"{where}: {_flat(error)}") from None
    if len(statements) != 1:
        raise DeclarationError(
            f"{where}: expected one statement, found {len(statements)}"
        )
    if statements[0].type != kind:
        raise DeclarationError(
            f"{where}: expected a {kind.name.lower()} statement, found "
            f"{statements[0].type.name.lower()}"
        )
    return statements[0]


def load_macros(con: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Make the project's SQL macros known to a connection, also a read-only one."""
    for name, sql in project.macros().items():
        where = f"sql/macros/{name}"
        prepare(con, sql, where, {}, kind=duckdb.StatementType.CREATE)
        temporary, n = _MACRO.subn(r"\1temporary macro", sql, count=1)
        if n == 0:
            raise DeclarationError(f"{where}: expected `create or replace macro …`")
        try:
            con.execute(temporary)
        except duckdb.Error as error:
            raise DeclarationError(f"{where}: {_flat(error)}") from None


def sql_error(where: str, error: duckdb.Error, hint: str = "") -> DeclarationError:
    """A DuckDB error about a project's SQL, on one line with a hint."""
    return DeclarationError(f"{where}: {_flat(error)}{'; ' + hint if hint else ''}")


def _flat(error: duckdb.Error) -> str:
    text = str(error).split("\n\nLINE ")[0]
    return " ".join(text.split())
