"""A MusicXML document as a `Score`."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from antiphon.errors import FormatError, one_line
from antiphon.io.limits import Limits
from antiphon.io.musicxml import header, parts, playing, tree
from antiphon.io.musicxml.clock import resolution
from antiphon.io.musicxml.measures import Walker
from antiphon.io.musicxml.written import Written
from antiphon.score.score import Score

_PARTWISE, _TIMEWISE = "score-partwise", "score-timewise"


def score(document: bytes, limits: Limits, source: str, *, unroll: bool = True) -> Score:
    """The music in a MusicXML document; without `unroll` repeats are not played. Raises `FormatError`."""
    root = tree.parse(document)
    if root.tag not in (_PARTWISE, _TIMEWISE):
        raise FormatError(
            f"XML, but no MusicXML score: its root is <{one_line(root.tag, 40)}>, expected "
            f"<{_PARTWISE}> or <{_TIMEWISE}>."
        )
    listed = parts.read(root)
    written = Written(resolution(root))
    for name, measures in _parts(root):
        Walker(listed.get(name) or parts.Part(name), written, limits).walk(measures)
    title, about = header.read(root)
    return playing.score(written, limits, unroll=unroll).replace(title=title, about=about, source=source)


def _parts(root: Element) -> Iterator[tuple[str, list[Element]]]:
    """The id and the measures of each part."""
    if root.tag == _PARTWISE:
        for part in root.iterfind("part"):
            yield part.get("id", ""), part.findall("measure")
        return
    measures = root.findall("measure")
    names = dict.fromkeys(part.get("id", "") for measure in measures for part in measure.iterfind("part"))
    for name in names:
        yield name, [_of_part(measure, name) for measure in measures]


def _of_part(measure: Element, name: str) -> Element:
    found = (part for part in measure.iterfind("part") if part.get("id", "") == name)
    return next(found, measure.makeelement("part", {}))
