"""Playing without torch: states are values, ids and clocks are checked, a batch equals its members."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from antiphon.errors import BundleError, InputError, OptionError
from antiphon.runtime.bundle import Bundle, write
from antiphon.runtime.player import Player

HOT = np.ones(1, np.float32)
PLACE = np.array([[0, 16]])


@pytest.fixture(scope="module")
def bundle(bundled) -> Bundle:
    torch = pytest.importorskip("torch")
    from antiphon import nets, recipes

    torch.manual_seed(0)
    recipe = recipes.find("melody/attention").with_values(
        {"sizes.layers": "12,10", "sizes.attention_length": "5"}
    )
    return bundled(nets.build(recipe), "melody/tiny")


@pytest.fixture(scope="module")
def player(bundle) -> Player:
    return Player(bundle)


def _play(player: Player, events: list[int], state=None):
    state = player.start(1) if state is None else state
    for t, event in enumerate(events):
        step = player.step(np.array([event]), np.array([[t % 16, 16]]), HOT, state)
        state = step.state
    return step


def test_a_step_says_how_likely_each_event_is(player):
    step = _play(player, [62, 0, 64])
    assert step.log_p.shape == (1, 130)
    assert step.label_log_p.shape == (1, 40)
    assert step.log_p.dtype == np.float32
    assert np.exp(step.log_p).sum() == pytest.approx(1, abs=1e-5)


def test_a_state_can_be_gone_back_to(player):
    first = _play(player, [62, 0, 64])
    kept = {name: tensor.copy() for name, tensor in first.state.tensors.items()}
    once = player.step(np.array([66]), PLACE, HOT, first.state)
    _play(player, [70, 71, 1], once.state)
    again = player.step(np.array([66]), PLACE, HOT, first.state)
    np.testing.assert_array_equal(once.log_p, again.log_p)
    for name, tensor in kept.items():
        np.testing.assert_array_equal(first.state.tensors[name], tensor)


def test_taken_states_go_on_as_the_ones_they_were_taken_from(player):
    places, hot = np.array([[4, 16], [4, 16]]), np.ones(2, np.float32)
    both = player.step(np.array([62, 70]), places, hot, player.start(2)).state
    forked = player.step(
        np.array([64, 64, 64]),
        np.tile(places[0], (3, 1)),
        np.ones(3, np.float32),
        both.take(np.array([1, 0, 1])),
    )
    straight = player.step(np.array([64, 64]), places, hot, both)
    np.testing.assert_allclose(forked.log_p, straight.log_p[[1, 0, 1]], rtol=0, atol=1e-6)


@pytest.mark.parametrize("event", [-1, 2, 49, 86, 130, 10**9])
def test_events_outside_the_model_are_refused(player, event):
    with pytest.raises(InputError, match=f"event {event} is unknown to melody/tiny.*pitches 48 to 83"):
        player.step(np.array([event]), PLACE, HOT, player.start(1))


@pytest.mark.parametrize("place", [[16, 16], [-1, 16], [0, 0], [0, 49]])
def test_impossible_positions_are_refused(player, place):
    with pytest.raises(OptionError, match="1 to 48 steps"):
        player.step(np.array([62]), np.array([place]), HOT, player.start(1))


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_impossible_temperatures_are_refused(player, temperature):
    with pytest.raises(OptionError, match="above 0"):
        player.step(np.array([62]), PLACE, np.array([temperature], np.float32), player.start(1))


def test_batches_of_different_sizes_are_refused(player):
    with pytest.raises(OptionError, match="2 events"):
        player.step(np.array([62, 62]), PLACE, HOT, player.start(2))


def test_graphs_that_are_none_or_do_not_fit_are_refused(bundle):
    with pytest.raises(BundleError, match="cannot be played"):
        Player(dataclasses.replace(bundle, graph=b"no graph"))
    with pytest.raises(BundleError, match="does not fit its index"):
        Player(dataclasses.replace(bundle, state={**bundle.state, "more": ("float32", (3,))}))
    with pytest.raises(BundleError, match="does not fit its index"):
        Player(
            dataclasses.replace(bundle, state={name: bundle.state[name] for name in list(bundle.state)[1:]})
        )


def test_playing_imports_no_torch(bundle, tmp_path):
    write(tmp_path / "x.antiphon", bundle)
    script = (
        "import sys, numpy as np\n"
        "from antiphon.runtime.bundle import Bundle\n"
        "from antiphon.runtime.player import Player\n"
        "player = Player(Bundle.open(sys.argv[1]))\n"
        "player.step(np.array([62]), np.array([[0, 16]]), np.ones(1, np.float32), player.start(1))\n"
        "assert not {'torch', 'onnx'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "x.antiphon")], check=True)
