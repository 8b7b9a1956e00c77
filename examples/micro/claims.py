"""What the miniature claims, and what seeds have to say of it.

Fixed before any reporting seed was run. The primary metric is the share of sampled
answers that are right, at the temperature at which the sources were asked, as the mean
of the four families: training moves a distribution, and of a draw each it shows more
than the one most likely answer does. Greedy accuracy is reported beside it.

A claim holds where the mean of the paired differences is at least its margin, more
than their spread (one standard deviation), and where the 95 per cent interval by
Student's t lies above zero.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

SOURCES = ("lister", "reckoner", "coder", "hanzi")
# 97.5 % of Student's t lie below, by degrees of freedom from 1.
T_975 = tuple(
    float(quantile)
    for quantile in (
        "12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262 2.228 "
        "2.201 2.179 2.160 2.145 2.131 2.120 2.110 2.101 2.093 2.086"
    ).split()
)
MOST_SEEDS = len(T_975) + 1

Figures = Mapping[str, Mapping[str, float]]  # by metric, then family or mean
Seed = Mapping[str, Figures]  # by weights


@dataclass(frozen=True)
class Claim:
    """`better` is ahead of `worse`; with a margin of None nothing is claimed."""

    says: str
    better: str
    worse: tuple[str, ...]  # the best of them, of each seed
    margin: float | None  # per cent points


CLAIMS = (
    Claim("fused > self-distilled", "fused dpo", ("self dpo",), 2.0),
    Claim("fused > the best source itself", "fused dpo", SOURCES, 10.0),
    Claim("fused > taught by the best source", "fused dpo", ("single dpo",), 2.0),
    Claim("SFT > before", "fused sft", ("before",), 5.0),
    Claim("DPO > SFT", "fused dpo", ("fused sft",), 1.0),
)
COMPARISONS = (
    Claim("all sources − best source, SFT only", "fused sft", ("single sft",), None),
    Claim("fused − self-distilled, SFT only", "fused sft", ("self sft",), None),
    Claim("DPO − SFT on the chosen", "fused dpo", ("chosen_sft sft",), None),
    Claim("pairs of one source − of any", "fused dpo", ("any_pairs dpo",), None),
    Claim("sigmoid_norm − sigmoid", "fused dpo", ("sigmoid dpo",), None),
)


@dataclass(frozen=True)
class Difference:
    """Of some seeds: mean, standard deviation, 95 per cent interval of the mean."""

    mean: float
    spread: float
    low: float
    high: float


def difference(values: Sequence[float]) -> Difference:
    """Of paired differences, a value a seed; ValueError below two or above 21."""
    n = len(values)
    if not 2 <= n <= MOST_SEEDS:
        raise ValueError(f"expected 2 to {MOST_SEEDS} seeds, found {n}")
    mean, spread = fmean(values), stdev(values)
    half = T_975[n - 2] * spread / math.sqrt(n)
    return Difference(mean, spread, mean - half, mean + half)


def paired(claim: Claim, seeds: Sequence[Seed], metric: str) -> Difference:
    """Better minus worse of each seed."""
    return difference(
        [
            seed[claim.better][metric]["mean"]
            - max(seed[name][metric]["mean"] for name in claim.worse)
            for seed in seeds
        ]
    )


def holds(claim: Claim, found: Difference) -> bool:
    """Whether what was found is what was claimed."""
    assert claim.margin is not None, "nothing is claimed"
    return found.low > 0 and found.mean > found.spread and found.mean >= claim.margin


def report(seeds: Sequence[Seed]) -> str:
    """Three Markdown tables: accuracies, claims, comparisons."""
    return "\n".join([*_accuracies(seeds), "", *_claims(seeds), "", *_others(seeds)])


def _accuracies(seeds: Sequence[Seed]) -> list[str]:
    families = list(seeds[0]["before"]["sampled"])
    lines = [
        f"| weights | {' | '.join(families)} | greedy mean |",
        "|---|" + "---:|" * (len(families) + 1),
    ]
    for name in seeds[0]:
        cells = [
            _mean_spread([seed[name]["sampled"][family] for seed in seeds])
            for family in families
        ]
        cells.append(_mean_spread([seed[name]["greedy"]["mean"] for seed in seeds]))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _mean_spread(values: Sequence[float]) -> str:
    return f"{fmean(values):.1f} ± {stdev(values):.1f}"


def _claims(seeds: Sequence[Seed]) -> list[str]:
    lines = [
        "| claim | margin | sampled | spread | 95 % interval | holds | greedy |",
        "|---|---:|---:|---:|---|---|---:|",
    ]
    for claim in CLAIMS:
        found, greedy = (paired(claim, seeds, m) for m in ("sampled", "greedy"))
        said = "yes" if holds(claim, found) else "**failed**"
        lines.append(
            f"| {claim.says} | {claim.margin} | {found.mean:+.1f} | {found.spread:.1f} "
            f"| {_interval(found)} | {said} | {greedy.mean:+.1f}, {_interval(greedy)} |"
        )
    return lines


def _others(seeds: Sequence[Seed]) -> list[str]:
    lines = [
        "| comparison | sampled | spread | 95 % interval | greedy |",
        "|---|---:|---:|---|---:|",
    ]
    for one in COMPARISONS:
        found, greedy = (paired(one, seeds, m) for m in ("sampled", "greedy"))
        lines.append(
            f"| {one.says} | {found.mean:+.1f} | {found.spread:.1f} "
            f"| {_interval(found)} | {greedy.mean:+.1f}, {_interval(greedy)} |"
        )
    return lines


def _interval(found: Difference) -> str:
    return f"{found.low:+.1f} to {found.high:+.1f}"
