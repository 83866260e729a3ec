"""Outputs and states equal those of the original TensorFlow graphs with the same weights."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import numpy as np
import pytest
import torch

from antiphon import nets, recipes
from antiphon.nets import magenta
from antiphon.runtime.player import Heard, Player

CASES = {
    "melody_basic_rnn": "melody/basic",
    "melody_lookback_rnn": "melody/lookback",
    "melody_attention_rnn": "melody/attention",
    "melody_attention_rnn_residual": "melody/attention",
    "drums_drum_kit": "drums/drum-kit",
}


@pytest.fixture(params=CASES)
def case(request, golden):
    about = json.loads(golden(f"graphs/{request.param}.json").read_text())
    recipe, values = recipes.find(CASES[request.param]), about["hparams"]
    net = dataclasses.replace(
        recipe.net, layers=tuple(values["rnn_layer_sizes"]), residual=values["residual_connections"]
    )
    model = nets.build(dataclasses.replace(recipe, net=net)).eval()
    model.load_state_dict(magenta.state_dict(_weights(about)))
    return model, np.load(golden(f"graphs/{request.param}.npz")), about["config"]


def _weights(about) -> dict[str, np.ndarray]:
    """The original's random weights: drawn again, from the generator that numpy keeps as it was."""
    seed, scale, digest = (about["weights"][key] for key in ("seed", "scale", "sha256"))
    rng = np.random.RandomState(seed)
    drawn = {
        name: (scale * rng.standard_normal(shape)).astype(np.float32)
        for name, shape in about["variables"].items()
    }
    values = b"".join(weight.astype("<f4").tobytes() for weight in drawn.values())
    assert hashlib.sha256(values).hexdigest() == digest
    return drawn


def _final_states(vectors) -> list[torch.Tensor]:
    names = sorted(name for name in vectors if name.startswith("final_state_"))
    return [torch.from_numpy(vectors[name]).flatten(1) for name in names]


@torch.no_grad()
def test_whole_sequences(case):
    model, vectors, _ = case
    hidden = model.body.sequence(torch.from_numpy(vectors["inputs"]).transpose(0, 1))
    softmax = model.output(hidden).transpose(0, 1).softmax(-1).numpy()
    np.testing.assert_allclose(softmax, vectors["softmax"], rtol=0, atol=1e-5)


@torch.no_grad()
def test_step_by_step_with_final_states(case):
    model, vectors, _ = case
    inputs = torch.from_numpy(vectors["inputs"])
    state = model.body.initial_state(len(inputs))
    for t in range(inputs.shape[1]):
        hidden, state = model.body.step(inputs[:, t], state)
        softmax = model.output(hidden).softmax(-1).numpy()
        np.testing.assert_allclose(softmax, vectors["softmax"][:, t], rtol=0, atol=1e-5)
    # Ours also keeps the memory's projection, which the original computes anew at every step.
    ours = [value.flatten(1) for name, value in state.items() if not name.endswith("keys")]
    for mine, theirs in zip(ours, _final_states(vectors), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["melody_lookback_rnn", "melody_attention_rnn"], indirect=True)
def test_event_by_event_through_the_exported_graph(case, bundled, encodings):
    """The inputs of the vectors are the first 16 of the third and of the fourth sequence of the encodings."""
    model, vectors, config = case
    recipe, player = model.recipe, Player(bundled(model))
    sequences = [example["events"] for example in encodings(config)["examples"][2:4]]
    ids = np.array([[recipe.events.ids(event, recipe.view) for event in events[:16]] for events in sequences])
    state = player.start(2)
    for t in range(16):
        said = player.step(Heard(ids[:, t], np.ones(2, np.float32), np.array([[t, 16]] * 2)), state)
        state = said.state
        np.testing.assert_allclose(np.exp(said.label_log_p), vectors["softmax"][:, t], rtol=0, atol=1e-5)
