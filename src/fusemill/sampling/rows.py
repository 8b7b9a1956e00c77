"""One row of `responses`, whichever engine the answer came from."""

from typing import Any

from fusemill import __version__, ids


def response_row(
    prompt_id: str, config_hash: str, draw: int, text: str | None, **columns: Any
) -> dict[str, Any]:
    """The row of an answer, or of a refusal (`text` None), with its ids.

    `columns` are the others of the table: model, finish_reason, engine, error, …
    """
    return {
        "prompt_id": prompt_id,
        "config_hash": config_hash,
        "draw": draw,
        "response_id": ids.response_id(prompt_id, config_hash, draw, text),
        "text_id": None if text is None else ids.text_id(text),
        "text": text,
        "is_blank": None if text is None else not text.strip(),
        "engine_version": __version__,
        **columns,
    }
