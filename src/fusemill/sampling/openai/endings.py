"""How an answer ended: by itself, cut, refused, or broken off.

"stop" → kept as `stop`; "max_tokens" → `length`; "content_filter" → a refusal;
"abort" → tried again
"""

from fusemill.sampling.openai.faults import Fault

# Names that OpenAI, Together, TGI, Anthropic, Mistral and Cohere have for two reasons.
_FINISHED = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
}
_FILTERED = "the server's content filter stopped it"
_TOOL = "the model called a tool, which is not supported"
_REFUSED = {
    "content_filter": _FILTERED,
    "safety": _FILTERED,
    "recitation": _FILTERED,
    "prohibited_content": _FILTERED,
    "sensitive": _FILTERED,
    "tool_calls": _TOOL,
    "function_call": _TOOL,
}
# Of vLLM, SGLang, OpenRouter, DeepSeek and Zhipu: the server failed, not the model.
_BROKEN_OFF = {
    "abort",
    "cancelled",
    "error",
    "insufficient_system_resource",
    "network_error",
    "timeout",
}


def ending(said: object, text: str, *, is_full: bool) -> tuple[str | None, str | None]:
    """(`stop` or `length`, None), or (None, why it is a refusal).

    `said` is the server's finish_reason. Some servers leave it null: a text then ended
    by itself, unless it `is_full`, has as many tokens as it may. A name that is not
    known is a refusal: asked again, it would be paid for again. Raises Fault for an
    answer that the server broke off, and for nothing at all.

    >>> ending("eos", "4", is_full=False)
    ('stop', None)
    >>> ending(None, "4", is_full=True)
    ('length', None)
    """
    name = str(said or "").lower()
    if name in _FINISHED:
        return _FINISHED[name], None
    if name in _REFUSED:
        return None, _REFUSED[name]
    if name in _BROKEN_OFF or (not name and not text.strip()):
        raise Fault("broken_off", f"finish_reason {said}; expected `stop` or `length`")
    if not name:
        return ("length" if is_full else "stop"), None
    return None, f"finish_reason {said!r}; expected `stop` or `length`"
