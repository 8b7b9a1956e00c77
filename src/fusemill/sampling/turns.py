"""A conversation as it is sent to a model."""

from collections.abc import Mapping, Sequence

from fusemill.ids import Messages


def as_sent(
    messages: Messages, system: str | None, *, system_role: bool
) -> tuple[Mapping[str, str], ...]:
    """The turns with the model's system prompt, as its chat template takes them.

    The model's own prompt comes before the conversation's. Where the template has no
    system role, both go in front of the first user turn, with a blank line between.

    >>> turns = [{"role": "user", "content": "2 + 2?"}]
    >>> as_sent(turns, "Be brief.", system_role=True)[0]
    {'role': 'system', 'content': 'Be brief.'}
    >>> as_sent(turns, "Be brief.", system_role=False)
    ({'role': 'user', 'content': 'Be brief.\\n\\n2 + 2?'},)
    """
    turns = [{"role": m["role"], "content": m["content"]} for m in messages]
    said = [] if system is None else [system]
    said += [turn["content"] for turn in turns if turn["role"] == "system"]
    others = [turn for turn in turns if turn["role"] != "system"]
    if not said:
        return tuple(others)
    if system_role:
        return ({"role": "system", "content": "\n\n".join(said)}, *others)
    return _folded("\n\n".join(said), others)


def _folded(
    said: str, turns: Sequence[Mapping[str, str]]
) -> tuple[Mapping[str, str], ...]:
    first = next(i for i, turn in enumerate(turns) if turn["role"] == "user")
    content = f"{said}\n\n{turns[first]['content']}"
    folded = {"role": "user", "content": content}
    return (*turns[:first], folded, *turns[first + 1 :])
