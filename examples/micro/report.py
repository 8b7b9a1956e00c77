"""What became of the target, on one page that needs no other file.

    python examples/micro/report.py examples/micro/trained/… --release FOLDER

The first folder has `sft/` and `dpo/`, as `fusemill train` leaves them, and
`figures.json` of evaluate.py over the sources, `before`, `sft` and `dpo`; the second is
the release that they were trained on.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import curves
import polars as pl
from families import FAMILIES
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fusemill.durable import write_text

HERE = Path(__file__).parent
PAGE = Path("examples/micro/report.html")
STEPS = {
    "before": "target before",
    "sft": "after SFT",
    "dpo": "after DPO",
}
N_PAIRS = 2  # a family


@dataclass(frozen=True)
class Trained:
    """A folder of `fusemill train`: what it was made of, and how it went."""

    record: dict[str, Any]
    log: list[dict[str, Any]]


@dataclass(frozen=True)
class Shown:
    """A held-out prompt and the target's greedy answers, by step."""

    family: str
    why: str
    prompt: str
    right: str
    answers: dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trained", type=Path, help="with sft/, dpo/ and figures.json")
    parser.add_argument("--output", type=Path, default=PAGE)
    parser.add_argument("--release", type=Path, required=True, help="its folder")
    asked = parser.parse_args()
    sft, dpo = (read(asked.trained / stage) for stage in ("sft", "dpo"))
    figures = json.loads((asked.trained / "figures.json").read_text("utf-8"))
    page = render(
        figures=figures,
        result=result(figures),
        runs={"SFT": sft, "DPO": dpo},
        curves={"SFT": curves.panels(sft.log), "DPO": curves.panels(dpo.log)},
        pairs=pairs(asked.release),
        shown=list(shown(figures)),
        folder=asked.trained,
    )
    write_text(asked.output, page, "report")
    for line in result(figures):
        print(line)
    print(f"the whole of it, on one page: {asked.output}")


def read(folder: Path) -> Trained:
    """What training.json and trainer_state.json of a finished run say."""
    record = json.loads((folder / "training.json").read_text("utf-8"))
    state = json.loads((folder / "trainer_state.json").read_text("utf-8"))
    return Trained(record, state["log_history"])


def render(**values: Any) -> str:
    """The page; whatever a text says is shown, never obeyed."""
    pages = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = pages.get_template("report.html.j2")
    return page.render(families=["mean", *FAMILIES], steps=STEPS, **values)


def result(figures: Mapping[str, Any]) -> list[str]:
    """How it came out, in a sentence for each way of asking; good or bad."""
    said = []
    for how in ("sampled", "greedy"):
        means = {name: one[how]["mean"] for name, one in figures["models"].items()}
        before, sft, dpo = (means.pop(step) for step in STEPS)
        best = max(means, key=lambda name: means[name])
        said.append(
            f"{how}: {before:.1f} % right before, {sft:.1f} % after SFT "
            f"({sft - before:+.1f}), {dpo:.1f} % after DPO ({dpo - sft:+.1f}); "
            f"the best source, {best}, {means[best]:.1f} %"
        )
    return said


def pairs(release: Path) -> list[dict[str, Any]]:
    """A few preference pairs of each family, the first ones in the release.

    Both answers of a pair have `text`, `score` and `verdict`.
    """
    rows = pl.read_parquet(release / "dpo" / "train.parquet")
    lineage = pl.read_parquet(release / "lineage" / "dpo_train.parquet")
    found = lineage.with_columns(prompt=last_words(rows["prompt"]))
    several = [found.filter(pl.col("set") == f).head(N_PAIRS) for f in FAMILIES]
    first = pl.concat(several)
    named = pl.concat([first["chosen_id"], first["rejected_id"]])
    answers = {
        one["response_id"]: {
            "text": one["text"],
            "score": one["scores"][0]["score"],
            "verdict": one["verdict"],
        }
        for one in pl.read_parquet(release / "responses" / "train.parquet")
        .filter(pl.col("response_id").is_in(named.implode()))
        .to_dicts()
    }
    return [
        {
            **pair,
            "chosen": answers[pair["chosen_id"]],
            "rejected": answers[pair["rejected_id"]],
        }
        for pair in first.to_dicts()
    ]


def last_words(messages: pl.Series) -> pl.Series:
    """What the last message of each conversation says."""
    return messages.list.last().struct.field("content")


def shown(figures: Mapping[str, Any]) -> Iterator[Shown]:
    """Of each family: the first prompt learned, the first lost, the first never got."""
    told = {
        "learned": lambda was, now: now and not was,
        "lost": lambda was, now: was and not now,
        "still wrong": lambda was, now: not was and not now,
    }
    texts = {step: figures["models"][step]["texts"] for step in STEPS}
    for family in FAMILIES:
        for why, holds in told.items():
            for i, question in enumerate(figures["questions"]):
                right = question["answer"]
                was, now = (texts[step][i] == right for step in ("before", "dpo"))
                if question["family"] == family and holds(was, now):
                    answers = {step: texts[step][i] for step in STEPS}
                    yield Shown(family, why, question["prompt"], right, answers)
                    break


if __name__ == "__main__":
    main()
