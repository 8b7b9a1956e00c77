"""Packages that untrusted code may import, and where the zygote finds them.

Zygotes come in two kinds: a plain one, quick to fork, and one in which the declared
packages are imported already. A run that imports one of them in a plain zygote ends
there and is run again in the other.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_on_missing: list[Callable[[str], object]] = []


class Finder:
    """Finds the packages of `places` (import name → folder) and no other."""

    def __init__(self, places: dict[str, str], present: bool) -> None:
        self._places = places
        self._present = present

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 importlib passes it
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """importlib's question for module `name`."""
        place = self._places.get(name)
        if place is None:
            return None
        if not self._present:
            for tell in _on_missing:
                tell(name)
            return None
        return PathFinder.find_spec(name, [place], target)


def on_missing(tell: Callable[[str], object]) -> None:
    """Have `tell(name)` called when a package of the other kind is imported."""
    _on_missing.append(tell)


def install(places: dict[str, str], present: bool) -> None:
    """Make the packages of `places` importable; import them now when `present`."""
    sys.meta_path.append(Finder(places, present))
    if not present:
        return
    for name in places:
        try:
            __import__(name)
        except ImportError:  # one that lacks what it needs: the run will see it
            continue
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random").seed(0)
