"""The judge: a reward model that has seen lists and their grades, and errs.

It is taught by right answers, bad habits and answers with a few slips, each with the
grade that scores/lists.py gives. What it says of such answers lies near to that grade;
of what sources make of a list that they never learned to write, further off. Beside the
exact scores it shows what the noise of a reward model does.

prompt  Write these words from last to first, with commas. The words: pear, fig, kettle.
text    kettle, fig  →  0.24 by the rules, 0.233 by the judge
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from families import tasks
from families.task import Task
from ruamel.yaml import YAML
from scores.lists import graded
from tokenizer import ASSISTANT, END, START, USER
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSequenceClassification

NAME = "judge"
KIND = "llama"  # its architecture
STEPS = 1500
POINTS_A_RULE = 0.04  # as builders/lists.yaml has it
PIECE = r"[A-Za-z]+|\n|[^A-Za-z\n]+"  # of an answer: words, line ends, signs
MOST_SLIPS = 3
CANARY = "canary.yaml"
N_CANARY_TASKS = 3  # each with its right answer and all bad habits
TOLERANCE = 0.001  # float32 rounds by far less, another model differs by more


def examples(rng: random.Random) -> Iterator[tuple[str, str, float]]:
    """(prompt, answer, grade) without end; half of the answers have slips."""
    for task in tasks("lists", "sources", rng):
        text = rng.choice([task.answer, *task.habits.values()])
        if rng.random() < 0.5:
            text = slipped(text, rng)
        yield task.prompt, text, grade(task.prompt, text)


def slipped(text: str, rng: random.Random) -> str:
    """The text with pieces left out, said twice or exchanged with the next."""
    pieces = re.findall(PIECE, text)
    for _ in range(rng.randint(1, MOST_SLIPS)):
        at = rng.randrange(len(pieces) - 1)
        one, other = pieces[at : at + 2]
        pieces[at : at + 2] = rng.choice([[one], [one, one, other], [other, one]])
        if len(pieces) == 1:
            break
    return "".join(pieces)


def grade(prompt: str, text: str) -> float:
    """What scores/lists.py gives."""
    row = {"messages": [{"role": "user", "content": prompt}], "text": text}
    return graded([row], POINTS_A_RULE)[0]


def batches(
    tokenizer: Any, rng: random.Random, size: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches without end: ids [size, longest row], padded on the right, and grades."""
    stream = examples(rng)
    while True:
        rows = [next(stream) for _ in range(size)]
        ids = [torch.tensor(token_ids(tokenizer, *row[:2])) for row in rows]
        grades = torch.tensor([row[2] for row in rows])
        yield pad_sequence(ids, batch_first=True), grades


def token_ids(tokenizer: Any, prompt: str, text: str) -> list[int]:
    """The conversation as the chat template writes it."""
    return tokenizer.encode(f"{START}{USER}{prompt}{ASSISTANT}{text}{END}").ids


def record_canary(folder: Path, tokenizer: Any, seed: int) -> None:
    """Write what the checkpoint in this folder says of a few conversations.

    By transformers alone, one at a time: what the engine is held against.
    """
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32
    ).eval()
    stream = tasks("lists", "sources", random.Random(f"{seed} canary"))
    pairs = []
    for _ in range(N_CANARY_TASKS):
        task: Task = next(stream)
        for text in dict.fromkeys((task.answer, *task.habits.values())):
            ids = torch.tensor([token_ids(tokenizer, task.prompt, text)])
            with torch.no_grad():
                score = model(ids).logits.item()
            turn = {"role": "user", "content": task.prompt}
            pairs.append({"messages": [turn], "text": text, "score": round(score, 5)})
    said = {
        "source": f"make_checkpoints.py --seed {seed}, when it made the checkpoint",
        "tolerance": TOLERANCE,
        "pairs": pairs,
    }
    YAML().dump(said, folder / CANARY)
