"""Calls as worked examples describe them: of a function, or of a class's methods.

Input: head = [1,2,3]              f(_linked([1, 2, 3]))
Input: ["Stack","push","pop"]      stack = Stack()
       [[],[5],[]]                 stack.push(5)
Output: [null,null,5]              assert stack.pop() == 5
"""

import re
from dataclasses import dataclass

from fusemill.prompts.tests.comparing import comparison
from fusemill.prompts.tests.examples import Example
from fusemill.prompts.tests.guessing import guessed_node
from fusemill.prompts.tests.literals import Unreadable, Value
from fusemill.prompts.tests.nodes import LINKED, PLAIN, TREE
from fusemill.prompts.tests.reference import Entry, Parameter

# A list comes out in any order; said of what is returned, not of what is done.
_ANY_ORDER = re.compile(
    r"\b(?:return|returned|output|list|print|answer)\b[^.\n]{0,200}\bany order\b"
    r"|\border\b[^.\n]{0,100}\b(?:output|returned?|answer|result)\b[^.\n]{0,100}"
    r"\b(?:does|do)(?: not|n't) matter"
    r"|任[意何](?:的)?顺序[^。\n]{0,6}返回|返回[^。\n]{0,30}任[意何](?:的)?顺序"
    r"|不考虑[^。\n]{0,12}顺序",
    re.IGNORECASE,
)
_IN_PLACE = re.compile(
    r"\bin[- ]place\b|\bdo(?: not|n't) return anything|原地|不要返回任何", re.IGNORECASE
)
_OWN_NODE = re.compile(r"\bNode\b|\bNestedInteger\b|\bInterval\b")


@dataclass(frozen=True)
class Problem:
    """What an example's test depends on besides the example."""

    text: str  # the plain statement
    code: str  # of the reference
    entry: Entry


@dataclass(frozen=True)
class _Argument:
    source: str
    is_node: bool = False
    is_list: bool = False  # may be changed in place


def test_of(example: Example, problem: Problem) -> str:
    """One test, a text that stands alone; Unreadable says why there is none."""
    if problem.entry.kind == "class":
        body = _operations(example, problem)
    else:
        body = _call(example, problem)
    helpers = {"_linked(": LINKED, "_tree(": TREE, "_plain(": PLAIN}
    needed = [text for mark, text in helpers.items() if mark in body]
    return "\n\n".join([*needed, body])


def _call(example: Example, problem: Problem) -> str:
    entry, expected = problem.entry, example.output
    given = _arguments(example.inputs, problem, entry.parameters)
    sources = [argument.source for argument in given]
    call = f"{entry.call}({', '.join(sources)})"
    has_nodes = any(a.is_node for a in given) or _node_kind(entry.returns or "") != ""
    if not entry.parameters or not entry.returns:
        has_nodes |= bool(re.search(r"\b(?:ListNode|TreeNode)\(", problem.code))
    changed = next((i for i, a in enumerate(given) if a.is_node or a.is_list), None)
    in_place = not entry.gives_back or _IN_PLACE.search(problem.text) is not None
    lines: list[str] = []
    if in_place and changed is not None and isinstance(expected, list):
        lines.append(f"given = {sources[changed]}")
        sources[changed] = "given"
        lines.append(f"got = {entry.call}({', '.join(sources)})")
        call = "(given if got is None else got)"
    elif not entry.gives_back:
        raise Unreadable("the reference returns nothing")
    if has_nodes:
        call = f"_plain({call})"
        if isinstance(expected, list):
            call = f"({call} or [])"  # no node at all is the empty list
    any_order = _ANY_ORDER.search(problem.text) is not None
    return "\n".join([*lines, comparison(call, expected, any_order=any_order)])


def _arguments(
    inputs: tuple[tuple[str | None, Value], ...],
    problem: Problem,
    parameters: tuple[Parameter, ...],
) -> list[_Argument]:
    """Arguments in the order of the parameters: by name where all names agree."""
    n_required = sum(not p.has_default for p in parameters)
    if not n_required <= len(inputs) <= len(parameters):
        raise Unreadable(f"inputs: {len(inputs)}, parameters: {len(parameters)}")
    by_name = dict(inputs)
    names = [p.name for p in parameters[: len(inputs)]]
    values = (
        [by_name[name] for name in names]
        if set(names) == set(by_name)
        else [value for _, value in inputs]
    )
    taken = parameters[: len(inputs)]
    return [_argument(p, v, problem) for p, v in zip(taken, values, strict=True)]


def _argument(parameter: Parameter, value: Value, problem: Problem) -> _Argument:
    kind = _node_kind(parameter.annotation)
    if kind == "own":
        raise Unreadable(f"a structure of its own: {parameter.annotation}")
    if not parameter.annotation and isinstance(value, list):
        kind = guessed_node(parameter.name, problem.text, problem.code)
        if kind == "own":
            raise Unreadable(f"a structure of its own: {parameter.name}")
    if not kind:
        return _Argument(repr(value), is_list=isinstance(value, list))
    if value is None:
        return _Argument("None", is_node=True)
    if not isinstance(value, list):
        raise Unreadable("a node given by its value")
    if value and all(isinstance(one, list) for one in value):
        many = ", ".join(f"{kind}({one!r})" for one in value)
        return _Argument(f"[{many}]", is_node=True)
    return _Argument(f"{kind}({value!r})", is_node=True)


def _node_kind(annotation: str) -> str:
    """The helper that builds what is annotated: "" for plain values."""
    if "ListNode" in annotation:
        return "_linked"
    if "TreeNode" in annotation:
        return "_tree"
    return "own" if _OWN_NODE.search(annotation) else ""


def _operations(example: Example, problem: Problem) -> str:
    """Calls of a class's methods in order; a result of `null` is not looked at."""
    entry, results = problem.entry, example.output
    values = [value for _, value in example.inputs]
    if len(values) != 2 or not all(isinstance(v, list) for v in [*values, results]):
        raise Unreadable("no sequence of operations on the class")
    names, arguments = values
    if not len(names) == len(arguments) == len(results) or names[:1] != [entry.call]:
        raise Unreadable(f"no sequence of operations on {entry.call}")
    unknown = [name for name in names[1:] if name not in entry.methods]
    if unknown or not all(isinstance(a, list) for a in arguments):
        raise Unreadable(
            f"the reference has no method {unknown[0] if unknown else '?'}"
        )
    first = tuple((None, value) for value in arguments[0])
    made = ", ".join(a.source for a in _arguments(first, problem, entry.parameters))
    lines = [f"made = {entry.call}({made})"]
    for name, given, result in zip(names[1:], arguments[1:], results[1:], strict=True):
        call = f"made.{name}({', '.join(map(repr, given))})"
        lines.append(call if result is None else comparison(call, result))
    if not any("assert" in line for line in lines):
        raise Unreadable("no operation of the example has a result")
    return "\n".join(lines)
