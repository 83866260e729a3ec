"""The list of parts: their names, and their instruments' General MIDI programs and percussion keys, as the
file says them or else as an instrument's name suggests.

`PERCUSSION` are the usual places of a drum kit on the staff (Norman Weinberg, "Guidelines for Drumset
Notation"), for files that do not say which sound a place means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from xml.etree.ElementTree import Element

from antiphon.io.musicxml.numbers import integer

DRUM_CHANNEL = 10
_MAX = 128
_PROGRAMS = {
    "harpsichord": 6, "cembalo": 6, "clavinet": 7, "celesta": 8, "glockenspiel": 9, "music box": 10,
    "vibraphone": 11, "marimba": 12, "xylophone": 13, "tubular": 14, "dulcimer": 15, "accordion": 21,
    "harmonica": 22, "organ": 19, "electric guitar": 27, "guitar": 24, "electric bass": 33, "bass guitar": 33,
    "acoustic bass": 32, "double bass": 43, "contrabass": 43, "kontrabass": 43, "contrabassoon": 70,
    "bassoon": 70, "fagott": 70, "english horn": 69, "oboe": 68, "bass clarinet": 71, "clarinet": 71,
    "klarinette": 71, "piccolo": 72, "recorder": 74, "blockflöte": 74, "pan flute": 75, "flute": 73,
    "flöte": 73, "flauto": 73, "ocarina": 79, "soprano sax": 64, "alto sax": 65, "tenor sax": 66,
    "baritone sax": 67, "sax": 65, "bass trombone": 57, "trombone": 57, "posaune": 57, "trumpet": 56,
    "trompete": 56, "tromba": 56, "cornet": 56, "tuba": 58, "euphonium": 58, "horn": 60, "corno": 60,
    "violoncello": 42, "cello": 42, "viola": 41, "bratsche": 41, "violin": 40, "fiddle": 40, "strings": 48,
    "harp": 46, "timpani": 47, "pauken": 47, "sitar": 104, "banjo": 105, "shamisen": 106, "koto": 107,
    "kalimba": 108, "bagpipe": 109, "steel drum": 114, "voice": 52, "vocal": 52, "soprano": 52, "alto": 52,
    "tenor": 52, "baritone": 52, "choir": 52, "singstimme": 52, "gesang": 52, "chant": 52, "canto": 52,
    "piano": 0, "klavier": 0, "keyboard": 0,
}  # fmt: skip
_DRUMS = (
    ("kick", 36), ("bass drum", 36), ("side stick", 37), ("rim", 37), ("snare", 38), ("clap", 39),
    ("open hi", 46), ("pedal hi", 44), ("hi-hat", 42), ("hihat", 42), ("hi hat", 42), ("floor tom", 41),
    ("low tom", 45), ("high tom", 50), ("tom", 47), ("ride bell", 53), ("ride", 51), ("crash", 49),
    ("splash", 55), ("china", 52), ("cymbal", 49), ("tambourine", 54), ("cowbell", 56), ("high bongo", 60),
    ("bongo", 61), ("conga", 63), ("timbale", 65), ("agogo", 67), ("maraca", 70), ("shaker", 82),
    ("guiro", 73), ("clave", 75), ("wood block", 76), ("woodblock", 76), ("triangle", 81),
)  # fmt: skip
PERCUSSION = {
    ("D", 4): 44, ("E", 4): 35, ("F", 4): 36, ("G", 4): 43, ("A", 4): 41, ("B", 4): 45, ("C", 5): 38,
    ("D", 5): 47, ("E", 5): 50, ("F", 5): 51, ("G", 5): 42, ("A", 5): 49, ("B", 5): 52, ("C", 6): 55,
}  # fmt: skip
_SNARE = 38
_SEPARATORS = re.compile(r"[._-]")


@dataclass(frozen=True, slots=True)
class Instrument:
    """A sound of a part: a General MIDI program, or percussion. `key` is what an unpitched note plays, where
    the file or the instrument's name says it.
    """

    program: int = 0
    is_drum: bool = False
    key: int | None = None

    def percussion_key(self, unpitched: Element) -> int:
        """The key of an unpitched note: the instrument's, else what its place on the staff usually means."""
        if self.key is not None:
            return self.key
        step = (unpitched.findtext("display-step") or "").strip()
        return PERCUSSION.get((step, integer(unpitched.findtext("display-octave")) or 0), _SNARE)


@dataclass
class XmlPart:
    """A part's name and its instruments by id; the first of them plays notes that name none."""

    name: str = ""
    instruments: dict[str, Instrument] = field(default_factory=dict)

    @property
    def first(self) -> Instrument:
        """The instrument of notes that name none."""
        return next(iter(self.instruments.values()), None) or Instrument(program_named(self.name))

    def change(self, element: Element) -> None:
        """Take in a `midi-instrument`, of the list of parts or in the middle of the music."""
        name = element.get("id", "")
        self.instruments[name] = _with_midi(self.instruments.get(name, Instrument()), element)


def read(root: Element) -> dict[str, XmlPart]:
    """The parts by id, as the list of parts gives them; none where there is no list."""
    listed = root.find("part-list")
    return {} if listed is None else {p.get("id", ""): _part(p) for p in listed.iter("score-part")}


def _part(element: Element) -> XmlPart:
    part = XmlPart(" ".join((element.findtext("part-name") or "").split()))
    for instrument in element.iterfind("score-instrument"):
        name = instrument.findtext("instrument-name") or ""
        sound = instrument.findtext("instrument-sound") or ""
        guessed = Instrument(program_named(sound, name, part.name), key=drum_named(name))
        part.instruments[instrument.get("id", "")] = guessed
    for midi in element.iterfind("midi-instrument"):
        part.change(midi)
    return part


def _with_midi(instrument: Instrument, element: Element) -> Instrument:
    """Channels, programs and keys are counted from 1 in MusicXML; ones out of range say nothing."""
    channel = integer(element.findtext("midi-channel"))
    program = integer(element.findtext("midi-program"))
    key = integer(element.findtext("midi-unpitched"))
    if channel is not None:
        instrument = replace(instrument, is_drum=channel == DRUM_CHANNEL)
    if program is not None and 0 < program <= _MAX:
        instrument = replace(instrument, program=program - 1)
    if key is not None and 0 < key <= _MAX:
        instrument = replace(instrument, key=key - 1)
    return instrument


@lru_cache(maxsize=1024)
def program_named(*names: str) -> int:
    """The program (0-127) that the first telling one of `names` means ('Violin I', 'wind.flutes.flute');
    0, a piano, where none does.
    """
    for name in names:
        plain = _SEPARATORS.sub(" ", name.lower())
        found = next((program for word, program in _PROGRAMS.items() if word in plain), None)
        if found is not None:
            return found
    return 0


def drum_named(name: str) -> int | None:
    """The General MIDI percussion key that a drum's name means, or None."""
    lower = name.lower()
    return next((pitch for word, pitch in _DRUMS if word in lower), None)
