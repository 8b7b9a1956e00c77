"""The starter project: the FuseChat-3.0 declarations, copied by `fusemill init`."""

import shutil
from importlib import resources
from pathlib import Path

from fusemill.durable import storage
from fusemill.errors import DeclarationError

# What a wheel carries as fusemill/starter/ and a checkout has at its top.
NAMES = ("fusemill.yaml", "builders", "sql", "registry", "validation", "training")


def starter() -> Path:
    """Folder of the starter: in the wheel, or the checkout of an editable install."""
    package = Path(str(resources.files("fusemill")))
    for folder in (package / "starter", package.parent.parent):
        if (folder / "fusemill.yaml").is_file():
            return folder
    raise DeclarationError(f"{package}: this installation has no starter project")


def trainer(root: Path, stage: str) -> Path:
    """The project's own training/<stage>.py, or the starter's where it has none."""
    own = root / "training" / f"{stage}.py"
    return own if own.is_file() else starter() / "training" / f"{stage}.py"


def copy_starter(folder: Path) -> list[str]:
    """Copy the starter into a new or empty folder; returns what was made."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DeclarationError(
            f"{folder}: expected a new or empty folder, found something there; "
            "nothing was copied"
        )
    source = starter()
    made = []
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            path = source / name
            if path.is_dir():
                ignore = shutil.ignore_patterns("releases", ".*", "__pycache__")
                shutil.copytree(path, folder / name, ignore=ignore)
            elif path.is_file():
                shutil.copyfile(path, folder / name)
            else:
                continue
            made.append(name)
        (folder / ".gitignore").write_text("/warehouse/\n/releases/\n", "utf-8")
    return made
