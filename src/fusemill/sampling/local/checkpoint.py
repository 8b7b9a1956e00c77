"""A model with its tokenizer: conversations to token ids, token ids to text."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM

from fusemill.checkpoints.loading import load_exactly, max_positions
from fusemill.checkpoints.tokenizers import load_tokenizer
from fusemill.errors import EngineError
from fusemill.sampling.local.cache import can_hold

PRECISIONS = ("float32", "bfloat16", "float16")


class Refused(Exception):
    """This model cannot read this conversation."""


@dataclass(frozen=True)
class Local:
    """A model as it is declared, and where its files are."""

    name: str  # in registry/models.yaml
    folder: Path
    precision: str | None  # None: as the checkpoint has it
    template: str | None  # a name among the tokenizer's; None: the one it has
    reasoning: str | None  # what the template is told as `reasoning_effort`
    where: str  # for messages

    def load(self) -> "Checkpoint":
        """The model, on the accelerator where there is one.

        EngineError where files lack or do not fit, or where it is of a kind that this
        engine cannot run.
        """
        tokenizer = load_tokenizer(self.folder, self.where)
        model = load_exactly(
            AutoModelForCausalLM, self.folder, self.where, self._dtype()
        )
        device = "cuda" if torch.cuda.is_available() else "cpu"
        checkpoint = Checkpoint(self, model.to(device).eval(), tokenizer)
        if not checkpoint.eos_ids:
            raise EngineError(
                f"{self.where}: {self.folder} names no token that ends an answer; "
                "expected `eos_token_id` in its generation_config.json"
            )
        reads = inspect.signature(model.forward).parameters
        if "position_ids" not in reads or not can_hold(model.config):
            raise EngineError(
                f"{self.where}: engine `transformers` cannot run a "
                f"{type(model).__name__}: it remembers more than keys and values, or "
                "has no positions; serve it and declare engine `vllm`"
            )
        return checkpoint

    def _dtype(self) -> torch.dtype | None:
        if self.precision is None:
            return None
        if self.precision not in PRECISIONS:
            raise EngineError(
                f"{self.where}.precision: found {self.precision!r}; engine "
                f"`transformers` has {', '.join(PRECISIONS)}"
            )
        found: torch.dtype = getattr(torch, self.precision)
        return found


class Checkpoint:
    """A loaded model. `context` is how many tokens prompt and answer may have."""

    def __init__(self, local: Local, model: Any, tokenizer: Any) -> None:
        self.model = model
        self.context = max_positions(model)
        self._local, self._tokenizer = local, tokenizer
        self._special_ids = frozenset(tokenizer.all_special_ids)
        found = model.generation_config.eos_token_id
        ids = found if isinstance(found, list) else [found]
        self.eos_ids = frozenset({*ids, tokenizer.eos_token_id} - {None})

    def ids(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Token ids up to where the answer begins; Refused where there is no room.

        Refused too where the template does not take the conversation's roles.
        """
        said = {"reasoning_effort": self._local.reasoning}
        try:
            ids = self._tokenizer.apply_chat_template(
                list(messages),
                chat_template=self._template(),
                add_generation_prompt=True,
                tokenize=True,
                return_dict=False,
                truncation=False,
                **(said if self._local.reasoning is not None else {}),
            )
        except TemplateError as error:
            roles = ", ".join(message["role"] for message in messages)
            raise Refused(
                f"its chat template refuses a conversation of {roles}: {error}"
            ) from None
        if len(ids) >= self.context:
            raise Refused(
                f"too long: the prompt has {len(ids):,} tokens, and the model's "
                f"context {self.context:,}"
            )
        return [int(i) for i in ids]

    def _template(self) -> str | None:
        name = self._local.template
        if name is None:
            return None
        known = self._tokenizer.chat_template
        if not isinstance(known, dict) or name not in known:
            names = ", ".join(known) if isinstance(known, dict) else "one without name"
            raise EngineError(
                f"{self._local.where}.template: {name!r} is not a template of the "
                f"tokenizer in {self._local.folder}, which has {names}"
            )
        return name

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
