"""A small project whose answers tiny random models give, in its own process."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from live_project import BUILDER, FUSEMILL, PROMPTS, hash_of
from tiny_models import write_model

from small_project import ROOT, SmallProject

SAMPLING = {"temperature": 0.9, "top_p": 0.95, "max_tokens": 16, "stop": ["w9", "w8"]}


def make(
    root: Path,
    asks: list[str],
    draws: int,
    *kinds: str,
    engine: str = "transformers",
    **config: Any,
) -> SmallProject:
    """A project that asks a model of each of these architectures."""
    project = SmallProject(root)
    project.write("fusemill.yaml", FUSEMILL)
    project.write("sql/prompts/asks.sql", PROMPTS)
    project.rows("data/asks.jsonl", [{"ask": ask} for ask in asks])
    for folder in ("sql/select", "sql/macros"):
        shutil.copytree(ROOT / folder, root / folder)
    builder = BUILDER.format(models=", ".join(kinds), draws=draws)
    project.write("builders/asks.yaml", builder.replace("openai", engine))
    for kind in kinds:
        write_model(root / "weights" / kind, kind, **config)
    declare(project, {kind: pinned(project, kind) for kind in kinds})
    return project


def pinned(project: SmallProject, kind: str, **keys: Any) -> dict[str, Any]:
    """The declaration of a model with the digest of its weights."""
    return {
        "model": f"made-up/{kind}",
        "role": "source",
        "weights_sha256": digest(project.root / "weights" / kind),
        "licence": "cc0-1.0",
        "sampling": SAMPLING,
        **keys,
    }


def declare(project: SmallProject, models: dict[str, Any], **keys: Any) -> None:
    """Write these models, with weights in folders of their names."""
    checkpoints = {name: {"weights": f"weights/{name}", **keys} for name in models}
    project.write("registry/models.yaml", json.dumps({"models": models}))
    project.write("registry/checkpoints.yaml", json.dumps({"checkpoints": checkpoints}))


def digest(folder: Path) -> str:
    """weights_sha256 by docs/declarations.md, written again."""
    names = sorted(path.name for path in folder.iterdir())
    lines = "".join(
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
    )
    return hashlib.sha256(lines.encode()).hexdigest()


def config_hash_of(project: SmallProject, kind: str) -> str:
    """The configuration of a model, by docs/contract.md."""
    config = {
        "model": f"made-up/{kind}",
        "weights_sha256": digest(project.root / "weights" / kind),
        "sampling": SAMPLING,
        "sampling_seed": 42,
    }
    return hash_of("config", config)


def seed_of(project: SmallProject, ask: str, kind: str) -> int:
    """The seed of a model's first draw, by docs/contract.md."""
    prompt = hash_of("prompt", [{"role": "user", "content": ask}])
    base = hash_of("seed", 42, prompt, config_hash_of(project, kind))
    return int(base[:8], 16) & 0x7FFFFFFF
