"""Code that arrives wrapped is unwrapped, and what is no code stays none."""

import json

import pytest

from fusemill.verify.code.extraction import Found, Missing, extract
from fusemill.verify.code.rewriting import REWRITINGS, rewritten
from fusemill.verify.code.source import EntryPoint

F = EntryPoint("f")
CODE = "def f(x):\n    if x < 2 and \"a\" != 'b':\n        return 1\n    return x + 1"
LINES = CODE.split("\n")
STUB = 'def f(x: int) -> int:\n    """Add one."""\n'

IN_JSON = json.dumps({"reasoning": "We add one.", "code": CODE}, indent=1)
ESCAPED = CODE.replace("\n", "\\n")
ENTITIES = (
    "def f(x):\n    if x &lt; 2 and &quot;a&quot; != &#39;b&#39;:\n"
    "        return 1\n    return x + 1"
)
TYPED = (
    ">>> def f(x):\n...     if x < 2 and \"a\" != 'b':\n...         return 1\n"
    "...     return x + 1\n...\n>>> f(1)\n1"
)

# (rule, answer, what of it is the code), entry point f
WRAPPED = [
    ("json.whole", IN_JSON, CODE),
    ("json.whole", f"```json\n{IN_JSON}\n```", CODE),
    ("json.whole", f"Here it is:\n{IN_JSON}\nIt adds one.", CODE),
    ("json.whole", json.dumps(CODE), CODE),
    ("json.whole", json.dumps([{"result": {"solution": LINES}}]), CODE),
    ("json.fence", json.dumps({"answer": f"```python\n{CODE}\n```"}), CODE),
    # the field that speaks of code, wherever it stands
    ("json.whole", json.dumps({"tried": "def f(x): return 0", "code": CODE}), CODE),
    # broken: real ends of lines, quotes without a backslash, three quotes, cut off
    ("json.whole", f'{{"code": "{CODE}"}}', CODE),
    ("json.whole", f'{{"code": "{ESCAPED}", "why": "It\'s simple."}}', CODE),
    ("json.whole", f'{{"code": """{CODE}"""}}', CODE),
    ("json.whole", f'{{"code": "{ESCAPED}', CODE),
    ("escapes.whole", ESCAPED, CODE),
    ("html.whole", f"<pre><code class='python'>{ENTITIES}</code></pre>", CODE),
    ("html.whole", f"<p>Sure.</p>\n<code>{ENTITIES}</code>", CODE),
    ("html.whole", ENTITIES, CODE),
    (
        "html.whole",
        "def f(x):<br>&nbsp;&nbsp;return x",
        "def f(x):\n  return x",
    ),
    ("prompts.whole", TYPED, f"{CODE}\n\nf(1)"),
    ("prompts.whole", f"```python\n{TYPED}\n```", f"{CODE}\n\nf(1)"),
    ("numbers.whole", "\n".join(f"{i} {s}" for i, s in enumerate(LINES, 1)), CODE),
    ("numbers.whole", "\n".join(f"{i:3}: {s}" for i, s in enumerate(LINES, 1)), CODE),
    ("numbers.whole", "\n".join(f"{i}|{s}" for i, s in enumerate(LINES, 0)), CODE),
    ("numbers.whole", "\n".join(f"{i}\t{s}" for i, s in enumerate(LINES, 1)), CODE),
    (
        "numbers.whole",
        "```\n1. def f(x):\n2.\n3.     return x\n```",
        "def f(x):\n\n    return x",
    ),
    ("label.whole", f"Answer: {CODE}", CODE),
    ("label.whole", f"**Solution:** {CODE}", CODE),
    ("label.whole", f"代码：{CODE}", CODE),
    ("marks.whole", f"[PYTHON]{CODE}[/PYTHON]", CODE),
    ("marks.whole", f"<answer>{CODE}</answer>", CODE),
    ("among_text", f"[PYTHON]\n{CODE}\n[/PYTHON]\nThat's it.", CODE),
    # lines that are Python by chance: a list of a name that nothing binds
    ("among_text", f"[BEGIN]\n{CODE}\n[DONE]\nYou are an expert.\n{CODE}0", CODE),
    ("among_text", f"Sure\n{CODE}", CODE),
    ("whole", f"{CODE} [DONE]", CODE),
    ("end.whole", f"{CODE}<|im_end|>", CODE),
    ("end.whole", f"{CODE}</s>", CODE),
    ("inline.whole", "It is `def f(x): return x + 1`.", "def f(x): return x + 1"),
    ("quotation.whole", "> " + CODE.replace("\n", "\n> "), CODE),
    ("spaces.whole", CODE.replace("    ", "\u00a0   "), CODE),
    ("spaces.whole", f"\ufeff{CODE}", CODE),
    (
        "first_line.whole",
        "import re\n  def f(x):\n      return x",
        "import re\ndef f(x):\n    return x",
    ),
    # a draft in a thought does not count beside an answer, and does without one
    ("fence", f"<think>\n```\n{CODE}0\n```\n</think>\n```\n{CODE}\n```", CODE),
    ("whole", f"<think>def f(x): return 0</think>{CODE}", CODE),
    ("fence", f"<think>\n```\n{CODE}\n```\n</think>\nAs above.", CODE),
]


@pytest.mark.parametrize(("rule", "text", "code"), WRAPPED)
def test_wrapped_code(rule: str, text: str, code: str) -> None:
    found = extract(text, F, None)
    assert isinstance(found, Found), found
    assert (found.rule, found.code.strip()) == (rule, code)


def test_a_wrapped_body_continues_the_prompt() -> None:
    for text in ("Answer: return x + 1", '{"code": "    return x + 1"}'):
        found = extract(text, F, STUB)
        assert isinstance(found, Found), found
        assert found.code == f"{STUB}    return x + 1"


# (rule, answer, what of it is the code): a head without a body, and one with
HOLLOW = [
    ("fence", f'```\ndef f(x):\n    """Add."""\n```\nSo:\n```\n{CODE}\n```', CODE),
    ("fence", f"```\n{CODE}\n```\nof\n```\ndef f(x):\n    ...\n```", CODE),
    ("fence", "```\ndef f(x): pass\n```\nThat's it.", "def f(x): pass"),
    ("whole", "def f(x):\n    raise NotImplementedError", None),
]


@pytest.mark.parametrize(("rule", "text", "code"), HOLLOW)
def test_a_head_without_a_body_counts_if_there_is_no_other(
    rule: str, text: str, code: str | None
) -> None:
    found = extract(text, F, None)
    assert isinstance(found, Found), found
    assert (found.rule, found.code.strip()) == (rule, code or text)


def test_a_head_without_a_body_is_no_body_of_its_prompt() -> None:
    text = "def f(x):\n    pass"
    assert extract(text, F, STUB) == Found(text, "whole")


def test_a_class_of_heads_gives_way_to_one_of_methods() -> None:
    heads = "class S:\n    def a(self):\n        '''A.'''\n    def b(self): ...\n"
    whole = "class S:\n    def a(self):\n        return 1\n    def b(self): ...\n"
    text = f"```\n{heads}```\nDone:\n```\n{whole}```"
    assert extract(text, EntryPoint("S"), None) == Found(whole.strip(), "fence")


# answers that hold no code, however one turns them
NO_CODE = [
    json.dumps({"answer": "I don't know."}),
    json.dumps({"code": "def g(x):\n    return x"}),
    '{"code": 3}',
    '{"code": "def f(x):\\n    return x +"}',
    "<p>Use <code>f(x)</code>.</p>",
    ">>> f(1)\n2",
    # examples in a docstring are no session of an interpreter
    'def f(x):\n    """\n    >>> def f(x): return 1\n    """\n    return (',
    "1. Define f.\n2. Return x + 1.",
    "1 def f(x):\n3     return x\n7     return y",
    "Answer: 42",
    "[PYTHON]f(1)[/PYTHON]",
    "Call `f(1)` and use `return x`.",
    "> Write def f(x).",
    # no line inside a block is ever moved
    "import re\n  def f(x):\n  return x",
    "def f(x):\n    y = x\n   return y",
    "1: def f(x):\n2: return x",
    "def f(x):\u00a0\nreturn x",
]


@pytest.mark.parametrize("text", NO_CODE)
def test_no_code(text: str) -> None:
    assert isinstance(extract(text, F, None), Missing)


# programs of which no part may be taken for a wrapping
PLAIN = [
    f"{CODE}\n# Answer: {CODE.splitlines()[0]}",
    'def f(x):\n    return \'{"code": "def f(x): return 0"}\'',
    "def f(x):\n    return '<code>def f(x): return 0</code>&lt;'",
    "def f(x):\n    '''\n    >>> f(1)\n    2\n    '''\n    return x",
    "def f(x):\n    '''[PYTHON]def f(x): return 0[/PYTHON]'''\n    return x",
    "def f(line):\n    return line == 'data: [DONE]'",
    "def f(x):\n    return x.split('</s>')",
    "def f(x):\n    return 1\nf",
    "from m import *\ndef f(x):\n    return 1\ng",
]


@pytest.mark.parametrize("code", PLAIN)
def test_what_is_code_as_it_stands_is_left_as_it_stands(code: str) -> None:
    assert extract(code, F, None) == Found(code, "whole")
    assert extract(f"```python\n{code}\n```", F, None) == Found(code, "fence")


# (answer, the program), no entry point: a script
SCRIPTS = [
    ('{"code": "print(int(input()))"}', "print(int(input()))"),
    ("[PYTHON]print(input())[/PYTHON]", "print(input())"),
    (">>> n = input()\n>>> print(n)", "n = input()\nprint(n)"),
    ("Sure", None),
    ('{"answer": 42}', None),
    ("42", None),
]


@pytest.mark.parametrize(("text", "code"), SCRIPTS)
def test_scripts(text: str, code: str | None) -> None:
    found = extract(text, None, None)
    assert (found.code if isinstance(found, Found) else None) == code


PIECES = [
    *("{", '{"code":"', '{"a":', "[[", '"', "\\n", "<code>", "<pre>", "<br>", "&lt;"),
    *(">>> ", "... \n", "1. ", "1.\n", "Answer: ", "Answer: x\n", "[PYTHON]", "[DONE]"),
    *("</think>", "<|", "`def f(x): ", "> ", " \n", "\u00a0"),
]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("name", REWRITINGS)
def test_any_text_is_rewritten_in_no_time(name: str, piece: str) -> None:
    """An expression that goes back and forth would take minutes on these."""
    text = piece * (100_000 // len(piece))
    assert sum(1 for _ in rewritten(name, text)) <= 10
