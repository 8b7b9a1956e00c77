"""Answers of a small model: this engine beside transformers' own `generate`.

    python bench/transformers_sampling.py [--prompts 64] [--draws 20] [--size 1]

A model with random weights (Llama's architecture; `--size` 1: 1.6 M parameters, 5: 6 M)
answers prompts of 8 to 120 tokens, with temperature 0.8 and top_p 0.95, at most 64
tokens an answer. 12 of 512 tokens end an answer, so that lengths differ. In turn,
three times each, the best:

- plain: `generate` one prompt at a time, `num_return_sequences` draws of it
- batched: `generate` over 16 prompts of about the same length, padded on the left
- ours: the engine `transformers`

Tokens are those of answers up to their end; padding after it counts nowhere. Beside
them, how much of our time the model's forward passes take.
"""

import argparse
import json
import os
import random
import tempfile
import time
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
VOCABULARY = 512
PAD, START = 0, 1
ENDS = list(range(2, 14))
SIZES = {1: (128, 6, 4), 5: (256, 6, 8)}  # hidden size, layers, heads
BATCHED = 16  # prompts of a batch of `generate`
TEMPLATE = "{{ '<start>' }}{% for m in messages %}{{ m['content'] }}{% endfor %}"


def make_model(folder: Path, size: int) -> None:
    """A checkpoint with random weights, whose answers end by chance."""
    torch.manual_seed(1)
    hidden, layers, heads = SIZES[size]
    config = LlamaConfig(
        hidden_size=hidden,
        intermediate_size=4 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        vocab_size=VOCABULARY,
        max_position_embeddings=512,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=ENDS,
        initializer_range=0.2,
        tie_word_embeddings=False,
    )
    model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    words = ["<pad>", "<start>", "<end>", *(f"w{i}" for i in range(VOCABULARY - 3))]
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


def conversations(n: int) -> list[str]:
    """Prompts of 8 to 120 words."""
    rng = random.Random(3)
    return [
        " ".join(
            f"w{rng.randrange(VOCABULARY - 3)}" for _ in range(rng.randint(7, 119))
        )
        for _ in range(n)
    ]


class Generate:
    """transformers' own, over batches of prompts of about the same length."""

    def __init__(self, folder: Path, prompts: list[str], draws: int) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        model = AutoModelForCausalLM.from_pretrained(folder)
        self.model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        self.prompts, self.draws = prompts, draws

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
            ends = torch.isin(made, torch.tensor(ENDS, device=made.device)).int()
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
        self.forward_s = 0.0
        parameters = Parameters(max_tokens=MAX_TOKENS, **SAMPLING)
        asked = Asked(self.local, parameters, batch_tokens=32_768)
        run = Run(self.checkpoint, asked, Tally())
        return sum(
            answer.n_output_tokens
            for batch in run.answers(iter(self.requests))
            for answer in batch
        )


def measured(job, *arguments) -> tuple[float, int]:
    """Seconds and tokens of one turn."""
    since = time.perf_counter()
    n_tokens = job(*arguments)
    return time.perf_counter() - since, n_tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=32)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--size", type=int, choices=SIZES, default=1)
    arguments = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder, arguments.size)
        prompts = conversations(arguments.prompts)
        theirs = Generate(folder, prompts, arguments.draws)
        ours = Ours(folder, prompts, arguments.draws)
        n = sum(p.numel() for p in theirs.model.parameters())
        print(
            f"{n / 1e6:.1f} M parameters, {len(prompts)} prompts, {arguments.draws} "
            f"draws, {torch.get_num_threads()} threads, load {os.getloadavg()}"
        )
        jobs = {
            "plain": (theirs.run, 1),
            "batched": (theirs.run, BATCHED),
            "ours": (ours.run,),
        }
        best: dict[str, tuple[float, int]] = {}
        share = 0.0
        for _ in range(TIMES):
            for what, job in jobs.items():
                turn = measured(*job)
                if what not in best or turn[0] < best[what][0]:
                    best[what] = turn
                    share = ours.forward_s / turn[0] if what == "ours" else share
        plain = best["plain"][1] / best["plain"][0]
        for what, (seconds, n_tokens) in best.items():
            rate = n_tokens / seconds
            print(
                f"{what:>8}: {seconds:6.2f} s  {n_tokens:,} tokens  "
                f"{rate:8,.0f} tokens/s  {rate / plain:4.1f} x"
            )
        print(f"   of ours, {share:.0%} in forward passes")


if __name__ == "__main__":
    main()
