"""A model with its tokenizer."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from fusemill.checkpoints.conversations import Conversations, Local
from fusemill.checkpoints.loading import load_exactly, max_positions
from fusemill.errors import EngineError
from fusemill.sampling.local.cache import can_hold


def load(local: Local) -> "Checkpoint":
    """The model, on the accelerator where there is one.

    EngineError where files lack or do not fit, or where it is of a kind that this
    engine cannot run.
    """
    local.require_precision("transformers")
    dtype = None if local.precision is None else getattr(torch, local.precision)
    model = load_exactly(AutoModelForCausalLM, local.folder, local.where, dtype)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    checkpoint = Checkpoint(local, model.to(device).eval())
    if not checkpoint.eos_ids:
        raise EngineError(
            f"{local.where}: {local.folder} names no token that ends an answer; "
            "expected `eos_token_id` in its generation_config.json"
        )
    reads = inspect.signature(model.forward).parameters
    if "position_ids" not in reads or not can_hold(model.config):
        raise EngineError(
            f"{local.where}: engine `transformers` cannot run a "
            f"{type(model).__name__}: it remembers more than keys and values, or "
            "has no positions; serve it and declare engine `vllm`"
        )
    return checkpoint


class Checkpoint:
    """A loaded model, and how it reads and writes."""

    def __init__(self, local: Local, model: Any) -> None:
        self.model = model
        self.conversations = Conversations(local, max_positions(model))
        self._tokenizer = self.conversations.tokenizer
        self._special_ids = frozenset(self._tokenizer.all_special_ids)
        found = model.generation_config.eos_token_id
        ids = found if isinstance(found, list) else [found]
        self.eos_ids = frozenset({*ids, self._tokenizer.eos_token_id} - {None})

    def text(self, tokens: Sequence[int]) -> str:
        """The text of an answer, without special tokens."""
        return str(
            self._tokenizer.decode(
                list(tokens),
                skip_special_tokens=True,
                clean_up_tokenization_spaces=False,
            )
        )

    def text_before(self, stops: Sequence[str], tokens: Sequence[int]) -> str | None:
        """The text before the first of these strings, None where none has come.

        To be asked after each token.
        """
        if not stops:
            return None
        own = [token for token in tokens if token not in self._special_ids]
        # A token that is written has at least one byte.
        n_last = max(len(stop.encode()) for stop in stops) + 1
        last = self.text(own[-n_last:])
        if not any(stop in last for stop in stops):
            return None
        text = self.text(own)
        found = [at for stop in stops if (at := text.find(stop)) >= 0]
        return text[: min(found)] if found else None
