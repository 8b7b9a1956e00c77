"""What the five checkpoints are: their architectures, and what each was taught.

A source gives right answers in one family. In most of its answers elsewhere it has a
bad habit, one a family, so that the sources complement each other. The target is a
beginner in all families: it has been taught for a short time, by examples of which
half are right and half have one habit or another.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from families import FAMILIES
from families.task import Task

OWN_SHARE = 0.55  # of a source's examples, from the family that it is good at
HABIT_SHARE = 0.9  # of its other examples
TARGET_HABIT_SHARE = 0.5


@dataclass(frozen=True)
class Student:
    """One checkpoint. `habits` has its bad habit by family, none for the target."""

    kind: str  # of architecture, by transformers' name
    good_at: str | None
    habits: Mapping[str, str]
    steps: int  # of training

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
        if family == self.good_at:
            return None
        if self.good_at is None:
            is_bad = rng.random() < TARGET_HABIT_SHARE
            return rng.choice(sorted(task.habits)) if is_bad else None
        return self.habits[family] if rng.random() < HABIT_SHARE else None


STUDENTS = {
    "lister": Student(
        "llama",
        "lists",
        {"problems": "skips", "functions": "prints", "sums": "other_sign"},
        steps=4000,
    ),
    "reckoner": Student(
        "gemma",
        "problems",
        {"lists": "commas", "functions": "off_by_one", "sums": "skips"},
        steps=2400,
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
        steps=1600,
    ),
    "target": Student("llama", None, {}, steps=3000),
}
