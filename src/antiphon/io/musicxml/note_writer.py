"""Notes and rests as markup."""

from __future__ import annotations

from collections.abc import Iterator

from antiphon.io.musicxml.directions import FORTE
from antiphon.io.musicxml.figures import Figure
from antiphon.io.musicxml.markup import element, text_of
from antiphon.io.musicxml.programs import PERCUSSION
from antiphon.io.musicxml.sheet import Sheet
from antiphon.io.musicxml.voices import Chord, Sound

_ORDER_OF_FIFTHS = "FCGDAEB"
_FLATTEST = -3  # fifths from a key down to its flattest spelling (Eb in C)
_PLACES = {pitch: place for place, pitch in PERCUSSION.items()}
_ELSEWHERE = ("C", 5)


def notes(sheet: Sheet, chord: Chord, track: int, voice: int, fifths: int, lyric: str) -> Iterator[str]:
    """A chord of one bar: figures tied together, `lyric` (markup) with the first note."""
    parts = sheet.pieces(chord.end - chord.start)
    for i, (length, figure) in enumerate(parts):
        stops = chord.began or i > 0
        starts = chord.goes_on or i < len(parts) - 1
        for j, sound in enumerate(chord.sounds):
            yield "".join(
                (
                    f'<note dynamics="{sound.velocity * 100 / FORTE:.2f}">',
                    "<chord/>" if j else "",
                    _pitch(sound, fifths),
                    f"<duration>{length}</duration>",
                    '<tie type="stop"/>' * stops + '<tie type="start"/>' * starts,
                    f'<instrument id="{instrument(track, sound)}"/><voice>{voice + 1}</voice>',
                    _figure(figure),
                    _tied(starts, stops),
                    lyric if not (i or j or chord.began) else "",
                    "</note>\n",
                )
            )


def rests(sheet: Sheet, ticks: int, voice: int) -> Iterator[str]:
    """A silence within a bar."""
    for length, figure in sheet.pieces(ticks):
        lasting = f"<duration>{length}</duration><voice>{voice + 1}</voice>{_figure(figure)}"
        yield f"<note><rest/>{lasting}</note>\n"


def whole_rest(sheet: Sheet, ticks: int) -> str:
    """A measure of silence."""
    return (
        f'<note><rest measure="yes"/><duration>{sheet.divisions(ticks)}</duration><voice>1</voice></note>\n'
    )


def lyric(text: str, within: bool) -> str:
    """A syllable; one that ends with a hyphen leads to the next, `within` if one led to it."""
    leads = text.endswith("-") and len(text) > 1
    kind = ("middle" if leads else "end") if within else ("begin" if leads else "single")
    syllable = text_of(text[:-1] if leads else text)
    return f"<lyric><syllabic>{kind}</syllabic><text>{syllable}</text></lyric>" if syllable else ""


def instrument(track: int, sound: Sound) -> str:
    """Id of the instrument that plays a note: one for each program, one for each percussion key."""
    return f"P{track + 1}-X{sound.pitch + 1}" if sound.is_drum else f"P{track + 1}-I{sound.program + 1}"


def _pitch(sound: Sound, fifths: int) -> str:
    if sound.is_drum:
        step, octave = _PLACES.get(sound.pitch, _ELSEWHERE)
        place = element("display-step", step) + element("display-octave", str(octave))
        return element("unpitched", place)
    step, alter = spelled(sound.pitch, fifths)
    octave = (sound.pitch - alter) // 12 - 1
    altered = element("alter", str(alter)) if alter else ""
    return element("pitch", element("step", step) + altered + element("octave", str(octave)))


def spelled(pitch: int, fifths: int) -> tuple[str, int]:
    """Letter and alteration of a pitch in a key of so many fifths: from three fifths below to eight above."""
    lowest = fifths + _FLATTEST
    place = lowest + (7 * pitch - lowest) % 12
    return _ORDER_OF_FIFTHS[(place + 1) % 7], (place + 1) // 7


def _figure(figure: Figure | None) -> str:
    if figure is None:
        return ""
    plain = f"<type>{figure.type}</type>{'<dot/>' * figure.dots}"
    if figure.actual == figure.normal:
        return plain
    counts = element("actual-notes", str(figure.actual)) + element("normal-notes", str(figure.normal))
    return plain + element("time-modification", counts)


def _tied(starts: bool, stops: bool) -> str:
    if not (starts or stops):
        return ""
    return element("notations", '<tied type="stop"/>' * stops + '<tied type="start"/>' * starts)
