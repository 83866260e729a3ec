"""Is it copying? The longest passage of a melody that stands in the training set, in whatever key.

A passage begins with a note and goes on event by event: where notes start, where they end, and the interval from each note
to the next all agree; only its first pitch is free. Of two passages the one with more notes is the longer (then the one of
more steps), so that long rests count for little. The figure means little alone, since all music of a kind shares its turns:
the same is asked of pieces that the model has never seen, and a model that copies no more than those repeat is not copying.

Method: melodies become tokens (nothing new, note off, interval from the note before), and prefix doubling (Karp, Miller and
Rosenberg, 1972) names all their passages of 1, 2, 4, 8... events. The longest names sort every suffix as a suffix array
would; the longest match of a suffix stands next to it among the training set's, and its length is read off the names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antiphon.codecs.melody import FIRST_PITCH_ID
from antiphon.evaluate.sequences import Bools, Ints, Sequences

_INTERVAL_0 = FIRST_PITCH_ID + 128
_N_TOKENS = FIRST_PITCH_ID + 256
_QUANTILES = {"median": 50, "p90": 90, "max": 100}


@dataclass(frozen=True)
class Copies:
    """The longest passage of each melody asked about that stands in the training set; every field int64 [n].

    `notes` that start in it, its length in `steps`, the step of the melody where it `start`s, the training sequence
    (`source`) it stands in and the step there (`source_start`). A melody that shares no note has lengths 0 and source -1.
    """

    notes: Ints
    steps: Ints
    start: Ints
    source: Ints
    source_start: Ints

    def summary(self) -> dict[str, float]:
        """Median, 90th percentile and longest, in notes and in steps; empty without melodies."""
        if not len(self.notes):
            return {}
        lengths = {"notes": self.notes, "steps": self.steps}
        return {
            f"{unit}_{name}": float(np.percentile(values, q))
            for unit, values in lengths.items()
            for name, q in _QUANTILES.items()
        }


def longest_copies(melodies: Sequences, training: Sequences) -> Copies:
    """The longest passage of each of `melodies` that stands in `training`, transposition aside."""
    both = Sequences.of([*training, *melodies])
    onsets = np.flatnonzero(both.events >= FIRST_PITCH_ID)
    asked = both.sequence[onsets] >= len(training)
    copies = Copies(*np.zeros((3, len(melodies)), np.int64), *np.full((2, len(melodies)), -1))
    if asked.any() and not asked.all():
        steps, partner = _longest_matches(_text(both), onsets + both.sequence[onsets] + 1, asked)
        _keep_longest(copies, both, onsets[asked], steps, onsets[partner], len(training))
    return copies


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
    """For each asked suffix its longest match among the others: 1 + events that agree, and which other one."""
    names = _names(text)
    order = np.argsort(names[-1][suffixes], kind="stable")
    place = np.arange(len(order))
    other = ~asked[order]
    before = np.maximum.accumulate(np.where(other, place, -1))
    after = np.minimum.accumulate(np.where(other, place, len(order))[::-1])[::-1]
    who = np.flatnonzero(asked)
    rank = np.empty_like(order)
    rank[order] = place
    neighbours = np.stack([before[rank[who]], after[rank[who]]])
    exists = (neighbours >= 0) & (neighbours < len(order))
    partners = order[np.where(exists, neighbours, neighbours[::-1])]
    agreeing = np.stack([_agreeing(names, suffixes[who], suffixes[partner]) for partner in partners])
    best = agreeing.argmax(axis=0)[None]
    return 1 + np.take_along_axis(agreeing, best, 0)[0], np.take_along_axis(partners, best, 0)[0]


def _names(text: Ints) -> list[Ints]:
    """`names[k][i]`: the rank of the passage of 2**k tokens at i among all; until all passages differ."""
    names = [np.unique(text, return_inverse=True)[1]]
    while names[-1].max() + 1 < len(text):
        last, width = names[-1] + 1, 1 << (len(names) - 1)
        following = np.concatenate([last[width:], np.zeros(min(width, len(last)), np.int64)])
        names.append(np.unique(last * (len(text) + 1) + following, return_inverse=True)[1])
    return names


def _agreeing(names: list[Ints], left: Ints, right: Ints) -> Ints:
    """How many tokens from `left` and from `right` on agree; end tokens, which all differ, stop it in time."""
    length = np.zeros(len(left), np.int64)
    for level in range(len(names) - 1, -1, -1):
        length += (names[level][left + length] == names[level][right + length]).astype(np.int64) << level
    return length


def _keep_longest(copies: Copies, both: Sequences, onset: Ints, steps: Ints, partner: Ints, n_training: int) -> None:
    """Write each melody's longest passage into `copies`; the arrays hold every passage asked about."""
    onsets_until = np.concatenate([[0], np.cumsum(both.events >= FIRST_PITCH_ID)])
    notes = onsets_until[onset + steps] - onsets_until[onset]
    melody = both.sequence[onset] - n_training
    ranked = np.lexsort((steps, notes, melody))
    last = ranked[np.append(np.diff(melody[ranked]) > 0, True)]
    copies.notes[melody[last]], copies.steps[melody[last]] = notes[last], steps[last]
    copies.start[melody[last]] = both.position[onset[last]]
    copies.source[melody[last]] = both.sequence[partner[last]]
    copies.source_start[melody[last]] = both.position[partner[last]]
