"""Which part of an answer is the code: answers in the styles that models use."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusemill.verify.code.extraction import Found, Missing, extract
from fusemill.verify.code.fences import blocks
from fusemill.verify.code.source import MAX_CODE, EntryPoint

F = EntryPoint("f")
CODE = "def f(x):\n    return x + 1"
STUB = 'from math import pi\n\n\ndef f(x: int) -> int:\n    """Add one."""\n'

# (rule, answer, what of it is the code), entry point f
ANSWERS = [
    ("fence", f"Sure!\n```python\n{CODE}\n```\nThis adds one.", CODE),
    ("fence", f"```\n{CODE}\n```", CODE),
    ("fence", f"```cpp\n{CODE}\n```", CODE),
    ("fence", f"~~~py\n{CODE}\n~~~", CODE),
    ("fence", f"````python\n{CODE}\n````", CODE),
    ("fence", f"```python\r\n{CODE}\r\n```\r\n".replace("\n", "\r\n"), CODE),
    ("fence", f"Here is the code: ```python\n{CODE}\n```", CODE),
    ("fence", f"```python\n{CODE} ```", CODE),
    ("fence", f"```python\n{CODE}", CODE),  # never closed
    ("fence", f"```python\n{CODE}\n```python\nprint(f(1))\n```", CODE),
    ("fence", f"```bash\npip install x\n```\n```python\n{CODE}\n```", CODE),
    ("fence", f"```python\nf(1)\n```\nwith\n```python\n{CODE}\n```", CODE),
    # of two solutions that are offered the first (more below); of a wrong tag and a
    # right one the right one
    ("fence", f"```python\n{CODE}\n```\nor\n```python\ndef f(x): return 2\n```", CODE),
    ("fence", f"```text\ndef f(x): return 0\n```\n```python\n{CODE}\n```", CODE),
    (
        "fence",
        f"```python\nimport math\n```\nthen\n```python\n{CODE} + math.pi\n```",
        f"import math\n{CODE} + math.pi",
    ),
    (
        "fence",
        "1. So:\n   ```python\n   def f(x):\n       return x + 1\n   ```",
        CODE,
    ),
    ("fence_among_text", f"```python\n{CODE}\n\nThis adds one to x.", CODE),
    ("fence_among_text", f"```python\n{CODE}\n\nprint(f(\n```", CODE),
    ("indented", "# f\n\n    def f(x):\n        return x + 1\n\nThat's it.", CODE),
    ("whole", CODE, CODE),
    ("whole", f"f = lambda x: x + 1\n{CODE}", f"f = lambda x: x + 1\n{CODE}"),
    ("among_text", f"Here's the function:\n\n{CODE}\n\nIt's simple.", CODE),
    ("among_text", f"import re\n{CODE}\n\ndef g(x", f"import re\n{CODE}"),
    ("whole", f"### Instruction:\nAdd one.\n### Response:\n{CODE}", f"\n{CODE}"),
    ("whole", f"### Instruction:\n{CODE}0\n### Response:{CODE}", CODE),
]


@pytest.mark.parametrize(("rule", "text", "code"), ANSWERS)
def test_answers(rule: str, text: str, code: str) -> None:
    assert extract(text, F, None) == Found(code, rule)


FIRST = "def f(x):\n    return 1"
SECOND = "def f(x):\n    if not x:\n        return 0\n    return 1"

# What stands between two versions, and whether the second takes the first one's place.
BETWEEN = [
    ("Wait, that fails for x = 0. Corrected version:", True),
    ("Oops, I forgot the empty case.", True),
    ("However, this code is wrong for x = 0.\n\nHere it is again:", True),
    ("This fails for x = 0. Let me fix it:", True),
    (
        "Sorry, the above is incorrect. Another way to write it, corrected version:",
        True,
    ),
    ("### Final solution", True),
    ("**Corrected code**:", True),
    ("Putting it together, here is the complete, working code:", True),
    ("This is slow. A more efficient solution uses iteration instead:", True),
    ("I made a mistake with zero. Here's the fixed function:", True),
    ("等等，x 为 0 时不对。修正后的代码：", True),
    ("最终代码如下：", True),
    ("优化后的代码：", True),
    ("or", False),
    ("Alternatively, you can write an optimized version:", False),
    ("You can also use a loop instead of recursion:", False),
    ("If you want to ignore case, use:", False),
    ("If you need a complete version with error handling:", False),
    ("You may want to handle zero. Here's an updated version:", False),
    ("Here's another solution:", False),
    ("It calls itself until x is 0.", False),
    ("A common mistake is to write:", False),
    ("Do not write the incorrect version:", False),
    ("The original code was:", False),
    ("也可以这样写：", False),
    ("如果你想忽略大小写，可以使用优化后的代码：", False),
    ("", False),
]


@pytest.mark.parametrize(("between", "second"), BETWEEN)
def test_of_two_versions_the_corrected_one(between: str, second: bool) -> None:
    text = f"```python\n{FIRST}\n```\n{between}\n```python\n{SECOND}\n```\n"
    found = extract(text, F, None)
    assert found == Found(SECOND if second else FIRST, "fence")


CORRECTED = "Wait, that is wrong. Corrected version:"

# What comes after the first version and a correction, and what of it is the answer.
AFTER = [
    # uses, tests and excerpts are no version
    (["print(f(1))"], FIRST),
    (["assert f(1) == 1"], FIRST),
    (["def test_f():\n    assert f(1) == 1"], FIRST),
    (["def f(x):\n    ..."], FIRST),
    (["def f(x):\n    if not x:\n        return 0\n    ..."], FIRST),
    (["def f(x):\n    y = x"], FIRST),
    (["def f(x, memo):\n    return memo[x]"], FIRST),
    (["def f(x):\n    return ("], FIRST),
    (["x = 1", SECOND], SECOND),
    ([SECOND, "print(f(0))"], SECOND),
    ([SECOND, "def f(x): return 3"], "def f(x): return 3"),
]


@pytest.mark.parametrize(("blocks_after", "code"), AFTER)
def test_what_corrects_is_a_whole_version(blocks_after: list[str], code: str) -> None:
    later = [f"{CORRECTED}\n```python\n{block}\n```\n" for block in blocks_after]
    text = f"```python\n{FIRST}\n```\n" + "".join(later)
    assert extract(text, F, None) == Found(code, "fence")


def test_a_corrected_class_has_the_methods_of_the_first() -> None:
    entry = EntryPoint.read("Solution().add")
    first = (
        "class Solution:\n    def add(self, x):\n        return self.one(x)\n"
        "    def one(self, x):\n        return x"
    )
    part = "class Solution:\n    def add(self, x):\n        return x + 1"
    whole = first.replace("return x", "return x + 1")
    for later, code in ((part, first), (whole, whole)):
        text = f"```python\n{first}\n```\n{CORRECTED}\n```\n{later}\n```"
        assert extract(text, entry, None) == Found(code, "fence")


# (rule, answer, the body it amounts to below the stub)
CONTINUATIONS = [
    ("continuation", "    return x + 1\n", "    return x + 1\n"),
    ("continuation", "return x + 1", "    return x + 1"),
    ("continuation", "\n    return x + 1", "\n    return x + 1"),
    # leading white space was stripped from the answer, hence from its first line only
    ("continuation", "y = x\n    return y + 1", "    y = x\n    return y + 1"),
    ("continuation", "y = x\nreturn y + 1", "    y = x\n    return y + 1"),
    ("continuation", "        return x + 1", "    return x + 1"),
    ("fence_continuation", "So:\n```python\nreturn x + 1\n```", "    return x + 1"),
    (
        "continuation_among_text",
        "    return x + 1\n\n\nif __name__ == '__main__':\n    f(",
        "    return x + 1",
    ),
]


@pytest.mark.parametrize(("rule", "text", "body"), CONTINUATIONS)
def test_bare_continuations(rule: str, text: str, body: str) -> None:
    found = extract(text, F, STUB)
    assert isinstance(found, Found)
    assert (found.rule, found.code.rstrip()) == (rule, (STUB + body).rstrip())


def test_a_whole_function_beside_a_stub_is_whole() -> None:
    assert extract(CODE, F, STUB) == Found(CODE, "whole")


def test_lines_inside_a_block_are_never_moved() -> None:
    bent = "def f(x):\n if x:\n return x\n else:\n return 1"
    missing = extract(bent, F, None)
    assert isinstance(missing, Missing)
    assert "does not parse" in missing.reason


# (answer, part of the reason)
NOTHING = [
    ("", "no code"),
    ("I can't help with that.", "no code"),
    ("Sure", "no code"),
    ("```python\n```", "no code"),
    ("```python\ndef g(x):\n    return x\n```", "defines g, not f"),
    ("def g(x):\n    return x", "defines g, not f"),
    ("```python\ndef f(x):\n    return x +\n```", "line 2"),
    ("```python\nprint 'hello'\n```", "Python 3"),
    ("```python\ndef f(x):\n    return '\x00'\n```", "null bytes"),
    ("```python\ndef f(x):\n    return '\ud800'\n```", "lone surrogates"),
    ("```python\n" + "(" * 300 + "\n```", "does not parse"),
    ("```python\n" + "-" * 20_000 + "1\n```", "nested too deeply"),
    ("```python\ndef f(x:\n```\n```python\nz = f(1)\n```", "line 1"),
    ("```python\nx = 1\n" + "#" * MAX_CODE + "\n```", "at most 50,000"),
]


@pytest.mark.parametrize(("text", "why"), NOTHING)
def test_no_code(text: str, why: str) -> None:
    for stub in (None, STUB):
        missing = extract(text, F, stub)
        assert isinstance(missing, Missing), text
        if stub is None:
            assert why in missing.reason


def test_another_function_below_a_stub_is_no_body() -> None:
    missing = extract("def g(x):\n    return x", F, STUB)
    assert missing == Missing("the code defines g, not f")


def test_methods_of_a_class() -> None:
    entry = EntryPoint.read("Solution().add")
    code = "class Solution:\n    def add(self, x):\n        return x"
    assert extract(f"```python\n{code}\n```", entry, None) == Found(code, "fence")
    other = extract(f"```python\n{code.replace('add', 'plus')}\n```", entry, None)
    assert other == Missing("the code defines Solution, not Solution.add")


def test_a_script_is_the_longest_block() -> None:
    text = (
        "```python\nn = 1\n```\nAll of it:\n```python\nn = int(input())\nprint(n)\n```"
    )
    found = extract(text, None, None)
    assert found == Found("n = int(input())\nprint(n)", "fence")


def test_five_megabytes() -> None:
    code = f"```python\n{CODE}\n```\n"
    assert extract(code + "so " * 1_700_000, F, None) == Found(CODE, "fence")
    for piece in (
        "def f(x):\n",
        "a",
        "```\n",
        "```python\n",
        "x = 1\n",
        ": ",
        "(",
        "`",
    ):
        assert isinstance(extract(piece * (5_000_000 // len(piece)), F, STUB), Missing)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*"ab:#'\" \n\t\x00\ud800`()[]=", "```python\n", CODE]))
)
def test_any_text_is_read(pieces: list[str]) -> None:
    text = "".join(pieces)
    for stub in (None, STUB):
        assert isinstance(extract(text, F, stub), Found | Missing)
    assert all("\n```" not in block.text for block in blocks(text))
