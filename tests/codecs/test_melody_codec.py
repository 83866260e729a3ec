"""The melody family: ids, grammar, excerpts; against the original's encodings and for every inverse."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from antiphon import io
from antiphon.codecs import melody as codec
from antiphon.codecs.families import FAMILIES
from antiphon.codecs.kinds import Standing
from antiphon.codecs.pitches import PitchView
from antiphon.errors import InputError
from antiphon.extract.melody import Melody, extract
from antiphon.score.maps import Meter
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter

FAMILY = FAMILIES["melody"]
WIDE = PitchView(min_pitch=0, max_pitch=128, key=None)
VIEW = PitchView()
PLAIN = Standing.of(Melody([-2]))
(GRAMMAR,) = FAMILY.grammar(FAMILY.alphabet(VIEW))


events = st.lists(st.integers(-2, 127), min_size=1, max_size=60)
ids = hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(0, 129))


def _ids(events):
    return np.array(events) + 2


@given(events, st.integers(0, 11), st.integers(1, 12))
def test_decode_undoes_encode(values, in_bar, steps):
    melody = Melody(values, steps, Meter(3, 4), start_step=7, start_in_bar=in_bar, track=2, program=9)
    encoded = codec.encode(melody)
    assert encoded.dtype == np.int64
    assert codec.decode(encoded, Standing.of(melody)) == melody


@given(ids)
def test_encode_undoes_decode(values):
    assert np.array_equal(codec.encode(codec.decode(values.astype(np.int16), PLAIN)), values)


def test_ids_of_the_events():
    assert codec.encode(Melody([-2, -1, 0, 60, 127])).tolist() == [0, 1, 2, 62, 129]


@pytest.mark.parametrize("wrong", [-1, 130])
def test_ids_outside_the_alphabet_are_refused(wrong):
    with pytest.raises(InputError, match=f"{wrong} .* expected 0 to 129"):
        codec.decode(np.array([0, wrong]), PLAIN)


@pytest.mark.parametrize(("name", "low"), [("melody_basic_rnn", 48), ("melody_mono_rnn", 0)])
def test_ids_are_the_labels_of_the_original_in_its_range(name, low, encodings):
    """Magenta's one-hot: no event 0, note off 1, pitch p at p - lowest + 2."""
    for example in encodings(name)["examples"]:
        found = codec.encode(Melody(example["events"]))
        in_range = np.where(found >= codec.FIRST_PITCH_ID, found - low, found)
        assert (
            in_range[1:].tolist() == example["labels"]
            or [[n] for n in in_range[1:].tolist()] == example["labels"]
        )


@pytest.mark.parametrize(
    "name", ["melody_basic_rnn", "melody_mono_rnn", "melody_lookback_rnn", "melody_attention_rnn"]
)
def test_decoded_events_of_the_original(name, encodings):
    view = WIDE if name == "melody_mono_rnn" else VIEW
    for example in encodings(name)["examples"]:
        found = codec.encode(Melody(example["events"]))
        assert codec.decode(found, PLAIN).events.tolist() == example["decoded_events"]
        assert FAMILY.alphabet(view).known[found].all()


def test_the_grammar_never_forbids_real_melodies(shared):
    examples = json.loads(shared("golden/b_eval_melodies/eval_melodies_all_events.json").read_text())
    melodies = [_ids(example["events"]) for example in examples]
    assert len(melodies) == 22
    for melody in melodies:
        assert _forbidden(melody) == []


def _forbidden(melody):
    """Steps at which the mask forbids what came."""
    state, found = GRAMMAR.begin(1), []
    for step, event in enumerate(melody):
        allowed = GRAMMAR.allowed(state, 0)
        if allowed is not None and not allowed[0, event]:
            found.append(step)
        state = GRAMMAR.advance(state, 0, np.array([event]))
    return found


def test_note_off_only_while_a_note_sounds():
    assert _forbidden(_ids([-1, 60, -2, -1, -1, 62, 64, -1, -2, -1])) == [0, 4, 9]


@given(ids, st.integers(0, 30), st.integers(0, 60))
def test_an_excerpt_obeys_the_grammar_where_the_whole_does(values, start, length):
    for step in _forbidden(values):
        values[step] = codec.NO_EVENT_ID
    part = FAMILY.excerpt(values[:, None], start, start + length)[:, 0]
    assert _forbidden(part) == []
    changed = part != values[start : start + length]
    assert (values[start : start + length][changed] == codec.NOTE_OFF_ID).all()


def test_extracted_melodies_and_their_excerpts_obey_the_grammar(dataset):
    files = sorted(dataset("melody/nottingham").rglob("*.mid"))[:60]
    melodies = [m for f in files for m in extract(quantize(io.load(f), PerQuarter(4))).sequences]
    assert len(melodies) >= 40
    for melody in melodies:
        encoded = codec.encode(melody)
        assert _forbidden(encoded) == []
        assert _forbidden(FAMILY.excerpt(encoded[:, None], 48, 200)[:, 0]) == []
