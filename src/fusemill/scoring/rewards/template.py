"""A conversation as the token ids that a reward model was trained to read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusemill.checkpoints.tokenizers import load_tokenizer
from fusemill.errors import EngineError
from fusemill.scoring.rewards.pairs import Pair


class NotWritten(EngineError):
    """The chat template refuses a conversation: its roles or their order."""


@dataclass(frozen=True)
class Template:
    """A checkpoint's tokenizer with its chat template."""

    tokenizer: Any
    where: str  # for messages: the model's name

    @classmethod
    def load(cls, folder: Path, where: str) -> "Template":
        """The tokenizer of a checkpoint; EngineError where it or its template lacks."""
        return cls(load_tokenizer(folder, where), where)

    def text(self, pair: Pair) -> str:
        """The conversation as the template writes it, special tokens as text."""
        return str(self._applied(pair, tokenize=False))

    def ids(self, pair: Pair) -> list[int]:
        """Token ids of the whole conversation; nothing is cut, nothing added.

        NotWritten where the template refuses it.
        """
        ids = self._applied(pair, tokenize=True, return_dict=False, truncation=False)
        return [int(i) for i in ids]

    def _applied(self, pair: Pair, **how: Any) -> Any:
        from jinja2 import TemplateError

        try:
            return self.tokenizer.apply_chat_template(pair.conversation, **how)
        except TemplateError as error:
            roles = ", ".join(turn["role"] for turn in pair.conversation)
            raise NotWritten(
                f"{self.where}: its chat template refuses a conversation of {roles}: "
                f"{error}"
            ) from error
