"""The pictures of a card: what was chosen, from the tables that the release is made of.

Whole numbers are binned, so that no order of summing changes a byte.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from fusemill.release.charts import (
    BACKGROUND,
    COLOURS,
    Bar,
    Panel,
    Series,
    bars,
    histograms,
    nice_step,
)
from fusemill.release.data import Released
from fusemill.release.parquet import sql_of

FOLDER = "pictures"
N_BINS = 20
MOST_TICKS = 5
MOST_MODELS = 20  # the others are one line
MICRO = 1_000_000  # scores and gaps are compared as decimals of six places
# Lengths are drawn on a logarithmic axis, eight bins a factor of ten.
LENGTH_EDGES = sorted({math.ceil(10 ** (i / 8) - 1e-9) for i in range(57)})


@dataclass(frozen=True)
class Picture:
    """A file of the release, and what it shows to those who do not see it."""

    file: str  # relative to the card
    title: str
    alt: str
    caption: str


def draw(
    con: duckdb.DuckDBPyConnection, released: Sequence[Released], folder: Path
) -> list[Picture]:
    """Write the pictures below `folder`, of the temporary tables `prepare` made.

    A picture that would be empty (no scores, no pairs) is left out.
    """
    found = [
        (_sources(con), "sources", "Whose answers were chosen", _SOURCES),
        (_scores(con, released), "scores", "Scores", _SCORES),
        (_gaps(con, released), "gaps", "Gaps of pairs", _GAPS),
        (_lengths(con), "lengths", "Lengths", _LENGTHS),
    ]
    pictures = []
    for drawn, name, title, caption in found:
        if drawn is None:
            continue
        svg, alt = drawn
        (folder / FOLDER).mkdir(exist_ok=True)
        (folder / FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
        pictures.append(Picture(f"{FOLDER}/{name}.svg", title, alt, caption))
    return pictures


Drawn = tuple[str, str] | None  # the SVG, and what it shows in words

_SOURCES = "Share of SFT answers and of pairs by source model."
_SCORES = (
    "By set, the scores its rule chose by: all answers, and those of SFT rows, each as "
    "a share of its own."
)
_GAPS = (
    "By set, the score of the better answer less that of the worse in `dpo` train, as "
    "the rule counted it."
)
_LENGTHS = "Characters of answers, on a logarithmic axis."


def _sources(con: duckdb.DuckDBPyConnection) -> Drawn:
    rows = con.execute(
        "select source_model, count(*) filter (split_of = 'sft_train'), "
        "count(*) filter (split_of = 'dpo_train') from rows "
        "group by 1 having count(*) filter (split_of <> 'dpo_test') > 0 "
        "order by 2 desc, 3 desc, 1"
    ).fetchall()
    if not rows:
        return None
    if len(rows) > MOST_MODELS:
        rest = rows[MOST_MODELS - 1 :]
        others = (
            f"{len(rest)} others",
            sum(r[1] for r in rest),
            sum(r[2] for r in rest),
        )
        rows = [*rows[: MOST_MODELS - 1], others]
    lines = [Bar(name, (sft, dpo)) for name, sft, dpo in rows]
    alt = "; ".join(f"{name}: SFT {sft:,}, pairs {dpo:,}" for name, sft, dpo in rows)
    return bars(lines, ("SFT answers", "pairs")), alt


def _scores(con: duckdb.DuckDBPyConnection, released: Sequence[Released]) -> Drawn:
    panels, said = [], []
    series = [("all answers", BACKGROUND), ("SFT answers", COLOURS[0])]
    for one in released:
        name = one.builder.set
        if one.builder.select.score is None:
            continue
        con.execute(
            f"create or replace temp table drawn as {sql_of('scored')}",
            {"set": name, "scorer": one.builder.select.score},
        )
        drawn = _binned(con, name, "answers", series)
        if drawn:
            panels.append(drawn[0])
            said.append(drawn[1])
    return (histograms(panels, series, "score"), "; ".join(said)) if panels else None


def _gaps(con: duckdb.DuckDBPyConnection, released: Sequence[Released]) -> Drawn:
    panels, said = [], []
    series = [("pairs", COLOURS[1])]
    for one in released:
        name = one.builder.set
        con.execute(
            "create or replace temp table drawn as select "
            f"(gap * {MICRO})::bigint as millionths, false as is_sft from rows "
            "where set = $set and split_of = 'dpo_train' and gap is not null",
            {"set": name},
        )
        drawn = _binned(con, name, "pairs", series)
        if drawn:
            panels.append(drawn[0])
            said.append(drawn[1])
    return (histograms(panels, series, "gap"), "; ".join(said)) if panels else None


def _binned(
    con: duckdb.DuckDBPyConnection,
    set_: str,
    what: str,
    series: Sequence[tuple[str, str]],
) -> tuple[Panel, str] | None:
    """A panel of temp table `drawn` (millionths, is_sft), and its range in words.

    The first of the series is of all rows, the second of those that are SFT's. None
    where there are no rows.
    """
    low, high, n = con.execute(
        "select min(millionths), max(millionths), count(*) from drawn"
    ).fetchall()[0]
    if not n:
        return None
    # One value alone is drawn narrow, in the middle.
    span = high - low or max(abs(low), MICRO // 10)
    step = max(1, round(nice_step(span / MICRO, N_BINS) * MICRO))
    first = low // step
    n_bins = max(1, -(-high // step) - first)  # a value on the last edge is inside
    if low == high:
        first, n_bins = first - N_BINS // 4, N_BINS // 2 + 1
    rows = con.execute(
        "select least((millionths - $start) // $step, $last)::integer as bin, "
        "count(*), count(*) filter (is_sft) from drawn group by bin",
        {"start": first * step, "step": step, "last": n_bins - 1},
    ).fetchall()
    counts = [[0] * n_bins for _ in series]
    for bin_, *of in rows:
        for i in range(len(series)):
            counts[i][bin_] = of[i]
    edges = tuple((first + i) * step / MICRO for i in range(n_bins + 1))
    drawn = tuple(
        Series(name, tuple(of), colour)
        for (name, colour), of in zip(series, counts, strict=True)
    )
    said = f"{set_}: {n:,} {what} from {low / MICRO:.6g} to {high / MICRO:.6g}"
    return Panel(f"{set_}, {n:,} {what}", edges, drawn, _ticks(edges)), said


def _ticks(edges: tuple[float, ...]) -> tuple[tuple[float, str], ...]:
    every = nice_step(edges[-1] - edges[0], 4)
    first = math.ceil(edges[0] / every - 1e-9)
    last = math.floor(edges[-1] / every + 1e-9)
    return tuple((k * every, f"{k * every:.6g}") for k in range(first, last + 1))


def _lengths(con: duckdb.DuckDBPyConnection) -> Drawn:
    counted: dict[str, dict[int, int]] = {}
    for kind, length, n in con.execute(sql_of("lengths")).fetchall():
        counted.setdefault(kind, {})[length] = n
    kinds = [
        ("sft", "SFT answers", COLOURS[0]),
        ("chosen", "better answers", COLOURS[1]),
        ("rejected", "worse answers", COLOURS[2]),
    ]
    kinds = [kind for kind in kinds if kind[0] in counted]
    if not kinds:
        return None
    all_lengths = [length for of in counted.values() for length in of]
    first = max(bisect_right(LENGTH_EDGES, max(min(all_lengths), 1)) - 1, 0)
    last = min(bisect_right(LENGTH_EDGES, max(all_lengths)), len(LENGTH_EDGES) - 1)
    edges = LENGTH_EDGES[first : last + 1]
    places = tuple(math.log10(edge) for edge in edges)
    marks = [m * 10**k for k in range(8) for m in (1, 2, 5)]
    marks = [mark for mark in marks if edges[0] <= mark <= edges[-1]]
    if len(marks) > MOST_TICKS:
        marks = [mark for mark in marks if str(mark)[0] == "1"]
    ticks = tuple((math.log10(mark), f"{mark:,}") for mark in marks)
    panels, said = [], []
    for kind, name, colour in kinds:
        counts = [0] * (len(edges) - 1)
        for length, n in counted[kind].items():
            at = bisect_right(edges, max(length, 1)) - 1
            counts[min(at, len(counts) - 1)] += n
        title = f"{sum(counts):,} {name}"
        panels.append(
            Panel(title, places, (Series(name, tuple(counts), colour),), ticks)
        )
        said.append(f"{name}: median {_median(counted[kind]):,} characters")
    legend = [(name, colour) for _, name, colour in kinds]
    return histograms(panels, legend, "characters (logarithmic)"), "; ".join(said)


def _median(of: dict[int, int]) -> int:
    """The middle value, the smaller of two."""
    half, seen = (sum(of.values()) + 1) // 2, 0
    for value in sorted(of):
        seen += of[value]
        if seen >= half:
            return value
    raise AssertionError("no values")
