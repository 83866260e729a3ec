"""What holds for every melody from any score under any options."""

from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.extract.lines import POLYPHONY
from antiphon.extract.melody import NO_EVENT, NOTE_OFF, MelodyOptions, extract
from antiphon.score.maps import MeterMap
from antiphon.score.notes import Notes
from antiphon.score.quantized import PerQuarter, QuantizedScore

_note = st.tuples(
    st.integers(0, 200), st.integers(1, 60), st.integers(0, 127), st.integers(0, 2), st.integers(0, 2)
)
_meter = st.tuples(st.integers(0, 250), st.integers(1, 12), st.sampled_from([1, 2, 4, 8, 16, 32]))


@st.composite
def _scores(draw):
    rows = draw(st.lists(_note, max_size=25))
    start, length, pitch, velocity, track = zip(*rows, strict=True) if rows else ([],) * 5
    end = [s + n for s, n in zip(start, length, strict=True)]
    notes = Notes.of(start, end, pitch, velocity=velocity, is_drum=draw(st.booleans()), track=track)
    meters = MeterMap.of([(0, 4, 4), *draw(st.lists(_meter, max_size=4))])
    return QuantizedScore(
        notes, PerQuarter(draw(st.sampled_from([1, 3, 4, 12]))), max(end, default=0), meters=meters
    )


_options = st.builds(
    MelodyOptions,
    min_bars=st.integers(0, 3),
    max_steps=st.sampled_from([None, 7, 64]),
    min_pitch_classes=st.integers(0, 4),
    gap_bars=st.sampled_from([0.25, 1.0, 3.0]),
    polyphony=st.sampled_from(POLYPHONY),
    track=st.sampled_from([None, 1]),
    drums=st.booleans(),
    pickup=st.booleans(),
    trim_start=st.booleans(),
    pad_end=st.booleans(),
)


@given(_scores(), _options)
@settings(max_examples=400, deadline=None)
def test_every_melody_keeps_its_options(score, options):
    found = extract(score, options)
    assert found.sequences or found.losses, "nothing came out, and no reason why"
    for melody in found.sequences:
        assert options.max_steps is None or len(melody) <= options.max_steps
        assert options.max_steps or len(melody) >= options.min_bars * melody.steps_per_bar
        assert 0 <= melody.start_in_bar < melody.steps_per_bar
        assert len({e % 12 for e in melody.events.tolist() if e >= 0}) >= max(1, options.min_pitch_classes)
        if options.pad_end:
            assert (melody.start_in_bar + len(melody)) % melody.steps_per_bar == 0
        if options.trim_start:
            assert melody.events[0] >= 0
        _check_marks([e for e in melody.events.tolist() if e != NO_EVENT])


def _check_marks(marks):
    """A note-off follows a note."""
    for before, mark in zip([NOTE_OFF, *marks], marks, strict=False):
        assert mark != NOTE_OFF or before != NOTE_OFF


@given(_scores(), _options)
@settings(max_examples=200, deadline=None)
def test_order_of_the_notes_is_of_no_matter(score, options):
    """Apart from notes of equal onset, pitch and track, of which the first counts."""
    notes = score.notes
    keys = set(zip(notes.start.tolist(), notes.pitch.tolist(), notes.track.tolist(), strict=True))
    if len(keys) < len(notes):
        return
    backwards = score.replace(notes=notes[::-1])
    assert extract(backwards, options) == extract(score, options)
