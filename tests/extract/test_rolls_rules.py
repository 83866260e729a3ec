"""Polyphony and pianorolls: the rules one by one, plain extractions step by step, and the way back."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.extract import passages, pianoroll, polyphony
from antiphon.extract.pianoroll import PianorollOptions, PianorollSequence
from antiphon.extract.polyphony import (
    CONTINUED_NOTE,
    END,
    NEW_NOTE,
    START,
    STEP_END,
    PolyphonicSequence,
    PolyphonyOptions,
)
from antiphon.score.maps import Meter, MeterMap
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter, PerSecond, QuantizedScore

ANY_POLYPHONY = PolyphonyOptions(min_steps=0, max_steps=None)
ANY_ROLL = PianorollOptions(min_steps=0, max_steps=None)
BOTH = [(polyphony.extract, PolyphonyOptions), (pianoroll.extract, PianorollOptions)]


def _score(notes, meters=(), **columns):
    """A score of (start, end, pitch) rows."""
    start, end, pitch = zip(*notes, strict=True)
    return QuantizedScore(
        Notes.of(start, end, pitch, **columns), PerQuarter(4), max(end), meters=MeterMap.of(meters)
    )


def _words(sequence):
    """'n60 c64 | |': notes new and continued, steps' ends as bars."""
    words = {START: "<", END: ">", STEP_END: "|"}
    return " ".join(
        words.get(event)
        or (f"n{event - NEW_NOTE}" if event < CONTINUED_NOTE else f"c{event - CONTINUED_NOTE}")
        for event in sequence.events.tolist()
    )


EVENTS = [
    ("a note goes on", [(0, 2, 60)], "< n60 | c60 | >"),
    ("silence before is there", [(2, 3, 60)], "< | | n60 | >"),
    ("the highest first", [(0, 1, 60), (0, 1, 64)], "< n64 n60 | >"),
    ("new and held ones together", [(0, 2, 60), (1, 2, 50), (1, 2, 70)], "< n60 | n70 c60 n50 | >"),
    ("a repeated note", [(0, 1, 60), (1, 2, 60)], "< n60 | n60 | >"),
    ("two of one pitch", [(0, 2, 60), (1, 3, 60)], "< n60 | c60 n60 | c60 | >"),
]


@pytest.mark.parametrize(("notes", "expected"), [row[1:] for row in EVENTS], ids=[row[0] for row in EVENTS])
def test_events(notes, expected):
    for order in (1, -1):
        (sequence,) = polyphony.extract(_score(notes[::order]), ANY_POLYPHONY).sequences
        assert _words(sequence) == expected


ROLLS = [
    ("a note sounds", [(0, 2, 60)], True, [[60], [60]]),
    ("a struck key was up", [(0, 2, 60), (2, 4, 60)], True, [[60], [], [60], [60]]),
    ("or not", [(0, 2, 60), (2, 4, 60)], False, [[60]] * 4),
    ("a short note is lost", [(0, 1, 60), (1, 2, 60)], True, [[], [60]]),
    ("the outermost keys", [(0, 1, 21), (0, 1, 108)], True, [[21, 108]]),
]


@pytest.mark.parametrize(
    ("notes", "split", "expected"), [row[1:] for row in ROLLS], ids=[row[0] for row in ROLLS]
)
def test_rolls(notes, split, expected):
    options = PianorollOptions(min_steps=0, split_repeats=split)
    (sequence,) = pianoroll.extract(_score(notes), options).sequences
    assert [(np.flatnonzero(row) + 21).tolist() for row in sequence.roll()] == expected


@pytest.mark.parametrize(("extract", "options"), BOTH)
def test_what_is_left_out_is_counted(extract, options):
    long = _score([(0, 600, 60)])
    assert extract(_score([(0, 79, 60)]), options()).losses == {"shorter than 80 steps": 1}
    assert extract(long, options(max_steps=512, cut=False)).losses == {"longer than 512 steps": 1}
    cut = extract(long, options(max_steps=512, cut=True))
    assert cut.losses == {"cut at 512 steps": 1}
    assert len(cut.sequences) == 1
    two = extract(_score([(0, 90, 60), (0, 90, 64)], program=[0, 1], track=[0, 1]), options())
    assert two.losses == {"more than one program": 1}
    alone = extract(_score([(0, 90, 60), (0, 90, 64)], program=[0, 1], track=[0, 1]), options(track=1))
    assert [(s.track, s.program) for s in alone.sequences] == [(1, 1)]
    assert extract(_score([(0, 90, 60)], is_drum=True), options()).losses == {"only drums": 1}
    assert len(extract(_score([(0, 90, 60)], is_drum=True), options(drums=True)).sequences) == 1
    late = extract(_score([(200, 300, 60)]), options(max_steps=100, cut=True))
    assert (late.sequences, late.losses) == ([], {"cut at 100 steps": 1})


def test_notes_beyond_the_keys():
    found = pianoroll.extract(_score([(0, 90, 20), (0, 90, 109), (0, 80, 60)]))
    assert found.losses == {"notes outside a piano's keys": 2}
    assert len(found.sequences[0]) == 90
    assert pianoroll.extract(_score([(0, 90, 20)])).sequences == []


@pytest.mark.parametrize(("extract", "options"), BOTH)
def test_no_score_takes_memory_without_bound(extract, options):
    endless = extract(_score([(0, 1 << 40, 60)]), options(max_steps=None, cut=False))
    assert endless.losses == {f"longer than {passages.LONGEST} steps": 1}
    cut = extract(_score([(0, 1 << 40, 60)]), options(max_steps=None, cut=True))
    assert cut.losses == {f"cut at {passages.LONGEST} steps": 1}


def test_no_sequence_has_events_without_bound():
    wall = Notes.of(np.zeros(10_000), np.full(10_000, 500), np.arange(10_000) % 128)
    found = polyphony.extract(QuantizedScore(wall, PerQuarter(4), 500))
    assert found.losses == {f"more than {polyphony.MOST_EVENTS} events": 1}


def test_all_sequences_of_a_score_share_the_bound(monkeypatch):
    """Two passages of twenty steps, each of twenty ends of steps and twenty of a note."""
    score = _score([(0, 20, 60), (20, 40, 62)], meters=[(0, 4, 4), (20, 5, 4)])
    options = polyphony.PolyphonyOptions(min_steps=0)
    for most, kept in ((80, 2), (79, 1), (39, 0)):
        monkeypatch.setattr(polyphony, "MOST_EVENTS", most)
        found = polyphony.extract(score, options)
        assert len(found.sequences) == kept
        assert found.losses == ({f"more than {most} events": 2 - kept} if kept < 2 else {})


@pytest.mark.parametrize(("extract", "options"), BOTH)
def test_meters_and_pickups(extract, options):
    notes = [(1, 3, 60), (14, 50, 64), (40, 41, 62)]
    meters = [(0, 1, 8), (2, 3, 4), (38, 4, 4)]
    found = extract(_score(notes, meters), options(min_steps=0)).sequences
    assert [(str(s.meter), s.start_step, s.start_in_bar) for s in found] == [("3/4", 0, 10), ("4/4", 38, 0)]
    assert [int(s.notes()[1].max()) for s in found] == [38, 3]
    odd = extract(_score([(0, 90, 60)], [(0, 7, 32)]), options())
    assert odd.losses == {"a bar is not a whole number of steps (7/32)": 1}
    with pytest.raises(TypeError, match="no bars"):
        extract(_score([(0, 90, 60)]).replace(grid=PerSecond(100)))
    for wrong in ({"min_steps": -1}, {"max_steps": 0}):
        with pytest.raises(OptionError):
            options(**wrong)


_note = st.tuples(st.integers(0, 40), st.integers(1, 20), st.integers(58, 63)).map(
    lambda n: (n[0], n[0] + n[1], n[2])
)
_notes = st.lists(_note, min_size=1, max_size=25)


def _plain_events(notes):
    """The events step by step, after the rules."""
    events = [START]
    for step in range(max(end for _, end, _ in notes)):
        sounds = sorted((-pitch, start == step) for start, end, pitch in notes if start <= step < end)
        events += [-pitch + (NEW_NOTE if new else CONTINUED_NOTE) for pitch, new in sounds]
        events.append(STEP_END)
    return [*events, END]


@given(_notes)
@settings(max_examples=200)
def test_polyphony_equals_the_plain_extraction(notes):
    (sequence,) = polyphony.extract(_score(notes), ANY_POLYPHONY).sequences
    assert sequence.events.tolist() == _plain_events(notes)
    assert sequence.n_steps == max(end for _, end, _ in notes)


@given(_notes, st.booleans())
@settings(max_examples=200)
def test_pianorolls_equal_the_plain_extraction(notes, split):
    options = PianorollOptions(min_steps=0, max_steps=None, split_repeats=split)
    (sequence,) = pianoroll.extract(_score(notes), options).sequences
    expected = np.zeros((len(sequence), 88), bool)
    for start, end, pitch in sorted(notes):
        if split and start:
            expected[start - 1, pitch - 21] = False
        expected[start:end, pitch - 21] = True
    assert np.array_equal(sequence.roll(), expected)


_standing = st.tuples(st.sampled_from([((4, 4), 0), ((3, 4), 0), ((6, 8), 4), ((7, 8), 0), ((4, 4), 12)]))


@given(_notes, _standing, st.integers(0, 127))
@settings(max_examples=200)
def test_extraction_undoes_polyphonys_to_score(notes, standing, program):
    ((meter, in_bar),) = standing
    sequence = PolyphonicSequence(_plain_events(notes), 4, Meter(*meter), 0, in_bar, 0, program)
    score = quantize(polyphony.to_score(sequence, 90.0), PerQuarter(4))
    assert polyphony.extract(score, ANY_POLYPHONY).sequences == [sequence]
    start, end, pitch = sequence.notes()
    assert sorted(pitch.tolist()) == sorted(row[2] for row in notes)
    assert int((end - start).sum()) == sum(row[1] - row[0] for row in notes)


def _plain_notes(events):
    """(pitch, start, end) of the notes, step by step: the older of two of one pitch ends first."""
    sounding, found = [], []
    for step, happens in enumerate(_steps(events)):
        going_on = Counter(event - CONTINUED_NOTE for event in happens if event >= CONTINUED_NOTE)
        kept = []
        for pitch, start in reversed(sounding):
            if going_on[pitch]:
                going_on[pitch] -= 1
                kept.insert(0, (pitch, start))
            else:
                found.append((pitch, start, step))
        begun = [event - NEW_NOTE for event in happens if NEW_NOTE <= event < CONTINUED_NOTE]
        sounding = kept + [(pitch, step) for pitch in begun]
    return found


def _steps(events):
    """The events of each step, and of an empty one after the last."""
    steps = [[]]
    for event in events:
        if event == STEP_END:
            steps.append([])
        else:
            steps[-1].append(event)
    return [*steps, []]


@given(st.lists(st.sampled_from([STEP_END, STEP_END, START, END, 63, 64, 191, 192]), max_size=60))
@settings(max_examples=300)
def test_whatever_the_events_there_are_notes(events):
    """Of any events, as a model may write them; what goes on without having begun is silent."""
    start, end, pitch = PolyphonicSequence(events).notes()
    found = sorted(zip(pitch.tolist(), start.tolist(), end.tolist(), strict=True))
    assert found == sorted(_plain_notes(events))


@given(st.lists(st.lists(st.integers(21, 108), max_size=4), min_size=1, max_size=30), _standing)
@settings(max_examples=200)
def test_extraction_undoes_a_rolls_to_score(keys, standing):
    ((meter, in_bar),) = standing
    roll = np.zeros((len(keys) + 1, 88), bool)
    for step, pitches in enumerate(keys):
        roll[step, np.array(pitches, int) - 21] = True
    roll[len(keys), 0] = True
    sequence = PianorollSequence(pianoroll.packed(roll), 4, Meter(*meter), 0, in_bar)
    assert np.array_equal(sequence.roll(), roll)
    score = quantize(pianoroll.to_score(sequence, 90.0), PerQuarter(4))
    assert pianoroll.extract(score, ANY_ROLL).sequences == [sequence]


def test_silence_becomes_no_notes():
    assert len(polyphony.to_score(PolyphonicSequence([START, STEP_END, STEP_END, END])).notes) == 0
    assert len(polyphony.to_score(PolyphonicSequence([])).notes) == 0
    assert len(pianoroll.to_score(PianorollSequence(np.zeros((0, 6)))).notes) == 0
    assert len(pianoroll.to_score(PianorollSequence(np.zeros((9, 6)))).notes) == 0
