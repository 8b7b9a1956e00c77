"""Small pictures for a card, as SVG: the same bytes for the same numbers.

Every axis of shares starts at zero, panels of one picture share it, and each series is
a share of its own total. Series of one panel stand side by side in each bin.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLOURS = ("#2f6fb4", "#d9822b", "#5a9367")  # told apart by the colour-blind too
BACKGROUND = "#b8c0c8"
INK, FAINT = "#24292f", "#d8dee4"
WIDTH = 780


@dataclass(frozen=True)
class Series:
    """One distribution of a panel: counts by bin."""

    name: str
    counts: tuple[int, ...]
    colour: str

    @property
    def shares(self) -> list[float]:
        """Of the series' own total, bin by bin."""
        total = sum(self.counts) or 1
        return [n / total for n in self.counts]


@dataclass(frozen=True)
class Panel:
    """Distributions over the same bins; `edges` has one more than each has counts."""

    title: str
    edges: tuple[float, ...]
    series: tuple[Series, ...]
    ticks: tuple[tuple[float, str], ...]  # where on the axis, and what it says


@dataclass(frozen=True)
class Bar:
    """A line of a bar chart: a label and the counts of its parts."""

    label: str
    counts: tuple[int, ...]


def histograms(
    panels: Sequence[Panel], legend: Sequence[tuple[str, str]], axis: str
) -> str:
    """Panels side by side, three a row; `legend` has names and colours."""
    n_columns = min(3, len(panels))
    width, height = WIDTH / n_columns, 190
    top = max(share for p in panels for s in p.series for share in s.shares)
    top = math.ceil(top * 10 - 1e-9) / 10
    parts = _legend(legend)
    for i, panel in enumerate(panels):
        x, y = width * (i % n_columns), 30 + height * (i // n_columns)
        parts += _panel(panel, (x, y, width, height), top)
    n_lines = -(-len(panels) // n_columns)
    total = 30 + height * n_lines + 22
    parts.append(_text(WIDTH / 2, total - 8, axis, anchor="middle"))
    return _svg(parts, total)


def _panel(
    panel: Panel, box: tuple[float, float, float, float], top: float
) -> list[str]:
    """Title, axes and bars inside `box`: x, y, width, height."""
    left, right = box[0] + 44, box[0] + box[2] - 14
    upper, lower = box[1] + 26, box[1] + box[3] - 26
    first, last = panel.edges[0], panel.edges[-1]

    def across(value: float) -> float:
        return left + (value - first) / (last - first) * (right - left)

    def up(share: float) -> float:
        return lower - share / top * (lower - upper)

    parts = [_text(left, box[1] + 14, panel.title, weight="600")]
    for share in (0, top / 2, top):
        parts.append(_line(left, up(share), right, up(share), FAINT))
        parts.append(_text(left - 6, up(share) + 4, f"{share:.0%}", anchor="end"))
    for i, series in enumerate(panel.series):
        bins = zip(series.shares, panel.edges, panel.edges[1:], strict=False)
        for share, start, end in bins:
            if share:
                wide = (across(end) - across(start)) / len(panel.series)
                corner = (across(start) + i * wide + 0.5, up(share))
                parts.append(_rect(*corner, wide - 1, lower - corner[1], series.colour))
    parts.append(_line(left, lower, right, lower, INK))
    for value, label in panel.ticks:
        x = across(value)
        parts.append(_line(x, lower, x, lower + 4, INK))
        parts.append(_text(x, lower + 16, label, anchor="middle"))
    return parts


def bars(lines: Sequence[Bar], names: Sequence[str]) -> str:
    """Horizontal bars, a line a label and a bar a name, each with its share in words.

    Counts of one name are shares of that name's total over all lines.
    """
    totals = [sum(line.counts[i] for line in lines) or 1 for i in range(len(names))]
    shares = [[n / t for n, t in zip(b.counts, totals, strict=True)] for b in lines]
    top = max(max(line) for line in shares)
    left, thick = 250, 14
    tall = thick * len(names) + 10
    parts = _legend(list(zip(names, COLOURS, strict=False)))
    for i, line in enumerate(lines):
        y = 36 + i * tall
        middle = y + thick * len(names) / 2 + 4
        parts.append(_text(left - 10, middle, _short(line.label), anchor="end"))
        for j, share in enumerate(shares[i]):
            length = share / top * (WIDTH - left - 120)
            at = y + j * thick
            parts.append(_rect(left, at + 1, length, thick - 2, COLOURS[j]))
            said = f"{share:.1%}  ({line.counts[j]:,})"
            parts.append(_text(left + length + 6, at + 11, said))
    height = 36 + tall * len(lines) + 4
    parts.append(_line(left, 32, left, height - 8, INK))
    return _svg(parts, height)


def nice_step(span: float, n_steps: int) -> float:
    """The step of the series 1, 2, 5, 10, … that cuts `span` into about `n_steps`.

    >>> nice_step(0.09, 20), nice_step(37, 10), nice_step(0, 10)
    (0.005, 5.0, 1.0)
    """
    if span <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(span / n_steps))
    step = next((s for s in (1, 2, 5) if s * power * n_steps >= span - 1e-12), 10)
    return float(f"{step * power:.6g}")


def _legend(names: Sequence[tuple[str, str]]) -> list[str]:
    parts, x = [], 8.0
    for name, colour in names:
        parts.append(_rect(x, 9, 12, 12, colour))
        parts.append(_text(x + 18, 19, name))
        x += 40 + 7 * len(name)
    return parts


def _short(label: str) -> str:
    return label if len(label) <= 34 else "…" + label[-33:]


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{height:.1f}" fill="{colour}"/>'
    )


def _line(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" '
        f'stroke="{colour}"/>'
    )


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", weight: str = "400"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(text)}</text>'
    )


def _svg(parts: Sequence[str], height: float) -> str:
    """A picture with a background of its own: cards are read on dark pages too."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'width="{WIDTH}" height="{height:.0f}" font-family="system-ui, sans-serif" '
        f'font-size="12" fill="{INK}">'
    )
    background = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return "\n".join([head, background, *parts, "</svg>\n"])
