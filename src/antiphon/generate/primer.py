"""`Primer`: what a model is asked to continue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from antiphon.codecs.pitches import pitch_name
from antiphon.errors import PromptError
from antiphon.extract.melody import NO_EVENT, NOTE_OFF, Melody, MelodyOptions, extract
from antiphon.generate import notation, record
from antiphon.recipes import MAX_STEPS_PER_BAR
from antiphon.score.maps import Key, Meter, MeterMap
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter
from antiphon.score.score import Score

Given = Score | Melody | Sequence[int] | None
"""What a primer can be given as: a score (its first melody is taken), a melody, melody events, or nothing."""

_TYPES = {
    "events": str, "steps_per_quarter": int, "meter": str, "start_in_bar": int, "program": int, "qpm": float,
    "name": str, "key": str | None, "finished": bool, "shift": int | None,
}  # fmt: skip
_RANGES = {
    "steps_per_quarter": (1, 96), "start_in_bar": (0, MAX_STEPS_PER_BAR - 1), "program": (0, 127),
    "qpm": (1e-3, 1e6), "shift": (-127, 127),
}  # fmt: skip
"""What a primer in a record may hold: types in JSON, and least and greatest."""

_ANY_MELODY = MelodyOptions(min_bars=0, max_steps=None, min_pitch_classes=1, gap_bars=1e9, polyphony="top")


@dataclass(frozen=True)
class Primer:
    """A melody to continue (of no events where music starts from nothing), and what goes with it."""

    melody: Melody
    qpm: float = 120.0
    name: str = "Melody"
    key: Key | None = None
    finished: bool = False
    """Whether its last note ends where the melody ends; if not, the model may hold it on."""
    shift: int | None = None
    """Semitones from here to what the model hears, where it is known; None finds the key and octave that suit
    it.
    """

    def __len__(self) -> int:
        return len(self.melody)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; `from_dict` is the inverse."""
        melody = self.melody
        return {
            "events": notation.text(melody.events.tolist()),
            "steps_per_quarter": melody.steps_per_quarter,
            "meter": str(melody.meter),
            "start_in_bar": melody.start_in_bar,
            "program": melody.program,
            "qpm": self.qpm,
            "name": self.name,
            "key": None if self.key is None else str(self.key),
            "finished": self.finished,
            "shift": self.shift,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Primer:
        """A primer from `as_dict`'s result. Raises `FormatError`, `PromptError` and `OptionError`."""
        said = record.typed(values, _TYPES)
        for name, (low, high) in _RANGES.items():
            if said[name] is not None and not low <= said[name] <= high:
                raise PromptError(f"The primer's {name} is {said[name]}; expected {low:g} to {high:g}.")
        melody = Melody(
            _events(notation.events(said["events"])),
            said["steps_per_quarter"],
            notation.meter(said["meter"]),
            start_in_bar=said["start_in_bar"],
            program=said["program"],
        )
        key = None if said["key"] is None else notation.key(said["key"])
        return cls(melody, said["qpm"], said["name"], key, said["finished"], said["shift"])


def primer(given: Given, steps_per_quarter: int, meter: Meter | None = None, transpose: int = 0) -> Primer:
    """What was given as a primer on a grid of `steps_per_quarter`; `meter` overrides its own.

    Of a score the first melody is taken, chords reduced to their top voice, up to the end of its last note; a
    pick-up keeps its place in the bar. Raises `PromptError` where there are no notes or transposition leaves
    MIDI's range.
    """
    if isinstance(given, Score):
        found = _of_score(given, steps_per_quarter, meter)
    elif isinstance(given, Melody):
        found = Primer(given if meter is None else _in_meter(given, meter))
    else:
        found = Primer(Melody(_events(given), steps_per_quarter, meter or Meter()))
    if given is not None and not (found.melody.events >= 0).any():
        raise PromptError("The primer has no notes; give at least one, or leave the primer out.")
    return _transposed(found, transpose)


def first_bars(found: Primer, n: int) -> Primer:
    """The primer's first n bars, and a pick-up before them; a note that goes on beyond is cut there.

    Raises `PromptError` where they hold no note.
    """
    melody = found.melody
    pickup = -melody.start_in_bar % melody.steps_per_bar
    end = pickup + n * melody.steps_per_bar
    if end >= len(melody):
        return found
    if not (melody.events[:end] >= 0).any():
        raise PromptError(f"The primer's first bars ({n}) hold no note; take more of them.")
    return replace(found, melody=melody.replace(events=melody.events[:end]), finished=True)


def to_bar_line(found: Primer) -> Primer:
    """The primer filled up with a rest to the end of its last bar; one that ends there already stays as it
    is.
    """
    melody = found.melody
    missing = -(melody.start_in_bar + len(melody)) % melody.steps_per_bar
    if not missing:
        return found
    rest = [NOTE_OFF, *[NO_EVENT] * (missing - 1)]
    return replace(found, melody=melody.replace(events=_events([*melody.events, *rest])), finished=False)


def _of_score(score: Score, steps_per_quarter: int, meter: Meter | None) -> Primer:
    if meter is not None:
        score = score.replace(meters=MeterMap.of([(0, *meter)]))
    found = extract(quantize(score, PerQuarter(steps_per_quarter)), _ANY_MELODY)
    if not found.sequences:
        reasons = ", ".join(found.losses) or "no notes"
        raise PromptError(f"The primer '{score.source}' has no melody to continue: {reasons}.")
    melody = found.sequences[0]
    key = score.keys[0].key if score.keys else None
    name = score.track_name(melody.track) or "Melody"
    return Primer(melody, float(score.tempos.qpm[0]), name, key, finished=True)


def _in_meter(melody: Melody, meter: Meter) -> Melody:
    changed = melody.replace(meter=meter)
    return changed.replace(start_in_bar=melody.start_in_bar % max(changed.steps_per_bar, 1))


def _events(given: Sequence[int] | None) -> Any:
    """Melody events as an array: before the first note nothing can end."""
    events = np.array([] if given is None else given, dtype=np.int64)
    wrong = events[(events < NO_EVENT) | (events > 127)]
    if len(wrong):
        raise PromptError(
            f"The primer event {wrong[0]} is no melody event; expected -2 (go on), -1 (end), 0 to 127."
        )
    before_first = np.cumsum(events >= 0) == 0
    return np.where(before_first & (events == NOTE_OFF), NO_EVENT, events).astype(np.int16)


def _transposed(found: Primer, semitones: int) -> Primer:
    if not semitones:
        return found
    if not len(found):
        raise PromptError("There is no primer to transpose; give one, or say with --key where to play.")
    events = found.melody.events.astype(np.int64)
    moved = np.where(events >= 0, events + semitones, events)
    lost = events[(events >= 0) & ((moved < 0) | (moved > 127))]
    if len(lost):
        names = ", ".join(pitch_name(int(pitch)) for pitch in np.unique(lost))
        raise PromptError(
            f"The primer's {names} transposed by {semitones:+d} leaves MIDI's range; transpose by less."
        )
    key = found.key and found.key._replace(tonic=(found.key.tonic + semitones) % 12)
    return replace(found, melody=found.melody.replace(events=moved), key=key)
