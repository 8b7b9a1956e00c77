"""Answers that are taken back: "Wait, that is wrong. It should be 42."

Example row: ``'The answer is 41. Wait, that is wrong. It is 42.'`` is taken back up to
``It is 42.`` Only what a text says of its own work counts, at the beginning of a
sentence: "41, but that is wrong" is about somebody else's.
"""

import re

from fusemill.verify.mathematics.phrases import last_match

_HINTS = ("rong", "ncorrect", "istake", "rror", "ot right", "orrection", "错", "不对")
_WRONG = r"(?:wrong|incorrect|mistaken?|(?:an? )?error|not (?:right|correct))"
_RETRACTION = re.compile(
    rf"\b(?:wait|oops|hmm|sorry|apologi[sz]e)\b[^.\n]{{0,50}}\b{_WRONG}\b"
    r"|(?<!if )\bI(?:'ve| have)?,? (?:made|make) an? [^.\n]{0,20}\b(?:mistake|error)\b"
    rf"|(?:^|[.!?\n]\s{{0,3}})(?:No, )?(?:That|This|It)(?:'s| is| was) {_WRONG}[.!,]"
    r"|^\W{0,5}Correction\W{0,5}:"
    r"|(?:^|[。！，\n])(?:等等|等一下|抱歉|不对|不)[^。\n]{0,10}(?:不对|错)"
    r"|(?:^|[。！\n])(?:我|上面|前面|刚才)?[^。\n，]{0,6}(?:算错|做错|弄错|搞错)了",
    re.IGNORECASE | re.MULTILINE,
)


def after_retraction(text: str) -> str | None:
    """What follows the last words that take an answer back, None if none do.

    >>> after_retraction("It is 41. Wait, that is wrong. It should be 42.")
    '. It should be 42.'
    >>> after_retraction("41 is a common mistake. The answer is 42.") is None
    True
    """
    if not any(hint in text for hint in _HINTS):
        return None
    found = last_match(_RETRACTION, text)
    return text[found.end() :] if found else None
