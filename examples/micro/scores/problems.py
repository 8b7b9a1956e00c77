"""How an answer to a word problem is worked out, in a reward model's range.

prompt  Tom has 38 pens and buys 5 boxes with 4 pens each. How many pens does Tom have
        now?
answer  5 * 4 = 20. 38 + 20 = 58. The answer is 58.   → 0.3, all of it

Like a reward model it does not know the right answer, only what a good one looks like.
One slip costs 0.05 to 0.1, which lies in the recipe's window of gaps; two slips mostly
cost more than the window is wide.
"""

import re

EQUATION = re.compile(r"(\d+) ([-+*]) (\d+) = (\d+)\.")
ANSWER = re.compile(r"The answer is (\d+)\.$")
# What a story tells, and the sign that it is calculated by.
TOLD = (
    (re.compile(r"boxes"), "*"),
    (re.compile(r" more\b| has .* boxes"), "+"),
    (re.compile(r"gives away|loses|sells"), "-"),
)


def worked(rows):
    """0 to 0.3 for each answer."""
    return [points(row["messages"][-1]["content"], row["text"]) for row in rows]


def points(prompt, text):
    """What six things are worth together."""
    numbers = re.findall(r"\d+", prompt)
    signs = {sign for words, sign in TOLD if words.search(prompt)}
    steps = EQUATION.findall(text)
    said = ANSWER.search(text)
    used = {n for left, _, right, _ in steps for n in (left, right)}
    return round(
        0.07 * all(result(*step[:3]) == int(step[3]) for step in steps)
        + 0.05 * (signs >= {step[1] for step in steps})
        + 0.05 * (len(steps) == len(numbers) - 1)
        + 0.05 * (bool(steps) and said is not None and said[1] == steps[-1][3])
        + 0.05 * (set(numbers) <= used)
        + 0.03 * (said is not None),
        6,
    )


def result(left, sign, right):
    """What a step gives."""
    left, right = int(left), int(right)
    if sign == "*":
        return left * right
    return left + (right if sign == "+" else -right)
