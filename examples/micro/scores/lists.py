"""Seven graded rules for lists: what a careful reader would check, in reward's range.

prompt  Write these words in alphabetical order, one a line, a dash before each. End
        with "Done." The words: pear, fig, kettle.
answer  - fig
        - kettle
        - pear
        Done.           → all seven rules hold
"""

import re

SEPARATORS = {"one a line": "\n", "with commas": ", ", "with semicolons": "; "}
MARKS = {"a dash before each": "- ", "a star before each": "* "}


def graded(rows, points_a_rule):
    """points_a_rule times the number of rules (0 to 7) that each answer keeps."""
    return [
        round(
            points_a_rule * sum(rules(row["messages"][-1]["content"], row["text"])), 6
        )
        for row in rows
    ]


def rules(prompt, text):
    """Whether each of the seven rules holds."""
    asked, _, listed = prompt.rpartition("The words: ")
    words = listed.removesuffix(".").split(", ")
    separator = next(s for said, s in SEPARATORS.items() if said in asked)
    mark = next((m for said, m in MARKS.items() if said in asked), "")
    lines = text.split("\n")
    begins, ends = lines[0] == "List:", lines[-1] == "Done."
    body = "\n".join(lines[begins : len(lines) - ends])
    items = re.split(r"\n|, |; ", body)
    given = [re.sub(r"^[-*] ", "", item) for item in items]
    wanted = in_order(words, asked)
    return [
        begins == ('Begin with "List:"' in asked),
        ends == ('End with "Done."' in asked),
        set(words) <= set(given),
        len(set(given)) == len(given) and set(given) <= set(words),
        [w for w in given if w in words] == [w for w in wanted if w in given],
        set(re.findall(r"\n|, |; ", body)) <= {separator},
        all(re.match(r"[-*] |", item)[0] == mark for item in items),
    ]


def in_order(words, asked):
    """The words in the order that is asked for."""
    if "in alphabetical order" in asked:
        return sorted(words)
    return words[::-1] if "from last to first" in asked else words
