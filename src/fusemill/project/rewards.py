"""registry/rewards.yaml: how the reward models of registry/models.yaml are run.

And their canaries: pairs with known scores, scored before anything else is.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from fusemill.errors import DeclarationError
from fusemill.project.declaration import Declaration, load
from fusemill.project.models import Builder, Model, Name, ProjectPath, RewardScorer

FILE = "registry/rewards.yaml"
Precision = Literal["float32", "bfloat16", "float16"]


class Reward(Declaration):
    """How one reward model is run, and how it is known to be the right one."""

    # Local checkpoint, `${data}` allowed; null: the Hub, at the model's revision.
    weights: str | None
    precision: Precision | None  # null: a server runs it
    max_tokens: Annotated[int, Field(ge=2)]  # a longer conversation is `too_long`
    label: Annotated[int, Field(ge=0)] | None  # of several logits; null: there is one
    range: tuple[float, float]  # that scores of good and bad answers lie in
    canary: ProjectPath
    path: Literal["classify", "pooling"] | None = None  # of a server; null: local
    # Rows × longest row of a batch; null: as suits the device.
    batch_tokens: Annotated[int, Field(ge=1)] | None = None

    @field_validator("range")
    @classmethod
    def _rising(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not value[0] < value[1]:
            raise ValueError("expected the lower bound first, then a higher one")
        return value


class Rewards(Declaration):
    """registry/rewards.yaml: by the model's name in registry/models.yaml."""

    rewards: dict[Name, Reward]


class Turn(Declaration):
    """One message of a canary's conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class CanaryPair(Declaration):
    """A conversation, its answer, and what the model is known to say of it."""

    messages: Annotated[tuple[Turn, ...], Field(min_length=1)]
    text: str
    score: float | None  # null: not known, so only `range` is held against it
    objectives: tuple[float, ...] | None = None  # the first of them; null: not known


class Canary(Declaration):
    """registry/canaries/<model>.yaml."""

    source: str  # where the figures stand, or what made them
    tolerance: Annotated[float, Field(ge=0)]
    pairs: Annotated[tuple[CanaryPair, ...], Field(min_length=1)]


def load_rewards(root: Path, models: Mapping[str, Model]) -> dict[str, Reward]:
    """The declared reward models by name; none where there is no such file."""
    path = root / FILE
    if not path.exists():
        return {}
    found = load(path, Rewards).rewards
    for name in found:
        if name not in models or models[name].role != "reward":
            rewards = [n for n, model in models.items() if model.role == "reward"]
            raise DeclarationError(
                f"{path}: key `rewards.{name}`: no model of that name with `role: "
                f"reward` in registry/models.yaml; there are: "
                f"{', '.join(sorted(rewards)) or 'none'}"
            )
    return found


def check_rewards(path: Path, builder: Builder, rewards: Mapping[str, Reward]) -> None:
    """DeclarationError where a scorer's reward model is not declared for its engine."""
    for scorer in builder.scores:
        if not isinstance(scorer, RewardScorer):
            continue
        where = f"{path}: scores.{scorer.name}"
        if scorer.model not in rewards:
            raise DeclarationError(
                f"{where}: model `{scorer.model}` is not in {FILE}, which says how it "
                f"is run; there are: {', '.join(sorted(rewards)) or 'none'}"
            )
        _check_engine(where, scorer, rewards[scorer.model])


def _check_engine(where: str, scorer: RewardScorer, reward: Reward) -> None:
    key = f"{FILE}: rewards.{scorer.model}"
    if scorer.engine == "http" and reward.path is None:
        raise DeclarationError(
            f"{where}: engine `http` asks a server; {key}: expected `path: classify` "
            "or `path: pooling`"
        )
    if scorer.engine != "http" and reward.precision is None:
        raise DeclarationError(
            f"{where}: engine `{scorer.engine}` loads the weights; {key}: expected a "
            "`precision`, for example bfloat16"
        )
