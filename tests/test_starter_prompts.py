"""The repository's own project: its declarations load, its prompts SQL reads right.

The files in fixtures/upstream are written by hand in each set's upstream schema; what
is expected of every row stands here, by source_row.
"""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from fusemill.project.declaration import load
from fusemill.project.models import (
    Builder,
    LiveAnswers,
    Models,
    ProjectFile,
    RecordedAnswers,
)
from fusemill.prompts.tests import Extracted, NoTests, Raw, extract

ROOT = Path(__file__).resolve().parent.parent
UPSTREAM = Path(__file__).resolve().parent / "fixtures" / "upstream"
SETS = (
    "ultrafeedback",
    "magpie_pro",
    "helpsteer2",
    "openmathinstruct2",
    "leetcode",
    "self_oss_instruct",
    "alpaca_gpt4_zh",
    "magpie_qwen2_zh",
)


def builder_of(name: str) -> Builder:
    return load(ROOT / "builders" / f"{name}.yaml", Builder)


def parameters(name: str) -> dict[str, Any]:
    """A builder's prompt parameters as DuckDB takes them."""
    params = builder_of(name).prompts.params
    return {k: list(v) if isinstance(v, tuple) else v for k, v in params.items()}


def raw_rows(name: str) -> list[dict[str, Any]]:
    lines = (UPSTREAM / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    """A connection with the project's macros, loaded in name order as a run does."""
    connection = duckdb.connect()
    for path in sorted((ROOT / "sql" / "macros").glob("*.sql")):
        connection.execute(path.read_text(encoding="utf-8"))
    return connection


def run(
    con: duckdb.DuckDBPyConnection, name: str, without: str | None = None
) -> dict[int, dict[str, Any]]:
    """What a set's prompts SQL makes of its fixture, by source_row."""
    columns = f"* exclude ({without})" if without else "*"
    con.execute(
        f"create view raw as select {columns}, row_number() over () - 1 as source_row "
        f"from read_json('{UPSTREAM / name}.jsonl', format = 'newline_delimited')"
    )
    sql = (ROOT / builder_of(name).prompts.sql).read_text(encoding="utf-8")
    result = con.execute(sql, parameters(name))
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    assert [row["source_row"] for row in rows] == list(range(len(raw_rows(name))))
    return {row["source_row"]: row for row in rows}


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


# --- declarations ---------------------------------------------------------------------


def test_project_lists_the_builders_in_the_recipes_order() -> None:
    project = load(ROOT / "fusemill.yaml", ProjectFile)
    assert project.name == "fusechat-3.0"
    assert project.sets == SETS
    assert (project.sampling_seed, project.split_seed) == (42, 42)
    assert project.contract is not None
    assert project.contract.composition == "paper"


@pytest.mark.parametrize("name", SETS)
def test_builder_names_what_exists(name: str) -> None:
    builder = builder_of(name)
    models = load(ROOT / "registry" / "models.yaml", Models).models
    assert builder.set == name
    assert (ROOT / builder.prompts.sql).is_file()
    for block in builder.answers:
        if isinstance(block, RecordedAnswers):
            assert (ROOT / block.sql).is_file()
            assert {models[m].role for m in block.models.values()} == {"source"}
            continue
        for model in block.models:
            assert models[model].role == "source"
            assert models[model].sampling is not None
    assert (ROOT / builder.select.sql).is_file()
    for scorer in builder.scores:
        assert models[scorer.model].role == "reward"


@pytest.mark.parametrize("name", SETS)
def test_parameters_are_those_the_statement_asks_for(
    con: duckdb.DuckDBPyConnection, name: str
) -> None:
    builder = builder_of(name)
    sql = (ROOT / builder.prompts.sql).read_text(encoding="utf-8")
    (statement,) = con.extract_statements(sql)
    assert set(statement.named_parameters) == set(builder.prompts.params)


@pytest.mark.parametrize("name", ["ultrafeedback", "magpie_pro", "helpsteer2"])
def test_instruction_sets_are_asked_and_selected_as_published(name: str) -> None:
    builder = builder_of(name)
    (answers,) = builder.answers
    assert isinstance(answers, LiveAnswers)
    assert len(answers.models) == 4
    assert answers.draws == 5
    assert builder.select.sql == "sql/select/instruction.sql"
    assert builder.select.params == {
        "gap_min": 0.01,
        "gap_max": 0.1,
        "sft_share": 0.4,
        "pair_choice": "best_eligible",
        "allow_truncated": False,
    }


FOUR = (
    "gemma-2-27b-it",
    "mistral-large-2407",
    "qwen2.5-72b-instruct",
    "llama-3.1-70b-instruct",
)


@pytest.mark.parametrize(
    ("name", "tests"),
    [("leetcode", "worked_examples"), ("self_oss_instruct", "response_assertions")],
)
def test_code_is_asked_eight_times_and_run(name: str, tests: str) -> None:
    builder = builder_of(name)
    (answers,) = builder.answers
    assert isinstance(answers, LiveAnswers)
    assert (answers.models, answers.draws) == (FOUR, 8)
    assert builder.prompts.tests == tests
    assert builder.checker == "code"
    assert builder.code_checker is not None
    assert "numpy" in builder.code_checker.packages
    assert builder.select.sql == "sql/select/code.sql"
    # Tests, then parsing, then the reward, whose gaps are far below 0.1.
    assert builder.select.params["test_points"] == 1.0
    assert builder.select.params["parse_points"] == 0.1
    assert builder.select.params["rejected_statuses"] == ("failed",)


def test_mathematics_is_replayed_and_asked_five_times() -> None:
    builder = builder_of("openmathinstruct2")
    replayed, asked = builder.answers
    assert isinstance(replayed, RecordedAnswers)
    assert list(replayed.models.values()) == ["llama-3.1-405b-instruct"]
    assert replayed.source == builder.source
    assert builder.source.stream
    assert isinstance(asked, LiveAnswers)
    assert asked.models == ("qwen2.5-math-72b-instruct", *FOUR)
    assert asked.draws == 5
    assert builder.checker == "mathematics"
    assert builder.select.sql == "sql/select/mathematics.sql"


@pytest.mark.parametrize("name", ["alpaca_gpt4_zh", "magpie_qwen2_zh"])
def test_chinese_sets_have_one_answer_and_no_score(name: str) -> None:
    builder = builder_of(name)
    (answers,) = builder.answers
    assert isinstance(answers, LiveAnswers)
    assert (answers.models, answers.draws) == (("qwen2.5-72b-instruct",), 1)
    assert (builder.scores, builder.select.score) == ((), None)
    assert builder.select.sql == "sql/select/all.sql"


def test_licences_of_sets_and_sources_are_allowed() -> None:
    allowed = set(load(ROOT / "fusemill.yaml", ProjectFile).release.allowed_licences)
    models = load(ROOT / "registry" / "models.yaml", Models).models.values()
    named = {builder_of(name).licence for name in SETS}
    named |= {model.licence for model in models if model.role == "source"}
    assert named == allowed


def test_sampling_is_the_published_one() -> None:
    models = load(ROOT / "registry" / "models.yaml", Models).models
    default = {"temperature": 0.8, "top_p": 0.95, "max_tokens": 4096}
    qwen = {
        "temperature": 0.7,
        "top_p": 0.8,
        "repetition_penalty": 1.05,
        "max_tokens": 4096,
    }
    sources = {k: m.sampling for k, m in models.items() if m.role == "source"}
    assert sources == {
        "gemma-2-27b-it": default,
        "mistral-large-2407": default,
        "qwen2.5-72b-instruct": qwen,
        "llama-3.1-70b-instruct": default,
        # Its window is 4,096 tokens, prompt included.
        "qwen2.5-math-72b-instruct": {
            key: value for key, value in qwen.items() if key != "max_tokens"
        },
        "llama-3.1-405b-instruct": None,
    }
    assert sum(model.role == "target" for model in models.values()) == 5


# --- prompts --------------------------------------------------------------------------

# By set: (excluded, language) of every source_row.
OUTCOMES: dict[str, list[tuple[str | None, str | None]]] = {
    "ultrafeedback": [
        (None, "en"),
        ("excluded_code", "en"),
        ("excluded_math", "en"),
        ("excluded_empty", None),  # white space only
        ("excluded_empty", None),  # null
        ("excluded_too_long", "en"),
        (None, "zh"),  # no language is left out here
        (None, "en"),
    ],
    "magpie_pro": [
        (None, "en"),
        ("excluded_code", "en"),  # by category alone
        ("excluded_math", "en"),  # by category alone
        ("excluded_code", "en"),  # by text alone
        ("excluded_math", "en"),  # by text alone
        (None, "en"),  # no category
        ("excluded_empty", None),
    ],
    "helpsteer2": [
        (None, "en"),
        (None, "en"),  # the same prompt again; the engine finds the duplicate
        (None, "en"),
        (None, "en"),
        ("excluded_code", "en"),  # in the second question
        ("excluded_math", "en"),  # in the first question
        ("excluded_malformed", "en"),  # ends with the assistant
        ("excluded_malformed", "en"),  # an unknown speaker
        ("excluded_empty", "en"),  # an empty turn
        (None, "en"),  # a mark before the first turn as well
    ],
    "openmathinstruct2": [
        (None, "en"),
        (None, "en"),  # another solution; the engine finds the duplicate
        (None, "en"),
        ("excluded_empty", None),  # white space only
        ("excluded_too_long", "en"),
        (None, "en"),  # no expected answer: the engine says `no_tests`
        ("excluded_empty", None),  # null
    ],
    # Whether there are tests is the extractor's to say, see TESTED.
    "leetcode": [
        *[(None, "en")] * 10,
        ("excluded_empty", None),
        ("excluded_too_long", "en"),
    ],
    "self_oss_instruct": [
        *[(None, "en")] * 6,
        ("excluded_empty", None),
        ("excluded_too_long", "en"),
        (None, "en"),
    ],
    "alpaca_gpt4_zh": [
        (None, "zh"),
        (None, "zh"),
        (None, "zh"),  # a Chinese question about an English sentence
        ("excluded_code", "zh"),
        ("excluded_math", "zh"),  # in the input
        ("excluded_language", "en"),
        ("excluded_empty", "zh"),  # an input without an instruction
        (None, "zh"),  # null input
        (None, "zh"),
    ],
    "magpie_qwen2_zh": [
        (None, "zh"),
        ("excluded_code", "zh"),  # by category alone
        ("excluded_math", "zh"),  # by category alone
        ("excluded_code", "zh"),  # by text alone
        ("excluded_math", "zh"),  # by text alone
        ("excluded_language", "en"),
        ("excluded_empty", None),  # an ideographic space
        ("excluded_language", "other"),  # Japanese
    ],
}


@pytest.mark.parametrize("name", SETS)
def test_every_row_comes_out_once_with_its_reason(
    con: duckdb.DuckDBPyConnection, name: str
) -> None:
    rows = run(con, name)
    found = [(row["excluded"], row["language"]) for _, row in sorted(rows.items())]
    assert found == OUTCOMES[name]


@pytest.mark.parametrize("name", ["ultrafeedback", "magpie_pro", "magpie_qwen2_zh"])
def test_instruction_is_one_user_turn_unchanged(
    con: duckdb.DuckDBPyConnection, name: str
) -> None:
    rows = run(con, name)
    for i, raw in enumerate(raw_rows(name)):
        assert rows[i]["messages"] == [user(raw["instruction"])]


def test_tags_are_the_sets_own_labels(con: duckdb.DuckDBPyConnection) -> None:
    assert run(con, "ultrafeedback")[2]["tags"] == ["flan_v2_cot"]


def test_helpsteer2_turns(con: duckdb.DuckDBPyConnection) -> None:
    rows = run(con, "helpsteer2")
    assert rows[0]["messages"] == [user("How do I keep basil alive indoors?")]
    assert rows[0]["messages"] == rows[1]["messages"]
    assert rows[2]["messages"] == [
        user("Name a slow river."),
        assistant("The Saône is slow.\n\nIt hardly moves."),
        user("And a fast one?"),
    ]
    roles = [turn["role"] for turn in rows[3]["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert rows[3]["messages"][-1] == user("Does it need soil?")
    assert rows[9]["messages"] == [user("Which bird sings at night?")]


def test_helpsteer2_keeps_malformed_prompts_whole(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = run(con, "helpsteer2")
    text = "Is tea older than coffee?\n<extra_id_1>Assistant\nIt is."
    assert rows[6]["messages"] == [user(text)]


def test_alpaca_joins_instruction_and_input(con: duckdb.DuckDBPyConnection) -> None:
    rows = run(con, "alpaca_gpt4_zh")
    assert rows[0]["messages"] == [user("推荐三种适合新手养的室内植物。")]
    assert rows[1]["messages"] == [user("把下面这句话改写得更礼貌。\n把门关上。")]
    assert rows[7]["messages"] == [user("给一家书店起个名字。")]
    joined = "下列词语中哪一个是水果？\n\n 桌子、苹果、石头"
    assert rows[8]["messages"] == [user(joined)]


# --- tests of code prompts ------------------------------------------------------------

# By set: entry point and number of tests of every row that is kept, or why none.
TESTED: dict[str, list[tuple[str, int] | str]] = {
    "leetcode": [
        ("countLamps", 2),
        ("Solution().shelfOrder", 2),
        ("Solution().lastCarriage", 2),
        ("Till", 1),
        "inputs: 1, parameters: 2",  # the solution is another problem's
        ("half_the_rent", 2),  # wrong, which only running it shows
        "several answers are right",
        "no value: 'tail connects to node index 1'",
        "the reference holds no Python that parses",
        ("tree_of_shops", 2),
    ],
    "self_oss_instruct": [
        ("double_all", 2),
        ("longest_word", 1),
        ("next_day", 1),  # asserted in the instruction
        "no assertion",
        "the prompt does not name `enter`",
        ("is_even", 1),  # wrong, which only running it shows
    ],
}


def extracted(
    con: duckdb.DuckDBPyConnection, name: str
) -> dict[int, Extracted | NoTests]:
    """What a set's extractor makes of the rows of its fixture that are kept."""
    tests = builder_of(name).prompts.tests
    assert tests is not None
    return {
        i: extract(
            tests,
            Raw(
                row["statement"],
                row["reference"],
                row["messages"][-1]["content"],
                row.get("entry_point"),
                row.get("stub"),
            ),
        )
        for i, row in run(con, name).items()
        if row["excluded"] is None
    }


@pytest.mark.parametrize("name", list(TESTED))
def test_tests_of_every_kept_row_or_why_none(
    con: duckdb.DuckDBPyConnection, name: str
) -> None:
    rows = extracted(con, name)
    for i, expected in enumerate(TESTED[name]):
        found = rows[i]
        if isinstance(expected, str):
            assert found == NoTests(expected), i
        else:
            assert isinstance(found, Extracted), (i, found)
            assert (found.entry_point, len(found.tests)) == expected, i


def test_leetcode_prompts_show_what_the_tests_call(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = run(con, "leetcode")
    starters = {
        0: "def countLamps(street, start):",
        1: "class Solution:\n"
        "    def shelfOrder(self, heights: List[int]) -> List[int]:",
        2: "class Solution:\n    def lastCarriage(self, head):",
        3: "class Till:\n    def __init__(self, start): ...\n"
        "    def put(self, amount): ...\n    def total(self): ...",
        9: "def tree_of_shops(root):",  # named like the problem; a helper stands last
    }
    for i, starter in starters.items():
        content = raw_rows("leetcode")[i]["content"]
        below = "Solve it in Python. Start from this code:"
        text = f"{content}\n\n{below}\n\n```python\n{starter}\n```"
        assert rows[i]["messages"] == [user(text)], i
    # Without a solution there is nothing to start from.
    assert rows[8]["messages"] == [user(raw_rows("leetcode")[8]["content"])]


def test_leetcode_tests_of_a_statement_in_markdown(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = extracted(con, "leetcode")
    lamps, shelf, till = rows[0], rows[1], rows[3]
    assert isinstance(lamps, Extracted)
    assert lamps.tests == (
        "assert countLamps('*.**', 1) == 2",
        "assert countLamps('.', 0) == 0",
    )
    assert isinstance(shelf, Extracted)
    assert shelf.tests[0] == (
        "assert sorted(Solution().shelfOrder([3, 1, 3, 2]), key=repr) == [1, 2]"
    )
    assert isinstance(till, Extracted)
    assert till.tests == (
        "made = Till(10)\nmade.put(5)\nmade.put(7)\nassert made.total() == 22",
    )


def test_self_oss_signature_is_shown_where_the_instruction_names_none(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = run(con, "self_oss_instruct")
    instructions = [row["instruction"] for row in raw_rows("self_oss_instruct")]
    shown = "\n\nUse this signature:\n\n```python\n{}\n```"
    signature = "def longest_word(sentence: str) -> str:"
    assert rows[1]["messages"] == [user(instructions[1] + shown.format(signature))]
    for i in (0, 2, 3, 4, 5, 8):
        assert rows[i]["messages"] == [user(instructions[i])], i


def test_replayed_answers_are_the_recorded_solutions(
    con: duckdb.DuckDBPyConnection,
) -> None:
    prompts = run(con, "openmathinstruct2")
    (replayed, _) = builder_of("openmathinstruct2").answers
    assert isinstance(replayed, RecordedAnswers)
    result = con.execute((ROOT / replayed.sql).read_text(encoding="utf-8"))
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    assert {row["model"] for row in rows} == set(replayed.models)
    solutions = [r["generated_solution"] for r in raw_rows("openmathinstruct2")]
    assert [row["text"] for row in rows] == solutions
    for row in rows:
        assert row["messages"] == prompts[row["source_row"]]["messages"]


def test_gold_is_the_expected_answer(con: duckdb.DuckDBPyConnection) -> None:
    rows = run(con, "openmathinstruct2")
    assert [rows[i]["gold"] for i in range(3)] == ["36", "36", "5"]


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("ultrafeedback", "instruction"),
        ("ultrafeedback", "source"),
        ("magpie_pro", "task_category"),
        ("helpsteer2", "prompt"),
        ("openmathinstruct2", "expected_answer"),
        ("leetcode", "python"),
        ("leetcode", "slug"),
        ("self_oss_instruct", "response"),
        ("alpaca_gpt4_zh", "input"),
        ("magpie_qwen2_zh", "instruction"),
    ],
)
def test_a_missing_column_is_named(
    con: duckdb.DuckDBPyConnection, name: str, column: str
) -> None:
    with pytest.raises(duckdb.BinderException, match=f'"{column}"'):
        run(con, name, without=column)
