"""A project whose scorer is a reward model, through the command line."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from reward_project import SCORES, WORDS, declare, score, score_of, write_canary
from tiny_checkpoints import write_classifier

from small_files import TALK_ANSWERS
from small_project import SmallProject, fusemill, refused


@pytest.fixture
def scored(reward_project: SmallProject) -> SmallProject:
    """The small project, its set `talk` to be scored by a tiny classifier."""
    folder = write_classifier(reward_project.root / "weights/tiny", words=WORDS)
    write_canary(reward_project, score_of(folder, "Name a colour.", "Red."))
    return reward_project


def test_scores_are_those_of_the_model(scored: SmallProject) -> None:
    assert "talk: 15 new scores by tiny" in score(scored)
    rows = scored.ask(SCORES)
    folder = scored.root / "weights/tiny"
    for row in rows:
        expected = score_of(folder, row["ask"], row["text"])
        assert row["score"] == pytest.approx(expected, abs=1e-4, rel=0)
        assert (row["objectives"], row["status"]) == (None, "ok")
    assert len({row["score"] for row in rows}) == len(rows) == 15


def test_only_new_answers_are_scored(scored: SmallProject) -> None:
    score(scored)
    assert "talk: 0 new scores by tiny" in score(scored)
    more = {"ask": "Name a tree.", "model": "a", "text": "Oak. Oak.", "score": 0.5}
    scored.rows(
        "data/talk_answers.jsonl", [*TALK_ANSWERS, {**more, "finish_reason": "stop"}]
    )
    scored.ok("sample")
    assert "talk: 1 new scores by tiny" in score(scored)


def test_what_changes_a_score_makes_another_scorer(scored: SmallProject) -> None:
    score(scored)
    declare(scored, batch_tokens=64, range=[-9, 9])
    assert "talk: 0 new scores by tiny" in score(scored)
    declare(scored, precision="bfloat16", range=[-9, 9])
    write_canary(scored, None)
    assert "talk: 15 new scores by tiny" in score(scored)
    write_classifier(scored.root / "weights/tiny", words=["other"])
    assert "talk: 15 new scores by tiny" in score(scored)


def test_the_line_runs_to_a_release(scored: SmallProject) -> None:
    said = scored.ok("run").err
    assert "talk: 15 new scores by tiny" in said
    assert "release" in said


def test_the_card_says_how_a_release_is_made_again(
    scored: SmallProject, tmp_path: Path
) -> None:
    """Declarations that it holds, and what it says is to be put beside them."""
    scored.ok("run")
    release, again = scored.root / "releases/small/1.0.0", tmp_path / "again"
    shutil.copytree(release / "lineage/project", again)
    card = (release / "README.md").read_text()
    _, _, named = card.partition("First put into `lineage/project/`")
    for name in re.findall("`(.+?)`", named.partition("\n\n")[0]):
        subprocess.run(
            ["cp", "-r", "--parents", name, again], cwd=scored.root, check=True
        )
    given = ("--project", again, "--workdir", scored.root)
    said = fusemill("release", *given)
    assert said.code == 0, said.err
    assert "is there already, unchanged" in said.err


def test_a_canary_that_fails_stops_the_run(scored: SmallProject) -> None:
    before = scored.parts()
    write_canary(scored, 3.5)
    said = scored.cli("score", "--only", "talk")
    refused(said, "pairs.0: the score is", "expected 3.5", "Nothing was scored")
    assert scored.parts() == before


def test_conversations_that_are_too_long(scored: SmallProject) -> None:
    """`Name a colour.` with `Red.` takes 15 tokens; two answers have two words."""
    declare(scored, max_tokens=15)
    score(scored)
    rows = scored.ask(
        "select status, count(*) as n, count(score) as n_scores from scores "
        "where scorer = 'tiny' group by all order by all"
    )
    assert rows == [
        {"status": "ok", "n": 13, "n_scores": 13},
        {"status": "too_long", "n": 2, "n_scores": 0},
    ]


def test_doctor_says_what_is_missing(scored: SmallProject) -> None:
    assert "0 to mend" in scored.ok("doctor").out
    declare(scored, weights="weights/none")
    refused_by_doctor(scored, "rewards.tiny.weights: no such folder: weights/none")
    declare(scored, canary="registry/canaries/none.yaml")
    refused_by_doctor(scored, "none.yaml: no such file")


def refused_by_doctor(project: SmallProject, text: str) -> None:
    said = project.cli("doctor", "--json")
    assert said.code == 1
    assert text in said.out


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"range": [1, 1]}, "expected the lower bound first"),
        ({"precision": None}, "expected a `precision`"),
        ({"precision": "int4"}, "precision"),
        ({"weights": None}, "no revision; it must be the full commit"),
        ({"label": 1}, "`label` is 1; the model has 1 labels"),
        ({"max_tokens": 9000}, "max_tokens is 9,000; the model reads at most 512"),
    ],
)
def test_declarations_that_do_not_fit(
    scored: SmallProject, changed: dict[str, Any], said: str
) -> None:
    declare(scored, **changed)
    refused(scored.cli("score", "--only", "talk"), said)


def test_a_scorer_without_its_declaration(scored: SmallProject) -> None:
    scored.write("registry/rewards.yaml", "rewards: {}\n")
    refused(scored.cli("score"), "`tiny` is not in registry/rewards.yaml", "none")
    declare(scored)
    scored.change("builders/talk.yaml", "engine: classifier", "engine: http")
    refused(scored.cli("score"), "expected `path: classify` or `path: pooling`")
    scored.change("registry/models.yaml", "role: reward", "role: source")
    refused(scored.cli("score"), "key `rewards.tiny`", "`role: reward`")
