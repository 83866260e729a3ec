"""Ids of drums, polyphony and pianorolls: there and back, what is no id, and what sounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from antiphon.codecs import drums, pianoroll, polyphony
from antiphon.codecs.drums import DrumView
from antiphon.codecs.families import FAMILIES
from antiphon.codecs.kinds import KINDS, Standing
from antiphon.errors import InputError
from antiphon.extract.drum_classes import CLASSES
from antiphon.extract.drums import DrumOptions, DrumTrack
from antiphon.extract.pianoroll import PianorollSequence, packed
from antiphon.extract.polyphony import END, START, STEP_END, PolyphonicSequence
from antiphon.generate.prompt import prompt
from antiphon.recipes import find
from antiphon.score.maps import Meter
from antiphon.score.notes import Notes
from antiphon.score.score import Score

PLACE = (4, Meter(3, 4), 24, 8, 2, 16)


@st.composite
def _sequences(draw):
    """(kind, sequence, options it is decoded with)."""
    classes = draw(st.sampled_from(list(CLASSES)))
    sets = draw(st.lists(st.integers(0, CLASSES[classes].n_sets - 1), max_size=20))
    events = draw(st.lists(st.integers(0, 258), max_size=20))
    roll = draw(arrays.arrays(bool, st.tuples(st.integers(0, 9), st.just(88))))
    return draw(
        st.sampled_from(
            [
                ("drums", DrumTrack(sets, *PLACE, classes=classes), DrumOptions(classes=classes)),
                ("polyphony", PolyphonicSequence(events, *PLACE), None),
                ("pianoroll", PianorollSequence(packed(roll), *PLACE), None),
            ]
        )
    )


@given(_sequences())
def test_decode_undoes_encode(drawn):
    name, sequence, options = drawn
    kind = KINDS[name]
    ids = kind.encode(sequence)
    assert ids.dtype == np.int64
    assert ids.shape == ((len(sequence), len(kind.fields)) if len(kind.fields) > 1 else (len(sequence),))
    stored = ids.astype(np.int16)
    assert np.array_equal(stored, ids)
    assert kind.decode(stored, Standing.of(sequence), options) == sequence


WRONG = [
    ("drums", [512], DrumOptions()),
    ("drums", [-1], DrumOptions()),
    ("drums", [2], DrumOptions(classes="one")),
    ("polyphony", [259], None),
    ("polyphony", [-1], None),
    ("pianoroll", [0], None),
    ("pianoroll", [[0, 0, 0, 0, 0, 256]], None),
    ("pianoroll", [[0, 0, 0, 0, 0, -1]], None),
    ("pianoroll", [[1 << 15, 0, 0, 0, 0, 0]], None),
]


@pytest.mark.parametrize(("name", "ids", "options"), WRONG)
def test_what_is_no_id_is_refused(name, ids, options):
    with pytest.raises(InputError, match="expected"):
        KINDS[name].decode(np.array(ids), Standing(), options)


def test_drums_are_seen_as_one():
    assert drums.one_drum(np.array([[0, 5], [511, 0]])).tolist() == [[0, 1], [1, 0]]


GRIDS = [
    ("x--x", [(36,), (), (), (36,)]),
    ("x--- -x-.", [(36,), (), (), (), (), (36,), (), ()]),
    ("kick x-- o", [(36,), (), (), (36,)]),
    ("kick x---\nsnare -X", [(36,), (38,), (), (38,)]),
    ("kick |x-|--| / closed hi-hat: xx ; low tom=---O", [(36, 42), (42,), (42,), (42, 45)]),
]


@pytest.mark.parametrize(("text", "expected"), GRIDS)
def test_grids_are_rows_that_go_on_and_are_repeated(text, expected):
    assert FAMILIES["drums"].read(text, DrumView()) == expected


@pytest.mark.parametrize("classes", list(CLASSES))
def test_every_class_is_read_from_a_score(classes):
    known = CLASSES[classes]
    pitch = [pitch for members in known.pitches for pitch in members]
    start = 120 * np.arange(len(pitch))
    recipe = find("drums/drum-kit").with_values({"view.classes": classes})
    found = prompt(Score(Notes.of(start, start + 60, pitch, is_drum=True), 480), recipe)
    assert found.ids[:, 0].tolist() == [1 << bit for bit, of in enumerate(known.pitches) for _ in of]


@pytest.mark.parametrize(
    ("there", "wanted", "fits"),
    [("nine", "nine", True), ("roland", "nine", False), ("one", "nine", False), ("nine", "roland", False),
     ("nine", "one", True), ("roland", "one", True), ("one", "one", True)],
)  # fmt: skip
def test_any_drums_are_hits_but_no_set_of_classes_is_one_of_others(there, wanted, fits):
    problem = FAMILIES["drums"].misfit({"classes": there}, DrumView(wanted))
    assert problem == ("" if fits else f"it holds drums of the classes '{there}', not '{wanted}'")


def test_zeros_are_silence():
    assert drums.SILENCE_ID == STEP_END == 0
    assert KINDS["polyphony"].profile(PolyphonicSequence(np.zeros(9))).time.tolist() == []
    assert KINDS["pianoroll"].profile(PianorollSequence(np.zeros((9, 6)))).time.tolist() == []


def test_labels_are_the_originals_classes():
    ids = np.array([START, END, STEP_END, 3, 131, 258])
    assert polyphony.labels(ids).tolist() == [0, 1, 2, 3, 131, 258]
    assert polyphony.of_labels(polyphony.labels(ids)).tolist() == ids.tolist()
    with pytest.raises(InputError):
        polyphony.of_labels(np.array([259]))


PROFILES = [
    ("drums", DrumTrack([0b101, 0, 0b10]), [(0, 2), (0, 0), (2, 1)]),
    (
        "polyphony",
        PolyphonicSequence([START, 67, 63, STEP_END, 195, 63, STEP_END, END]),
        [(0, 64), (0, 60), (1, 60)],
    ),
    ("pianoroll", PianorollSequence([[3, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 1]]), [(0, 22), (0, 21), (1, 101)]),
]


@pytest.mark.parametrize(("name", "sequence", "expected"), PROFILES, ids=[row[0] for row in PROFILES])
def test_profiles(name, sequence, expected):
    found = KINDS[name].profile(sequence)
    assert list(zip(found.time.tolist(), found.pitch.tolist(), strict=True)) == expected


def test_drums_cannot_be_transposed():
    assert not KINDS["drums"].transposable
    assert KINDS["polyphony"].transposable
    assert (
        KINDS["pianoroll"].fields
        == pianoroll.FIELDS
        == ("keys21", "keys37", "keys53", "keys69", "keys85", "keys101")
    )
