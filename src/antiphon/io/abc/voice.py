"""Reads the music of one voice, thing by thing, into bars.

Source: the ABC music standard 2.1, section 4. Lasting decisions: grace notes take no time and are left out; a
broken rhythm reaches over a bar line; between notes of unequal lengths, where 4.4 does not define it, it is
left out, as abc2midi has it.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from antiphon.errors import FormatError
from antiphon.io.abc import tokens, words
from antiphon.io.abc.accidentals import Accidentals
from antiphon.io.abc.bars import DEFAULT_LOUDNESS, LOUDNESS, QUARTER, Bar, Change, Sound, Written
from antiphon.io.abc.fields import KeyField
from antiphon.io.abc.signs import Signs, bar_line
from antiphon.io.limits import DEFAULT, Limits
from antiphon.io.repeats import MOST_BARS
from antiphon.score import chords
from antiphon.score.maps import Key, Meter

_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
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
        self.name = self.title = name
        self.meter = meter
        self.unit = unit
        self.accidentals = Accidentals(key.shifts)
        self.loudness = DEFAULT_LOUDNESS
        self.program, self.is_drum = 0, False
        self.bars: list[Bar] = []
        self.bar = Bar(0, meter)
        self.at = 0
        self.signs = Signs(self.bars)
        self.last: list[Sound] = []
        self.last_names: list[int] = []  # as natural pitches
        self.last_duration = 0
        self.awaited = ""  # the broken rhythm that the next sound completes
        self.tuplet = (1, 1, 0)
        self.line: list[Sound] = []
        self.verse = 0

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
        pitch = self.accidentals.pitch(name)
        self._add([Sound(self.at - self.bar.start, duration, pitch, self.loudness)], [name.natural], duration)

    def chord(self, text: str) -> None:
        """`[CEG]2`: as long as its first note times what follows the bracket; each note its own length."""
        inside, _, factor = text[1:].rpartition("]")
        found = list(tokens.NOTE.finditer(re.sub(r'"[^"]*"|![^!]*!', "", inside)))
        if not found:
            return
        over, under = tokens.length(factor)
        names = [tokens.note_name(match["note"]) for match in found]
        durations = self._durations([(name.over * over, name.under * under) for name in names])
        onset = self.at - self.bar.start
        sounds = [
            Sound(onset, duration, self.accidentals.pitch(name), self.loudness)
            for name, duration in zip(names, durations, strict=True)
        ]
        self._add(sounds, [name.natural for name in names], durations[0])
        for sound, name, match in zip(sounds, names, found, strict=True):
            if match["tie"]:
                sound.is_tied = True
                self.accidentals.hand_on(name.natural, sound.pitch)

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

    def _duration(self, over: int, under: int) -> int:
        if self.tuplet[2] or self.awaited:
            return self._durations([(over, under)])[0]
        return max(self.unit_ticks * over // under, 1)

    def _durations(self, lengths: list[tuple[int, int]]) -> list[int]:
        """Ticks of lengths in units that begin together, in their tuplet and broken rhythm."""
        up, down, left = self.tuplet
        if left:
            self.tuplet = (up, down, left - 1)
            lengths = [(over * up, under * down) for over, under in lengths]
        ticks = [max(self.unit_ticks * over // under, 1) for over, under in lengths]
        return self._broken(ticks) if self.awaited else ticks

    def _add(self, sounds: list[Sound], names: list[int], duration: int) -> None:
        self.n_sounds += len(sounds)
        if self.n_sounds > self.limits.notes:
            raise FormatError(f"more than {self.limits.notes} notes; expected one tune.")
        self.bar.sounds += sounds
        self.line += sounds[:1]
        self.accidentals.end_ties()
        self.last, self.last_names, self.last_duration = sounds, names, duration
        self.awaited = ""
        self.at += duration
        if self.at - self.bar.start > self.bar.length:
            self.bar.length = self.at - self.bar.start

    # What changes the sounds around it

    def broken(self, text: str) -> None:
        """`>`, `>>`, `<`...: of two notes of one length, the longer takes what the shorter loses."""
        if self.last_duration:
            self.awaited = text[:_LONGEST_DOTS]

    def _broken(self, ticks: list[int]) -> list[int]:
        """The durations of what completes a broken rhythm; what began it has its own from here."""
        n, before = len(self.awaited), self.last_duration
        if ticks[0] != before:
            return ticks
        longer, shorter = (2 << n) - 1, 1
        mine, other = (longer, shorter) if self.awaited[0] == ">" else (shorter, longer)
        for sound in self.last:
            sound.duration = (sound.duration * mine) >> n
        self._shift(((before * mine) >> n) - before)
        return [max((duration * other) >> n, 1) for duration in ticks]

    def _shift(self, by: int) -> None:
        """Make the last sound longer, though a bar line or changes may have come after it."""
        if self.bar.is_empty and self.bars:
            self.bars[-1].length += by
            self.bar.start += by
        else:
            onset = self.at - self.bar.start
            self.bar.length += by if onset == self.bar.length else 0
            self.bar.changes = [
                Change(change.onset + by, change.value) if change.onset == onset else change
                for change in self.bar.changes
            ]
        self.at += by

    def begin_tuplet(self, text: str) -> None:
        """`3`, `3:2` or `3:2:4`, with the standard's defaults (4.13)."""
        p, q, r = ([int(part[:4] or 0) for part in text.split(":")] + [0, 0])[:3]
        is_compound = self.meter is not None and self.meter.numerator in (6, 9, 12, 15, 18)
        q = q or _TUPLETS.get(p, 3 if is_compound else 2)
        if p:
            self.tuplet = (q, p, r or p)

    def tie(self, _: str) -> None:
        """The last sounds go on into the next ones of their pitch."""
        for sound, natural in zip(self.last, self.last_names, strict=True):
            sound.is_tied = True
            self.accidentals.hand_on(natural, sound.pitch)

    def overlay(self, _: str) -> None:
        """`&`: what follows sounds together with the bar so far."""
        self.at = self.bar.start
        self.last, self.last_names, self.last_duration, self.awaited = [], [], 0, ""
        self.accidentals.end_ties()

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
        else:
            self.signs.word(text, in_bar=not self.bar.is_empty)

    def words(self, text: str) -> None:
        """A w: line: a syllable for each note of the line of music before."""
        self.verse += 1
        words.sing(self.line, text, self.verse)

    def new_line(self) -> None:
        """A line of music begins: w: lines after it are for its notes."""
        self.line, self.verse = [], 0

    # Bars

    def bar_line(self, text: str, ending: str | None) -> None:
        """Any bar line, with repeats and the number of an ending."""
        line = bar_line(text)
        if line is None:
            return
        self.close()
        self.signs.at_bar_line(line)
        if ending:
            self.ending(ending)

    def ending(self, text: str) -> None:
        """`[1`: a bar begins with an ending."""
        self.close()
        self.signs.ending(tokens.numbers(text))

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
        self.signs.close(self.bar)
        self.bars.append(self.bar)
        self.at = self.bar.start + self.bar.length
        self.bar = Bar(self.at, self.meter)
        self.accidentals.begin_bar()

    def _count_bars(self, more: int) -> None:
        if len(self.bars) + more > MOST_BARS:
            raise FormatError(f"more than {MOST_BARS} bars; expected one tune.")

    def _whole_bar(self) -> int:
        meter = self.bar.meter
        return 4 * QUARTER * meter.numerator // meter.denominator if meter else 0

    # Fields

    def set_key(self, key: KeyField) -> None:
        """A K: field."""
        self.accidentals.set_key(key.shifts)
        if key.key:
            self.change(key.key)

    def set_meter(self, meter: Meter | None) -> None:
        """An M: field; in the middle of a bar it is for the next one."""
        self.meter = meter
        if self.bar.is_empty:
            self.bar.meter = meter

    def written(self) -> Written:
        """The whole voice. Marks after the last bar are its own."""
        self.close()
        self.signs.finish()
        return Written(self.title, self.bars, self.program, self.is_drum)
