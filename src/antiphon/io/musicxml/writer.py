"""A `Score` as a partwise MusicXML 4.0 document."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from antiphon.errors import OutputError
from antiphon.io.musicxml.markup import element, text_of
from antiphon.io.musicxml.note_writer import instrument
from antiphon.io.musicxml.part_writer import measures
from antiphon.io.musicxml.sheet import Sheet
from antiphon.io.musicxml.voices import Sound
from antiphon.score.score import Score

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n<score-partwise version="4.0">\n'
)
_DRUM_CHANNEL = 10
_CHANNELS = [channel for channel in range(1, 17) if channel != _DRUM_CHANNEL]
_MOST_MEASURES = 1_000_000
_NO_CREATORS = ("copyright", "source", "work")


def document(score: Score) -> bytes:
    """The bytes of the document. Lengths stand in it exactly: ties, dots and tuplets show them where figures
    can, and a note that no figures make has its length alone.

    Notes without a length get one tick. Left out: controls, pitch bends, lyrics where no note of their part
    begins, chord symbols that are none. Raises `OutputError` for more than a million measures.
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
        text += [f'<part id="P{track + 1}">\n', *measures(sheet, track), "</part>\n"]
    return "".join([*text, "</score-partwise>\n"]).encode()


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
        sounds = _sounds(score, track)
        name = element("part-name", text_of(score.track_name(track)))
        named = "".join(_named(track, sound) for sound in sounds)
        midi = "".join(_midi(track, sound, channels) for sound in sounds)
        yield element("score-part", name + named + midi, id=f"P{track + 1}")


def _sounds(score: Score, track: int) -> list[Sound]:
    """The instruments of a part, as sounds that stand for them; a piano for a part that is silent."""
    notes = score.notes[score.notes.track == track]
    columns = zip(notes.pitch.tolist(), notes.program.tolist(), notes.is_drum.tolist(), strict=True)
    found = {(pitch if is_drum else 0, program, is_drum) for pitch, program, is_drum in columns}
    return [Sound(key, 0, program, is_drum) for key, program, is_drum in sorted(found)] or [
        Sound(0, 0, 0, False)
    ]


def _named(track: int, sound: Sound) -> str:
    what = f"Percussion {sound.pitch}" if sound.is_drum else f"Program {sound.program + 1}"
    return element("score-instrument", element("instrument-name", what), id=instrument(track, sound))


def _midi(track: int, sound: Sound, channels: Iterator[int]) -> str:
    channel = _DRUM_CHANNEL if sound.is_drum else next(channels)
    content = element("midi-channel", str(channel)) + element("midi-program", str(sound.program + 1))
    key = element("midi-unpitched", str(sound.pitch + 1)) if sound.is_drum else ""
    return element("midi-instrument", content + key, id=instrument(track, sound))
