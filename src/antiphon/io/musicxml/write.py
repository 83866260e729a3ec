"""A `Score` as a partwise MusicXML 4.0 document."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from antiphon.errors import OutputError
from antiphon.io.musicxml import attributes, harmony
from antiphon.io.musicxml.markup import (
    element,
    instrument_id,
    lyric_element,
    note_elements,
    rest_elements,
    text_of,
    whole_measure_rest,
)
from antiphon.io.musicxml.parts import DRUM_CHANNEL
from antiphon.io.musicxml.sheet import ChordNote, Sheet, Voices, by_bar
from antiphon.score.chords import NO_CHORD
from antiphon.score.maps import Key
from antiphon.score.notes import Notes
from antiphon.score.score import Score

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n<score-partwise version="4.0">\n'
)
_CHANNELS = [channel for channel in range(1, 17) if channel != DRUM_CHANNEL]
_MOST_MEASURES = 200_000
_MIDDLE_C = 60
_OFFSET = "\0"  # in the markup of a direction, replaced by its offset in the measure
_NO_CREATORS = ("copyright", "source", "work")


def document(score: Score) -> bytes:
    """`score` as the bytes of a document. Lengths are exact: ties, dots and tuplets show them where note
    values can, and a note that no note values make has its length alone.

    Notes without a length get one tick. Left out: controls, pitch bends, lyrics where no note of their part
    begins, chord symbols that are none. Raises `OutputError` for more than 200,000 measures in all parts,
    or 100,000 in one.
    """
    sheet = Sheet.of(score)
    n_parts = max(score.n_tracks, 1)
    if n_parts * len(sheet.lines) > _MOST_MEASURES:
        raise OutputError(
            f"MusicXML of {n_parts} parts of {len(sheet.lines)} measures would be too large; cut the music "
            "into pieces, or write MIDI."
        )
    text = [_HEAD, _header(score), "<part-list>\n", *_part_list(score, n_parts), "</part-list>\n"]
    for track in range(n_parts):
        text += [f'<part id="P{track + 1}">\n', *_measures(sheet, track), "</part>\n"]
    return "".join([*text, "</score-partwise>\n"]).encode()


# Header and list of parts


def _header(score: Score) -> str:
    named = [(name, text_of(text)) for name, text in score.about]
    work = next((text for name, text in named if name == "work"), "")
    title = text_of(score.title)
    work_title = element("work-title", work or title)
    creators = [element("creator", text, type=name) for name, text in named if name not in _NO_CREATORS]
    rights = [element("rights", text) for name, text in named if name == "copyright"]
    encoding = element("encoding", element("software", "Antiphon"))
    sources = [element("source", text) for name, text in named if name == "source"][:1]
    parts = (
        element("work", work_title) if work or title else "",
        element("movement-title", title) if work and title else "",
        element("identification", "".join([*creators, *rights, encoding, *sources])),
    )
    return "".join(parts)


def _part_list(score: Score, n_parts: int) -> Iterator[str]:
    channels = itertools.cycle(_CHANNELS)
    for track in range(n_parts):
        instruments = _instruments(score, track)
        name = element("part-name", text_of(score.track_name(track)))
        named = "".join(_named(track, note) for note in instruments)
        midi = "".join(_midi(track, note, channels) for note in instruments)
        yield element("score-part", name + named + midi, id=f"P{track + 1}")


def _instruments(score: Score, track: int) -> list[ChordNote]:
    """The instruments of a part, each by a note that it plays; a piano for a part that is silent."""
    notes = score.notes[score.notes.track == track]
    columns = zip(notes.pitch.tolist(), notes.program.tolist(), notes.is_drum.tolist(), strict=True)
    found = {(pitch if is_drum else 0, program, is_drum) for pitch, program, is_drum in columns}
    return [ChordNote(key, 0, program, is_drum) for key, program, is_drum in sorted(found)] or [
        ChordNote(0, 0, 0, False)
    ]


def _named(track: int, note: ChordNote) -> str:
    what = f"Percussion {note.pitch}" if note.is_drum else f"Program {note.program + 1}"
    return element("score-instrument", element("instrument-name", what), id=instrument_id(track, note))


def _midi(track: int, note: ChordNote, channels: Iterator[int]) -> str:
    channel = DRUM_CHANNEL if note.is_drum else next(channels)
    content = element("midi-channel", str(channel)) + element("midi-program", str(note.program + 1))
    key = element("midi-unpitched", str(note.pitch + 1)) if note.is_drum else ""
    return element("midi-instrument", content + key, id=instrument_id(track, note))


# Measures


def _measures(sheet: Sheet, track: int) -> Iterator[str]:
    """The measures of a part; the first part has tempos, rehearsal marks and chord symbols too."""
    notes = sheet.score.notes[sheet.score.notes.track == track]
    lines = sheet.lines.tolist()
    lyrics = _lyrics(sheet, track)
    marks = _by_bar(lines, _directions(sheet) if track == 0 else ())
    keys = _by_bar(lines, ((change.time, _key(change.key)) for change in sheet.score.keys))
    shown = ""
    for bar, voices in enumerate(by_bar(notes, sheet.lines)):
        start, stop = lines[bar], lines[bar + 1]
        time = _time(sheet, start)
        first = _first_attributes(sheet, notes) if bar == 0 else ("", "")
        at_start = "".join(markup for at, markup in keys[bar] if at == start)
        inside = [(at, markup) for at, markup in keys[bar] if at > start]
        content = first[0] + at_start + ("" if time == shown else time) + first[1]
        shown = time
        yield _measure_start(sheet, bar)
        yield element("attributes", content) if content else ""
        yield from (_changed_inside(sheet, at - start, markup) for at, markup in inside)
        yield from (markup.replace(_OFFSET, sheet.divisions(at - start)) for at, markup in marks[bar])
        yield from _voices(sheet, voices, (start, stop), track, lyrics)
        yield "</measure>\n"


def _measure_start(sheet: Sheet, bar: int) -> str:
    if sheet.pickup:
        return '<measure number="0" implicit="yes">\n' if bar == 0 else f'<measure number="{bar}">\n'
    return f'<measure number="{bar + 1}">\n'


def _first_attributes(sheet: Sheet, notes: Notes) -> tuple[str, str]:
    """What stands before the key and after the time in the first measure."""
    divisions = element("divisions", sheet.divisions(sheet.score.ticks_per_quarter))
    if len(notes) and notes.is_drum.all():
        return divisions, "<clef><sign>percussion</sign></clef>"
    low = len(notes) and float(np.mean(notes.pitch[~notes.is_drum])) < _MIDDLE_C
    clef = "<sign>F</sign><line>4</line>" if low else "<sign>G</sign><line>2</line>"
    return divisions, element("clef", clef)


def _time(sheet: Sheet, start: int) -> str:
    """The time signature at a bar line; that of a pick-up is the one that follows."""
    meter = sheet.score.meters.at(max(start, sheet.pickup))
    content = element("beats", str(meter.numerator)) + element("beat-type", str(meter.denominator))
    return element("time", content)


def _key(key: Key) -> str:
    fifths = element("fifths", str(attributes.fifths(key)))
    return element("key", fifths + element("mode", attributes.mode(key)))


def _changed_inside(sheet: Sheet, ticks: int, markup: str) -> str:
    """Attributes in the middle of a measure."""
    length = element("duration", sheet.divisions(ticks))
    there, back = element("forward", length), element("backup", length)
    return f"{there}\n{element('attributes', markup)}{back}\n"


def _by_bar(
    lines: Sequence[int], timed: Iterable[tuple[int, str]]
) -> defaultdict[int, list[tuple[int, str]]]:
    found: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for time, markup in sorted(timed, key=lambda entry: entry[0]):
        found[bisect_right(lines, time, hi=len(lines) - 1) - 1].append((time, markup))
    return found


def _directions(sheet: Sheet) -> Iterator[tuple[int, str]]:
    """(time, markup) of tempos, rehearsal marks and chord symbols, `_OFFSET` where their offset goes."""
    score = sheet.score
    for time, qpm in zip(score.tempos.time.tolist(), score.tempos.qpm.tolist(), strict=True):
        yield time, _tempo(qpm)
    for mark in score.markers:
        yield mark.time, _direction(element("rehearsal", text_of(mark.text)) if text_of(mark.text) else "")
    for mark in score.chords:
        yield mark.time, _harmony(mark.text)


def _tempo(qpm: float) -> str:
    printed = element("beat-unit", "quarter") + element("per-minute", f"{qpm:.2f}".rstrip("0").rstrip("."))
    return _direction(element("metronome", printed), f'<sound tempo="{qpm:.17g}"/>')


def _direction(kind: str, sound: str = "") -> str:
    if not kind:
        return ""
    content = element("direction-type", kind) + f'<offset sound="yes">{_OFFSET}</offset>' + sound
    return element("direction", content, placement="above")


def _harmony(text: str) -> str:
    symbol = harmony.taken_apart(text)
    if symbol is None:
        return ""
    offset = element("offset", _OFFSET)
    if not symbol.step:
        return element("harmony", _note("root", "C", 0) + element("kind", "none", text=NO_CHORD) + offset)
    bass = _note("bass", symbol.bass_step, symbol.bass_alter) if symbol.bass_step else ""
    kind = element("kind", symbol.kind, text=symbol.text)
    return element("harmony", _note("root", symbol.step, symbol.alter) + kind + bass + offset)


def _note(what: str, step: str, alter: int) -> str:
    altered = element(f"{what}-alter", str(alter)) if alter else ""
    return element(what, element(f"{what}-step", step) + altered)


def _voices(
    sheet: Sheet, voices: Voices, span: tuple[int, int], track: int, lyrics: dict[int, str]
) -> Iterator[str]:
    """The voices of a measure: the first with its rests, the others with gaps."""
    start, stop = span
    fifths = attributes.fifths(sheet.key_at(start))
    if not any(voices):
        yield whole_measure_rest(sheet, stop - start)
        return
    at = start
    for voice, chords in enumerate(voices):
        if at > start and (chords or voice == 0):
            yield element("backup", element("duration", sheet.divisions(at - start))) + "\n"
            at = start
        for chord in chords:
            yield from _gap(sheet, chord.start - at, voice)
            sung = lyrics.pop(chord.start, "") if not chord.began else ""
            yield from note_elements(sheet, chord, track, voice, fifths, sung)
            at = chord.end
        if voice == 0 or (chords and at < stop):
            yield from _gap(sheet, stop - at, voice)
            at = stop


def _gap(sheet: Sheet, ticks: int, voice: int) -> Iterator[str]:
    if ticks and voice == 0:
        yield from rest_elements(sheet, ticks, voice)
    elif ticks:
        yield element("forward", element("duration", sheet.divisions(ticks))) + "\n"


def _lyrics(sheet: Sheet, track: int) -> dict[int, str]:
    """Markup of the syllables of a part by time; those of no part are sung by the first."""
    within = False
    found: dict[int, str] = {}
    for mark in sheet.score.lyrics:
        if mark.track == track or (mark.track < 0 and track == 0):
            found.setdefault(mark.time, lyric_element(mark.text, within))
            within = mark.text.endswith("-")
    return found
