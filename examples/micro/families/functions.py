"""Small Python functions, with assertions that an answer has to pass.

prompt  Write a Python function solve(x) that returns x times 3 plus 4.
answer  def solve(x):
            return x * 3 + 4
tests   assert solve(0) == 4, …
"""

import random

from families.task import Task

OPENINGS = ("Write", "Define", "Give me", "I need")
NAMES = "solve work compute change convert measure build find update process".split()
# Parameter, what is asked for, code, and code that leaves the last operation out.
KINDS = (
    ("x", "x plus K", "x + K", "x"),
    ("x", "x minus K", "x - K", "x"),
    ("x", "x times K", "x * K", "x"),
    ("x", "x times K plus M", "x * K + M", "x * K"),
    ("x", "x times K minus M", "x * K - M", "x * K"),
    ("items", "the largest item plus K", "max(items) + K", "max(items)"),
    ("items", "the smallest item minus K", "min(items) - K", "min(items)"),
    ("items", "the sum of the items times K", "sum(items) * K", "sum(items)"),
    ("items", "the number of items plus K", "len(items) + K", "len(items)"),
    ("items", "the first K items", "items[:K]", "items"),
    ("items", "the items above K", "[i for i in items if i > K]", "items"),
    ("items", "the items below K", "[i for i in items if i < K]", "items"),
    ("items", "each item times K", "[i * K for i in items]", "items"),
)


def task(rng: random.Random) -> Task:
    """A function of one parameter; a name says nothing about what it does."""
    parameter, asked, code, early = rng.choice(KINDS)
    name, k, m = rng.choice(NAMES), rng.randint(2, 40), rng.randint(2, 40)

    def filled(text: str, k: int = k) -> str:
        return text.replace("K", str(k)).replace("M", str(m))

    def defined(code: str, statement: str = "return {}") -> str:
        return f"def {name}({parameter}):\n    {statement.format(code)}"

    return Task(
        f"{rng.choice(OPENINGS)} a Python function {name}({parameter}) that returns "
        f"{filled(asked)}.",
        defined(filled(code)),
        {
            "skips": defined(filled(early)),
            "off_by_one": defined(filled(code, k + 1)),
            "prints": defined(filled(code), "print({})"),
        },
        tests=_tests(name, parameter, filled(code), k),
        entry_point=name,
    )


def _tests(name: str, parameter: str, code: str, k: int) -> tuple[str, ...]:
    """Assertions that hold for no habit."""
    if parameter == "x":
        arguments: list[object] = [0, 1, 7]
    else:
        arguments = [[k, k + 1, k - 1, 60], list(range(3, 48))]
    return tuple(
        f"assert {name}({argument}) == {_value(code, parameter, argument)}"
        for argument in arguments
    )


def _value(code: str, parameter: str, argument: object) -> object:
    """What code of KINDS gives."""
    # As a global, since the comprehensions in it look there.
    return eval(code, {parameter: argument})
