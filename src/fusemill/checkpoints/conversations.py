"""Conversations as a checkpoint's own chat template writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from fusemill.checkpoints.tokenizers import load_tokenizer
from fusemill.errors import EngineError

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

    def require_precision(self, engine: str) -> None:
        """EngineError where the declared precision is none that this engine has."""
        if self.precision is not None and self.precision not in PRECISIONS:
            raise EngineError(
                f"{self.where}.precision: found {self.precision!r}; engine "
                f"`{engine}` has {', '.join(PRECISIONS)}"
            )


class Conversations:
    """Writes conversations for one model. `context`: tokens of prompt and answer."""

    def __init__(self, local: Local, context: int) -> None:
        """EngineError where the tokenizer or its template lacks."""
        self.tokenizer = load_tokenizer(local.folder, local.where)
        self.context = context
        self._local = local

    def ids(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Token ids up to where the answer begins; Refused where there is no room.

        Refused too where the template does not take the conversation's roles.
        """
        said = {"reasoning_effort": self._local.reasoning}
        try:
            ids = self.tokenizer.apply_chat_template(
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
        known: Any = self.tokenizer.chat_template
        if not isinstance(known, dict) or name not in known:
            names = ", ".join(known) if isinstance(known, dict) else "one without name"
            raise EngineError(
                f"{self._local.where}.template: {name!r} is not a template of the "
                f"tokenizer in {self._local.folder}, which has {names}"
            )
        return name
