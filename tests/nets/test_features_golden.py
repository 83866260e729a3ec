"""Inputs, labels and decoded events equal those of the original encoders."""

from __future__ import annotations

import json

import pytest
import torch

from antiphon import recipes
from antiphon.nets import features

CONFIGS = {
    "melody_basic_rnn": "melody/basic",
    "melody_mono_rnn": "melody/mono",
    "melody_lookback_rnn": "melody/lookback",
    "melody_attention_rnn": "melody/attention",
}
BAR = torch.tensor([16])
START = torch.tensor([0])


def _ids(events: list[int]) -> torch.Tensor:
    return torch.tensor([events]) + 2


def _dense(sparse: list[list[tuple[int, float]]], width: int) -> torch.Tensor:
    rows = torch.zeros(len(sparse), width)
    for row, entries in zip(rows, sparse, strict=True):
        for index, value in entries:
            row[int(index)] = value
    return rows


@pytest.fixture(params=CONFIGS)
def oracle(request, golden):
    found = json.loads(golden(f"c_encodings/{request.param}.json").read_text())
    assert len(found["examples"]) >= 10
    return found, features.build(recipes.find(CONFIGS[request.param]))


def test_sizes(oracle):
    found, codec = oracle
    assert (codec.width, codec.n_labels) == (found["input_size"], found["num_classes"])
    assert codec.default_label == found["default_event_label"]


def test_inputs_of_whole_sequences(oracle):
    found, codec = oracle
    for example in found["examples"]:
        inputs = codec.sequence(_ids(example["events"]), BAR, START)[0]
        wanted = [*example["inputs_sparse"], example["full_length_last_input"]]
        assert torch.equal(inputs, _dense(wanted, codec.width))


def test_inputs_event_by_event(oracle):
    found, codec = oracle
    for example in found["examples"]:
        events, state, rows = _ids(example["events"])[0], codec.initial_state(1), []
        for t, event in enumerate(events):
            moment = codec.step(event[None], torch.tensor([[t % 16, 16]]), state)
            state = moment.state
            rows.append(moment.inputs[0])
        assert torch.equal(torch.stack(rows[:-1]), _dense(example["inputs_sparse"], codec.width))


def test_labels_and_what_they_mean(oracle):
    found, codec = oracle
    for example in found["examples"]:
        ids = _ids(example["events"])
        labels = codec.labels(ids, BAR)[0, 1:]
        assert labels.tolist() == example["labels"]
        decoded = codec.events(labels, codec.copies(ids, BAR)[0, :-1]) - 2
        assert decoded.tolist() == example["decoded_events"][1:]
