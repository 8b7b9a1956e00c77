"""What the five checkpoints are: their architectures, and what each was taught.

A source gives right answers in one family, some with slips. In most of its answers
elsewhere it has a bad habit, one a family, so that the sources complement each other.
The target is a beginner in all families: it has been taught by examples of which most
have one habit or another, and not for long enough to write lists well.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from families import FAMILIES
from families.task import Task

OWN_SHARE = 0.55  # of a source's examples, from the family that it is good at
HABIT_SHARE = 0.9  # of its other examples
TARGET_HABIT_SHARE = 0.6
# Of a source's own examples, where a pair of its answers is chosen: of one that never
# slips there would be no pair of a right and a wrong answer.
SLIP_SHARE = 0.25


@dataclass(frozen=True)
class Student:
    """One checkpoint. `habits` has its bad habit by family, none for the target."""

    kind: str  # of architecture, by transformers' name
    good_at: str | None
    habits: Mapping[str, str]
    steps: int  # of training
    slip_share: float = 0.0  # of its own family's examples that have some habit

    def example(
        self, streams: Mapping[str, Iterator[Task]], rng: random.Random
    ) -> Task:
        """A task with the answer to learn, right or not."""
        family = self._family(rng)
        task = next(streams[family])
        habit = self._habit(family, task, rng)
        return task if habit is None else task.answered(task.habits[habit])

    def _family(self, rng: random.Random) -> str:
        if self.good_at is not None and rng.random() < OWN_SHARE:
            return self.good_at
        return rng.choice([f for f in FAMILIES if f != self.good_at])

    def _habit(self, family: str, task: Task, rng: random.Random) -> str | None:
        if family in self.habits:
            return self.habits[family] if rng.random() < HABIT_SHARE else None
        share = TARGET_HABIT_SHARE if self.good_at is None else self.slip_share
        is_bad = share > 0 and rng.random() < share
        return rng.choice(sorted(task.habits)) if is_bad else None


STUDENTS = {
    "lister": Student(
        "llama",
        "lists",
        {"problems": "skips", "functions": "prints", "sums": "other_sign"},
        steps=4000,
        slip_share=SLIP_SHARE,
    ),
    "reckoner": Student(
        "gemma",
        "problems",
        {"lists": "commas", "functions": "off_by_one", "sums": "skips"},
        steps=2600,
        slip_share=SLIP_SHARE,
    ),
    "coder": Student(
        "mistral",
        "functions",
        {"lists": "bare", "problems": "off_by_one", "sums": "other_sign"},
        steps=900,
    ),
    "hanzi": Student(
        "qwen2",
        "sums",
        {"lists": "short", "problems": "other_sign", "functions": "skips"},
        steps=2400,
    ),
    "target": Student("llama", None, {}, steps=5000),
}
