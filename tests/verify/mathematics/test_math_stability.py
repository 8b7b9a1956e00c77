"""The same verdicts each time, however busy the machine is."""

import os
from pathlib import Path

import duckdb
import pytest

from busy import busy
from fusemill.verify.mathematics import MathRow, Pool, Verdict, check_many

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))
CORPORA = ("zeroeval_gsm", "zeroeval_math_l5")

# rows that only algebra decides
ALGEBRA = [
    MathRow(f"algebra {n}", f"\\boxed{{{answer}}}", gold)
    for n, (answer, gold) in enumerate(
        [
            ("\\sqrt{12}", "2\\sqrt{3}"),
            ("\\frac{1}{\\sqrt{3}}", "\\frac{\\sqrt{3}}{3}"),
            ("(x+1)^2", "x^2+2x+1"),
            ("\\sin(x)^2", "1-\\cos(x)^2"),
            ("\\frac{a-1}{1-a}", "-1"),
            ("a_1 + a_2", "a_2 + a_1"),
            ("a_1 - a_2", "a_2 - a_1"),
        ]
    )
]


def recorded(limit: int | None) -> list[MathRow]:
    """Recorded answers in the order of a hash, `limit` of them."""
    if not (DATA / CORPORA[0]).is_dir():
        pytest.skip(f"no recorded answers at {DATA / CORPORA[0]}")
    union = " union all ".join(
        f"select file, id::varchar as id, output[1] as text, answer as gold "
        f"from '{DATA / corpus}/*.parquet'"
        for corpus in CORPORA
    )
    rows = duckdb.sql(
        f"from ({union}) order by md5(file || ':' || id), text limit {limit or 10**9}"
    ).fetchall()
    return [MathRow(n, str(r[2]), str(r[3])) for n, r in enumerate(rows)]


def verdicts(rows: list[MathRow], pool: Pool) -> dict[object, Verdict]:
    pool.known.clear()
    return dict(check_many(rows, pool))


ENDLESS = MathRow("endless", "\\boxed{\\sin(x)^{100000}}", "1")


def test_ten_runs_of_a_sample_alone_and_beside_busy_processes() -> None:
    rows = [*recorded(1_000), *ALGEBRA]
    with Pool() as pool:
        first = verdicts(rows, pool)
        for _ in range(5):
            assert verdicts(rows, pool) == first
        with busy(8):
            for _ in range(4):
                assert verdicts(rows, pool) == first
    found = [first[row.key].status for row in ALGEBRA]
    assert found == [*["passed"] * 6, "failed"]


def test_a_time_limit_is_the_same_beside_busy_processes() -> None:
    rows = [*ALGEBRA, ENDLESS]
    with Pool(cpu_s=1) as pool:
        first = verdicts(rows, pool)
        with busy(8):
            assert verdicts(rows, pool) == first
    assert first["endless"].status == "timeout"


@pytest.mark.slow
def test_all_rows_twice() -> None:
    rows = recorded(None)
    with Pool() as pool:
        first = verdicts(rows, pool)
        with busy(8):
            assert verdicts(rows, pool) == first
