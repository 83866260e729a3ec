"""XML as text: elements, and notes, rests and syllables as elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from antiphon.io.musicxml.directions import FORTE
from antiphon.io.musicxml.parts import PERCUSSION
from antiphon.io.musicxml.sheet import ChordNote, NoteValue, Sheet, VoiceChord

_LINES = {"work", "movement-title", "identification", "score-part", "attributes", "direction", "harmony"}
_ORDER_OF_FIFTHS = "FCGDAEB"
_FLATTEST = -3  # fifths from a key down to its flattest spelling (Eb in C)
_PLACES = {pitch: place for place, pitch in PERCUSSION.items()}
_ELSEWHERE = ("C", 5)
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text_of(text: str) -> str:
    """`text` as XML can hold it: escaped, on one line, without characters that XML does not allow."""
    return escape(" ".join(_IMPOSSIBLE.sub("", text).split()))


def element(tag: str, content: str = "", /, **attributes: str) -> str:
    """An element of markup or of escaped text; attribute values are not yet escaped."""
    said = "".join(f" {name}={quoteattr(_IMPOSSIBLE.sub('', text))}" for name, text in attributes.items())
    end = "\n" if tag in _LINES else ""
    return f"<{tag}{said}>{content}</{tag}>{end}" if content else f"<{tag}{said}/>{end}"


def note_elements(
    sheet: Sheet, chord: VoiceChord, track: int, voice: int, fifths: int, lyric: str
) -> Iterator[str]:
    """A chord within one bar as tied note values, `lyric` (markup) with the first note."""
    parts = sheet.note_values(chord.end - chord.start)
    for i, (length, value) in enumerate(parts):
        stops = chord.began or i > 0
        starts = chord.goes_on or i < len(parts) - 1
        for j, note in enumerate(chord.notes):
            yield "".join(
                (
                    f'<note dynamics="{note.velocity * 100 / FORTE:.2f}">',
                    "<chord/>" if j else "",
                    _pitch(note, fifths),
                    f"<duration>{length}</duration>",
                    '<tie type="stop"/>' * stops + '<tie type="start"/>' * starts,
                    f'<instrument id="{instrument_id(track, note)}"/><voice>{voice + 1}</voice>',
                    _note_value(value),
                    _tied(starts, stops),
                    lyric if not (i or j or chord.began) else "",
                    "</note>\n",
                )
            )


def rest_elements(sheet: Sheet, ticks: int, voice: int) -> Iterator[str]:
    """A silence within a bar."""
    for length, value in sheet.note_values(ticks):
        lasting = f"<duration>{length}</duration><voice>{voice + 1}</voice>{_note_value(value)}"
        yield f"<note><rest/>{lasting}</note>\n"


def whole_measure_rest(sheet: Sheet, ticks: int) -> str:
    """A measure of silence."""
    return (
        f'<note><rest measure="yes"/><duration>{sheet.divisions(ticks)}</duration><voice>1</voice></note>\n'
    )


def lyric_element(text: str, within: bool) -> str:
    """A syllable; one that ends with a hyphen goes on in the next, `within` if it goes on one itself."""
    leads = text.endswith("-") and len(text) > 1
    kind = ("middle" if leads else "end") if within else ("begin" if leads else "single")
    syllable = text_of(text[:-1] if leads else text)
    return f"<lyric><syllabic>{kind}</syllabic><text>{syllable}</text></lyric>" if syllable else ""


def instrument_id(track: int, note: ChordNote) -> str:
    """Id of the instrument that plays a note: one for each program, one for each percussion key."""
    return f"P{track + 1}-X{note.pitch + 1}" if note.is_drum else f"P{track + 1}-I{note.program + 1}"


def _pitch(note: ChordNote, fifths: int) -> str:
    if note.is_drum:
        step, octave = _PLACES.get(note.pitch, _ELSEWHERE)
        place = element("display-step", step) + element("display-octave", str(octave))
        return element("unpitched", place)
    step, alter = _spelled(note.pitch, fifths)
    octave = (note.pitch - alter) // 12 - 1
    altered = element("alter", str(alter)) if alter else ""
    return element("pitch", element("step", step) + altered + element("octave", str(octave)))


def _spelled(pitch: int, fifths: int) -> tuple[str, int]:
    """Letter and alteration of a pitch in a key of so many fifths: from three fifths below to eight above."""
    lowest = fifths + _FLATTEST
    place = lowest + (7 * pitch - lowest) % 12
    return _ORDER_OF_FIFTHS[(place + 1) % 7], (place + 1) // 7


def _note_value(value: NoteValue | None) -> str:
    if value is None:
        return ""
    plain = f"<type>{value.type}</type>{'<dot/>' * value.dots}"
    if value.actual == value.normal:
        return plain
    counts = element("actual-notes", str(value.actual)) + element("normal-notes", str(value.normal))
    return plain + element("time-modification", counts)


def _tied(starts: bool, stops: bool) -> str:
    if not (starts or stops):
        return ""
    return element("notations", '<tied type="stop"/>' * stops + '<tied type="start"/>' * starts)
