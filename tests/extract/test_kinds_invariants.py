"""What holds for every kind of sequence that follows the beat, from any score under any options."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.codecs.kinds import KINDS, Standing
from antiphon.extract import DrumOptions, PianorollOptions, PolyphonyOptions
from antiphon.extract.drum_classes import CLASSES
from antiphon.score.maps import MeterMap
from antiphon.score.notes import Notes
from antiphon.score.quantized import PerQuarter, QuantizedScore

_note = st.tuples(
    st.integers(0, 200),
    st.integers(1, 60),
    st.integers(0, 127),
    st.integers(0, 2),
    st.integers(0, 2),
    st.sampled_from([0, 0, 0, 5]),
    st.booleans(),
)
_meter = st.tuples(st.integers(0, 250), st.integers(1, 12), st.sampled_from([1, 2, 4, 8, 16, 32]))


@st.composite
def _scores(draw):
    rows = draw(st.lists(_note, max_size=25))
    start, length, pitch, velocity, track, program, drum = zip(*rows, strict=True) if rows else ([],) * 7
    end = np.array(start, np.int64) + np.array(length, np.int64)
    notes = Notes.of(start, end, pitch, velocity, program, drum, track)
    meters = MeterMap.of([(0, 4, 4), *draw(st.lists(_meter, max_size=4))])
    steps = PerQuarter(draw(st.sampled_from([1, 3, 4, 12])))
    names = tuple(draw(st.lists(st.sampled_from(["Drums", "Lead", ""]), max_size=3)))
    return QuantizedScore(notes, steps, int(end.max(initial=0)), meters=meters, track_names=names)


_max_steps = st.sampled_from([None, 7, 64])
_drums = st.builds(
    DrumOptions,
    min_bars=st.integers(0, 3),
    max_steps=_max_steps,
    gap_bars=st.sampled_from([0.25, 1.0, 3.0]),
    classes=st.sampled_from(list(CLASSES)),
    hits=st.booleans(),
    drums_from=st.sampled_from([None, None, "track:1", "track:lead", "program:5"]),
    pickup=st.booleans(),
    trim_start=st.booleans(),
    pad_end=st.booleans(),
)
_rolled = {
    "min_steps": st.sampled_from([0, 20]),
    "max_steps": _max_steps,
    "cut": st.booleans(),
    "track": st.sampled_from([None, 1, "lead"]),
    "drums": st.booleans(),
    "pickup": st.booleans(),
}
_kinds = st.one_of(
    st.tuples(st.just("drums"), _drums),
    st.tuples(st.just("polyphony"), st.builds(PolyphonyOptions, **_rolled)),
    st.tuples(st.just("pianoroll"), st.builds(PianorollOptions, **_rolled, split_repeats=st.booleans())),
)


@given(_scores(), _kinds)
@settings(max_examples=400)
def test_every_sequence_keeps_its_options(score, drawn):
    name, options = drawn
    found = KINDS[name].extractor.extract(score, options)
    assert found.sequences or found.losses, "nothing came out, and no reason why"
    for sequence in found.sequences:
        steps = sequence.n_steps if name == "polyphony" else len(sequence)
        assert 0 < steps <= (options.max_steps or steps)
        assert 0 <= sequence.start_in_bar < sequence.steps_per_bar
        start, end, pitch = sequence.notes()
        assert (start < end).all()
        assert int(end.max(initial=0)) <= steps
        assert ((pitch >= 0) & (pitch < 128)).all()
        if name == "drums" and options.pad_end:
            assert (sequence.start_in_bar + steps) % sequence.steps_per_bar == 0


@given(_scores(), _kinds)
@settings(max_examples=200)
def test_what_a_corpus_stores_is_the_sequence(score, drawn):
    name, options = drawn
    kind = KINDS[name]
    for sequence in kind.extractor.extract(score, options).sequences:
        back = kind.decode(kind.encode(sequence).astype(np.int16), Standing.of(sequence), options)
        assert back == (sequence.replace(hits=None) if name == "drums" else sequence)
        time, pitch = kind.profile(sequence)
        assert np.array_equal(np.lexsort((-pitch, time)), np.arange(len(time)))


@given(_scores(), _kinds)
@settings(max_examples=200)
def test_order_of_the_notes_is_of_no_matter(score, drawn):
    """Apart from notes of one onset, of which the first says the kit or the program."""
    name, options = drawn
    one_program = score.replace(notes=score.notes.replace(program=0, track=score.notes.track // 3))
    extract = KINDS[name].extractor.extract
    assert extract(one_program.replace(notes=one_program.notes[::-1]), options) == extract(
        one_program, options
    )
