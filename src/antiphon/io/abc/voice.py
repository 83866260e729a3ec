"""Reads the music of one voice, token by token, into bars.

Source: the ABC music standard 2.1, section 4. Where it leaves a choice: grace notes take no time and are left
out; a broken rhythm reaches over a bar line; between notes of unequal lengths, which 4.4 does not define, it
is ignored, as by abc2midi.
"""

from __future__ import annotations

import re
from fractions import Fraction

from antiphon.errors import FormatError
from antiphon.io.abc import tokens
from antiphon.io.abc.bars import (
    DEFAULT_LOUDNESS,
    LOUDNESS,
    QUARTER,
    Change,
    SignReader,
    WrittenBar,
    WrittenNote,
    WrittenVoice,
    bar_line,
    sing,
)
from antiphon.io.abc.fields import KeyField
from antiphon.io.abc.pitches import Accidentals
from antiphon.io.limits import DEFAULT, Limits
from antiphon.io.repeats import MOST_BARS
from antiphon.score.maps import Key, Meter

_TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
_LONGEST_DOTS = 6


class VoiceReader:
    """Takes in the tokens and fields of one voice; `unit` is the unit note length in whole notes."""

    def __init__(
        self, name: str, unit: Fraction, meter: Meter | None, key: KeyField, limits: Limits = DEFAULT
    ) -> None:
        self.limits = limits
        self.n_notes = self.n_changes = 0
        self.name = self.title = name
        self.meter = meter
        self.unit = unit
        self.accidentals = Accidentals(key.shifts)
        self.loudness = DEFAULT_LOUDNESS
        self.program, self.is_drum = 0, False
        self.bars: list[WrittenBar] = []
        self.bar = WrittenBar(0, meter)
        self.at = 0
        self.signs = SignReader(self.bars)
        self.last: list[WrittenNote] = []
        self.last_names: list[int] = []  # as natural pitches
        self.last_duration = 0
        self.awaited = ""  # the broken rhythm that the next note completes
        self.tuplet = (1, 1, 0)
        self.line: list[WrittenNote] = []
        self.verse = 0

    @property
    def unit(self) -> Fraction:
        """The unit note length."""
        return self._unit

    @unit.setter
    def unit(self, unit: Fraction) -> None:
        self._unit = unit
        self.unit_ticks = round(4 * QUARTER * unit)

    # Notes and rests

    def note(self, text: str) -> None:
        """Take in a note with its length."""
        name = tokens.note_name(text)
        duration = self._duration(name.over, name.under)
        pitch = self.accidentals.pitch(name)
        self._add(
            [WrittenNote(self.at - self.bar.start, duration, pitch, self.loudness)], [name.natural], duration
        )

    def chord(self, text: str) -> None:
        """Take in a chord such as `[CEG]2`: each note has its own length times the factor after the bracket,
        and the music goes on by that of the first.
        """
        inside, _, factor = text[1:].rpartition("]")
        found = list(tokens.NOTE.finditer(re.sub(r'"[^"]*"|![^!]*!', "", inside)))
        if not found:
            return
        over, under = tokens.length(factor)
        names = [tokens.note_name(match["note"]) for match in found]
        durations = self._durations([(name.over * over, name.under * under) for name in names])
        onset = self.at - self.bar.start
        notes = [
            WrittenNote(onset, duration, self.accidentals.pitch(name), self.loudness)
            for name, duration in zip(names, durations, strict=True)
        ]
        self._add(notes, [name.natural for name in names], durations[0])
        for note, name, match in zip(notes, names, found, strict=True):
            if match["tie"]:
                note.is_tied = True
                self.accidentals.hand_on(name.natural, note.pitch)

    def rest(self, text: str) -> None:
        """Take in a rest, `z` or `x`, with its length."""
        self._add([], [], self._duration(*tokens.length(text[1:])))

    def rests(self, text: str) -> None:
        """Take in whole bars of rest, such as `Z4`."""
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

    def _add(self, notes: list[WrittenNote], names: list[int], duration: int) -> None:
        self.n_notes += len(notes)
        if self.n_notes > self.limits.notes:
            raise FormatError(f"more than {self.limits.notes} notes; expected one tune.")
        self.bar.notes += notes
        self.line += notes[:1]
        self.accidentals.end_ties()
        self.last, self.last_names, self.last_duration = notes, names, duration
        self.awaited = ""
        self.at += duration
        if self.at - self.bar.start > self.bar.length:
            self.bar.length = self.at - self.bar.start

    # What changes the notes around it

    def broken(self, text: str) -> None:
        """Begin a broken rhythm, such as `>` or `<<`: of two equal notes one gains what the other loses."""
        if self.last_duration:
            self.awaited = text[:_LONGEST_DOTS]

    def _broken(self, ticks: list[int]) -> list[int]:
        """The durations of the notes that complete a broken rhythm; those that began it are changed."""
        n, before = len(self.awaited), self.last_duration
        if ticks[0] != before:
            return ticks
        longer, shorter = (2 << n) - 1, 1
        mine, other = (longer, shorter) if self.awaited[0] == ">" else (shorter, longer)
        for note in self.last:
            note.duration = (note.duration * mine) >> n
        self._shift(((before * mine) >> n) - before)
        return [max((duration * other) >> n, 1) for duration in ticks]

    def _shift(self, by: int) -> None:
        """Make the last notes longer, though a bar line or changes may have come after it."""
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
        """Begin a tuplet: `3`, `3:2` or `3:2:4`, with the standard's defaults (4.13)."""
        p, q, r = ([int(part[:4] or 0) for part in text.split(":")] + [0, 0])[:3]
        is_compound = self.meter is not None and self.meter.numerator in (6, 9, 12, 15, 18)
        q = q or _TUPLETS.get(p, 3 if is_compound else 2)
        if p:
            self.tuplet = (q, p, r or p)

    def tie(self, _: str) -> None:
        """Tie the last notes to the next ones of their pitch."""
        for note, natural in zip(self.last, self.last_names, strict=True):
            note.is_tied = True
            self.accidentals.hand_on(natural, note.pitch)

    def overlay(self, _: str) -> None:
        """Go back to the beginning of the bar (`&`): what follows sounds together with it."""
        self.at = self.bar.start
        self.last, self.last_names, self.last_duration, self.awaited = [], [], 0, ""
        self.accidentals.end_ties()

    # Texts and decorations

    def text(self, text: str) -> None:
        """Take in a text in quotes if it is a chord symbol; annotations are left out."""
        if tokens.is_chord(text):
            self.change(text)

    def change(self, value: Key | float | str) -> None:
        """Set a key, a tempo or a chord symbol from here on."""
        self.n_changes += 1
        if self.n_changes > self.limits.changes:
            raise FormatError(f"more than {self.limits.changes} chords, keys and tempos; expected one tune.")
        self.bar.changes.append(Change(self.at - self.bar.start, value))

    def mark(self, text: str) -> None:
        """Take in a decoration: loudness, or a sign for the order of bars."""
        if text in LOUDNESS:
            self.loudness = LOUDNESS[text]
        else:
            self.signs.word(text, in_bar=not self.bar.is_empty)

    def words(self, text: str) -> None:
        """Take in a w: line: a syllable for each note of the line of music before."""
        self.verse += 1
        sing(self.line, text, self.verse)

    def new_line(self) -> None:
        """Begin a line of music: w: lines after it are for its notes."""
        self.line, self.verse = [], 0

    # Bars

    def bar_line(self, text: str, ending: str | None) -> None:
        """Take in a bar line of any shape, with repeats and the number of an ending."""
        line = bar_line(text)
        if line is None:
            return
        self.close()
        self.signs.at_bar_line(line)
        if ending:
            self.ending(ending)

    def ending(self, text: str) -> None:
        """Begin a bar with an ending, such as `[1`."""
        self.close()
        self.signs.ending(tokens.numbers(text))

    def part(self, name: str) -> None:
        """Begin another part: a P: field in the music."""
        self.close()
        self.bar.part = name

    def close(self) -> None:
        """End the bar, if anything is in it."""
        if self.bar.is_empty:
            return
        self._count_bars(1)
        whole = self._whole_bar()
        if whole and abs(self.bar.length - whole) < QUARTER >> 10:
            self.bar.length = whole  # its tuplets are no whole number of ticks
        self.signs.close(self.bar)
        self.bars.append(self.bar)
        self.at = self.bar.start + self.bar.length
        self.bar = WrittenBar(self.at, self.meter)
        self.accidentals.begin_bar()

    def _count_bars(self, more: int) -> None:
        if len(self.bars) + more > MOST_BARS:
            raise FormatError(f"more than {MOST_BARS} bars; expected one tune.")

    def _whole_bar(self) -> int:
        meter = self.bar.meter
        return 4 * QUARTER * meter.numerator // meter.denominator if meter else 0

    # Fields

    def set_key(self, key: KeyField) -> None:
        """Take in a K: field."""
        self.accidentals.set_key(key.shifts)
        if key.key:
            self.change(key.key)

    def set_meter(self, meter: Meter | None) -> None:
        """Take in an M: field; in the middle of a bar it is for the next one."""
        self.meter = meter
        if self.bar.is_empty:
            self.bar.meter = meter

    def written(self) -> WrittenVoice:
        """End the voice: everything that was read. Signs after the last bar belong to it."""
        self.close()
        self.signs.finish()
        return WrittenVoice(self.title, self.bars, self.program, self.is_drum)
