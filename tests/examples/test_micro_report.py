"""examples/micro/report.py over figures, pairs and logs that are written here."""

import importlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from micro_files import families

from needs_torch import torch  # noqa: F401 - without torch there is no transformers

# In the folder that micro_files names.
curves = importlib.import_module("curves")
report = importlib.import_module("report")

HOSTILE = "</pre><script>alert(1)</script>&<img src=x>"


class Page(HTMLParser):
    """What a browser finds: tags, attributes, and the words between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "path", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def model(sampled: float, greedy: float, texts: list[str]) -> dict[str, Any]:
    names = [*families.FAMILIES, "mean"]
    return {
        "sampled": dict.fromkeys(names, sampled),
        "greedy": dict.fromkeys(names, greedy),
        "texts": texts,
    }


@pytest.fixture
def figures() -> dict[str, Any]:
    asked = [("lists", "one", "1"), ("lists", "two", "2"), ("sums", HOSTILE, "3")]
    return {
        "part": "held_out",
        "seed": 43,
        "draws": 5,
        "sampling": {"temperature": 0.8, "top_p": 0.98},
        "questions": [
            {"family": family, "prompt": prompt, "answer": answer}
            for family, prompt, answer in asked
        ],
        "models": {
            "lister": model(30, 25, ["1", "2", "x"]),
            "coder": model(20, 28.25, ["1", "2", "x"]),
            "before": model(40, 75, ["0", "2", "x"]),
            "sft": model(70.25, 90, ["1", "2", "x"]),
            "dpo": model(69.25, 90, ["1", "0", HOSTILE]),
        },
    }


LOG = [
    {"step": 5, "loss": 0.5, "rewards/margins": -1.0},
    {"step": 10, "loss": 0.25, "rewards/margins": 1.0, "eval_loss": 0.3},
    {"step": 10, "loss": 9.0, "train_runtime": 1.0},
]


def run(**block: Any) -> Any:
    record = {
        "data": {
            "name": "micro",
            "version": "1.0.0",
            "repo": "local/micro",
            "commit": "c" * 40,
            "release_id": "d" * 32,
        },
        "model": {"repo": "fusemill/micro-target", "sha256": "e" * 64},
        "target": {"seed": 42, "steps": {"batch": 16}, **block},
        "result": {"steps": 10, "chosen": "final"},
    }
    return report.Trained(record, LOG)


def test_the_result_is_said_whether_good_or_bad(figures: dict[str, Any]) -> None:
    assert report.result(figures) == [
        "sampled: 40.0 % right before, 70.2 % after SFT (+30.2), 69.2 % after DPO "
        "(-1.0); the best source, lister, 30.0 %",
        "greedy: 75.0 % right before, 90.0 % after SFT (+15.0), 90.0 % after DPO "
        "(+0.0); the best source, coder, 28.2 %",
    ]


def test_answers_that_changed_are_shown(figures: dict[str, Any]) -> None:
    found = [(one.family, one.why, one.prompt) for one in report.shown(figures)]
    assert found == [
        ("lists", "learned", "one"),
        ("lists", "lost", "two"),
        ("sums", "still wrong", HOSTILE),
    ]


def talk(role: str, text: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text}]


def write_release(folder: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    """Pairs as (family, prompt, chosen, rejected), and where they came from."""
    for part in ("dpo", "lineage", "responses"):
        (folder / part).mkdir()
    prompts = [talk("user", row[1]) for row in rows]
    pl.DataFrame({"prompt": prompts}).write_parquet(folder / "dpo/train.parquet")
    pl.DataFrame(
        {
            "set": [row[0] for row in rows],
            "source_model": ["hanzi"] * len(rows),
            "chosen_id": [f"c{i}" for i in range(len(rows))],
            "rejected_id": [f"r{i}" for i in range(len(rows))],
        }
    ).write_parquet(folder / "lineage/dpo_train.parquet")
    pl.DataFrame(
        [
            {
                "response_id": f"{side}{i}",
                "text": row[column],
                "scores": [{"score": score}],
                "verdict": verdict,
            }
            for i, row in enumerate(rows)
            for column, side, score, verdict in (
                (2, "c", 0.25, "passed"),
                (3, "r", 0.2, None),
            )
        ]
    ).write_parquet(folder / "responses/train.parquet")
    return folder


def test_two_pairs_a_family_with_scores_and_verdicts(tmp_path: Path) -> None:
    rows = [("sums", "p0", "good 0", "bad 0")]
    rows += [("lists", f"p{i}", f"good {i}", f"bad {i}") for i in (1, 2, 3)]
    found = report.pairs(write_release(tmp_path, rows))
    assert [(one["set"], one["prompt"]) for one in found] == [
        ("lists", "p1"),
        ("lists", "p2"),
        ("sums", "p0"),
    ]
    assert (found[0]["source_model"], found[0]["chosen_id"]) == ("hanzi", "c1")
    assert found[0]["chosen"] == {"text": "good 1", "score": 0.25, "verdict": "passed"}
    assert found[0]["rejected"] == {"text": "bad 1", "score": 0.2, "verdict": None}


def test_curves_go_through_their_points() -> None:
    loss, margin = curves.panels(LOG)
    # The loss falls from 0.5 to 0.25: with a twentieth of room at either end the axes'
    # 116 units are 1.1 of that, and the line goes from 5.3 below the top to 5.3 above
    # the bottom.
    assert 'd="M46.0 49.3L408.0 154.7"' in loss
    assert ">0.5</text>" in loss
    assert ">step 10</text>" in loss
    assert 'd="M46.0 154.7L408.0 49.3"' in margin


def test_a_page_shows_texts_and_obeys_none(
    figures: dict[str, Any], tmp_path: Path
) -> None:
    release = write_release(tmp_path, [("lists", HOSTILE, HOSTILE, "plain")])
    dpo = {"dpo": {"learning_rate": 6e-05, "epochs": 1.0, "beta": 10, "loss_type": "x"}}
    sft = {"sft": {"learning_rate": 1e-4, "epochs": 3.0}}
    text = report.render(
        figures=figures,
        result=report.result(figures),
        runs={"SFT": run(**sft), "DPO": run(**dpo)},
        curves={"SFT": curves.panels(LOG), "DPO": curves.panels(LOG)},
        pairs=report.pairs(release),
        shown=list(report.shown(figures)),
        folder=Path("trained"),
    )
    page = Page(text)
    assert page.open == []  # every tag is closed
    assert {"script", "img", "link", "iframe"}.isdisjoint(page.tags)
    assert {"src", "href", "onload"}.isdisjoint(name for name, _ in page.attributes)
    assert page.tags.count("svg") == 4
    assert page.words.count(HOSTILE) == 4  # pair: prompt, chosen; asked: prompt, answer
    for said in (
        "3 epochs",
        "1 epoch,",
        "β 10;",
        "micro@1.0.0",
        "c" * 40,
        "e" * 64,
        "after DPO",
        "69.2 % after DPO",
    ):
        assert said in page.words
