r"""Answers in words: a phrase around a number, a phrase around a name.

Example row: ``first_number_in('clyde will pay 12 euros for 5 apples')`` is the number
12. Only what a sentence says at its beginning counts; whoever reads on guesses.
"""

import re

from fusemill.verify.mathematics.endings import NUMBER
from fusemill.verify.mathematics.numbers import Quantity, quantity
from fusemill.verify.mathematics.numerals import last_chinese
from fusemill.verify.mathematics.tables import words
from fusemill.verify.mathematics.units import VALUE_WORDS

_WORD = re.compile(r"[a-z]{2,}|[一-鿿]")
_REMARK = re.compile(r"(?<=[\w%]) ?\((?!or )[^()\\^=]*(?:[a-z]{3}|[一-鿿])[^()\\^=]*\)")
_ORDINAL = re.compile(r"\bthe (?:first|second|third|fourth|fifth|tenth) ")
_CLAUSE = re.compile(
    r"[,;，；]? (?:if|when|because|since|after|assuming|so that|in order)\b", re.ASCII
)
_ADJUNCT = re.compile(r"[,;，；]? (?:for|to|with|than|vs|versus|out of|by|in)\b")
_FORMULA = re.compile(
    r"[0-9\\=<>^_]|(?<![a-z'])[kntxyz](?![a-z'])|\b(?:cannot|most|times) "
)
_NOT_BEFORE = tuple("+*/(-") + words(
    "than not nor least from between except excluding without but"
)


def number_in(phrase: str) -> Quantity | None:
    """The one number of a phrase, None where it has none, several, or a formula.

    What stands in parentheses or after "if", "when", "because" is left out.

    >>> number_in("he has 18 eggs and cookies").number
    Fraction(18, 1)
    >>> number_in("more than 5") is number_in("5 and 6 eggs") is number_in("5x") is None
    True
    """
    without = _REMARK.sub("", phrase).strip()
    if without != phrase and (bare := quantity(without)):
        return bare
    main = _ORDINAL.sub("the ", without)
    numbers = list(NUMBER.finditer(main))
    clause = _CLAUSE.search(main, numbers[0].end()) if numbers else None
    if clause:
        main = main[: clause.start()]
        numbers = [number for number in numbers if number.end() <= len(main)]
    if len(numbers) != 1:
        return None
    before, after = main[: numbers[0].start()], main[numbers[0].end() :]
    said = set(_WORD.findall(before + " " + after))
    if not said or said & VALUE_WORDS or _FORMULA.search(before + " | " + after):
        return None
    if before.rstrip().removesuffix(" for").endswith(_NOT_BEFORE):
        return None
    if re.match(r"(?!(?:st|nd|rd|th)\b)[a-z]", after):
        return None
    return quantity(numbers[0][0])


def first_number_in(phrase: str) -> Quantity | None:
    """The number of the first part of a phrase that names several.

    >>> first_number_in("clyde will pay 12 euros for 5 apples").number
    Fraction(12, 1)
    """
    number = NUMBER.search(phrase)
    cut = _ADJUNCT.search(phrase, number.end()) if number else None
    return number_in(phrase[: cut.start()]) if cut else None


def chinese_number_in(phrase: str) -> Quantity | None:
    """The last number of a phrase that says its numbers in Chinese characters.

    >>> chinese_number_in("三个班共有三十六人").number
    Fraction(36, 1)
    """
    number = last_chinese(phrase)
    return quantity(number) if number else None


def names_number(phrase: str) -> bool:
    """Whether the phrase is long enough to be a sentence around its numbers."""
    return len(_WORD.findall(phrase)) >= 4


_FILLER = frozenset(
    words(
        "a an the is are was were be will would it its he she they we you i his her "
        "their this that there so thus hence therefore answer final on of"
    )
)
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+(?:\.[0-9]+)?|[^\s\w]|[^\x00-\x7f]")


def core(phrase: str) -> list[str]:
    """The words of a phrase that say something, in order.

    >>> core("it will be a friday"), core("not on friday")
    (['friday'], ['not', 'friday'])
    """
    tokens = _TOKEN.findall(phrase.casefold())
    said = [word for word in tokens if word not in _FILLER and word not in ".,;:!?'\""]
    return said or tokens


_LETTERS = re.compile(r"\\?[a-zA-Z]+|[^\x00-\x7f]")
_SAYS = re.compile(r"[0-9a-zA-Z]")
_OPERATOR = re.compile(r"[0-9+\-*/^=<>(\[{\\|]")
_MATHEMATICS = frozenset(
    words(
        "sqrt frac pi sin cos tan cot sec csc log ln exp lim min max gcd lcm mod cup "
        "cap infty le ge ne in pm mp cdot times begin end pmatrix bmatrix matrix "
        "vmatrix array cases binom dbinom tbinom arcsin arccos arctan sinh cosh tanh "
        "angle triangle emptyset overline bar hat vec to and or sum prod int mid "
        "setminus subset alpha beta gamma delta epsilon theta lambda mu rho sigma tau "
        "phi varphi omega lfloor rfloor lceil rceil prime equiv approx det lt gt "
        "degrees"
    )
)


def is_formula(plain: str) -> bool:
    """Whether a cleaned answer is mathematics throughout, without words of a language.

    >>> is_formula("2\\sqrt{3}"), is_formula("x+yz"), is_formula("2 cats")
    (True, True, False)
    >>> is_formula("no"), is_formula("5")
    (False, True)
    """
    if len(plain) == 1:
        return plain.isascii() and plain.isalnum()
    opened = sum(map(plain.count, "([")), plain.count("{")
    closed = sum(map(plain.count, ")]")), plain.count("}")
    if not _OPERATOR.search(plain) or opened != closed or not _SAYS.search(plain):
        return False
    for word in _LETTERS.findall(plain):
        name = word.removeprefix("\\")
        product = word == name and len(name) <= 3 and name.isascii()
        if len(name) > 1 and not product and name not in _MATHEMATICS:
            return False
        if not name.isascii():
            return False
    return True
