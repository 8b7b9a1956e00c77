"""A release of real lengths, random weights and targets, for bench/training.py."""

import dataclasses
import random
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "train")]
MAX_LENGTH, BYTES_A_TOKEN = 2048, 4
SHORTER = 4  # times, for the small shape
SHAPES: dict[str, dict[str, Any]] = {
    "small": {
        "vocab_size": 2048,
        "hidden_size": 128,
        "intermediate_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
    },
    "llama-3.2-1b": {
        "vocab_size": 128256,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    },
    "llama-3.2-3b": {
        "vocab_size": 128256,
        "hidden_size": 3072,
        "intermediate_size": 8192,
        "num_hidden_layers": 28,
        "num_attention_heads": 24,
        "num_key_value_heads": 8,
    },
}
OPENING = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}"
    "<|end_header_id|>\n\n{{ m['content'] }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n"
    "{% endif %}"
)
PLAIN = {"gradient_checkpointing": False, "precision": "float32"}
# Side → what is changed in the target, for the sides that are ours.
OURS: dict[str, dict[str, dict[str, Any]]] = {
    "sft": {"ours": {}},
    "dpo": {
        "ours, no cache": {"dpo__precompute_reference": False},
        "ours, cache filled": {},
    },
}


def lengths(data: Path, n: int, shorter: int) -> list[tuple[int, int, int]]:
    """Tokens of prompt, better and worse answer of n real pairs, drawn by a seed."""
    import polars as pl

    each = BYTES_A_TOKEN * shorter

    def size(column: str) -> pl.Expr:
        return pl.col(column).struct.field("value").str.len_bytes() // each

    said = pl.element().struct.field("value").str.len_bytes()
    frame = pl.read_parquet(data / "llamafactory_demo" / "dpo_en_demo.parquet").select(
        prompt=pl.col("conversations").list.eval(said).list.sum() // each,
        chosen=size("chosen"),
        rejected=size("rejected"),
    )
    found = [
        row for row in frame.iter_rows() if row[0] + max(row[1:]) < MAX_LENGTH - 20
    ]
    return random.Random(3).sample(found, min(n, len(found)))


def release(data: Path, n: int, shorter: int) -> dict[str, list[dict[str, Any]]]:
    """The files of a release: each pair, and its better answer for SFT."""
    dice = random.Random(4)

    def said(role: str, n_letters: int) -> list[dict[str, str]]:
        text = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=max(n_letters, 1)))
        return [{"role": role, "content": text}]

    pairs = [
        {
            "prompt": said("user", prompt),
            "chosen": said("assistant", chosen),
            "rejected": said("assistant", rejected),
        }
        for prompt, chosen, rejected in lengths(data, n, shorter)
    ]
    examples = [{"messages": pair["prompt"] + pair["chosen"]} for pair in pairs]
    return {"sft/train.parquet": examples, "dpo/train.parquet": pairs}


def prepare(
    folder: Path, data: Path, shape: str, n_rows: int, batch: int, on_gpu: bool
) -> None:
    """A release, weights, and a target for each of our sides."""
    import small_training
    from ruamel.yaml import YAML
    from target_families import LLAMA
    from transformers import LlamaConfig, LlamaForCausalLM

    shorter = SHORTER if shape == "small" else 1
    files = release(data, n_rows, shorter)
    small_training.write_release(folder, files)
    family = dataclasses.replace(LLAMA, target="llama-3.2-1b", template=TEMPLATE)
    end = family.id(family.end_of_text)
    config = LlamaConfig(
        **SHAPES[shape],
        max_position_embeddings=MAX_LENGTH,
        tie_word_embeddings=True,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    LlamaForCausalLM(config).save_pretrained(folder / "base")
    small_training.write_tokenizer(folder / "base", family)
    path = ROOT / "training" / "targets" / f"{family.target}.yaml"
    published = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    own = {key: published[key] for key in PLAIN} if on_gpu else PLAIN
    for stage, sides in OURS.items():
        for side, changes in sides.items():
            target = small_training.target(
                family,
                **own,
                max_length=MAX_LENGTH // shorter,
                steps__batch=batch,
                steps__save_every=10**6,
                sft__epochs=1,
                dpo__choose_among=0,
                template={"opening": OPENING, "end": "<|eot_id|>", "values": {}},
                **changes,
            )
            with (folder / f"{stage} {side}.yaml").open("w") as out:
                YAML().dump(target, out)
