"""Printing what became of raw rows, with examples."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from fusemill.ask.reasons import Reason
from fusemill.cli.show import print_json, shown

MOST_CHARACTERS = 100


def show_reasons(reasons: Sequence[Reason], as_json: bool) -> None:
    """A block a set, a line a reason, examples beneath."""
    if as_json:
        print_json([asdict(reason) for reason in reasons])
        return
    console = Console(highlight=False)
    before = ""
    for one in reasons:
        if one.set != before:
            n_rows = sum(reason.n_rows for reason in reasons if reason.set == one.set)
            console.print(Text(f"{one.set}: {n_rows:,} rows", style="bold"))
            before = one.set
        console.print(Text(f"  {one.status} {one.n_rows:,}", style="cyan"), end="")
        console.print(Text(f"  {one.means}"), soft_wrap=True)
        for source_row, text in one.examples:
            line = " ".join(text.split())
            said = f"      {source_row:>8}  {shown(line, MOST_CHARACTERS)}"
            console.print(Text(said, style="dim"), soft_wrap=True)
