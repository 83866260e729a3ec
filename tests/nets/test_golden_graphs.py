"""Outputs and states equal those of the original TensorFlow graphs with the same weights."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from antiphon import nets, recipes
from antiphon.nets import magenta

CASES = {
    "melody_basic_rnn": "melody/basic",
    "melody_lookback_rnn": "melody/lookback",
    "melody_attention_rnn": "melody/attention",
    "melody_attention_rnn~residual": "melody/attention",
    "drums_drum_kit": "drums/drum-kit",
}


@pytest.fixture(params=CASES)
def case(request, golden):
    meta = json.loads(golden(f"f_random_weight_graphs/{request.param}.json").read_text())["hparams"]
    recipe = recipes.find(CASES[request.param])
    net = dataclasses.replace(
        recipe.net, layers=tuple(meta["rnn_layer_sizes"]), residual=meta["residual_connections"]
    )
    model = nets.build(dataclasses.replace(recipe, net=net)).eval()
    vectors = np.load(golden(f"f_random_weight_graphs/{request.param}.npz"))
    model.load_state_dict(magenta.state_dict({k[2:]: vectors[k] for k in vectors if k.startswith("w/")}))
    return model, vectors


def _final_states(vectors) -> list[torch.Tensor]:
    names = sorted(name for name in vectors if name.startswith("final_state_"))
    return [torch.from_numpy(vectors[name]).flatten(1) for name in names]


@torch.no_grad()
def test_whole_sequences(case):
    model, vectors = case
    hidden = model.body.sequence(torch.from_numpy(vectors["inputs"]).transpose(0, 1))
    softmax = model.output(hidden).transpose(0, 1).softmax(-1).numpy()
    np.testing.assert_allclose(softmax, vectors["softmax"], rtol=0, atol=1e-5)


@torch.no_grad()
def test_step_by_step_with_final_states(case):
    model, vectors = case
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
