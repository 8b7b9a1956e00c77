r"""Statements as plain text: HTML and Markdown taken off, nothing else changed.

A line of a worked example, as three sources of LeetCode statements have it:

    <strong>Input:</strong> nums = [2,7], p = &quot;a*&quot;
    **Input:** nums = \[2,7\], p = "a\*"
    Input: nums = [2,7], p = "a*"
"""

import re
from html.parser import HTMLParser

_HTML = re.compile(r"</(p|pre|strong|b|code|ul|li|em|div|span)>", re.IGNORECASE)
_MARKDOWN = re.compile(r"\*\*\s*(input|output|example|输入|输出|示例)", re.IGNORECASE)
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_IMAGE = re.compile(r"!\[[^\]\n]{0,300}\]\([^)\s]{0,2000}\)")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")  # any ASCII punctuation, as CommonMark
_BLOCKS = {"p", "pre", "div", "li", "ul", "ol", "br", "tr", "table", "h1", "h2", "h3"}
_SPACES = str.maketrans({"\u00a0": " ", "\u3000": " ", "\u200b": None, "\ufeff": None})


def plain(statement: str) -> str:
    r"""The statement without HTML tags, Markdown escapes, bold marks and images.

    Total: any text gives a text. What is plain already is left alone, so that `a*` or
    `a\\b` in it stay.

    >>> plain("**Input:** nums = \\[1,2\\]  \n**Output:** \\[2\\]")
    'Input: nums = [1,2]  \nOutput: [2]'
    >>> plain("<pre><strong>Input:</strong> s = &quot;a&lt;b&quot;</pre>").strip()
    'Input: s = "a<b"'
    """
    text = statement.replace("\r\n", "\n").translate(_SPACES)
    if _HTML.search(text):
        return _without_tags(text)
    if _MARKDOWN.search(text):
        return _without_marks(text)
    return text


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag in _BLOCKS:
            self.parts.append("\n")
        if tag == "sup":
            self.parts.append("^")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _without_tags(text: str) -> str:
    parser = _Text()
    parser.feed(text)
    parser.close()
    return "".join(parser.parts).translate(_SPACES)


def _without_marks(text: str) -> str:
    """Markdown as text; what stands in fences is taken as it is."""
    lines, fenced = [], False
    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        elif fenced:
            lines.append(line)
        else:
            lines.append(_ESCAPE.sub(r"\1", _IMAGE.sub("", line.replace("**", ""))))
    return "\n".join(lines)
