r"""Simple formulas, parsed: from cleaned LaTeX or plain text to nested tuples.

Example row: ``parse('2x^{3}')`` is ``('*', 2, ('^', x, 3))``. Input is the text that
`notation.clean` returns. What may be read in two ways is not read at all.
"""

import re
from fractions import Fraction
from typing import Any

from fusemill.verify.mathematics.tables import words

Formula = tuple[Any, ...]
"""(operation, formulas …), ("number", Fraction) or ("letter", name)."""

MAX_TOKENS = 400
MAX_DEPTH = 25

_TOKEN = re.compile(
    r"\\[a-zA-Z]+|[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60}|[a-zA-Z]+|\s+|.",
    re.DOTALL,
)
_GREEK = frozenset(
    words(
        "alpha beta gamma delta epsilon theta lambda mu rho sigma tau phi varphi omega "
        "pi"
    )
)
FUNCTIONS = frozenset(
    words("sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln lg log exp")
)
_OTHER_NAMES = frozenset(words("max min gcd lcm mod det lim sum sgn arg deg dim ker"))
_ONE: Formula = ("number", Fraction(1))
_DEGREE: Formula = ("/", ("letter", "pi"), ("number", Fraction(180)))
_GROUPS = {"(": ")", "[": "]", "{": "}"}
_TWO_ARGUMENTS = {"frac": "/"} | dict.fromkeys(("binom", "dbinom", "tbinom"), "choose")
_NOT_LETTERS = frozenset("fgh")
"""Names of functions before a bracket."""


class Unreadable(Exception):
    """The text is no formula of the simple kind."""


def parse(text: str) -> Formula:
    r"""The formula that `text` is; raises Unreadable for anything else.

    >>> parse("x/2")
    ('/', ('letter', 'x'), ('number', Fraction(2, 1)))
    """
    tokens = [token for token in _TOKEN.findall(text) if not token.isspace()]
    if not tokens or len(tokens) > MAX_TOKENS:
        raise Unreadable
    reader = _Reader(tokens)
    formula = reader.sum(0)
    if reader.next():
        raise Unreadable
    return formula


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        mark = self.next()
        if not mark or (expected and mark != expected):
            raise Unreadable
        self.at += 1
        return mark

    def sum(self, depth: int) -> Formula:
        if depth > MAX_DEPTH:
            raise Unreadable
        sign = self.take() if self.next() in ("+", "-") else "+"
        total = _signed(sign, self.product(depth))
        while self.next() in ("+", "-"):
            sign = self.take()
            total = ("+", total, _signed(sign, self.product(depth)))
        return total

    def product(self, depth: int) -> Formula:
        total = self.power(depth)
        divided = False
        while mark := self.next():
            if mark in ("*", "/"):
                self.take()
                sign = self.take() if self.next() in ("+", "-") else "+"
                total = (mark, total, _signed(sign, self.power(depth)))
                divided = divided or mark == "/"
            elif _starts(mark) and not (divided or mark[0].isdigit()):
                total = ("*", total, self.power(depth))
            elif _starts(mark):
                # 1/2x is a half of x to some, and one over 2x to others; 2 3 is nothing
                raise Unreadable
            else:
                break
        return total

    def power(self, depth: int) -> Formula:
        base = self.atom(depth)
        if base[0] == "number" and self.next() == "\\frac":
            base = ("+", base, _proper(self.atom(depth)))  # a mixed number
        while (mark := self.next()) in ("!", "^", "degrees"):
            self.take()
            if mark == "!":
                base = ("!", base)
            elif mark == "degrees":
                base = ("*", base, _DEGREE)
            else:
                base = ("^", base, self.argument(depth))
                if self.next() == "^":
                    raise Unreadable
        return base

    def argument(self, depth: int) -> Formula:
        """What a command or an exponent applies to."""
        if self.next() == "{":
            return self.group("{", "}", depth)
        if self.next() == "-":
            self.take()
            return _signed("-", self.atom(depth))
        return self.atom(depth)

    def group(self, opening: str, closing: str, depth: int) -> Formula:
        self.take(opening)
        inside = self.sum(depth + 1)
        self.take(closing)
        return inside

    def atom(self, depth: int) -> Formula:
        mark = self.next()
        if mark in _GROUPS:
            return self.group(mark, _GROUPS[mark], depth)
        if mark == "|":
            return ("abs", self.group("|", "|", depth))
        return self.named(self.take(), depth)

    def named(self, mark: str, depth: int) -> Formula:
        """A number, a command with its arguments, or letters."""
        if mark.strip(".").isascii() and mark.strip(".")[:1].isdigit():
            return ("number", Fraction(mark.rstrip(".")))
        name = mark.removeprefix("\\")
        if name == "sqrt":
            return self.root(depth)
        if name in FUNCTIONS:
            return self.function(name, depth)
        if name in _TWO_ARGUMENTS and self.next() == "{":
            first = self.group("{", "}", depth)
            return (_TWO_ARGUMENTS[name], first, self.group("{", "}", depth))
        return self.letters(mark)

    def root(self, depth: int) -> Formula:
        degree: Formula = ("number", Fraction(2))
        if self.next() == "[":
            degree = self.group("[", "]", depth)
        if self.next() not in ("{", "(") and not self.next()[:1].isdigit():
            raise Unreadable
        return ("root", degree, self.argument(depth))

    def function(self, name: str, depth: int) -> Formula:
        r"""``\sin x``, ``\sin^2(x)``, ``\log_{2} 8``; not ``\sin(x) y``."""
        base: tuple[Formula, ...] = ()
        power: tuple[Formula, ...] = ()
        while self.next() in ("_", "^"):
            if self.take() == "^":
                power = (self.argument(depth),)
            elif name == "log":
                base = (self.argument(depth),)
            else:
                raise Unreadable
        if power and power[0] == ("*", ("number", Fraction(-1)), _ONE):
            raise Unreadable  # the inverse function to most, one over it to some
        bracketed = self.next() in _GROUPS
        inside = self.argument(depth) if bracketed else self.run(depth)
        after = self.next()
        other = after.removeprefix("\\") in FUNCTIONS
        if bracketed and not other and (_starts(after) or after in ("^", "!")):
            raise Unreadable
        value: Formula = (name, inside, *base)
        return ("^", value, *power) if power else value

    def run(self, depth: int) -> Formula:
        """The argument of a function without brackets: ``2x``, ``\\frac{x}{2}``."""
        total = self.power(depth)
        while _starts(self.next()) and self.next().removeprefix("\\") not in FUNCTIONS:
            total = ("*", total, self.power(depth))
        return total

    def letters(self, mark: str) -> Formula:
        """One letter, or a product of a few; words are no formulas."""
        name = mark.removeprefix("\\")
        if name in _GREEK:
            letters = [name]
        elif name in _OTHER_NAMES:
            raise Unreadable
        elif mark == name and len(name) <= 3 and name.isascii() and name.isalpha():
            letters = list(name)
        else:
            raise Unreadable
        if self.next() == "_" or (letters[-1] in _NOT_LETTERS and self.next() == "("):
            raise Unreadable
        product: Formula = ("letter", letters[0])
        for letter in letters[1:]:
            product = ("*", product, ("letter", letter))
        return product


def _proper(formula: Formula) -> Formula:
    """The fraction of a mixed number; what else follows a number is unclear."""
    parts = formula[1:]
    if formula[0] == "/" and all(part[0] == "number" for part in parts):
        above, below = (part[1] for part in parts)
        if above < below:
            return formula
    raise Unreadable


def _signed(sign: str, formula: Formula) -> Formula:
    return ("*", ("number", Fraction(-1)), formula) if sign == "-" else formula


_COMMANDS = _GREEK | _TWO_ARGUMENTS.keys() | FUNCTIONS | {"sqrt"}


def _starts(mark: str) -> bool:
    """Whether a factor can begin with this mark, without a sign of multiplication."""
    if mark[:1] == "\\":
        return mark[1:] in _COMMANDS
    return mark[:1].isalnum() or mark[:1] in tuple("([{.")
