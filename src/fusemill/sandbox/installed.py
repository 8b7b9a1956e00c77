"""Where declared packages are installed, with what they need."""

import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass
class Installed:
    """`places`: import name → the folder it is found in. `readable`: paths to read."""

    places: dict[str, str] = field(default_factory=dict)
    readable: list[str] = field(default_factory=list)


def locate(packages: Iterable[str]) -> Installed:
    """The import names `packages` and all that their distributions require.

    What is not installed is left out.
    """
    found = Installed()
    wanted = list(dict.fromkeys(packages))
    if not wanted:
        return found
    by_import = metadata.packages_distributions()
    by_distribution: dict[str, list[str]] = {}
    for name, distributions in by_import.items():
        for distribution in distributions:
            by_distribution.setdefault(_normal(distribution), []).append(name)
    while wanted:
        name = wanted.pop()
        place = _place(name)
        if name in found.places or place is None:
            continue
        found.places[name] = str(place.parent)
        found.readable.append(str(place))
        libraries = place.parent / f"{name}.libs"  # where wheels keep shared libraries
        if libraries.is_dir():
            found.readable.append(str(libraries))
        for distribution in by_import.get(name, ()):
            for required in _requirements(distribution):
                wanted += by_distribution.get(required, ())
    return found


def _place(name: str) -> Path | None:
    """The folder or file of import name `name`; None where there is none."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin and spec.has_location else None


def _requirements(distribution: str) -> list[str]:
    """Normalised names of what `distribution` requires, without extras."""
    lines = metadata.requires(distribution) or []
    heads = [line for line in lines if "extra ==" not in line]
    return [_normal(m[0]) for m in map(_REQUIREMENT.match, heads) if m]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
