"""Whatever a model wrote gets a verdict: no exception, no hang, no huge number."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusemill.verify.mathematics import MathRow, Pool, check, check_many


@contextmanager
def stopped_after(seconds: int) -> Iterator[None]:
    """Fails after so much CPU time, far above what is needed, or twenty times as long
    by the clock: a hang fails, a slow or busy machine does not."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"still checking after {seconds} s of CPU time")

    timers = {
        signal.SIGPROF: (signal.ITIMER_PROF, seconds),
        signal.SIGALRM: (signal.ITIMER_REAL, 20 * seconds),
    }
    before = {number: signal.signal(number, stop) for number in timers}
    for timer, after in timers.values():
        signal.setitimer(timer, after)
    try:
        yield
    finally:
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])


PIECES = [
    *("\\boxed{", "\\boxed", "{", "}", "[", "(", "((1,", "\\{1,", '"answer": "'),
    *('"answer": [', '"answer": {', "answer ", "answer is ", "the answer is: 5 "),
    *("####", "#### 5\n", "答案是", "A: 5\n", "**5**", "**", "5", "5 ", "1,", ".5"),
    *("$", "\\frac{", "\\frac12", "<<5>>", "<<", "-", " ", "\n", '"', '\\"', "\\"),
    *("\\text{", "x=", "x \\in ", "^-", "_", "\\sqrt ", "√", "½", "²", "ﷺ", "㊿"),
    *("10^{9", "1e9", "1/", "1 1/2 ", "\\pm ", "\x00", "\ud800", "a", "ab ", "%", "万"),
]


@pytest.mark.parametrize("piece", PIECES)
def test_a_megabyte_of_anything(piece: str) -> None:
    long = piece * (1_000_000 // len(piece))
    with stopped_after(30):
        for before in ("", "The answer is ", "\\boxed{", '{"answer": "'):
            assert check((before + long)[:999_999], "18").status != "error"
        for cut in (long[:1_999], long[:1_000]):
            check("\\boxed{" + long[:1_900] + "}", cut)


@pytest.mark.parametrize(
    "huge",
    [
        *("10^999999999", "10^{999999999}", "1e999999999", "(2^{10^8})^{99}"),
        *("2 \\times 10^{99999999}", "9" * 1_900, "1/" + "9" * 1_900, "999999999!"),
    ],
)
def test_huge_numbers_are_never_computed(huge: str) -> None:
    with stopped_after(30):
        assert check("\\boxed{" + huge + "}", "18").status == "failed"
        assert check("\\boxed{" + huge + "}", huge).status == "passed"


@pytest.mark.parametrize("tower", ["9^{9^{9^{9}}}", "x^{10^{10^{10}}} + y"])
def test_towers_end_with_the_process_that_computes_them(tower: str) -> None:
    row = MathRow(1, "\\boxed{" + tower + "}", "2^{2^{2^{2^{2^{2}}}}}")
    with stopped_after(150), Pool(n_processes=1, cpu_s=1) as pool:
        ((_, verdict),) = check_many([row], pool)
    assert verdict.status in {"failed", "timeout", "memory"}


def test_an_expression_of_ten_thousand_characters() -> None:
    with stopped_after(30):
        assert check("\\boxed{" + "1+" * 5_000 + "1}", "5001").status != "passed"


fragments = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)))


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), fragments.map("".join)), st.one_of(st.text(), fragments))
def test_any_text_gets_a_verdict(text: str, gold: str | list[str]) -> None:
    gold = gold if isinstance(gold, str) else "".join(gold)
    with stopped_after(300):
        verdict = check(text, gold)
        again = check(text, gold)
    assert verdict == again
    assert verdict.status in {
        *("passed", "failed", "unparsed", "error", "timeout", "memory")
    }
    assert (verdict.reason is None) == (verdict.status == "passed")
    assert (verdict.decided_by is not None) == (verdict.status in {"passed", "failed"})
    if verdict.decided_by:
        assert re.fullmatch("[a-z_]+/[a-z_]+(/math_verify)?", verdict.decided_by)
