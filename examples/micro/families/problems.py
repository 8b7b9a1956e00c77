"""Word problems of one or two steps, with a gold answer.

prompt  Tom has 18 pens and buys 5 boxes with 4 pens each. How many pens does Tom have
        now?
answer  5 * 4 = 20. 18 + 20 = 38. The answer is 38.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from families.task import Task

NAMES = ("Mia", "Tom", "Ana", "Raj", "Leo", "Kim", "Eva", "Sam")
THINGS = ("pens", "stones", "cards", "shells", "coins", "stamps", "keys", "beads")
GETS = ("gets {} more", "finds {} more", "makes {} more")
GIVES = ("gives away {}", "loses {}", "sells {}")
LARGEST = 50  # of any number: few enough sums for tiny models to learn
OTHER_SIGN = {"+": "-", "-": "+", "*": "+"}


@dataclass(frozen=True)
class _Step:
    left: int
    sign: str
    right: int

    @property
    def result(self) -> int:
        if self.sign == "*":
            return self.left * self.right
        return self.left + (self.right if self.sign == "+" else -self.right)

    def __str__(self) -> str:
        return f"{self.left} {self.sign} {self.right} = {self.result}."


def task(rng: random.Random) -> Task:
    """A problem whose numbers, and those of its wrong answers, lie in 1 to 50."""
    while True:
        story, steps = _story(rng)
        last = steps[-1]
        swapped = _Step(last.left, OTHER_SIGN[last.sign], last.right)
        if all(0 < step.result <= LARGEST for step in [*steps, swapped]):
            break
    name, things = rng.choice(NAMES), rng.choice(THINGS)
    said = story.replace("NAME", name).replace("THINGS", things)
    early = steps[-2].result if len(steps) > 1 else last.left
    slipped = f"{last.left} {last.sign} {last.right} = {last.result + 1}."
    before = [str(step) for step in steps[:-1]]
    return Task(
        f"{said} How many {things} does {name} have now?",
        _said([*before, str(last)], last.result),
        {
            "skips": _said(before, early),
            "off_by_one": _said([*before, slipped], last.result + 1),
            "other_sign": _said([*before, str(swapped)], swapped.result),
        },
        gold=str(last.result),
    )


def _said(steps: Sequence[str], result: int) -> str:
    return " ".join([*steps, f"The answer is {result}."])


def _story(rng: random.Random) -> tuple[str, list[_Step]]:
    """What happened, and its calculation."""
    has, n, each = rng.randint(2, 25), rng.randint(2, 6), rng.randint(2, 6)
    more, less = rng.randint(2, 12), rng.randint(2, 12)
    gets, gives = rng.choice(GETS).format(more), rng.choice(GIVES).format(less)
    boxes = f"buys {n} boxes with {each} THINGS each"
    held = n * each
    in_boxes = _Step(n, "*", each)
    return rng.choice(
        [
            (f"NAME has {has} THINGS and {gets}.", [_Step(has, "+", more)]),
            (f"NAME has {has} THINGS and {gives}.", [_Step(has, "-", less)]),
            (f"NAME {boxes}.", [in_boxes]),
            (
                f"NAME has {has} THINGS and {boxes}.",
                [in_boxes, _Step(has, "+", held)],
            ),
            (
                f"NAME {boxes} and {gives}.",
                [in_boxes, _Step(held, "-", less)],
            ),
            (
                f"NAME has {has} THINGS, {gets} and then {gives}.",
                [_Step(has, "+", more), _Step(has + more, "-", less)],
            ),
        ]
    )
