"""Answers of nothing but white space: kept, and never chosen."""

import polars as pl

from small_files import TALK_ANSWERS
from small_project import SmallProject

BLANK = ("", " \n\t", "\u3000")


def test_blank_answers_are_kept_and_not_chosen(small: SmallProject) -> None:
    """Row 0 keeps its pair beside them; row 6 has nothing else."""
    best = {"finish_reason": "stop", "model": "a", "score": 0.11}
    more = [{**best, "ask": "Name a colour.", "text": text} for text in BLANK]
    more += [{**best, "ask": "Name a river.", "text": text} for text in BLANK]
    small.rows("data/talk_answers.jsonl", [*TALK_ANSWERS, *more])
    small.ok("run")
    found = small.ask("select is_blank, count(*) as n from responses group by all")
    assert {row["is_blank"]: row["n"] for row in found}[True] == 6
    blank = (
        "select count(*) as n from responses where is_blank and response_id in "
        "(select response_id from sft union all select chosen_id from dpo "
        "union all select rejected_id from dpo)"
    )
    assert small.ask(blank) == [{"n": 0}]
    assert small.outcomes()["talk"]["no_response"] == 1  # row 6, as without them
    folder = small.root / "releases/small/1.0.0/responses"
    texts = pl.read_parquet(folder / "*.parquet")["text"]
    assert sum(not (text or "x").strip() for text in texts) >= 4  # all are published
