"""Labels in numpy: the original's vectors, and the same answers as the nets give."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.codecs.labels import labels, n_labels, plain_label
from antiphon.errors import NameNotFound
from antiphon.recipes import Codec, View, find

CONFIGURATIONS = {
    "melody/basic": "melody_basic_rnn",
    "melody/mono": "melody_mono_rnn",
    "melody/lookback": "melody_lookback_rnn",
    "melody/attention": "melody_attention_rnn",
}
SIXTEEN = np.array([16])


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_equal_to_the_originals_encodings(name: str, golden: Callable[[str], Path]) -> None:
    recipe = find(name)
    told = json.loads(golden(f"c_encodings/{CONFIGURATIONS[name]}.json").read_text())
    assert n_labels(recipe.codec, recipe.view) == told["num_classes"]
    assert plain_label(np.array(0), recipe.codec, recipe.view) == told["default_event_label"]
    assert len(told["examples"]) == 10
    for example in told["examples"]:
        events = np.array([example["events"]]) + 2
        assert labels(events, SIXTEEN, recipe.codec, recipe.view)[0, 1:].tolist() == example["labels"]


def test_equal_to_a_real_file_of_examples(golden: Callable[[str], Path]) -> None:
    recipe = find("melody/attention")
    examples = json.loads(golden("b_eval_melodies/eval_melodies_first20.json").read_text())["examples"]
    assert len(examples) == 20
    for example in examples:
        found = labels(np.array([example["events"]]) + 2, SIXTEEN, recipe.codec, recipe.view)
        assert found[0, 1:].tolist() == example["labels"]


@given(
    st.lists(st.sampled_from([0, 0, 0, 1, 62, 64]), min_size=1, max_size=80),
    st.integers(1, 24),
    st.sampled_from([(), (1,), (1, 2), (1, 2, 4)]),
    st.sampled_from(["melody/lookback", "melody/attention"]),
)
@settings(deadline=None, max_examples=60)
def test_equal_to_the_nets_labels(
    row: list[int], steps_per_bar: int, bars: tuple[int, ...], name: str
) -> None:
    torch = pytest.importorskip("torch")
    from antiphon.nets import build

    recipe = find(name)
    recipe = replace(recipe, codec=replace(recipe.codec, lookback_bars=bars))
    events, bar = np.array([row]), np.array([steps_per_bar])
    ours = labels(events, bar, recipe.codec, recipe.view)
    theirs = build(recipe).labels(torch.from_numpy(events), torch.from_numpy(bar))
    np.testing.assert_array_equal(ours, theirs.numpy())


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(NameNotFound, match=r"'lookbakc'\. Did you mean 'lookback'"):
        labels(np.array([[0]]), SIXTEEN, Codec("lookbakc"), View())
