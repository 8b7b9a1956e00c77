"""Printing comparisons for people: what differs, what moved, and why."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fusemill.ask.diff import Difference, Pair
from fusemill.cli.show import print_json, shown


def show_differences(
    differences: Sequence[Difference], names: tuple[str, str], as_json: bool
) -> None:
    """A block a set: causes, outcomes, sources, figures, what moved, some rows."""
    if as_json:
        print_json(
            {"a": names[0], "b": names[1], "sets": [asdict(d) for d in differences]}
        )
        return
    console = Console(highlight=False)
    for one in differences:
        console.print(Text(one.set, style="bold"), end="  ")
        console.print(Text(f"because: {', '.join(one.because)}"), soft_wrap=True)
        console.print(_grid(one, names))
        _moves(console, one)
        console.print()


def _grid(one: Difference, names: tuple[str, str]) -> Table:
    grid = Table(header_style="bold", show_edge=False, pad_edge=False)
    for i, name in enumerate(("", *names, "change")):
        grid.add_column(Text(shown(name, 20)), justify="right" if i else "left")
    blocks = (one.outcomes, one.sources, one.figures)
    for block in blocks:
        for name, pair in block.items():
            grid.add_row(Text(shown(name)), *map(_figure, pair), _change(pair))
        grid.add_section()
    return grid


def _figure(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _change(pair: Pair) -> str:
    if None in pair or _figure(pair[0]) == _figure(pair[1]):
        return ""
    change = pair[1] - pair[0]
    return f"{change:+,}" if isinstance(change, int) else f"{change:+,.3g}"


def _moves(console: Console, one: Difference) -> None:
    for move in one.moved:
        before, after = move["before"] or "not there", move["after"] or "not there"
        console.print(f"  {move['n_rows']:,} from {before} to {after}")
    if one.n_other_answers:
        console.print(f"  {one.n_other_answers:,} stay, with other answers")
    if not one.moved and not one.n_other_answers:
        console.print("  nothing moved")
    for row in one.rows:
        gap = f", gap {_gap(row['gap_before'])} → {_gap(row['gap_after'])}"
        gaps = gap if (row["gap_before"], row["gap_after"]) != (None, None) else ""
        console.print(
            f"    row {row['source_row']}, prompt {row['prompt_id']}: "
            f"{row['before']} → {row['after']}{gaps}",
            soft_wrap=True,
            style="dim",
        )


def _gap(value: object) -> str:
    return "none" if value is None else str(value)
