"""The melody family: ids, grammar, view; against the original's encodings and for every inverse."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from antiphon import io
from antiphon.codecs import FAMILIES, family
from antiphon.codecs import melody as codec
from antiphon.codecs.pitches import fold, major_key, pitch_name
from antiphon.errors import InputError, NameNotFound
from antiphon.extract.melody import Melody, extract
from antiphon.recipes import View
from antiphon.score.maps import Meter
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter

WIDE = View(min_pitch=0, max_pitch=128, key=None)
VIEW = View()

events = st.lists(st.integers(-2, 127), min_size=1, max_size=60)
ids = hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 129))


def _ids(events):
    return np.array(events) + 2


@given(events, st.integers(0, 11), st.integers(1, 12))
def test_decode_undoes_encode(values, in_bar, steps):
    melody = Melody(values, steps, Meter(3, 4), start_step=7, start_in_bar=in_bar, track=2, program=9)
    encoded = codec.encode(melody)
    assert encoded.dtype == np.int64
    back = codec.decode(
        encoded,
        meter=Meter(3, 4),
        steps_per_quarter=steps,
        start_step=7,
        start_in_bar=in_bar,
        track=2,
        program=9,
    )
    assert back == melody


@given(ids)
def test_encode_undoes_decode(values):
    assert np.array_equal(codec.encode(codec.decode(values.astype(np.int16))), values)


def test_ids_of_the_events():
    assert codec.encode(Melody([-2, -1, 0, 60, 127])).tolist() == [0, 1, 2, 62, 129]


@pytest.mark.parametrize("wrong", [-1, 130])
def test_ids_outside_the_alphabet_are_refused(wrong):
    with pytest.raises(InputError, match=f"{wrong} .* expected 0 to 129"):
        codec.decode(np.array([0, wrong]))


@pytest.mark.parametrize(("name", "low"), [("basic", 48), ("mono", 0)])
def test_ids_are_the_labels_of_the_original_in_its_range(name, low, golden):
    """Magenta's one-hot: no event 0, note off 1, pitch p at p - lowest + 2."""
    examples = json.loads(golden(f"c_encodings/melody_{name}_rnn.json").read_text())["examples"]
    assert len(examples) == 10
    for example in examples:
        found = codec.encode(Melody(example["events"]))
        in_range = np.where(found >= codec.FIRST_PITCH_ID, found - low, found)
        assert (
            in_range[1:].tolist() == example["labels"]
            or [[n] for n in in_range[1:].tolist()] == example["labels"]
        )


@pytest.mark.parametrize("name", ["basic", "mono", "lookback", "attention"])
def test_decoded_events_of_the_original(name, golden):
    document = json.loads(golden(f"c_encodings/melody_{name}_rnn.json").read_text())
    assert len(document["examples"]) == 10
    view = WIDE if name == "mono" else VIEW
    for example in document["examples"]:
        found = codec.encode(Melody(example["events"]))
        assert codec.decode(found).events.tolist() == example["decoded_events"]
        assert codec.in_view(view)[found].all()


def test_the_grammar_never_forbids_real_melodies(golden):
    examples = json.loads(golden("b_eval_melodies/eval_melodies_all_events.json").read_text())
    melodies = [_ids(example["events"]) for example in examples]
    assert len(melodies) == 22
    for melody in melodies:
        assert _forbidden(melody) == []


def _forbidden(melody):
    """Steps at which the mask forbids what came."""
    state, found = codec.begin(1), []
    for step, event in enumerate(melody):
        if not codec.allowed(state)[0, event]:
            found.append(step)
        state = codec.advance(state, np.array([event]))
    return found


def test_note_off_only_while_a_note_sounds():
    assert _forbidden(_ids([-1, 60, -2, -1, -1, 62, 64, -1, -2, -1])) == [0, 4, 9]


@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(0, 30)), elements=st.integers(0, 5)))
def test_the_state_after_all_events_is_that_of_event_by_event(batch):
    state = codec.begin(len(batch))
    for column in batch.T:
        state = codec.advance(state, column)
    assert np.array_equal(codec.sounding(batch), state)
    assert codec.allowed(state).shape == (len(batch), 130)
    assert np.array_equal(codec.allowed(state)[:, codec.NOTE_OFF_ID], state)


@given(ids, st.integers(0, 30), st.integers(0, 60))
def test_an_excerpt_obeys_the_grammar_where_the_whole_does(values, start, length):
    for step in _forbidden(values):
        values[step] = codec.NO_EVENT_ID
    part = codec.excerpt(values, start, start + length)
    assert _forbidden(part) == []
    changed = part != values[start : start + length]
    assert (values[start : start + length][changed] == codec.NOTE_OFF_ID).all()


SQUASHED = [
    ("D major to C, one tone down", [62, 66, 69], VIEW, -2, [60, 64, 67]),
    (
        "no key: nothing moves, what sticks out is folded",
        [30, 48, 83, 84, 100],
        View(key=None),
        0,
        [54, 48, 83, 72, 76],
    ),
    ("into the low octave of the range", [60, 20, 47], View(key=None), 0, [60, 56, 59]),
    ("octaves bring it to the middle", [36, 40, 43], VIEW, 24, [60, 64, 67]),
    ("no note, no shift", [-2, -1, -2], VIEW, 0, [-2, -1, -2]),
    ("the other events stay", [62, -2, 66, -1, 69], VIEW, -2, [60, -2, 64, -1, 67]),
    ("another key", [60, 64, 67], View(key=7), 7, [67, 71, 74]),
    ("half an octave off the middle rounds to even", [60], View(48, 85, 0), 0, [60]),
    ("and one and a half to two", [60], View(60, 97, 0), 24, [84]),
]


@pytest.mark.parametrize(
    ("given_", "view", "shift", "expected"), [row[1:] for row in SQUASHED], ids=[row[0] for row in SQUASHED]
)
def test_view_is_the_squash_of_the_original(given_, view, shift, expected):
    viewed = codec.to_view(_ids(given_), view)
    assert (viewed.shift, (viewed.ids - 2).tolist()) == (shift, expected)
    assert codec.view_shift(_ids(given_), view) == shift


def _plain_squash(values, low, high, key):
    """Written from the rules, note by note."""
    notes = [v for v in values if v >= 0]
    if not notes:
        return values, 0
    amount = 0
    if key is not None:
        scale = {0, 2, 4, 5, 7, 9, 11}
        votes = [sum((n - k) % 12 in scale for n in notes) for k in range(12)]
        difference = key - votes.index(max(votes))
        center, target = (min(notes) + max(notes)) / 2, (low + high - 1) / 2
        amount = difference + 12 * round((target - (center + difference)) / 12)
    return [_plain_fold(v + amount, low, high) if v >= 0 else v for v in values], amount


def _plain_fold(pitch, low, high):
    if pitch < low:
        return low + (pitch - low) % 12
    return high - 12 + (pitch - high) % 12 if pitch >= high else pitch


@given(events, st.integers(0, 60), st.integers(12, 60), st.one_of(st.none(), st.integers(0, 11)))
@settings(max_examples=300)
def test_view_equals_a_plain_squash(values, low, width, key):
    viewed = codec.to_view(_ids(values), View(low, low + width, key))
    expected, shift = _plain_squash(values, low, low + width, key)
    assert viewed.shift == shift
    assert (viewed.ids - 2).tolist() == expected
    assert codec.in_view(View(low, low + width, key))[viewed.ids].all()


@given(ids, st.sampled_from([VIEW, WIDE, View(key=7), View(min_pitch=36, max_pitch=96)]))
def test_from_view_undoes_to_view_where_all_notes_fit(values, view):
    viewed = codec.to_view(values, view)
    if codec.out_of_range(values, view) is None:
        assert np.array_equal(codec.from_view(viewed.ids, viewed.shift), values)
    else:
        assert not np.array_equal(viewed.ids, _unfolded(values, viewed.shift))


def _unfolded(values, shift):
    return np.where(values >= 2, values + shift, values)


@given(ids, st.integers(-24, 24))
def test_transposition_folds_at_the_ends_of_midi(values, semitones):
    moved = codec.transpose_ids(values, semitones)
    pitched = values >= codec.FIRST_PITCH_ID
    assert np.array_equal(moved[~pitched], values[~pitched])
    assert ((moved[pitched] >= 2) & (moved[pitched] < 130)).all()
    assert ((moved[pitched] - values[pitched] - semitones) % 12 == 0).all()


def test_transposition_of_a_batch_into_a_range():
    batch = _ids([[60, -2, 83], [50, -1, 48]])
    assert (codec.transpose_ids(batch, 2, VIEW) - 2).tolist() == [[62, -2, 73], [52, -1, 50]]
    assert (codec.transpose_ids(batch, -2, VIEW) - 2).tolist() == [[58, -2, 81], [48, -1, 58]]


def test_fold_uses_the_outermost_octaves_only():
    assert fold(np.array([0, 47, 48, 83, 84, 127]), 48, 84).tolist() == [48, 59, 48, 83, 72, 79]


def test_major_key():
    assert major_key(np.array([60, 62, 64, 65, 67, 69, 71])) == 0
    assert major_key(np.array([62, 64, 66, 67, 69, 71, 73])) == 2
    assert major_key(np.array([60])) == 0
    assert major_key(np.array([], dtype=np.int64)) == 0


def test_notes_out_of_range_are_named_with_what_would_help():
    problem = codec.out_of_range(_ids([30, -2, 31, -1, 40, 30]), View(key=None))
    assert problem is not None
    assert problem.outside == (30, 31, 40)
    assert problem.transpositions == tuple(range(18, 44))
    text = str(problem)
    assert "F#1 (30), G1 (31), E2 (40)" in text
    assert "C3 to B5 (48-83)" in text
    assert "+18 semitones" in text


def test_notes_that_span_too_much():
    problem = codec.out_of_range(_ids([24, 60, 96]), VIEW)
    assert problem is not None
    assert problem.transpositions == ()
    assert "wider range" in str(problem)


@given(ids, st.sampled_from([VIEW, WIDE, View(key=None)]))
@settings(max_examples=50, deadline=None)
def test_every_offered_transposition_fits(values, view):
    problem = codec.out_of_range(values, view)
    if problem is None:
        return
    for semitones in problem.transpositions:
        moved = codec.transpose_ids(values, semitones)
        assert np.array_equal(codec.transpose_ids(moved, -semitones), values)
        assert codec.out_of_range(moved, view) is None


def test_names_of_pitches():
    assert [pitch_name(p) for p in (0, 21, 60, 61, 127)] == ["C-1", "A0", "C4", "C#4", "G9"]


def test_every_family_keeps_its_contract():
    assert len(FAMILIES) >= 1
    for name, entry in FAMILIES.items():
        assert family(name) is entry
        assert entry.name == name
        everything = np.arange(entry.n_events)
        assert np.array_equal(entry.encode(entry.decode(everything)), everything)
        state = entry.begin(3)
        mask = entry.allowed(state)
        assert mask.shape == (3, entry.n_events)
        assert mask[:, entry.default_id].all()
        assert entry.in_view(WIDE).shape == (entry.n_events,)
        assert np.array_equal(entry.grammar_state(np.zeros((3, 0), np.int64)), state)
    with pytest.raises(NameNotFound, match="melody"):
        family("melodys")


def test_opening_is_the_share_of_first_events():
    entry = family("melody")
    opening = entry.opening(
        [np.array([62, 0]), np.array([62]), np.array([0, 1]), np.array([], dtype=np.int64)]
    )
    assert (opening[62], opening[0], opening.sum()) == (2 / 3, 1 / 3, 1.0)
    assert np.allclose(entry.opening([]), 1 / 130)


def test_extracted_melodies_and_their_excerpts_obey_the_grammar(dataset):
    files = sorted(dataset("melody/nottingham").rglob("*.mid"))[:60]
    melodies = [m for f in files for m in extract(quantize(io.load(f), PerQuarter(4))).sequences]
    assert len(melodies) >= 40
    for melody in melodies:
        encoded = codec.encode(melody)
        assert _forbidden(encoded) == []
        assert _forbidden(codec.excerpt(encoded, 48, 200)) == []
