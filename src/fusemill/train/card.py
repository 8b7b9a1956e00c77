"""The card of a trained model: which rows it was trained on, by which numbers."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from fusemill import __version__
from fusemill.durable import write_text
from fusemill.train.run import Run

_LIBRARIES = ("torch", "transformers", "trl", "accelerate", "peft")


def write_card(run: Run, result: Mapping[str, Any]) -> None:
    """Write README.md into the output folder."""
    text = "\n".join([*_front_matter(run), *_body(run, result)])
    write_text(run.output / "README.md", text + "\n", "training")


def _front_matter(run: Run) -> Iterator[str]:
    yield "---"
    yield f"base_model: {run.base.model}"
    if run.release.repo:
        yield "datasets:"
        yield f"- {run.release.repo}"
    yield "license: other"
    yield f"license_name: {run.base.licence}"
    yield "library_name: transformers"
    yield f"tags: [fusemill, {run.asked.stage}]"
    yield "---"


def _body(run: Run, result: Mapping[str, Any]) -> Iterator[str]:
    data, steps = run.release, run.target.steps
    kind = {"sft": "Supervised fine-tuning", "dpo": "Preference training (DPO)"}
    yield ""
    yield f"# {run.target.model}, {run.asked.stage}"
    yield ""
    yield (
        f"{kind[run.asked.stage]} of `{run.base.model}` "
        f"({run.base.revision or f'sha256 {run.base.sha256}'}) on "
        f"`{data.name}` {data.version}"
        + (
            f", repository `{data.repo}` at commit `{data.commit}`."
            if data.commit
            else f", release `{data.release_id}`, not published."
        )
    )
    yield ""
    yield "| file of the release | sha256 |"
    yield "|---|---|"
    for name, sha256 in run.files.items():
        yield f"| `{name}` | `{sha256}` |"
    yield ""
    yield "| | |"
    yield "|---|---|"
    block = run.stage.model_dump()
    shared = {**steps.model_dump(), "max_length": run.target.max_length}
    for key, value in {**block, **shared, "seed": run.target.seed}.items():
        yield f"| {key} | {value} |"
    yield f"| adapters | {'LoRA, merged' if run.asked.lora else 'none'} |"
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
