"""examples/micro/evaluate.py: what is counted, and what the models are asked."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from micro_files import EXAMPLE, families

from fusemill.checkpoints.conversations import Conversations, Local
from fusemill.project.project import Project
from fusemill.train.target import load_target
from fusemill.train.templates import Chat
from needs_torch import torch  # noqa: F401 - without torch there is no transformers

evaluate = importlib.import_module("evaluate")  # in the folder that micro_files names
TARGET = EXAMPLE / "checkpoints" / "target"


def task(prompt: str, answer: str) -> families.task.Task:
    return families.task.Task(prompt, answer, {})


def test_figures_are_counted_by_family() -> None:
    tasks = [
        ("sums", task("1 + 1", "2")),
        ("sums", task("1 + 2", "3")),
        ("lists", task("a, b", "a\nb")),
    ]
    greedy = [["2"], ["4"], ["a\nb"]]
    sampled = [["2", "2", "3", "2"], ["2", "4", "3 ", ""], ["a b", "a\nb", "x", "y"]]
    found = evaluate.figures(tasks, greedy, sampled)
    assert found.greedy == {"sums": 50, "lists": 100, "mean": 75}
    assert found.sampled == {"sums": 37.5, "lists": 25, "mean": 31.25}
    assert found.some == {"sums": 50, "lists": 100, "mean": 75}
    assert found.texts == ["2", "4", "a\nb"]


def test_sampling_is_that_of_the_sources() -> None:
    models = Project.load(EXAMPLE).models
    for name in ("lister", "reckoner", "coder", "hanzi"):
        assert models[name].sampling == evaluate.SAMPLED


def test_a_folder_without_weights_is_refused_in_words(tmp_path: Path) -> None:
    for said, folder in (("lster", "checkpoints/lster"), (f"x={tmp_path}", tmp_path)):
        command = [sys.executable, EXAMPLE / "evaluate.py", "target", said]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert f"{folder}; expected the name of one of" in done.stderr


@pytest.mark.parametrize("part", ["tuning", "held_out"])
def test_questions_are_of_their_part(part: families.EvaluationPart) -> None:
    found = evaluate.questions(part, 3, seed=1)
    assert [family for family, _ in found] == [
        f for f in families.FAMILIES for _ in "abc"
    ]
    assert {families.part_of(task.prompt) for _, task in found} == {part}


def test_greedy_and_sampled_answers_of_a_checkpoint(tmp_path: Path) -> None:
    """The coder writes functions right and lists wrong: its README says so."""
    figures = tmp_path / "figures.json"
    command = [sys.executable, EXAMPLE / "evaluate.py", "coder", f"twin={TARGET}"]
    command += ["--prompts", "12", "--seed", "5", "--part", "tuning", "--json", figures]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in shown if len(line) == 16] == ["coder", "twin"]
    data = json.loads(figures.read_text("utf-8"))
    assert (data["part"], data["seed"]) == ("tuning", 5)
    assert len(data["questions"]) == 12 * len(families.FAMILIES)
    coder = data["models"]["coder"]
    assert coder["greedy"]["functions"] > 80
    assert coder["sampled"]["functions"] > 80
    assert coder["greedy"]["lists"] < 20
    right = [
        text == asked["answer"]
        for text, asked in zip(coder["texts"], data["questions"], strict=True)
    ]
    assert coder["greedy"]["mean"] == pytest.approx(100 * sum(right) / len(right))


def test_a_prompt_has_the_same_tokens_in_training_and_evaluation(
    tmp_path: Path,
) -> None:
    declared = load_target(Project.load(EXAMPLE), "micro")
    chat = Chat(TARGET, declared.template, "micro")
    chat.tokenizer.save_pretrained(tmp_path)  # as it stands with trained weights
    for folder in (TARGET, tmp_path):
        asks = Conversations(Local("it", folder, None, None, None, "here"), 192)
        for family in families.FAMILIES:
            (one,) = families.different(family, "held_out", 1, seed=3)
            messages = [{"role": "user", "content": one.prompt}]
            assert chat.prompt(messages) == asks.ids(messages)
            text = f"<start><user>{one.prompt}<assistant>"
            assert chat.tokenizer.decode(chat.prompt(messages)) == text
            said = {"role": "assistant", "content": one.answer}
            text = f"{one.answer}<end>"
            assert chat.tokenizer.decode(chat.answer(messages, said)) == text
