"""The published checkpoint gives the published scores: needs the Hub and a GPU."""

import os
from pathlib import Path

import duckdb
import pytest

from fusemill.project.declaration import load
from fusemill.project.models import Models
from fusemill.scoring.rewards.pairs import Pair
from fusemill.scoring.rewards.template import Template
from needs_torch import torch

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))
SCORED = DATA / "magpie_5res_armorm" / "example.parquet"


@pytest.mark.gpu
@pytest.mark.network
@pytest.mark.skipif(not SCORED.exists(), reason=f"no recorded scores in {SCORED}")
def test_the_25_scores_that_magpie_publishes() -> None:
    from huggingface_hub import snapshot_download

    from fusemill.scoring.rewards.armorm import load_armorm
    from fusemill.scoring.rewards.local import LocalReward

    model = load(ROOT / "registry/models.yaml", Models).models["armorm"]
    folder = Path(snapshot_download(model.model, revision=model.revision))
    head = load_armorm(folder, "armorm", torch.bfloat16, "cuda", "right")
    reward = LocalReward(head, Template.load(folder, "armorm"), 8192, 16384)
    rows = duckdb.sql(
        "select instruction, unnest(responses), unnest(rewards_armorm).score "
        f"from '{SCORED}'"
    ).fetchall()
    pairs = [Pair([{"role": "user", "content": ask}], text) for ask, text, _ in rows]
    done = dict(item for batch in reward.scores(pairs) for item in batch)
    assert len(rows) == 25
    for i, (*_, published) in enumerate(rows):
        assert done[i].score == pytest.approx(published, abs=0.003, rel=0)
