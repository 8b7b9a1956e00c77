"""Makes the six checkpoints from nothing, or some of them.

    python examples/micro/make_checkpoints.py --seed 42
    python examples/micro/make_checkpoints.py --seed 42 --only target --steps 50

Two are trained at once, each in a process with one thread, in minutes. What they learn
from are prompts of the part `sources` only (families/__init__.py); loss is on answers
only. Two runs on one machine with the same libraries give the same bytes. Another
processor or another torch may round differently, and then the weights differ.
"""

import argparse
import multiprocessing
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import judge
import tokenizer as words
import torch
from families import FAMILIES, tasks
from students import STUDENTS, Student
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
)

FOLDER = Path(__file__).parent / "checkpoints"
NAMES = [*STUDENTS, judge.NAME]
BATCH = 32
SORTED_TOGETHER = 8  # batches, so that rows of a batch are about equally long
LEARNING_RATE = 3e-3
WARM_UP = 100  # steps
SIZES = {
    "hidden_size": 96,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 24,
    "max_position_embeddings": 192,
    "tie_word_embeddings": True,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--steps", type=int, help="instead of each one's own number")
    parser.add_argument("--jobs", type=int, default=2, help="checkpoints at once")
    parser.add_argument("--into", type=Path, default=FOLDER)
    asked = parser.parse_args()
    jobs = [(name, asked.seed, asked.steps, asked.into) for name in asked.only]
    if asked.jobs == 1:
        for job in jobs:
            print(_made(job), flush=True)
        return
    with multiprocessing.get_context("spawn").Pool(asked.jobs) as pool:
        for said in pool.imap_unordered(_made, jobs):
            print(said, flush=True)


def _made(job: tuple[str, int, int | None, Path]) -> str:
    """Train and write one checkpoint; returns what there is to say of it."""
    name, seed, steps, into = job
    torch.set_num_threads(1)
    since = time.monotonic()
    rng = random.Random(f"{seed} {name}")
    torch.manual_seed(rng.getrandbits(32))
    tokenizer = words.build()
    if name == judge.NAME:
        head = AutoModelForSequenceClassification
        model = new_model(judge.KIND, tokenizer, head, num_labels=1)
        usual, made = judge.STEPS, judge.batches(tokenizer, rng, BATCH)
    else:
        student = STUDENTS[name]
        model = new_model(student.kind, tokenizer, AutoModelForCausalLM)
        usual, made = student.steps, batches(student, tokenizer, rng)
    steps = usual if steps is None else steps
    loss = train(model, made, steps, name)
    folder = into / name
    shutil.rmtree(folder, ignore_errors=True)
    model.half().save_pretrained(folder)
    words.save(tokenizer, folder)
    if name == judge.NAME:
        judge.record_canary(folder, tokenizer, seed)
    took = time.monotonic() - since
    return f"{name}: {steps:,} steps in {took:.0f} s, loss {loss:.3g} -> {folder}"


def new_model(kind: str, tokenizer: Any, head: Any, **more: Any) -> Any:
    """A model with random weights, about 0.36 M of them."""
    config = AutoConfig.for_model(
        kind,
        **SIZES,
        vocab_size=tokenizer.get_vocab_size(),
        pad_token_id=tokenizer.token_to_id(words.PAD),
        bos_token_id=tokenizer.token_to_id(words.START),
        eos_token_id=tokenizer.token_to_id(words.END),
        **more,
    )
    return head.from_config(config)


def batches(
    student: Student, tokenizer: Any, rng: random.Random
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches without end: (ids, labels), [BATCH, longest row]; -100 is not learned."""
    streams = {f: tasks(f, "sources", rng) for f in FAMILIES}
    while True:
        rows = []
        for _ in range(BATCH * SORTED_TOGETHER):
            task = student.example(streams, rng)
            asked = f"{words.START}{words.USER}{task.prompt}{words.ASSISTANT}"
            rows.append(
                (
                    tokenizer.encode(asked).ids,
                    tokenizer.encode(task.answer + words.END).ids,
                )
            )
        rows.sort(key=lambda row: len(row[0]) + len(row[1]))
        grouped = [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
        rng.shuffle(grouped)
        yield from (_padded(group) for group in grouped)


def _padded(rows: list[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor]:
    """Padded on the right, where causal attention needs no mask."""
    width = max(len(asked) + len(said) for asked, said in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    labels = torch.full_like(ids, -100)
    for i, (asked, said) in enumerate(rows):
        ids[i, : len(asked) + len(said)] = torch.tensor([*asked, *said])
        labels[i, len(asked) : len(asked) + len(said)] = torch.tensor(said)
    return ids, labels


def train(model: Any, made: Any, steps: int, name: str) -> float:
    """AdamW with warm-up and cosine; returns the last loss, a mean over 100 steps."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.05
    )
    schedule = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, total_iters=WARM_UP),
            torch.optim.lr_scheduler.CosineAnnealingLR(
                optimizer, max(1, steps - WARM_UP), LEARNING_RATE / 20
            ),
        ],
        milestones=[WARM_UP],
    )
    model.train()
    mean = 0.0
    for step, (ids, labels) in zip(range(1, steps + 1), made, strict=False):
        loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        mean += (loss.item() - mean) / min(step, 100)
        if step % 100 == 0:
            print(f"{name}: step {step:,} of {steps:,}, loss {mean:.3g}", flush=True)
    return mean


if __name__ == "__main__":
    main()
