"""Playing without torch: states are values, ids and clocks are checked, a batch equals its members."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from antiphon.errors import BundleError, InputError, OptionError
from antiphon.recipes import find
from antiphon.runtime.bundle import Bundle, Graph, write
from antiphon.runtime.graph import StepInput
from antiphon.runtime.player import Player
from antiphon.runtime.state import PlayingState, zeros

HOT = np.ones(1, np.float32)
PLACE = np.array([[0, 16]])
NONE: dict = {}


def heard(*events: int, place: object = PLACE, temperature: object = HOT) -> StepInput:
    """One event in each row, all at the same place and temperature."""
    n = len(events)
    places = np.broadcast_to(np.asarray(place), (n, 2))
    return StepInput(
        np.array(events)[:, None], np.broadcast_to(np.asarray(temperature, np.float32), n), places
    )


@pytest.fixture(scope="module")
def bundle(bundled) -> Bundle:
    torch = pytest.importorskip("torch")
    from antiphon import nets, recipes

    torch.manual_seed(0)
    recipe = recipes.find("melody/attention").with_values({"net.layers": "12,10", "net.length": "5"})
    return bundled(nets.build(recipe), "melody/tiny")


@pytest.fixture(scope="module")
def player(bundle) -> Player:
    return Player(bundle)


def _play(player: Player, events: list[int], state=None):
    state = player.start(1) if state is None else state
    for t, event in enumerate(events):
        step = player.step(heard(event, place=[t % 16, 16]), state)
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
    once = player.step(heard(66), first.state)
    _play(player, [70, 71, 1], once.state)
    again = player.step(heard(66), first.state)
    np.testing.assert_array_equal(once.log_p, again.log_p)
    for name, tensor in kept.items():
        np.testing.assert_array_equal(first.state.tensors[name], tensor)


def test_taken_states_go_on_as_the_ones_they_were_taken_from(player):
    both = player.step(heard(62, 70, place=[4, 16]), player.start(2)).state
    forked = player.step(heard(64, 64, 64, place=[4, 16]), both.take(np.array([1, 0, 1])))
    straight = player.step(heard(64, 64, place=[4, 16]), both)
    np.testing.assert_allclose(forked.log_p, straight.log_p[[1, 0, 1]], rtol=0, atol=1e-6)


def test_states_that_are_given_away_say_the_same(player):
    """Past the steps after which the player keeps its rows in buffers of their own, and once more from a
    state that was given away already, with the same event."""
    events = [62, 0, 64, 0, 1, 0, 66, 67, 0, 69, 0, 0, 71, 1]
    kept, given = player.start(1), player.start(1)
    for t, event in enumerate(events):
        now = heard(event, place=[t % 16, 16])
        one, other = player.step(now, kept), player.step(now, given, keep=False)
        again = player.step(now._replace(temperature=HOT * 2), given, keep=False)
        np.testing.assert_array_equal(one.log_p, other.log_p)
        hot = player.step(now._replace(temperature=HOT * 2), kept)
        np.testing.assert_array_equal(hot.log_p, again.log_p)
        kept, given = one.state, again.state
        for name, tensor in kept.tensors.items():
            np.testing.assert_array_equal(tensor, given.tensors[name])


def test_rows_taken_from_a_state_in_buffers_are_independent_of_it(player):
    state = player.start(1)
    for t in range(8):
        state = player.step(heard(62 + t % 3, place=[t, 16]), state, keep=False).state
    twins = state.take(np.array([0, 0]))
    before = {name: tensor.copy() for name, tensor in twins.tensors.items()}
    for t in range(8, 12):
        state = player.step(heard(70, place=[t, 16]), state, keep=False).state
    for name, tensor in before.items():
        np.testing.assert_array_equal(twins.tensors[name], tensor)


# memories that are written in place


def test_a_ring_is_written_in_place_where_nobody_else_needs_it():
    first = zeros({"seen": ("int64", ()), "keys": ("float32", (4,))}, ("keys",), 3)
    first.ring("keys")[:] = np.arange(12).reshape(3, 4)

    def shared(state: PlayingState, *, keep: bool) -> bool:
        made = state.buffers(keep=keep)["keys"].array
        np.testing.assert_array_equal(made, state.ring("keys"))
        return np.shares_memory(made, state.ring("keys")) or np.shares_memory(made, first.ring("keys"))

    assert (shared(first, keep=True), shared(first, keep=False)) == (False, True)
    taken = first.take(np.array([2, 2, 0]))
    again = taken.take(np.array([1, 2]))
    assert taken.ring("keys")[:, 0].tolist() == [8, 8, 0]
    assert again.ring("keys")[:, 0].tolist() == [8, 0]
    assert [shared(state, keep=False) for state in (taken, again, first)] == [False] * 3
    del taken, again
    assert shared(first, keep=False), "nobody else is left"


@pytest.fixture(scope="module")
def ringing() -> Player:
    """A player of a graph made by hand, which remembers the last four events in a ring."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("safetensors")
    from safetensors.numpy import save

    node, helper = onnx.helper.make_node, onnx.helper
    kinds = {"int64": onnx.TensorProto.INT64, "float32": onnx.TensorProto.FLOAT}
    state = {"seen": ("int64", ()), "keys": ("float32", (4,))}
    inputs = {"event": ("int64", (1,)), "temperature": ("float32", ()), **state}
    outputs = {"log_p": ("float32", (130,)), "next_seen": state["seen"], "next_keys": state["keys"]}
    constants = {
        "four": np.array(4), "one": np.array(1), "axis": np.array([1]),
        "table": np.random.default_rng(1).normal(scale=0.02, size=(4, 130)).astype(np.float32),
    }  # fmt: skip
    nodes = [
        node("Mod", ["seen", "four"], ["slot"]),
        node("Unsqueeze", ["slot", "axis"], ["place"]),
        node("Cast", ["event"], ["number"], to=kinds["float32"]),
        node("ScatterElements", ["keys", "place", "number"], ["next_keys"], axis=1),
        node("Add", ["seen", "one"], ["next_seen"]),
        node("MatMul", ["next_keys", "table"], ["likely"]),
        node("Unsqueeze", ["temperature", "axis"], ["warmth"]),
        node("Div", ["likely", "warmth"], ["logits"]),
        node("LogSoftmax", ["logits"], ["log_p"], axis=1),
    ]
    given, made = (
        [
            helper.make_tensor_value_info(name, kinds[kind], ["B", *shape])
            for name, (kind, shape) in of.items()
        ]
        for of in (inputs, outputs)
    )
    held = [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "ring", given, made, held)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    step = Graph(proto.SerializeToString(), inputs, outputs)
    recipe, opening = find("melody/basic"), np.full(130, 1 / 130)
    return Player(Bundle("melody/ring", recipe, opening, state, save({}), {"step": step}, rings=("keys",)))


def test_states_with_rings_go_ways_of_their_own(ringing):
    """Rows are forked and played on at random, given away each time; each says what it says alone."""

    def alone(events: list[int]) -> np.ndarray:
        state = ringing.start(1)
        for event in events:
            step = ringing.step(heard(event), state)
            state = step.state
        return step.log_p

    rng = np.random.default_rng(3)
    ways: list[tuple[list[int], PlayingState]] = [([], ringing.start(1))]
    for _ in range(150):
        events, state = ways[rng.integers(len(ways))]
        if rng.random() < 0.1 and len(ways) < 6:
            ways.append((list(events), state.take(np.array([0]))))
            continue
        events.append(int(rng.integers(50, 86)))
        step = ringing.step(heard(events[-1]), state, keep=False)
        np.testing.assert_allclose(step.log_p, alone(events), rtol=0, atol=1e-6)
        ways[[way[0] is events for way in ways].index(True)] = (events, step.state)
    assert len(ways) == 6
    assert min(len(events) for events, _ in ways) > 8, "all go on for long"


@pytest.mark.parametrize("event", [-1, 2, 49, 86, 130, 10**9])
def test_events_outside_the_model_are_refused(player, event):
    with pytest.raises(InputError, match=f"event {event} is unknown to melody/tiny.*pitches 48 to 83"):
        player.step(heard(event), player.start(1))


@pytest.mark.parametrize("place", [[16, 16], [-1, 16], [0, 0], [0, 49]])
def test_impossible_positions_are_refused(player, place):
    with pytest.raises(OptionError, match="1 to 48 steps"):
        player.step(heard(62, place=place), player.start(1))
    with pytest.raises(OptionError, match="1 to 48 steps"):
        player.step(heard(*[62] * 40, place=place), player.start(40))


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_impossible_temperatures_are_refused(player, temperature):
    with pytest.raises(OptionError, match="above 0"):
        player.step(heard(62, temperature=temperature), player.start(1))


def test_batches_of_different_sizes_are_refused(player):
    with pytest.raises(OptionError, match="2 events"):
        player.step(heard(62, 62)._replace(position=PLACE), player.start(2))
    with pytest.raises(OptionError, match="2 events"):
        player.step(heard(62, 62)._replace(temperature=HOT), player.start(2))


def test_graphs_that_are_none_or_do_not_fit_are_refused(bundle):
    graph = bundle.graphs["step"]

    def altered(proto=graph.proto, more=NONE, outputs=NONE, less="") -> Bundle:
        state = {name: tensor for name, tensor in {**bundle.state, **more}.items() if name != less}
        given = {name: tensor for name, tensor in {**graph.inputs, **more}.items() if name != less}
        made = {**graph.outputs, **{f"next_{name}": tensor for name, tensor in more.items()}, **outputs}
        made.pop(f"next_{less}", None)
        return dataclasses.replace(bundle, state=state, graphs={"step": Graph(proto, given, made)})

    assert Player(altered())
    with pytest.raises(BundleError, match="is refused"):
        Player(altered(proto=b"no graph"))
    for wrong in (
        {"more": {"more": ("float32", (3,))}},
        {"more": {"seen": ("float32", ())}},
        {"more": {"fits": ("float32", (11,))}},
        {"outputs": {"log_p": ("float32", (131,))}},
        {"outputs": {"label": ("float32", (1,))}},
        {"outputs": {"value": ("float32", (1,))}},
        {"less": "bar"},
    ):
        with pytest.raises(BundleError, match=r"not fit|is refused"):
            Player(altered(**wrong))


def test_playing_imports_no_torch(bundle, tmp_path):
    write(tmp_path / "x.antiphon", bundle)
    script = (
        "import sys, numpy as np\n"
        "from antiphon.runtime.bundle import Bundle\n"
        "from antiphon.runtime.player import Player\n"
        "from antiphon.runtime.graph import StepInput\n"
        "player = Player(Bundle.open(sys.argv[1]))\n"
        "heard = StepInput(np.array([[62]]), np.ones(1, np.float32), np.array([[0, 16]]))\n"
        "player.step(heard, player.start(1))\n"
        "assert not {'torch', 'onnx'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "x.antiphon")], check=True)
