"""The weights that training starts from."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusemill.checkpoints.folders import from_hub, local_folder, sha256_folder
from fusemill.errors import EngineError, TrainError
from fusemill.project.checkpoints import where_of
from fusemill.project.models import Model
from fusemill.project.project import Project


@dataclass(frozen=True)
class Base:
    """A folder of weights and what names them."""

    folder: Path
    declared: Model  # what the registry says of it
    revision: str | None  # commit on the Hub
    sha256: str | None  # of the files, where no commit says which they are

    @property
    def digest(self) -> str:
        """What names these weights."""
        return self.revision or str(self.sha256)

    @property
    def uses_cache(self) -> bool:
        """Whether its config.json lets it generate with a cache; it may say nothing."""
        return bool(self._config().get("use_cache", True))

    def earlier(self) -> dict[str, Any] | None:
        """Stage, data and model of the run that made these weights; None of others'.

        As that run wrote it into their config.json.
        """
        found = self._config().get("fusemill")
        whole = isinstance(found, dict) and {"stage", "data", "model"} <= found.keys()
        return found if whole else None

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = json.loads(
            (self.folder / "config.json").read_text("utf-8")
        )
        return config


def require_fit(base: Base, tokenizer: Any, max_length: int) -> None:
    """TrainError where the weights have no row for a token, or for so many of them.

    EngineError where their config.json cannot be read.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(base.folder, local_files_only=True)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise EngineError(f"{base.folder}: config.json: {said}") from error
    text = config.get_text_config()
    last = max(tokenizer.get_vocab().values())
    if last >= text.vocab_size:
        raise TrainError(
            f"{base.folder}: the tokenizer has tokens up to {last}, the weights rows "
            f"for {text.vocab_size}; take tokenizer and weights from one checkpoint"
        )
    positions = getattr(text, "max_position_embeddings", None)
    if positions is not None and max_length > positions:
        raise TrainError(
            f"{base.folder}: the model reads {positions} tokens; lower `max_length` "
            f"of the target, which is {max_length}"
        )


def find_base(project: Project, name: str, given: Path | None) -> Base:
    """The folder given on the command line, else the registry's model `name`.

    TrainError where the registry does not say which weights they are.
    """
    model = project.models[name]
    if given is not None:
        if not (given / "config.json").is_file():
            raise TrainError(
                f"--model {given}: expected a folder of weights, found no config.json"
            )
        return Base(given, model, None, sha256_folder(given))
    checkpoint = project.checkpoints.get(name)
    where = where_of(name) + ".weights"
    if checkpoint is not None and checkpoint.weights is not None:
        folder = local_folder(project, checkpoint.weights, where)
        found = sha256_folder(folder)
        if model.weights_sha256 not in (None, found):
            raise TrainError(
                f"{where}: expected sha256 {str(model.weights_sha256)[:12]}…, as in "
                f"registry/models.yaml, found {found[:12]}…; another checkpoint"
            )
        return Base(folder, model, None, found)
    if model.revision is None:
        raise TrainError(
            f"registry/models.yaml: models.{name}: revision is null, so which weights "
            f"training starts from is not known; write the commit of {model.model} "
            f"there, or name a local copy as {where}, or give --model DIR"
        )
    folder = from_hub(model, name, where)
    return Base(folder, model, model.revision, None)
