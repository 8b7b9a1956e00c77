r"""Inequalities as intervals.

Example row: ``interval('x<1 or x>=2')`` is ``(-\infty,1)\cup[2,\infty)``. One name
and plain bounds; everything else is left to algebra. Input is what `notation.clean`
returns.
"""

import re

_BUILDER = re.compile(
    r"\\\{ ?([a-zA-Z])(?: ?\\in ?R)? ?(?:\\mid(?![a-z])|\||:) ?(.+)\\\}", re.DOTALL
)
_SIGN = re.compile(r"\\le(?![a-z])|\\ge(?![a-z])|\\ne(?![a-z])|<=|>=|!=|<|>")
_PLAIN = {"\\le": "<=", "\\ge": ">=", "\\ne": "!="}
_OR = re.compile(r" ?(?:,? ?\bor\b|,|或) ?|\\cup")
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}


def interval(text: str) -> str | None:
    r"""The set that inequalities in one name describe, None for anything else.

    >>> interval("-2 < x \\le 3"), interval("5 > x")
    ('(-2,3]', '(-\\infty,5)')
    >>> interval("\\{x \\mid x \\ne 2\\}"), interval("x + y > 2")
    ('(-\\infty,2)\\cup(2,\\infty)', None)
    """
    built = _BUILDER.fullmatch(text)
    parts = _OR.split(built[2] if built else text)
    found = [_part(part.strip()) for part in parts]
    names = {one[0] for one in found if one}
    if None in found or len(names) != 1:
        return None
    return "\\cup".join(one[1] for one in found if one)


def _part(text: str) -> tuple[str, str] | None:
    """(name, interval) of ``x < 1`` or ``1 < x < 2``."""
    signs = [_PLAIN.get(sign, sign) for sign in _SIGN.findall(text)]
    sides = [side.strip() for side in _SIGN.split(text)]
    if len(signs) == 2 and _is_name(sides[1]):
        return _between(sides, signs)
    if len(signs) != 1 or _is_name(sides[0]) == _is_name(sides[1]):
        return None
    if _is_name(sides[1]):
        sides, signs = sides[::-1], [_TURNED[signs[0]]]
    name, bound = sides
    if not bound or re.search("[,=]", bound):
        return None
    forms = {
        "<": f"(-\\infty,{bound})",
        "<=": f"(-\\infty,{bound}]",
        ">": f"({bound},\\infty)",
        ">=": f"[{bound},\\infty)",
        "!=": f"(-\\infty,{bound})\\cup({bound},\\infty)",
    }
    return name, forms[signs[0]]


def _between(sides: list[str], signs: list[str]) -> tuple[str, str] | None:
    """``1 < x < 2`` or ``2 > x > 1``."""
    low, name, high = sides
    if {sign[0] for sign in signs} == {">"}:
        low, high = high, low
        signs = [_TURNED[sign] for sign in signs[::-1]]
    if {sign[0] for sign in signs} != {"<"} or not low or not high:
        return None
    opening, closing = "[" if "=" in signs[0] else "(", "]" if "=" in signs[1] else ")"
    return name, f"{opening}{low},{high}{closing}"


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[a-zA-Z]|\\[a-z]+", text) is not None and text != "\\infty"
