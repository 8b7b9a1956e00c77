"""A declared reward model, opened, and the scores of what is missing."""

from collections.abc import Iterator

import duckdb

from fusemill.errors import EngineError
from fusemill.fill import Row
from fusemill.project.declaration import load
from fusemill.project.models import Builder, RewardScorer
from fusemill.project.project import Project
from fusemill.project.rewards import Canary
from fusemill.scoring.rewards.batching import BATCH_TOKENS
from fusemill.scoring.rewards.canary import check_canary
from fusemill.scoring.rewards.pairs import Pair, RewardModel
from fusemill.scoring.rewards.weights import located, where_of

# Rows that are sorted by length together. Answers to one prompt follow one another.
WINDOW = 2_000

NUMBERED = """
create or replace temp table numbered as
select
    *,
    row_number() over (order by prompt_id, text_id) as position,
from missing
"""

PAIRS = """
select
    n.prompt_id,
    n.text_id,
    p.messages,
    t.text,
from numbered as n
inner join response_texts as t using (response_id)
inner join plan on n.prompt_id = plan.prompt_id and plan."set" = $set
    and plan.status = 'ready'
inner join prompt_texts as p using ("set", source_row)
where n.position > $after and n.position <= $after + $window
order by n.position
"""


def reward_scores(
    project: Project,
    builder: Builder,
    scorer: RewardScorer,
    con: duckdb.DuckDBPyConnection,
) -> Iterator[list[Row]]:
    """Rows of (prompt_id, text_id, score, objectives, status) for temp table `missing`.

    The canary comes first; nothing is scored where it fails.
    """
    model = opened(project, scorer)
    where, reward = where_of(scorer.model), project.rewards[scorer.model]
    canary = load(project.root / reward.canary, Canary)
    check_canary(model, canary, reward, where)
    con.execute(NUMBERED)
    n_missing = con.execute("select count(*) from numbered").fetchall()[0][0]
    for after in range(0, n_missing, WINDOW):
        asked = {"set": builder.set, "after": after, "window": WINDOW}
        rows = con.execute(PAIRS, asked).fetchall()
        pairs = [Pair(messages, text) for _, _, messages, text in rows]
        for batch in model.scores(pairs):
            yield [
                {
                    "prompt_id": rows[i][0],
                    "text_id": rows[i][1],
                    "score": scored.score,
                    "objectives": scored.objectives,
                    "status": scored.status,
                }
                for i, scored in batch
            ]


def opened(project: Project, scorer: RewardScorer) -> RewardModel:
    """The reward model of a scorer, ready to score; EngineError says what it lacks."""
    if scorer.engine == "http":
        from fusemill.scoring.rewards.http import open_http

        return open_http(project, scorer.model)
    try:
        import torch
        import transformers  # noqa: F401
    except ImportError as error:
        raise EngineError(
            f"scorer `{scorer.name}`: engine `{scorer.engine}` needs torch and "
            f"transformers ({error}): pip install 'fusemill[train]'"
        ) from error
    from fusemill.scoring.rewards.armorm import load_armorm
    from fusemill.scoring.rewards.classifier import load_classifier
    from fusemill.scoring.rewards.local import LocalReward
    from fusemill.scoring.rewards.template import Template

    where, reward = where_of(scorer.model), project.rewards[scorer.model]
    folder = located(project, scorer.model)
    template = Template.load(folder, where)
    assert reward.precision is not None  # loading the project has checked it
    precision = getattr(torch, reward.precision)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    side = template.tokenizer.padding_side
    head = (
        load_armorm(folder, where, precision, device, side)
        if scorer.engine == "armorm"
        else load_classifier(folder, where, precision, device, side, reward.label)
    )
    batch_tokens = reward.batch_tokens or BATCH_TOKENS[device]
    return LocalReward(head, template, reward.max_tokens, batch_tokens)
