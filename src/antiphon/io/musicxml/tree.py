"""XML from strangers as a tree: nothing is fetched, nothing expands, nothing grows without bound."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers import expat

from antiphon.errors import FormatError, one_line

_TAGS = 2_500_000
_DEPTH = 64
_SHOWN = 40


def parse(data: bytes) -> Element:
    """The root element of an XML document, in any encoding that XML parsers must know or Python's one-byte
    codecs.

    Raises `FormatError`, with the line, for one that is damaged or cut off, that declares entities (no
    MusicXML needs them; they can blow up or read other files), that holds more than 2.5 million tags, or
    that nests deeper than 64.
    """
    if data.count(b"<") > _TAGS:
        raise FormatError(f"XML of more than {_TAGS} tags, which is no score. Check where the file is from.")
    _check_prolog(data)
    parser = XMLParser()
    try:
        parser.feed(data)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise _damaged(error, data) from None
    _check_depth(root)
    return root


def _check_prolog(data: bytes) -> None:
    """Read up to the root element; raises `FormatError` for a declared entity."""
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _refuse_entity
    parser.StartElementHandler = _reached
    try:
        parser.Parse(data, True)
    except _Reached:
        return
    except FormatError:  # a ValueError too
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _damaged(error, data) from None


class _Reached(Exception):
    """The root element begins."""


def _reached(name: str, attributes: dict[str, str]) -> None:
    raise _Reached


def _refuse_entity(name: str, *rest: Any) -> None:
    raise FormatError(
        f"XML that declares an entity ('{one_line(name, _SHOWN)}'), which is not read: entities can hide "
        "other files or endless text. Export the score again as plain MusicXML."
    )


def _check_depth(root: Element) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > _DEPTH:
            raise FormatError(f"XML nested deeper than {_DEPTH} levels, which is no score.")
        level = [child for element in level for child in element]


def _damaged(error: Exception, data: bytes) -> FormatError:
    """What an XML parser complains about, in words; with the line where it knows one."""
    line, _ = getattr(error, "position", None) or (getattr(error, "lineno", 0), 0)
    code = getattr(error, "code", None)
    at = f" (line {line})" if line else ""
    if code in _CUT_OFF:
        what = "the file ends too early" if data.strip() else "the file is empty"
    elif code is not None:
        what = expat.ErrorString(code)
    else:
        what = one_line(error, 80)
    return FormatError(f"Damaged XML{at}: {what}. Export or download the file again.")


_CUT_OFF = {
    expat.errors.codes[name]
    for name in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}
