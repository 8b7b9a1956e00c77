"""ArmoRM: nineteen objectives of the answer, weighted by a gate that reads the prompt.

RLHFlow/ArmoRM-Llama3-8B-v0.1 (Wang et al., arXiv:2406.12845) as its card and its
checkpoint describe it, without remote code:

    r      = regression_layer(state at the last token)                       [19]
    gate   = softmax(mlp(state where the answer's header begins) / 10) · scale   [19]
    score  = Σ gate ⊙ (r @ T)

T is the 19×19 reward transform, the mlp three layers of 1024 with ReLU and a last one
of 19. Tensors of the checkpoint: `model.*`, `regression_layer.weight`,
`reward_transform_matrix`, `gating.layers.{0..3}.{weight,bias}`, `gating.logit_scale`.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaModel, LlamaPreTrainedModel

from fusemill.checkpoints.loading import load_exactly
from fusemill.scoring.rewards.batching import Tokens
from fusemill.scoring.rewards.pairs import Scored, Status
from fusemill.scoring.rewards.states import States

# <|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n in Llama 3's vocabulary:
# the end of the user's turn and the head of the answer.
PATTERN = (128009, 128006, 78191, 128007, 271)


def gate_position(ids: Tokens) -> int | None:
    """Where the last occurrence of PATTERN begins, None where there is none.

    >>> gate_position([1, *PATTERN, 2, *PATTERN, 3])
    7
    """
    pattern = list(PATTERN)
    for i in range(len(ids) - len(pattern), -1, -1):
        if list(ids[i : i + len(pattern)]) == pattern:
            return i
    return None


class Gating(nn.Module):
    """Weights of the objectives: softmax(mlp / temperature) · scale."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        width = getattr(config, "gating_hidden_dim", 1024)
        depth = getattr(config, "gating_n_hidden", 3)
        self.temperature = getattr(config, "gating_temperature", 10)
        sizes = [config.hidden_size, *[width] * depth]
        hidden = [nn.Linear(a, b) for a, b in pairwise(sizes)]
        last = nn.Linear(sizes[-1], n_objectives(config))
        self.layers = nn.ModuleList([*hidden, last])
        self.logit_scale = nn.Parameter(torch.ones(1))

    def forward(self, states: Tensor) -> Tensor:
        """[n, hidden size] → [n, n_objectives]."""
        *hidden, last = self.layers
        for layer in hidden:
            states = layer(states).relu()
        weights: Tensor = (last(states) / self.temperature).softmax(dim=-1)
        return weights * self.logit_scale


def n_objectives(config: LlamaConfig) -> int:
    """How many objectives a checkpoint has; the published one has 19."""
    return int(getattr(config, "num_objectives", 19))


class ArmoRM(LlamaPreTrainedModel):  # type: ignore[misc]  # it is not typed
    """The module, with the names of the published tensors."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__(config)
        n = n_objectives(config)
        self.model = LlamaModel(config)
        self.regression_layer = nn.Linear(config.hidden_size, n, bias=False)
        self.reward_transform_matrix = nn.Parameter(torch.eye(n), requires_grad=False)
        self.gating = Gating(config)
        self.post_init()

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Scores [n] and objectives r [n, n_objectives].

        `states` [n, 2, hidden size] are those at the gate's position and the last one.
        """
        objectives = self.regression_layer(states[:, 1])
        gate = self.gating(states[:, 0])
        adjusted = objectives @ self.reward_transform_matrix
        return (gate * adjusted).sum(dim=-1), objectives


class ArmoHead:
    """ArmoRM over token rows."""

    can_share = True  # Llama attends backwards only

    def __init__(self, model: ArmoRM, padding_side: str) -> None:
        self.model = model.eval()
        self.states = States(model.model, padding_side)
        self.max_positions = int(model.config.max_position_embeddings)
        self.n_parameters = model.num_parameters()

    def fault(self, ids: Tokens) -> Status | None:
        """`no_pattern` where the gate has nothing to read."""
        return "no_pattern" if gate_position(ids) is None else None

    @torch.inference_mode()
    def judge(self, rows: Sequence[Tokens], n_shared: int) -> list[Scored]:
        """One result a row; the first `n_shared` tokens are the same in all."""
        states = self.states.at(rows, [_read_at(row) for row in rows], n_shared)
        scores, objectives = self.model(states)
        return [
            Scored.of(score, values)
            for score, values in zip(
                scores.float().tolist(), objectives.float().tolist(), strict=True
            )
        ]


def _read_at(row: Tokens) -> tuple[int, int]:
    """Positions of the gate's state and of the objectives'."""
    gate = gate_position(row)
    assert gate is not None  # `fault` has refused such rows
    return gate, len(row) - 1


def load_armorm(
    folder: Path, where: str, precision: torch.dtype, device: str, padding_side: str
) -> ArmoHead:
    """The checkpoint in `folder`; EngineError names what does not fit the module."""
    model = load_exactly(ArmoRM, folder, where, precision)
    return ArmoHead(model.to(device), padding_side)
