r"""Rules for answers of several parts: matrices, lists, unions.

Example row: ``2 and 1`` is ``1, 2``, and ``(2,1)`` is not ``(1,2)``.
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from fusemill.verify.mathematics.intervals import interval
from fusemill.verify.mathematics.judge import Judge, NeedsProof
from fusemill.verify.mathematics.lists import Items, matrix, united
from fusemill.verify.mathematics.single import is_name, sides
from fusemill.verify.mathematics.values import is_readable
from fusemill.verify.mathematics.words import is_formula
from fusemill.verify.mathematics.written import Written, written


def same_matrix(answer: Written, gold: Written, judge: Judge) -> bool | None:
    """Both are matrices, or one a column and the other a tuple: entry by entry."""
    right, given = matrix(gold.plain), matrix(answer.plain)
    if right and given:
        if right[0] != given[0] or [*map(len, right[1])] != [*map(len, given[1])]:
            return False
        return _pairwise(_flat(given[1]), _flat(right[1]), judge)
    if right and (vector := _vector(right, answer)):
        return _pairwise(vector[1], vector[0], judge)
    if given and (vector := _vector(given, gold)):
        return _pairwise(vector[0], vector[1], judge)
    return None


def _flat(rows: list[list[str]]) -> list[str]:
    return [cell for row in rows for cell in row]


def _vector(
    one: tuple[str, list[list[str]]], other: Written
) -> tuple[Sequence[str], Sequence[str]] | None:
    """(entries of a column or row, items of a tuple), None if they are not that."""
    kind, rows = one
    tuple_like = other.items is not None and other.items.brackets in ("()", "[]")
    if kind or 1 not in (len(rows), len(rows[0])) or not tuple_like:
        return None
    assert other.items is not None
    return _flat(rows), other.items.items


def _pairwise(left: Sequence[str], right: Sequence[str], judge: Judge) -> bool:
    """Pair by pair. A pair that differs decides before one that needs a proof."""
    if len(left) != len(right):
        return False
    unsure = False
    for a, b in zip(left, right, strict=True):
        try:
            if not judge.same(a, b):
                return False
        except NeedsProof:
            unsure = True
    if unsure:
        raise NeedsProof
    return True


_TWICE = re.compile(r"([^()]{1,60}) \(([^()]{1,60})\)")


def same_list(answer: Written, gold: Written, judge: Judge) -> bool | None:
    """Both are lists: item by item.

    Order counts in parentheses and brackets (points, intervals) and among words; it
    does not in braces and bare lists of numbers and formulas (roots). A bare list may
    be a tuple whose parentheses were left out. A list is no single number; one answer
    in two forms is: ``1/2 or 0.5``, ``thirteen (13)``.
    """
    if (twice := _TWICE.fullmatch(answer.plain)) and judge.surely(twice[2], twice[1]):
        return judge.same(twice[1], gold.plain)
    one, other = answer.items, gold.items
    if one is None or other is None:
        single = answer if one is None else gold
        several = one or other
        return _against_one(several, single, judge) if several else None
    kinds = {one.brackets, other.brackets}
    if kinds == {"", "()"}:
        one, other = _in_order(one), _in_order(other)
    if len(kinds) > 1 and kinds not in ({"", "{}"}, {"", "()"}):
        return False
    left, right = one.items, other.items
    if kinds == {"{}"}:
        left, right = tuple(dict.fromkeys(left)), tuple(dict.fromkeys(right))
    words = all(item.replace(" ", "").isalpha() for item in right)
    if "()" in kinds or not kinds <= {"", "{}"} or (words and "{}" not in kinds):
        return _pairwise(left, right, judge)
    return _matched(left, right, judge)


_NAMED = re.compile(r"\\?([a-z]+) ?=(?!.*=)")


def _in_order(several: Items) -> Items:
    """``y = 2, x = 1`` by its names, the order of the point that it stands for."""
    named = [_NAMED.match(item) for item in several.items]
    names = [found[1] for found in named if found]
    if several.brackets or len(names) < len(named) or len({*names}) < len(names):
        return several
    by_name = sorted(zip(names, several.items, strict=True))
    return Items("", tuple(item for _, item in by_name))


def _against_one(several: Items, single: Written, judge: Judge) -> bool | None:
    """A list beside what is no list: a set of one is its element, else a difference.

    ``1/2 or 0.5`` is one answer in two forms: its items are all the same.
    """
    if several.brackets == "{}" and len(several.items) == 1:
        return judge.same(several.items[0], single.plain)
    if not several.brackets and _is_repeated(several.items, single, judge):
        return True
    if single.quantity is None:
        return None
    parts = [sides(item) for item in several.items]
    named = all(left and _has_letters(left) for left, _ in parts)
    plain = all(not left and is_formula(written(right).plain) for left, right in parts)
    return False if named or plain else None


def _is_repeated(items: Sequence[str], single: Written, judge: Judge) -> bool:
    """Whether the items are equal, units among them, and one is the single answer."""
    if single.quantity is None and all(map(is_formula, (single.plain, *items))):
        return all(judge.same(item, single.plain) for item in items)
    equal_items = all(judge.surely(item, items[0]) for item in items[1:])
    return equal_items and any(judge.surely(item, single.plain) for item in items)


def _has_letters(left: str) -> bool:
    """Whether the left side of an equation is a formula of letters, or a name."""
    formula = is_name(left) or is_formula(left)
    return formula and re.search("[a-zA-Z]", left) is not None


def _matched(left: Sequence[str], right: Sequence[str], judge: Judge) -> bool:
    """The same items in any order, each as often: first those that are surely equal."""
    if len(left) != len(right):
        return False
    rest, unsure = list(right), []
    for item in sorted(left, key=_place):
        for index, candidate in enumerate(rest):
            if judge.surely(item, candidate):
                del rest[index]
                break
        else:
            unsure.append(item)
    for item in unsure:
        for index, candidate in enumerate(rest):
            if judge.same(item, candidate):
                del rest[index]
                break
        else:
            return False
    return True


def _place(item: str) -> tuple[int, Fraction]:
    """Sort key: numbers first, by value."""
    found = written(sides(written(item).plain)[1]).quantity
    return (1, Fraction(0)) if found is None else (0, found.number)


def same_range(answer: Written, gold: Written, judge: Judge) -> bool | None:
    """One is an inequality or two: as an interval or union, like the other."""
    one, other = interval(answer.plain), interval(gold.plain)
    if one is None and other is None:
        return None
    single = (side.quantity for side in (answer, gold))
    if any(quantity is not None for quantity in single):
        return False
    return judge.same(one or answer.plain, other or gold.plain)


_RELATION = re.compile(r"[<>]|\\(?:[lgn]e|[lg]t|subset|in)(?![a-z])")
_OF_ONE = "value"
_OF_MANY = frozenset({"matrix", "list", "union", "relation"})


def same_shape(answer: Written, gold: Written, _: Judge) -> bool | None:
    """A single value is no list, matrix, union or inequality, and a matrix no list."""
    shapes = {_shape(answer), _shape(gold)}
    if _OF_ONE in shapes and shapes & _OF_MANY:
        return False
    return False if shapes == {"matrix", "list"} else None


def _shape(side: Written) -> str | None:
    """What the formula is on the whole, None where that is not clear."""
    if matrix(side.plain):
        return "matrix"
    if side.items:
        return "list"
    if united(side.plain):
        return "union"
    if _RELATION.search(side.plain):
        return "relation"
    return _OF_ONE if is_readable(side.plain) else None


def same_union(answer: Written, gold: Written, judge: Judge) -> bool | None:
    """Both are unions: part by part, in any order."""
    one, other = united(answer.plain), united(gold.plain)
    return None if one is None or other is None else _matched(one, other, judge)
