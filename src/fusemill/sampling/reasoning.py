"""Reasoning kept apart from the text of an answer.

"<think>two and two</think>\n\nIt is 4."  →  "It is 4.", "two and two"
"""

OPEN, CLOSE = "<think>", "</think>"


def split_reasoning(content: str, field: str | None = None) -> tuple[str, str | None]:
    """Text and reasoning of an answer; reasoning is None where there is none.

    `field` is the reasoning that a server gives beside the content; it wins over a
    block in the content, which is taken out all the same. A block that was never closed
    leaves no text. Where the chat template has opened the block, the content begins
    inside it: it ends at a `</think>` that ends its line.

    >>> split_reasoning("<think>two and two</think>It is 4.")
    ('It is 4.', 'two and two')
    >>> split_reasoning("two and two\\n</think>\\n\\nIt is 4.")
    ('It is 4.', 'two and two')
    >>> split_reasoning("<think>two and")
    ('', 'two and')
    >>> split_reasoning("It is 4.", "two and two")
    ('It is 4.', 'two and two')
    """
    inside, text = _block(content)
    reasoning = field if field and field.strip() else inside
    return text, reasoning


def _block(content: str) -> tuple[str | None, str]:
    """Reasoning and text of the content itself."""
    start = content.lstrip()
    if start.startswith(OPEN):
        inside, _, text = start.removeprefix(OPEN).partition(CLOSE)
        return inside.strip() or None, text.lstrip()
    inside, closed, text = content.partition(CLOSE)
    if closed and OPEN not in inside and text[:1] in ("", "\n"):
        return inside.strip() or None, text.lstrip()
    return None, content
