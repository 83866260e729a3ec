"""XML as text."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

_LINES = {"work", "movement-title", "identification", "score-part", "attributes", "direction", "harmony"}
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_of(text: str) -> str:
    """`text` as XML can hold it: escaped, on one line, without characters that XML has not."""
    return escape(" ".join(_IMPOSSIBLE.sub("", text).split()))


def element(tag: str, content: str = "", /, **attributes: str) -> str:
    """An element of markup or of escaped text; attribute values are not yet escaped."""
    said = "".join(f" {name}={quoteattr(_IMPOSSIBLE.sub('', text))}" for name, text in attributes.items())
    end = "\n" if tag in _LINES else ""
    return f"<{tag}{said}>{content}</{tag}>{end}" if content else f"<{tag}{said}/>{end}"
