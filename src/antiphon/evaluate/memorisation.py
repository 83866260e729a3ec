"""Is it copying? The longest passage of a sequence that stands in the training set, in whatever key.

A passage begins with a note and goes on event by event: every event agrees, but that of notes with pitches
only the interval from the note before counts; so only the first pitch is free. Of two passages the one with
more notes is the longer (then the one of more steps), so that long rests count for little. The figure means
little alone, since all music of a kind shares its turns: the same is asked of pieces that the model has never
seen, and a model that copies no more than those repeat is not copying.

Method: sequences become tokens, and prefix doubling (Karp, Miller and Rosenberg, 1972) names all their
passages of 1, 2, 4, 8... events. The longest names sort every suffix as a suffix array would; the longest
match of a suffix stands next to it among the training set's, and its length is read off the names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from antiphon.arrays import Bool, Int64
from antiphon.evaluate.sequences import Sequences

QUANTILES = {"median": 50, "p90": 90, "max": 100}
"""Names of the figures of a set of lengths, and the percentiles they are."""


@dataclass(frozen=True)
class Copies:
    """The longest passage of each sequence asked about that stands in the training set; every field int64
    [n].

    `notes` that start in it, its length in `steps`, the event of the sequence where it `start`s, the
    training sequence (`source`) it stands in and the event there (`source_start`). A sequence that shares no
    note has lengths 0 and source -1.
    """

    notes: Int64
    steps: Int64
    start: Int64
    source: Int64
    source_start: Int64

    def take(self, part: slice) -> Copies:
        """The passages of some of the sequences."""
        return Copies(*(getattr(self, field.name)[part] for field in fields(self)))

    def summary(self) -> dict[str, float]:
        """Median, 90th percentile and longest, in notes and in steps; empty without sequences."""
        if not len(self.notes):
            return {}
        lengths = {"notes": self.notes, "steps": self.steps}
        return {
            f"{unit}_{name}": float(np.percentile(values, q))
            for unit, values in lengths.items()
            for name, q in QUANTILES.items()
        }


def longest_copies(asked: Sequences, training: Sequences) -> Copies:
    """The longest passage of each of `asked` that stands in `training`, transposition aside."""
    both = training.joined(asked)
    onsets = np.flatnonzero(both.onset)
    is_asked = both.sequence[onsets] >= len(training)
    if not is_asked.any() or is_asked.all():
        return _nothing(len(asked))
    heads, intervals = _heads_and_intervals(both)
    at = onsets + both.sequence[onsets]  # every sequence before has its end token
    if (heads[onsets] == heads[onsets[0]]).all():  # any note may begin a passage like any other
        agreeing, partner = _longest_matches(_text(both, [_pairs(heads, intervals)]), at + 1, is_asked)
        events = 1 + agreeing
    else:
        agreeing, partner = _longest_matches(_text(both, [intervals, heads]), 2 * at + 1, is_asked)
        events = (agreeing + 1) // 2
    some = events > 0
    return _longest_of_each(both, len(training), onsets[is_asked][some], events[some], onsets[partner][some])


def _nothing(n: int) -> Copies:
    return Copies(*np.zeros((3, n), np.int64), *np.full((2, n), -1))


def _text(sequences: Sequences, columns: Sequence[Int64]) -> Int64:
    """All sequences as tokens, so many for each event as there are `columns` [N], each followed by as many
    end tokens of its own that nothing matches."""
    width, n_tokens = len(columns), max(int(column.max(initial=-1)) for column in columns) + 1
    text = np.repeat(n_tokens + np.arange(len(sequences)), width * (sequences.lengths + 1))
    places = width * (np.arange(len(sequences.events)) + sequences.sequence)
    for offset, column in enumerate(columns):
        text[places + offset] = column
    return text


def _pairs(one: Int64, other: Int64) -> Int64:
    """A number for each pair of numbers, [N]."""
    return one * (int(other.max(initial=0)) + 1) + other


def _heads_and_intervals(sequences: Sequences) -> tuple[Int64, Int64]:
    """Of each event what it is apart from where it lies, and the interval to its first note from the note
    before, counted from 0 up; [N] each. Intervals between the notes of one event are part of what it is.

    The first note of a sequence has an interval that no passage reads: it can only be a passage's first note.
    """
    alphabet, events = sequences.alphabet, sequences.events.copy()
    pitch = alphabet.pitches(events)
    event, voice = np.nonzero(pitch >= 0)
    step = 128 + np.diff(pitch[event, voice], prepend=0)
    step[np.diff(sequences.sequence[event], prepend=-1) > 0] = 128
    leads = np.diff(event, prepend=-1) > 0
    interval, inner = np.zeros(len(events), np.int64), np.zeros_like(events)
    interval[event[leads]] = step[leads]
    inner[event[~leads], voice[~leads]] = step[~leads]
    for f, field in enumerate(alphabet.fields):
        tuned = field.onset & (field.pitch >= 0)
        without = np.where(tuned, np.arange(field.size) - field.place, np.arange(field.size))
        events[:, f] = without[events[:, f]]
    heads = events[:, 0]
    for column in (*events.T[1:], *inner.T[1:]):
        heads = np.unique(_pairs(heads, column), return_inverse=True)[1]
    return heads, interval


def _longest_matches(text: Int64, suffixes: Int64, asked: Bool) -> tuple[Int64, Int64]:
    """For each asked suffix its longest match among the others: how many tokens agree, and which one."""
    names = _names(text)
    partners = _neighbours(names[-1][suffixes], asked)
    agreeing = np.stack([_agreeing(names, suffixes[asked], suffixes[partner]) for partner in partners])
    best, which = agreeing.argmax(axis=0), np.arange(agreeing.shape[1])
    return agreeing[best, which], partners[best, which]


def _neighbours(rank: Int64, asked: Bool) -> Int64:
    """The others ranked next below and next above each asked one, [2, asked]; at an end the nearest twice."""
    others = np.flatnonzero(~asked)
    others = others[np.argsort(rank[others])]
    above = np.searchsorted(rank[others], rank[asked])
    return np.asarray(others[np.clip(np.stack([above - 1, above]), 0, len(others) - 1)])


def _names(text: Int64) -> list[Int64]:
    """`names[k][i]`: the rank of the passage of 2**k tokens at i among all; until all passages differ."""
    names = [np.unique(text, return_inverse=True)[1]]
    while names[-1].max() + 1 < len(text):
        last, width = names[-1] + 1, 1 << (len(names) - 1)
        following = np.concatenate([last[width:], np.zeros(min(width, len(last)), np.int64)])
        names.append(np.unique(last * (len(text) + 1) + following, return_inverse=True)[1])
    return names


def _agreeing(names: list[Int64], left: Int64, right: Int64) -> Int64:
    """How many tokens from `left` and `right` on agree; end tokens, which all differ, stop it in time."""
    length = np.zeros(len(left), np.int64)
    for level in range(len(names) - 1, -1, -1):
        length += (names[level][left + length] == names[level][right + length]).astype(np.int64) << level
    return length


def _longest_of_each(both: Sequences, n_training: int, onset: Int64, events: Int64, partner: Int64) -> Copies:
    """The longest passage of each sequence, of all those of `events` events that begin at `onset`s and match
    at `partner`s."""
    notes_before = np.concatenate([[0], np.cumsum(both.onset)])
    steps_before = np.concatenate([[0], np.cumsum(both.steps)])
    notes = notes_before[onset + events] - notes_before[onset]
    steps = steps_before[onset + events] - steps_before[onset]
    sequence = both.sequence[onset] - n_training
    ranked = np.lexsort((steps, notes, sequence))
    last = ranked[np.append(np.diff(sequence[ranked]) > 0, True)]
    found = _nothing(len(both) - n_training)
    start, source, source_start = both.position[onset], both.sequence[partner], both.position[partner]
    for field, values in zip(fields(found), (notes, steps, start, source, source_start), strict=True):
        getattr(found, field.name)[sequence[last]] = values[last]
    return found
