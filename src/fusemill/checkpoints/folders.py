"""Where a checkpoint is on this machine, and the digest of what is read of it."""

import glob
import hashlib
from pathlib import Path

from fusemill.durable import sha256_file
from fusemill.errors import DeclarationError, EngineError
from fusemill.project.models import Model
from fusemill.project.project import Project
from fusemill.prompts.sources import local_pattern

# What of a checkpoint is read.
PATTERNS = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")
# What training leaves beside weights, and how long it took: no two runs write the same.
LOG = "trainer_state.json"


def local_folder(project: Project, declared: str, where: str) -> Path:
    """The declared folder of weights; DeclarationError where there is none."""
    pattern = str(local_pattern(declared, project, where))
    found = [Path(path) for path in glob.glob(pattern) if Path(path).is_dir()]
    if len(found) != 1:
        raise DeclarationError(f"{where}: no such folder: {declared}")
    return found[0]


def files(folder: Path) -> list[Path]:
    """The files of a checkpoint that are read, by name."""
    found = {path for p in PATTERNS for path in folder.glob(p)}
    return sorted(path for path in found if path.name != LOG)


def sha256_folder(folder: Path) -> str:
    """sha256 over a line `<sha256>  <name>` for each file that is read, by name.

    As `sha256sum` writes and sorts them, so that a shell gives the same.
    """
    lines = [f"{sha256_file(path)}  {path.name}\n" for path in files(folder)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def from_hub(model: Model, name: str, where: str) -> Path:
    """The folder of a model of the Hub at its revision, downloaded where it is not.

    What has been downloaded is found without the Hub. EngineError where it cannot be
    had; `where` is the key that may name a local copy.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                model.model, revision=model.revision, allow_patterns=list(PATTERNS)
            )
        )
    except Exception as error:  # the client's transport errors have no common base
        said = " ".join(str(error).split())
        raise EngineError(
            f"registry/models.yaml: models.{name}: {model.model}@"
            f"{str(model.revision)[:8]} cannot be had: {type(error).__name__}: "
            f"{said}. Check name, revision, network, and HF_TOKEN where it is gated; "
            f"or let {where} name a local copy"
        ) from error
