"""What a score says about itself: title, people, rights."""

from __future__ import annotations

from xml.etree.ElementTree import Element

_SAME = {"poet": "lyricist", "lyrics": "lyricist", "words": "lyricist", "text": "lyricist", "": "composer"}
_MOST = 1000


def read(root: Element) -> tuple[str, tuple[tuple[str, str], ...]]:
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
    return _SAME.get(kind, kind)


def _printed(root: Element) -> str:
    titles = (c for c in root.iterfind("credit") if (c.findtext("credit-type") or "").strip() == "title")
    return next((text for c in titles if (text := _text(c.find("credit-words")))), "")


def _text(element: Element | None) -> str:
    return "" if element is None or not element.text else " ".join(element.text.split())[:_MOST]
