"""Questions in SQL: one select statement over the snapshot."""

import duckdb
import pyarrow as pa

from fusemill.errors import FusemillError
from fusemill.warehouse.warehouse import PARTS

_NO_TEXTS = (
    "texts are in the view response_texts (response_id, text, reasoning) and "
    "prompt_texts (messages); `answers` joins everything"
)


def query(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """The result of one select; FusemillError says what is wrong with it."""
    try:
        _check_only_asks(con, sql)
        table = con.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        if PARTS in str(error):
            raise  # the warehouse says what to do about a part
        message = " ".join(str(error).split("\n\nLINE ")[0].split())
        if isinstance(error, duckdb.BinderException) and '"text"' in message:
            message += f"; {_NO_TEXTS}"
        if isinstance(error, duckdb.ParserException):
            message += "; expected a question such as `select * from outcomes limit 5`"
        raise FusemillError(message) from None
    names = table.schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FusemillError(f"two columns are named `{twice[0]}`; rename one with `as`")
    return table


def _check_only_asks(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """FusemillError unless it is one statement that can change nothing.

    `explain analyze` runs what it explains; a copy could write beside the parts.
    """
    statements = con.extract_statements(sql)
    if len(statements) != 1:
        raise FusemillError(f"expected one statement, found {len(statements)}")
    kind = statements[0].type
    explains = kind == duckdb.StatementType.EXPLAIN and "analyze" not in sql.lower()
    if kind != duckdb.StatementType.SELECT and not explains:
        raise FusemillError(
            f"expected a select statement, found {kind.name.lower()}; this command "
            "only asks"
        )
