"""What lies beside a release's data: LLaMA-Factory's description, the declarations."""

from pathlib import Path
from typing import Any

from fusemill.durable import sha256_file
from fusemill.project.project import Project
from fusemill.project.rewards import FILE as REWARDS
from fusemill.release.shards import files_of


def dataset_info(name: str, rows: dict[str, int]) -> dict[str, Any]:
    """LLaMA-Factory's description of the training files in this folder.

    Where there are several, of the folder they are in: it reads all files of one.
    """
    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    }
    info: dict[str, Any] = {}
    if sft := files_of(rows, "sft/train"):
        info[f"{name}_sft"] = {
            "file_name": sft[0] if len(sft) == 1 else "sft",
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": tags,
        }
    if dpo := [name for name in rows if name.startswith("llama_factory/dpo")]:
        info[f"{name}_dpo"] = {
            "file_name": dpo[0] if len(dpo) == 1 else "llama_factory/dpo",
            "formatting": "sharegpt",
            "ranking": True,
            "columns": {
                "messages": "prompt",
                "chosen": "chosen",
                "rejected": "rejected",
            },
            "tags": tags,
        }
    return info


def copy_declarations(project: Project, folder: Path) -> dict[str, str]:
    """Copy every declaration beside the data; returns sha256 by name."""
    names = ["fusemill.yaml", "registry/models.yaml"]
    names += [f"builders/{name}.yaml" for name in project.builders]
    for pattern in (
        "sql/**/*.sql",
        "validation/*.yaml",
        "registry/compositions/*.yaml",
    ):
        names += [str(p.relative_to(project.root)) for p in project.root.glob(pattern)]
    names += [
        scorer.function.partition(":")[0]
        for builder in project.builders.values()
        for scorer in builder.scores
        if scorer.engine == "python"
    ]
    if project.rewards:
        canaries = [reward.canary for reward in project.rewards.values()]
        names += [REWARDS, *(n for n in canaries if (project.root / n).is_file())]
    copied = {}
    for name in sorted(set(names)):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # Not copyfile: where the disk is full it names the file that is read.
        target.write_bytes((project.root / name).read_bytes())
        copied[name] = sha256_file(target)
    return copied
