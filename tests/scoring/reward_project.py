"""The small project with a reward model as the scorer of its set `talk`."""

import json
from pathlib import Path
from typing import Any

from small_files import TALK, TALK_ANSWERS
from small_project import SmallProject

# Every word of the set's prompts and answers.
WORDS = [
    word
    for text in [row["ask"] for row in TALK] + [row["text"] for row in TALK_ANSWERS]
    for word in text.split()
]

PAIR = {
    "messages": [{"role": "user", "content": "Name a colour."}],
    "text": "Red.",
}
REWARD = {
    "weights": "weights/tiny",
    "precision": "float32",
    "max_tokens": 24,
    "label": None,
    "range": [-10, 10],
    "canary": "registry/canaries/tiny.yaml",
}

# Every score of the reward model, with what it is of.
SCORES = """
    select p.messages[1].content as ask, t.text, s.score, s.objectives, s.status
    from scores as s
    inner join prompt_texts as p using (prompt_id)
    inner join responses as r using (prompt_id, text_id)
    inner join response_texts as t using (response_id)
    where s.scorer = 'tiny' and p."set" = 'talk'
    order by all
"""


def declare(project: SmallProject, **changed: Any) -> None:
    rewards = {"rewards": {"tiny": {**REWARD, **changed}}}
    project.write("registry/rewards.yaml", json.dumps(rewards))


def write_canary(project: SmallProject, score: float | None) -> None:
    said = {"source": "tests", "tolerance": 1e-4, "pairs": [{**PAIR, "score": score}]}
    project.write("registry/canaries/tiny.yaml", json.dumps(said))


def score_of(folder: Path, ask: str, text: str) -> float:
    """What transformers says, one conversation at a time."""
    import torch
    from transformers import AutoModelForSequenceClassification

    from fusemill.scoring.rewards.pairs import Pair
    from fusemill.scoring.rewards.template import Template

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    pair = Pair([{"role": "user", "content": ask}], text)
    with torch.no_grad():
        ids = torch.tensor([Template.load(folder, "tiny").ids(pair)])
        return float(model(ids).logits)


def score(project: SmallProject) -> str:
    """What `fusemill score` says."""
    return project.ok("score", "--only", "talk").err


def make(project: SmallProject) -> None:
    """Declare the reward model; its weights and its canary are the caller's."""
    project.write(
        "registry/models.yaml",
        project.read("registry/models.yaml")
        + "  tiny: {model: made-up/tiny, role: reward, licence: cc0-1.0}\n",
    )
    declare(project)
    builder = project.read("builders/talk.yaml")
    head, _, rest = builder.partition("scores:\n")
    tail = rest[rest.index("verify:") :].replace("score: given", "score: tiny")
    line = "scores:\n  - {engine: classifier, name: tiny, model: tiny}\n"
    project.write("builders/talk.yaml", head + line + tail)
