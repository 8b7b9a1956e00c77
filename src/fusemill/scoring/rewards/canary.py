"""Before a run: the pairs whose scores are known, scored and compared.

A reward model that is loaded, prompted or cut wrongly still gives numbers. ArmoRM by a
generic loader gives about -2 where good answers have 0.1 to 0.2; behind a server that
adds a sigmoid everything lies between 0 and 1; with the prompt cut away the score is of
an answer to nothing.
"""

from fusemill.errors import EngineError
from fusemill.project.rewards import Canary, CanaryPair, Reward
from fusemill.scoring.rewards.pairs import Pair, RewardModel, Scored

_STATUSES = {
    "no_pattern": "the token pattern that the gate reads is not in it: this tokenizer "
    "or chat template is not the model's",
    "too_long": "it is longer than the model takes, so that it would have to be cut",
    "not_finite": "the score is no number",
}


def check_canary(
    model: RewardModel, canary: Canary, reward: Reward, where: str
) -> None:
    """Nothing where every pair comes out as known; else EngineError says what does not.

    `where` is the model's declaration.
    """
    pairs = [_pair(known) for known in canary.pairs]
    for i, pair in enumerate(pairs):
        fault = model.misread(pair)
        if fault is not None:
            raise _stop(where, reward, i, fault)
    found = dict(item for batch in model.scores(pairs) for item in batch)
    for i, known in enumerate(canary.pairs):
        fault = _differs(found[i], known, canary.tolerance, reward.range)
        if fault is not None:
            raise _stop(where, reward, i, fault)


def _pair(known: CanaryPair) -> Pair:
    turns = [{"role": m.role, "content": m.content} for m in known.messages]
    return Pair(turns, known.text)


def _stop(where: str, reward: Reward, i: int, fault: str) -> EngineError:
    return EngineError(
        f"{where}: {reward.canary}: pairs.{i}: {fault}. Nothing was scored"
    )


def _differs(
    found: Scored, known: CanaryPair, tolerance: float, within: tuple[float, float]
) -> str | None:
    """What is wrong with a score, None where nothing is."""
    if found.score is None:
        return _STATUSES[found.status]
    low, high = within
    if not low <= found.score <= high:
        return (
            f"the score is {found.score:.6g}, outside the declared range of {low:g} to "
            f"{high:g}"
        )
    if known.score is not None and abs(found.score - known.score) > tolerance:
        return (
            f"the score is {found.score:.6g}, expected {known.score:.6g} within "
            f"{tolerance:g}"
        )
    for i, value in enumerate(known.objectives or ()):
        if found.objectives is None or i >= len(found.objectives):
            return f"objective {i} is not given, expected {value:.6g}"
        if abs(found.objectives[i] - value) > tolerance:
            return (
                f"objective {i} is {found.objectives[i]:.6g}, expected {value:.6g} "
                f"within {tolerance:g}"
            )
    return None
