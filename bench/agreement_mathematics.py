"""Agreement of our verdicts on mathematics with recorded ones (docs/accuracy.md).

    python bench/agreement_mathematics.py [--only CORPUS] [--show N]

Prints one table of corpora whose answers were judged one by one, one of ZeroEval's
accuracies by model, and the causes of the differences. `--show N` adds up to N
disagreements of each corpus. The data folder is ../shared/data or FUSEMILL_SHARED_DATA.

ZeroEval publishes accuracies only. Its reading of an answer (WildEval/ZeroEval, commit
8c1485e, src/evaluation/math_eval.py) is done again here, so that its verdicts can be
compared row by row: the answer of the first complete JSON object, else of the first
thing that looks like an answer field; then the first number in it.
"""

import argparse
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from fusemill.verify.mathematics import MathRow, Verdict, check_many

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))
SOLVERS = ["6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"]

# Model names in ZeroEval's summary where they differ from its result files.
SUMMARY_NAME = {
    "gemma-2-27b-it@together": "gemma-2-27b-it",
    "Llama-3.1-405B-Instruct-Turbo": "Llama-3.1-405B-Inst-fp8@together",
    "Meta-Llama-3.1-405B-Instruct@hyperbolic": "Llama-3.1-405B-Inst@hyperbolic",
}


@dataclass(frozen=True)
class Recorded:
    """An answer with the verdict that its source has on it."""

    name: str
    text: str
    gold: str
    right: bool
    read: str | None = None  # the answer as the source read it


def query(statement: str) -> list[tuple]:
    with duckdb.connect() as con:
        return con.execute(statement.replace("$data", str(DATA))).fetchall()


def openai_solutions() -> list[Recorded]:
    columns = ", ".join(f'"{solver}"' for solver in SOLVERS)
    found = query(
        f"select ground_truth, {columns} from '$data/gsm8k_openai_solutions/*.parquet'"
    )
    return [
        Recorded(solver, one["solution"], gold, one["is_correct"])
        for gold, *solutions in found
        for solver, one in zip(SOLVERS, solutions, strict=True)
    ]


def sampled_answers() -> list[Recorded]:
    found = query(
        "select answer, response, score, pred from '$data/math_rm_scored/*.parquet'"
    )
    return [
        Recorded("sample", text, gold, right, read)
        for gold, *columns in found
        for text, right, read in zip(*columns, strict=True)
    ]


def tora() -> list[Recorded]:
    """Right is what prints the gold number: `pred` is what ToRA's programs printed."""
    found = query(
        "select gt, code[1], pred[1], model from '$data/tora_gsm8k/*.parquet'"
    )
    return [
        Recorded(model, text, gold, number(read) == number(gold), read)
        for gold, text, read, model in found
    ]


def number(text: str) -> float | None:
    try:
        return round(float(text.replace(",", "")), 3)
    except ValueError:
        return None


JUDGED = {
    "gsm8k_openai_solutions": (openai_solutions, "≥ 99.5 %"),
    "math_rm_scored": (sampled_answers, "≥ 98 %"),
    "tora_gsm8k": (tora, "reported"),
}
ZEROEVAL = ("zeroeval_gsm", "zeroeval_math_l5")


def zeroeval(corpus: str) -> list[Recorded]:
    found = query(f"select file, output[1], answer from '$data/{corpus}/*.parquet'")
    recorded = []
    for model, text, gold in found:
        read = zeroeval_reads(model, text)
        right = first_number(read) is not None and (
            first_number(read) == first_number(gold.replace("#", ""))
        )
        recorded.append(Recorded(model, text, gold, right, read))
    return recorded


def zeroeval_reads(model: str, text: str) -> str | None:
    """The answer that ZeroEval takes from a text."""
    whole = first_object(text)
    if isinstance(whole, dict) and "answer" in whole:
        return str(whole["answer"])
    patterns = (
        '"answer"\\s*:\\s*"([^"]*?)"',
        '"answer"\\s*:\\s*"(.*?)"',
        '"answer"\\s*:\\s*([^,\\s]*)',
        "answer\\s*:\\s*([^,\\s]*)",
    )
    for pattern in patterns:
        if found := re.search(pattern, text, re.DOTALL):
            return found[1]
    if "Llama-3.1" in model and "boxed" in text[-30:]:
        found = re.search(r"\\boxed{([\w\d]+)}", text)
        return found[1] if found else None
    return None


def first_object(text: str) -> object:
    """The first text between matching braces, if it is JSON."""
    depth, start = 0, None
    for at, char in enumerate(text):
        if char == "{":
            start = at if start is None else start
            depth += 1
        elif char == "}" and depth:
            depth -= 1
            if depth == 0:
                try:
                    return json.loads(text[start : at + 1].replace("\n", ""))
                except json.JSONDecodeError:
                    return None
    return None


def first_number(answer: str | None) -> float | None:
    if answer is None:
        return None
    plain = answer.replace("$", "").strip().replace(",", "")
    if fraction := re.fullmatch(r"(-?[0-9.]+) ?/ ?([1-9][0-9.]*)", plain):
        return float(fraction[1]) / float(fraction[2])
    found = re.search(r"-?[0-9]+(\.[0-9]+)?", plain)
    return float(found[0]) if found else None


def judged(recorded: list[Recorded]) -> list[tuple[Recorded, Verdict]]:
    rows = (MathRow(n, one.text, one.gold) for n, one in enumerate(recorded))
    found = dict(check_many(rows))
    assert len(found) == len(recorded)
    return [(one, found[n]) for n, one in enumerate(recorded)]


def disagreements(
    pairs: Iterable[tuple[Recorded, Verdict]],
) -> list[tuple[Recorded, Verdict]]:
    return [(o, v) for o, v in pairs if o.right != (v.status == "passed")]


def cause(one: Recorded, verdict: Verdict) -> str:
    """Why ZeroEval's verdict is another than ours."""
    if verdict.extracted is None:
        return "we find no answer"
    if one.read is None:
        return "ZeroEval finds no answer field"
    seen = "".join(re.findall("[0-9a-z.]", one.read.casefold()))
    if "".join(re.findall("[0-9a-z.]", verdict.extracted.casefold())) != seen:
        return "several answers: ZeroEval reads the first one, we read the last"
    if verdict.status == "unparsed":
        return "a sentence of several numbers: ZeroEval takes the first, we cannot tell"
    return "ZeroEval compares no more than the first number"


def show(one: Recorded, verdict: Verdict) -> str:
    said = "right" if one.right else "wrong"
    read = None if one.read is None else one.read[:60]
    return (
        f"--- {one.name}: recorded {said} (read {read!r}), ours {verdict.status} "
        f"(read {(verdict.extracted or '')[:60]!r}, {verdict.decided_by}), "
        f"gold {one.gold[-40:]!r}, ends {one.text[-60:]!r}"
    )


def by_model(corpus: str, pairs: list[tuple[Recorded, Verdict]]) -> list[str]:
    """Lines of the table of accuracies."""
    summary = json.loads((DATA / corpus / "summary.json").read_text("utf-8"))
    published = {row["Model"]: float(row["Acc"]) for row in summary}
    models: dict[str, list[tuple[Recorded, Verdict]]] = defaultdict(list)
    for one, verdict in pairs:
        models[one.name].append((one, verdict))
    lines = []
    for model, own in sorted(models.items()):
        ours = 100 * sum(v.status == "passed" for _, v in own) / len(own)
        theirs = 100 * sum(one.right for one, _ in own) / len(own)
        file = published[SUMMARY_NAME.get(model, model)]
        more = sum(v.status == "passed" and not one.right for one, v in own)
        less = sum(v.status != "passed" and one.right for one, v in own)
        lines.append(
            f"| {corpus} | {model} | {ours:.2f} | {file:.2f} | {ours - file:+.2f} "
            f"| {ours - theirs:+.2f} | {more} | {less} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=[*JUDGED, *ZEROEVAL])
    parser.add_argument("--show", type=int, default=0, help="disagreements to print")
    arguments = parser.parse_args()
    wanted = [arguments.only] if arguments.only else [*JUDGED, *ZEROEVAL]
    first = ["| corpus | agree | share | goal |", "| --- | --- | --- | --- |"]
    second = [
        "| corpus | model | ours | file | difference | same rows | more | less |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    causes: Counter[tuple[str, str, str]] = Counter()
    for corpus in wanted:
        recorded = JUDGED[corpus][0]() if corpus in JUDGED else zeroeval(corpus)
        pairs = judged(recorded)
        wrong = disagreements(pairs)
        for one, verdict in wrong[: arguments.show]:
            print(show(one, verdict))
        if corpus in JUDGED:
            agree = f"{len(pairs) - len(wrong):,} of {len(pairs):,}"
            share = 1 - len(wrong) / len(pairs)
            first.append(f"| {corpus} | {agree} | {share:.2%} | {JUDGED[corpus][1]} |")
        else:
            second += by_model(corpus, pairs)
            for one, verdict in wrong:
                side = "wrong, ours right" if not one.right else "right, ours not"
                causes[corpus, f"ZeroEval {side}", cause(one, verdict)] += 1
    print("\n".join([*first, "", *second, ""]))
    for (corpus, side, why), n in sorted(causes.items()):
        print(f"{corpus}: {side}: {n} × {why}")


if __name__ == "__main__":
    main()
