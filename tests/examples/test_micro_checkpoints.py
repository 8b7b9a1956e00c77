"""examples/micro/make_checkpoints.py, for a few steps."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from micro_files import EXAMPLE, families, students

import needs_torch  # noqa: F401
from fusemill.checkpoints.conversations import Local
from fusemill.checkpoints.tokenizers import load_tokenizer
from fusemill.sampling.engine import Request
from fusemill.sampling.local.engine import Asked, TransformersEngine
from fusemill.sampling.local.parameters import Parameters


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checkpoints after two steps."""
    made = tmp_path_factory.mktemp("checkpoints")
    script = EXAMPLE / "make_checkpoints.py"
    asked = ["--seed", "7", "--only", "hanzi", "target", "--steps", "2", "--jobs", "1"]
    done = subprocess.run(
        [sys.executable, script, *asked, "--into", made],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "hanzi: 2 steps" in done.stdout
    return made


@pytest.mark.parametrize(("name", "kind"), [("hanzi", "qwen2"), ("target", "llama")])
def test_what_is_made_can_be_asked(folder: Path, name: str, kind: str) -> None:
    config = json.loads((folder / name / "config.json").read_text())
    assert config["model_type"] == kind
    assert (folder / name / "model.safetensors").stat().st_size < 1_000_000
    local = Local(name, folder / name, "float32", None, None, name)
    asked = Asked(local, Parameters(max_tokens=3), batch_tokens=1000)
    messages = ({"role": "user", "content": "Write these words as they stand."},)
    request = Request(name, "c", "p", messages, first=0, n=2, seed=1)
    came = TransformersEngine([asked]).answers({name: iter([[request]])})
    found = [answer for batch in came for answer in batch]
    assert [answer.draw for answer in sorted(found, key=lambda a: a.draw)] == [0, 1]
    assert all(1 <= answer.n_output_tokens <= 3 for answer in found)


def test_a_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    script = EXAMPLE / "make_checkpoints.py"
    asked = ["--seed", "7", "--only", "target", "--steps", "2", "--jobs", "1"]
    asked += ["--into", str(tmp_path)]
    subprocess.run([sys.executable, script, *asked], check=True, capture_output=True)
    for path in (folder / "target").iterdir():
        assert (tmp_path / "target" / path.name).read_bytes() == path.read_bytes()


def test_the_tokenizer_keeps_every_text(folder: Path) -> None:
    tokenizer = load_tokenizer(folder / "hanzi", "hanzi")
    for family in families.FAMILIES:
        for task in families.different(family, "held_out", 200, seed=3):
            for text in (task.prompt, task.answer, *task.habits.values()):
                ids = tokenizer(text)["input_ids"]
                assert tokenizer.unk_token_id not in ids, text
                assert tokenizer.decode(ids) == text


def test_a_conversation_is_written_with_the_answer_marked(folder: Path) -> None:
    tokenizer = load_tokenizer(folder / "target", "target")
    said = [
        {"role": "user", "content": "The words: pear"},
        {"role": "assistant", "content": "pear"},
    ]
    whole = tokenizer.apply_chat_template(
        said, return_dict=True, return_assistant_tokens_mask=True
    )
    text = "<start><user>The words: pear<assistant>pear<end>"
    assert tokenizer.decode(whole["input_ids"]) == text
    assert whole["assistant_masks"] == [0] * (len(whole["input_ids"]) - 2) + [1, 1]
    asked = tokenizer.apply_chat_template(
        said[:1], add_generation_prompt=True, return_dict=False
    )
    assert whole["input_ids"][: len(asked)] == asked


def kept(family: str, rng: random.Random, into: list[Any]) -> Iterator[Any]:
    """Tasks for training, each remembered with its family."""
    for task in families.tasks(family, "sources", rng):
        into.append((family, task))
        yield task


@pytest.mark.parametrize("name", [n for n in students.STUDENTS if n != "target"])
def test_a_source_is_right_at_home_and_has_habits_elsewhere(name: str) -> None:
    student = students.STUDENTS[name]
    rng = random.Random(1)
    given: list[Any] = []
    streams = {family: kept(family, rng, given) for family in families.FAMILIES}
    learned = [student.example(streams, rng) for _ in range(2000)]
    n_home, n_slips, n_bad, n_elsewhere = 0, 0, 0, 0
    for (family, task), example in zip(given, learned, strict=True):
        assert example.prompt == task.prompt
        assert families.part_of(task.prompt) == "sources"
        if family == student.good_at:
            n_home += 1
            n_slips += example.answer != task.answer
            assert example.answer in (task.answer, *task.habits.values())
        else:
            n_elsewhere += 1
            n_bad += example.answer == task.habits[student.habits[family]]
    assert 1000 < n_home < 1200
    assert 0.85 < n_bad / n_elsewhere < 0.97
    # A quarter is to slip; the answer without a mark is right where none is asked for.
    least, most = (0.15, 0.3) if name in ("lister", "reckoner") else (0, 0)
    assert least <= n_slips / n_home <= most


def test_there_are_four_architectures() -> None:
    kinds = [s.kind for n, s in students.STUDENTS.items() if n != "target"]
    assert sorted(kinds) == ["gemma", "llama", "mistral", "qwen2"]
    assert {s.good_at for s in students.STUDENTS.values()} == {None, *families.FAMILIES}
