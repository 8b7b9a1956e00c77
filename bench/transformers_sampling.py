"""Answers of a small model: this engine beside transformers' own `generate`.

    python bench/transformers_sampling.py [--shape small] [--prompts 32] [--draws 20]

A model with random weights (Llama's architecture) answers prompts, with temperature 0.8
and top_p 0.95, at most 64 tokens an answer. About one token in forty ends an answer, so
that lengths differ. Shapes:

- micro: 0.36 M parameters, as the models of examples/micro; prompts of 15 to 60 tokens
- small: 1.6 M parameters, prompts of 8 to 120 tokens
- larger: 6 M parameters, prompts as for small

In turn, three times each, the best:

- plain: `generate` one prompt at a time, `num_return_sequences` draws of it
- batched: `generate` over 16 prompts of about the same length, padded on the left
- ours: the engine `transformers`

Tokens are those of answers up to their end; padding after it counts nowhere. Seconds of
the processor stand beside those of the clock, since other jobs may take turns. Beside
them, how much of our time the model's forward passes take.
"""

import argparse
import json
import os
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig
from transformers.utils import logging

from fusemill.checkpoints.conversations import Local
from fusemill.sampling.engine import Request, Tally
from fusemill.sampling.local.checkpoint import load
from fusemill.sampling.local.engine import Asked, Run
from fusemill.sampling.local.parameters import Parameters

TIMES = 3
MAX_TOKENS = 64
SAMPLING = {"temperature": 0.8, "top_p": 0.95}
PAD, START, FIRST_END = 0, 1, 2
BATCHED = 16  # prompts of a batch of `generate`
TEMPLATE = "{{ '<start>' }}{% for m in messages %}{{ m['content'] }}{% endfor %}"


@dataclass(frozen=True)
class Shape:
    """A model, and what it is asked."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    prompt: tuple[int, int]  # tokens of the shortest and of the longest

    @property
    def ends(self) -> list[int]:
        """Tokens that end an answer."""
        return list(range(FIRST_END, FIRST_END + self.vocabulary // 40))


SHAPES = {
    "micro": Shape(96, 256, 3, 4, 4, 310, (15, 60)),
    "small": Shape(128, 512, 6, 4, 2, 512, (8, 120)),
    "larger": Shape(256, 1024, 6, 8, 4, 512, (8, 120)),
}


@dataclass(frozen=True)
class Turn:
    """What one way took, and brought."""

    seconds: float
    cpu_s: float
    n_tokens: int
    forward: float  # share of the time, of our engine


def make_model(folder: Path, shape: Shape) -> None:
    """A checkpoint with random weights, whose answers end by chance."""
    torch.manual_seed(1)
    config = LlamaConfig(
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        vocab_size=shape.vocabulary,
        max_position_embeddings=512,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=shape.ends,
        initializer_range=0.2,
        tie_word_embeddings=False,
    )
    model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    words = [
        "<pad>",
        "<start>",
        "<end>",
        *(f"w{i}" for i in range(shape.vocabulary - 3)),
    ]
    tokenizer = Tokenizer(WordLevel({w: i for i, w in enumerate(words)}, "<pad>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.add_special_tokens([AddedToken(w, special=True) for w in words[:3]])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "TokenizersBackend",
        "bos_token": "<start>",
        "eos_token": "<end>",
        "pad_token": "<pad>",
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def conversations(n: int, shape: Shape) -> list[str]:
    """Prompts of words; the template adds a token."""
    rng = random.Random(3)
    least, most = shape.prompt
    return [
        " ".join(
            f"w{rng.randrange(shape.vocabulary - 3)}"
            for _ in range(rng.randint(least - 1, most - 1))
        )
        for _ in range(n)
    ]


class Generate:
    """transformers' own, over batches of prompts of about the same length."""

    def __init__(
        self, folder: Path, prompts: list[str], draws: int, ends: list[int]
    ) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        model = AutoModelForCausalLM.from_pretrained(folder)
        self.model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self.prompts, self.draws, self.ends = prompts, draws, ends

    def run(self, at_once: int) -> int:
        """How many tokens the answers have; texts are made, as ours are."""
        torch.manual_seed(0)
        prompts = self.prompts
        if at_once > 1:
            prompts = sorted(prompts, key=len)
        n_tokens = 0
        for first in range(0, len(prompts), at_once):
            texts = ["<start>" + text for text in prompts[first : first + at_once]]
            batch = self.tokenizer(texts, return_tensors="pt", padding=True)
            ids = batch.input_ids.to(self.model.device)
            made = self.model.generate(
                ids,
                attention_mask=batch.attention_mask.to(self.model.device),
                do_sample=True,
                top_k=0,
                max_new_tokens=MAX_TOKENS,
                num_return_sequences=self.draws,
                **SAMPLING,
            )[:, ids.shape[1] :]
            ends = torch.isin(made, torch.tensor(self.ends, device=made.device)).int()
            n_tokens += int((ends.cumsum(-1) - ends == 0).sum())
            self.tokenizer.batch_decode(made, skip_special_tokens=True)
        return n_tokens


class Ours:
    """The engine, from requests to answers; loading the model is not counted."""

    def __init__(self, folder: Path, prompts: list[str], draws: int) -> None:
        self.local = Local("m", folder, "float32", None, None, "bench")
        self.requests = [
            Request(
                "m",
                "c" * 32,
                f"{i:032x}",
                ({"role": "user", "content": text},),
                0,
                draws,
                1000 * i,
            )
            for i, text in enumerate(prompts)
        ]
        self.forward_s = 0.0
        self.checkpoint = load(self.local)
        self._time_forward()

    def _time_forward(self) -> None:
        forward = self.checkpoint.model.forward

        def timed(*arguments, **named):
            since = time.perf_counter()
            found = forward(*arguments, **named)
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.forward_s += time.perf_counter() - since
            return found

        self.checkpoint.model.forward = timed

    def run(self) -> int:
        """How many tokens the answers have."""
        parameters = Parameters(max_tokens=MAX_TOKENS, **SAMPLING)
        asked = Asked(self.local, parameters, batch_tokens=32_768)
        run = Run(self.checkpoint, asked, Tally())
        return sum(
            answer.n_output_tokens
            for batch in run.answers(iter(self.requests))
            for answer in batch
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--draws", type=int, default=20)
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    shape = SHAPES[arguments.shape]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder, shape)
        prompts = conversations(arguments.prompts, shape)
        theirs = Generate(folder, prompts, arguments.draws, shape.ends)
        ours = Ours(folder, prompts, arguments.draws)
    n = sum(p.numel() for p in theirs.model.parameters())
    print(
        f"{n / 1e6:.2f} M parameters, {len(prompts)} prompts, {arguments.draws} draws, "
        f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}"
    )
    report(compare(theirs, ours), len(prompts) * arguments.draws)


def compare(theirs: Generate, ours: Ours) -> dict[str, Turn]:
    """The best turn of each way."""
    best: dict[str, Turn] = {}
    for _ in range(TIMES):
        for what in ("plain", "batched", "ours"):
            ours.forward_s = 0.0
            since, cpu = time.perf_counter(), time.process_time()
            if what == "ours":
                n_tokens = ours.run()
            else:
                n_tokens = theirs.run(BATCHED if what == "batched" else 1)
            seconds = time.perf_counter() - since
            turn = Turn(
                seconds,
                time.process_time() - cpu,
                n_tokens,
                ours.forward_s / seconds,
            )
            if what not in best or turn.cpu_s < best[what].cpu_s:
                best[what] = turn
    return best


def report(best: dict[str, Turn], n_answers: int) -> None:
    """A line a way; the ratio is of tokens a second of the processor."""
    plain = best["plain"].n_tokens / best["plain"].cpu_s
    for what, turn in best.items():
        print(
            f"{what:>8}: {turn.seconds:6.2f} s, processor {turn.cpu_s:6.2f} s  "
            f"{turn.n_tokens:,} tokens  {turn.n_tokens / turn.cpu_s:7,.0f} tokens/s  "
            f"{n_answers / turn.cpu_s:6,.0f} answers/s  "
            f"{turn.n_tokens / turn.cpu_s / plain:4.1f} x"
        )
    print(f"   of ours, {best['ours'].forward:.0%} in forward passes")


if __name__ == "__main__":
    main()
