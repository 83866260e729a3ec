"""`PolyphonicSequence`: voices of one part step by step, notes that begin and notes that go on; its
extraction from a score, and the way back.

The events and the default options are those of Magenta's Polyphony RNN. Beyond Magenta, a score may change
its meter and begin with a pick-up bar, one part of several can be chosen, and long pieces cut.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from antiphon.arrays import Bool, Int16, Int64
from antiphon.extract import passages
from antiphon.extract.extraction import Extraction, Extractor
from antiphon.extract.passages import Passage, PassageOptions
from antiphon.extract.stepped import Stepped, as_score
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import Score

STEP_END = 0
START = 1
END = 2
NEW_NOTE = 3
"""The event of a note that begins, of MIDI pitch 0; pitch p is p more."""
CONTINUED_NOTE = 131
"""The event of a note that goes on, of MIDI pitch 0."""
N_EVENTS = 259

MOST_EVENTS = 1 << 22
"""Events of all sequences of a score; a million notes held together would be as many more every step."""
_STEP = 512  # sorting keys of a step: two for each pitch, then its end


@dataclass(frozen=True, eq=False)
class PolyphonicSequence(Stepped):
    """Voices together. `events` int16 [E] are START, then for every step the notes that sound in it from the
    highest down, each NEW_NOTE or CONTINUED_NOTE + pitch, and STEP_END; at last END.

    A pitch is there twice in a step where two notes have it, the older first. `track` is -1 where the notes
    came from several parts.
    """

    @property
    def n_steps(self) -> int:
        """How many steps it lasts."""
        return int((self.events == STEP_END).sum())

    def steps(self) -> Int64:
        """The step that each event belongs to, int64 [E]."""
        ended = self.events == STEP_END
        step: Int64 = np.cumsum(ended) - ended
        return step

    def notes(self) -> tuple[Int64, Int64, Int16]:
        """Onset and end of every note in steps (int64 [N]) and its pitch (int16 [N]), by pitch and onset.

        Of two notes of one pitch the older ends first. What goes on without having begun is no note.
        """
        return _notes(self.events, self.steps())


@dataclass(frozen=True)
class PolyphonyOptions(PassageOptions):
    """What counts as a polyphonic sequence. The defaults are those of Magenta's pipeline, but for drums,
    which it takes for notes of their pitches."""

    max_steps: int | None = 512
    """Longer ones are left out, or cut; None keeps them whole."""


def extract(
    score: QuantizedScore, options: PolyphonyOptions = PolyphonyOptions()
) -> Extraction[PolyphonicSequence]:
    """One sequence for every stretch of one meter of `score`, with the reasons for what was left out.

    Needs a `PerQuarter` grid (`TypeError` otherwise).
    """
    losses: Counter[str] = Counter()
    found, left = [], MOST_EVENTS
    for passage in passages.passages(score, options, losses):
        n_events = int((passage.end - passage.start).sum()) + passage.n_steps
        if n_events > left:
            losses[f"more than {MOST_EVENTS} events"] += 1
        else:
            left -= n_events
            found.append(PolyphonicSequence(_events(passage), **passage.standing))
    return Extraction(found, losses)


def _events(passage: Passage) -> Int16:
    """A key for every step of every note and for every step's end; sorted they are the events."""
    length = passage.end - passage.start
    first = np.cumsum(length) - length
    step = np.arange(int(length.sum())) + np.repeat(passage.start - first, length)
    key = step * _STEP + np.repeat(2 * (127 - passage.pitch.astype(np.int64)), length)
    key[first] += 1
    ends = np.arange(passage.n_steps) * _STEP + _STEP - 1
    place = np.sort(np.concatenate([key, ends])) % _STEP
    pitch, new = 127 - place // 2, place % 2 == 1
    events = np.where(place == _STEP - 1, STEP_END, pitch + np.where(new, NEW_NOTE, CONTINUED_NOTE))
    return np.concatenate([[START], events, [END]]).astype(np.int16)


def _notes(events: Int16, steps: Int64) -> tuple[Int64, Int64, Int16]:
    """How many notes of a pitch sound in a step (a cell) says how many end after it: the oldest."""
    sounds = events >= NEW_NOTE
    new = events[sounds] < CONTINUED_NOTE
    pitch = events[sounds] - np.where(new, NEW_NOTE, CONTINUED_NOTE)
    n_steps = int(steps[-1]) + 2 if len(steps) else 1
    cell, place = np.unique(pitch * np.int64(n_steps) + steps[sounds], return_inverse=True)
    begun = np.bincount(place[new], minlength=len(cell))
    going_on = np.bincount(place[~new], minlength=len(cell))
    follows = np.diff(cell, prepend=-2) == 1
    active = _active(begun, going_on, follows)
    kept = np.append((active - begun)[1:] * follows[1:], 0)
    start, stop = np.repeat(cell, begun), np.repeat(cell + 1, active - kept)
    return start % n_steps, (stop - 1) % n_steps + 1, (start // n_steps).astype(np.int16)


def _active(begun: Int64, going_on: Int64, follows: Bool) -> Int64:
    """Notes sounding in every cell: those begun in it, and of those going on no more than sounded before.

    n = begun + min(going on, n before) along every run of cells that follow one another. Less the notes begun
    since the run's first cell it is a running minimum, for which each run stands below all runs before.
    """
    run = np.cumsum(~follows)
    total = np.cumsum(begun)
    before = total - begun
    since = before - before[~follows][run - 1]
    floor = run * np.int64(2 * (len(begun) + int(total[-1]) + int(going_on.max())) + 2) if len(begun) else run
    bound = np.where(follows, going_on, 0) - since - floor
    active: Int64 = begun + since + np.minimum.accumulate(bound) + floor
    return active


def to_score(
    sequence: PolyphonicSequence,
    qpm: float = 120.0,
    program: int | None = None,
    velocity: int = 100,
    name: str = "Polyphony",
) -> Score:
    """`sequence` as a score of one part named `name`, its first step at tick 0.

    `program` None is the sequence's own. A pick-up becomes a short first meter; where no meter has its length
    (a third of a beat), the score begins with a whole bar, rests first. Silence after the last note is lost.
    """
    return as_score(sequence, sequence.notes(), qpm=qpm, program=program, velocity=velocity, name=name)


EXTRACTOR = Extractor(PolyphonicSequence, extract, PolyphonyOptions, to_score)
