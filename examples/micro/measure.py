"""What each checkpoint gets right on held-out prompts, by family.

    python examples/micro/measure.py [--prompts 200] [--only target]

An answer is right where it is the right one word for word. Two figures in each cell, in
per cent: greedy, then sampled as registry/models.yaml says, of five draws a prompt.
`some` is the share of prompts with a right answer among the five.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import torch
from families import FAMILIES, different
from families.task import Task
from students import STUDENTS

from fusemill.checkpoints.conversations import Local
from fusemill.sampling.engine import Request
from fusemill.sampling.local.engine import Asked, TransformersEngine
from fusemill.sampling.local.parameters import Parameters

FOLDER = Path(__file__).parent / "checkpoints"
SEED = 42
DRAWS = 5
SAMPLING = {"temperature": 0.8, "top_p": 0.98, "max_tokens": 64}
GREEDY = {"temperature": 0, "max_tokens": 64}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=200, help="a family")
    parser.add_argument("--only", nargs="+", choices=STUDENTS, default=list(STUDENTS))
    parser.add_argument("--folder", type=Path, default=FOLDER)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    tasks = [
        (family, task)
        for family in FAMILIES
        for task in different(family, "held_out", asked.prompts, SEED)
    ]
    print(f"| {'checkpoint':10} | {' | '.join(f'{f:>16}' for f in FAMILIES)} |")
    for name in asked.only:
        cells = row(asked.folder / name, tasks)
        print(f"| {name:10} | {' | '.join(f'{cell:>16}' for cell in cells)} |")


def row(folder: Path, tasks: list[tuple[str, Task]]) -> list[str]:
    """One checkpoint's cells, by family."""
    local = Local(folder.name, folder, "float32", None, None, str(folder))
    greedy, _ = right(local, tasks, GREEDY, 1)
    mean, some = right(local, tasks, SAMPLING, DRAWS)
    return [f"{greedy[f]:.0f} {mean[f]:.0f} some {some[f]:.0f}" for f in FAMILIES]


def right(
    local: Local, tasks: list[tuple[str, Task]], sampling: dict, draws: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Per cent of answers, and of prompts with some answer, that are right."""
    requests = [
        Request(
            local.name,
            "",
            str(i),
            ({"role": "user", "content": task.prompt},),
            first=0,
            n=draws,
            seed=i * draws,
        )
        for i, (_, task) in enumerate(tasks)
    ]
    asked = Asked(local, Parameters.model_validate(sampling), batch_tokens=32_768)
    found: dict[int, list[bool]] = defaultdict(list)
    engine = TransformersEngine([asked])
    for batch in engine.answers({local.name: iter([requests])}):
        for answer in batch:
            i = int(answer.request.prompt_id)
            found[i].append(answer.text == tasks[i][1].answer)
    mean, some = {}, {}
    for family in FAMILIES:
        of = [found[i] for i, (name, _) in enumerate(tasks) if name == family]
        mean[family] = 100 * sum(map(sum, of)) / sum(map(len, of))
        some[family] = 100 * sum(map(any, of)) / len(of)
    return mean, some


if __name__ == "__main__":
    main()
