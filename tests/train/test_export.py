"""The exported graph: equal to the net on every recipe and to the original's checkpoints; nothing of this
machine in it.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from pathlib import Path

import numpy as np
import onnx
import onnx.reference
import pytest
import torch
from safetensors.torch import save_file

from antiphon import nets, recipes
from antiphon.codecs.alphabet import Alphabet
from antiphon.codecs.timing import Bars
from antiphon.compat import variables
from antiphon.data.corpus import Corpus
from antiphon.errors import BundleError, NameNotFound, OptionError, RunError
from antiphon.nets.stack import Stack
from antiphon.recipes import Lookback, Lstm, Recipe
from antiphon.runtime import container, selfcheck
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.graph import StepInput
from antiphon.runtime.player import Player
from antiphon.train import checkpoint
from antiphon.train.export import _defaults, export, of_model
from antiphon.train.graph import OPERATORS, _turn_back
from antiphon.train.optimisation import Adam

WIDER = Recipe(
    name="melody/wider",
    family="melody",
    summary="Three layers of 256, and lookback to 1, 2 and 4 bars.",
    codec=Lookback(bars=(1, 2, 4), clock_bits=6),
    net=Lstm(layers=(256, 256, 256)),
)
"""What a newcomer's variant looks like: a value, no code."""

VARIANTS = {
    **{name: recipes.find(name) for name in recipes.RECIPES},
    WIDER.name: WIDER,
    "attention~stack": recipes.find("melody/attention").with_values(
        {"net.around": "stack", "net.layers": "64,64"}
    ),
    "attention~residual": recipes.find("melody/attention").with_values(
        {"net.residual": "true", "net.layers": "32,32,48"}
    ),
}

OPENING = np.full(130, 1 / 130)
STEADY = Bars.of([0, 8, 0, 5, 19], [16, 12, 6, 48, 20])
"""4/4, 3/4 with a pick-up, 6/8 in eighths, the longest bar, 5/4 with a pick-up."""
CHANGING = Bars(
    np.array([[0, 24, 60], [-8, 4, 500], [0, 30, 500], [-5, 43, 500], [-19, 21, 63]]),
    np.array([[16, 12, 20], [12, 16, 1], [6, 16, 1], [48, 8, 1], [20, 14, 16]]),
)
"""The same, going on in other meters."""


def _position(bars: Bars, alphabet: Alphabet, events: np.ndarray) -> np.ndarray:
    """Where events [B, T, F] stand, the rows taking turns among the pieces of `bars`."""
    rows = np.arange(len(events)) % len(bars.first)
    return bars.take(rows).at(alphabet.times(events))


def _close(a: torch.Tensor | np.ndarray, b: torch.Tensor | np.ndarray) -> None:
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=0, atol=1e-5)


@pytest.fixture(scope="module", params=sorted(VARIANTS))
def net_and_player(request, bundled):
    torch.manual_seed(0)
    model = nets.build(VARIANTS[request.param]).eval()
    for name, parameter in model.named_parameters():
        larger = 3.0 if name.startswith("output") else 1.1
        parameter.data = parameter.data * larger + 0.02 * torch.randn_like(parameter)
    return model, Player(bundled(model))


@pytest.mark.parametrize(("batch", "bars"), [(1, CHANGING), (5, STEADY), (64, CHANGING)])
@torch.no_grad()
def test_sequence_equals_torch_step_equals_onnx_step(net_and_player, walks, batch, bars):
    model, player = net_and_player
    alphabet, length = model.alphabet, 20 if batch == 64 else 104
    events = walks(model.recipe, batch, length, seed=batch)
    position = _position(bars, alphabet, events)
    ids, places = torch.from_numpy(events), torch.from_numpy(position)
    full = nets.EventBatch(ids, torch.full((batch,), length), places)
    scores, seen = model.likelihoods(full), model.features.sequence(full)
    whole = model.output.label_log_p(model.hidden(seen.inputs))
    state, played = model.initial_state(batch), player.start(batch)
    temperature = torch.ones(batch)
    for t in range(length):
        said = model.step(nets.Heard(ids[:, t], places[:, t]), temperature, state)
        heard = StepInput(events[:, t], temperature.numpy(), position[:, t])
        step = player.step(heard, played)
        state, played = said.state, step.state
        _close(said.label_log_p, whole[:, t])
        _close(step.log_p, said.log_p)
        assert torch.equal(said.label, seen.label[:, t])
        if model.features.own_labels:
            _close(step.label_log_p, whole[:, t])
            assert np.array_equal(step.label, said.label)
        if t + 1 < length:
            nll = sum(
                -np.take_along_axis(step.log_p[:, part], events[:, t + 1, f, None], 1)[:, 0]
                for f, part in enumerate(alphabet.slices)
            )
            _close(nll, scores.event_nll[:, t])
    for name, value in state.items():
        np.testing.assert_allclose(played.tensors[name], value, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_temperatures_of_a_batch_are_its_members(net_and_player, walks):
    model, player = net_and_player
    event = np.repeat(walks(model.recipe, 1, 1, seed=1)[:, 0], 3, axis=0)
    place, temperatures = np.array([[3, 16]] * 3), np.array([0.5, 1, 2], np.float32)
    together = player.step(StepInput(event, temperatures, place), player.start(3)).log_p
    for n, temperature in enumerate(temperatures.tolist()):
        heard = nets.Heard(torch.from_numpy(event[:1]), torch.tensor([[3, 16]]))
        alone = model.step(heard, torch.tensor([temperature]), model.initial_state(1)).log_p
        _close(together[n : n + 1], alone)


def test_a_bundle_says_what_its_graph_asks_for(net_and_player):
    """And nothing that it does not use: one field of position less to hand over where nobody reads it."""
    model, player = net_and_player
    step = player.bundle.graphs["step"]
    asked = {name for name in StepInput._fields if name in step.inputs}
    assert asked == {"event", "temperature"} | ({"position"} if model.features.needs_position else set())
    assert ("label" in step.outputs) == model.features.own_labels
    assert (player.bundle.labels is not None) == model.features.own_labels


def test_a_bundle_can_test_itself(net_and_player):
    bundle = net_and_player[1].bundle
    checked = dataclasses.replace(bundle, check=selfcheck.recorded(bundle))
    assert len(checked.check["events"]) == 64
    assert selfcheck.verify(checked) < 1e-6
    for wrong in (-0.1, 64 * -2e-4, 64 * 2e-4, math.nan):
        off = {**checked.check, "log_likelihood": checked.check["log_likelihood"] + wrong}
        with pytest.raises(BundleError, match="gives its own events"):
            selfcheck.verify(dataclasses.replace(checked, check=off))
    with pytest.raises(BundleError, match="has no check"):
        selfcheck.verify(dataclasses.replace(bundle, check={}))
    silent = [np.arange(size) == 0 for size in bundle.alphabet.sizes]
    silent_first = dataclasses.replace(bundle, opening=np.concatenate(silent).astype(float))
    events = np.array(selfcheck.recorded(silent_first)["events"])
    assert bundle.alphabet.onsets(events)[0], "whatever is likely, a piece begins with a note"


def test_the_graph_holds_no_weights_and_no_trace_of_this_machine(net_and_player):
    model, player = net_and_player
    graph = player.bundle.graphs["step"].proto
    proto = onnx.ModelProto.FromString(graph)
    outside = {t.name for t in proto.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL}
    assert outside == set(model.state_dict())
    assert not proto.graph.value_info
    assert {node.domain for node in proto.graph.node} == {""}
    assert {node.op_type for node in proto.graph.node} <= OPERATORS
    assert [o.version for o in proto.opset_import] == [18]
    for trace in (b"/home", b"/usr", b".py", b"torch", b"site-packages"):
        assert trace not in graph


def test_the_graph_finds_its_weights_in_the_safetensors_file(tmp_path, net_and_player):
    """Any ONNX runtime does, without help: the graph points into the file by offset."""
    import onnxruntime

    model, player = net_and_player
    (tmp_path / container.WEIGHTS).write_bytes(player.bundle.safetensors)
    (tmp_path / "step.onnx").write_bytes(player.bundle.graphs["step"].proto)
    session = onnxruntime.InferenceSession(tmp_path / "step.onnx")
    state = {name: t.numpy() for name, t in model.initial_state(1).items()}
    heard = StepInput(
        np.zeros((1, model.alphabet.n_fields), np.int64), np.ones(1, np.float32), np.array([[0, 16]])
    )
    given = {**heard._asdict(), **state}
    log_p = session.run(["log_p"], {i.name: given[i.name] for i in session.get_inputs()})[0]
    _close(log_p, player.step(heard, player.start(1)).log_p)


def test_the_page_of_the_contract_has_the_list_of_operators():
    page = (Path(__file__).parents[2] / "docs" / "playing-contract.md").read_text()
    listed = page.split("<!-- operators:begin -->")[1].split("<!-- operators:end -->")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == OPERATORS


def test_an_operator_that_is_not_on_the_list_is_refused(monkeypatch):
    """So that whoever plays bundles elsewhere knows what to expect."""
    monkeypatch.setattr("antiphon.train.graph.OPERATORS", OPERATORS - {"Sigmoid", "Tanh"})
    with pytest.raises(RunError, match="'melody/basic' needs Sigmoid, Tanh, which a playing graph may not"):
        of_model(nets.build(recipes.find("melody/basic")), "melody/test", OPENING)


def test_matrices_that_were_put_down_turned_are_put_back():
    """Of two of one shape each is found; one that stands there as it is too is not put there twice."""
    net = torch.nn.ParameterDict({name: torch.randn(3, 2) for name in ("one", "other", "third")})
    one, other = (net[name].detach().numpy() for name in ("one", "other"))
    held = {"a": one.T, "b": other.T, "model.other": other, "c": np.ones((2, 3), np.float32)}
    sums = [onnx.helper.make_node("Sum", ["a", "b", "c"], ["sum"])]
    given = onnx.helper.make_tensor_value_info("sum", onnx.TensorProto.FLOAT, [2, 3])
    initializers = [onnx.numpy_helper.from_array(np.ascontiguousarray(w), name) for name, w in held.items()]
    made = onnx.helper.make_graph(sums, "turned", [], [given], initializers)
    _turn_back(made, net)
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in made.initializer}
    assert sorted(tensor.name for tensor in made.initializer) == ["c", "model.one", "model.other"]
    np.testing.assert_array_equal(values["model.one"], one)
    evaluator = onnx.reference.ReferenceEvaluator(onnx.helper.make_model(made))
    np.testing.assert_allclose(evaluator.run(None, {})[0], one.T + other.T + 1, rtol=1e-6)


def test_operators_of_other_domains_are_refused_whatever_they_are_called(monkeypatch):
    node = onnx.helper.make_node("Add", ["a", "b"], ["c"], domain="com.example")
    proto = onnx.helper.make_model(onnx.helper.make_graph([node], "strange", [], []))
    monkeypatch.setattr("antiphon.train.graph._exported", lambda model, role: proto)
    with pytest.raises(RunError, match="'melody/basic' needs Add, which a playing graph may not"):
        of_model(nets.build(recipes.find("melody/basic")), "melody/test", OPENING)


def test_half_precision_is_a_rounded_net(bundled):
    torch.manual_seed(0)
    model = nets.build(recipes.find("melody/lookback")).eval()
    for parameter in model.parameters():
        if parameter.ndim == 1:
            parameter.data.zero_()  # equal weights are weights of their own
    made = of_model(model, "melody/test", OPENING, half=True)
    proto = onnx.ModelProto.FromString(made.graphs["step"].proto)
    outside = {t.name for t in proto.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL}
    assert outside == set(model.state_dict())
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    player = Player(made)
    assert len(made.safetensors) < 0.51 * len(bundled(model).safetensors)
    heard = StepInput(np.array([[62]]), np.ones(1, np.float32), np.array([[0, 16]]))
    with torch.no_grad():
        own = nets.Heard(torch.tensor([[62]]), torch.tensor([[0, 16]]))
        said = model.step(own, torch.ones(1), model.initial_state(1))
    _close(player.step(heard, player.start(1)).log_p, said.log_p)


CHECKPOINTS = {
    "musicrnn_js": ("first", "128,128", 2e-5),
    "funkyb_attention_rnn": ("stack", "64,64", 2e-5),
    "funkyb_attention_rnn_funkyb01": ("stack", "64,64", 2e-5),
}


@pytest.fixture(scope="module", params=CHECKPOINTS)
def trained(request, shared):
    """A trained net of the original's, and what the original said."""
    around, layers, tolerance = CHECKPOINTS[request.param]
    recipe = recipes.find("melody/attention").with_values({"net.around": around, "net.layers": layers})
    model = nets.build(recipe).eval()
    model.load_state_dict(
        variables.state_dict(np.load(shared(f"golden/a_attention_rnn/weights_{request.param}.npz")))
    )
    vectors = np.load(shared(f"golden/a_attention_rnn/{request.param}.npz"))
    melodies = json.loads(shared(f"golden/a_attention_rnn/{request.param}.json").read_text())["melodies"]
    assert len(melodies) >= 6
    return model, vectors, melodies, tolerance


def test_original_checkpoints_event_by_event_through_the_graph(trained, bundled):
    model, vectors, melodies, tolerance = trained
    player = Player(bundled(model))
    half, one = np.array([0.5], np.float32), np.ones(1, np.float32)
    for name, melody in melodies.items():
        state = player.start(1)
        for t, event in enumerate(melody["events"]):
            heard = StepInput(np.array([[event + 2]]), one, np.array([[t % 16, 16]]))
            said, colder = player.step(heard, state), player.step(heard._replace(temperature=half), state)
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
        events = torch.tensor([melody["events"]])[..., None] + 2
        place = torch.from_numpy(Bars.of(0, 16).at(np.arange(events.shape[1])[None]))
        batch = nets.EventBatch(events, torch.tensor([events.shape[1]]), place)
        hidden = model.hidden(model.features.sequence(batch).inputs)
        softmax = model.output.label_log_p(hidden).exp()[0]
        np.testing.assert_allclose(softmax, vectors[f"{name}/softmax_T1"], rtol=0, atol=tolerance)


@pytest.fixture
def run(tmp_path):
    """A run folder as training leaves it."""
    torch.manual_seed(0)
    recipe = dataclasses.replace(recipes.find("melody/basic"), net=Lstm(layers=(8,)))
    facts = {
        "format": 2,
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


def test_a_graph_that_says_something_else_than_its_net_is_found_out(monkeypatch):
    """As where a branch went one way while the graph was traced."""
    step = nets.EventModel.step

    def branching(*given):
        said = step(*given)
        return said._replace(log_p=said.log_p - 0.01) if torch.compiler.is_compiling() else said

    monkeypatch.setattr(nets.EventModel, "step", branching)
    model = nets.build(recipes.find("melody/basic"))
    with pytest.raises(RunError, match="gives other numbers than its net"):
        of_model(model, "melody/test", OPENING)
    assert model.training, "as it was"


def test_a_net_that_plays_something_else_than_it_learnt_is_found_out(monkeypatch):
    """As where a codec or a net forgets its memory between two steps."""
    sequence = Stack.sequence
    monkeypatch.setattr(Stack, "sequence", lambda *given: 2 * sequence(*given))
    with pytest.raises(RunError, match="`sequence` and `step` of its codec or its net do not agree"):
        of_model(nets.build(recipes.find("melody/basic")), "melody/test", OPENING)


def test_where_training_stands_can_be_exported_too(run, tmp_path):
    folder, model = run
    last = nets.build(model.recipe)
    adam = Adam(last.parameters())
    last.loss(_few_events()).total.backward()
    adam.step()
    checkpoint.save(folder / "last.safetensors", checkpoint.pack(last, adam), {"step": 60})
    opened = export(folder, tmp_path / "last.antiphon", which="last")
    assert opened.provenance["steps"] == 60
    assert opened.metrics == {}, "nobody has judged it"
    for name, tensor in last.state_dict().items():
        np.testing.assert_array_equal(opened.weights()[name], tensor)
    with pytest.raises(NameNotFound, match="Did you mean 'last'"):
        export(folder, tmp_path / "last.antiphon", which="lats")


def _few_events() -> nets.EventBatch:
    events = torch.tensor([[[62], [0], [64], [0]]])
    return nets.EventBatch(events, torch.tensor([4]), torch.tensor([[[t, 16] for t in range(4)]]))


def test_the_meters_of_the_training_split_are_told_where_the_corpus_is_still_there(tmp_path):
    folder = Path(__file__).parents[1] / "fixtures" / "format1" / "corpus"
    corpus = Corpus.open(folder)
    rows = corpus.table[corpus.split("train")]
    about = {"path": str(folder), "digest": corpus.digest}
    meters = _defaults(about, "melody")["meters"]
    for meter, share in meters.items():
        numerator, denominator = map(int, meter.split("/"))
        there = (rows["numerator"] == numerator) & (rows["denominator"] == denominator)
        assert share == pytest.approx(there.mean())
    assert sum(meters.values()) == pytest.approx(1)
    assert list(meters.values()) == sorted(meters.values(), reverse=True)
    assert _defaults(about | {"digest": "other music"}, "melody") == {}
    assert _defaults(about | {"path": str(tmp_path)}, "melody") == {}


def test_exports_that_cannot_be(run, tmp_path):
    folder, _ = run
    with pytest.raises(OptionError, match=r"\.antiphon"):
        export(folder, tmp_path / "mine.zip")
    (folder / "best.safetensors").unlink()
    with pytest.raises(RunError, match="train for a while"):
        export(folder, tmp_path / "mine.antiphon")
    with pytest.raises(RunError, match="not a training run"):
        export(tmp_path, tmp_path / "mine.antiphon")
