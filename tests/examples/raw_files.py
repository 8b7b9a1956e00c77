"""The recorded example worked out a second time, from the raw files and nothing else.

pyarrow and plain Python: no SQL, no part of the engine.
"""

import os
import re
from collections import defaultdict
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "recorded"
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))

RAW = {  # the file whose rows a set reads
    "alpaca_eval": "alpaca_eval/model_outputs.parquet",
    "zeroeval_gsm": "benchmarks/gsm8k_test.parquet",
    "zeroeval_math_l5": "zeroeval_math_l5/responses.parquet",
    "zh_ruozhiba": "zh_ruozhiba/qa2449.parquet",
    "humaneval": "benchmarks/humaneval.parquet",
    "raw_mix": "raw_mix/mix.parquet",
}
FAMILIES = {  # result folders, and the model they are answers of
    "alpaca-7b": "alpaca-7b",
    "claude-2.1": "claude-2.1",
    "gpt-3.5-turbo-1106": "gpt-3.5-turbo-1106",
    "gpt4_0613": "gpt-4-0613",
    "Mixtral-8x7B-Instruct-v0.1": "mixtral-8x7b-instruct-v0.1",
}
VARIANTS = ("", "_concise", "_verbose")


def rows(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


@cache
def authors(name: str) -> dict[str, set[str]]:
    """Text → the models that wrote it, from the raw files of a set."""
    found: dict[str, set[str]] = defaultdict(set)
    if name == "alpaca_eval":
        for row in rows(DATA / RAW[name]):
            family = re.sub("_(concise|verbose)$", "", row["model_dir"])
            found[row["output"]].add(FAMILIES.get(family, family))
    elif name == "humaneval":
        for (_, model), texts in programs().items():
            for text in texts:
                found[text].add(model)
    else:
        for row in rows(DATA / name / "responses.parquet"):
            size = re.search(r"3\.1-(\d+b)", row["file"].lower())
            model = f"llama-3.1-{size[1]}-instruct" if size else row["file"]
            found[row["output"][0]].add(model)
    return found


@cache
def judged() -> dict[str, dict[str, list[tuple[Decimal, str]]]]:
    """Instruction → model → its scored texts as (score to six places, text)."""
    texts: dict[tuple[str, str], str] = {}
    for row in rows(DATA / "alpaca_eval/model_outputs.parquet"):
        texts[row["instruction"], row["model_dir"]] = row["output"]
    scores: dict[tuple[str, str], float] = {}
    folders = {family + variant for family in FAMILIES for variant in VARIANTS}
    for row in rows(DATA / "alpaca_eval/annotations.parquet"):
        if row["annotator"] != "weighted_alpaca_eval_gpt4_turbo":
            continue
        if row["model_dir"] in folders:
            key = row["instruction"], texts[row["instruction"], row["model_dir"]]
            score = 0.2 * (row["preference"] - 1)
            scores[key] = min(score, scores.get(key, score))
    found: dict[str, dict[str, list[tuple[Decimal, str]]]] = {}
    for instruction in {instruction for instruction, _ in texts}:
        found[instruction] = defaultdict(list)
        for family, model in FAMILIES.items():
            for variant in VARIANTS:
                text = texts.get((instruction, family + variant), "")
                score = scores.get((instruction, text))
                if text.strip() and score is not None:
                    places = Decimal(score).quantize(Decimal("0.000001"))
                    found[instruction][model].append((places, text))
    return found


def windows(instruction: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Models with a pair in the window → the scores of its two answers."""
    found = {}
    for model, answers in judged()[instruction].items():
        best, worst = max(answers)[0], min(answers)[0]
        if Decimal("0.01") <= best - worst <= Decimal("0.1"):
            found[model] = best, worst
    return found


@cache
def run_names() -> dict[str, str]:
    """How the names of a model's runs begin → the model."""
    models = YAML(typ="safe").load((EXAMPLE / "registry/models.yaml").read_text())
    found = {
        card["model"].replace("/", "_"): name
        for name, card in models["models"].items()
        if "/" in card["model"]
    }
    return found | {
        "Bard": "bard",
        "Claude": "claude",
        "Claude_Plus": "claude-plus",
        "gpt3": "gpt-3.5-turbo",
        "gpt4": "gpt-4",
    }


@cache
def programs() -> dict[tuple[str, str], list[str]]:
    """(HumanEval task, model) → its plain answers; a run under two names once."""
    runs: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows(DATA / "humaneval_runs/completions.parquet"):
        runs[row["run"]][row["task_id"]] = row["completion"]
    distinct = {
        (max((n for n in run_names() if run.startswith(f"{n}_")), key=len), *answers)
        for run, by_task in runs.items()
        for answers in [sorted(by_task.items())]
    }
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, *answers in distinct:
        for task, text in answers:
            if text.strip() not in ("", "pass"):
                found[task, run_names()[name]].append(text)
    for row in plain_runs():
        if row["solution"].strip():
            found[row["task_id"], row["model"]].append(row["solution"])
    return found


def plain_runs() -> list[dict[str, Any]]:
    """Reflexion's runs on HumanEval without self-repair, with `is_solved`."""
    return [
        row
        for row in rows(DATA / "reflexion_code_runs/runs.parquet")
        if row["run"].startswith("simple_") and row["task_id"].startswith("HumanEval/")
    ]


def golds() -> dict[str, str]:
    """Question → gold answer, from the raw files."""
    found = {
        row["question"]: row["answer"].rpartition("####")[2]
        for row in rows(DATA / RAW["zeroeval_gsm"])
    }
    for row in rows(DATA / RAW["zeroeval_math_l5"]):
        found[row["problem"]] = row["answer"]
    return found


def final(text: str) -> str:
    """The last answer field or box, plainly normalised. Twenty lines, no more."""
    found = re.findall(r'"answer"\s*:\s*"?((?:[^"\\]|\\.)*)', text)
    found = [one for one in found if one.strip("_ ")]
    boxes = text.split("\\boxed{")
    if not found and len(boxes) > 1:
        depth, answer = 1, ""
        for char in boxes[-1]:
            depth += (char == "{") - (char == "}")
            if depth == 0:
                break
            answer += char
        found = [answer]
    return plain(found[0] if found else re.split(r"[\s:]", text.strip(" .*"))[-1])


def plain(answer: str) -> str:
    answer = (
        answer.replace("\\\\", "\\").replace("dfrac", "frac").replace("tfrac", "frac")
    )
    answer = re.sub(r"\\(text|mbox|textbf)\{([^}]*)\}", r"\2", answer)
    answer = re.sub(r"\\left|\\right|\\[!,;%$() ]|[\s${}]|\.0+\b|[.]$|%", "", answer)
    # a number, with a unit of two letters or more
    number = re.fullmatch(r"(-?\d[\d,]*\.?\d*)([a-z]{2,})?", answer.lower())
    return number[1].replace(",", "") if number else answer.lower()
