"""Tokens a second and memory of training: TRL's defaults, and the trainers here.

    python bench/training.py [--rows 64] [--rounds 3] [--shape small] [--threads 1]

A random Llama is trained one epoch by SFT and by DPO on rows whose lengths are those of
real ones: prompt, better and worse answer of dpo_en_demo in the data folder
(`--data DIR`, else FUSEMILL_SHARED_DATA, else ../shared/data), a token for four bytes,
over 2,048 left out; for the small shape a quarter of all that. The tokens are random
letters. The sides take turns, each in a process of its own, from building the trainer
to its last step; loading libraries and making token ids of texts is not counted, and
nothing is saved.

- TRL's defaults: SFTConfig() and DPOConfig() with our batch, rows a pass, loss and
  length; bfloat16, activation checkpointing and rows in random order are theirs;
- the same in float32 without checkpointing, on a CPU;
- ours: training/sft.py and dpo.py by training/targets/llama-3.2-1b.yaml, on a CPU in
  float32 and without checkpointing. DPO's reference log-probabilities are computed in
  the first of its runs and found by the others.

`--shape llama-3.2-1b` or `llama-3.2-3b` needs a GPU and tells the share of its peak.
"""

import argparse
import json
import os
import resource
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from training_project import OURS, ROOT, SHAPES, prepare

# Side → TRL's arguments besides its defaults.
THEIRS: dict[str, dict[str, Any]] = {
    "TRL's defaults": {},
    "TRL's, plain float32": {"bf16": False, "activation_checkpointing": False},
}


def build(script: dict[str, Any], stage: str, side: str, run: Any) -> Any:
    """The trainer of a side."""
    if side in OURS[stage]:
        return script["trainer"](run)
    import trl

    from fusemill.train.arguments import common
    from fusemill.train.weights import load_start

    shared = ("output_dir", "use_cpu", "seed", "num_train_epochs", "disable_tqdm")
    shared += ("per_device_train_batch_size", "gradient_accumulation_steps")
    arguments = {key: common(run)[key] for key in shared} | THEIRS[side]
    arguments["max_length"] = run.target.max_length
    if stage == "dpo":
        arguments["loss_type"] = [run.target.dpo.loss_type]
    config = {"sft": trl.SFTConfig, "dpo": trl.DPOConfig}[stage](**arguments)
    return script.get("Pairs", trl.SFTTrainer)(
        model=load_start(run),
        args=config,
        train_dataset=run.dataset("train"),
        processing_class=run.chat.tokenizer,
    )


def job(folder: Path, stage: Any, side: str, threads: int) -> dict[str, float]:
    """One run of one side: tokens, seconds, and memory at its most."""
    import torch
    from rich.console import Console
    from small_training import PIN, project
    from transformers.trainer_utils import SaveStrategy

    from fusemill.progress import Progress
    from fusemill.train.run import Asked, Run

    torch.set_num_threads(threads)
    own = side if side in OURS[stage] else list(OURS[stage])[-1]
    with tempfile.TemporaryDirectory() as output:
        asked = Asked(
            stage,
            str(folder / f"{stage} {own}.yaml"),
            PIN,
            Path(output) / "out",
            folder / "base",
        )
        run = Run(project(folder), asked, Progress(Console(quiet=True)))
        texts = text_lengths(run.dataset("train"))
        script = runpy.run_path(str(ROOT / "training" / f"{stage}.py"))
        before = resident_mb()
        started, cpu = time.perf_counter(), time.process_time()
        trainer = build(script, stage, side, run)
        trainer.args.save_strategy = SaveStrategy.NO
        trainer.train()
        seconds = time.perf_counter() - started
        return {
            "tokens": sum(texts),
            "seconds": seconds,
            "cpu_s": time.process_time() - cpu,
            "peak_mb": peak_mb(before),
            "share": share_of_peak(trainer.model.config, texts, seconds),
        }


def text_lengths(rows: Any) -> list[int]:
    """Tokens of every text that is read; a pair is two."""
    if "input_ids" in rows.column_names:
        return [len(ids) for ids in rows["input_ids"]]
    return [
        len(row["prompt_ids"]) + len(row[f"{answer}_ids"])
        for row in rows
        for answer in ("chosen", "rejected")
    ]


def resident_mb() -> float:
    """What the process holds now, of a GPU nothing yet."""
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def peak_mb(before: float) -> float:
    """The most that was held above `before`; on a GPU, of its memory."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 - before


def share_of_peak(config: Any, texts: list[int], seconds: float) -> float:
    """Of the GPU's operations a second, as TRL counts both; 0 without one."""
    import torch
    from trl.trainer.utils import compute_flops_per_token, get_peak_flops

    if not torch.cuda.is_available():
        return 0.0
    peak = get_peak_flops(torch.cuda.get_device_name(), "bfloat16")
    done = sum(n * compute_flops_per_token(config, n) for n in texts)
    return done / seconds / peak if peak else 0.0


def called(folder: Path, stage: str, side: str, threads: int) -> dict[str, float]:
    """The same in a process of its own."""
    words = ["--job", str(folder), stage, side, "--threads", str(threads)]
    done = subprocess.run(
        [sys.executable, __file__, *words],
        env={**os.environ, "FUSEMILL_CACHE": str(folder / "cache")}
        | {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def report(stage: str, rounds: list[dict[str, dict[str, float]]]) -> None:
    """A line a side: the best of the rounds, and ratios to TRL's within each round."""
    first = next(iter(rounds[0]))
    for side in rounds[0]:
        found = [one[side] for one in rounds]
        share = max(one["share"] for one in found)
        line = f"{stage} {side:20}"
        for clock, unit in (("seconds", "s"), ("cpu_s", "CPU s")):
            best = max(one["tokens"] / one[clock] for one in found)
            ratios = [one[first][clock] / one[side][clock] for one in rounds]
            line += (
                f" {best:7,.0f} tokens/{unit} {statistics.median(ratios):5.2f} x "
                f"({min(ratios):.2f} to {max(ratios):.2f})"
            )
        line += f" {max(one['peak_mb'] for one in found):6,.0f} MB"
        print(line + (f" {share:.0%} of the peak" if share else ""), flush=True)


def main() -> None:
    """Every side in turn, `--rounds` times."""
    default = os.environ.get("FUSEMILL_SHARED_DATA", ROOT.parent / "shared" / "data")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--stage", choices=OURS)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--job", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        folder, stage, side = options.job
        print(json.dumps(job(Path(folder), stage, side, options.threads)))
        return
    import torch

    on_gpu = torch.cuda.is_available()
    if options.shape != "small" and not on_gpu:
        parser.error(f"--shape {options.shape} needs a GPU")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = (options.data, options.shape, options.rows, options.batch)
        prepare(folder, *asked, on_gpu)
        for stage in [options.stage] if options.stage else OURS:
            theirs = list(THEIRS)[:1] if on_gpu else list(THEIRS)
            sides = [*theirs, *OURS[stage]]
            filled = called(folder, stage, sides[-1], options.threads)
            print(f"{stage}, once before: {filled['seconds']:.1f} s", flush=True)
            rounds = []
            for number in range(options.rounds):
                load = os.getloadavg()[0]
                print(f"{stage}, round {number + 1}: load {load:.1f}", flush=True)
                turns = sides if number % 2 == 0 else sides[::-1]
                found = {s: called(folder, stage, s, options.threads) for s in turns}
                rounds.append({side: found[side] for side in sides})
            report(stage, rounds)


if __name__ == "__main__":
    main()
