"""Agreement of our verdicts with recorded ones: the tables of docs/accuracy.md.

    python bench/agreement.py [mathematics | code] [options of that half]

Without an argument both halves. Each is a program of its own, agreement_mathematics.py
and agreement_code.py, with `--only CORPUS` and `--show N` (disagreements to read).
"""

import subprocess
import sys
from pathlib import Path

HALVES = ("mathematics", "code")


def main() -> None:
    chosen = [half for half in HALVES if half in sys.argv[1:2]]
    options = sys.argv[2:] if chosen else sys.argv[1:]
    for half in chosen or HALVES:
        program = Path(__file__).with_name(f"agreement_{half}.py")
        status = subprocess.run([sys.executable, program, *options], check=False)
        if status.returncode:
            sys.exit(status.returncode)


if __name__ == "__main__":
    main()
