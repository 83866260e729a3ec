"""What is said about a score in one line or a few figures: its key, meters, tempo, length and parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antiphon.score import general_midi
from antiphon.score.maps import Key
from antiphon.score.notes import Notes
from antiphon.score.score import Score

# How well each degree of the scale fits a key: Krumhansl and Kessler's probe tone ratings (1982).
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


@dataclass(frozen=True)
class PartSummary:
    """One part of a score: index, name, what plays it, and what it plays (pitches are MIDI numbers)."""

    track: int
    name: str
    instrument: str
    program: int
    is_drum: bool
    n_notes: int
    lowest: int
    highest: int

    @property
    def label(self) -> str:
        """The part's own name, or its instrument's."""
        return self.name or self.instrument


def parts(score: Score) -> list[PartSummary]:
    """Every part that has notes, in order; its program is that of its first note."""
    found = []
    for track in np.unique(score.notes.track).tolist():
        notes = score.notes[score.notes.track == track]
        program, is_drum = int(notes.program[0]), bool(notes.is_drum[0])
        found.append(
            PartSummary(
                track, score.track_name(track).strip(), general_midi.program_name(program, is_drum),
                program, is_drum,
                len(notes),
                int(notes.pitch.min()), int(notes.pitch.max()),
            )
        )  # fmt: skip
    return found


def estimate_key(notes: Notes) -> Key | None:
    """The major or minor key whose profile fits the sounding time of the pitch classes best; None without
    pitches.

    Source: Krumhansl and Schmuckler's key-finding method (correlation with the probe tone profiles).
    """
    pitched = notes[~notes.is_drum]
    lengths = np.minimum(pitched.end - pitched.start, 1 << 20).astype(float)
    histogram = np.bincount(pitched.pitch % 12, weights=lengths, minlength=12)
    if not histogram.any() or np.ptp(histogram) == 0:
        return None
    candidates = [
        (Key(tonic, mode), profile)
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR))
        for tonic in range(12)
    ]
    fit = [np.corrcoef(np.roll(profile, key.tonic), histogram)[0, 1] for key, profile in candidates]
    return candidates[int(np.argmax(fit))][0]


def key_text(score: Score) -> str:
    """The key that the file gives at its beginning, else "about" and the estimated one, else nothing."""
    if score.keys:
        return _key_name(score.keys[0].key)
    key = estimate_key(score.notes)
    return f"about {_key_name(key)}" if key else ""


def _key_name(key: Key) -> str:
    return f"{_NAMES[key.tonic % 12]} {key.mode}"


def meter_text(score: Score) -> str:
    """The meters in order of appearance ("4/4", "3/4, 4/4"), at most four."""
    meters = [f"{n}/{d}" for n, d in zip(score.meters.numerator, score.meters.denominator, strict=True)]
    distinct = list(dict.fromkeys(meters))
    return ", ".join(distinct[:4]) + (", …" if len(distinct) > 4 else "")


def tempo_text(score: Score) -> str:
    """Quarters per minute: "120", or the slowest and fastest ("96–132")."""
    low, high = round(float(score.tempos.qpm.min())), round(float(score.tempos.qpm.max()))
    return f"{low}" if low == high else f"{low}–{high}"


def clock_text(seconds: float) -> str:
    """Minutes and seconds: "3:07"."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def pitch_text(pitch: int) -> str:
    """Name of a MIDI pitch with middle C as C4: "F♯3"."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"
