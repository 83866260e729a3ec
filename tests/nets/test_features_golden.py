"""Inputs, labels and decoded events equal those of the original encoders."""

from __future__ import annotations

import pytest
import torch

from antiphon import nets, recipes
from antiphon.nets import EventBatch, Heard

CONFIGS = {
    "melody_basic_rnn": "melody/basic",
    "melody_mono_rnn": "melody/mono",
    "melody_lookback_rnn": "melody/lookback",
    "melody_attention_rnn": "melody/attention",
    "drums_one_drum": "drums/one-drum",
    "drums_drum_kit": "drums/drum-kit",
}
BAR = 16


def _ids(recipe: recipes.Recipe, events: list) -> torch.Tensor:
    return torch.tensor([[list(recipe.events.ids(event, recipe.view)) for event in events]])


def _events(recipe: recipes.Recipe, ids: torch.Tensor) -> list:
    events = [recipe.events.event(row, recipe.view) for row in ids.numpy()]
    return [list(event) if isinstance(event, tuple) else event for event in events]


def _batch(ids: torch.Tensor) -> EventBatch:
    steps = torch.arange(ids.shape[1]) % BAR
    position = torch.stack([steps, torch.full_like(steps, BAR)], -1)[None]
    return EventBatch(ids, torch.tensor([ids.shape[1]]), position)


def _dense(sparse: list[list[tuple[int, float]]], width: int) -> torch.Tensor:
    rows = torch.zeros(len(sparse), width)
    for row, entries in zip(rows, sparse, strict=True):
        for index, value in entries:
            row[int(index)] = value
    return rows


@pytest.fixture(params=CONFIGS)
def oracle(request, encodings):
    found = encodings(request.param)
    recipe = recipes.find(CONFIGS[request.param])
    return found, recipe, nets.build(recipe).features


def test_sizes(oracle):
    found, _, codec = oracle
    assert (codec.width, sum(codec.label_sizes)) == (found["input_size"], found["num_classes"])
    assert codec.default_label == (found["default_event_label"],)


def test_inputs_of_whole_sequences(oracle):
    found, recipe, codec = oracle
    for example in found["examples"]:
        inputs = codec.sequence(_batch(_ids(recipe, example["events"]))).inputs[0]
        wanted = example["inputs_sparse"]
        if "full_length_last_input" in example:
            wanted = [*wanted, example["full_length_last_input"]]
        assert torch.equal(inputs[: len(wanted)], _dense(wanted, codec.width))


def test_inputs_and_labels_event_by_event(oracle):
    found, recipe, codec = oracle
    for example in found["examples"]:
        events, state, rows, labels = _ids(recipe, example["events"])[0], codec.initial_state(1), [], []
        for t, event in enumerate(events):
            moment = codec.step(Heard(event[None], torch.tensor([[t % BAR, BAR]])), state)
            state = moment.state
            rows.append(moment.inputs[0])
            labels.append(moment.label.item())
        assert torch.equal(torch.stack(rows[:-1]), _dense(example["inputs_sparse"], codec.width))
        assert labels[1:] == example["labels"]


def test_labels_and_what_they_mean(oracle):
    found, recipe, codec = oracle
    for example in found["examples"]:
        moment = codec.sequence(_batch(_ids(recipe, example["events"])))
        labels = moment.label[0, 1:]
        assert labels[:, 0].tolist() == example["labels"]
        decoded = codec.events(labels, moment.copies[0, :-1])
        assert _events(recipe, decoded) == example["decoded_events"][1:]
