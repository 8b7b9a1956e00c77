"""A picture of a run: loss, rewards, margins and accuracies by step."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Panel → the trainer's names for what is drawn in it.
PANELS = {
    "loss": ("loss", "eval_loss"),
    "rewards": ("rewards/chosen", "rewards/rejected"),
    "margin": ("rewards/margins", "eval_rewards/margins"),
    "accuracy": (
        "rewards/accuracies",
        "eval_rewards/accuracies",
        "mean_token_accuracy",
    ),
}


def series(
    log: Sequence[Mapping[str, Any]], name: str
) -> tuple[list[int], list[float]]:
    """Steps and values of one name, without the summary that ends a log.

    >>> last = {"step": 2, "loss": 9.0, "train_runtime": 1.0}
    >>> series([{"step": 1, "loss": 2.0}, {"step": 2}, last], "loss")
    ([1], [2.0])
    """
    lines = [line for line in log if name in line and "train_runtime" not in line]
    return [int(line["step"]) for line in lines], [float(line[name]) for line in lines]


def draw(log: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the picture; panels without a value are left out."""
    from matplotlib.figure import Figure

    lines = {
        panel: {name: series(log, name) for name in names if series(log, name)[0]}
        for panel, names in PANELS.items()
    }
    shown = {panel: found for panel, found in lines.items() if found}
    if not shown:
        return
    figure = Figure(figsize=(4 * len(shown), 3), layout="constrained")
    axes = figure.subplots(1, len(shown), squeeze=False)[0]
    for axis, (panel, found) in zip(axes, shown.items(), strict=True):
        for name, (steps, values) in found.items():
            axis.plot(steps, values, marker=".", label=name)
        axis.set_title(panel)
        axis.set_xlabel("step")
        axis.legend(fontsize="small")
    figure.savefig(path, dpi=120)
