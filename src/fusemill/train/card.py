"""The card of a trained model: which rows it was trained on, by which numbers."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from fusemill import __version__
from fusemill.durable import write_text
from fusemill.release.metadata import licence_keys
from fusemill.train.run import Run

_LIBRARIES = ("torch", "transformers", "trl", "accelerate", "peft")
_STAGES = {"sft": "Supervised fine-tuning", "dpo": "Preference training (DPO)"}


def write_card(run: Run, result: Mapping[str, Any]) -> None:
    """Write README.md into the output folder."""
    text = "\n".join([_front_matter(run), *_body(run, result)])
    write_text(run.output / "README.md", text + "\n", "training")


def _front_matter(run: Run) -> str:
    declared = run.base.declared
    repos = [one["data"]["repo"] for one in _runs(run)]
    data: dict[str, Any] = {
        "base_model": declared.model,
        "datasets": [repo for repo in dict.fromkeys(repos) if repo],
        **licence_keys(declared.licence, declared.licence_url),
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "tags": ["fusemill", run.asked.stage],
    }
    text = StringIO()
    yaml = YAML()
    yaml.width = 1000
    yaml.dump({key: value for key, value in data.items() if value}, text)
    return f"---\n{text.getvalue()}---"


def _runs(run: Run) -> Iterator[Mapping[str, Any]]:
    """Stage, data and model of this run, then of those before that made its weights."""
    one: Mapping[str, Any] | None = run.record
    while one is not None:
        yield one
        one = one["model"].get("earlier")


def _sentence(one: Mapping[str, Any]) -> str:
    model, data = one["model"], one["data"]
    weights = model["revision"] or f"weights of sha256 {model['sha256']}"
    where = f"release `{data['release_id']}`, not published"
    if data["commit"]:
        where = f"repository `{data['repo']}` at commit `{data['commit']}`"
    return (
        f"{_STAGES[one['stage']]} of `{model['repo']}` ({weights}) on `{data['name']}` "
        f"{data['version']}, {where}."
    )


def _body(run: Run, result: Mapping[str, Any]) -> Iterator[str]:
    steps = run.target.steps
    yield ""
    yield f"# {run.target.model}, {run.asked.stage}"
    yield ""
    now, *before = [_sentence(one) for one in _runs(run)]
    yield now
    yield ""
    for sentence in before:
        yield f"Those weights were made by: {sentence}"
        yield ""
    yield "| file of the release | sha256 |"
    yield "|---|---|"
    for name, sha256 in run.files.items():
        yield f"| `{name}` | `{sha256}` |"
    yield ""
    yield "| | |"
    yield "|---|---|"
    block = {**run.stage.model_dump(), "learning_rate": f"{run.learning_rate:g}"}
    names = {"max_length", "too_long", "precision", "seed"}
    shared = {**steps.model_dump(), **run.target.model_dump(include=names)}
    for key, value in {**block, **shared}.items():
        yield f"| {key} | {value} |"
    yield f"| adapters | {_adapters(run)} |"
    yield f"| rows | {len(run.dataset('train')):,} |"
    yield f"| rows over max_length, of train and test | {len(run.too_long):,} |"
    yield f"| steps made | {result['steps']} |"
    yield f"| weights here | {result['chosen']} |"
    for one in result["candidates"]:
        yield (
            f"| checkpoint-{one['step']} on the test pairs | accuracy "
            f"{one['accuracy']:.4f}, margin {one['margin']:.4f} |"
        )
    yield ""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    yield f"fusemill {__version__}, {libraries}."


def _adapters(run: Run) -> str:
    if not run.asked.lora:
        return "none"
    lora = run.target.lora
    modules = lora.modules if isinstance(lora.modules, str) else ", ".join(lora.modules)
    return (
        f"LoRA of rank {lora.rank}, alpha {lora.alpha}, dropout {lora.dropout} on "
        f"{modules}, merged"
    )
