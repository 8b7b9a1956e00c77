"""Worked examples of statements become assertions, or a reason why not."""

import ast
from typing import Any

import pytest

from fusemill.prompts.tests import Extracted, NoTests, Raw, extract
from fusemill.prompts.tests.literals import Unreadable, named_values, value_of
from fusemill.prompts.tests.nodes import LINKED, PLAIN, TREE
from fusemill.prompts.tests.plain import plain

TWO_SUM = "def twoSum(nums, target):\n    return [0, 1]\n"
PLAIN_STATEMENT = """\
Given an array of integers, return indices of the two numbers that add up to target.

Example 1:

Input: nums = [2,7,11,15], target = 9
Output: [0,1]
Explanation: Because nums[0] + nums[1] == 9, we return [0, 1].

Example 2:

Input: nums = [3,-2,4], target = 2
Output: [1,2]

Constraints:

2 <= nums.length <= 10^4
"""
MARKDOWN_STATEMENT = r"""
Given an array of integers `nums`, return _indices of the two numbers_ that add up.

**Example 1:**

![](https://assets.example.org/uploads/2021/a.jpg)

**Input:** nums = \[2,7,11,15\], target = 9
**Output:** \[0,1\]
**Explanation:** Because nums\[0\] + nums\[1\] == 9, we return \[0, 1\].

**Example 2:**

**Input:** nums = \[3,-2,4\], target = 2
**Output:** \[1,2\]

**Constraints:**

*   `2 <= nums.length <= 104`
"""
HTML_STATEMENT = """
<p>Given an array of integers <code>nums</code>, return <em>indices</em>.</p>
<p><strong class="example">Example 1:</strong></p>
<pre>
<strong>Input:</strong> nums = [2,7,11,15], target = 9
<strong>Output:</strong> [0,1]
<strong>Explanation:</strong> Because nums[0] + nums[1] == 9, we return [0, 1].
</pre>
<p><strong class="example">Example 2:</strong></p>
<div class="example-block">
<p><strong>Input:</strong>
<span class="example-io">nums = [3,-2,4], target = 2</span></p>
<p><strong>Output:</strong> <span class="example-io">[1,2]</span></p>
</div>
<p><strong>Constraints:</strong></p>
<ul><li><code>2 &lt;= nums.length &lt;= 10<sup>4</sup></code></li></ul>
"""
CHINESE_STATEMENT = """\
给你一个整数数组 nums 和一个整数 target ，返回两个下标。

示例 1：

输入：nums = [2,7,11,15], target = 9
输出：[0,1]
解释：因为 nums[0] + nums[1] == 9 ，返回 [0, 1] 。

示例 2：

输入：nums = [3,-2,4], target = 2
输出：[1,2]

提示：

2 <= nums.length <= 104
"""


def assertions(
    statement: str, reference: str, *, named: str | None = None
) -> tuple[str, ...]:
    found = extract("worked_examples", Raw(statement, reference, reference, named))
    assert isinstance(found, Extracted), found
    return found.tests


def reason(statement: str, reference: str, named: str | None = None) -> str:
    found = extract("worked_examples", Raw(statement, reference, reference, named))
    assert isinstance(found, NoTests), found
    return found.why


@pytest.mark.parametrize(
    "statement",
    [PLAIN_STATEMENT, MARKDOWN_STATEMENT, HTML_STATEMENT, CHINESE_STATEMENT],
    ids=["plain", "markdown", "html", "chinese"],
)
def test_every_notation_gives_the_same_assertions(statement: str) -> None:
    assert assertions(statement, TWO_SUM) == (
        "assert twoSum([2, 7, 11, 15], 9) == [0, 1]",
        "assert twoSum([3, -2, 4], 2) == [1, 2]",
    )


def one(given: str, wanted: str, reference: str, before: str = "") -> str:
    statement = f"{before}\n\nExample 1:\n\nInput: {given}\nOutput: {wanted}\n"
    (test,) = assertions(statement, reference)
    return test


# --- values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-17", -17),
        ("2.00000", 2.0),
        ("1e5", 100000.0),
        ("true", True),
        ("null", None),
        ('"a, b = c"', "a, b = c"),
        ("'x'", "x"),
        (r'"a\\b\"c"', 'a\\b"c'),
        ('""', ""),
        ("[]", []),
        ('[1,null,[2,"x"],true]', [1, None, [2, "x"], True]),
        ("[\n [1, 2],\n [3]\n]", [[1, 2], [3]]),
        ("5.", 5.0),
        ("[1,2].", [1, 2]),
        ("7\nbecause it is.", 7),
    ],
)
def test_values_read(text: str, value: Any) -> None:
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tail connects to node index 1",
        "2, nums = [2,2,_,_]",
        "[1,2,_]",
        "[1,2",
        '"abc',
        "ABC",
        "1 or 2",
        "9" * 5000,
        "1e999",
        "[" * 100_000,
        "3x",
    ],
)
def test_other_texts_are_no_values(text: str) -> None:
    with pytest.raises(Unreadable):
        value_of(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("121", [(None, 121)]),
        ("nums1 = [1, 3]\nnums2 = [2]", [("nums1", [1, 3]), ("nums2", [2])]),
        ('s = "a", k = 2', [("s", "a"), ("k", 2)]),
        ('["L","get"]\n[[],[1]]', [(None, ["L", "get"]), (None, [[], [1]])]),
        ("word: “ab”", [("word", "ab")]),
    ],
)
def test_inputs_read(text: str, expected: list[tuple[str | None, Any]]) -> None:
    assert named_values(text) == expected


# --- statements -----------------------------------------------------------------------


def test_plain_text_is_left_alone() -> None:
    text = 'Input: s = "a**b", p = "\\\\[x"\nOutput: 1 < 2 and 3 > 2'
    assert plain(text) == text


def test_what_stands_in_a_fence_is_no_markdown() -> None:
    text = '**Example:**\n```\nInput: s = "a\\\\*b"\n```'
    assert plain(text) == 'Example:\nInput: s = "a\\\\*b"'


def test_the_exports_space_before_closing_quotes_is_taken_off() -> None:
    f = "def f(s, t):\n    return s\n"
    assert one('s = "abc ", t = ""', '"c "', f) == "assert f('abc', '') == 'c'"


def test_a_space_that_only_some_texts_have_stays() -> None:
    f = "def f(s, t):\n    return s\n"
    assert one('s = "abc ", t = "b"', '"c "', f) == "assert f('abc ', 'b') == 'c '"


def test_marks_on_one_line_and_lists_over_several() -> None:
    f = "def f(grid):\n    return 1\n"
    text = "Input: grid = [\n  [1,2],\n  [3,4]\n] Output: 1 Explanation: Output: 9"
    assert assertions(text, f) == ("assert f([[1, 2], [3, 4]]) == 1",)


def test_equal_examples_are_one_test() -> None:
    text = "Input: n = 1\nOutput: 2\n\nInput: n = 1\nOutput: 2\n"
    assert len(assertions(text, "def f(n):\n    return 2\n")) == 1


def test_an_example_that_cannot_be_read_loses_only_itself() -> None:
    text = "Input: n = 1\nOutput: 2\n\nInput: n = x\nOutput: 2\n"
    found = extract("worked_examples", Raw(text, "def f(n): return 2", "f"))
    assert isinstance(found, Extracted)
    assert found.tests == ("assert f(1) == 2",)
    assert len(found.lost) == 1


# --- calls ----------------------------------------------------------------------------


def test_arguments_by_name_where_all_agree_else_in_order() -> None:
    f = "def f(a, b):\n    return a\n"
    assert one("b = 1, a = 2", "3", f) == "assert f(2, 1) == 3"
    assert one("x = 1, y = 2", "3", f) == "assert f(1, 2) == 3"
    assert one("1, 2", "3", f) == "assert f(1, 2) == 3"


def test_method_of_solution() -> None:
    code = "class Solution:\n    def f(self, n: int) -> bool:\n        return True\n"
    assert one("n = 1", "true", code) == "assert Solution().f(1) == True"


def test_methods_that_lost_their_class_get_it_back() -> None:
    code = "def f(self, n):\n    return self.g(n)\n\ndef g(self, n):\n    return n\n"
    found = extract("worked_examples", Raw("Input: n = 1\nOutput: 1", code, "f"))
    assert isinstance(found, Extracted)
    assert found.entry_point == "Solution().f"
    assert found.tests == ("assert Solution().f(1) == 1",)
    solution = ast.parse(found.reference).body[0]
    assert isinstance(solution, ast.ClassDef)
    assert [n.name for n in solution.body if isinstance(n, ast.FunctionDef)] == [
        "f",
        "g",
    ]


def test_the_last_function_is_called_unless_the_set_names_one() -> None:
    code = "def helper(n):\n    return n\n\ndef f(n):\n    return helper(n)\n"
    assert one("n = 1", "1", code) == "assert f(1) == 1"
    text = "Input: n = 1\nOutput: 1"
    assert assertions(text, code, named="helper") == ("assert helper(1) == 1",)


def test_reference_in_a_fence_among_text() -> None:
    reference = (
        "\n    ```python\ndef f(n):\n    return n\n```\n    \n    It is simple.\n"
    )
    found = extract("worked_examples", Raw("Input: n = 1\nOutput: 1", reference, "f"))
    assert isinstance(found, Extracted)
    assert found.reference == "def f(n):\n    return n\n"


def test_fractions_have_a_tolerance() -> None:
    f = "def f(n):\n    return n\n"
    assert one("n = 1", "2.50000", f) == "assert abs(f(1) - 2.5) <= 1e-05"
    assert one("n = 1", "[1.5,2]", f) == (
        "got = f(1)\nexpected = [1.5, 2]\nassert len(got) == len(expected)\n"
        "assert all(abs(a - b) <= 1e-05 for a, b in zip(got, expected))"
    )


@pytest.mark.parametrize(
    "said",
    [
        "You may return the answer in any order.",
        "Notice that the order of the output and of the triplets does not matter.",
        "你可以按任意顺序返回答案。",
    ],
)
def test_lists_in_any_order_are_compared_sorted(said: str) -> None:
    f = "def f(n):\n    return n\n"
    assert one("n = 1", "[3,1]", f, said) == "assert sorted(f(1), key=repr) == [1, 3]"
    parts = "(sorted(part, key=repr) for part in f(1))"
    assert one("n = 1", "[[3,1],[2]]", f, said) == (
        f"assert sorted({parts}, key=repr) == [[1, 3], [2]]"
    )
    # Permutations: only the order inside tells the parts apart.
    assert one("n = 1", "[[2,1],[1,2]]", f, said) == (
        "assert sorted(f(1), key=repr) == [[1, 2], [2, 1]]"
    )


def test_an_order_of_doing_is_none_of_the_answer() -> None:
    f = "def f(n):\n    return n\n"
    said = "You can order the deck in any order you want."
    assert one("n = 1", "[3,1]", f, said) == "assert f(1) == [3, 1]"


def test_changed_in_place() -> None:
    f = "def f(nums, k):\n    nums.reverse()\n"
    assert one("nums = [1,2], k = 1", "[2,1]", f) == (
        "given = [1, 2]\ngot = f(given, 1)\n"
        "assert (given if got is None else got) == [2, 1]"
    )


# --- nodes ----------------------------------------------------------------------------

ANNOTATED = """\
class Solution:
    def f(self, {given}) -> {back}:
        return head
"""


def test_annotated_nodes_are_built_and_read_back() -> None:
    code = ANNOTATED.format(
        given="head: Optional[ListNode], k: int", back="Optional[ListNode]"
    )
    assert one("head = [1,2], k = 2", "[2,1]", code) == (
        f"{LINKED}\n\n{PLAIN}\n\n"
        "assert (_plain(Solution().f(_linked([1, 2]), 2)) or []) == [2, 1]"
    )
    code = ANNOTATED.format(given="lists: List[Optional[ListNode]]", back="int")
    assert one("lists = [[1],[2,3]]", "3", code).endswith(
        "assert _plain(Solution().f([_linked([1]), _linked([2, 3])])) == 3"
    )
    code = ANNOTATED.format(given="root: Optional[TreeNode]", back="int")
    assert one("root = [1,null,2]", "2", code).startswith(f"{TREE}\n\n{PLAIN}\n\n")


# A reference without annotations, its statement's words, and what builds [1, 2].
UNANNOTATED = [
    ("def f(root):\n    return root.left", "the root of a binary tree", "_tree"),
    # without a word of the statement: its use says it, or its name and some use
    ("def f(root):\n    return root.left", "", "_tree"),
    ("def f(a):\n    return a.right", "", "_tree"),
    ("def f(a):\n    b = a\n    return b.left", "", "_tree"),
    ("def f(head):\n    slow = fast = head\n    return fast.next", "", "_linked"),
    ("def f(a):\n    b, c = a, None\n    return b.next", "", "_linked"),
    ("def f(l1):\n    return g(l1)\n\ndef g(n):\n    return n.next", "", "_linked"),
    ("def f(root):\n    def g(n): return n.left\n    return g(root)", "", "_tree"),
    ("def f(head):\n    return g(head)\n\ndef g(n): return n.next", "", "_linked"),
    ("def f(tree):\n    return g(tree)\n\ndef g(n): return n.left", "", "_tree"),
    # short names need the statement where the parameter itself is only handed on
    ("def f(p):\n    return g(p)\n\ndef g(n): return n.left", "two trees", ""),
    ("def f(p):\n    return g(p)\n\ndef g(n): return n.left", "a binary tree", "_tree"),
    ("def f(p):\n    return g(p)\n\ndef g(n): return n.left", "", ""),
    # plain lists, whatever they are called
    ("def f(root):\n    return len(root)", "the root of a binary tree", ""),
    ("def f(head):\n    return head[0]", "a linked list", ""),
    ("def f(nums):\n    return g(nums)\n\ndef g(n): return n.left", "a tree", ""),
]


@pytest.mark.parametrize(("code", "said", "kind"), UNANNOTATED)
def test_nodes_without_annotation(code: str, said: str, kind: str) -> None:
    name = code.partition("(")[2].partition(")")[0]
    order = [line for line in code.split("\n\n") if line.startswith("def f(")]
    rest = [line for line in code.split("\n\n") if not line.startswith("def f(")]
    test = one(f"{name} = [1,2]", "1", "\n\n".join([*rest, *order]), said)
    assert (f"f({kind}([1, 2]))" if kind else "f([1, 2])") in test


def test_a_node_with_other_links_is_not_made_up() -> None:
    code = "def f(head):\n    return head.random if head.next else None"
    assert "structure of its own: head" in reason(
        "Input: head = [[7,null]]\nOutput: 1", code
    )


def run(code: str) -> dict[str, Any]:
    """Run code of our own: the helpers that tests carry."""
    classes = (
        "class ListNode:\n    def __init__(self, x): self.val, self.next = x, None\n"
        "class TreeNode:\n    def __init__(self, x): self.val = x\n"
    )
    names: dict[str, Any] = {}
    exec(classes + code, names)
    return names


@pytest.mark.parametrize(
    "values",
    [[], [1], [1, 2, 3], [1, None, 2, 3], [5, 4, 8, 11, None, 13, 4, 7, 2, None, 1]],
)
def test_trees_come_back_as_they_went_in(values: list[int | None]) -> None:
    helpers = run(TREE + PLAIN)
    root = helpers["_tree"](values)
    assert (helpers["_plain"](root) or []) == values


def test_tree_of_a_written_out_example() -> None:
    # LeetCode's own picture of [3,9,20,null,null,15,7]: 15 and 7 hang below 20.
    root = run(TREE)["_tree"]([3, 9, 20, None, None, 15, 7])
    assert (root.left.val, root.right.val) == (9, 20)
    assert (root.left.left, root.left.right) == (None, None)
    assert (root.right.left.val, root.right.right.val) == (15, 7)


def test_linked_lists_and_what_is_no_node() -> None:
    helpers = run(LINKED + PLAIN)
    head = helpers["_linked"]([1, 2])
    assert (head.val, head.next.val, head.next.next) == (1, 2, None)
    plain_of = helpers["_plain"]
    assert plain_of(head) == [1, 2]
    assert plain_of([head, None, (3, "x")]) == [[1, 2], None, [3, "x"]]
    head.next.next = head  # a cycle ends
    assert len(plain_of(head, 10)) == 10


# --- classes --------------------------------------------------------------------------

STACK = """\
class MinStack:
    def __init__(self, size):
        self.items = []
    def push(self, x): self.items.append(x)
    def top(self): return self.items[-1]
    def mean(self): return 0.5
"""


def test_operations_on_a_class_are_one_test() -> None:
    text = (
        'Input\n["MinStack","push","top","mean"]\n[[3],[5],[],[]]\n\n'
        "Output\n[null,null,5,0.50000]\n\nExplanation\nMinStack made = ..."
    )
    assert assertions(text, STACK) == (
        "made = MinStack(3)\nmade.push(5)\nassert made.top() == 5\n"
        "assert abs(made.mean() - 0.5) <= 1e-05",
    )


@pytest.mark.parametrize(
    ("operations", "why"),
    [
        ('["Other"]\n[[3]]\n\nOutput\n[null]', "no sequence of operations on MinStack"),
        ('["MinStack","pop"]\n[[3],[]]\n\nOutput\n[null,1]', "no method pop"),
        ('["MinStack","push"]\n[[3],[1]]\n\nOutput\n[null,null]', "has a result"),
        ("n = 3\nOutput: 3", "no sequence of operations"),
    ],
)
def test_operations_that_do_not_fit(operations: str, why: str) -> None:
    assert why in reason(f"Input\n{operations}\n", STACK)


# --- no tests -------------------------------------------------------------------------

F = "def f(n):\n    return n\n"


@pytest.mark.parametrize(
    ("statement", "reference", "why"),
    [
        ("Nothing here.", F, "no worked example"),
        ("Input: n = 1\n\nAnd that is all.", F, "no worked example"),
        ("Input: n = 1\nOutput: 1", "```python\n\n```", "holds no Python"),
        ("Input: n = 1\nOutput: 1", "no code", "holds no Python"),
        ("Input: n = 1, m = 2\nOutput: 1", F, "inputs: 2, parameters: 1"),
        ("Input: n = 1\nOutput: 1", "def f(n): pass", "returns nothing"),
        ("Return any of them.\nInput: n = 1\nOutput: 1", F, "several answers"),
        ("如有多种，返回任意一个。\n输入：n = 1\n输出：1", F, "several answers"),
        (
            "Input: p = 5\nOutput: 1",
            "def f(p: TreeNode):\n    return 1\n",
            "a node given by its value",
        ),
        (
            "Input: root = [1]\nOutput: 1",
            "def f(root: 'Node'):\n    return 1\n",
            "a structure of its own",
        ),
        ("Input: n = 1\nOutput: [[1.5]]", F, "a fraction among other values"),
        ("", F, "no statement"),
        ("Input: n = 1\nOutput: 1", "", "no reference"),
        ("x" * 100_001, F, "more than 100,000 characters"),
    ],
)
def test_why_there_are_no_tests(statement: str, reference: str, why: str) -> None:
    assert why in reason(statement, reference)


def test_what_the_set_names_must_be_there_and_in_the_prompt() -> None:
    text = "Input: n = 1\nOutput: 1"
    assert reason(text, F, "g") == "the reference does not define g"
    assert reason(text, F, "Solution().f") == (
        "the reference does not define Solution().f"
    )
    unnamed = extract("worked_examples", Raw(text, F, "Write a function."))
    assert unnamed == NoTests("the prompt does not name `f`")


@pytest.mark.parametrize(
    "hostile",
    [
        "Input: " * 10_000,
        "Input: n = " + "[" * 50_000 + "\nOutput: 1",
        "**Input:** " + "![" * 40_000,
        "<pre>" + "<" * 50_000,
        "return " * 14_000,
        "Input: n = 1\nOutput: \ud800\x00",
        "```" * 30_000,
    ],
)
def test_hostile_statements_end_in_a_reason(hostile: str) -> None:
    assert reason(hostile, F)
    assert extract("worked_examples", Raw("Input: n = 1\nOutput: 1", hostile, "f"))


def test_hostile_references_end_in_a_reason() -> None:
    for code in (
        "def f(n):\n    return " + "+".join("1" * 10_000),
        "def f(n):\n    return " + "(" * 5_000 + ")" * 5_000,
        "def f(n):\x00 return 1",
        "def f(n): return '\ud800'",
    ):
        found = extract("worked_examples", Raw("Input: n = 1\nOutput: 1", code, "f"))
        assert isinstance(found, Extracted | NoTests)


# --- stubs ----------------------------------------------------------------------------


def test_the_stub_is_the_environment_and_the_signature() -> None:
    code = "class Solution:\n    def f(self, n: int = 2) -> int:\n        return n\n"
    found = extract("worked_examples", Raw("Input: n = 1\nOutput: 1", code, "f"))
    assert isinstance(found, Extracted)
    assert found.stub is not None
    assert found.stub.endswith(
        "\n\nclass Solution:\n    def f(self, n: int=2) -> int:\n"
    )
    assert "class TreeNode:" in found.stub
    compile(found.stub + "        return n\n", "stub", "exec")


def test_the_sets_own_stub_is_kept() -> None:
    raw = Raw("Input: n = 1\nOutput: 1", F, "f", stub="def f(n: int) -> int:")
    found = extract("worked_examples", raw)
    assert isinstance(found, Extracted)
    assert found.stub is not None
    assert found.stub.endswith("\n\ndef f(n: int) -> int:\n")
