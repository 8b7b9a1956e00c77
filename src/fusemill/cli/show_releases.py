"""Printing releases for people: the list, and one with what it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fusemill.ask.releases import Described, Listed
from fusemill.cli.show import print_json, shown


def show_releases(found: Sequence[Listed], as_json: bool) -> None:
    """A line a version."""
    if as_json:
        print_json([asdict(one) for one in found])
        return
    console = Console(highlight=False)
    if not found:
        console.print("no version is registered; `fusemill release` writes one")
        return
    grid = Table(header_style="bold", show_edge=False, pad_edge=False)
    for name in ("release", "date", "rows", "published", "since the version before"):
        grid.add_column(name, overflow="fold")
    for one in found:
        grid.add_row(
            Text(f"{one.name}@{one.version}"),
            one.created_at[:10],
            _rows(one.rows),
            one.published[-1]["commit"][:12] if one.published else "-",
            _state(one),
        )
    console.print(grid)


def show_described(one: Described, as_json: bool) -> None:
    """Sets, source models, places and files of one version."""
    if as_json:
        print_json(asdict(one))
        return
    console, listed = Console(highlight=False, soft_wrap=True), one.release
    console.print(Text(f"{listed.name}@{listed.version}", style="bold"))
    lines = {
        "release": one.release_id,
        "date": listed.created_at,
        "rows": _rows(listed.rows),
        "folder": listed.folder or "not here",
        "made with": ", ".join(f"{k} {v}" for k, v in one.libraries.items()) or "?",
        "changes": str(_state(listed)) or "-",
    }
    for place in listed.published:
        said = f"{place['repo']} {place['tag']}, commit {place['commit']}"
        lines |= {f"published {place['published_at']}": said}
    for name, made_of in one.sets.items():
        lines |= {f"set {name}": _set(made_of)}
    for config in one.configs:
        lines |= {f"model {config['model']}": shown(config["config"], 300)}
    for name, file in one.files.items():
        rows = f", {file['rows']:,} rows" if "rows" in file else ""
        lines |= {name: f"{file['bytes']:,} bytes{rows}, sha256 {file['sha256']}"}
    for key, value in lines.items():
        console.print(Text(f"  {shown(key)}  ", style="bold"), end="")
        console.print(Text(shown(value)))


def _rows(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{name.removesuffix('/train')} {n:,}" for name, n in rows.items())


def _state(one: Listed) -> Text:
    said = Text(f"yanked: {shown(one.yanked)}", style="red") if one.yanked else Text()
    if one.since is not None:
        said.append("; " if one.yanked else "")
        changed = "; ".join(one.changes) or "card and lineage only"
        said.append(f"{one.since}: {shown(changed)}", style="none")
    return said


def _set(said: Mapping[str, object]) -> str:
    outcomes = said.get("outcomes")
    counts = (
        ", ".join(f"{k} {v:,}" for k, v in outcomes.items())
        if isinstance(outcomes, dict)
        else "outcomes are in its folder"
    )
    return f"{said['source']}; selection {said['selection_id']}; {counts}"
