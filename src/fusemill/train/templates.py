"""Rows as token ids: the same prompt in SFT, in DPO and where the model is asked.

A chat template may double the token that begins a text, slip in a system prompt or
write today's date. What it writes before the user's first words is declared, letter
for letter, and compared before anything is trained.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from fusemill.checkpoints.tokenizers import load_tokenizer
from fusemill.durable import sha256_file
from fusemill.errors import TrainError
from fusemill.train.target import Template

Messages = Sequence[Mapping[str, str]]
_ASKED = "Which is it?"
_SAID = "This one."


class Chat:
    """Writes conversations for one target, as it will be asked later on.

    `tokenizer` has the declared values in its template: saved beside the trained
    weights, it gives every reader the prompts that were trained on.
    """

    def __init__(self, folder: Path, declared: Template, where: str) -> None:
        """TrainError where the template does not write what is declared."""
        self.tokenizer: Any = load_tokenizer(folder, where)
        self.tokenizer.chat_template = with_values(
            self.tokenizer.get_chat_template(), declared.values
        )
        self._end = declared.end
        self.digest = _digest(folder, self.tokenizer.chat_template, declared.end)
        self._check(declared, f"{folder}: its chat template")

    def prompt(self, messages: Messages) -> list[int]:
        """Token ids up to where the answer begins; TrainError where it is refused."""
        return self._encode(self._write(messages, ask=True))

    def answer(self, messages: Messages, said: Mapping[str, str]) -> list[int]:
        """Token ids of an answer to `messages`, the last one being its end token.

        What a template writes after that token (a line break) is left out: no model
        ever has to say it.
        """
        return self._encode(self._answer_text(messages, said))

    def _answer_text(self, messages: Messages, said: Mapping[str, str]) -> str:
        prompt = self._write(messages, ask=True)
        whole = self._write([*messages, said], ask=False)
        text, end, rest = whole[len(prompt) :].rpartition(self._end)
        if not whole.startswith(prompt) or not end or rest.strip():
            raise TrainError(
                f"the chat template writes {whole[-80:]!r}; expected the prompt "
                f"{prompt[-40:]!r}, the answer, and {self._end!r} at its end"
            )
        return text + end

    def _write(self, messages: Messages, ask: bool) -> str:
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    list(messages), tokenize=False, add_generation_prompt=ask
                )
            )
        except TemplateError as error:
            roles = ", ".join(message["role"] for message in messages)
            raise TrainError(
                f"the chat template refuses a conversation of {roles}: {error}"
            ) from None

    def _encode(self, text: str) -> list[int]:
        # The template has written every special token; no other may be added.
        return [int(i) for i in self.tokenizer.encode(text, add_special_tokens=False)]

    def _check(self, declared: Template, where: str) -> None:
        user = {"role": "user", "content": _ASKED}
        assistant = {"role": "assistant", "content": _SAID}
        end = self.tokenizer.convert_tokens_to_ids(declared.end)
        if end is None or end == self.tokenizer.unk_token_id:
            after = self._write([user, assistant], ask=False).rpartition(_SAID)[2]
            raise TrainError(
                f"{where}: template.end: the tokenizer has no token {declared.end!r}; "
                f"after an answer the template writes {after!r}"
            )
        prompt = self._write([user], ask=True)
        opening = prompt.partition(_ASKED)[0]
        if opening != declared.opening:
            raise TrainError(
                f"{where}: before the user's first words expected "
                f"{declared.opening!r}, found {opening!r}. Change `template.opening` "
                "or `template.values` of the target if that is what you want"
            )
        together = self._encode(prompt + self._answer_text([user], assistant))
        if self.prompt([user]) + self.answer([user], assistant) != together:
            raise TrainError(
                f"{where}: prompt and answer have other tokens apart than together; "
                "this tokenizer cannot be trained on token by token"
            )


def _digest(folder: Path, template: str, end: str) -> str:
    """Changes with everything that token ids depend on."""
    names = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json")
    read = [folder / name for name in names]
    files = [sha256_file(path) for path in read if path.is_file()]
    return hashlib.sha256(json.dumps([files, template, end]).encode()).hexdigest()


def with_values(template: str, values: Mapping[str, str]) -> str:
    """A chat template in which these variables have these values.

    >>> with_values("{{ date_string }}", {"date_string": "26 Jul 2024"})
    '{%- set date_string = "26 Jul 2024" -%}{{ date_string }}'
    """
    lines = [f"{{%- set {k} = {json.dumps(v)} -%}}" for k, v in values.items()]
    return "".join(lines) + template
