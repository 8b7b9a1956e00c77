"""Answers that give a second version: whether it takes the place of the first.

Example: of two blocks that define the entry point, with ``Wait, that fails for n = 0.
Corrected version:`` between them, the second counts; with ``If you want to ignore case,
use:`` between them it is an offer, and the first counts. Where no word tells,
the first counts: recorded answers add versions for other cases than the one asked for.
"""

import ast
import re
from collections.abc import Sequence

from fusemill.verify.code.source import (
    Definition,
    EntryPoint,
    definitions,
    is_hollow,
    parse,
)

MAX_BETWEEN = 600
"""Characters before the later version that are read."""

_KIND = (
    r"(?:versions?|code|solutions?|functions?|implementations?|answers?|programs?"
    r"|class|method|script)"
)
# What the later version is called, in the last words before it.
_CORRECTED = re.compile(
    r"\b(?:correct(?:ed)?|fixed|revised|bug-?free|working|final|complete[d]?|full)"
    rf"(?:,? (?:and )?\w+){{0,3}} {_KIND}\b"
    r"|\bcorrection\b"
    r"|\b(?:I|let me|let's|we(?: can| must)?|to) (?:fix|correct) (?:it|th)"
    r"|(?:修正|更正|改正|修复|修改|最终|完整)[^\n，。]{0,6}(?:版本?|代码|函数|程序|实现|答案)",
    re.IGNORECASE,
)
_FASTER = re.compile(
    rf"\b(?:optimi[sz]ed|efficient|faster)(?:,? (?:and )?\w+){{0,2}} {_KIND}\b"
    r"|(?:优化|更高效)[^\n，。]{0,6}(?:版本?|代码|函数|程序|实现|解法)",
    re.IGNORECASE,
)
# What is said of the first version.
_TAKEN_BACK = re.compile(
    r"\b(?:wait|oops|sorry|apologi[sz]e)\b"
    rf"|\b(?:that|this|it|which|above|{_KIND})(?:'s| is| was)"
    r" (?:wrong|incorrect|buggy|not (?:right|correct))\b"
    r"|\bI (?:made|missed|forgot|overlooked)\b"
    r"|\b(?:has|have|had|is|was|contains) a bug\b"
    r"|\b(?:fails?|failed|breaks|crashes) (?:for|on|when|with|if)\b"
    r"|等等|抱歉|不对|有误|错了|有(?:一个|个)?(?:错误|问题|bug)",
    re.IGNORECASE,
)
_OFFERED = re.compile(
    r"\balternativ|\banother\b|\b(?:if|in case|should) you\b"
    r"|\byou (?:can|could|may|might)\b"
    r"|^\W*or\b|另一种|也可以|如果(?:你|您)?(?:想|需要|希望)|或者",
    re.IGNORECASE | re.MULTILINE,
)
_SHOWN_AS_WRONG = re.compile(
    r"\b(?:common (?:mistake|error|bug)|incorrect|wrong|buggy|original|naive|broken"
    r"|brute[- ]force|previous|first|old)\b[^.\n]{0,60}$|错误的[^。\n]{0,12}$",
    re.IGNORECASE,
)
_SENTENCE_ENDS = re.compile(r"[.!?。！？]\s|\n\s*\n|[。！？]")


def takes_place(
    later: str, earlier: str, between: Sequence[str], entry: EntryPoint
) -> bool:
    """Whether code `later` counts in place of `earlier`; both define the entry point.

    between: the texts that stand before `later`, back to `earlier`, in their order.

    >>> f, g = "def f(n):\\n    return n", "def f(n):\\n    return abs(n)"
    >>> takes_place(g, f, ["Wait, it fails for n < 0. Corrected:"], EntryPoint("f"))
    True
    >>> takes_place(g, f, ["You can also write:"], EntryPoint("f"))
    False
    """
    return _is_announced("\n".join(between)[-MAX_BETWEEN:]) and _is_as_complete(
        later, earlier, entry
    )


def _is_announced(text: str) -> bool:
    said = text.strip().rstrip("*_`#:： ")
    last = _SENTENCE_ENDS.split(said)[-1]
    taken_back = _TAKEN_BACK.search(said) is not None
    if _OFFERED.search(last):
        return taken_back and _CORRECTED.search(last) is not None
    if _CORRECTED.search(last):
        return True
    if _SHOWN_AS_WRONG.search(last):
        return False
    return taken_back or _FASTER.search(last) is not None


def _is_as_complete(later: str, earlier: str, entry: EntryPoint) -> bool:
    """Whether it is no excerpt: same parameters, a result, no method less."""
    new, old = (definitions(parse(code))[entry.root] for code in (later, earlier))
    if isinstance(new, ast.ClassDef) and isinstance(old, ast.ClassDef):
        return _methods(old) <= _methods(new) and not _has_gap(new)
    if isinstance(new, ast.FunctionDef) and isinstance(old, ast.FunctionDef):
        same = _parameters(new) == _parameters(old)
        returns = _returns(new) or not _returns(old)
        return same and returns and not _has_gap(new)
    return type(new) is type(old)


def _methods(node: ast.ClassDef) -> set[str]:
    return {
        name
        for name, bound in definitions(node).items()
        if isinstance(bound, Definition) and not is_hollow(bound)
    }


def _parameters(node: ast.FunctionDef) -> int:
    return len(node.args.posonlyargs) + len(node.args.args)


def _returns(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Return) and n.value for n in ast.walk(node))


def _has_gap(node: ast.AST) -> bool:
    """Whether a statement of it is only ``...``: the rest was not written out."""
    return any(
        isinstance(n, ast.Expr)
        and isinstance(n.value, ast.Constant)
        and n.value.value is ...
        for n in ast.walk(node)
    )
