"""Pitches as a model sees them: the original's squash and transposition, written out, and every inverse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from antiphon.codecs import pitches
from antiphon.codecs.alphabet import Span, folded, single
from antiphon.codecs.families import FAMILIES
from antiphon.codecs.pitches import PitchView, major_key, pitch_name

WIDE = PitchView(min_pitch=0, max_pitch=128, key=None)
VIEW = PitchView()
MELODIES = FAMILIES["melody"].alphabet(WIDE)
"""Melodies: the pitches of ids 2 to 129."""

events = st.lists(st.integers(-2, 127), min_size=1, max_size=60)
ids = hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 129))


def _ids(events):
    return np.array(events) + 2


def _to_view(values, view):
    found = pitches.to_view(MELODIES, values[:, None], view)
    return found.ids[:, 0], found.shift


def _sounding(values):
    return pitches.sounding(MELODIES, values[:, None])


def _moved(values, semitones, low=0, high=128):
    return pitches.moved(MELODIES, values[..., None], semitones, low, high)[..., 0]


SQUASHED = [
    ("D major to C, one tone down", [62, 66, 69], VIEW, -2, [60, 64, 67]),
    (
        "no key: nothing moves, what sticks out is folded",
        [30, 48, 83, 84, 100],
        PitchView(key=None),
        0,
        [54, 48, 83, 72, 76],
    ),
    ("into the low octave of the range", [60, 20, 47], PitchView(key=None), 0, [60, 56, 59]),
    ("octaves bring it to the middle", [36, 40, 43], VIEW, 24, [60, 64, 67]),
    ("no note, no shift", [-2, -1, -2], VIEW, 0, [-2, -1, -2]),
    ("the other events stay", [62, -2, 66, -1, 69], VIEW, -2, [60, -2, 64, -1, 67]),
    ("another key", [60, 64, 67], PitchView(key=7), 7, [67, 71, 74]),
    ("half an octave off the middle rounds to even", [60], PitchView(48, 85, 0), 0, [60]),
    ("and one and a half to two", [60], PitchView(60, 97, 0), 24, [84]),
]


@pytest.mark.parametrize(
    ("given_", "view", "shift", "expected"), [row[1:] for row in SQUASHED], ids=[row[0] for row in SQUASHED]
)
def test_view_is_the_squash_of_the_original(given_, view, shift, expected):
    viewed, by = _to_view(_ids(given_), view)
    assert (by, (viewed - 2).tolist()) == (shift, expected)
    assert pitches.view_shift(_sounding(_ids(given_)), view) == shift


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
    view = PitchView(low, low + width, key)
    viewed, by = _to_view(_ids(values), view)
    expected, shift = _plain_squash(values, low, low + width, key)
    assert by == shift
    assert (viewed - 2).tolist() == expected
    assert FAMILIES["melody"].alphabet(view).known[viewed].all()


@given(ids, st.sampled_from([VIEW, WIDE, PitchView(key=7), PitchView(min_pitch=36, max_pitch=96)]))
def test_moving_back_undoes_to_view_where_all_notes_fit(values, view):
    viewed, shift = _to_view(values, view)
    if pitches.out_of_range(_sounding(values), view) is None:
        assert np.array_equal(_moved(viewed, -shift), values)
    else:
        assert not np.array_equal(viewed, _unfolded(values, shift))


def _unfolded(values, shift):
    return np.where(values >= 2, values + shift, values)


@given(ids, st.integers(-24, 24))
def test_transposition_folds_at_the_ends_of_midi(values, semitones):
    moved = _moved(values, semitones)
    pitched = values >= 2
    assert np.array_equal(moved[~pitched], values[~pitched])
    assert ((moved[pitched] >= 2) & (moved[pitched] < 130)).all()
    assert ((moved[pitched] - values[pitched] - semitones) % 12 == 0).all()


def test_transposition_of_a_batch_into_a_range():
    batch = _ids([[60, -2, 83], [50, -1, 48]])
    assert (_moved(batch, 2, 48, 84) - 2).tolist() == [[62, -2, 73], [52, -1, 50]]
    assert (_moved(batch, -2, 48, 84) - 2).tolist() == [[58, -2, 81], [48, -1, 58]]


def test_fold_uses_the_outermost_octaves_only():
    assert folded(np.array([0, 47, 48, 83, 84, 127]), 48, 84).tolist() == [48, 59, 48, 83, 72, 79]


def test_major_key():
    assert major_key(np.array([60, 62, 64, 65, 67, 69, 71])) == 0
    assert major_key(np.array([62, 64, 66, 67, 69, 71, 73])) == 2
    assert major_key(np.array([60])) == 0
    assert major_key(np.array([], dtype=np.int64)) == 0


def test_notes_out_of_range_are_named_with_what_would_help():
    problem = pitches.out_of_range(np.array([30, 31, 40, 30]), PitchView(key=None))
    assert problem is not None
    assert problem.outside == (30, 31, 40)
    assert problem.transpositions == tuple(range(18, 44))
    text = str(problem)
    assert "F#1 (30), G1 (31), E2 (40)" in text
    assert "C3 to B5 (48-83)" in text
    assert "+18 semitones" in text


def test_transpositions_are_offered_nearest_first_and_stay_within_midi():
    problem = pitches.out_of_range(np.array([68, 103]), VIEW)
    assert problem is not None
    assert problem.transpositions[:4] == (-4, 4, -5, 5)
    assert (min(problem.transpositions), max(problem.transpositions)) == (-68, 20)


def test_notes_that_span_too_much():
    problem = pitches.out_of_range(np.array([24, 60, 96]), VIEW)
    assert problem is not None
    assert problem.transpositions == ()
    assert "wider range" in str(problem)


@given(ids, st.sampled_from([VIEW, WIDE, PitchView(key=None)]))
@settings(max_examples=50, deadline=None)
def test_every_offered_transposition_fits(values, view):
    problem = pitches.out_of_range(_sounding(values), view)
    if problem is None:
        return
    for semitones in problem.transpositions:
        moved = _moved(values, semitones)
        assert np.array_equal(_moved(moved, -semitones), values)
        assert pitches.out_of_range(_sounding(moved), view) is None


def test_names_of_pitches():
    assert [pitch_name(p) for p in (0, 21, 60, 61, 127)] == ["C-1", "A0", "C4", "C#4", "G9"]


def test_notes_stay_within_what_the_alphabet_has() -> None:
    """Of a piano's keys, and of five bells."""
    keys = single(Span("rest"), Span("key", 88, onset=True, pitch=21), Span("bell", 5, onset=True, pitch=60))
    ids = np.array([[0], [1], [88], [40], [89], [93]])
    assert pitches.moved(keys, ids, 3)[:5, 0].tolist() == [0, 4, 79, 43, 92]
    for semitones in range(-127, 128):
        found = pitches.moved(keys, ids, semitones)[:, 0]
        assert found[0] == 0
        assert ((found[1:4] >= 1) & (found[1:4] <= 88)).all()
        assert ((found[4:] >= 89) & (found[4:] <= 93)).all()
