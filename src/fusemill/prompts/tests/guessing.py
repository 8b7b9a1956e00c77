"""Which unannotated parameters are nodes: what the reference does with them says it.

def depth(root):                    root is a tree: it has a `left`
    return 1 + max(depth(root.left), depth(root.right)) if root else 0

def depth(root):                    so is this one, by its name: something has
    return walk(root, 0)            a `left`, and trees are called `root`
"""

import ast
import re
from typing import Literal

from fusemill.prompts.tests.reference import parsed

Kind = Literal["_linked", "_tree", "own", ""]

# Nobody calls a list of numbers so. Shorter names need words of the statement too.
_LINKED_NAME = re.compile(r"head[a-z0-9]?|l[12]", re.IGNORECASE)
_TREE_NAME = re.compile(r"(?:sub|new)?_?root_?[a-z0-9]?|tree_?[a-z0-9]?", re.IGNORECASE)
_MAYBE_LINKED = re.compile(r"list[12s]|node", re.IGNORECASE)
_MAYBE_TREE = re.compile(r"[pqst][12]?", re.IGNORECASE)
_SAYS_LINKED = re.compile(r"linked[- ]list|\bListNode\b|链表", re.IGNORECASE)
_SAYS_TREE = re.compile(r"\btree\b|\bBST\b|\bTreeNode\b|二叉", re.IGNORECASE)
_NEXT = re.compile(r"\.next\b")
_BRANCH = re.compile(r"\.(?:left|right)\b")
_OWN = frozenset({"child", "children", "neighbors", "random", "quadrants"})
"""Attributes of nodes that no list of values stands for here."""


def guessed_node(name: str, statement: str, code: str) -> Kind:
    """The helper that builds the parameter's values, "" for plain ones.

    "own": a node of another kind, which none builds.

    >>> guessed_node("a", "", "def f(a):\\n    while a:\\n        a = a.next")
    '_linked'
    >>> guessed_node("root", "", "def f(root):\\n    return len(root)")
    ''
    """
    used = _attributes(name, code)
    if used & _OWN:
        return "own"
    if used & {"left", "right"}:
        return "_tree"
    if "next" in used:
        return "_linked"
    if _NEXT.search(code) and _is_called(
        name, statement, _LINKED_NAME, _MAYBE_LINKED, _SAYS_LINKED
    ):
        return "_linked"
    if _BRANCH.search(code) and _is_called(
        name, statement, _TREE_NAME, _MAYBE_TREE, _SAYS_TREE
    ):
        return "_tree"
    return ""


def _is_called(
    name: str,
    statement: str,
    sure: re.Pattern[str],
    maybe: re.Pattern[str],
    said: re.Pattern[str],
) -> bool:
    if sure.fullmatch(name):
        return True
    return maybe.fullmatch(name) is not None and said.search(statement) is not None


def _attributes(name: str, code: str) -> set[str]:
    """Attributes that functions with this parameter read of it or of copies of it."""
    tree = parsed(code)
    if tree is None:
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and name in _parameters(node):
            names = _copies(name, node)
            found |= {
                one.attr
                for one in ast.walk(node)
                if isinstance(one, ast.Attribute)
                and isinstance(one.value, ast.Name)
                and one.value.id in names
            }
    return found


def _parameters(node: ast.FunctionDef) -> set[str]:
    return {argument.arg for argument in (*node.args.posonlyargs, *node.args.args)}


def _copies(name: str, node: ast.FunctionDef) -> set[str]:
    """Names that are the parameter: ``slow = fast = head``, ``a, b = head, None``."""
    names = {name}
    for one in ast.walk(node):
        if not isinstance(one, ast.Assign):
            continue
        for target in one.targets:
            names |= {
                left.id
                for left, right in _pairs(target, one.value)
                if isinstance(left, ast.Name)
                and isinstance(right, ast.Name)
                and right.id in names
            }
    return names


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]
