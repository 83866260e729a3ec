"""A MusicXML document as a `Score`: which document it is, its title and people, and its parts, which are read
one after the other and then played.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from antiphon.errors import FormatError, one_line
from antiphon.io.limits import Limits
from antiphon.io.musicxml import parts, playing
from antiphon.io.musicxml.container import parse
from antiphon.io.musicxml.measures import PartReader
from antiphon.io.musicxml.numbers import resolution
from antiphon.io.musicxml.written import WrittenScore
from antiphon.score.score import Score

_PARTWISE, _TIMEWISE = "score-partwise", "score-timewise"
_ROLES = {"poet": "lyricist", "lyrics": "lyricist", "words": "lyricist", "text": "lyricist", "": "composer"}
_MOST = 1000  # characters of a text


def score(document: bytes, limits: Limits, source: str, *, unroll: bool = True) -> Score:
    """The music in a MusicXML document; without `unroll` repeats are not played. Raises `FormatError`."""
    root = parse(document)
    if root.tag not in (_PARTWISE, _TIMEWISE):
        raise FormatError(
            f"XML, but no MusicXML score: its root is <{one_line(root.tag, 40)}>, expected "
            f"<{_PARTWISE}> or <{_TIMEWISE}>."
        )
    listed = parts.read(root)
    written = WrittenScore(resolution(root))
    for name, measures in _parts(root):
        PartReader(listed.get(name) or parts.XmlPart(name), written, limits).walk(measures)
    title, about = _about(root)
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


def _about(root: Element) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The title, and (name, text) pairs as in `Score.about`.

    The title is the movement's, else the work's, else the one printed on the first page; the work of a titled
    movement is among the pairs.
    """
    work, movement = _text(root.find("work/work-title")), _text(root.find("movement-title"))
    pairs = [("work", work)] if work and movement and work != movement else []
    pairs += [(_name(e), _text(e)) for e in root.iterfind("identification/creator")]
    pairs += [("copyright", _text(e)) for e in root.iterfind("identification/rights")]
    pairs += [("source", _text(e)) for e in root.iterfind("identification/source")]
    return movement or work or _printed(root), tuple((name, text) for name, text in pairs if text)


def _name(creator: Element) -> str:
    kind = creator.get("type", "").strip().lower()
    return _ROLES.get(kind, kind)


def _printed(root: Element) -> str:
    titles = (c for c in root.iterfind("credit") if (c.findtext("credit-type") or "").strip() == "title")
    return next((text for c in titles if (text := _text(c.find("credit-words")))), "")


def _text(element: Element | None) -> str:
    return "" if element is None or not element.text else " ".join(element.text.split())[:_MOST]
