"""The four families of tasks that examples/micro is about, and who sees which prompt.

lists.py      words, written as asked: instruction following
problems.py   one- and two-step word problems: mathematics
functions.py  small Python functions: coding
sums.py       addition and subtraction, in Chinese

Each has `task(rng)`, which makes one `Task`. A prompt belongs to one of four parts by
its hash alone, so the parts stay apart whatever seed draws from them.
"""

import hashlib
import random
from collections.abc import Callable, Iterator
from typing import Literal

from families import functions, lists, problems, sums
from families.task import Task

Part = Literal["sources", "project", "tuning", "held_out"]
EvaluationPart = Literal["tuning", "held_out"]

FAMILIES: dict[str, Callable[[random.Random], Task]] = {
    "lists": lists.task,
    "problems": problems.task,
    "functions": functions.task,
    "sums": sums.task,
}


def part_of(prompt: str) -> Part:
    """What a prompt is for: of 256, 160 train models, and 64 are for the project.

    16 are what numbers are tuned by, and 16 nobody sees before the end.
    """
    first = hashlib.sha256(prompt.encode()).digest()[0]
    if first < 160:
        return "sources"
    if first < 224:
        return "project"
    return "tuning" if first < 240 else "held_out"


def tasks(family: str, part: Part, rng: random.Random) -> Iterator[Task]:
    """Tasks of one part without end; over a long run some come twice."""
    make = FAMILIES[family]
    while True:
        task = make(rng)
        if part_of(task.prompt) == part:
            yield task


def different(family: str, part: Part, n: int, seed: int) -> list[Task]:
    """n tasks of one part with different prompts, the same for the same seed."""
    found: dict[str, Task] = {}
    for task in tasks(family, part, random.Random(f"{seed} {family} {part}")):
        found.setdefault(task.prompt, task)
        if len(found) == n:
            break
    return list(found.values())
