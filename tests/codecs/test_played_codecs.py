"""Ids of performances, performances of notes and lead sheets: there and back, and what is no id."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.codecs import leadsheet, note_performance, performance
from antiphon.codecs.kinds import Standing, kind
from antiphon.errors import InputError
from antiphon.extract import LeadSheet, NotePerformance, Performance, PerformanceOptions
from antiphon.extract.performance import MAX_SHIFT, NOTE_OFF, NOTE_ON, TIME_SHIFT, VELOCITY
from antiphon.score.maps import Meter
from antiphon.score.pedal import sustained
from antiphon.score.quantize import quantize

values = {
    NOTE_ON: st.integers(0, 127),
    NOTE_OFF: st.integers(0, 127),
    TIME_SHIFT: st.integers(0, MAX_SHIFT),
    VELOCITY: st.integers(1, 127),
}
events = st.one_of([value.map(lambda v, t=type_: (t, v)) for type_, value in values.items()])
clocks = st.sampled_from([{"steps_per_second": 100}, {"steps_per_second": 0, "steps_per_quarter": 4}])
places = st.fixed_dictionaries(
    {"start_step": st.integers(0, 10**6), "track": st.integers(-1, 99), "program": st.integers(-1, 128)}
)


@given(st.lists(events), clocks, places, st.integers(0, 127))
def test_performances(rows, clock, place, bins):
    played = Performance(np.array(rows, np.int16).reshape(-1, 2), n_velocity_bins=bins, **clock, **place)
    ids = performance.encode(played)
    assert ids.shape == (len(rows),)
    options = PerformanceOptions(n_velocity_bins=bins)
    assert performance.decode(ids.astype(np.int16), Standing.of(played), options) == played


@given(st.lists(st.integers(0, performance.N_EVENTS - 1)))
def test_every_id_is_an_event(ids):
    found = performance.events_of(np.array(ids, np.int64))
    again = Performance(found)
    assert performance.encode(again).tolist() == ids


def test_the_alphabet():
    named = {
        0: (TIME_SHIFT, 0),
        1: (NOTE_ON, 0),
        128: (NOTE_ON, 127),
        129: (NOTE_OFF, 0),
        256: (NOTE_OFF, 127),
    }
    named |= {257: (VELOCITY, 1), 383: (VELOCITY, 127), 384: (TIME_SHIFT, 1), 483: (TIME_SHIFT, 100)}
    assert performance.events_of(np.array(list(named))).tolist() == [list(event) for event in named.values()]
    assert performance.N_EVENTS <= 1 << 15


def test_ids_against_the_labels_of_the_original(encodings):
    """Its classes are onsets, releases, waits of 1 to 100 and bins, in this order and without gaps."""
    for example in encodings("performance_performance_with_dynamics")["examples"]:
        ids = performance.encode(Performance(np.array(example["events"], np.int16)))
        waits, bins = ids >= 384, (ids >= 257) & (ids < 384)
        labels = np.where(waits, ids - 384 + 256, np.where(bins, ids - 257 + 356, ids - 1))
        assert labels[1:].tolist() == example["labels"]


@pytest.mark.parametrize("ids", [[-1], [performance.N_EVENTS], [5, 40_000]])
def test_no_performance(ids):
    with pytest.raises(InputError, match="no performance event"):
        performance.decode(np.array(ids), Standing())


notes = st.tuples(
    st.integers(0, MAX_SHIFT), st.integers(0, 127), st.integers(0, 127), st.integers(1, MAX_SHIFT)
)


@given(st.lists(notes), clocks, places)
def test_performances_of_notes(rows, clock, place):
    played = NotePerformance(np.array(rows, np.int16).reshape(-1, 4), n_velocity_bins=32, **clock, **place)
    ids = note_performance.encode(played)
    assert note_performance.decode(ids, Standing.of(played)) == played


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ([1, 60, 3, 9], "shape"),
        ([[1, 60, 3]], "shape"),
        ([[1, 60, 3, 9], [1, 128, 3, 9]], "Note 1 has pitch 128"),
        ([[1, 60, 3, 0]], "Note 0 has duration 0"),
        ([[-1, 60, 3, 1]], "Note 0 has shift -1"),
    ],
)
def test_no_performance_of_notes(ids, told):
    with pytest.raises(InputError, match=told):
        note_performance.decode(np.array(ids), Standing())


steps = st.tuples(st.integers(-2, 127), st.integers(-1, 11), st.integers(0, 4095), st.integers(-1, 11))


@given(st.lists(steps), st.integers(0, 99), st.sampled_from([Meter(), Meter(3, 4)]))
def test_lead_sheets(rows, start_step, meter):
    sheet = LeadSheet(np.array(rows, np.int16).reshape(-1, 4), 4, meter, start_step, 2, 3, 40)
    ids = leadsheet.encode(sheet)
    assert (ids >= 0).all()
    assert leadsheet.decode(ids, Standing.of(sheet)) == sheet


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        ([0, 0, 0, 0], "shape"),
        ([[130, 0, 0, 0]], "Step 0 has event 130"),
        ([[0, 13, 0, 0]], "root 13"),
        ([[0, 0, 4096, 0]], "pitches 4096"),
        ([[0, 0, 0, -1]], "bass -1"),
    ],
)
def test_no_lead_sheet(ids, told):
    with pytest.raises(InputError, match=told):
        leadsheet.decode(np.array(ids), Standing())


@pytest.mark.parametrize("name", ["performance", "note-performance"])
def test_kinds_on_what_was_played(name, played):
    known = kind(name)
    options = known.extractor.options()
    grid = known.extractor.reading(options, 4).grid
    found = [known.extractor.extract(quantize(sustained(score), grid), options).sequences for score in played]
    assert all(len(sequences) >= 2 for sequences in found)
    for sequence in itertools.chain(*found):
        ids = known.encode(sequence)
        assert known.decode(ids.astype(np.int16), Standing.of(sequence), options) == sequence
        time, pitch = known.profile(sequence)
        assert sorted(zip(time.tolist(), (-pitch).tolist(), strict=True)) == list(
            zip(time.tolist(), (-pitch).tolist(), strict=True)
        )
        sounding = sequence.notes()
        assert set(zip(sounding.start.tolist(), sounding.pitch.tolist(), strict=True)) <= set(
            zip(time.tolist(), pitch.tolist(), strict=True)
        )
    assert not known.on_grid
