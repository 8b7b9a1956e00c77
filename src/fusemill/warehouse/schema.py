"""The tables of the warehouse: columns of the parts, and their keys.

Columns are only ever added, and read by name; see docs/contract.md. A row of
`responses`, shortened:

    prompt_id 1f52…  config_hash 458e…  draw 0  response_id cf22…  text_id bb5a…
    model gemma-2-27b-it  text "4"  finish_reason stop  engine recorded
"""

import pyarrow as pa

SCHEMA_VERSION = 1
SCHEMA_KEY = b"fusemill.schema_version"

_text, _int, _float, _bool = pa.string(), pa.int64(), pa.float64(), pa.bool_()
MESSAGES = pa.list_(pa.struct([("role", _text), ("content", _text)]))

TABLES: dict[str, pa.Schema] = {
    "prompts": pa.schema(
        {
            "set": _text,
            "source_row": _int,
            "reading_id": _text,  # which reading of the set: source, SQL, parameters
            "source": _text,
            "revision": _text,
            "licence": _text,
            "prompt_id": _text,
            "messages": MESSAGES,
            "gold": _text,
            "tests": pa.list_(_text),
            "entry_point": _text,
            "stub": _text,
            "tags": pa.list_(_text),
            "language": _text,
            "norm_key": _text,
            "check_id": _text,
            "excluded": _text,
            "excluded_why": _text,  # what an extractor or the reference ran into
        }
    ),
    "configs": pa.schema({"config_hash": _text, "config": _text}),
    "responses": pa.schema(
        {
            "prompt_id": _text,
            "config_hash": _text,
            "draw": _int,
            "response_id": _text,
            "text_id": _text,
            "model": _text,
            "text": _text,
            "is_blank": _bool,  # nothing but white space; null: no text, or not told
            "reasoning": _text,
            "finish_reason": _text,
            "n_input_tokens": _int,
            "n_output_tokens": _int,
            "engine": _text,
            "engine_version": _text,
            "asked_at": pa.timestamp("us", tz="UTC"),
            "latency_s": _float,
            "error": _text,
        }
    ),
    "scores": pa.schema(
        {
            "prompt_id": _text,
            "text_id": _text,
            "scorer_hash": _text,
            "scorer": _text,
            "score": _float,
            "objectives": pa.list_(_float),
            "status": _text,
        }
    ),
    "verdicts": pa.schema(
        {
            "text_id": _text,
            "check_id": _text,
            "checker_hash": _text,
            "checker": _text,
            "status": _text,
            "reason": _text,
            "extracted": _text,
            "decided_by": _text,
            "cpu_s": _float,
        }
    ),
    "outcomes": pa.schema(
        {
            "selection_id": _text,
            "set": _text,
            "source_row": _int,
            "outcome": _text,
            "prompt_id": _text,
        }
    ),
    "sft": pa.schema(
        {
            "selection_id": _text,
            "prompt_id": _text,
            "response_id": _text,
            "score": _float,
        }
    ),
    "dpo": pa.schema(
        {
            "selection_id": _text,
            "prompt_id": _text,
            "split": _text,
            "chosen_id": _text,
            "rejected_id": _text,
            "score": _float,
            "gap": pa.decimal128(18, 6),
        }
    ),
    "audits": pa.schema(
        {"selection_id": _text, "suite": _text, "success": _bool, "details": _text}
    ),
    "retractions": pa.schema(
        {"table": _text, "key": _text, "reason": _text, "who": _text}
    ),
}
