"""The miniature with new seeds, and the same with one thing changed.

    python examples/micro/ablations.py --seeds 121 122 123 124 125 126 --into ablations
    python examples/micro/ablations.py --seeds 201 202 --into ablations-7 \
        --checkpoints CHECKPOINTS   # of make_checkpoints.py --seed 7 --into CHECKPOINTS

A seed gives other prompts, answers, splits, orders of training and held-out prompts.
Each runs the project of this folder, then copies of it (variants.py), by the commands
that anyone would type. `results.jsonl` has a line for every seed that is done, which is
not done again; `results.md`, what they say of the claims (claims.py). Logs of the
commands and the weights lie in `seed-N/`. With other declarations, checkpoints or
numbers of prompts than the results that are there it refuses to go on.
"""

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import claims
import variants
from generate import N_HELD_OUT, N_PROMPTS, write_prompts

from fusemill.durable import write_text

RESULTS = "results.jsonl"
PIN = "micro@1.0.0"
BEST = "best_source.json"
ONE_AT_A_TIME = Lock()  # of the threads that write results


class Refused(Exception):
    """What whoever called this can act on; said without a traceback."""


@dataclass(frozen=True)
class Asked:
    """What all seeds have in common."""

    into: Path
    checkpoints: Path
    part: str  # whose prompts are evaluated on
    n_held_out: int  # of them, a family
    n_prompts: Mapping[str, int]  # of the project, by family


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", required=True)
    parser.add_argument("--into", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--checkpoints", type=Path, default=variants.EXAMPLE / "checkpoints"
    )
    parser.add_argument("--part", choices=["tuning", "held_out"], default="held_out")
    parser.add_argument("--held-out", type=int, default=N_HELD_OUT, help="a family")
    parser.add_argument("--share", type=float, default=1.0, help="of the prompts")
    parser.add_argument("--jobs", type=int, default=2, help="seeds at once")
    said = parser.parse_args()
    for name in (*claims.SOURCES, "target"):
        if not (said.checkpoints / name / "model.safetensors").is_file():
            parser.error(
                f"--checkpoints {said.checkpoints}: no {name}/model.safetensors there; "
                "make_checkpoints.py --into makes all of them"
            )
    n_prompts = {family: round(n * said.share) for family, n in N_PROMPTS.items()}
    asked = Asked(
        said.into.absolute(),
        said.checkpoints.absolute(),
        said.part,
        said.held_out,
        n_prompts,
    )
    try:
        run(asked, said.seeds, said.jobs)
    except Refused as why:
        sys.exit(f"ablations.py: {why}")


def run(asked: Asked, seeds: Sequence[int], n_jobs: int) -> None:
    """The seeds that are not done yet, then what all that are done say."""
    asked.into.mkdir(parents=True, exist_ok=True)
    with (asked.into / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"{asked.into}: another ablations.py works there; wait for it, or "
                "choose another --into"
            ) from None
        _run(asked, seeds, n_jobs)


def _run(asked: Asked, seeds: Sequence[int], n_jobs: int) -> None:
    done = {result["seed"] for result in results(asked)}
    if len(done.union(seeds)) > claims.MOST_SEEDS:
        raise Refused(
            f"{asked.into}: at most {claims.MOST_SEEDS} seeds in a folder, expected "
            f"are {len(done.union(seeds))}; choose another --into"
        )
    best = best_source(asked)
    print(f"best source by itself, on part tuning: {best}", flush=True)
    missing = [seed for seed in dict.fromkeys(seeds) if seed not in done]
    with ThreadPoolExecutor(n_jobs) as pool:
        for result in pool.map(lambda seed: one_seed(asked, seed, best), missing):
            print(
                f"seed {result['seed']}: done in {result['took_s']:.0f} s", flush=True
            )
    found = [result["weights"] for result in results(asked)]
    if len(found) == 1:
        print(f"one seed has no spread; what it gave is in {asked.into / RESULTS}")
        return
    text = claims.report(found)
    (asked.into / "results.md").write_text(text + "\n", encoding="utf-8")
    print(text)


def results(asked: Asked) -> list[dict[str, Any]]:
    """What is done, in the order of the seeds; Refused where it was other work."""
    path = asked.into / RESULTS
    if not path.is_file():
        return []
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for one in found:
        if one["how"] != how(asked):
            raise Refused(
                f"{path}: seed {one['seed']} was run as {one['how']}, asked for is "
                f"{how(asked)}; choose another --into"
            )
    return sorted(found, key=lambda one: one["seed"])


def how(asked: Asked) -> dict[str, Any]:
    """What seeds that are compared must have in common."""
    folders = sorted(path for path in asked.checkpoints.iterdir() if path.is_dir())
    return {
        "part": asked.part,
        "held_out": asked.n_held_out,
        "prompts": dict(asked.n_prompts),
        "checkpoints": {path.name: variants.digest(path)[:12] for path in folders},
        "declared": variants.declarations()[:12],
    }


def best_source(asked: Asked) -> str:
    """The source that gets most right by itself, sampled, on prompts for tuning."""
    path = asked.into / BEST
    weights = {name: asked.checkpoints / name for name in claims.SOURCES}
    evaluate(
        asked.into / "best_source.log", weights, path, "tuning", asked.n_held_out, 0
    )
    models = json.loads(path.read_text("utf-8"))["models"]
    return max(claims.SOURCES, key=lambda name: models[name]["sampled"]["mean"])


def one_seed(asked: Asked, seed: int, best: str) -> dict[str, Any]:
    """Everything of one seed from its start, and its line of the results."""
    since, made_by = time.monotonic(), how(asked)
    folder = asked.into / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    work = Work(folder, seed, asked)
    work.release_all(best)
    weights = {name: asked.checkpoints / name for name in claims.SOURCES}
    weights |= {"before": asked.checkpoints / "target", **work.train_all()}
    figures = folder / "figures.json"
    evaluate(folder / "log.txt", weights, figures, asked.part, asked.n_held_out, seed)
    models = json.loads(figures.read_text("utf-8"))["models"]
    result = {
        "seed": seed,
        "how": made_by,
        "best": best,
        "took_s": round(time.monotonic() - since, 1),
        "rows": {name: work.rows(name) for name in work.projects},
        "weights": {
            name: {metric: models[name][metric] for metric in ("sampled", "greedy")}
            for name in weights
        },
    }
    with ONE_AT_A_TIME:
        lines = [json.dumps(one) + "\n" for one in [*results(asked), result]]
        write_text(asked.into / RESULTS, "".join(lines), "results")
    return result


class Work:
    """The projects of one seed, and what is trained on their releases."""

    def __init__(self, folder: Path, seed: int, asked: Asked) -> None:
        self._folder, self._seed, self._asked = folder, seed, asked
        self._log = folder / "log.txt"
        self.projects = ["fused"]

    def release_all(self, best: str) -> None:
        """The project as it is, then each variant of its data."""
        fused = self._folder / "fused"
        variants.new_project(fused, self._seed, self._asked.checkpoints)
        write_prompts(fused / "data", self._seed, self._asked.n_prompts)
        self._fusemill("fused", "run")
        for name, change in (
            ("self", variants.self_distilled),
            ("single", variants.single(best)),
            ("any_pairs", variants.any_pairs),
            ("chosen_sft", variants.chosen_sft),
        ):
            variants.copied(fused, self._folder / name, change)
            self._fusemill(name, "run")
            self.projects.append(name)

    def train_all(self) -> dict[str, Path]:
        """Folders of weights, by variant and stage."""
        made = {}
        for name in self.projects:
            made[f"{name} sft"] = self._trained(name, "sft", f"{name}-sft")
            if name != "chosen_sft":
                start = ("--model", self._folder / f"{name}-sft")
                made[f"{name} dpo"] = self._trained(name, "dpo", f"{name}-dpo", *start)
        # Another loss on the same pairs, from the same start.
        variants.sigmoid(self._folder / "fused")
        start = ("--model", self._folder / "fused-sft")
        made["sigmoid dpo"] = self._trained("fused", "dpo", "sigmoid-dpo", *start)
        return made

    def rows(self, name: str) -> dict[str, int]:
        """Rows of a release, by file."""
        entry = self._folder / name / "registry/releases/micro/1.0.0.yaml"
        with variants.declared(entry) as said:
            files = said["files"]
            wanted = ("sft/train.parquet", "dpo/train.parquet")
            return {file: int(files[file]["rows"]) for file in wanted if file in files}

    def _trained(self, project: str, stage: str, output: str, *more: object) -> Path:
        folder = self._folder / output
        options = ("--target", "micro", "--data", PIN, "--output", folder, *more)
        self._fusemill(project, "train", stage, *options)
        return folder

    def _fusemill(self, project: str, *words: object) -> None:
        options = ("--project", self._folder / project)
        cache = self._folder / "cache"
        call(self._log, "-m", "fusemill", *words, *options, FUSEMILL_CACHE=str(cache))


def evaluate(
    log: Path, weights: Mapping[str, Path], into: Path, part: str, n: int, seed: int
) -> None:
    """evaluate.py on these weights, figures into a JSON file."""
    words: Sequence[object] = [f"{name}={path}" for name, path in weights.items()]
    options = ("--part", part, "--prompts", n, "--seed", seed, "--json", into)
    call(log, variants.EXAMPLE / "evaluate.py", *words, *options)


def call(log: Path, *words: object, **env: str) -> None:
    """Run Python on these words, one thread; Refused where that fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        done = subprocess.run(
            [sys.executable, *map(str, words)],
            env={**os.environ, "OMP_NUM_THREADS": "1", **env},
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        said = " ".join(map(str, words))
        raise Refused(f"{said}: exit code {done.returncode}; {log} has what it said")


if __name__ == "__main__":
    main()
