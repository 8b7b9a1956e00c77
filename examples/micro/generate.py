"""Makes the prompts of examples/micro from a seed; run twice, it writes the same bytes.

`data/<family>.jsonl` holds prompts that no checkpoint was trained on, for the project;
`data/held_out.jsonl` holds others, with right answers, that no stage of it reads.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from families import FAMILIES, different

SEED = 42
FOLDER = Path(__file__).parent / "data"
N_PROMPTS = {"lists": 600, "problems": 500, "functions": 200, "sums": 200}
N_HELD_OUT = 200  # a family
HELD_OUT_SEED = 43  # prompts of 42 were looked at when the checkpoints were made
# Rows as real sets have them, too: of another kind, twice, empty.
STRAY = ("Write a Python function that sorts a list.", "What is 12 * 7 + 5?")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED, help="of the project's")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER")
    asked = parser.parse_args()
    write_prompts(asked.into, asked.seed, N_PROMPTS)
    write(
        asked.into,
        "held_out",
        [
            {"family": family, "prompt": task.prompt, "answer": task.answer}
            for family in FAMILIES
            for task in different(family, "held_out", N_HELD_OUT, HELD_OUT_SEED)
        ],
    )


def write_prompts(folder: Path, seed: int, n_prompts: Mapping[str, int]) -> None:
    """Write a file a family, with so many prompts and some stray ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for family, n in n_prompts.items():
        rows = project_rows(family, n, seed)
        if family == "lists":
            more = (*STRAY, rows[0]["prompt"], " ")
            rows += [{**rows[0], "prompt": text} for text in more]
        if family == "sums":
            rows.append({**rows[0], "prompt": "Hello."})
        write(folder, family, rows)


def project_rows(family: str, n_prompts: int, seed: int = SEED) -> list[dict]:
    """Rows of a set: what is asked, and what answers are checked against."""
    return [
        {
            "prompt": task.prompt,
            "gold": task.gold,
            "tests": list(task.tests),
            "entry_point": task.entry_point,
            "reference": task.answer if task.tests else None,
        }
        for task in different(family, "project", n_prompts, seed)
    ]


def write(folder: Path, name: str, rows: list[dict]) -> None:
    """One JSON object a line."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
