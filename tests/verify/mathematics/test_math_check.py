"""Verdicts on one text and on many."""

import pytest

from fusemill.verify.mathematics import MathRow, Pool, Verdict, check, check_many


def test_verdicts() -> None:
    passed = Verdict("passed", None, "$18.00", "english_answer/number")
    assert check("The answer is $18.00.", "18") == passed
    wrong = Verdict("failed", "expected 18, found 19", "19", "boxed/number")
    assert check("\\boxed{19}", "# 18") == wrong
    none = Verdict("unparsed", "no final answer found in the text", None, None)
    assert check("I do not know.", "18") == none


def test_verdicts_that_only_algebra_can_find() -> None:
    right = check("\\boxed{\\sqrt{12}}", "2\\sqrt{3}")
    passed = Verdict("passed", None, "\\sqrt{12}", "boxed/math_verify")
    assert right == passed
    pair = check("\\boxed{(1, \\sqrt{12})}", "(1, 2\\sqrt{3})")
    assert (pair.status, pair.decided_by) == ("passed", "boxed/list/math_verify")
    unread = check("\\boxed{x + 1}", "\\begin{cases} x + 1 \\\\ x + 2")
    assert unread.status == "unparsed"
    assert "math-verify" in (unread.reason or "")


@pytest.mark.parametrize("gold", ["", " \n", "####", "# ", "9" * 3_000, "5 = 6"])
def test_a_gold_answer_that_cannot_be_compared_with_is_our_error(gold: str) -> None:
    verdict = check("The answer is 18.", gold)
    assert (verdict.status, verdict.extracted) == ("error", None)
    assert "gold answer" in (verdict.reason or "")


def test_an_expression_of_ten_thousand_characters_in_the_gold_answer() -> None:
    gold = "+".join(["1"] * 5_000)
    for text in ("\\boxed{5000}", f"\\boxed{{{gold}}}"):
        verdict = check(text, gold)
        assert verdict.status == "error"
        assert "characters" in (verdict.reason or "")


@pytest.mark.parametrize(
    "text",
    [
        *("The answer is 18.\x00", "\ud800 The answer is 18."),
        "The answer is 18. " + " " * 5_000_000,
        "word " * 1_000_000 + "\\boxed{18}",
    ],
)
def test_broken_and_endless_texts_never_pass(text: str) -> None:
    verdict = check(text, "18")
    assert verdict.status == "unparsed"
    assert "the text h" in (verdict.reason or "")


@pytest.mark.parametrize("gold", ["18\x00", "\udfff", "1\ud8008"])
def test_a_broken_gold_answer_is_our_error(gold: str) -> None:
    assert check("The answer is 18.", gold).status == "error"


def test_the_first_number_of_a_phrase_and_the_others() -> None:
    text = '{"answer": "She needs 10 spoons to make 80 meatballs."}'
    assert check(text, "10").status == "passed"
    assert check(text, "80").status == "unparsed"  # nobody can tell
    assert check(text, "11").status == "failed"
    text = '{"answer": "Evelyn ran faster than Carla"}'
    assert check(text, "Evelyn").status == "unparsed"
    assert check(text, "Debra").status == "failed"


def test_reasons_are_short_and_on_one_line() -> None:
    verdict = check("\\boxed{" + "a\n" * 900 + "}", "b" * 1_000)
    assert verdict.status == "failed"
    assert verdict.reason
    assert len(verdict.reason) < 200
    assert "\n" not in verdict.reason


ROWS = [
    MathRow("exact", "#### 18", "18"),
    MathRow("algebra", "\\boxed{\\sqrt{12}}", "2\\sqrt{3}"),
    MathRow("again", "So \\boxed{\\sqrt{12}}", "2\\sqrt{3}"),
    MathRow("wrong", "\\boxed{x^2 + 2x + 3}", "(x+1)^2 + 1"),
    MathRow("nothing", "Sorry.", "18"),
    MathRow("gold", "#### 18", ""),
]
STATUSES = {
    "exact": "passed",
    "algebra": "passed",
    "again": "passed",
    "wrong": "failed",
    "nothing": "unparsed",
    "gold": "error",
}


def test_many_rows_each_once_and_as_one_by_one() -> None:
    found = list(check_many(iter(ROWS)))
    assert len(found) == len(ROWS)
    assert {key: verdict.status for key, verdict in found} == STATUSES
    assert dict(found) == {row.key: check(row.text, row.gold) for row in ROWS}


def test_many_rows_with_a_pool_that_stays() -> None:
    with Pool(n_processes=1) as pool:
        for _ in range(2):
            found = {key: v.status for key, v in check_many(ROWS, pool)}
            assert found == STATUSES
        assert pool.n_open == 0


def test_rows_are_taken_lazily() -> None:
    taken = []

    def rows() -> object:
        for row in ROWS:
            taken.append(row.key)
            yield row

    verdicts = check_many(rows())  # type: ignore[arg-type]
    assert taken == []
    assert next(verdicts)[0] == "exact"
    assert taken == ["exact"]
    verdicts.close()
