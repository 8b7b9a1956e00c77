"""Loading a checkpoint so that every number in the model comes from it."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers.utils import logging

from fusemill.errors import EngineError


def load_exactly(
    kind: Any, folder: Path, where: str, precision: torch.dtype | None
) -> Any:
    """`kind.from_pretrained` that takes no tensor from anywhere but the checkpoint.

    transformers fills what is missing with random numbers and only warns. `precision`
    None is that of the checkpoint.
    """
    logging.set_verbosity_error()  # what it warns of is an error here, said below
    logging.disable_progress_bar()
    try:
        model, info = kind.from_pretrained(
            folder,
            dtype=precision or "auto",
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # listed below with the others
        )
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        said = " ".join(str(error).split())
        raise EngineError(f"{where}: {folder} cannot be loaded: {said}") from error
    wrong = {
        "missing": sorted(info["missing_keys"]),
        "not known": sorted(info["unexpected_keys"]),
        "of another shape": sorted(str(key) for key, *_ in info["mismatched_keys"]),
    }
    if any(wrong.values()):
        said = "; ".join(f"{k}: {', '.join(v)}" for k, v in wrong.items() if v)
        raise EngineError(
            f"{where}: the tensors in {folder} are not those of {kind.__name__}: "
            f"{said}. Another model, or a download that was cut"
        )
    return model


def max_positions(model: Any) -> int:
    """The longest row of tokens that a model reads; very many where it does not say."""
    config = model.config.get_text_config()
    return int(getattr(config, "max_position_embeddings", None) or 1_000_000_000)
