"""Scores that are no numbers, answers that are no texts: kept, named, never chosen."""

import math
from typing import Any

import pyarrow.parquet as pq
import pytest

from small_files import N_ROWS, OUTCOMES, TALK_ANSWERS
from small_project import SmallProject, refused

ANSWERS = "data/talk_answers.jsonl"
ANSWERS_SQL = "sql/answers/plain.sql"
SCORES_SQL = "sql/scores/given.sql"
# Terminal: red, clear the screen, a window title; then what JSON and C dislike.
HOSTILE = "a\x1b[31mred\x1b[2J\x1b]0;title\x07 \x00 \x9b1m \u202e end\r\n\ttab"

# Without talk there is no duplicate: nobody answers that row of sums.
SUMS_ALONE = {k: n for k, n in OUTCOMES["sums"].items() if k != "duplicate"}
SUMS_ALONE["no_response"] += 1
NO_TEXT = ("no_score", "no_pair_in_window")  # what a lake and a tree come to else


def answers_with(changed: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Talk's answers, those with these texts changed."""
    assert changed.keys() <= {row["text"] for row in TALK_ANSWERS}
    return [{**row, **changed.get(row["text"], {})} for row in TALK_ANSWERS]


def accounts_close(project: SmallProject, set_: str) -> dict[str, int]:
    """Every raw row has one outcome; returns how many have which."""
    found = project.outcomes()[set_]
    assert sum(found.values()) == N_ROWS[set_]
    return found


def test_recorded_scores_that_are_not_finite(small: SmallProject) -> None:
    """Each kind on both answers of a prompt that would have an eligible pair."""
    kinds = {
        ("Apple.", "Pear."): math.nan,  # Python's json writes NaN and -Infinity
        ("Iron.", "Wood."): -math.inf,
        ("Oslo.", "Norway."): None,
        ("Tango.", "Soup."): 1e300,
    }
    changed = {text: {"score": k} for texts, k in kinds.items() for text in texts}
    small.rows(ANSWERS, answers_with(changed))
    small.ok("run")
    not_finite = small.ask(
        "select t.text, s.score from scores as s inner join responses as r "
        "using (prompt_id, text_id) inner join response_texts as t using (response_id) "
        "where s.scorer = 'given' and s.status = 'not_finite'"
    )
    assert {row["text"] for row in not_finite} == {*changed, "Como."}
    assert {row["score"] for row in not_finite} == {None}
    query = "select count(*) as n from scores where scorer = 'given' and status = 'ok'"
    assert small.ask(query) == [{"n": 6}]
    assert accounts_close(small, "talk") == {
        **{k: n for k, n in OUTCOMES["talk"].items() if k != "sft"},
        "dpo": 1,  # of one eligible prompt, floor(0.4 · 1) = 0 go to sft
        "no_score": 1 + 4,
    }


def test_one_bad_score_spoils_no_other(small: SmallProject) -> None:
    """An infinite score is no best one: Green.'s model has no second answer anyway."""
    small.rows(ANSWERS, answers_with({"Green.": {"score": 1e300}}))
    small.ok("run", "--only", "talk")
    assert accounts_close(small, "talk") == OUTCOMES["talk"]


@pytest.mark.parametrize(
    "value", ["math.nan", "math.inf", "-math.inf", "None", "1e300"]
)
def test_scorer_that_returns_no_finite_number(small: SmallProject, value: str) -> None:
    small.write(
        "scores/tagged.py",
        f"import math\ndef tagged(rows):\n    return [{value} for _ in rows]\n",
    )
    small.ok("run", "--only", "sums")
    scores = small.ask("select status, score, count(*) as n from scores group by all")
    assert scores == [{"status": "not_finite", "score": None, "n": 5}]
    assert accounts_close(small, "sums") == {
        **{k: n for k, n in SUMS_ALONE.items() if k not in ("sft", "dpo")},
        "no_score": 2,
    }


# a scorer's return statement, what the message holds
SCORERS = {
    "raises": ("1 / 0", ("ZeroDivisionError: division by zero", "from prompt ")),
    "raises on a row": ('[row["weight"] for row in rows]', ("KeyError: 'weight'",)),
    "gives up": ("exit('no weights here')", ("SystemExit: no weights here",)),
    "too few": ("[0.5]", ("returned 1 scores for 5 rows from", "one a row, in order")),
    "too many": ("[0.5] * 6", ("returned 6 scores for 5 rows",)),
    "nothing": ("None", ("TypeError: 'NoneType' object is not iterable",)),
    "strings": ("['good'] * 5", ("expected a number as score, found 'good'",)),
    "lists": ("[[0.5]] * 5", ("expected a number as score, found [0.5]",)),
}


@pytest.mark.parametrize("name", SCORERS)
def test_scorer_that_fails(small: SmallProject, name: str) -> None:
    """The message names the function; answers stay, and a mended scorer goes on."""
    statement, needles = SCORERS[name]
    whole = small.read("scores/tagged.py")
    small.write("scores/tagged.py", f"def tagged(rows):\n    return {statement}\n")
    said = small.cli("run", "--only", "sums")
    refused(said, "scores/tagged.py:tagged", "prompt ", *needles)
    assert small.ask("select count(*) as n from scores") == [{"n": 0}]
    before = small.parts()
    small.write("scores/tagged.py", whole)
    small.ok("run", "--only", "sums")
    assert before.items() <= small.parts().items()
    assert accounts_close(small, "sums") == SUMS_ALONE


def test_score_in_a_file_that_is_no_number(small: SmallProject) -> None:
    small.rows(ANSWERS, answers_with({"Oak.": {"score": "good"}}))
    small.change(SCORES_SQL, "score\n", "score ->> '$' as score\n")
    refused(
        small.cli("run", "--only", "talk"),
        SCORES_SQL,
        "text 'Oak.'",
        "expected a number as score, found 'good'",
    )
    assert small.ask("select count(*) as n from scores") == [{"n": 0}]


def test_answers_without_a_text(small: SmallProject) -> None:
    """They are refusals: kept, counted, never chosen."""
    texts = ("Como.", "Oak.", "A stone.")
    small.rows(ANSWERS, answers_with({text: {"text": None} for text in texts}))
    said = small.ok("run", "--only", "talk")
    assert "3 without a text" in said.out + said.err
    refusals = small.ask(
        "select text_id, finish_reason, error, count(*) as n from responses "
        "where text_id is null group by all"
    )
    reason = "null text in the source"
    row = {"text_id": None, "finish_reason": "stop", "error": reason, "n": 3}
    assert refusals == [row]
    assert accounts_close(small, "talk") == {
        **{k: n for k, n in OUTCOMES["talk"].items() if k not in NO_TEXT},
        "no_response": 1 + 2,
    }


def test_answers_of_a_megabyte(small: SmallProject) -> None:
    """Released byte for byte; on a terminal they are cut."""
    long = {text: {"text": (text * 250_000)[:1_000_000]} for text in ("Red.", "Blue.")}
    small.rows(ANSWERS, answers_with(long))
    small.ok("run")
    assert small.outcomes() == OUTCOMES
    file = next(small.root.glob("releases/small/1.0.0/responses/**/*.parquet"))
    assert file.stat().st_size < 1_000_000  # compressed
    query = (
        "select length(text) as n, text[:4] as head, response_id from response_texts "
        "where length(text) > 1000 order by head"
    )
    found = small.ask(query)
    assert [(r["n"], r["head"]) for r in found] == [
        (1_000_000, "Blue"),
        (1_000_000, "Red."),
    ]
    assert len(small.ok("explain", found[0]["response_id"]).out) < 10_000
    assert len(small.ok("sql", "select text from response_texts").out) < 10_000


def test_texts_that_steer_terminals(small: SmallProject) -> None:
    """Stored and released as they are; nothing printed holds a control character."""
    small.rows(ANSWERS, answers_with({"Red.": {"text": HOSTILE}}))
    small.rows(
        "data/talk.jsonl", [{"ask": HOSTILE, "topic": None}, {"ask": "Name a colour."}]
    )
    small.ok("run", "--only", "talk")
    query = "select response_id, text from response_texts where text like '%title%'"
    found = small.ask(query)
    assert [row["text"] for row in found] == [HOSTILE]
    query = "select prompt_id, messages[1].content as ask from prompt_texts"
    prompts = {row["ask"]: row["prompt_id"] for row in small.ask(query)}
    assert prompts.keys() == {HOSTILE, "Name a colour."}
    ids = [found[0]["response_id"], *prompts.values()]
    for said in (
        *(small.ok("explain", one, *more) for one in ids for more in ([], ["--json"])),
        small.ok("sql", "from response_texts"),
        small.ok("sql", "from response_texts", "--json"),
        small.ok("sql", "from prompt_texts"),
        small.cli("sql", f"select '{HOSTILE.replace(chr(0), '')}'::integer"),
        small.ok("status"),
    ):
        assert set("\x1b\x00\x07\x9b\u202e").isdisjoint(said.out + said.err)


def test_hostile_texts_are_released_as_they_are(small: SmallProject) -> None:
    small.rows(ANSWERS, answers_with({"Red.": {"text": HOSTILE}}))
    small.ok("run")
    assert small.outcomes() == OUTCOMES
    files = small.root.glob("releases/small/1.0.0/responses/**/*.parquet")
    texts = {text for file in files for text in pq.read_table(file)["text"].to_pylist()}
    assert HOSTILE in texts


# changed answers by text, what the message holds beside the statement's name
REFUSED = {
    "an unknown finish reason": (
        {"Como.": {"finish_reason": "eos"}},
        ("row 9: finish_reason 'eos'", "stop, length, recorded, or null"),
    ),
    "an unknown model": (
        {"Como.": {"model": "c"}},
        ("row 9: unknown model 'c'", "the builder maps a, b", "`answers.models`"),
    ),
    "no model": ({"Como.": {"model": None}}, ("row 9: unknown model None",)),
    "two texts for a draw": (
        {"Pear.": {"draw": 0}, "Apple.": {"draw": 0}},
        ("row 5: prompt ", "model model-a, draw 0 came before with another text"),
    ),
    "a draw that is a text": (
        {"Pear.": {"draw": "first"}},
        ("column `draw`: expected",),
    ),
}


def with_draws(small: SmallProject, changed: dict[str, dict[str, Any]]) -> None:
    """Talk's answers, with draws where they say so."""
    rows = [{"draw": None, **row} for row in answers_with(changed)]
    small.rows(ANSWERS, rows)
    small.write(
        "sql/answers/talk.sql",
        small.read(ANSWERS_SQL).replace("text,", "text, draw,"),
    )
    small.write(
        "builders/talk.yaml",
        small.read("builders/talk.yaml").replace(ANSWERS_SQL, "sql/answers/talk.sql"),
    )


@pytest.mark.parametrize("name", REFUSED)
def test_recorded_answer_is_refused(small: SmallProject, name: str) -> None:
    """The whole file waits: none of its prompts counts as answered by half of it."""
    changed, needles = REFUSED[name]
    if any("draw" in row for row in changed.values()):
        with_draws(small, changed)
    else:
        with_draws(small, {**changed, "Red.": {"draw": 0}})  # a column of integers
    refused(small.cli("run", "--only", "talk"), "sql/answers/talk.sql: ", *needles)
    small.ok("select", "--only", "talk")
    assert accounts_close(small, "talk")["pending"] == 9
    with_fixed = {text: {"draw": i} for i, text in enumerate(("Apple.", "Pear."))}
    rows = [{"draw": None, **row} for row in answers_with(with_fixed)]
    small.rows(ANSWERS, rows)
    small.ok("run", "--only", "talk")
    assert accounts_close(small, "talk") == OUTCOMES["talk"]


def test_answer_that_changes_under_its_draw(small: SmallProject) -> None:
    """An answer is never replaced: the old one stays, also in what is selected."""
    draws = {"Apple.": {"draw": 0}, "Pear.": {"draw": 1}}
    with_draws(small, draws)
    small.ok("run", "--only", "talk")
    whole, before = small.read(ANSWERS), small.parts()
    with_draws(small, {**draws, "Apple.": {"draw": 0, "text": "An apple!"}})
    refused(
        small.cli("run", "--only", "talk"),
        "sql/answers/talk.sql: prompt ",
        "model model-a, draw 0: the warehouse has another text",
        "never replaced",
        "a draw of its own",
    )
    assert before.items() <= small.parts().items()
    texts = [row["text"] for row in small.ask("select text from response_texts")]
    assert "Apple." in texts
    assert "An apple!" not in texts
    small.write(ANSWERS, whole)
    small.ok("run", "--only", "talk")
    assert accounts_close(small, "talk") == OUTCOMES["talk"]


def test_the_same_answer_twice_is_harmless(small: SmallProject) -> None:
    """Under an explicit draw a repeated row is one answer."""
    with_draws(small, {"Apple.": {"draw": 0}})
    lines = small.read(ANSWERS)
    (apple,) = [line for line in lines.splitlines() if "Apple." in line]
    small.write(ANSWERS, lines + apple + "\n")
    small.ok("run", "--only", "talk")
    query = "select count(*) as n from response_texts where text = 'Apple.'"
    assert small.ask(query) == [{"n": 1}]
    assert accounts_close(small, "talk") == OUTCOMES["talk"]


def test_a_conversation_that_is_no_prompt(small: SmallProject) -> None:
    """One row is kept with the reason; the others are read."""
    turn = "case when ask = 'Name a tree.' then [{'role': 'assistant', 'content': ask}]"
    given = f"{turn} else user_turn(ask) end as messages,"
    sql = small.read("sql/prompts/talk.sql")
    small.write(
        "sql/prompts/talk.sql", sql.replace("user_turn(ask) as messages,", given)
    )
    small.ok("run")
    expected = {**OUTCOMES["talk"], "excluded_malformed": 1}
    del expected["no_pair_in_window"]  # what that row was
    assert small.outcomes()["talk"] == expected


def test_a_scorer_with_a_dataclass_and_late_annotations(small: SmallProject) -> None:
    small.write(
        "scores/tagged.py",
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\nfrom typing import ClassVar\n\n"
        "@dataclass\nclass Weight:\n    one: float\n    all: ClassVar[int] = 0\n\n"
        "def tagged(rows):\n"
        "    return [float(row['text'].split('|')[0]) for row in rows]\n",
    )
    small.ok("run")
    assert small.outcomes() == OUTCOMES


def test_the_line_of_a_scorer_that_raises(small: SmallProject) -> None:
    small.write("scores/tagged.py", "def tagged(rows):\n    return 1 / 0\n")
    said = small.cli("run", "--only", "sums")
    refused(said, "scores/tagged.py:tagged, line 2: ZeroDivisionError")
