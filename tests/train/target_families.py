"""Tokenizers of the three target families, made in place.

Their chat templates are the published ones without the branches for tools. A token is a
byte, with the byte's own number, and two line breaks in a row are one token, as in
Llama's and Qwen's vocabularies; special tokens follow. BEGIN is added by the tokenizer
to every text it is not told to leave alone, as Llama's and Gemma's do.
"""

import json
from dataclasses import dataclass
from pathlib import Path

BREAKS = 256  # two line breaks
FIRST_SPECIAL = 257

_LLAMA = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
    {{- message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
_QWEN = """{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant") %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""  # noqa: E501 - as published
_GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate "
    "user/assistant/user/assistant/...') }}{% endif %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}"
    "{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + "
    "'<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)


@dataclass(frozen=True)
class Family:
    """A tokenizer, and the target file that belongs to it."""

    target: str  # in training/targets/
    kind: str  # of transformers' architectures
    begin: str | None
    special: tuple[str, ...]  # ids from FIRST_SPECIAL
    end_of_text: str
    template: str

    def id(self, token: str) -> int:
        """Id of a special token."""
        return FIRST_SPECIAL + self.special.index(token)

    @property
    def vocab_size(self) -> int:
        """Bytes, two line breaks, special tokens."""
        return FIRST_SPECIAL + len(self.special)


LLAMA = Family(
    "llama-3.1-8b",
    "llama",
    "<|begin_of_text|>",
    ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    "<|eot_id|>",
    _LLAMA,
)
QWEN = Family(
    "qwen2.5-7b",
    "qwen2",
    None,
    ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    "<|im_end|>",
    _QWEN,
)
GEMMA = Family(
    "gemma-2-9b",
    "gemma2",
    "<bos>",
    ("<pad>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"),
    "<eos>",
    _GEMMA,
)
FAMILIES = (LLAMA, QWEN, GEMMA)


def write_tokenizer(
    folder: Path, family: Family, template: str | None = None, **config: str
) -> Path:
    """Write the family's tokenizer, or one with another template ('': with none)."""
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.decoders import ByteLevel as Decoder
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.processors import TemplateProcessing
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    names = bytes_to_unicode()
    vocabulary = {names[byte]: byte for byte in range(256)}
    line = names[ord("\n")]
    vocabulary[line + line] = BREAKS
    tokenizer = Tokenizer(BPE(vocabulary, merges=[(line, line)]))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = Decoder()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in family.special])
    if family.begin:
        tokenizer.post_processor = TemplateProcessing(
            single=f"{family.begin} $A",
            special_tokens=[(family.begin, family.id(family.begin))],
        )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    written = family.template if template is None else template
    said = {
        "tokenizer_class": "TokenizersBackend",
        "eos_token": family.end_of_text,
        **({"bos_token": family.begin} if family.begin else {}),
        **({"chat_template": written} if written else {}),
        **config,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(said), encoding="utf-8")
    return folder
