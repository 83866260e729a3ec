"""What the original's vectors do not show: other meters, uneven events, several repeats at once, controls."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from antiphon import nets, recipes
from antiphon.codecs.alphabet import Alphabet, Field, Span, single
from antiphon.codecs.timing import Bars
from antiphon.errors import OptionError
from antiphon.nets import EventBatch
from antiphon.nets.features.clock import StepClock
from antiphon.nets.features.labels import Labels
from antiphon.nets.head import CategoricalHead

STEADY = single(Span("note", 40, steps=1, onset=True))
UNEVEN = single(Span("wait", 40, steps_more=1))
TWO = Alphabet(
    (
        Field("note", (Span("none"), Span("on", 5, onset=True))),
        Field("time", (Span("wait", 3, steps_more=1),)),
    )
)


def plain_clock(steps: list[int], start: int, bar: int, bits: int) -> list[tuple[list[int], bool]]:
    """Bits, and whether a bar line has passed, after each event; counted along."""
    period, place, found = 1, start, []
    while period < bar:
        period *= 2
    for n in steps:
        passed = (place + n) // bar > place // bar
        place += n
        count = place // bar * period + place % bar
        found.append(([(count >> bit) % 2 * 2 - 1 for bit in range(bits)], passed))
    return found


@pytest.mark.parametrize("alphabet", [STEADY, UNEVEN], ids=["steady", "uneven"])
@pytest.mark.parametrize(("start", "bar"), [(0, 16), (8, 12), (0, 6), (19, 20), (5, 48), (3, 7)])
def test_the_clock_counts_bars_of_the_next_power_of_two(alphabet: Alphabet, start: int, bar: int) -> None:
    events = np.random.default_rng(bar).integers(0, 40, (1, 60, 1))
    position = torch.from_numpy(Bars.of(start, bar).at(alphabet.times(events)))
    clock, ids = StepClock(7, alphabet), torch.from_numpy(events)
    bits, passed = clock.sequence(ids, position)
    expected = plain_clock(alphabet.steps(events)[0].tolist(), start, bar, 7)
    assert list(zip(bits[0].tolist(), passed[0].tolist(), strict=True)) == expected
    state = clock.initial_state(1)
    for t, row in enumerate(expected):
        one, line, state = clock.step(ids[:, t], position[:, t], state)
        assert (one[0].tolist(), bool(line)) == row


def test_of_several_repeats_the_farthest_is_the_label() -> None:
    labels = Labels(STEADY, (1, 2, 4))
    kept = torch.tensor(list(itertools.product([False, True], repeat=3)))
    found = labels.label(torch.full((8, 1), 7), kept)[:, 0].tolist()
    assert found == [7, 42, 41, 42, 40, 42, 41, 42]


def test_lookback_is_for_events_that_take_a_step() -> None:
    with pytest.raises(OptionError, match="every event takes a step"):
        Labels(UNEVEN, (1,))


def test_the_lowest_pitch_of_midi_sounds() -> None:
    recipe = recipes.find("melody/attention").with_values({"view.min_pitch": "0"})
    position = torch.tensor([[[0, 16], [1, 16]]])
    batch = EventBatch(torch.tensor([[[2], [1]]]), torch.tensor([2]), position)
    inputs = nets.build(recipe).features.sequence(batch).inputs[0]
    assert inputs[0, [0, 84, 85]].tolist() == [1, 1, 0], "C-1, a note, no silence"
    assert inputs[1, [0, 84, 85]].tolist() == [0, 0, 1]


def test_the_control_that_comes_is_that_of_the_next_event() -> None:
    control = torch.arange(6.0).view(2, 3, 1)
    batch = EventBatch(torch.zeros(2, 3, 1), torch.tensor([3, 3]), torch.zeros(2, 3, 2), control)
    assert batch.coming_control is not None
    assert batch.coming_control[..., 0].tolist() == [[1, 2, 2], [4, 5, 5]]


def test_a_head_begins_with_how_often_labels_occur_and_one_more_of_each() -> None:
    head = CategoricalHead(4, (3, 2))
    head.init_bias(torch.tensor([0, 3, 1, 1, 0]))
    assert head.bias.exp().tolist() == pytest.approx([1 / 7, 4 / 7, 2 / 7, 2 / 3, 1 / 3])


def test_an_event_of_several_fields_says_something_where_any_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("antiphon.recipes.recipe._alphabet", lambda family, view: TWO)
    model = nets.build(recipes.find("melody/basic").with_values({"net.layers": "4"})).eval()
    events = torch.tensor([[[1, 1], [0, 0], [2, 0], [0, 1], [3, 2], [0, 0]]])
    loss = model.loss(EventBatch(events, torch.tensor([6]), torch.zeros(1, 6, 2, dtype=torch.int64)))
    assert (int(loss.n), int(loss.n_events)) == (5, 3)
