r"""Gold answers as answers: unchanged they must pass, changed they must not.

    python bench/gold_answers.py

The gold answers of the benchmarks in ../shared/data (or FUSEMILL_SHARED_DATA) are put
into a box, into a sentence, and left in the solution that they come from; each is also
changed by one number, sign or bracket (`5` to `6`, `(1,2)` to `[1,2)`) in a box. Prints
counts by benchmark, and every verdict that is not the expected one.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb

from fusemill.verify.mathematics import MathRow, Pool, check_many, read_gold

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))
BENCHMARKS = ("math500", "gaokao2023en", "cmath", "amc23", "gsm8k_train", "gsm8k_test")
FILES = {name: f"benchmarks/{name}.parquet" for name in BENCHMARKS} | {
    "zeroeval_math_l5": "zeroeval_math_l5/*.parquet"
}


def golds(file: str) -> list[str]:
    with duckdb.connect() as con:
        statement = f"select distinct answer from '{DATA / file}' order by 1"
        return [row[0] for row in con.execute(statement).fetchall()]


def changed(answer: str) -> Iterator[str]:
    """The answer with one number, sign or bracket changed."""
    for number in re.finditer("[0-9]+", answer):
        more = str(int(number[0]) + 1)
        yield answer[: number.start()] + more + answer[number.end() :]
    if answer[:1].isdigit() and answer != "0":
        yield "-" + answer
    for sign, other in (("-", ""), ("+", "-"), ("(", "[")):
        if sign in answer:
            yield answer.replace(sign, other, 1)


def rows(gold: str, answer: str) -> Iterator[MathRow]:
    bare = answer.startswith("$") or re.fullmatch("[-0-9.,/% a-zA-Z]*", answer)
    texts = {
        "box": f"So it is $\\boxed{{{answer}}}$.",
        "sentence": f"The answer is {answer if bare else f'${answer}$'}.",
    }
    if len(gold) > len(answer) + 20:
        texts["solution"] = gold
    for kind, text in texts.items():
        yield MathRow((kind, text), text, gold)
    for other in changed(answer):
        text = f"So it is $\\boxed{{{other}}}$."
        yield MathRow(("changed", text), text, gold)


def main() -> None:
    with Pool() as pool:
        for name, file in FILES.items():
            asked = [
                row
                for gold in golds(file)
                if not read_gold(gold).problem
                for row in rows(gold, read_gold(gold).answer)
            ]
            counts: Counter[str] = Counter()
            for key, verdict in check_many(asked, pool):
                assert isinstance(key, tuple)
                kind, text = key
                passed = verdict.status == "passed"
                counts[f"{kind} {'passed' if passed else 'not passed'}"] += 1
                if passed == (kind == "changed"):
                    print(f"  {kind}: {verdict.status}: {text[-100:]!r}")
            told = ", ".join(f"{key}: {n:,}" for key, n in sorted(counts.items()))
            print(f"{name}: {told}")


if __name__ == "__main__":
    main()
