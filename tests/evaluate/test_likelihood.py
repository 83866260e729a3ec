"""Scoring: models whose figures are known, figures by hand, and the original's own on its own examples."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from antiphon.codecs.alphabet import Alphabet, Field, Span
from antiphon.data.batches import Batch
from antiphon.errors import BundleError, EmptyError
from antiphon.evaluate.baselines import baselines, folded
from antiphon.evaluate.figures import EventScores, Figures
from antiphon.evaluate.likelihood import score
from antiphon.evaluate.sequences import Sequences
from antiphon.recipes import find
from antiphon.runtime.bundle import Bundle, Graph, LabelGroups
from antiphon.runtime.graph import StepInput, StepOutput

RECIPE = find("melody/lookback")
IN_VIEW = np.array([0, 1, *range(50, 86)])


def batch(rows: Sequence[Sequence[int]], steps_per_bar: Sequence[int], start_in_bar: Sequence[int]) -> Batch:
    lengths = np.array([len(row) for row in rows])
    events = np.zeros((len(rows), int(lengths.max()), 1), np.int64)
    for index, row in enumerate(rows):
        events[index, : len(row), 0] = row
    places = np.arange(events.shape[1]) + np.array(start_in_bar)[:, None]
    bars = np.broadcast_to(np.array(steps_per_bar)[:, None], places.shape)
    return Batch(events, np.stack([places % bars, bars], axis=-1), lengths, np.arange(len(rows)))


class Memory(list):
    def take(self, rows: np.ndarray) -> Memory:
        return self


class Uniform:
    """A model that thinks every event of the view equally likely, and every one of 40 labels; every label is
    the last one."""

    alphabet, wants, n_uniform, can_prefill = RECIPE.alphabet, frozenset({"position"}), 0, False
    label = 39

    def start(self, n: int) -> Memory:
        return Memory()

    def step(self, heard: StepInput, state: Memory, *, keep: bool = True) -> StepOutput:
        assert (heard.temperature == 1).all()
        n = len(heard.event)
        log_p = np.full((n, 130), -np.inf, np.float32)
        log_p[:, IN_VIEW] = -math.log(len(IN_VIEW))
        labels = np.full((n, 40), -math.log(40), np.float32)
        return StepOutput(log_p, Memory([*state, heard]), np.full((n, 1), self.label), labels)

    def prefill(self, heard: StepInput, state: Memory, *, keep: bool = True) -> StepOutput:
        raise AssertionError("it said that it cannot")


BUNDLE = Bundle(
    "uniform",
    RECIPE,
    np.full(130, 1 / 130),
    {},
    b"",
    {
        "step": Graph(
            b"", {"event": ("int64", (1,)), "temperature": ("float32", ())}, {"log_p": ("float32", (130,))}
        )
    },
    LabelGroups((40,), (38,)),
)
SECONDS = np.full(9, 0.125)


def test_a_uniform_model_scores_the_logarithm_of_its_vocabulary() -> None:
    asked = [batch([[60, 0, 62, 1], [64, 0, 0]], [16, 12], [0, 8]), batch([[50, 51]], [16], [0])]
    events, labels = score(Uniform(), BUNDLE, asked, SECONDS)
    assert len(events.nll) == 6
    assert Figures.of(events).nll_per_step == pytest.approx(math.log(38), rel=1e-6)
    assert Figures.of(events).perplexity == pytest.approx(38, rel=1e-5)
    assert Figures.of(labels).perplexity == pytest.approx(40, rel=1e-5)
    assert events.silent.tolist() == [True, True, False, True, False, False]
    assert not labels.silent.any(), "label 38 is the default one, and all are 39"


def test_the_model_hears_events_where_they_sounded() -> None:
    heard: list = []
    model = Uniform()
    step = model.step
    model.step = lambda given, *more, **how: heard.append(given) or step(given, *more, **how)
    score(model, BUNDLE, [batch([[60, 0, 62], [64, 0, 0]], [16, 12], [0, 11])], SECONDS)
    assert [given.event[:, 0].tolist() for given in heard] == [[60, 64], [0, 0], [62, 0]]
    assert [given.position.tolist() for given in heard[:2]] == [[[0, 16], [11, 12]], [[1, 16], [0, 12]]]


def test_an_event_is_heard_with_its_own_numbers_and_the_control_of_the_next() -> None:
    heard: list = []
    model = Uniform()
    model.alphabet = replace(RECIPE.alphabet, values=("touch",))
    step = model.step
    model.step = lambda given, *more, **how: heard.append(given) or step(given, *more, **how)
    value, control = (np.float32([[[first], [first + 1], [first + 2]]]) for first in (1, 5))
    asked = replace(batch([[60, 0, 62]], [16], [0]), value=value, control=control)
    score(model, BUNDLE, [asked], SECONDS)
    assert [given.value.item() for given in heard] == [1, 2, 3]
    assert [given.control.item() for given in heard] == [6, 7, 7]


@pytest.mark.parametrize(("label", "hit"), [((2, 0), True), ((0, 0), False), ((2, 1), False)])
def test_what_is_several_numbers_is_right_where_each_is(label: tuple[int, int], hit: bool) -> None:
    likely = np.array([0.1, 0.2, 0.7, 0.6, 0.4], np.float32)
    model = Uniform()
    step = model.step
    model.step = lambda *given, **how: step(*given, **how)._replace(
        label=np.array([label]), label_log_p=np.log(likely)[None]
    )
    bundle = replace(BUNDLE, labels=LabelGroups((3, 2), (0, 0)))
    _, labels = score(model, bundle, [batch([[60, 0]], [16], [0])], SECONDS)
    assert labels.hit.tolist() == [hit]
    assert labels.nll[0] == pytest.approx(-math.log(likely[label[0]] * likely[3 + label[1]]), rel=1e-6)


@pytest.mark.parametrize("label", [-1, 40, 10**6])
def test_a_label_that_is_none_is_refused_and_never_counted_from_the_end(label: int) -> None:
    model = Uniform()
    model.label = label
    with pytest.raises(BundleError, match=f"the label {label}, of which there are 40"):
        score(model, BUNDLE, [batch([[60, 0, 62]], [16], [0])], SECONDS)


def test_without_labels_of_its_own_a_codecs_labels_are_its_events() -> None:
    asked = [batch([[60, 0, 62, 1], [64, 0, 0]], [16, 12], [0, 8])]
    events, labels = score(
        Uniform(), replace(BUNDLE, labels=None, recipe=find("melody/basic")), asked, SECONDS
    )
    assert labels is events
    older = replace(BUNDLE, labels=None, version=1)
    assert score(Uniform(), older, asked, SECONDS)[1] is None, "its graph cannot tell"


def test_padding_and_first_events_are_not_scored_and_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    asked = [batch([[60, 0, 62, 1], [64]], [16, 16], [0, 0]), batch([[50, 51]], [16], [0])]
    events, _ = score(Uniform(), BUNDLE, asked, SECONDS, lambda done, total: told.append((done, total)))
    assert len(events.nll) == 4
    assert told == [(3, 4), (4, 4)]


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(EmptyError, match="no sequence has a second event"):
        score(Uniform(), BUNDLE, [batch([[60], [62]], [16, 16], [0, 0])], SECONDS)


def test_figures_by_hand() -> None:
    scores = EventScores(
        nll=np.array([1.0, 2.0, 3.0]),
        hit=np.array([True, False, True]),
        silent=np.array([True, True, False]),
        steps=np.array([1, 1, 1]),
        steps_per_bar=np.array([4, 4, 2]),
        step_s=np.array([0.5, 0.5, 0.25]),
    )
    found = Figures.of(scores)
    assert (found.nll_per_event, found.nll_per_second) == (2.0, 6 / 1.25)
    assert (found.nll_per_step, found.nll_per_bar) == (2.0, 6.0)  # three steps are 1/4 + 1/4 + 1/2 of a bar
    assert found.perplexity == pytest.approx(math.exp(2))
    assert (found.accuracy, found.event_accuracy, found.no_event_accuracy) == (2 / 3, 1.0, 0.5)
    only_notes = Figures.of(EventScores.joined([replace(scores, silent=np.zeros(3, bool))] * 2))
    assert only_notes.as_dict()["no_event_accuracy"] is None


def test_an_event_is_not_a_step() -> None:
    scores = EventScores(
        nll=np.array([1.0, 2.0, 3.0]),
        hit=np.array([True, False, True]),
        silent=np.zeros(3, bool),
        steps=np.array([0, 6, 2]),
        steps_per_bar=np.array([8, 8, 0]),
        step_s=np.array([0.1, 0.1, 0.2]),
    )
    found = Figures.of(scores)
    assert (found.nll_per_event, found.nll_per_step, found.nll_per_bar) == (2.0, 6 / 8, 8.0)
    assert found.nll_per_second == pytest.approx(6.0)
    assert found.perplexity == pytest.approx(math.exp(2))


def test_baselines_improve_on_each_other_where_music_repeats() -> None:
    rng = np.random.default_rng(0)
    bars = [rng.choice([0, 0, 0, 1, *range(60, 70)], (4, 16)) for _ in range(60)]
    tunes = Sequences.of(RECIPE.alphabet, [np.repeat(bar, 2, axis=0).ravel() for bar in bars])
    found = baselines(tunes.take(np.arange(50)), tunes.take(np.arange(50, 60)))
    assert list(found) == ["unigram", "kn5", "copy_kn5"]
    assert found["copy_kn5"].nll_per_step < found["kn5"].nll_per_step
    assert found["unigram"].perplexity < 38
    assert found["unigram"].no_event_accuracy == 1


def test_counting_is_right_where_every_field_is() -> None:
    alphabet = Alphabet((Field("note", (Span("on", 2, steps=1),)), Field("touch", (Span("touch", 2),))))
    training = Sequences.of(alphabet, [[(1, 1)] * 9])
    asked = Sequences.of(alphabet, [[(0, 0), (1, 1), (1, 0), (0, 1), (1, 1)]])
    assert baselines(training, asked)["unigram"].accuracy == 2 / 4


def test_folding_judges_every_sequence_once_and_by_other_groups() -> None:
    """Each group is one tune said often: whoever has seen the group knows it by heart."""
    rng = np.random.default_rng(1)
    tunes = [rng.choice(IN_VIEW, 40) for _ in range(10)]
    music = Sequences.of(
        RECIPE.alphabet,
        [tunes[group] for group in range(10) for _ in range(6)],
        groups=np.repeat(np.arange(10), 6),
    )
    by_heart = baselines(music, music)["kn5"].nll_per_event
    folded_over = folded(music, np.ones(60, bool))["kn5"].nll_per_event
    assert by_heart < 0.5
    assert folded_over > 3
    some = np.arange(60) < 12
    assert folded(music, some)["unigram"].nll_per_event != folded(music, ~some)["unigram"].nll_per_event
    one_of_each = np.arange(60) % 6 == 0
    assert folded(music, one_of_each)["kn5"].nll_per_event > 3, "nor do the others of a group tell it"
    assert folded(music.take(np.arange(6)), np.ones(6, bool)) == {}, "one group has no others"


def test_music_without_bars_repeats_none() -> None:
    """Nothing is read off the event that is asked for."""
    rng = np.random.default_rng(5)
    music = Sequences.of(RECIPE.alphabet, [rng.choice(IN_VIEW, 50) for _ in range(12)], steps_per_bar=0)
    assert set(baselines(music, music)) == {"unigram", "kn5"}
    assert (music.back(music.bars_back(1), -1) == -1).all()


CHECKPOINTS = {
    "funkyb_attention_rnn": {"net.layers": "64,64", "net.around": "stack"},
    "funkyb_attention_rnn_funkyb01": {"net.layers": "64,64", "net.around": "stack"},
    "musicrnn_js": {"net.layers": "128,128"},
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_the_originals_figures_of_real_checkpoints(
    name: str, shared: Callable[[str], Path], bundled: Callable[..., Bundle]
) -> None:
    torch = pytest.importorskip("torch")
    from antiphon import nets
    from antiphon.nets.magenta import state_dict
    from antiphon.runtime.player import Player

    recipe = find("melody/attention").with_values(CHECKPOINTS[name])
    net = nets.build(recipe)
    with torch.no_grad(), np.load(shared(f"golden/a_attention_rnn/weights_{name}.npz")) as weights:
        net.load_state_dict(state_dict(dict(weights)))
    tunes = json.loads(shared("golden/b_eval_melodies/eval_melodies_all_events.json").read_text())
    rows = [[event + 2 for event in tune["events"]] for tune in tunes]
    assert len(rows) == 22
    bundle = bundled(net, name)
    _, labels = score(Player(bundle), bundle, [batch(rows, [16] * 22, [0] * 22)], np.full(22, 0.125))
    assert labels is not None
    (told,) = (
        row
        for row in json.loads(shared("golden/b_eval_melodies/eval_metrics.json").read_text())
        if row["model"] == name
    )
    found = Figures.of(labels)
    assert len(labels.nll) == told["steps"]
    assert found.perplexity == pytest.approx(told["perplexity"], rel=1e-4)
    # Float32 rounds near ties one way or the other: one step in 9,308.
    for figure in ("accuracy", "event_accuracy", "no_event_accuracy"):
        assert getattr(found, figure) == pytest.approx(told[figure], abs=2e-4)
