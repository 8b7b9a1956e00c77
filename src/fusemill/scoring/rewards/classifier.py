"""Any reward model that transformers loads for sequence classification."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForSequenceClassification
from transformers.modeling_layers import GenericForSequenceClassification

from fusemill.checkpoints.loading import load_exactly, max_positions
from fusemill.checkpoints.padding import pad
from fusemill.errors import EngineError
from fusemill.scoring.rewards.batching import Tokens
from fusemill.scoring.rewards.pairs import Scored, Status
from fusemill.scoring.rewards.states import States, is_causal


class DecoderHead:
    """A causal model with a linear layer over the state of the last token.

    Which token is the last follows transformers: the last that is not the config's
    padding token, or simply the last where the config has none.
    """

    can_share = True

    def __init__(self, model: Any, label: int, padding_side: str) -> None:
        self.model, self.label = model.eval(), label
        self.states = States(model.base_model, padding_side)
        self.pad_token_id = model.config.get_text_config().pad_token_id
        self.max_positions = max_positions(model)
        self.n_parameters = model.num_parameters()

    def fault(self, ids: Tokens) -> Status | None:
        """None: it reads any row."""
        del ids
        return None

    @torch.inference_mode()
    def judge(self, rows: Sequence[Tokens], n_shared: int) -> list[Scored]:
        """One result a row; the first `n_shared` tokens are the same in all."""
        positions = [(self._last(row),) for row in rows]
        states = self.states.at(rows, positions, n_shared)
        return _scored(self.model.score(states[:, 0]), self.label)

    def _last(self, row: Tokens) -> int:
        own = (i for i in range(len(row) - 1, -1, -1) if row[i] != self.pad_token_id)
        return next(own, 0)


class WholeHead:
    """A model that reads rows in its own way (encoders): its forward pass as it is.

    Padded on the right, since the first token may be read and positions are its own
    count; one row at a time where the config has no padding token.
    """

    can_share = False

    def __init__(self, model: Any, label: int) -> None:
        self.model, self.label = model.eval(), label
        self.pad_id = model.config.pad_token_id
        self.max_positions = max_positions(model)
        self.n_parameters = model.num_parameters()

    def fault(self, ids: Tokens) -> Status | None:
        """None: it reads any row."""
        del ids
        return None

    @torch.inference_mode()
    def judge(self, rows: Sequence[Tokens], n_shared: int) -> list[Scored]:
        """One result a row; `n_shared` is always 0."""
        assert n_shared == 0
        batches = [rows] if self.pad_id is not None else [[row] for row in rows]
        logits = []
        for batch in batches:
            ids, mask = pad(batch, self.pad_id or 0, "right", self.model.device)
            logits.append(self.model(ids, attention_mask=mask).logits)
        return _scored(torch.cat(logits), self.label)


def _scored(logits: Tensor, label: int) -> list[Scored]:
    """Of logits [n, n_labels]; several labels are kept as objectives."""
    rows = logits.float().tolist()
    return [Scored.of(row[label], row if len(row) > 1 else None) for row in rows]


def load_classifier(
    folder: Path,
    where: str,
    precision: torch.dtype,
    device: str,
    padding_side: str,
    label: int | None,
) -> DecoderHead | WholeHead:
    """The checkpoint in `folder`; `label` is which logit is the score.

    EngineError where tensors are missing or not known, or where the model has several
    logits and `label` does not say which.
    """
    model = load_exactly(AutoModelForSequenceClassification, folder, where, precision)
    n_labels = int(model.config.num_labels)
    if label is None and n_labels != 1:
        raise EngineError(
            f"{where}: the model has {n_labels} labels; `label` must say which one is "
            f"the score, from 0 to {n_labels - 1}"
        )
    if label is not None and label >= n_labels:
        raise EngineError(
            f"{where}: `label` is {label}; the model has {n_labels} labels, from 0 to "
            f"{n_labels - 1}"
        )
    model = model.to(device)
    if isinstance(model, GenericForSequenceClassification) and is_causal(model):
        return DecoderHead(model, label or 0, padding_side)
    return WholeHead(model, label or 0)
