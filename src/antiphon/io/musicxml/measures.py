"""Reads a part measure by measure into a `WrittenScore`: what sounds, and where.

Left out: grace notes (they have no time of their own), cue notes, and what concerns printing only. Notes that
are not printed sound. Ornaments and tremolos sound as the notes written.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from antiphon.errors import FormatError, one_line
from antiphon.io.limits import Limits
from antiphon.io.musicxml import attributes, directions, harmony
from antiphon.io.musicxml.attributes import WRITTEN, Damaged, Transposition
from antiphon.io.musicxml.directions import STRESS, Loudness
from antiphon.io.musicxml.harmony import SymbolPlacer
from antiphon.io.musicxml.numbers import DivisionsToTicks, Place, exact, integer
from antiphon.io.musicxml.parts import Instrument, XmlPart
from antiphon.io.musicxml.written import STARTS, STOPS, Note, Syllable, WrittenScore
from antiphon.io.repeats import MOST_BARS
from antiphon.score import chords
from antiphon.score.maps import Meter

_ACCENTS = {"accent": STRESS, "strong-accent": 2 * STRESS}
_TIES = {"start": STARTS, "stop": STOPS, "continue": STARTS | STOPS}
_IN_A_WORD = ("begin", "middle")
_SHOWN = 30  # characters of a text in a message


class PartReader:
    """Reads one part: a cursor in it, and what holds at that place."""

    def __init__(self, part: XmlPart, written: WrittenScore, limits: Limits) -> None:
        self.part, self.written, self.limits = part, written, limits
        self.track, self.first = len(written.names), len(written.notes)
        written.names.append(part.name)
        self.clock = DivisionsToTicks(written.ticks_per_quarter)
        self.transpositions: dict[str, Transposition] = {}
        self.meters: attributes.Meters = ()
        self.voices: dict[str, int] = {}
        self.loudness = Loudness(
            written.levels.setdefault(self.track, []), written.hairpins.setdefault(self.track, [])
        )
        self.symbols = SymbolPlacer(written.chords)
        self.begins: list[int] = []
        self.measure = -1
        self.cursor: int | Fraction = 0
        self.onset: int | Fraction = 0
        self.release: int | Fraction = 0
        self.filled: int | Fraction = 0
        self.repeated: tuple[int, int] | None = None

    def walk(self, measures: Sequence[Element]) -> None:
        """Take in all measures. Raises `FormatError` for one that makes no sense, and outside the limits."""
        if len(measures) > MOST_BARS:
            raise FormatError(f"MusicXML of {len(measures)} measures; at most {MOST_BARS} are read.")
        for number, measure in enumerate(measures):
            self.measure, self.cursor, self.filled = number, 0, 0
            self.onset = self.release = 0
            self.symbols.close()
            self.begins.append(len(self.written.notes))
            try:
                for child in measure:
                    handle = _HANDLERS.get(child.tag)
                    if handle:
                        handle(self, child)
            except Damaged as damage:
                where = f"part '{one_line(self.part.name, _SHOWN)}', measure {number + 1}"
                raise FormatError(f"Damaged MusicXML: {damage} ({where}). Export the file again.") from None
            self._repeat_measure()
            self.written.reach(number, round(self.filled))
            if len(self.written.notes) > self.limits.notes:
                break
        self.written.check(self.limits)
        self.written.stress(self.loudness.stressed, self.first)

    @property
    def place(self) -> Place:
        """Where the cursor is."""
        return self.measure, round(self.cursor)

    def _ticks(self, text: str | None, what: str) -> int | Fraction:
        ticks = self.clock.ticks(text)
        if ticks is None or ticks < 0:
            raise Damaged(f"{what} of '{one_line(text or '', _SHOWN)}' instead of a number")
        if ticks > self.limits.quarters * self.clock.ticks_per_quarter:
            raise Damaged(f"{what} of more than {self.limits.quarters} quarter notes")
        return ticks

    def _near(self, element: Element) -> Place:
        """The place of a direction or chord symbol, which may stand beside the cursor."""
        offset = self.clock.ticks(element.findtext("offset")) or 0
        most = self.limits.quarters * self.clock.ticks_per_quarter
        return self.measure, min(max(round(self.cursor + offset), 0), most)

    # -- notes

    def _note(self, element: Element) -> None:
        seen = {child.tag: child for child in element}
        if "grace" in seen:
            return
        if "chord" not in seen:  # the other notes of a chord last as long as its first
            duration = seen.get("duration")
            length = self._ticks(None if duration is None else duration.text, "a note with a length")
            if "rest" in seen and seen["rest"].get("measure") == "yes":
                length = self._rest_of_measure(length)
            self.onset = self.cursor
            self._advance(length)
            self.release = self.cursor
        if "rest" not in seen and "cue" not in seen:
            self._sound(element, seen, round(self.onset), round(self.release) - round(self.onset))

    def _rest_of_measure(self, length: int | Fraction) -> int | Fraction:
        """A rest of a whole measure is no longer than the measure, whatever its sign would last elsewhere."""
        meter = attributes.fitting(self.meters, Fraction(length) / self.clock.ticks_per_quarter)
        if meter is None:
            return length
        return min(length, Fraction(4 * meter.numerator * self.clock.ticks_per_quarter, meter.denominator))

    def _advance(self, length: int | Fraction) -> None:
        meter = self.meters[0] if self.meters else Meter()
        self.symbols.over(length, meter, self.clock.ticks_per_quarter)
        self.cursor += length
        self.filled = max(self.filled, self.cursor)

    def _sound(self, element: Element, seen: dict[str, Element], start: int, length: int) -> None:
        instrument = self._instrument(seen)
        staff = seen["staff"].text or "" if "staff" in seen else ""
        if "pitch" in seen:
            moved = self.transpositions.get(staff) or self.transpositions.get("", WRITTEN)
            heard = attributes.sounding_pitches(attributes.written_pitch(seen["pitch"]), moved)
        elif "unpitched" in seen:
            heard = [instrument.percussion_key(seen["unpitched"])]
        else:
            raise Damaged("a note that is neither pitched, unpitched nor a rest")
        is_drum = "unpitched" in seen or instrument.is_drum
        ties = [child.get("type", "") for child in element if child.tag == "tie"]
        louder, ties = self._notations(seen["notations"], ties) if "notations" in seen else (0, ties)
        tie = _tie(ties)
        own = directions.loudness(element) or 0 if "dynamics" in element.attrib else 0
        voice = self.voices.setdefault(seen["voice"].text or "" if "voice" in seen else "", len(self.voices))
        for pitch in heard:
            note = (pitch, own, louder, instrument.program, is_drum, self.track, tie, voice)
            self.written.notes.append(Note(self.measure, start, length, *note))
        if "lyric" in seen:
            self._lyrics(element, start)

    def _instrument(self, seen: dict[str, Element]) -> Instrument:
        named = seen["instrument"].get("id", "") if "instrument" in seen else ""
        return self.part.instruments.get(named) or self.part.first

    def _notations(self, notations: Element, ties: list[str]) -> tuple[int, list[str]]:
        """How much louder the note's articulations make it, and its ties where only notations show them."""
        louder = 0
        for mark in notations.iter():
            if mark.tag in _ACCENTS:
                louder = max(louder, _ACCENTS[mark.tag])
            elif mark.tag == "dynamics":
                self.loudness.dynamics(mark, (self.measure, round(self.onset)))
        if not ties:
            ties = [tied.get("type", "") for tied in notations.iterfind("tied")]
        return louder, ties

    def _lyrics(self, element: Element, start: int) -> None:
        for number, lyric in enumerate(element.iterfind("lyric"), start=1):
            text = "".join(e.text or "" for e in lyric if e.tag in ("text", "elision"))
            if not text.strip():
                continue
            hyphen = "-" * ((lyric.findtext("syllabic") or "").strip() in _IN_A_WORD)
            digits = "".join(filter(str.isdigit, lyric.get("number", "")))[-2:]
            sung = Syllable((self.measure, start), text + hyphen, integer(digits) or number, self.track)
            self.written.lyrics.append(sung)

    def _repeat_measure(self) -> None:
        """Copy the notes of a measure that is only a sign for an earlier one."""
        notes = self.written.notes
        if self.repeated is None or len(notes) > self.begins[-1]:
            return
        start, span = self.repeated
        source = self.measure - span * ((self.measure - start) // span + 1)
        copied = notes[self.begins[source] : self.begins[source + 1]]
        notes += [note._replace(measure=self.measure) for note in copied]

    # -- what stands between them

    def _backup(self, element: Element) -> None:
        self.cursor = max(self.cursor - self._ticks(element.findtext("duration"), "a backup"), 0)
        self.symbols.close()

    def _forward(self, element: Element) -> None:
        self._advance(self._ticks(element.findtext("duration"), "a forward"))

    def _attributes(self, element: Element) -> None:
        divisions = element.findtext("divisions")
        if divisions is not None:
            value = exact(divisions)
            if value is None or value <= 0:
                raise Damaged(f"divisions of '{one_line(divisions, _SHOWN)}' instead of a number above 0")
            self.clock.set(value)
        for transpose in element.iterfind("transpose"):
            self.transpositions[transpose.get("number", "")] = attributes.transposition(transpose)
        self._key_and_meter(element)
        for sign in element.iterfind("measure-style/measure-repeat"):
            span = integer(sign.text) or 1
            starts = sign.get("type") == "start" and 0 < span <= self.measure
            self.repeated = (self.measure, span) if starts else None

    def _key_and_meter(self, element: Element) -> None:
        key, time = element.find("key"), element.find("time")
        if key is not None:
            moved = next(iter(self.transpositions.values()), WRITTEN)
            sounding = attributes.key(key, moved.semitones)
            if sounding:
                self.written.keys.append((self.place, sounding, self.track))
        if time is not None:
            self.meters = attributes.meters(time)
            self.written.meters.setdefault(self.place, self.meters)

    def _direction(self, element: Element) -> None:
        place = self._near(element)
        tempo = directions.tempo(element)
        if tempo:
            self.written.tempos.append((place, tempo))
        self.written.signs.direction(element, place)
        sound = element.find("sound")
        for kind in element.iterfind("direction-type/*"):
            if kind.tag == "dynamics":
                self.loudness.dynamics(kind, place)
            elif kind.tag == "wedge":
                self.loudness.wedge(kind, place)
            elif kind.tag == "rehearsal" and (text := (kind.text or "").strip()):
                self.written.markers.append((place, text))
        if sound is not None:
            self.loudness.sound(sound, place)
            self._instruments(sound)

    def _sounds(self, element: Element) -> None:
        """A `sound` outside a direction."""
        place, tempo = self._near(element), directions.sound_tempo(element)
        if tempo:
            self.written.tempos.append((place, tempo))
        self.loudness.sound(element, place)
        self.written.signs.sound(element, place)
        self._instruments(element)

    def _instruments(self, sound: Element) -> None:
        for midi in sound.iterfind("midi-instrument"):
            self.part.change(midi)

    def _harmony(self, element: Element) -> None:
        moved = self.transpositions.get("", WRITTEN).semitones % 12
        texts = [chords.transpose(text, moved) if moved else text for text in harmony.read(element)]
        self.symbols.add(texts, self._near(element), has_offset=element.find("offset") is not None)

    def _barline(self, element: Element) -> None:
        self.written.signs.barline(element, self.place)


def _tie(types: list[str]) -> int:
    tie = 0
    for kind in types:
        tie |= _TIES.get(kind, 0)
    return tie


_HANDLERS = {
    "note": PartReader._note,
    "backup": PartReader._backup,
    "forward": PartReader._forward,
    "attributes": PartReader._attributes,
    "direction": PartReader._direction,
    "sound": PartReader._sounds,
    "harmony": PartReader._harmony,
    "barline": PartReader._barline,
}
