"""What can be seen of a function without running it, in a reward model's range.

prompt  Write a Python function solve(x) that returns x times 3 plus 4.
answer  def solve(x):
            return x * 3 + 4      → 0.1, all five
"""

import re


def read(rows):
    """0.02 for each of five things that an answer has."""
    return [
        round(0.02 * sum(seen(row["messages"][-1]["content"], row["text"])), 6)
        for row in rows
    ]


def seen(prompt, text):
    """Whether each of the five is there."""
    signature, asked = re.search(
        r"function (\w+\(\w+\)) that returns (.*)\.$", prompt
    ).groups()
    first, _, rest = text.partition("\n")
    return [
        first == f"def {signature}:",
        rest.startswith("    "),
        "\n" not in rest,
        "return" in rest,
        set(re.findall(r"\d+", asked)) <= set(re.findall(r"\d+", rest)),
    ]
