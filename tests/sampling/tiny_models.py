"""Random language models of a few thousand numbers, written into folders by the tests.

Their tokenizer knows whole words; `<end>` ends an answer. With weights this large no
two tokens are nearly as likely, so rounding changes no choice.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from needs_torch import torch

WORDS = [f"w{i}" for i in range(56)]
SPECIAL = ["<pad>", "<start>", "<end>", "<user>"]
END = SPECIAL.index("<end>")
TEMPLATE = (
    "{{ '<start>' }}{% for m in messages %}"
    "{% if m['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{{ '<user> ' + m['content'] + ' ' }}{% endfor %}"
)
# Architecture → what of its configuration is its own.
KINDS: dict[str, dict[str, Any]] = {
    "llama": {"num_key_value_heads": 2},
    "gemma": {"num_key_value_heads": 1, "head_dim": 8},
    "gemma2": {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 6},
    "mistral": {"num_key_value_heads": 2, "sliding_window": 6},
    "qwen2": {"num_key_value_heads": 4},
}


def write_words(folder: Path, template: Any = TEMPLATE) -> None:
    """The tokenizer, with a chat template or without one (None)."""
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: i for i, token in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<pad>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        # tokenizer.json as it is, whatever the architecture.
        "tokenizer_class": "TokenizersBackend",
        "bos_token": "<start>",
        "eos_token": "<end>",
        "pad_token": "<pad>",
        **({} if template is None else {"chat_template": template}),
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def write_model(
    folder: Path, kind: str = "llama", template: Any = TEMPLATE, **config: Any
) -> Path:
    """A random model and its tokenizer."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(7)
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 64,
        "vocab_size": len(SPECIAL) + len(WORDS),
        "initializer_range": 0.4,
        "bos_token_id": 1,
        "eos_token_id": END,
        "pad_token_id": 0,
        "tie_word_embeddings": False,
    }
    made = AutoConfig.for_model(kind, **{**sizes, **KINDS.get(kind, {}), **config})
    AutoModelForCausalLM.from_config(made).save_pretrained(folder)
    write_words(folder, template)
    return folder


def conversation(n_words: int, first: int = 0) -> tuple[dict[str, str], ...]:
    """A user's turn of so many words; its prompt has two tokens more."""
    words = (WORDS[(first + 3 * i) % len(WORDS)] for i in range(n_words))
    return ({"role": "user", "content": " ".join(words)},)


def texts(tokens: Sequence[int]) -> str:
    """What token ids say, without special tokens."""
    return " ".join(WORDS[t - len(SPECIAL)] for t in tokens if t >= len(SPECIAL))
