"""The card's snippet for TRL trains, with a tiny model in place of the named one."""

from pathlib import Path

import pytest
from cards import card_of, folder_of, snippets

from needs_torch import torch
from small_project import ROOT, SmallProject

NAMED = "Qwen/Qwen2.5-0.5B-Instruct"
TINY = ROOT / "examples/micro/checkpoints/target"


def test_the_snippet_trains(
    finished: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert torch
    monkeypatch.chdir(tmp_path)
    card = card_of(folder_of(finished))
    names: dict[str, object] = {}
    for code in snippets(card, "python"):
        at = code.replace('release = "."', f'release = "{folder_of(finished)}"')
        at = at.replace("max_length=2048", "max_length=2048, bf16=False, use_cpu=True")
        exec(at.replace(NAMED, str(TINY)), names)
    assert list((tmp_path / "dpo-out").glob("checkpoint-*"))
