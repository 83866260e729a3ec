"""Reads a tune: its header, its directives, and the lines of music in its body, voice by voice.

Source: the ABC music standard 2.1, sections 2, 3, 7 and 11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fractions import Fraction

from antiphon.errors import FormatError, one_line
from antiphon.io import tempo_words
from antiphon.io.abc import fields, text
from antiphon.io.abc.bars import WrittenVoice
from antiphon.io.abc.tokens import TOKEN
from antiphon.io.abc.voice import VoiceReader
from antiphon.io.limits import Limits
from antiphon.score.maps import DEFAULT_QPM, Meter

_FIELD = re.compile(r"([A-Za-z+]):(?![:|])")  # a line may begin with a note and a repeat's end
ABOUT = {
    "A": "area", "B": "book", "C": "composer", "D": "discography", "F": "file", "G": "group", "H": "history",
    "N": "notes", "O": "origin", "R": "rhythm", "S": "source", "Z": "transcription",
}  # fmt: skip
_DRUM_CHANNEL = 10

_READ: dict[str, Callable[[VoiceReader, str], None]] = {
    "note": VoiceReader.note,
    "chord": VoiceReader.chord,
    "rest": VoiceReader.rest,
    "rests": VoiceReader.rests,
    "broken": VoiceReader.broken,
    "tuplet": VoiceReader.begin_tuplet,
    "tie": VoiceReader.tie,
    "text": VoiceReader.text,
    "mark": VoiceReader.mark,
    "plus": VoiceReader.mark,
    "only": VoiceReader.ending,
    "overlay": VoiceReader.overlay,
}
"""What takes in each kind of thing in a line of music; bar lines and fields have more to say."""


class TuneReader:
    """Reads one tune into its voices, and keeps what the header says about it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.titles: list[str] = []
        self.about: list[tuple[str, str]] = []
        self.key: fields.KeyField | None = None
        self.meter: Meter | None = Meter(4, 4)
        self.unit: Fraction | None = None
        self.tempo = ""
        self.order = ""
        self.voices: dict[str, VoiceReader] = {}
        self.voice: VoiceReader | None = None
        self.is_over = False
        self._declared: dict[str, str] = {}
        self._directives: list[str] = []
        self._key_text = ""
        self._reach = "pitch"
        self._in_text = self._continues = self._has_number = False

    def read(self, lines: Iterable[tuple[int, str]]) -> TuneReader:
        """Every line of the tune; the file's header may come before its X:. Raises `FormatError`."""
        for number, line in text.with_whole_chords(lines):
            try:
                self._line(line)
            except FormatError as error:
                raise FormatError(f"ABC line {number}: {error}") from None
            if self.is_over:
                break
        if self.key is None:
            raise FormatError(
                "ABC without a K: field, which ends the header of a tune. Add one, such as 'K:C'."
            )
        return self

    def written(self) -> list[WrittenVoice]:
        """The voices in their order, those without music left out."""
        found = (voice.written() for voice in self.voices.values())
        return [voice for voice in found if voice.bars]

    @property
    def qpm(self) -> float:
        """The tempo at the beginning."""
        return self._qpm(self.tempo, self.unit or fields.default_unit(self.meter)) or DEFAULT_QPM

    # Lines

    def _line(self, line: str) -> None:
        if line.startswith(("%%", "I:")):
            self._directive(line[2:].strip())
            return
        if self._in_text:
            return
        bare = text.without_comment(line)
        if not bare.strip():
            self.is_over = not line.strip() and self.voice is not None and self._has_music()
            return
        field = _FIELD.match(bare)
        if field:
            self._field(field[1], bare[2:])
        elif self.voice is not None:
            self._music(self.voice, bare)

    def _has_music(self) -> bool:
        return any(voice.bars or not voice.bar.is_empty for voice in self.voices.values())

    def _music(self, voice: VoiceReader, line: str) -> None:
        if not self._continues:
            voice.new_line()
        elif line.lstrip()[0].isdigit() and voice.bar.is_empty:
            line = "[" + line.lstrip()  # an ending whose bar line is on the line before
        self._continues = line.endswith("\\")
        self.voice = _read_line(voice, line, self._inline)

    def _inline(self, field: str) -> VoiceReader:
        assert self.voice is not None
        self._in_body(self.voice, field[0], field[2:])
        return self.voice

    def _field(self, name: str, value: str) -> None:
        if name == "X":
            self.is_over = self._has_number and self.key is not None
            self._has_number = True
        elif self.voice is not None:
            self._in_body(self.voice, name, value)
        else:
            self._in_header(name, value)

    # Fields

    def _in_header(self, name: str, value: str) -> None:
        if name == "T":
            self.titles.append(text.spelled(value))
        elif name == "M":
            self.meter = fields.meter(value)
        elif name == "L":
            self.unit = fields.unit(value)
        elif name == "Q":
            self.tempo = value
        elif name == "P":
            self.order = fields.parts(value)
        elif name == "V":
            self._declare(value)
        elif name == "K":
            self._begin(value)
        elif name in ABOUT and value.strip():
            self.about.append((ABOUT[name], text.spelled(value)))

    def _declare(self, value: str) -> str:
        name, _, rest = value.strip().partition(" ")
        self._declared[name] = f"{self._declared.get(name, '')} {rest}"
        return name

    def _begin(self, value: str) -> None:
        """The K: field: the header is over."""
        self.key = fields.key(value) or fields.KeyField(None, {})
        self._key_text = value
        for name in self._declared or ("",):
            self._add(name)
        self.voice = next(iter(self.voices.values()))
        for directive in self._directives:
            self._midi(directive)

    def _add(self, name: str) -> VoiceReader:
        assert self.key is not None
        if len(self.voices) >= self.limits.parts:
            raise FormatError(f"more than {self.limits.parts} voices.")
        unit = self.unit or fields.default_unit(self.meter)
        voice = VoiceReader(name, unit, self.meter, self.key, self.limits)
        voice.accidentals.reach = self._reach
        voice.accidentals.set_shift(fields.pitch_shift(self._key_text))
        voice.set_key(self.key)
        self.voices[name] = voice
        self._settle(voice, self._declared.get(name, ""))
        return voice

    def _settle(self, voice: VoiceReader, text_of_field: str) -> None:
        if text_of_field.strip():
            voice.accidentals.set_shift(fields.pitch_shift(text_of_field))
            found = fields.settings(text_of_field)
            voice.title = text.spelled(found.get("name", found.get("nm", voice.title)))
            voice.is_drum = voice.is_drum or "perc" in text_of_field.split()

    def _in_body(self, voice: VoiceReader, name: str, value: str) -> None:
        if name == "V":
            self._switch(value)
        elif name == "K":
            self._set_key(voice, value)
        elif name == "M":
            voice.set_meter(fields.meter(value))
        elif name == "L":
            voice.unit = fields.unit(value)
        elif name == "Q":
            self._change_tempo(voice, value)
        elif name == "P":
            self._part(voice, value.strip()[:1])
        elif name == "w":
            voice.words(text.spelled(value))

    def _part(self, voice: VoiceReader, name: str) -> None:
        """A part begins in this voice and in those that are written as far."""
        voice.part(name)
        for other in self.voices.values():
            if len(other.bars) + (not other.bar.is_empty) == len(voice.bars):
                other.part(name)

    def _switch(self, value: str) -> None:
        name = self._declare(value)
        if name not in self.voices:
            only = next(iter(self.voices.values()))
            if not self._declared.keys() & self.voices.keys() and not only.bars and only.bar.is_empty:
                del self.voices[only.name]  # the voice of tunes without any
            self.voice = self._add(name)
        else:
            self.voice = self.voices[name]
            self._settle(self.voice, value.strip().partition(" ")[2])

    def _set_key(self, voice: VoiceReader, value: str) -> None:
        key = fields.key(value)
        voice.accidentals.set_shift(fields.pitch_shift(value))
        if key:
            voice.set_key(key)

    def _change_tempo(self, voice: VoiceReader, value: str) -> None:
        qpm = self._qpm(value, voice.unit)
        if qpm:
            voice.change(qpm)

    def _qpm(self, value: str, unit: Fraction) -> float | None:
        return fields.tempo(value, unit) or tempo_words.qpm(value.strip(' "'))

    # Directives

    def _directive(self, words: str) -> None:
        name, _, rest = words.partition(" ")
        if name in ("begintext", "beginps", "beginsvg"):
            self._in_text = True
        elif name.startswith("end"):
            self._in_text = False
        elif name in ("MIDI", "MIDI="):
            if self.voice is None:
                self._directives.append(rest)
            else:
                self._midi(rest)
        elif name == "propagate-accidentals" and rest.strip() in ("not", "octave", "pitch"):
            self._reach = rest.strip()
            for voice in self.voices.values():
                voice.accidentals.reach = self._reach

    def _midi(self, words: str) -> None:
        """program, channel and transpose; a program with a channel is for the voice of that number."""
        assert self.voice is not None
        name, *values = words.split()[:3] or [""]
        if not values or not all(re.fullmatch(r"-?\d{1,3}", value) for value in values[:2]):
            return
        numbers = [int(value) for value in values if re.fullmatch(r"-?\d{1,3}", value)]
        if name == "program":
            self._program(numbers)
        elif name == "channel":
            self.voice.is_drum = numbers[0] == _DRUM_CHANNEL
        elif name == "transpose":
            self.voice.accidentals.transpose = numbers[0]

    def _program(self, numbers: list[int]) -> None:
        assert self.voice is not None
        *channel, program = numbers
        voices = list(self.voices.values())
        voice = voices[channel[0] - 1] if channel and 0 < channel[0] <= len(voices) else self.voice
        voice.program = program & 0x7F


def _read_line(voice: VoiceReader, line: str, inline: Callable[[str], VoiceReader]) -> VoiceReader:
    """Everything in a line of music; `inline` takes a field such as 'M:3/4' and gives the voice that follows.

    Raises `FormatError` for what cannot be music.
    """
    for match in TOKEN.finditer(line):
        kind = match.lastgroup or ""
        read = _READ.get(kind)
        if read is not None:
            read(voice, match[kind])
        elif kind == "bar":
            voice.bar_line(match["sign"], match["ending"])
        elif kind == "field":
            voice = inline(match["field"])
        elif kind == "open" and line[match.end() : match.end() + 1] != '"':
            begins = one_line(line[match.start() :], 20)
            raise FormatError(f"a chord that is never closed; it begins {begins} and needs its ']'.")
    return voice
