"""What `fusemill sample --dry-run` shows."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table

from fusemill.sampling.estimate import Estimate


def show_estimates(estimates: Sequence[Estimate], as_json: bool) -> None:
    """A row a model; nothing measured is shown as `?`."""
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in estimates], indent=2))
        return
    console = Console(highlight=False)
    if not estimates:
        console.print("nothing is missing: no model would be asked")
        return
    table = Table("model", "answers", "requests", "tokens in", "out", "hours", "US $")
    for one in estimates:
        table.add_row(
            one.model,
            f"{one.n_missing:,}",
            f"{one.n_requests:,}",
            _count(one.n_input_tokens),
            _count(one.n_output_tokens),
            _amount(one.hours),
            _amount(one.usd),
        )
    console.print(table)
    for one in estimates:
        console.print(_basis(one), soft_wrap=True)


def _basis(one: Estimate) -> str:
    """What the figures of a model rest on, and what else there is of it."""
    said = f"{one.model}: "
    if not one.n_measured:
        said += "nothing measured yet; `fusemill sample --limit 20` measures"
    elif one.n_own:
        said += f"measured over {one.n_measured:,} answers"
    else:
        said += f"measured over {one.n_measured:,} answers of other configurations"
    if one.n_other:
        said += f"; {one.n_other:,} answers belong to other configurations and stay"
    return said


def _count(n: int | None) -> str:
    return "?" if n is None else f"{n:,}"


def _amount(value: float | None) -> str:
    return "?" if value is None else f"{value:,.2f}"
