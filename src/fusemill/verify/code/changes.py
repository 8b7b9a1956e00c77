"""The second run's tests: what they expect is changed, so that they must fail.

``assert candidate(2) == 4`` may become ``assert candidate(2) == 5``, inside a ``try``
that tells the recorder whether the test held or fell. An answer that computes
its values fails all changed tests. One that returns an object equal to everything, or
that reads what is expected from the frame above it, or that has patched
``assertEqual``, passes where it must not.

The tests come twice. In the first half, as they stand, about every other assertion is
changed, by a hash of the check; in the second half the other ones are, and asserts that
may change places do. The unchanged ones must hold as before: a report that was made up
has to know which. A few assertions about nothing stand in front, some of them false, so
that a check of one assertion has as many ways as others.
"""

import ast
import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass

from fusemill.verify.code.asserts import answered_names, recorder_call, watched
from fusemill.verify.code.literals import How
from fusemill.verify.code.negation import RAISES, Negation, constants
from fusemill.verify.code.stated import expected_names, stated_once


@dataclass(frozen=True)
class Mark:
    """What one assertion must do: fall if `changed`, be reached if `certain`.

    ours: it is one about nothing.
    """

    changed: bool
    certain: bool
    ours: bool = False


@dataclass(frozen=True)
class Half:
    """Tests as one module, and the mark of each assertion by its name in reports."""

    tree: ast.Module
    marks: dict[str, Mark]


N_OURS = 8
"""Assertions about nothing in each half."""


def changed_tests(
    trees: Sequence[ast.Module], seed: int, second: bool, shuffled: bool
) -> Half:
    """The first or the second half. The trees are used up.

    Both halves have the same assertions; each is changed in one of them, save those
    that others build on (``with assertRaises(…) as error``): only in the second, and
    what builds on them in both.
    Marks are empty if there is nothing to change.
    """
    whole = ast.Module([node for tree in trees for node in tree.body], [])
    answered = answered_names(whole)
    changer = _Changer(whole, answered, seed, second)
    changer.shuffled = shuffled
    changer.visit(whole)
    if changer.marks:
        whole.body[:0] = changer.about_nothing()
    # Constants come in the same order as in the first run: who reads the last one
    # from the frame of a test reads what is expected in both.
    return Half(watched(whole, answered), changer.marks)


class _Changer(ast.NodeTransformer):
    """Replaces assertions statement by statement."""

    def __init__(
        self, tests: ast.Module, answered: frozenset[str], seed: int, second: bool
    ) -> None:
        self._answered = answered
        self._seed = seed
        self._second = second
        self._rng = random.Random(f"{seed} {second}")  # noqa: S311 no secret
        self._bits = random.Random(seed)  # noqa: S311 the same in both halves
        self._taken = constants(tests) | {"0", "1"}  # of `about_nothing`
        self._certain = True
        self.shuffled = False
        self.marks: dict[str, Mark] = {}
        self._enter(tests)

    def about_nothing(self) -> list[ast.stmt]:
        """Asserts of two numbers, equal or not."""
        made: list[ast.stmt] = []
        for _ in range(N_OURS):
            left, right = self._rng.choices(range(2), k=2)
            sides = ast.Constant(left), ast.Constant(right)
            test = ast.Compare(sides[0], [ast.Eq()], [sides[1]])
            node = ast.copy_location(ast.Assert(test, None), ast.Pass(lineno=0))
            made.append(self._tried(node, node, Mark(left != right, True, True)))
        return made

    def _enter(self, scope: ast.AST) -> None:
        self._stated = stated_once(scope, self._answered)
        self._caught = _caught(scope)
        self._how: How = "far" if _has_tolerance(scope) else "near"
        self._negation = Negation(self._answered, self._stated, self._rng, self._taken)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        before = self._certain
        self._certain = before and isinstance(node, _STRAIGHT) and not _decorated(node)
        super().generic_visit(node)
        self._certain = before
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                self._shuffle(block)
        return node

    def _shuffle(self, block: list[ast.stmt]) -> None:
        start = 0
        for end in range(len(block) + 1):
            if end == len(block) or not hasattr(block[end], "order_free"):
                run = block[start:end]
                self._rng.shuffle(run)
                block[start:end] = run
                start = end + 1

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        outer = self._stated, self._caught, self._negation, self._how, self._certain
        self._enter(node)
        called = node.name == "check" or node.name.startswith("test")
        leaves = any(isinstance(inner, ast.Return) for inner in ast.walk(node))
        self._certain = self._certain and called and not leaves
        self.generic_visit(node)
        self._stated, self._caught, self._negation, self._how, self._certain = outer
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        self._negation.order_free = False
        test = self._negation.condition(copy.deepcopy(node.test))
        if test is None:
            return node
        changed = self._is_changed(node)
        made = self._marked(ast.Assert(test, None) if changed else node, node, changed)
        if self._negation.order_free and self.shuffled:
            made.order_free = True  # type: ignore[attr-defined]
        return made

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return node
        other = copy.deepcopy(call)
        assert isinstance(other.func, ast.Attribute)
        test = self._negation.call(other, other.func)
        if test is None:
            return node
        changed = self._is_changed(node)
        return self._marked(ast.Expr(test) if changed else node, node, changed)

    def visit_With(self, node: ast.With) -> ast.stmt:
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and call.args and _name(call) in RAISES:
                changed = self._is_changed(node)
                if item.optional_vars is not None:
                    changed = self._second
                if changed:
                    call.args[0] = recorder_call("never")
                return self._marked(node, node, changed)
        self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """``expected = [1, 2]``, where nothing but assertions reads it."""
        target = node.targets[0]
        if isinstance(target, ast.Name) and self._is_stated_changed(target.id):
            node.value = self._negation.other(node.value, self._how)
        return node

    def _is_changed(self, node: ast.stmt) -> bool:
        """Whether this half changes the assertion; with a variable that says it."""
        bit = self._bits.random() < 0.5
        names = self._stated.intersection(expected_names(node, self._answered))
        if names:
            return self._is_stated_changed(min(names))
        if not self._caught.isdisjoint(_names(node)):
            return True  # where its `with` is changed it falls as well
        return bit != self._second

    def _is_stated_changed(self, name: str) -> bool:
        if name not in self._stated:
            return False
        rng = random.Random(f"{self._seed} {name}")  # noqa: S311 no secret
        return (rng.random() < 0.5) != self._second

    def _marked(self, test: ast.stmt, node: ast.stmt, changed: bool) -> ast.Try:
        return self._tried(test, node, Mark(changed, self._certain))

    def _tried(self, test: ast.stmt, node: ast.stmt, mark: Mark) -> ast.Try:
        name = f"{'b' if self._second else 'a'}{len(self.marks)}"
        self.marks[name] = mark
        fell = ast.Expr(recorder_call(f"fell_{name}"))
        held = ast.Expr(recorder_call(f"held_{name}"))
        handler = ast.ExceptHandler(None, None, [fell])
        return ast.copy_location(ast.Try([test], [handler], [held], []), node)


_STRAIGHT = (ast.Module, ast.ClassDef, ast.FunctionDef)


def _decorated(node: ast.AST) -> bool:
    """``@unittest.skip`` and its like: what is below may not be reached."""
    return bool(getattr(node, "decorator_list", []))


def _has_tolerance(scope: ast.AST) -> bool:
    """Whether an assertion of it is ``assertAlmostEqual`` or its like."""
    calls = (node for node in ast.walk(scope) if isinstance(node, ast.Call))
    return any("Almost" in _name(call) for call in calls)


def _name(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", ""))


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _caught(scope: ast.AST) -> frozenset[str]:
    """Names of what ``with assertRaises(…) as error`` has caught."""
    return frozenset(
        item.optional_vars.id
        for node in ast.walk(scope)
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(item.optional_vars, ast.Name)
        and isinstance(item.context_expr, ast.Call)
        and _name(item.context_expr) in RAISES
    )
