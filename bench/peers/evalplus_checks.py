"""One side of bench/verify_code.py: evalplus's check, in evalplus's own venv.

    python bench/peers/evalplus_checks.py IN OUT PROCESSES

A line of IN is a completion: code, entry_point, inputs, expected. Each is judged by
`untrusted_check` as `evalplus.evaluate` calls it (stop at the first failure, at least
one second an input), a process each, PROCESSES at once. OUT gets the list of verdicts,
and the seconds that judging took, as JSON; starting and importing is not counted.
"""

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from evalplus.eval import PASS, untrusted_check


def passes(row: dict) -> bool:
    """One completion; no reference times, so that the least limit is taken."""
    status, _ = untrusted_check(
        "humaneval",
        row["code"],
        row["inputs"],
        row["entry_point"],
        expected=row["expected"],
        atol=0,
        ref_time=[0.0] * len(row["inputs"]),
        fast_check=True,
    )
    return status == PASS


def main() -> None:
    source, target, processes = sys.argv[1:]
    rows = [json.loads(line) for line in Path(source).read_text().splitlines()]
    with ProcessPoolExecutor(int(processes)) as pool:
        list(pool.map(abs, range(int(processes))))  # the processes are there
        started = time.monotonic()
        verdicts = list(pool.map(passes, rows))
        seconds = time.monotonic() - started
    Path(target).write_text(json.dumps({"verdicts": verdicts, "seconds": seconds}))


if __name__ == "__main__":
    main()
