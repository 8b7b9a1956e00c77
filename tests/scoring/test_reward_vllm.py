"""A classifier that vLLM serves, against engine `classifier`: `make test-vllm`."""

import json
from pathlib import Path

import pytest
from reward_project import SCORES, WORDS, declare, score, score_of, write_canary
from tiny_checkpoints import write_classifier

from small_project import SmallProject
from vllm_server import HEADS, served

pytestmark = pytest.mark.vllm


def test_scores_are_those_of_the_local_classifier(
    reward_project: SmallProject, tmp_path: Path
) -> None:
    folder = write_classifier(
        reward_project.root / "weights/tiny",
        words=WORDS,
        initializer_range=0.1,
        **HEADS,
    )
    write_canary(reward_project, score_of(folder, "Name a colour.", "Red."))
    copies = {
        path: reward_project.moved_copy(tmp_path / path)
        for path in ("classify", "pooling")
    }
    assert "talk: 15 new scores by tiny" in score(reward_project)
    expected = reward_project.ask(SCORES)
    log = tmp_path / "log"
    with served(folder, "made-up/tiny", log, "--runner", "pooling") as server:
        for path, project in copies.items():
            project.change("builders/talk.yaml", "engine: classifier", "engine: http")
            endpoint = {"base_urls": [server.url]}
            project.write(
                "registry/endpoints.yaml", json.dumps({"endpoints": {"tiny": endpoint}})
            )
            declare(project, weights=None, precision=None, path=path)
            assert "talk: 15 new scores by tiny" in score(project)
            assert "talk: 0 new scores by tiny" in score(project)
    for project in copies.values():
        for found, row in zip(project.ask(SCORES), expected, strict=True):
            assert found.pop("score") == pytest.approx(row["score"], abs=1e-4, rel=0)
            assert found == {k: v for k, v in row.items() if k != "score"}
    assert len({row["score"] for row in expected}) == 15
