"""Reads the music of one voice, thing by thing, into bars.

Lasting decisions: grace notes take no time and are left out; an accidental holds to the bar line, for its
letter in all octaves (ABC 2.1, 11.3); a broken rhythm reaches over a bar line; a tie carries its accidental.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

from antiphon.errors import FormatError, one_line
from antiphon.io.abc import tokens
from antiphon.io.abc.bars import QUARTER, Bar, Change, Sound, Written
from antiphon.io.abc.fields import KeyField, Sounding
from antiphon.io.limits import DEFAULT, Limits
from antiphon.io.repeats import MOST_BARS, Marks
from antiphon.score import chords
from antiphon.score.maps import Key, Meter

LOUDNESS = {"pppp": 16, "ppp": 30, "pp": 45, "p": 60, "mp": 75, "mf": 90, "f": 105, "ff": 120, "fff": 127,
             "ffff": 127}  # fmt: skip
DEFAULT_LOUDNESS = 100
"""Of notes without a mark."""
_JUMPS = {"dc": "capo", "dacapo": "capo", "ds": "segno", "dalsegno": "segno"}
_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
_SYLLABLE = re.compile(r"[-_*|]|(?:\\-|[^-_*|\s])+")
_REPEAT_END, _REPEAT_START = re.compile(r"(?<!\|)(:+)\]?\|"), re.compile(r"\|\]?:")
_LONGEST_DOTS = 6
_LONGEST_CHORD = 24


@lru_cache(4096)
def is_chord(text: str) -> bool:
    """Whether a text in quotes is a chord symbol."""
    if not text or len(text) > _LONGEST_CHORD or text[0] not in "ABCDEFGN":
        return False
    try:
        chords.parse(text)
    except chords.ChordError:
        return False
    return True


class Voice:
    """A voice while it is read; `unit` is the unit note length in whole notes."""

    def __init__(
        self, name: str, unit: Fraction, meter: Meter | None, key: KeyField, limits: Limits = DEFAULT
    ) -> None:
        self.limits = limits
        self.n_sounds = self.n_changes = 0
        self.name, self.meter, self.shifts = name, meter, key.shifts
        self.title = ""
        self.unit = unit
        self.octave = self.transpose = 0
        self.by_octave = False
        self.loudness = DEFAULT_LOUDNESS
        self.program, self.is_drum = 0, False
        self.bars: list[Bar] = []
        self.bar = Bar(0, meter)
        self.at = 0
        self.accidentals: dict[str | int, int] = {}
        self.ties: dict[int, int] = {}  # accidentals that the last sounds hand on, by natural pitch
        self.last: list[Sound] = []
        self.last_names: list[int] = []  # as natural pitches
        self.last_duration = 0
        self.rest_of_broken = (1, 1)
        self.tuplet = (1, 1, 0)
        self.line: list[Sound] = []
        self.verse = 0
        self._coming: dict[str, object] = {}  # marks of the present bar
        self._codas: list[tuple[int, bool]] = []
        self.handlers: dict[str, Callable[[str], None]] = {
            "note": self.note, "chord": self.chord, "rest": self.rest, "rests": self.rests,
            "broken": self.broken, "tuplet": self.begin_tuplet, "tie": self.tie, "text": self.text,
            "mark": self.mark, "plus": self.mark, "only": self.ending, "overlay": self.overlay,
        }  # fmt: skip

    @property
    def unit(self) -> Fraction:
        """The unit note length."""
        return self._unit

    @unit.setter
    def unit(self, unit: Fraction) -> None:
        self._unit = unit
        self.unit_ticks = round(4 * QUARTER * unit)

    # Sounds and silences

    def note(self, text: str) -> None:
        """A note with its length."""
        name = tokens.note_name(text)
        duration = self._duration(name.over, name.under)
        self._add([self._sound(name, duration)], [name.natural], duration)

    def chord(self, text: str) -> None:
        """`[CEG]2`: as long as its first note times what follows the bracket; each note its own length."""
        inside, _, factor = text[1:].rpartition("]")
        found = list(tokens.NOTE.finditer(re.sub(r'"[^"]*"|![^!]*!', "", inside)))
        if not found:
            return
        over, under = tokens.length(factor)
        names = [tokens.note_name(match["note"]) for match in found]
        durations = self._durations([(name.over * over, name.under * under) for name in names])
        sounds = [self._sound(name, d) for name, d in zip(names, durations, strict=True)]
        self._add(sounds, [name.natural for name in names], durations[0])
        for sound, match in zip(sounds, found, strict=True):
            if match["tie"]:
                sound.is_tied = True
                self._hand_on(sound, tokens.note_name(match["note"]).natural)

    def rest(self, text: str) -> None:
        """`z` or `x`, with its length."""
        self._add([], [], self._duration(*tokens.length(text[1:])))

    def rests(self, text: str) -> None:
        """`Z4`: bars of silence."""
        count = int(text[1:8] or 1)
        self._count_bars(count)
        whole = self._whole_bar() or 4 * QUARTER
        for i in range(count):
            if i:
                self.close()
            self._add([], [], whole)

    def _sound(self, name: tokens.NoteName, duration: int) -> Sound:
        shift = name.shift
        place = name.natural if self.by_octave else name.letter
        if shift is not None:
            self.accidentals[place] = shift
        elif name.natural in self.ties:
            shift = self.ties[name.natural]
        else:
            shift = self.accidentals.get(place)
            if shift is None:
                shift = self.shifts.get(name.letter, 0)
        pitch = name.natural + shift + self.octave + self.transpose
        if not 0 <= pitch <= 127:
            raise FormatError(
                f"a note of pitch {pitch}; expected 0 to 127 (C is 60). Check its octave marks."
            )
        return Sound(self.at - self.bar.start, duration, pitch, self.loudness)

    def _duration(self, over: int, under: int) -> int:
        return self._durations([(over, under)])[0]

    def _durations(self, lengths: list[tuple[int, int]]) -> list[int]:
        """Ticks of lengths in units that begin together, in their tuplet and broken rhythm."""
        up, down, left = self.tuplet
        if left:
            self.tuplet = (up, down, left - 1)
            lengths = [(over * up, under * down) for over, under in lengths]
        up, down = self.rest_of_broken
        self.rest_of_broken = (1, 1)
        return [max(self.unit_ticks * over * up // (under * down), 1) for over, under in lengths]

    def _add(self, sounds: list[Sound], names: list[int], duration: int) -> None:
        self.n_sounds += len(sounds)
        if self.n_sounds > self.limits.notes:
            raise FormatError(f"more than {self.limits.notes} notes; expected one tune.")
        self.bar.sounds += sounds
        self.line += sounds[:1]
        self.ties = {}
        self.last, self.last_names, self.last_duration = sounds, names, duration
        self._move(duration)

    def _move(self, by: int) -> None:
        self.at += by
        if self.at - self.bar.start > self.bar.length:
            self.bar.length = self.at - self.bar.start

    # What changes the sounds around it

    def broken(self, text: str) -> None:
        """`>`, `>>`, `<`...: the longer note takes what the shorter one loses."""
        if not self.last_duration:
            return
        n = min(len(text), _LONGEST_DOTS)
        longer, shorter = ((2 << n) - 1, 1 << n), (1, 1 << n)
        mine, self.rest_of_broken = (longer, shorter) if text[0] == ">" else (shorter, longer)
        before = self.last_duration
        self.last_duration = before * mine[0] // mine[1]
        for sound in self.last:
            sound.duration = sound.duration * mine[0] // mine[1]
        self._shift(self.last_duration - before)

    def _shift(self, by: int) -> None:
        """Make the last sound longer, though a bar line may have come after it."""
        if self.bar.is_empty and self.bars:
            self.bars[-1].length += by
            self.bar.start += by
            self.at += by
        else:
            at_end = self.at - self.bar.start == self.bar.length
            self.at += by
            if at_end:
                self.bar.length += by

    def begin_tuplet(self, text: str) -> None:
        """`3`, `3:2` or `3:2:4`, with the standard's defaults."""
        p, q, r = ([int(part[:4] or 0) for part in text.split(":")] + [0, 0])[:3]
        is_compound = self.meter is not None and self.meter.numerator in (6, 9, 12, 15, 18)
        q = q or _TUPLETS.get(p, 3 if is_compound else 2)
        if p:
            self.tuplet = (q, p, r or p)

    def tie(self, _: str) -> None:
        """The last sounds go on into the next ones of their pitch."""
        for sound, natural in zip(self.last, self.last_names, strict=True):
            sound.is_tied = True
            self._hand_on(sound, natural)

    def _hand_on(self, sound: Sound, natural: int) -> None:
        self.ties[natural] = sound.pitch - natural - self.octave - self.transpose

    def overlay(self, _: str) -> None:
        """`&`: what follows sounds together with the bar so far."""
        self.at = self.bar.start
        self.last, self.last_names, self.last_duration, self.ties = [], [], 0, {}

    # Texts and decorations

    def text(self, text: str) -> None:
        """A chord symbol; annotations are left out."""
        if is_chord(text):
            self.change(text)

    def change(self, value: Key | float | str) -> None:
        """Something holds from here on."""
        self.n_changes += 1
        if self.n_changes > self.limits.changes:
            raise FormatError(f"more than {self.limits.changes} chords, keys and tempos; expected one tune.")
        self.bar.changes.append(Change(self.at - self.bar.start, value))

    def mark(self, text: str) -> None:
        """A decoration: loudness, or a mark of the order of bars."""
        if text in LOUDNESS:
            self.loudness = LOUDNESS[text]
            return
        word = re.sub(r"[^a-z]", "", text.lower())
        if word == "segno":
            self._coming["is_segno"] = True
        elif word in ("coda", "dacoda", "tocoda"):
            self._codas.append((len(self.bars) - (self.bar.is_empty and word != "coda"), word == "coda"))
        elif word == "fine":
            self._at_end(fine=True)
        elif (kind := re.sub(r"al(fine|coda)$", "", word)) in _JUMPS:
            self._at_end(jump=_JUMPS[kind])

    def _at_end(self, **marks: object) -> None:
        self._coming |= marks

    def words(self, text: str) -> None:
        """A w: line: a syllable for each note of the line of music before."""
        self.verse += 1
        sung = iter(self.line)
        for match in _SYLLABLE.finditer(text):
            syllable = match[0]
            if syllable == "|":
                continue
            if syllable == "-" and match.start() and text[match.start() - 1] not in "- ":
                continue
            sound = next(sung, None)
            if sound is None:
                return
            if syllable not in "-_*":
                sound.words = sound.words or {}
                sound.words[self.verse] = syllable.replace("~", " ").replace("\\-", "-")

    def new_line(self) -> None:
        """A line of music begins: w: lines after it are for its notes."""
        self.line, self.verse = [], 0

    # Bars

    def bar_line(self, text: str, ending: str | None) -> None:
        """Any bar line, with repeats and the number of an ending."""
        text = text.removeprefix("[|]") or "|"  # the bar line that is not seen
        before, after = _REPEAT_END.search(text), _REPEAT_START.search(text)
        lead, trail = len(before[1]) if before else 0, bool(after)
        if "|" not in text:
            if len(text) < 2:
                return
            lead, trail = 1, True  # '::'
        self.close()
        if lead and self.bars:
            self._mark_last(ends=lead + 1)
        if text.count("|") > 1 or "[" in text or "]" in text:
            if self.bars:
                self._mark_last(ending_stops=True)
            self._coming["is_section"] = True
        if trail:
            self._coming["starts"] = True
        if ending:
            self.ending(ending)

    def ending(self, text: str) -> None:
        """`[1`: a bar begins with an ending."""
        self.close()
        self._coming["endings"] = tokens.numbers(text)

    def part(self, name: str) -> None:
        """A P: field in the music: another part begins."""
        self.close()
        self.bar.part = name

    def close(self) -> None:
        """The bar is over, if anything is in it."""
        if self.bar.is_empty:
            return
        self._count_bars(1)
        whole = self._whole_bar()
        if whole and abs(self.bar.length - whole) < QUARTER >> 10:
            self.bar.length = whole  # tuplets that are no whole number of ticks
        self.bar.marks = Marks(**self._coming)  # type: ignore[arg-type]
        self._coming = {}
        self.bars.append(self.bar)
        self.at = self.bar.start + self.bar.length
        self.bar = Bar(self.at, self.meter)
        self.accidentals.clear()

    def _count_bars(self, more: int) -> None:
        if len(self.bars) + more > MOST_BARS:
            raise FormatError(f"more than {MOST_BARS} bars; expected one tune.")

    def _whole_bar(self) -> int:
        meter = self.bar.meter
        return 4 * QUARTER * meter.numerator // meter.denominator if meter else 0

    def _mark_last(self, **marks: object) -> None:
        last = self.bars[-1]
        last.marks = replace(last.marks or Marks(), **marks)  # type: ignore[arg-type]

    # Fields

    def set_key(self, key: KeyField) -> None:
        """A K: field."""
        self.shifts = key.shifts
        self.accidentals.clear()
        if key.key:
            self.change(key.key)

    def set_sounding(self, sounding: Sounding) -> None:
        """octave=, transpose= and clefs of a K: or V: field."""
        if sounding.octave is not None:
            self.octave = sounding.octave
        if sounding.transpose is not None:
            self.transpose = sounding.transpose

    def set_meter(self, meter: Meter | None) -> None:
        """An M: field; in the middle of a bar it is for the next one."""
        self.meter = meter
        if self.bar.is_empty:
            self.bar.meter = meter

    def written(self) -> Written:
        """The whole voice. Marks after the last bar are its own."""
        self.close()
        if self.bars:
            ends = {"jump", "fine"} & self._coming.keys()
            self._mark_last(**{name: self._coming[name] for name in ends})
        self._place_codas()
        self._close_endings()
        return Written(self.title or self.name, self.bars, self.program, self.is_drum)

    def _place_codas(self) -> None:
        """The last coda sign is where the coda begins; the others, where the music goes there."""
        signs = [bar for bar, is_sign in self._codas if is_sign]
        leaves = [bar for bar, is_sign in self._codas if not is_sign] + [bar - 1 for bar in signs[:-1]]
        for bar in leaves:
            if 0 <= bar < len(self.bars):
                self.bars[bar].marks = replace(self.bars[bar].marks or Marks(), to_coda=True)
        if signs and signs[-1] < len(self.bars):
            last = self.bars[signs[-1]]
            last.marks = replace(last.marks or Marks(), is_coda=True)

    def _close_endings(self) -> None:
        """A double bar line inside a first ending does not stop it, when a second one follows its repeat."""
        stopped: list[Bar] = []
        for before, bar in zip(self.bars, self.bars[1:], strict=False):
            first, marks = before.marks or Marks(), bar.marks or Marks()
            if first.ending_stops and not first.ends:
                stopped.append(before)
            if marks.endings and first.ends:
                for inside in stopped:
                    inside.marks = replace(inside.marks or Marks(), ending_stops=False)
            if marks.endings or marks.starts or first.ends:
                stopped = []


def read_line(voice: Voice, line: str, inline: Callable[[str], Voice]) -> Voice:
    """Everything in a line of music; `inline` takes a field such as 'M:3/4' and gives the voice that follows.

    Raises `FormatError` for what cannot be music.
    """
    for match in tokens.TOKEN.finditer(line):
        kind = match.lastgroup or ""
        if kind == "note":
            voice.note(match["note"])
        elif kind == "bar":
            voice.bar_line(match["sign"], match["ending"])
        elif kind == "field":
            voice = inline(match["field"])
        elif kind == "open" and line[match.end() : match.end() + 1] != '"':
            raise FormatError(f"a chord that is never closed '{one_line(line[match.start() :], 20)}'.")
        elif kind in voice.handlers:
            voice.handlers[kind](match[kind])
    return voice
