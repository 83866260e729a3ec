"""Is it copying? The longest passage of a melody that stands in the training set, in whatever key.

A passage begins with a note and goes on event by event: where notes start, where they end, and the
interval from each note to the next all agree; only its first pitch is free. Of two passages the one with
more notes is the longer (then the one of more steps), so that long rests count for little. The figure
means little alone, since all music of a kind shares its turns: the same is asked of pieces that the model
has never seen, and a model that copies no more than those repeat is not copying.

Method: melodies become tokens (nothing new, note off, interval from the note before), and prefix doubling
(Karp, Miller and Rosenberg, 1972) names all their passages of 1, 2, 4, 8... events. The longest names
sort every suffix as a suffix array would; the longest match of a suffix stands next to it among the
training set's, and its length is read off the names.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from antiphon.codecs.melody import FIRST_PITCH_ID
from antiphon.evaluate.sequences import Bools, Ints, Sequences

_INTERVAL_0 = FIRST_PITCH_ID + 128
_N_TOKENS = FIRST_PITCH_ID + 256
QUANTILES = {"median": 50, "p90": 90, "max": 100}
"""Names of the figures of a set of lengths, and the percentiles they are."""


@dataclass(frozen=True)
class Copies:
    """The longest passage of each melody asked about that stands in the training set; every field int64
    [n].

    `notes` that start in it, its length in `steps`, the step of the melody where it `start`s, the
    training sequence (`source`) it stands in and the step there (`source_start`). A melody that shares no
    note has lengths 0 and source -1.
    """

    notes: Ints
    steps: Ints
    start: Ints
    source: Ints
    source_start: Ints

    def take(self, part: slice) -> Copies:
        """The passages of some of the melodies."""
        return Copies(*(getattr(self, field.name)[part] for field in fields(self)))

    def summary(self) -> dict[str, float]:
        """Median, 90th percentile and longest, in notes and in steps; empty without melodies."""
        if not len(self.notes):
            return {}
        lengths = {"notes": self.notes, "steps": self.steps}
        return {
            f"{unit}_{name}": float(np.percentile(values, q))
            for unit, values in lengths.items()
            for name, q in QUANTILES.items()
        }


def longest_copies(melodies: Sequences, training: Sequences) -> Copies:
    """The longest passage of each of `melodies` that stands in `training`, transposition aside."""
    both = Sequences.of([*training, *melodies])
    onsets = np.flatnonzero(both.events >= FIRST_PITCH_ID)
    asked = both.sequence[onsets] >= len(training)
    if not asked.any() or asked.all():
        return _nothing(len(melodies))
    steps, partner = _longest_matches(_text(both), onsets + both.sequence[onsets] + 1, asked)
    return _longest_of_each(both, len(training), onsets[asked], steps, onsets[partner])


def _nothing(n: int) -> Copies:
    return Copies(*np.zeros((3, n), np.int64), *np.full((2, n), -1))


def _text(sequences: Sequences) -> Ints:
    """All melodies as tokens, each followed by an end token of its own that nothing matches.

    A melody's first note is an interval of 0 that no passage reads: it can only be a passage's first note.
    """
    events, sequence = sequences.events, sequences.sequence
    notes = np.flatnonzero(events >= FIRST_PITCH_ID)
    first = np.diff(sequence[notes], prepend=-1) > 0
    tokens = events.copy()
    tokens[notes] = _INTERVAL_0 + np.where(first, 0, np.diff(events[notes], prepend=0))
    text = np.repeat(_N_TOKENS + np.arange(len(sequences)), sequences.lengths + 1)
    text[np.arange(len(events)) + sequence] = tokens
    return text


def _longest_matches(text: Ints, suffixes: Ints, asked: Bools) -> tuple[Ints, Ints]:
    """For each asked suffix its longest match among the others: 1 + tokens that agree, and which one."""
    names = _names(text)
    partners = _neighbours(names[-1][suffixes], asked)
    agreeing = np.stack([_agreeing(names, suffixes[asked], suffixes[partner]) for partner in partners])
    best, which = agreeing.argmax(axis=0), np.arange(agreeing.shape[1])
    return 1 + agreeing[best, which], partners[best, which]


def _neighbours(rank: Ints, asked: Bools) -> Ints:
    """The others ranked next below and next above each asked one, [2, asked]; at an end the nearest twice."""
    others = np.flatnonzero(~asked)
    others = others[np.argsort(rank[others])]
    above = np.searchsorted(rank[others], rank[asked])
    return np.asarray(others[np.clip(np.stack([above - 1, above]), 0, len(others) - 1)])


def _names(text: Ints) -> list[Ints]:
    """`names[k][i]`: the rank of the passage of 2**k tokens at i among all; until all passages differ."""
    names = [np.unique(text, return_inverse=True)[1]]
    while names[-1].max() + 1 < len(text):
        last, width = names[-1] + 1, 1 << (len(names) - 1)
        following = np.concatenate([last[width:], np.zeros(min(width, len(last)), np.int64)])
        names.append(np.unique(last * (len(text) + 1) + following, return_inverse=True)[1])
    return names


def _agreeing(names: list[Ints], left: Ints, right: Ints) -> Ints:
    """How many tokens from `left` and `right` on agree; end tokens, which all differ, stop it in time."""
    length = np.zeros(len(left), np.int64)
    for level in range(len(names) - 1, -1, -1):
        length += (names[level][left + length] == names[level][right + length]).astype(np.int64) << level
    return length


def _longest_of_each(both: Sequences, n_training: int, onset: Ints, steps: Ints, partner: Ints) -> Copies:
    """The longest passage of each melody, of all those that begin at `onset`s and match at `partner`s."""
    onsets_before = np.concatenate([[0], np.cumsum(both.events >= FIRST_PITCH_ID)])
    notes = onsets_before[onset + steps] - onsets_before[onset]
    melody = both.sequence[onset] - n_training
    ranked = np.lexsort((steps, notes, melody))
    last = ranked[np.append(np.diff(melody[ranked]) > 0, True)]
    found = _nothing(len(both) - n_training)
    start, source, source_start = both.position[onset], both.sequence[partner], both.position[partner]
    for field, values in zip(fields(found), (notes, steps, start, source, source_start), strict=True):
        getattr(found, field.name)[melody[last]] = values[last]
    return found
