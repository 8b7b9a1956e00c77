"""Curves of a training run as SVG, drawn from the log that the trainer saved."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from fusemill.release.charts import COLOURS
from fusemill.train.curves import PANELS, series

WIDTH, HEIGHT = 420, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 408, 44, 160  # of the axes
LABELS = {
    "rewards/chosen": "chosen",
    "rewards/rejected": "rejected",
    "mean_token_accuracy": "of tokens",
}

Points = Sequence[tuple[int, float]]


def panels(log: Sequence[Mapping[str, Any]]) -> list[str]:
    """A picture for each panel that has two steps or more; see PANELS."""
    drawn = []
    for title, names in PANELS.items():
        lines = {n: list(zip(*series(log, n), strict=True)) for n in names}
        lines = {name: points for name, points in lines.items() if points}
        if any(len(points) > 1 for points in lines.values()):
            drawn.append(panel(title, lines))
    return drawn


def panel(title: str, lines: Mapping[str, Points]) -> str:
    """One picture: lines over steps, a colour and a legend each."""
    steps = [step for points in lines.values() for step, _ in points]
    values = [value for points in lines.values() for _, value in points]
    first, last = min(steps), max(steps)
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or 0.5
    low, high = low - room, high + room

    def at(step: int, value: float) -> tuple[float, float]:
        x = LEFT + (step - first) / (last - first or 1) * (RIGHT - LEFT)
        return x, BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
        f'<text x="{LEFT}" y="14" class="title">{escape(title)}</text>',
    ]
    for value in (low + room, high - room):
        y = at(first, value)[1]
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{RIGHT}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{value:.3g}", "end"))
    parts.append(_text(LEFT, BOTTOM + 16, str(first), "start"))
    parts.append(_text(RIGHT, BOTTOM + 16, f"step {last}", "end"))
    x = float(LEFT)
    for (name, points), colour in zip(lines.items(), COLOURS, strict=False):
        places = [at(*point) for point in points]
        way = "L".join(f"{a:.1f} {b:.1f}" for a, b in places)
        parts.append(f'<path d="M{way}" fill="none" stroke="{colour}" class="line"/>')
        a, b = places[-1]
        parts.append(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="{colour}"/>')
        said = LABELS.get(name) or ("test" if name.startswith("eval_") else "training")
        parts.append(f'<text x="{x:.0f}" y="30" style="fill: {colour}">{said}</text>')
        x += 16 + 6 * len(said)
    return "\n".join([*parts, "</svg>"])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
