"""The five targets have the figures of RECIPE.md, section 6."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from fusemill.errors import DeclarationError, TrainError
from fusemill.project.project import Project
from fusemill.project.starter import copy_starter
from fusemill.train.findings import target_findings
from fusemill.train.target import Target, load_target

ROOT = Path(__file__).resolve().parent.parent.parent
# Section 6 of the recipe: target → SFT lr, DPO lr, beta, length-normalised.
TABLE = {
    "meta-llama/Llama-3.1-8B-Instruct": (5e-6, 8e-7, 10, True),
    "Qwen/Qwen2.5-7B-Instruct": (2e-6, 3e-7, 0.01, False),
    "google/gemma-2-9b-it": (2e-6, 5e-7, 0.01, False),
    "meta-llama/Llama-3.2-3B-Instruct": (5e-6, 1e-6, 10, True),
    "meta-llama/Llama-3.2-1B-Instruct": (5e-6, 1e-6, 10, True),
}
FILES = sorted((ROOT / "training" / "targets").glob("*.yaml"))


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.load(ROOT)


def test_every_target_of_the_recipe_has_its_learning_rates(project: Project) -> None:
    found = {}
    for path in FILES:
        target = load_target(project, path.stem)
        found[project.models[target.model].model] = (
            target.sft.learning_rate,
            target.dpo.learning_rate,
            target.dpo.beta,
            target.dpo.loss_type == "sigmoid_norm",
        )
    assert found == TABLE


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_what_all_targets_share_is_the_recipe_s(path: Path, project: Project) -> None:
    target = load_target(project, str(path))
    assert (target.sft.epochs, target.dpo.epochs) == (3, 1)
    assert target.max_length == 2048
    assert target.seed == 42
    assert target.precision == "bfloat16"
    assert target.gradient_checkpointing
    steps = target.steps
    assert (steps.scheduler, steps.warmup_ratio) == ("cosine", 0.1)
    assert (steps.batch, steps.per_device) == (128, 2)
    assert steps.batch == steps.per_device * 8 * 8  # accumulation 8 × 8 GPUs
    assert steps.optimizer == "adamw_torch"
    assert (steps.save_every, target.dpo.choose_among) == (100, 2)


@pytest.mark.parametrize("name", ["zero3", "fsdp"])
def test_accelerate_is_set_for_eight_gpus(name: str) -> None:
    path = ROOT / "training" / "accelerate" / f"{name}.yaml"
    found = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    assert found["num_processes"] == 8
    assert found["mixed_precision"] == "bf16"
    kind = {"zero3": "DEEPSPEED", "fsdp": "FSDP"}[name]
    assert found["distributed_type"] == kind


def test_a_target_that_is_not_there_names_those_that_are(project: Project) -> None:
    with pytest.raises(TrainError, match=r"there are: gemma-2-9b, llama-3\.1-8b"):
        load_target(project, "llama-9")


def changed(folder: Path, **changes: Any) -> str:
    text = (ROOT / "training" / "targets" / "gemma-2-9b.yaml").read_text("utf-8")
    data = YAML(typ="safe", pure=True).load(text)
    path = folder / "it.yaml"
    with path.open("w") as out:
        YAML().dump({**data, **changes}, out)
    return str(path)


def test_a_target_must_be_one_of_the_registry(project: Project, tmp_path: Path) -> None:
    for name in ("gemma-9-9b", "armorm"):  # not there; there, but no target
        with pytest.raises(TrainError, match=f"'{name}' is no target of registry"):
            load_target(project, changed(tmp_path, model=name))


def test_a_key_that_is_not_known_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="epoch"):
        load_target(project, changed(tmp_path, epoch=3))


def test_a_batch_that_no_number_of_devices_can_make(
    project: Project, tmp_path: Path
) -> None:
    steps = load_target(project, "gemma-2-9b").steps.model_dump()
    path = changed(tmp_path, steps={**steps, "per_device": 3})
    with pytest.raises(DeclarationError, match="128 is no multiple of per_device 3"):
        load_target(project, path)


def test_doctor_reads_the_targets_that_init_copies(tmp_path: Path) -> None:
    copy_starter(tmp_path / "mine")
    mine = Project.load(tmp_path / "mine")
    for script in ("sft.py", "dpo.py"):
        own = tmp_path / "mine" / "training" / script
        assert own.read_text("utf-8") == (ROOT / "training" / script).read_text("utf-8")
    assert list(target_findings(mine)) == []
    path = tmp_path / "mine" / "training" / "targets" / "gemma-2-9b.yaml"
    path.write_text(path.read_text("utf-8").replace("beta:", "gamma:"), "utf-8")
    (found,) = target_findings(mine)
    assert found.severity == "error"
    assert found.where == "training/targets/gemma-2-9b.yaml"
    assert "gamma" in found.text


def test_doctor_minds_no_target_of_a_model_that_is_not_used(tmp_path: Path) -> None:
    copy_starter(tmp_path / "mine")
    models = tmp_path / "mine" / "registry" / "models.yaml"
    models.write_text(models.read_text("utf-8").replace("role: target", "role: source"))
    found = list(target_findings(Project.load(tmp_path / "mine")))
    assert len(found) == 5
    assert {one.severity for one in found} == {"note"}
    assert "'gemma-2-9b-it' is no target of registry/models.yaml" in found[0].text


def test_nothing_has_a_default() -> None:
    blocks = [Target, *(Target.model_fields[k].annotation for k in Target.model_fields)]
    for block in blocks:
        for key, field in getattr(block, "model_fields", {}).items():
            assert field.is_required(), key
