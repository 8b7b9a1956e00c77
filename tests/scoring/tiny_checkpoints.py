"""Checkpoints of a few thousand numbers, written into folders by the tests.

ArmoRM's has the published vocabulary, pad token, head shapes and tensor names; its
backbone is small, and its weights are random.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from needs_torch import torch

# What the tests' conversations are made of, beside Llama 3's own ids.
WORDS = [f"w{i}" for i in range(40)]
SPECIAL = {
    "<|begin_of_text|>": 128000,
    "<|start_header_id|>": 128006,
    "<|end_header_id|>": 128007,
    "<|eot_id|>": 128009,
    "[PAD]": 128256,
}
VOCABULARY = {
    "\n\n": 271,
    "user": 882,
    "system": 9125,
    "assistant": 78191,
    "<unk>": 128,
    **{word: 1000 + i for i, word in enumerate(WORDS)},
    **SPECIAL,
}
# Llama 3's, as its tokenizer_config.json has it.
TEMPLATE = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + "
    "'<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
    "{{ content }}{% endfor %}"
)
ARMORM_CONFIG = {
    "architectures": ["LlamaForRewardModelWithGating"],
    "auto_map": {
        "AutoModelForSequenceClassification": (
            "modeling_custom.LlamaForRewardModelWithGating"
        )
    },
    "attention_bias": False,
    "bos_token_id": 128000,
    "eos_token_id": 128009,
    "hidden_act": "silu",
    "hidden_size": 16,
    "intermediate_size": 32,
    "max_position_embeddings": 8192,
    "model_type": "llama",
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "num_objectives": 19,
    "pad_token_id": 128256,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "use_cache": True,
    "vocab_size": 128257,
}


def write_tokenizer(
    folder: Path,
    padding_side: str = "right",
    template: str | None = TEMPLATE,
    vocabulary: dict[str, int] = VOCABULARY,
) -> None:
    """A tokenizer of whole words; by default special tokens have Llama 3's ids."""
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in SPECIAL])
    tokenizer.add_tokens([AddedToken("\n\n", normalized=False)])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|begin_of_text|>",
        "eos_token": "<|eot_id|>",
        "pad_token": "[PAD]",
        "padding_side": padding_side,
        "model_max_length": 131072,
    }
    if template is not None:
        config["chat_template"] = template
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def armorm_tensors(seed: int = 0) -> dict[str, np.ndarray]:
    """Random tensors under the published names, float32."""
    rng = np.random.default_rng(seed)
    d, inner, kv = 16, 32, 8

    def normal(*shape: int, scale: float = 0.3) -> np.ndarray:
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    tensors = {
        "model.embed_tokens.weight": normal(128257, d, scale=1.0),
        "model.norm.weight": 1 + normal(d),
        "regression_layer.weight": normal(19, d),
        # The published transform takes verbosity out of every objective: not symmetric.
        "reward_transform_matrix": np.eye(19, dtype=np.float32) + normal(19, 19),
        "gating.logit_scale": np.array([1.7], dtype=np.float32),
    }
    for i in range(2):
        layer = f"model.layers.{i}"
        tensors |= {
            f"{layer}.self_attn.q_proj.weight": normal(d, d),
            f"{layer}.self_attn.k_proj.weight": normal(kv, d),
            f"{layer}.self_attn.v_proj.weight": normal(kv, d),
            f"{layer}.self_attn.o_proj.weight": normal(d, d),
            f"{layer}.mlp.gate_proj.weight": normal(inner, d),
            f"{layer}.mlp.up_proj.weight": normal(inner, d),
            f"{layer}.mlp.down_proj.weight": normal(d, inner),
            f"{layer}.input_layernorm.weight": 1 + normal(d),
            f"{layer}.post_attention_layernorm.weight": 1 + normal(d),
        }
    for i, (n_in, n_out) in enumerate([(d, 1024), (1024, 1024), (1024, 1024)]):
        scale = (2 / n_in) ** 0.5
        tensors[f"gating.layers.{i}.weight"] = normal(n_out, n_in, scale=scale)
        tensors[f"gating.layers.{i}.bias"] = normal(n_out)
    tensors["gating.layers.3.weight"] = normal(19, 1024)
    tensors["gating.layers.3.bias"] = normal(19)
    return tensors


def write_armorm(
    folder: Path,
    tensors: dict[str, np.ndarray],
    padding_side: str = "right",
    **config: Any,
) -> Path:
    """A checkpoint in two shards with an index, as the published one has four."""
    from safetensors.numpy import save_file

    write_tokenizer(folder, padding_side)
    (folder / "config.json").write_text(json.dumps({**ARMORM_CONFIG, **config}))
    names = sorted(tensors)
    shards = {
        "model-00001-of-00002.safetensors": names[::2],
        "model-00002-of-00002.safetensors": names[1::2],
    }
    for shard, keys in shards.items():
        save_file({k: tensors[k] for k in keys}, folder / shard, {"format": "pt"})
    size = sum(t.nbytes for t in tensors.values())
    weight_map = {key: shard for shard, keys in shards.items() for key in keys}
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def write_classifier(
    folder: Path,
    kind: str = "llama",
    n_labels: int = 1,
    padding_side: str = "right",
    words: Iterable[str] = WORDS,
    **config: Any,
) -> Path:
    """A random model for sequence classification, of a few thousand numbers.

    Its tokenizer knows these words, by ids that count up from 0, the padding token's.
    """
    from transformers import AutoConfig, AutoModelForSequenceClassification

    own = ["[PAD]", "\n\n", "user", "system", "assistant", "<unk>", *SPECIAL]
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys([*own, *words]))}
    torch.manual_seed(5)
    sizes = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 512,
        "vocab_size": len(vocabulary),
        "num_labels": n_labels,
        "initializer_range": 0.5,
        "pad_token_id": 0,
    }
    made = AutoConfig.for_model(kind, **{**sizes, **config})
    AutoModelForSequenceClassification.from_config(made).save_pretrained(folder)
    write_tokenizer(folder, padding_side, vocabulary=vocabulary)
    return folder
