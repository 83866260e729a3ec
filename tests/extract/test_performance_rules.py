"""Performances: the rules one by one, a slow reading of them, and the way back to a score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon import io
from antiphon.errors import OptionError
from antiphon.extract import extractor
from antiphon.extract import note_performance as by_note
from antiphon.extract import performance as streams
from antiphon.extract.extraction import Reading
from antiphon.extract.note_performance import NotePerformance, NotePerformanceOptions
from antiphon.extract.performance import (
    NOTE_OFF,
    NOTE_ON,
    TIME_SHIFT,
    VELOCITY,
    Performance,
    PerformanceOptions,
)
from antiphon.extract.playing import bin_velocities, velocity_bins
from antiphon.score.maps import TempoMap
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter, PerSecond, QuantizedScore
from antiphon.score.score import Score

FREE = {"window_steps": None, "min_events": 0, "max_events": None}


def _grid(notes, grid=PerSecond(100), **columns):
    """Notes (start, end, pitch, velocity) in steps."""
    start, end, pitch, velocity = zip(*notes, strict=True) if notes else [()] * 4
    return QuantizedScore(Notes.of(start, end, pitch, velocity, **columns), grid, max(end, default=0))


def _found(score, **options):
    return streams.extract(score, PerformanceOptions(**FREE | options))


def _events(notes, **options):
    (found,) = _found(_grid(notes), **options).sequences
    return [tuple(event) for event in found.events.tolist()]


on, off, wait, loud = ((lambda v, t=t: (t, v)) for t in (NOTE_ON, NOTE_OFF, TIME_SHIFT, VELOCITY))


@pytest.mark.parametrize(
    ("notes", "events"),
    [
        ([(0, 5, 60, 100)], [loud(25), on(60), wait(5), off(60)]),
        ([(250, 350, 60, 127)], [wait(100), wait(100), wait(50), loud(32), on(60), wait(100), off(60)]),
        ([(0, 5, 64, 50), (0, 5, 60, 50)], [loud(13), on(60), on(64), wait(5), off(60), off(64)]),
        # at one step, what belongs to an earlier note comes first
        ([(0, 5, 60, 50), (5, 6, 60, 50)], [loud(13), on(60), wait(5), off(60), on(60), wait(1), off(60)]),
        ([(0, 5, 64, 50), (5, 6, 60, 52)], [loud(13), on(64), wait(5), off(64), on(60), wait(1), off(60)]),
    ],
)
def test_events(notes, events):
    assert _events(notes) == events


def test_without_loudness():
    assert _events([(0, 5, 60, 100)], n_velocity_bins=0) == [on(60), wait(5), off(60)]


def test_the_order_is_that_before_rounding():
    """Two notes of one step: the one begun first comes first, though it is the higher."""
    score = Score(Notes.of([0, 2], [500, 500], [64, 60]), 500, TempoMap.of([(0, 120)]))
    (found,) = _found(quantize(score, PerSecond(100)), n_velocity_bins=0).sequences
    assert [tuple(e) for e in found.events.tolist()] == [on(64), on(60), wait(50), off(64), off(60)]


@given(st.integers(1, 127), st.lists(st.integers(1, 127), min_size=1))
def test_velocity_bins(n, velocities):
    velocity = np.array(velocities, dtype=np.int16)
    bins = velocity_bins(velocity, n)
    lowest = bin_velocities(bins, n)
    assert bins.min() >= 1
    assert bins.max() <= n
    assert ((lowest <= velocity) & (velocity - lowest < -(-127 // n))).all()
    assert np.array_equal(velocity_bins(lowest, n), bins)


def test_windows_cut_notes_and_count_from_their_own_beginning():
    score = _grid([(10, 400, 60, 9), (290, 310, 62, 9), (300, 310, 64, 9), (650, 660, 65, 9)])
    found = _found(score, window_steps=300, n_velocity_bins=0).sequences
    assert [p.start_step for p in found] == [0, 300, 600]
    assert [p.steps for p in found] == [300, 10, 60]
    assert [p.notes().start.tolist() for p in found] == [[10, 290], [0], [50]]
    assert [p.notes().end.tolist() for p in found] == [[300, 300], [10], [60]]


def test_a_note_belongs_to_the_window_in_which_it_was_struck():
    score = Score(Notes.of([2998], [3500], [60]), 500, TempoMap.of([(0, 120)]))
    (found,) = _found(quantize(score, PerSecond(100)), window_steps=300, n_velocity_bins=0).sequences
    assert found.start_step == 0
    assert found.notes().start.tolist() == [300]
    assert found.notes().end.tolist() == [301]


def test_cuts():
    notes = [(k * 10, k * 10 + 5, 60 + k, 9) for k in range(10)]
    found = _found(_grid(notes), max_events=7, n_velocity_bins=0)
    assert len(found.sequences[0]) == 7
    assert found.losses == {"cut at 7 events": 1}
    for most, last in ((25, off(62)), (27, wait(2)), (30, on(63))):
        found = _found(_grid(notes), max_steps=most, n_velocity_bins=0)
        assert found.sequences[0].steps == most
        assert tuple(found.sequences[0].events[-1].tolist()) == last
        assert found.losses == {f"cut at {most} steps": 1}
    assert not _found(_grid(notes), max_steps=95).losses
    found = by_note.extract(_grid(notes), NotePerformanceOptions(**FREE | {"max_steps": 22}))
    assert found.sequences[0].events[:, 3].tolist() == [5, 5, 2]
    assert found.losses == {"cut at 22 steps": 1}


def test_programs_and_parts():
    notes = [(0, 5, 60, 9), (3, 9, 40, 9), (9, 12, 36, 9)]
    mixed = _grid(notes, program=[0, 33, 0], track=[0, 1, 2], is_drum=[False, False, True])
    assert _found(mixed).losses == {"more than one program": 1}
    found = _found(mixed, split_parts=True).sequences
    assert [(p.track, p.program) for p in found] == [(0, 0), (1, 33)]
    found = _found(mixed, split_parts=True, drums=True).sequences
    assert [(p.track, p.program) for p in found] == [(0, 0), (1, 33), (2, 128)]
    assert found[2].start_step == 0
    assert streams.to_score(found[2]).notes.is_drum.tolist() == [True]
    (pooled,) = _found(_grid(notes, track=[0, 1, 2])).sequences
    assert (pooled.track, pooled.program) == (-1, 0)


def test_percussion_does_not_count_unless_asked():
    drums = _grid([(0, 5, 36, 9)], is_drum=True)
    assert _found(drums).losses == {"only drums": 1}
    assert len(_found(drums, drums=True).sequences) == 1
    assert _found(_grid([])).losses == {"no notes": 1}


def test_what_notes_cannot_say():
    far = _grid([(0, 5, 60, 9), (1006, 1010, 60, 9)])
    found = by_note.extract(far, NotePerformanceOptions(**FREE))
    assert found.losses == {"more than 1000 steps between onsets": 1}
    long = _grid([(0, 1001, 60, 9)])
    found = by_note.extract(long, NotePerformanceOptions(**FREE))
    assert found.losses == {"a note of more than 1000 steps": 1}
    found = by_note.extract(_grid([(0, 10, 60, 9)]), NotePerformanceOptions(**FREE | {"min_events": 2}))
    assert found.losses == {"fewer than 2 events": 1}


@pytest.mark.parametrize(
    "values",
    [
        {"n_velocity_bins": 128},
        {"n_velocity_bins": -1},
        {"steps_per_second": 0},
        {"window_steps": 0},
        {"max_events": 0},
        {"max_steps": 0},
        {"max_shift_steps": 0},
        {"max_shift_steps": 40_000},
    ],
)
@pytest.mark.parametrize("options", [PerformanceOptions, NotePerformanceOptions])
def test_options_that_mean_nothing(options, values):
    with pytest.raises(OptionError, match=next(iter(values))):
        options(**values)


@pytest.mark.parametrize("kind", ["performance", "note-performance"])
def test_reading(kind):
    known = extractor(kind)
    assert known.reading(known.options(), 4) == Reading(PerSecond(100), True)
    metric = known.options(steps_per_second=None, pedal=False)
    assert known.reading(metric, 4) == Reading(PerQuarter(4), False)


def test_on_the_beat():
    """Magenta's metric performance: a wait of four quarters at most, and the tempo is the score's to say."""
    score = _grid([(20, 24, 60, 9)], PerQuarter(4))
    (found,) = _found(score, n_velocity_bins=0, steps_per_second=None).sequences
    assert [tuple(e) for e in found.events.tolist()] == [wait(16), wait(4), on(60), wait(4), off(60)]
    assert (found.steps_per_second, found.steps_per_quarter) == (0, 4)
    played = streams.to_score(found, qpm=60)
    assert played.start_s.tolist() == [5.0]


pitches = st.integers(60, 64)
some_notes = st.lists(
    st.tuples(st.integers(0, 700), st.integers(1, 250), pitches, st.integers(1, 127)), max_size=25
)


def _slowly(score, bins, longest):
    """The events of one performance, one by one."""
    notes = score.notes
    order = sorted(range(len(notes)), key=lambda i: (notes.start[i], notes.pitch[i]))
    moments = sorted(
        moment
        for k, i in enumerate(order)
        for moment in ((int(notes.start[i]), k, False), (int(notes.end[i]), k, True))
    )
    now, held, events = 0, 0, []
    for step, k, is_end in moments:
        while step > now + longest:
            events.append(wait(longest))
            now += longest
        if step > now:
            events.append(wait(step - now))
            now = step
        size = -(-127 // bins) if bins else 0
        degree = (int(notes.velocity[order[k]]) - 1) // size + 1 if bins else 0
        if not is_end and degree != held:
            events.append(loud(degree))
            held = degree
        events.append((off if is_end else on)(int(notes.pitch[order[k]])))
    return events


def _slow_notes(performance):
    """(pitch, start, end, velocity), first in, first out, one by one."""
    now, velocity, open_, found = 0, 100, {}, []
    size = -(-127 // performance.n_velocity_bins) if performance.n_velocity_bins else 0
    for kind, value in performance.events.tolist():
        if kind == TIME_SHIFT:
            now += value
        elif kind == VELOCITY:
            velocity = 1 + (value - 1) * size if size else 100
        elif kind == NOTE_ON:
            open_.setdefault(value, []).append((now, velocity))
        elif open_.get(value):
            start, degree = open_[value].pop(0)
            found.append((value, start, now, degree))
    found += [(pitch, start, now, degree) for pitch, left in open_.items() for start, degree in left]
    return sorted(note for note in found if note[2] > note[1])


def _rows(notes):
    columns = (notes.pitch, notes.start, notes.end, notes.velocity)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


@given(some_notes, st.sampled_from([0, 1, 8, 32, 127]), st.sampled_from([1, 7, 100, 1000]))
def test_equals_the_events_one_by_one(notes, bins, longest):
    score = _grid([(start, start + length, pitch, loud) for start, length, pitch, loud in notes])
    found = _found(score, n_velocity_bins=bins, max_shift_steps=longest).sequences
    assert [[tuple(e) for e in p.events.tolist()] for p in found] == [_slowly(score, bins, longest)] * bool(
        notes
    )


@given(some_notes, st.integers(1, 400), st.booleans())
def test_windows_are_performances_of_their_own(notes, window, by_part):
    score = _grid(
        [(s, s + n, pitch, loud) for s, n, pitch, loud in notes], track=[p % 2 for *_, p, _ in notes]
    )
    found = _found(score, window_steps=window, split_parts=by_part).sequences
    pieces = []
    for part in (0, 1) if by_part else (None,):
        chosen = score.notes if part is None else score.notes[score.notes.track == part]
        for k in sorted(set((chosen.start // window).tolist())):
            inside = chosen[chosen.start // window == k]
            inside = inside.replace(
                start=inside.start - k * window, end=np.minimum(inside.end - k * window, window)
            )
            pieces.append((k * window, _slowly(score.replace(notes=inside), 32, 100)))
    assert [(p.start_step, [tuple(e) for e in p.events.tolist()]) for p in found] == pieces


events = st.one_of(
    pitches.map(on), pitches.map(off), st.integers(0, 300).map(wait), st.integers(1, 32).map(loud)
)


@given(st.lists(events, max_size=40), st.sampled_from([0, 32]))
def test_notes_of_any_stream(stream, bins):
    performance = Performance(np.array(stream, np.int16).reshape(-1, 2), n_velocity_bins=bins)
    assert _rows(performance.notes()) == _slow_notes(performance)


def _apart(notes):
    """Without notes of a pitch that overlap: what two keys of one pitch did, no stream of events can tell."""
    free, kept = {}, []
    for start, length, pitch, degree in sorted(notes):
        if start >= free.get(pitch, 0):
            kept.append((start, start + length, pitch, degree))
            free[pitch] = start + length
    return kept


@given(some_notes, st.sampled_from([PerSecond(100), PerSecond(31), PerQuarter(4), PerQuarter(480)]))
@pytest.mark.parametrize(
    ("module", "options", "bins"),
    [
        (streams, PerformanceOptions, 127),
        (streams, PerformanceOptions, 8),
        (by_note, NotePerformanceOptions, 127),
        (by_note, NotePerformanceOptions, 32),
    ],
)
def test_there_and_back(module, options, bins, notes, grid):
    score = _grid(_apart(notes), grid)
    chosen = options(**FREE | {"n_velocity_bins": bins})
    for performance in module.extract(score, chosen).sequences:
        assert _rows(performance.notes()) == _rows(
            score.notes.replace(velocity=bin_velocities(velocity_bins(score.notes.velocity, bins), bins))
        )
        again = quantize(module.to_score(performance, qpm=97), grid)
        assert module.extract(again, chosen).sequences == [performance]


def test_the_score_of_a_performance_survives_midi(tmp_path, played):
    options = PerformanceOptions(**FREE | {"track": "MELODY"})
    for score in played:
        (performance,) = streams.extract(quantize(score, PerSecond(100)), options).sequences
        assert len(performance) > 1000
        io.save(streams.to_score(performance, name="Grand"), tmp_path / "played.mid")
        read = io.load(tmp_path / "played.mid")
        assert read.track_names == ("Grand",)
        assert _rows(quantize(read, PerSecond(100)).notes) == _rows(performance.notes())


def test_values():
    one = NotePerformance(np.array([[3, 60, 5, 10]], np.int16), n_velocity_bins=32)
    assert one == one.replace()
    assert one != one.replace(start_step=1)
    assert one != Performance(one.events, n_velocity_bins=32)
    assert len(one) == 1
    assert one.steps == 13
    assert NotePerformance(np.zeros((0, 4), np.int16)).steps == 0


def test_no_more_events_are_made_than_a_machine_can_hold(monkeypatch):
    """Two parts, each with a long silence, where only the events of one are allowed."""
    score = _grid([(9_900, 9_950, 60, 9), (9_900, 9_950, 62, 9)], track=[0, 1])
    options = {"split_parts": True, "n_velocity_bins": 0}
    whole = _found(score, **options).sequences
    assert [len(found) for found in whole] == [102, 102]
    for most, kept in ((204, 2), (203, 1), (101, 0)):
        monkeypatch.setattr(streams, "MOST_EVENTS", most)
        found = _found(score, **options)
        assert found.sequences == whole[:kept]
        assert found.losses == ({f"more than {most} events": 2 - kept} if kept < 2 else {})
