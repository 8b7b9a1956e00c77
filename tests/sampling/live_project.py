"""A small project whose answers are asked of a fault server."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from small_project import ROOT, SmallProject

FUSEMILL = """\
name: asked
requires: ">=0.1,<0.2"
sets: [asks]
sampling_seed: 42
split_seed: 7
release:
  name: asked
  version: 1.0.0
  title: Answers of a server
  allowed_licences: [cc0-1.0]
"""
BUILDER = """\
set: asks
title: Asks
category: other
language: en
licence: cc0-1.0
source: {{files: data/asks.jsonl, format: jsonl}}
prompts: {{sql: sql/prompts/asks.sql, n_prompts: null}}
answers:
  - {{engine: openai, models: [{models}], draws: {draws}}}
verify: null
select: {{sql: sql/select/all.sql, score: null, params: {{allow_truncated: false}}}}
"""
PROMPTS = "select source_row, user_turn(ask) as messages from raw\n"


def make(
    root: Path,
    url: str,
    asks: list[str],
    models: str = "a",
    draws: int = 1,
    **endpoint: Any,
) -> SmallProject:
    """A project that asks these models for so many draws of each prompt."""
    project = SmallProject(root)
    project.write("fusemill.yaml", FUSEMILL)
    project.write("sql/prompts/asks.sql", PROMPTS)
    project.rows("data/asks.jsonl", [{"ask": ask} for ask in asks])
    for folder in ("sql/select", "sql/macros"):
        shutil.copytree(ROOT / folder, root / folder)
    declare(project, url, models, draws, **endpoint)
    return project


def declare(
    project: SmallProject, url: str, models: str, draws: int = 1, **endpoint: Any
) -> None:
    """Ask these models, all of them at one endpoint."""
    names = models.split(", ")
    written = {
        name: {
            "model": f"made-up/{name}",
            "role": "source",
            "hosted": True,
            "licence": "cc0-1.0",
            "sampling": {"temperature": 0.5},
        }
        for name in names
    }
    endpoints = {name: {"base_urls": [url], **endpoint} for name in names}
    project.write("builders/asks.yaml", BUILDER.format(models=models, draws=draws))
    project.write("registry/models.yaml", json.dumps({"models": written}))
    project.write("registry/endpoints.yaml", json.dumps({"endpoints": endpoints}))


def hash_of(kind: str, *fields: Any) -> str:
    """H of docs/contract.md, written again."""
    data = json.dumps(
        ["fusemill/1", kind, *fields],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(data.encode()).hexdigest()[:32]


def seed_of(ask: str, model: str, draw: int) -> int:
    """The seed of a draw, by docs/contract.md."""
    config = {
        "model": f"made-up/{model}",
        "sampling": {"temperature": 0.5},
        "sampling_seed": 42,
    }
    prompt = hash_of("prompt", [{"role": "user", "content": ask}])
    base = hash_of("seed", 42, prompt, hash_of("config", config))
    return (int(base[:8], 16) & 0x7FFFFFFF) + draw
