"""Extractor `worked_examples`: the examples in a statement become assertions.

    Input: nums = [2,7,11], target = 9      assert twoSum([2, 7, 11], 9) == [0, 1]
    Output: [0,1]

Arguments are positional, so that an answer may call them as it likes. What cannot be
told from the statement is not made up: a prompt of which several answers are right, a
node given by its value, a list with a cycle have no tests.
"""

import re

from fusemill.prompts.tests.calls import Problem, test_of
from fusemill.prompts.tests.examples import worked_examples
from fusemill.prompts.tests.extracted import Extracted, NoTests
from fusemill.prompts.tests.literals import Unreadable
from fusemill.prompts.tests.nodes import ENVIRONMENT
from fusemill.prompts.tests.plain import plain
from fusemill.prompts.tests.reference import code_of, entry_of, starter_of

# An example shows the one answer that its author got; others are as good.
_SEVERAL = re.compile(
    r"\b(?:return|print|output|find|choose|give)\b"
    r"(?! the (?:\w+ )?(?:length|number|count|sum|size|cost|value|score|time)\b)"
    r"[^.\n]{0,60}"
    r"\bany (?:of|valid|one|such|possible|answers?|solutions?|permutation|array)\b"
    r"|\bany (?:valid |such |possible |correct )?(?:answer|solution|one|result)s?"
    r"(?: of them)? (?:is|are|will be|would be) (?:accepted|valid|fine|ok)"
    r"|\b(?:equal(?:ly)?|same|uniform(?:ly)?)\b[^.\n]{0,40}\b(?:probab|likely|random)"
    r"|返回(?:其中)?任[意何]?一[个种组]|任[意何]?一[个种组][^。\n]{0,12}(?:即可|均可)",
    re.IGNORECASE,
)


def worked_tests(
    statement: str,
    reference: str,
    named: str | None = None,
    starter: str | None = None,
) -> Extracted | NoTests:
    """Tests out of a statement; pure and deterministic.

    `reference` is the set's own solution, code or text with code in it; `named` what
    tests are to call in it and `starter` what a bare continuation continues, or None
    where they follow from the reference.
    """
    code = code_of(reference)
    if code is None:
        return NoTests("the reference holds no Python that parses")
    entry = entry_of(code, named)
    if entry is None:
        return NoTests(f"the reference does not define {named or 'anything to call'}")
    text = plain(statement)
    if _SEVERAL.search(text):
        return NoTests("several answers are right")
    examples, lost = worked_examples(text)
    tests: dict[str, None] = {}  # in order, each once
    for example in examples:
        try:
            tests[test_of(example, Problem(text, code, entry))] = None
        except Unreadable as error:
            lost.append(str(error))
    if not tests:
        return NoTests(lost[0] if lost else "no worked example")
    head = starter_of(code, entry) if starter is None else starter
    stub = f"{ENVIRONMENT}\n\n{head.rstrip()}\n"
    return Extracted(tuple(tests), entry.call, stub, code, tuple(lost))
