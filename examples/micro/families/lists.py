"""Words, written as asked. Order, separator, mark, beginning and end can be asked for.

prompt  Write these words in alphabetical order, one a line, a dash before each. End
        with "Done." The words: pear, fig, kettle.
answer  - fig
        - kettle
        - pear
        Done.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from families.task import Task

WORDS = (
    "apple bread candle desk engine fig garden hammer kettle lemon pear table"
).split()
OPENINGS = ("Write", "List", "Give me", "Put down")
ORDERS = ("in alphabetical order", "from last to first", "as they stand")
SEPARATORS = {"one a line": "\n", "with commas": ", ", "with semicolons": "; "}
MARKS = {"": "", ", a dash before each": "- ", ", a star before each": "* "}


@dataclass(frozen=True)
class _Asked:
    """What is asked for, by the words that ask for it."""

    words: Sequence[str]
    order: str
    separator: str
    mark: str
    begins: bool
    ends: bool

    def answer(self) -> str:
        """The list that is asked for."""
        words = list(self.words)
        if self.order == ORDERS[0]:
            words = sorted(words)
        elif self.order == ORDERS[1]:
            words = words[::-1]
        items = (MARKS[self.mark] + word for word in words)
        listed = SEPARATORS[self.separator].join(items)
        return "\n".join(
            ["List:"] * self.begins + [listed] + ["Done."] * self.ends,
        )


def task(rng: random.Random) -> Task:
    """A list of three or four words; `habits` are what a careless reader misses."""
    asked = _Asked(
        words=rng.sample(WORDS, rng.randint(3, 4)),
        order=rng.choice(ORDERS),
        separator=rng.choice(list(SEPARATORS)),
        mark=rng.choice(list(MARKS)),
        begins=rng.random() < 0.5,
        ends=rng.random() < 0.5,
    )
    prompt = (
        f"{rng.choice(OPENINGS)} these words {asked.order}, {asked.separator}"
        f"{asked.mark}. "
        + 'Begin with "List:" ' * asked.begins
        + 'End with "Done." ' * asked.ends
        + f"The words: {', '.join(asked.words)}."
    )
    return Task(
        prompt,
        asked.answer(),
        {
            "commas": replace(asked, separator="with commas").answer(),
            "bare": replace(asked, mark="", begins=False, ends=False).answer(),
            "short": replace(asked, words=asked.words[:-1]).answer(),
        },
    )
