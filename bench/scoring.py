"""Scores a second of a small reward model: one answer at a time, and ours.

    python bench/scoring.py [--rounds 3] [--threads 1] [--precision float32]

A random Llama for sequence classification (1.1 million parameters, so that what is not
the model's work shows) scores 20 answers to each of three prompts, in three shapes:
long prompts, prompts and answers of equal length, and short prompts. The sides take
turns, `--rounds` times:

- one at a time: the field's annotation loop, chat template, one forward pass of
  transformers' own class for each answer;
- batches: ours without shared prompts;
- ours: batches by tokens, a prompt's first tokens computed once where that pays.

Every score of every side is compared with the loop's. On a GPU, where there is one.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import AutoModelForSequenceClassification, LlamaConfig

from fusemill.scoring.rewards.batching import BATCH_TOKENS
from fusemill.scoring.rewards.classifier import DecoderHead, load_classifier
from fusemill.scoring.rewards.local import LocalReward
from fusemill.scoring.rewards.pairs import Pair
from fusemill.scoring.rewards.template import Template

N_ANSWERS = 20
# Name, words of a prompt, words of an answer, prompts.
SHAPES = [
    ("long prompts", (600, 1000), (40, 120), 3),
    ("equal lengths", (150, 250), (150, 250), 3),
    ("short prompts", (20, 60), (200, 400), 3),
]
WORDS = [f"w{i}" for i in range(1000)]
MARKS = ["<pad>", "<s>", "<u>", "<a>", "</s>"]
TEMPLATE = (
    "<s>{% for m in messages %}{{ '<u>' if m['role'] == 'user' else '<a>' }} "
    "{{ m['content'] }} </s>{% endfor %}"
)


def write_model(folder: Path) -> None:
    """A random checkpoint with its tokenizer."""
    vocabulary = {word: i for i, word in enumerate([*MARKS, "<unk>", *WORDS])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(m, special=True) for m in MARKS])
    tokenizer.save(str(folder / "tokenizer.json"))
    said = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": "<pad>",
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        pad_token_id=0,
        num_labels=1,
        initializer_range=0.1,
    )
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)


def pairs(
    prompt: tuple[int, int], answer: tuple[int, int], n_prompts: int
) -> list[Pair]:
    rng = random.Random(7)
    found = []
    for _ in range(n_prompts):
        asked = " ".join(rng.choices(WORDS, k=rng.randint(*prompt)))
        for _ in range(N_ANSWERS):
            text = " ".join(rng.choices(WORDS, k=rng.randint(*answer)))
            found.append(Pair([{"role": "user", "content": asked}], text))
    return found


class Sides:
    """The three ways to score, over one model."""

    def __init__(self, folder: Path, precision: torch.dtype, device: str) -> None:
        self.template = Template.load(folder, "bench")
        head = load_classifier(folder, "bench", precision, device, "right", None)
        assert isinstance(head, DecoderHead)
        self.head, self.device = head, device

    def one_at_a_time(self, asked: list[Pair]) -> list[float]:
        """The loop."""
        found = []
        for pair in asked:
            ids = torch.tensor([self.template.ids(pair)], device=self.device)
            with torch.inference_mode():
                found.append(self.head.model(ids, use_cache=False).logits.item())
        return found

    def batches(self, asked: list[Pair]) -> list[float]:
        """Ours, every row whole."""
        return self._ours(asked, can_share=False)

    def ours(self, asked: list[Pair]) -> list[float]:
        """Ours as it runs."""
        return self._ours(asked, can_share=True)

    def _ours(self, asked: list[Pair], can_share: bool) -> list[float]:
        self.head.can_share = can_share
        model = LocalReward(self.head, self.template, 4096, BATCH_TOKENS[self.device])
        done = dict(item for batch in model.scores(asked) for item in batch)
        return [done[i].score for i in range(len(asked))]


def timed(
    side: Callable[[list[Pair]], list[float]], asked: list[Pair]
) -> tuple[float, list[float]]:
    started = time.perf_counter()
    found = side(asked)
    return time.perf_counter() - started, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="float32")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"{device}, {options.threads} threads, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as name:
        write_model(Path(name))
        sides = Sides(Path(name), getattr(torch, options.precision), device)
        for shape, prompt, answer, n_prompts in SHAPES:
            asked = pairs(prompt, answer, n_prompts)
            report(shape, sides, asked, options.rounds)


def report(shape: str, sides: Sides, asked: list[Pair], rounds: int) -> None:
    """A line a side: the fastest of the rounds, and the ratios within each round."""
    ways = [sides.one_at_a_time, sides.batches, sides.ours]
    for way in ways:
        way(asked[:N_ANSWERS])  # warm
    seconds: dict[str, list[float]] = {way.__name__: [] for way in ways}
    differs = dict.fromkeys(seconds, 0.0)
    for _ in range(rounds):
        first: list[float] = []
        for way in ways:
            took, found = timed(way, asked)
            first = first or found
            seconds[way.__name__].append(took)
            apart = max(abs(a - b) for a, b in zip(found, first, strict=True))
            differs[way.__name__] = max(differs[way.__name__], apart)
    loop = seconds["one_at_a_time"]
    for name, took in seconds.items():
        ratios = [a / b for a, b in zip(loop, took, strict=True)]
        print(
            f"{shape:14} {name.replace('_', ' '):14} {len(asked) / min(took):8.1f} "
            f"answers/s  {min(ratios):5.2f} to {max(ratios):5.2f} x  "
            f"differs by {differs[name]:.0e}"
        )


if __name__ == "__main__":
    main()
