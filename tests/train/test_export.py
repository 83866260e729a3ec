"""The exported graph: equal to the net on every recipe and to the original's checkpoints; nothing of this
machine in it.
"""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import save_file

from antiphon import nets, recipes
from antiphon.errors import OptionError, RunError
from antiphon.nets import magenta
from antiphon.recipes import Codec, Recipe, Sizes
from antiphon.runtime import bundle
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.player import Player
from antiphon.train.export import export, of_model

WIDER = Recipe(
    name="melody/wider",
    family="melody",
    summary="Three layers of 256, and lookback to 1, 2 and 4 bars.",
    codec=Codec("lookback", lookback_bars=(1, 2, 4), clock_bits=6),
    net="lstm",
    sizes=Sizes(layers=(256, 256, 256)),
)
"""What a newcomer's variant looks like: a value, no code."""

VARIANTS = {
    **recipes.recipes(),
    WIDER.name: WIDER,
    "attention~stack": recipes.find("melody/attention").with_values(
        {"sizes.attention_around": "stack", "sizes.layers": "64,64"}
    ),
    "attention~residual": recipes.find("melody/attention").with_values(
        {"sizes.residual": "true", "sizes.layers": "32,32,48"}
    ),
}

OPENING = np.full(130, 1 / 130)
METERS = [(16, 0), (12, 8), (6, 0), (48, 5), (20, 19)]
"""Steps per bar and the step the music starts on: 4/4, 3/4 with a pick-up, 6/8 in eighths, the longest bar,
5/4 with a pick-up.
"""


def _clock(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    chosen = torch.tensor(METERS).repeat(batch // len(METERS) + 1, 1)[:batch]
    return chosen[:, 0], chosen[:, 1]


def _melodies(recipe: Recipe, batch: int, length: int) -> torch.Tensor:
    """Pitches of the view, silence and held notes; the second half repeats the first, so that lookback labels
    matter.
    """
    generator = torch.Generator().manual_seed(batch)
    kinds = torch.randint(0, 6, (batch, length // 2), generator=generator)
    low = max(recipe.view.min_pitch, 48) + 2
    half = torch.where(
        kinds > 3, low + torch.randint(0, 30, kinds.shape, generator=generator), kinds.clamp(max=1)
    )
    return torch.cat([half, half], 1)


def _close(a: torch.Tensor | np.ndarray, b: torch.Tensor | np.ndarray) -> None:
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=0, atol=1e-5)


@pytest.fixture(scope="module", params=sorted(VARIANTS))
def net_and_player(request, bundled):
    torch.manual_seed(0)
    model = nets.build(VARIANTS[request.param]).eval()
    for parameter in model.parameters():
        parameter.data = parameter.data * 1.5 + 0.05 * torch.randn_like(parameter)
    return model, Player(bundled(model))


@pytest.mark.parametrize("batch", [1, 2, 64])
@torch.no_grad()
def test_sequence_equals_torch_step_equals_onnx_step(net_and_player, batch):
    model, player = net_and_player
    length = 20 if batch == 64 else 104
    events, (steps_per_bar, start) = _melodies(model.recipe, batch, length), _clock(batch)
    whole = model(events, steps_per_bar, start).log_softmax(-1)
    scores = model.score(events, torch.full((batch,), length), steps_per_bar, start)
    state, played = model.initial_state(batch), player.start(batch)
    temperature = torch.full((batch,), 1.0)
    for t in range(length):
        position = torch.stack([(start + t) % steps_per_bar, steps_per_bar], 1)
        log_p, label_log_p, state = model.step(events[:, t : t + 1], position, temperature, state)
        step = player.step(events[:, t].numpy(), position.numpy(), temperature.numpy(), played)
        played = step.state
        _close(label_log_p, whole[:, t])
        _close(step.label_log_p, whole[:, t])
        _close(step.log_p, log_p)
        if t + 1 < length:
            _close(
                -np.take_along_axis(step.log_p, events[:, t + 1, None].numpy(), 1)[:, 0],
                scores.event_nll[:, t],
            )
    for name, value in state.items():
        np.testing.assert_allclose(played.tensors[name], value, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_temperatures_of_a_batch_are_its_members(net_and_player):
    model, player = net_and_player
    position, events = np.array([[3, 16]] * 3), np.array([62, 62, 62])
    together = player.step(events, position, np.array([0.5, 1, 2], np.float32), player.start(3)).log_p
    for n, temperature in enumerate((0.5, 1.0, 2.0)):
        alone = model.step(
            torch.tensor([[62]]), torch.tensor([[3, 16]]), torch.tensor([temperature]), model.initial_state(1)
        )[0]
        _close(together[n : n + 1], alone)


def test_the_graph_holds_no_weights_and_no_trace_of_this_machine(net_and_player):
    model, player = net_and_player
    graph = player.bundle.graph
    proto = onnx.ModelProto.FromString(graph)
    outside = {t.name for t in proto.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL}
    assert outside == set(model.state_dict())
    assert {node.domain for node in proto.graph.node} == {""}
    assert [o.version for o in proto.opset_import] == [18]
    for trace in (b"/home", b"/usr", b".py", b"torch", b"site-packages"):
        assert trace not in graph


def test_the_graph_finds_its_weights_in_the_safetensors_file(tmp_path, net_and_player):
    """Any ONNX runtime does, without help: the graph points into the file by offset."""
    import onnxruntime

    model, player = net_and_player
    (tmp_path / bundle.WEIGHTS).write_bytes(player.bundle.safetensors)
    (tmp_path / bundle.STEP).write_bytes(player.bundle.graph)
    session = onnxruntime.InferenceSession(tmp_path / bundle.STEP)
    state = {name: t.numpy() for name, t in model.initial_state(1).items()}
    given = {
        "event": np.array([[62]]),
        "position": np.array([[0, 16]]),
        "temperature": np.ones(1, np.float32),
        **state,
    }
    feeds = {i.name: given[i.name] for i in session.get_inputs()}
    log_p = session.run(["log_p"], feeds)[0]
    _close(
        log_p, player.step(np.array([62]), np.array([[0, 16]]), np.ones(1, np.float32), player.start(1)).log_p
    )


def test_half_precision_is_a_rounded_net(bundled):
    torch.manual_seed(0)
    model = nets.build(recipes.find("melody/lookback")).eval()
    made = of_model(model, "melody/test", OPENING, half=True)
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    player = Player(made)
    assert len(made.safetensors) < 0.51 * len(bundled(model).safetensors)
    step = player.step(np.array([62]), np.array([[0, 16]]), np.ones(1, np.float32), player.start(1))
    with torch.no_grad():
        _close(
            step.log_p,
            model.step(torch.tensor([[62]]), torch.tensor([[0, 16]]), torch.ones(1), model.initial_state(1))[
                0
            ],
        )


CHECKPOINTS = {
    "musicrnn_js": ("first", "128,128", 2e-5),
    "funkyb_attention_rnn": ("stack", "64,64", 2e-5),
    "funkyb_attention_rnn_funkyb01": ("stack", "64,64", 2e-5),
}


@pytest.fixture(scope="module", params=CHECKPOINTS)
def trained(request, golden):
    """A trained net of the original's, and what the original said."""
    around, layers, tolerance = CHECKPOINTS[request.param]
    recipe = recipes.find("melody/attention").with_values(
        {"sizes.attention_around": around, "sizes.layers": layers}
    )
    model = nets.build(recipe).eval()
    model.load_state_dict(magenta.state_dict(np.load(golden(f"a_attention_rnn/weights_{request.param}.npz"))))
    vectors = np.load(golden(f"a_attention_rnn/{request.param}.npz"))
    melodies = json.loads(golden(f"a_attention_rnn/{request.param}.json").read_text())["melodies"]
    assert len(melodies) >= 6
    return model, vectors, melodies, tolerance


def test_original_checkpoints_event_by_event_through_the_graph(trained, bundled):
    model, vectors, melodies, tolerance = trained
    player = Player(bundled(model))
    half, one = np.array([0.5], np.float32), np.ones(1, np.float32)
    for name, melody in melodies.items():
        state = player.start(1)
        for t, event in enumerate(melody["events"]):
            heard = np.array([event + 2]), np.array([[t % 16, 16]])
            said, colder = player.step(*heard, one, state), player.step(*heard, half, state)
            state = said.state
            wanted = vectors[f"{name}/softmax_T1"][t]
            np.testing.assert_allclose(np.exp(said.label_log_p[0]), wanted, rtol=0, atol=tolerance)
            folded = _folded(model, vectors[f"{name}/softmax_T0.5"][t], melody["events"][: t + 1])
            np.testing.assert_allclose(np.exp(colder.log_p[0]), folded, rtol=0, atol=tolerance)
        if f"{name}/final_state_1" in vectors:
            np.testing.assert_allclose(
                state.tensors["0_c"][0], vectors[f"{name}/final_state_0"], rtol=0, atol=1e-4
            )


def _folded(model: nets.EventModel, labels: np.ndarray, events: list[int]) -> np.ndarray:
    """Probabilities of labels as those of events, in plain Python."""
    found = np.zeros(130)
    for label, p in enumerate(labels):
        if label < 36:
            found[label + 50] += p
        elif label < 38:
            found[label - 36] += p
        else:
            back = 16 * (label - 37)
            found[events[-back] + 2 if len(events) >= back else 0] += p
    return found


@torch.no_grad()
def test_original_checkpoints_as_whole_sequences(trained):
    model, vectors, melodies, tolerance = trained
    for name, melody in melodies.items():
        events = torch.tensor([melody["events"]]) + 2
        softmax = model(events, torch.tensor([16]), torch.tensor([0])).softmax(-1)[0]
        np.testing.assert_allclose(softmax, vectors[f"{name}/softmax_T1"], rtol=0, atol=tolerance)


@pytest.fixture
def run(tmp_path):
    """A run folder as training leaves it."""
    torch.manual_seed(0)
    recipe = dataclasses.replace(recipes.find("melody/basic"), sizes=Sizes(layers=(8,)))
    facts = {
        "format": 1,
        "recipe": recipe.as_dict(),
        "corpus": {"path": "/somewhere/tunes", "digest": "0", "n_train": 3, "n_validation": 1},
        "seed": 7,
        "from": None,
        "processes": 1,
        "opening": OPENING.tolist(),
        "versions": {"antiphon": "0"},
    }
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(facts))
    model = nets.build(recipe)
    about = {"antiphon": json.dumps({"step": 40, "metrics": {"nll_per_step": 1.5}})}
    save_file(model.state_dict(), folder / "best.safetensors", metadata=about)
    return folder, model


def test_a_run_becomes_a_bundle_file(run, tmp_path):
    folder, model = run
    out = tmp_path / "mine.antiphon"
    export(folder, out)
    opened = Bundle.open(out)
    assert opened.recipe == model.recipe
    assert opened.name == "mine"
    assert opened.provenance["steps"] == 40
    assert opened.provenance["corpus"]["path"] == "tunes"
    assert opened.metrics == {"nll_per_step": 1.5}
    assert "tunes" in opened.card
    np.testing.assert_array_equal(opened.opening, OPENING)
    for name, tensor in model.state_dict().items():
        np.testing.assert_array_equal(opened.weights()[name], tensor)
    assert Player(opened).start(2).tensors["0_c"].shape == (2, 8)


def test_exports_that_cannot_be(run, tmp_path):
    folder, _ = run
    with pytest.raises(OptionError, match=r"\.antiphon"):
        export(folder, tmp_path / "mine.zip")
    (folder / "best.safetensors").unlink()
    with pytest.raises(RunError, match="train for a while"):
        export(folder, tmp_path / "mine.antiphon")
    with pytest.raises(RunError, match="not a training run"):
        export(tmp_path, tmp_path / "mine.antiphon")
