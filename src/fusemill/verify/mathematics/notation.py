r"""Two ways of writing the same answer, made equal: LaTeX and Unicode to plain text.

Example row: ``'\dfrac{\sqrt3}{2}'`` and ``'√(3)/2'`` both have the canonical form
``'sqrt(3)/2'``. Nothing is evaluated here and every step is linear in the text, which
the callers keep under `marked.MAX_ANSWER` characters.
"""

import re
import unicodedata

from fusemill.verify.mathematics.marked import boxed

CURRENCY = "¤"
"""What a dollar sign becomes that is an amount's and not a formula's."""

_SUPERSCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUBSCRIPT = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_VULGAR = re.compile("([¼-¾⅐-⅞])")
_SYMBOLS = str.maketrans(
    {
        **dict.fromkeys("−–—‐‑", "-"),
        **{"×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/", "⁄": "/", "∕": "/"},
        **{"π": "\\pi ", "√": " sqrt ", "∞": "\\infty ", "∪": "\\cup ", "±": "\\pm "},
        **{"∩": "\\cap ", "∅": "\\emptyset ", "∠": "\\angle ", "△": "\\triangle "},
        **{"≤": "\\le ", "≥": "\\ge ", "≠": "\\ne ", "∈": "\\in ", "≈": "\\approx "},
        **{"、": ",", "。": ".", "“": '"', "”": '"', "’": "'", "‘": "'"},
        **{"°": " degrees ", "¢": " cents ", "\u200b": ""},
    }
)
_PICTURES = re.compile("[\u2600-\u26ff\u2705\u2713\u2714\U0001f300-\U0001faff\ufe0f]+")
_DOUBLED = re.compile(r"\\\\(?=[a-zA-Z{}()\[\]$%,!])")

_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\\[()\[\]]", ""),  # math delimiters
        (r"\\! ?|\\displaystyle(?![a-z])", ""),
        (r"\\\\\s+", r"\\\\"),  # rows of a matrix
        (r"\\(?:[,;: ]|quad(?![a-z])|qquad(?![a-z]))|~", " "),
        (r"\{,\}", ","),
        (r"\\(?:left|right|[bB]igg?[lr]?)(?![a-zA-Z])", ""),
        (r"\^\s?(?:\{\s?\\circ\s?\}|\\circ(?![a-z]))|\\degree(?![a-z])", " degrees "),
        (
            r"\\(?:text(?:bf|it|rm|normal|sf|tt)?|mathrm|mathbf|mbox)\s?\{([^{}]*)\}",
            r" \1 ",
        ),
        (r"\\(?:mathbb|mathcal|bm|boldsymbol)\s?\{([^{}]*)\}", r"\1"),
        (r"(?<=[0-9]) ?([aApP])\.? ?[mM](?:\.|\b)", r" \1m"),
        (r"\\([%#&])", r"\1"),
        (r"(?<=[\w)])\*\*(?=[\w(-])", "^"),
        (r"(?<=[\w)])\*\*(?=[ .,;:)]|$)|(?:^|(?<=[ (]))\*\*(?=\w)", ""),  # bold
        (r"负(?=[0-9])", "-"),
        (r"\\[dtc]frac(?![a-z])", r"\\frac"),
        (r"\\(?:cdot|times|ast)(?![a-z])", "*"),
        (r"\\div(?![a-z])", "/"),
        (r"\\([lgn]e)q(?:slant)?(?![a-z])", r"\\\1"),
        (r"\\varnothing(?![a-z])", r"\\emptyset"),
        (r"\\(?:c|l|v)?dots(?![a-z])", "..."),
        (r"\\langle(?![a-z])", "("),
        (r"\\rangle(?![a-z])", ")"),
        (
            r"\{ ?\{?([^{}\\]{1,20})\}? ?\\choose ?\{?([^{}\\]{1,20})\}? ?\}",
            r"\\binom{\1}{\2}",
        ),
        (r"\\(?:lbrace)(?![a-z])", r"\\{"),
        (r"\\(?:rbrace)(?![a-z])", r"\\}"),
        (r"\s+", " "),
        (r"\\frac\s?([0-9])\s?([0-9])", r"\\frac{\1}{\2}"),
        (r"\\frac\s?([0-9])\s?\{", r"\\frac{\1}{"),
        (r"\\frac\s?\{([^{}]*)\}\s?([0-9])", r"\\frac{\1}{\2}"),
    )
)


def clean(text: str) -> str:
    r"""The answer in plain characters: no delimiters, fonts, spacing commands or dots.

    >>> clean("$\\dfrac12\\text{ cm}$.")
    '\\frac{1}{2} cm'
    >>> clean("$1,\\!200"), clean("48^\\circ"), clean("５½")
    ('¤1,200', '48 degrees', '5 1/2')
    """
    if "\\\\" in text and ("\\begin" not in text or "\\\\begin" in text):
        text = _DOUBLED.sub(r"\\", text)  # escaped once too often
    text = boxed(text) or text
    if not text.isascii():
        text = _SUBSCRIPT.sub(_lowered, _SUPERSCRIPT.sub(_raised, text))
        text = unicodedata.normalize("NFKC", _VULGAR.sub(r" \1", text))
        text = _PICTURES.sub(" ", text.translate(_SYMBOLS))
    text = _currency(text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    return _trimmed(text)


def _raised(found: re.Match[str]) -> str:
    return "^{" + found[0].translate(_SUPERSCRIPTS) + "}"


def _lowered(found: re.Match[str]) -> str:
    return "_{" + found[0].translate(_SUBSCRIPTS) + "}"


def _currency(text: str) -> str:
    r"""Dollars of an amount (``\$5``, ``$5``) marked, those around formulas removed."""
    text = text.replace("\\$", CURRENCY)
    # delimiters come in pairs; an odd one out is money
    return text.replace("$", CURRENCY if text.count("$") % 2 else "")


_EXCLAIMED = re.compile(r"(?<=[a-zA-Z]{3})!$")  # not a factorial


def _trimmed(text: str) -> str:
    """Without quotes, marks at the end, and braces around all of it."""
    text = text.strip(" `'\"*_").rstrip(" .,;:?`'\"*_").lstrip("=:#").lstrip()
    text = _EXCLAIMED.sub("", text)
    for _ in range(3):
        if text[:1] != "{" or text[-1:] != "}" or "," in text or _closes_early(text):
            break
        text = text[1:-1].strip()
    return text


def _closes_early(text: str) -> bool:
    """Whether the first bracket closes before the end, as in ``{1}+{2}``."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if depth == 0:
            return at < len(text) - 1
    return True


_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|[0-9]+|[a-zA-Z]+|[^\s]|\s+", re.DOTALL)
_MAX_DEPTH = 20


def canonical(text: str) -> str:
    r"""One spelling for cleaned formulas and words, to be compared as a string.

    Fractions become ``a/b``, braces go, letters are lower case, white space stays only
    between digits. Two different formulas of equal value stay different.

    >>> canonical("\\frac{\\sqrt{3}}{2}"), canonical(clean("√(3)/2"))
    ('sqrt(3)/2', 'sqrt(3)/2')
    >>> canonical("x^{10}"), canonical("\\frac{x+1}{2y}"), canonical("2*3")
    ('x^10', '(x+1)/(2y)', '2*3')
    >>> canonical("12") == canonical("1 2")
    False
    """
    rest = _TOKEN.findall(text)
    rest.reverse()  # taken from the end, so that taking one costs nothing
    written = re.sub(r"(?<![0-9])\*|\*(?![0-9])", "", _sequence(rest, None, 0))
    return written.casefold()


def _joined(pieces: list[str]) -> str:
    """The pieces together, a space where two digits would become one number."""
    out: list[str] = []
    for piece in filter(None, pieces):
        if out and out[-1][-1].isdigit() and piece[0].isdigit():
            out.append(" ")
        out.append(piece)
    return "".join(out)


def _sequence(rest: list[str], closing: str | None, depth: int) -> str:
    """The tokens up to `closing`, written canonically; takes them from `rest`."""
    pieces: list[str] = []
    while rest:
        mark = rest.pop()
        if mark == closing:
            break
        if not mark.isspace():
            pieces.append(_piece(mark, rest, depth))
    return _joined(pieces)


def _piece(mark: str, rest: list[str], depth: int) -> str:
    """One token with the arguments it takes from `rest`."""
    if depth >= _MAX_DEPTH:
        return mark
    if mark == "{":
        return _sequence(rest, "}", depth + 1)
    if mark == "\\frac":
        above, below = _argument(rest, depth), _argument(rest, depth)
        above = f"({above})" if re.search("[+-]", above[1:]) else above
        return f"{above}/{_grouped(below)}"
    if mark in ("^", "_"):
        sign = rest.pop() if rest and rest[-1] == "-" else ""
        return mark + _grouped(sign + _argument(rest, depth, whole=True))
    if mark in ("\\sqrt", "sqrt") and _next(rest) not in ("", "(", "["):
        # a root sign reaches over a whole number, \sqrt over one digit
        return f"sqrt({_argument(rest, depth, whole=mark == 'sqrt')})"
    return mark[1:] if mark.startswith("\\") and len(mark) > 1 else mark


def _grouped(text: str) -> str:
    """`text`, in parentheses unless it is one number, one word or already grouped."""
    if re.fullmatch(r"-?[0-9.]+|-?[a-zA-Z]*|(?:sqrt)?\([^()]*\)", text):
        return text
    return f"({text})"


def _argument(rest: list[str], depth: int, whole: bool = False) -> str:
    r"""What a command applies to: a group, a command, or one character.

    `whole`: a number counts as one (``x^10``), as in plain text; after ``\sqrt`` and
    ``\frac`` LaTeX takes its first digit.
    """
    if not _next(rest):
        return ""
    mark = rest.pop()
    if not whole and mark[0].isalnum() and len(mark) > 1:
        rest.append(mark[1:])
        mark = mark[0]
    return _piece(mark, rest, depth + 1)


def _next(rest: list[str]) -> str:
    """The token that comes next, white space passed over; empty at the end."""
    while rest and rest[-1].isspace():
        rest.pop()
    return rest[-1] if rest else ""
