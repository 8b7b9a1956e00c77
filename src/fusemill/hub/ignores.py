"""Which files a .gitignore leaves out, in a bounded number of steps.

git's own way to match, and any through one regular expression, tries every split of a
name between stars: `*a*a*a*a*b` against a long name of `a` never ends.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from fusemill.hub.refusals import too_large

LONGEST = 65_536  # characters of a .gitignore
LONGEST_RULE = 1_000
MOST_RULES = 1_000
MOST_STEPS = 2_000_000  # a step compares one name with a part of a rule: about 1 µs

_ESCAPED = re.compile(r"\\([*?\[])|\\(.)")


@dataclass(frozen=True)
class Rule:
    """One line: patterns of the parts of a path, `**` for any parts."""

    parts: tuple[str, ...]
    is_negated: bool
    only_folders: bool


class Ignores:
    """The rules of one .gitignore. Refusal 413 where there are too many.

    >>> ignores = Ignores("*.tmp\\n!keep.tmp\\n/build/")
    >>> [ignores.leaves_out(path) for path in ("a/b.tmp", "keep.tmp", "build/a/b")]
    [True, False, True]
    """

    def __init__(self, text: str) -> None:
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        rules = [_rule(line) for line in lines if line.strip() and line[0] != "#"]
        longest = max(map(len, lines))
        if len(text) > LONGEST or longest > LONGEST_RULE or len(rules) > MOST_RULES:
            raise too_large(
                f".gitignore: over {LONGEST} characters, {MOST_RULES} rules, or "
                f"{LONGEST_RULE} characters in one"
            )
        self._rules = rules
        self._n_steps = 0

    def leaves_out(self, path: str) -> bool:
        """Whether a rule leaves out a file, or a folder above it.

        Refusal 413 where all that was asked took MOST_STEPS.
        """
        names = path.split("/")
        matched = [self._matched(rule.parts, names) for rule in self._rules]
        for n in range(1, len(names) + 1):
            self._count(len(matched))
            is_folder = n < len(names)
            for rule, lengths in reversed(list(zip(self._rules, matched, strict=True))):
                if n in lengths and is_folder >= rule.only_folders:
                    if not rule.is_negated:
                        return True  # what is below it cannot be taken back
                    break
        return False

    def _matched(self, parts: tuple[str, ...], names: list[str]) -> set[int]:
        """How many of the first names match all parts: one step a name and place."""
        found, places, end = set[int](), {0}, len(parts)
        for n, name in enumerate(names, 1):
            places = self._next(parts, places, name)
            if end in places:
                found.add(n)
            if not places:
                break
        return found

    def _next(self, parts: tuple[str, ...], places: set[int], name: str) -> set[int]:
        """The places in the parts that are reached from these by one name more."""
        further, last = set[int](), len(parts) - 1
        for first in places:
            place = first
            while place < last and parts[place] == "**":  # stands for nothing
                further.add(place)  # or for this name
                place += 1
            self._count(1 + place - first)
            if place > last:
                continue
            if parts[place] == "**":
                further |= {place, place + 1}
            elif fnmatchcase(name, parts[place]):
                further.add(place + 1)
        return further

    def _count(self, n_steps: int) -> None:
        self._n_steps += n_steps
        if self._n_steps > MOST_STEPS:
            raise too_large(f".gitignore: over {MOST_STEPS} steps for so many files")


def _rule(line: str) -> Rule:
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    is_negated, line = line.startswith("!"), line.removeprefix("!")
    only_folders, line = line.endswith("/"), line.removesuffix("/")
    if "/" not in line:
        line = f"**/{line}"
    # fnmatch has no backslash, and says [! where git takes [^ too.
    line = _ESCAPED.sub(lambda m: f"[{m[1]}]" if m[1] else m[2], line)
    line = line.replace("[^", "[!")
    parts = line.removeprefix("/").split("/")
    return Rule(tuple(parts), is_negated, only_folders)
