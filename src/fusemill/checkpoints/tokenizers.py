"""A checkpoint's tokenizer, which must say how conversations are written."""

import json
from pathlib import Path
from typing import Any

from fusemill.errors import EngineError

# By these names a checkpoint says that its tokenizer.json is all there is.
AS_WRITTEN = ("TokenizersBackend", "PreTrainedTokenizerFast")


def load_tokenizer(folder: Path, where: str) -> Any:
    """The tokenizer of a checkpoint; EngineError where it or its template lacks."""
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    try:
        # For some architectures, Qwen2's among them, AutoTokenizer builds a tokenizer
        # of the architecture's own kind whatever the files say.
        kind = PreTrainedTokenizerFast if _is_as_written(folder) else AutoTokenizer
        tokenizer = kind.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise EngineError(
            f"{where}: the tokenizer in {folder} cannot be loaded: {said}"
        ) from error
    if tokenizer.chat_template is None:
        raise EngineError(
            f"{where}: the tokenizer in {folder} has no chat template, so what the "
            "model was trained to read is not known"
        )
    return tokenizer


def _is_as_written(folder: Path) -> bool:
    config = folder / "tokenizer_config.json"
    if not config.is_file() or not (folder / "tokenizer.json").is_file():
        return False
    return json.loads(config.read_bytes()).get("tokenizer_class") in AS_WRITTEN
