"""What weights get right on prompts that nothing was trained on, by family.

    python examples/micro/evaluate.py                 # every checkpoint
    python examples/micro/evaluate.py target after-sft=FOLDER --json figures.json

An answer is right where it is the right one word for word: greedy, and sampled as
registry/models.yaml says, five draws a prompt. `some` is the share of prompts with a
right answer among the five. Prompts are written by the chat template that stands with
the weights, as `fusemill sample` writes them.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from families import FAMILIES, EvaluationPart, different
from families.task import Task
from generate import HELD_OUT_SEED, N_HELD_OUT
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from students import STUDENTS

from fusemill.checkpoints.conversations import Local
from fusemill.durable import sha256_file, write_text
from fusemill.sampling.engine import Request
from fusemill.sampling.local.engine import Asked, TransformersEngine
from fusemill.sampling.local.parameters import Parameters

FOLDER = Path(__file__).parent / "checkpoints"
DRAWS = 5
SAMPLED = {"temperature": 0.8, "top_p": 0.98, "max_tokens": 64}
GREEDY = {"temperature": 0, "max_tokens": 64}
BATCH_TOKENS = 32_768
MEAN = "mean"  # of the families, beside them

Asking = tuple[str, Task]  # a family, and what is asked


@dataclass(frozen=True)
class Figures:
    """What one model gets right, in per cent by family and for their mean."""

    greedy: dict[str, float]  # of the prompts
    sampled: dict[str, float]  # of all draws
    some: dict[str, float]  # of the prompts, with a right answer among the draws
    texts: list[str]  # greedy answers, in the order of the prompts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "weights",
        nargs="*",
        default=list(STUDENTS),
        metavar="NAME[=FOLDER]",
        help="a checkpoint's name, or any name and a folder of weights",
    )
    parser.add_argument("--part", choices=["tuning", "held_out"], default="held_out")
    parser.add_argument("--prompts", type=int, default=N_HELD_OUT, help="a family")
    parser.add_argument("--seed", type=int, default=HELD_OUT_SEED, help="of prompts")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    asked = parser.parse_args()
    folders = dict(map(named, asked.weights))
    for name, folder in folders.items():
        if not (folder / "model.safetensors").is_file():
            parser.error(
                f"{name}: no model.safetensors in {folder}; expected the name of one "
                f"of {FOLDER}, or NAME=FOLDER"
            )
    tasks = questions(asked.part, asked.prompts, asked.seed)
    how = described(folders, tasks, asked.part, asked.seed)
    found = known(asked.json, how) if asked.json else None
    if found is None:
        found = evaluate(folders, tasks)
        if asked.json:
            write(asked.json, how, found)
    Console().print(table(found))
    if asked.json:
        print(f"figures and answers: {asked.json}")


def named(said: str) -> tuple[str, Path]:
    """Name and folder of `name=folder`, or of a checkpoint's name."""
    name, _, folder = said.partition("=")
    return name, Path(folder) if folder else FOLDER / name


def questions(part: EvaluationPart, n: int, seed: int) -> list[Asking]:
    """n prompts a family, with their right answers; the same for the same seed."""
    return [(f, task) for f in FAMILIES for task in different(f, part, n, seed)]


def evaluate(
    folders: Mapping[str, Path], tasks: Sequence[Asking]
) -> dict[str, Figures]:
    """The figures of each folder of weights, by the name that it is given."""
    greedy = answers(folders, tasks, GREEDY, 1)
    sampled = answers(folders, tasks, SAMPLED, DRAWS)
    return {name: figures(tasks, greedy[name], sampled[name]) for name in folders}


def figures(
    tasks: Sequence[Asking],
    greedy: Sequence[Sequence[str]],
    sampled: Sequence[Sequence[str]],
) -> Figures:
    """What is right of the answers to each task: one greedy, several sampled."""

    def by_family(shares: Sequence[float]) -> dict[str, float]:
        found = {}
        for family in dict.fromkeys(family for family, _ in tasks):
            of = [s for s, (f, _) in zip(shares, tasks, strict=True) if f == family]
            found[family] = 100 * sum(of) / len(of)
        return {**found, MEAN: sum(found.values()) / len(found)}

    first, drawn = (
        [
            [text == task.answer for text in texts]
            for texts, (_, task) in zip(said, tasks, strict=True)
        ]
        for said in (greedy, sampled)
    )
    return Figures(
        greedy=by_family([sum(one) for one in first]),
        sampled=by_family([sum(one) / len(one) for one in drawn]),
        some=by_family([any(one) for one in drawn]),
        texts=[texts[0] for texts in greedy],
    )


def answers(
    folders: Mapping[str, Path],
    tasks: Sequence[Asking],
    sampling: Mapping[str, float],
    draws: int,
) -> dict[str, list[list[str]]]:
    """What each model says to each task, `draws` texts each."""
    local = [
        Local(name, folder, "float32", None, None, str(folder))
        for name, folder in folders.items()
    ]
    parameters = Parameters.model_validate(sampling)
    engine = TransformersEngine([Asked(one, parameters, BATCH_TOKENS) for one in local])
    found = {name: [[""] * draws for _ in tasks] for name in folders}
    pages = {name: iter([requests(name, tasks, draws)]) for name in folders}
    for batch in engine.answers(pages):
        for answer in batch:
            request = answer.request
            found[request.model][int(request.prompt_id)][answer.draw] = answer.text
    return found


def requests(model: str, tasks: Sequence[Asking], draws: int) -> list[Request]:
    """One request a task; its number is its id."""
    return [
        Request(
            model,
            "",
            str(i),
            ({"role": "user", "content": task.prompt},),
            first=0,
            n=draws,
            seed=i * draws,
        )
        for i, (_, task) in enumerate(tasks)
    ]


def table(found: Mapping[str, Figures]) -> Table:
    """A row a model; in each cell greedy, sampled, some."""
    shown = Table(
        title="right answers, per cent: greedy, sampled, some of five",
        box=SIMPLE_HEAD,
        show_edge=False,
    )
    shown.add_column("weights", no_wrap=True)
    for family in [*FAMILIES, MEAN]:
        shown.add_column(family, justify="right", no_wrap=True)
    for name, one in found.items():
        three = [
            (one.greedy[f], one.sampled[f], one.some[f]) for f in [*FAMILIES, MEAN]
        ]
        shown.add_row(name, *(" ".join(f"{x:3.0f}" for x in cell) for cell in three))
    return shown


def described(
    folders: Mapping[str, Path], tasks: Sequence[Asking], part: str, seed: int
) -> dict[str, object]:
    """What figures hang on: with the same they are the same."""
    weights = {n: sha256_file(f / "model.safetensors") for n, f in folders.items()}
    return {
        "part": part,
        "seed": seed,
        "draws": DRAWS,
        "sampling": SAMPLED,
        "weights": weights,
        "questions": [
            {"family": family, "prompt": task.prompt, "answer": task.answer}
            for family, task in tasks
        ],
    }


def known(path: Path, how: Mapping[str, object]) -> dict[str, Figures] | None:
    """The figures of an earlier call, None where there was none of the same."""
    if not path.is_file():
        return None
    data = json.loads(path.read_text("utf-8"))
    models = data.pop("models")
    return {n: Figures(**one) for n, one in models.items()} if data == how else None


def write(path: Path, how: Mapping[str, object], found: Mapping[str, Figures]) -> None:
    """The figures as JSON, with the prompts and the greedy answers."""
    data = {**how, "models": {name: asdict(one) for name, one in found.items()}}
    text = json.dumps(data, ensure_ascii=False, indent=1)
    write_text(path, text + "\n", "figures")


if __name__ == "__main__":
    main()
