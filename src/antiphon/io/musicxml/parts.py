"""The list of parts: their names and instruments."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from antiphon.io.musicxml import programs
from antiphon.io.musicxml.numbers import integer

_DRUM_CHANNEL = 10
_MAX = 128


@dataclass(frozen=True, slots=True)
class Instrument:
    """A sound of a part: a General MIDI program, or percussion. `key` is what an unpitched note plays, where
    the file or the instrument's name says it.
    """

    program: int = 0
    is_drum: bool = False
    key: int | None = None


@dataclass
class Part:
    """A part's name and its instruments by id; the first of them plays notes that name none."""

    name: str = ""
    instruments: dict[str, Instrument] = field(default_factory=dict)

    @property
    def first(self) -> Instrument:
        """The instrument of notes that name none."""
        return next(iter(self.instruments.values()), None) or Instrument(programs.named(self.name))

    def change(self, element: Element) -> None:
        """Take in a `midi-instrument`, of the list of parts or in the middle of the music."""
        name = element.get("id", "")
        self.instruments[name] = _with_midi(self.instruments.get(name, Instrument()), element)


def read(root: Element) -> dict[str, Part]:
    """The parts by id, as the list of parts gives them; none where there is no list."""
    listed = root.find("part-list")
    return {} if listed is None else {p.get("id", ""): _part(p) for p in listed.iter("score-part")}


def _part(element: Element) -> Part:
    part = Part(" ".join((element.findtext("part-name") or "").split()))
    for instrument in element.iterfind("score-instrument"):
        name = instrument.findtext("instrument-name") or ""
        sound = instrument.findtext("instrument-sound") or ""
        guessed = Instrument(programs.named(sound, name, part.name), key=programs.drum_named(name))
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
        instrument = replace(instrument, is_drum=channel == _DRUM_CHANNEL)
    if program is not None and 0 < program <= _MAX:
        instrument = replace(instrument, program=program - 1)
    if key is not None and 0 < key <= _MAX:
        instrument = replace(instrument, key=key - 1)
    return instrument
