"""Whole texts with their right answer and the verdict on them, judged by hand.

Example row: ``["So x = 5 or x = -3.", "-3", "not passed"]``: text, gold
answer, status (``not passed`` where it does not matter which of the others it is).
"""

import json
from pathlib import Path

import pytest

from fusemill.verify.mathematics import check

FILE = Path(__file__).with_name("answers.jsonl")
ROWS = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("text", "gold", "expected"), ROWS)
def test_verdict(text: str, gold: str, expected: str) -> None:
    status = check(text, gold).status
    assert status == expected or (expected == "not passed" and status != "passed")
