"""What a person sees while a stage works: a line a stage, a bar where it takes long."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

LINE_EVERY_S = 60.0
Moved = Callable[[int], None]  # so many more bytes were moved


class Progress:
    """Says what each stage did; on a terminal it shows a count while it works."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)

    def say(self, stage: str, text: str) -> None:
        """One line about a stage; model text never comes in here."""
        line = Text.assemble((f"{stage:>8}", "bold cyan"), f"  {text}")
        self.console.print(line, soft_wrap=True)  # at once: shards share a terminal

    @contextmanager
    def stage(self, stage: str, what: str) -> Iterator["Count"]:
        """Count rows of a stage: a live bar, or a line a minute without a terminal."""
        if self.console.is_terminal and sys.stderr.isatty():
            with self._bar() as bar:
                task = bar.add_task(f"{stage:>8}  {what}", total=None, note="")
                yield Count(
                    lambda n: bar.update(task, advance=n),
                    lambda n: bar.update(task, total=n),
                    lambda text: bar.update(task, note=text),
                )
            return
        lines = _Lines(lambda text: self.say(stage, f"{what}: {text}"))
        yield Count(lines.advance, lines.expect, lines.note)

    @contextmanager
    def transfer(self, stage: str, what: str, n_bytes: int) -> Iterator[Moved]:
        """Count bytes of a transfer of so many: a bar on a terminal, else nothing."""
        if not (self.console.is_terminal and sys.stderr.isatty()):
            yield lambda _: None
            return
        with Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            DownloadColumn(),
            TransferSpeedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        ) as bar:
            task = bar.add_task(f"{stage:>8}  {what}", total=n_bytes)
            yield lambda n: bar.update(task, advance=n)

    def _bar(self) -> Bar:
        return Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("rows"),
            _Rate(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=self.console,
            transient=True,
        )


class Count:
    """What a stage is given to say how far it is: fill.Advance."""

    def __init__(
        self,
        advance: Callable[[int], None],
        expect: Callable[[int], None],
        note: Callable[[str], None],
    ) -> None:
        self._advance, self._expect, self._note = advance, expect, note

    def __call__(self, n: int, /) -> None:
        """So many more rows are done."""
        self._advance(n)

    def expect(self, n: int) -> None:
        """So many rows are missing."""
        self._expect(n)

    def note(self, text: str) -> None:
        """More that is shown beside the count, in place of what was there."""
        self._note(text)


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class _Lines:
    """A line a minute, with rate and time left where the total is known."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._started = self._last = time.monotonic()
        self._count, self._total, self._noted = 0, 0, ""

    def expect(self, n: int) -> None:
        self._total = n

    def note(self, text: str) -> None:
        self._noted = text

    def advance(self, n: int) -> None:
        self._count += n
        now = time.monotonic()
        if now - self._last < LINE_EVERY_S:
            return
        self._last = now
        rate = self._count / (now - self._started)
        of = f" of {self._total:,}" if self._total else ""
        left = (self._total - self._count) / rate / 60 if self._total and rate else None
        more = "" if left is None else f", {max(left, 0):.0f} minutes left"
        noted = f"; {self._noted}" if self._noted else ""
        self._say(f"{self._count:,}{of} rows, {rate:,.0f} a second{more}{noted}")
