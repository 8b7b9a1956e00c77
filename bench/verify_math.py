"""Speed on the zeroeval_gsm answers beside math-verify on every row.

    python bench/verify_math.py [--processes N] [--rows N] [--show N]

Both check the same texts against the same gold answers, in N processes (default: one a
core) that each take every N-th row: ours with `check_many`, math-verify 0.9 with its
documented use, `verify(parse(gold), parse(text))`. Prints rows a second and how the
verdicts compare: where they differ the answer is printed with `--show N`, and counted
by what ZeroEval's own reading of the row says. Starting the processes and importing is
not counted, for either.
"""

import argparse
import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from agreement_mathematics import Recorded, zeroeval
from fusemill.verify.mathematics import MathRow, Pool, check_many

WARM_UP = MathRow(0, "\\boxed{\\sqrt{12}}", "2\\sqrt{3}")


def ours(recorded: list[Recorded], pool: Pool) -> list[bool]:
    rows = (MathRow(n, one.text, one.gold) for n, one in enumerate(recorded))
    passed = [False] * len(recorded)
    for key, verdict in check_many(rows, pool):
        assert isinstance(key, int)
        passed[key] = verdict.status == "passed"
    return passed


def math_verify(recorded: list[Recorded], _: Pool) -> list[bool]:
    from math_verify import parse, verify

    logging.disable(logging.WARNING)
    # the answer of ZeroEval's gold column has a leftover `#` in front
    return [
        bool(verify(parse(one.gold.lstrip("# ")), parse(one.text))) for one in recorded
    ]


Work = Callable[[list[Recorded], Pool], list[bool]]


def timed(work: Work, shard: list[Recorded]) -> tuple[float, list[bool]]:
    """(seconds, verdicts) of one process, which has everything imported and started."""
    with Pool(n_processes=1) as pool:
        if work is ours:
            list(check_many([WARM_UP], pool))
        else:
            math_verify(shard[:1], pool)
        start = time.perf_counter()
        found = work(shard, pool)
        return time.perf_counter() - start, found


def run(work: Work, rows: list[Recorded], processes: int) -> tuple[float, list[bool]]:
    """(rows a second, verdicts in order)."""
    shards = [rows[n::processes] for n in range(processes)]
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        found = pool.map(partial(timed, work), shards, chunksize=1)
    verdicts = [False] * len(rows)
    for n, (_, shard) in enumerate(found):
        verdicts[n::processes] = shard
    return len(rows) / max(seconds for seconds, _ in found), verdicts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--processes", type=int, default=cores)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--show", type=int, default=0, help="differences to print")
    arguments = parser.parse_args()
    rows = zeroeval("zeroeval_gsm")[: arguments.rows]
    print(
        f"{len(rows):,} rows, {arguments.processes} processes, load {os.getloadavg()}"
    )
    rate, mine = run(ours, rows, arguments.processes)
    print(f"fusemill     {rate:9,.0f} rows/s")
    other_rate, theirs = run(math_verify, rows, arguments.processes)
    print(f"math-verify  {other_rate:9,.0f} rows/s   ({rate / other_rate:.1f} x)")
    sides: Counter[str] = Counter()
    shown = 0
    for one, a, b in zip(rows, mine, theirs, strict=True):
        right = "right" if one.right else "wrong"
        if a == b:
            sides["the same verdict"] += 1
            continue
        sides[f"{'we' if a else 'math-verify'} alone pass, ZeroEval says {right}"] += 1
        if shown < arguments.show:
            shown += 1
            print(
                f"--- ours {a}, math-verify {b}, gold {one.gold!r}: {one.text[-90:]!r}"
            )
    for side, n in sides.most_common():
        print(f"{n:7,} {side}")


if __name__ == "__main__":
    main()
