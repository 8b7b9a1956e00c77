"""Suites: Great Expectations declared as YAML in validation/, run on frames.

suite: dpo
frame: dpo
expectations:
  - type: expect_column_pair_values_to_be_equal
    kwargs: {column_A: chosen_source, column_B: rejected_source}
    why: a pair of two models teaches style, not quality
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from fusemill import ids
from fusemill.audit.frames import ROW_ID, Frame
from fusemill.errors import DeclarationError
from fusemill.project.declaration import Declaration, load
from fusemill.project.models import Category, Name

NAMED_ROWS = 10


class Expectation(Declaration):
    """One expectation of Great Expectations, and why it is there."""

    type: str
    kwargs: dict[str, Any]
    why: str
    categories: tuple[Category, ...] | None = None  # None: every builder


class Suite(Declaration):
    """validation/<suite>.yaml."""

    suite: Name
    frame: Frame
    expectations: tuple[Expectation, ...]

    @property
    def key(self) -> str:
        """Name and digest: a changed suite is run again."""
        return f"{self.suite}@{ids.H('suite', self.model_dump_json())[:8]}"


@dataclass(frozen=True)
class Failure:
    """One expectation that does not hold: how often, and on which rows."""

    expectation: str
    why: str
    found: str
    rows: tuple[dict[str, Any], ...]
    n_rows: int


def load_suites(root: Path) -> list[Suite]:
    """The project's suites, by file name."""
    suites = []
    for path in sorted((root / "validation").glob("*.yaml")):
        suite = load(path, Suite)
        if suite.suite != path.stem:
            raise DeclarationError(
                f"{path}: key `suite`: expected '{path.stem}', found '{suite.suite}'"
            )
        suites.append(suite)
    return suites


def validate(suite: Suite, category: str, data: pd.DataFrame) -> list[Failure]:
    """What of a suite does not hold on a frame; an empty frame holds everything.

    Raises DeclarationError for an expectation that cannot be evaluated.
    """
    wanted = [
        e
        for e in suite.expectations
        if e.categories is None or category in e.categories
    ]
    if data.empty or not wanted:
        return []
    gx, context = _context()
    name = f"{suite.suite}-{len(context.data_sources.all())}"
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe("all")
    failures: list[Failure] = []
    for expectation in wanted:
        entry = {"type": expectation.type, "kwargs": dict(expectation.kwargs)}
        try:
            one = gx.ExpectationSuite(name=name, expectations=[entry])
            result = batch.get_batch({"dataframe": data}).validate(
                one,
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": ROW_ID[suite.frame],
                    "partial_unexpected_count": NAMED_ROWS,
                },
            )
        except Exception as error:
            said = " ".join(str(error).split())
            raise DeclarationError(
                f"validation/{suite.suite}.yaml: {expectation.type}: {said}"
            ) from error
        if not result.results:  # a type that is unknown is left out without a word
            raise DeclarationError(
                f"validation/{suite.suite}.yaml: {expectation.type}: no expectation of "
                "Great Expectations has this name"
            )
        outcome = result.results[0]
        if not outcome.success:
            failures.append(_failure(suite, expectation, outcome))
    return failures


def _failure(suite: Suite, expectation: Expectation, outcome: Any) -> Failure:
    raised = _exception(outcome.exception_info)
    if raised:
        raise DeclarationError(
            f"validation/{suite.suite}.yaml: {expectation.type}: {raised}"
        )
    result: Mapping[str, Any] = outcome.result
    rows = result.get("unexpected_index_list") or []
    n_rows = int(result.get("unexpected_count") or 0)
    arguments = ", ".join(f"{k}={v}" for k, v in expectation.kwargs.items())
    named = tuple({k: _plain(v) for k, v in row.items()} for row in rows[:NAMED_ROWS])
    what = f"{expectation.type}({arguments})"
    return Failure(what, expectation.why, _found(expectation, result), named, n_rows)


def _found(expectation: Expectation, result: Mapping[str, Any]) -> str:
    """How many rows break it, of how many; with `mostly` the shares too."""
    n_rows = int(result.get("unexpected_count") or 0)
    if not n_rows:
        return f"observed {result.get('observed_value')}"
    mostly = expectation.kwargs.get("mostly")
    if mostly is None:
        return f"{n_rows} rows"
    n_looked_at = int(result["element_count"]) - int(result.get("missing_count") or 0)
    return (
        f"{n_rows} of {n_looked_at} rows, {n_rows / n_looked_at:.1%}; "
        f"at most {1 - float(mostly):.1%} may"
    )


def _exception(info: Any) -> str | None:
    """The message of an expectation that could not be evaluated."""
    infos = (
        [info] if "raised_exception" in (info or {}) else list((info or {}).values())
    )
    for one in infos:
        if isinstance(one, Mapping) and one.get("raised_exception"):
            return str(one.get("exception_message"))
    return None


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


@cache
def _context() -> tuple[Any, Any]:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx

    # It logs tracebacks of what it raises as well; our errors say it in one line.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return gx, context
