"""A generated warehouse of the recipe's size, to measure on: 3.6 million answers.

Prompts are read by the real stage; answers, scores and verdicts are written as parts
directly, model by model as a sampling run would leave them, since asking for them
costs GPU weeks. Texts are slices of random words, about 1.25 kB on average.

    set            prompts   models   draws    answers
    instruction     90,000        4       5   1,800,000
    mathematics     51,803        5       5   1,295,075
    coding          16,005        4       8     512,160
    chinese         10,000        1       1      10,000
"""

import argparse
import json
import random
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fusemill import ids, pipeline
from fusemill.fresh import fresh
from fusemill.identity import checker_hash, configs, scorer_hash
from fusemill.progress import Progress
from fusemill.project import Project
from fusemill.warehouse.parts import write_table
from fusemill.warehouse.schema import TABLES

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT = Path("/var/tmp/fusemill-bench")
ROWS_A_PART = 25_000
SETS = {
    "instruction": (90_000, 4, 5, "instruction_following", "instruction"),
    "mathematics": (51_803, 5, 5, "mathematics", "mathematics"),
    "coding": (16_005, 4, 8, "instruction_following", "instruction"),
    "chinese": (10_000, 1, 1, "chinese", "all"),
}
PARAMS = {
    "instruction": {
        "gap_min": 0.01,
        "gap_max": 0.1,
        "sft_share": 0.4,
        "pair_choice": "best_eligible",
        "allow_truncated": False,
    },
    "mathematics": {
        "gap_min": 0.01,
        "gap_max": 0.1,
        "pair_choice": "best_eligible",
        "rejected_statuses": ["failed"],
        "allow_truncated": False,
    },
    "all": {"allow_truncated": False},
}


def make(folder: Path, share: float = 1.0) -> Project:
    """The project in `folder`, generated unless it is there with this share."""
    stamp = folder / "complete.json"
    wanted = {"share": share, "sets": {k: list(v) for k, v in SETS.items()}}
    if stamp.exists() and json.loads(stamp.read_text()) == wanted:
        return Project.load(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    started = time.perf_counter()
    declare(folder, share)
    project = Project.load(folder)
    pipeline.prompts(project, Progress())
    answers(project)
    with fresh(project):
        pass
    stamp.write_text(json.dumps(wanted))
    print(f"generated in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return project


def declare(folder: Path, share: float) -> None:
    """Write the project's declarations and its raw prompts."""
    for name in ("builders", "registry", "validation", "scores", "raw", "sql/prompts"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(REPOSITORY / "sql" / "select", folder / "sql" / "select")
    project = {
        "name": "bench",
        "requires": ">=0.1",
        "sets": list(SETS),
        "sampling_seed": 1,
        "split_seed": 1,
        "release": {
            "name": "bench",
            "version": "1.0.0",
            "title": "Generated, for measuring",
            "allowed_licences": ["cc0-1.0"],
        },
    }
    write(folder / "fusemill.yaml", project)
    model = {"role": "source", "hosted": True, "licence": "cc0-1.0"}
    sampling = {"temperature": 0.8, "top_p": 0.95}
    models = {
        f"m{i}": {"model": f"generated/m{i}", "sampling": sampling, **model}
        for i in range(5)
    }
    write(folder / "registry" / "models.yaml", {"models": models})
    (folder / "scores" / "reward.py").write_text("def score(rows):\n    return []\n")
    (folder / "sql" / "prompts" / "plain.sql").write_text(
        "select source_row, [{'role': 'user', 'content': text}] as messages, gold "
        "from raw order by source_row\n"
    )
    for name, (n_prompts, n_models, draws, category, rule) in SETS.items():
        n = int(n_prompts * share)
        text = [f"{name} question {i}: " + words(i, 60) for i in range(n)]
        gold = [str(i % 997) for i in range(n)]
        table = pa.table({"text": text, "gold": gold})
        pq.write_table(table, folder / "raw" / f"{name}.parquet")
        scorer = {
            "engine": "python",
            "name": "reward",
            "function": "scores/reward.py:score",
        }
        builder = {
            "set": name,
            "title": name,
            "category": category,
            "language": "en",
            "licence": "cc0-1.0",
            "source": {"files": f"raw/{name}.parquet", "format": "parquet"},
            "prompts": {"sql": "sql/prompts/plain.sql", "n_prompts": None},
            "answers": [
                {
                    "engine": "vllm",
                    "models": [f"m{i}" for i in range(n_models)],
                    "draws": draws,
                }
            ],
            "scores": [] if rule == "all" else [scorer],
            "verify": "mathematics" if rule == "mathematics" else None,
            "select": {
                "sql": f"sql/select/{rule}.sql",
                "score": None if rule == "all" else "reward",
                "params": PARAMS[rule],
            },
        }
        write(folder / "builders" / f"{name}.yaml", builder)


def write(path: Path, data: dict) -> None:
    """JSON is YAML."""
    path.write_text(json.dumps(data, indent=1))


def words(seed: int, count: int) -> str:
    """`count` random words, the same for the same seed."""
    rng = random.Random(seed)
    return " ".join(rng.choices(VOCABULARY, k=count))


def _vocabulary() -> list[str]:
    rng = random.Random(0)
    letters = "etaoinshrdlucmfwypvbgk"
    return ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(20_000)]


VOCABULARY = _vocabulary()


def answers(project: Project) -> None:
    """Write responses, scores and verdicts of every set, model by model."""
    rng = np.random.default_rng(7)
    base = " ".join(random.Random(3).choices(VOCABULARY, k=3_000_000))
    with project.warehouse.connect() as con:
        for builder in project.builders.values():
            prompts = con.execute(
                "select p.prompt_id, p.check_id from plan inner join prompts as p "
                'using ("set", source_row) where plan."set" = ? order by source_row',
                [builder.set],
            ).fetchall()
            scorer = (
                scorer_hash(project, builder, builder.scores[0], con)
                if builder.scores
                else None
            )
            for config in configs(project, builder):
                keys = [
                    (prompt, check, draw)
                    for prompt, check in prompts
                    for draw in range(config.draws)
                ]
                for start in range(0, len(keys), ROWS_A_PART):
                    block = keys[start : start + ROWS_A_PART]
                    parts(project, builder, config, block, scorer, base, rng)
        config_rows = {
            c.config_hash: ids.canonical_json(c.config)
            for b in project.builders.values()
            for c in configs(project, b)
        }
    project.warehouse.write(
        "configs",
        [{"config_hash": k, "config": v} for k, v in config_rows.items()],
    )


def parts(project, builder, config, block, scorer, base, rng) -> None:
    """One part of answers, and the parts of their scores and verdicts."""
    n = len(block)
    lengths = np.clip(rng.lognormal(6.9, 0.7, n), 40, 12_000).astype(int)
    offsets = rng.integers(0, len(base) - 12_001, n)
    hash_ = config.config_hash
    texts = [
        f"{prompt[:6]}{draw} {base[o : o + m]}"
        for (prompt, _, draw), o, m in zip(block, offsets, lengths, strict=True)
    ]
    text_ids = [ids.text_id(t) for t in texts]
    prompts = [b[0] for b in block]
    reasons = np.where(rng.random(n) < 0.01, "length", "stop")
    responses = {
        "prompt_id": prompts,
        "config_hash": [hash_] * n,
        "draw": [b[2] for b in block],
        "response_id": [
            ids.response_id(p, hash_, d, t)
            for (p, _, d), t in zip(block, texts, strict=True)
        ],
        "text_id": text_ids,
        "model": [config.model] * n,
        "text": texts,
        "finish_reason": reasons.tolist(),
        "engine": ["generated"] * n,
    }
    add(project, "responses", responses)
    if scorer is not None:
        # bf16 steps, so that scores tie as often as a reward model's do.
        scores = np.round(rng.normal(0.14, 0.02, n) * 2048) / 2048
        add(
            project,
            "scores",
            {
                "prompt_id": prompts,
                "text_id": text_ids,
                "scorer_hash": [scorer] * n,
                "scorer": ["reward"] * n,
                "score": scores,
                "status": ["ok"] * n,
            },
        )
    checker = checker_hash(builder)
    if checker is not None:
        status = np.where(rng.random(n) < 0.7, "passed", "failed")
        add(
            project,
            "verdicts",
            {
                "text_id": text_ids,
                "check_id": [b[1] for b in block],
                "checker_hash": [checker] * n,
                "checker": ["mathematics"] * n,
                "status": status.tolist(),
            },
        )


def add(project, table, columns) -> None:
    """One part from columns; the others are null."""
    schema = TABLES[table]
    n = len(next(iter(columns.values())))
    arrays = [
        pa.array(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type)
        for f in schema
    ]
    write_table(
        project.warehouse.parts, table, pa.Table.from_arrays(arrays, schema=schema)
    )


def options(description: str) -> argparse.Namespace:
    """--folder and --share, the same for every benchmark at this scale."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--folder", type=Path, default=DEFAULT)
    parser.add_argument("--share", type=float, default=1.0, help="of the full size")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = options("Generate the paper-scale warehouse.")
    print(make(arguments.folder, arguments.share).root)
