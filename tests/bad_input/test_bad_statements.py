"""SQL of a project that does not read its rows as it should: the file, and why."""

import pytest

from small_files import OUTCOMES, TALK_SQL
from small_project import SmallProject, refused

PROMPTS = "sql/prompts/talk.sql"

# the statement, what the message holds beside the file's name
STATEMENTS = {
    "two statements": (TALK_SQL + ";\nselect 1", ("one statement, found 2",)),
    "no statement": ("-- nothing yet\n", ("expected one statement, found 0",)),
    "not a question": (
        "create table x as select 1",
        ("expected a select statement, found create",),
    ),
    "a statement that writes": (
        "copy (select 1) to 'written.csv'",
        ("expected a select statement, found copy",),
    ),
    "a slip of the pen": (
        TALK_SQL.replace("select", "selec"),
        ('syntax error at or near "selec"',),
    ),
    "an unknown column": (
        TALK_SQL.replace("ask", "question"),
        ('"question" not found', "columns of the source: ask, topic"),
    ),
    "an unknown macro": (
        TALK_SQL.replace("user_turn", "usr_turn"),
        ("usr_turn does not exist", "user_turn"),
    ),
    "a missing parameter": (
        TALK_SQL + "where length(ask) < $longest",
        ("parameter $longest has no value", "`params`"),
    ),
    "lost rows": (
        TALK_SQL + "where topic is null",
        ("1 of 12 raw rows did not come out", "source_row 5", "`excluded`"),
    ),
    "repeated rows": (
        TALK_SQL + "cross join range(2)",
        ("returned source_row 0 twice", "exactly once"),
    ),
    "shifted rows": (
        TALK_SQL.replace("source_row", "source_row + 1 as source_row"),
        ("returned source_row 12", "rows 0 to 11"),
    ),
    "rows without a number": (
        TALK_SQL.replace("source_row", "null as source_row"),
        ("returned source_row None",),
    ),
    "an extra column": (
        TALK_SQL.replace("source_row,", "source_row, 1 as colour,"),
        ("returns `colour`", "source_row, messages", "gold, tests"),
    ),
    "no messages": ("select source_row from raw", ("lacks column `messages`",)),
    "a text for messages": (
        "select source_row, ask as messages from raw",
        ("column `messages`: expected a list of STRUCT(role", "found VARCHAR"),
    ),
    "messages of another shape": (
        "select source_row, [{'who': 'user', 'what': ask}] as messages from raw",
        ("column `messages`: expected a list of STRUCT(role", "who VARCHAR"),
    ),
    "a number for a licence": (
        TALK_SQL.replace("source_row,", "source_row, 5 as licence,"),
        ("column `licence`: expected a text (VARCHAR), found INTEGER",),
    ),
    "a text for a list": (
        TALK_SQL.replace("source_row,", "source_row, 'a' as tags,"),
        ("column `tags`: expected a list of texts (VARCHAR[]), found VARCHAR",),
    ),
    "true for a reason": (
        TALK_SQL.replace("if(topic = 'code', 'excluded_code', null)", "topic = 'code'"),
        ("column `excluded`: expected a text (VARCHAR), found BOOLEAN",),
    ),
    "a reason of its own": (
        TALK_SQL.replace("excluded_code", "boring"),
        ("source_row 5: `excluded` is 'boring'", "excluded_code, excluded_math"),
    ),
    "an outcome for a reason": (
        TALK_SQL.replace("excluded_code", "sft"),
        ("source_row 5: `excluded` is 'sft'", "expected null or one of"),
    ),
    "a cast that fails": (
        TALK_SQL.replace("source_row,", "source_row, ask::integer::varchar as gold,"),
        ("Could not convert string 'Name a colour.'",),
    ),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_is_refused(small: SmallProject, name: str) -> None:
    statement, needles = STATEMENTS[name]
    small.write(PROMPTS, statement)
    refused(small.cli("prompts", "--only", "talk"), PROMPTS, *needles)
    assert small.parts() == {}
    assert not list(small.root.rglob("written.csv"))


@pytest.mark.parametrize(
    ("file", "old", "new", "needles"),
    [
        ("sql/select/all.sql", "end as o", "end || $colour as o", ("$colour has no",)),
        ("builders/sums.yaml", "scores/tagged.py", "scores/none.py", ("no such file",)),
        ("fusemill.yaml", "[cc0-1.0]", "[mit]", ("licence", "allowed_licences")),
    ],
)
def test_run_looks_before_it_begins(
    small: SmallProject, file: str, old: str, new: str, needles: tuple[str, ...]
) -> None:
    """What stops the last stage of the last set is said before a row is read."""
    text = small.read(file)
    assert old in text
    small.write(file, text.replace(old, new))
    refused(small.cli("run"), *needles)
    assert small.parts() == {}
    small.write(file, text)
    small.ok("run")
    assert small.outcomes() == OUTCOMES


def test_rows_that_were_lost_never_count(small: SmallProject) -> None:
    """Readings that failed leave nothing that a later stage could take for whole."""
    for name in ("lost rows", "repeated rows", "an outcome for a reason"):
        small.write(PROMPTS, STATEMENTS[name][0])
        refused(small.cli("prompts", "--only", "talk"), PROMPTS)
    for stage in ("sample", "score", "select"):
        said = small.cli(stage, "--only", "talk")
        refused(said, "talk: its prompts have not been read", "fusemill prompts")
    refused(small.cli("audit", "--only", "talk"), "talk: no selection", "select")
    refused(small.cli("release"), "no audited selection", "fusemill audit")
    assert small.ask("select count(*) as n from plan") == [{"n": 0}]
    small.write(PROMPTS, TALK_SQL)
    small.ok("run")
    assert small.outcomes() == OUTCOMES


def test_parameter_that_nobody_uses(small: SmallProject) -> None:
    small.change(
        "builders/talk.yaml", "n_prompts: null", "n_prompts: null, params: {most: 5}"
    )
    refused(
        small.cli("prompts", "--only", "talk"),
        f"{PROMPTS}: parameter `most` is given in the YAML",
        "does not use $most",
    )
    assert "does not use $most" in small.cli("doctor").out


def test_statement_that_is_not_there_or_not_text(small: SmallProject) -> None:
    (small.root / PROMPTS).unlink()
    refused(small.cli("prompts"), f"{small.root / PROMPTS}: no such file")
    said = small.cli("doctor")
    assert said.code == 1
    assert f"{PROMPTS}: no such file" in said.out
    small.write(PROMPTS, b"-- gr\xfcn\n" + TALK_SQL.encode())
    refused(small.cli("prompts"), f"{PROMPTS}: byte 5 is not UTF-8")


def test_macro_that_is_none(small: SmallProject) -> None:
    small.write("sql/macros/zz.sql", "create or replace macro zz(a) as (a + )")
    refused(small.cli("prompts"), "sql/macros/zz.sql", "syntax error")
    small.write("sql/macros/zz.sql", "select 1")
    refused(small.cli("prompts"), "sql/macros/zz.sql: expected a create statement")


def test_rule_that_breaks_its_promise(small: SmallProject) -> None:
    """A rule that loses rows or makes up outcomes records nothing."""
    rule = "sql/select/instruction.sql"
    small.ok("prompts", "--only", "talk")
    text = small.read(rule)
    for old, new, needles in (
        ("order by set, source_row", "order by set limit 1", ("11 rows of the plan",)),
        ("    outcome,\n", "    'won' as outcome,\n", ("12 unknown outcomes",)),
        ("    prompt_id,\n    outcome,\n", "    outcome,\n", ("returns columns",)),
        ("from decided", "from decidid", ("decidid does not exist",)),
    ):
        head, found, tail = text.rpartition(old)
        assert found
        small.write(rule, head + new + tail)
        refused(small.cli("select", "--only", "talk"), rule, *needles)
    assert small.ask("select count(*) as n from outcomes") == [{"n": 0}]
    small.write(rule, text)
    small.ok("select", "--only", "talk")
    assert small.outcomes()["talk"]["pending"] == 9
