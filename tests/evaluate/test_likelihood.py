"""Scoring: models whose figures are known, figures by hand, and the original's own on its own examples."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from antiphon.codecs.labels import n_labels
from antiphon.data.batches import Batch
from antiphon.errors import EmptyError
from antiphon.evaluate.baselines import baselines
from antiphon.evaluate.figures import Figures, Scores
from antiphon.evaluate.likelihood import score
from antiphon.evaluate.sequences import Sequences
from antiphon.recipes import Recipe, find
from antiphon.runtime.bundle import Bundle

RECIPE = find("melody/lookback")
IN_VIEW = np.array([0, 1, *range(50, 86)])


def batch(rows: Sequence[Sequence[int]], steps_per_bar: Sequence[int], start_in_bar: Sequence[int]) -> Batch:
    lengths = np.array([len(row) for row in rows])
    events = np.zeros((len(rows), int(lengths.max())), np.int64)
    for index, row in enumerate(rows):
        events[index, : len(row)] = row
    return Batch(events, lengths, np.array(steps_per_bar), np.array(start_in_bar), np.arange(len(rows)))


@dataclass(frozen=True)
class Answer:
    log_p: np.ndarray
    label_log_p: np.ndarray
    state: list[tuple[np.ndarray, np.ndarray]]


class Uniform:
    """A model that thinks every event of the view equally likely, and remembers what it was told."""

    def __init__(self, recipe: Recipe) -> None:
        self.n_labels = n_labels(recipe.codec, recipe.view)

    def start(self, n: int) -> list[tuple[np.ndarray, np.ndarray]]:
        return []

    def step(self, events: np.ndarray, position: np.ndarray, temperature: np.ndarray, state: list) -> Answer:
        assert (temperature == 1).all()
        log_p = np.full((len(events), 130), -np.inf, np.float32)
        log_p[:, IN_VIEW] = -math.log(len(IN_VIEW))
        labels = np.full((len(events), self.n_labels), -math.log(self.n_labels), np.float32)
        return Answer(log_p, labels, [*state, (events, position)])


def test_a_uniform_model_scores_the_logarithm_of_its_vocabulary() -> None:
    asked = [batch([[60, 0, 62, 1], [64, 0, 0]], [16, 12], [0, 8]), batch([[50, 51]], [16], [0])]
    events, labels = score(Uniform(RECIPE), asked, RECIPE)
    assert len(events.nll) == 6
    assert Figures.of(events).nll_per_step == pytest.approx(math.log(38), rel=1e-6)
    assert Figures.of(events).perplexity == pytest.approx(38, rel=1e-5)
    assert Figures.of(labels).perplexity == pytest.approx(40, rel=1e-5)


def test_the_model_hears_events_where_they_sounded() -> None:
    heard: list = []
    model = Uniform(RECIPE)
    step = model.step
    model.step = lambda *given: heard.append(given) or step(*given)
    score(model, [batch([[60, 0, 62], [64, 0, 0]], [16, 12], [0, 11])], RECIPE)
    assert [given[0].tolist() for given in heard] == [[60, 64], [0, 0]]
    assert [given[1].tolist() for given in heard] == [[[0, 16], [11, 12]], [[1, 16], [0, 12]]]


def test_padding_and_first_events_are_not_scored_and_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    asked = [batch([[60, 0, 62, 1], [64]], [16, 16], [0, 0]), batch([[50, 51]], [16], [0])]
    events, _ = score(Uniform(RECIPE), asked, RECIPE, lambda done, total: told.append((done, total)))
    assert len(events.nll) == 4
    assert told == [(3, 4), (4, 4)]


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(EmptyError, match="no melody has a second step"):
        score(Uniform(RECIPE), [batch([[60], [62]], [16, 16], [0, 0])], RECIPE)


def test_figures_by_hand() -> None:
    scores = Scores(
        nll=np.array([1.0, 2.0, 3.0]),
        hit=np.array([True, False, True]),
        silent=np.array([True, True, False]),
        steps_per_bar=np.array([4, 4, 2]),
    )
    found = Figures.of(scores)
    assert (found.nll_per_step, found.nll_per_bar) == (2.0, 6.0)  # three steps are 1/4 + 1/4 + 1/2 of a bar
    assert found.perplexity == pytest.approx(math.exp(2))
    assert (found.accuracy, found.event_accuracy, found.no_event_accuracy) == (2 / 3, 1.0, 0.5)
    only_notes = Figures.of(Scores.joined([replace(scores, silent=np.zeros(3, bool))] * 2))
    assert only_notes.as_dict()["no_event_accuracy"] is None


def test_baselines_improve_on_each_other_where_music_repeats() -> None:
    rng = np.random.default_rng(0)
    bars = [rng.choice([0, 0, 0, 1, *range(60, 70)], (4, 16)) for _ in range(60)]
    tunes = Sequences.of([np.repeat(bar, 2, axis=0).ravel() for bar in bars])
    found = baselines(tunes.take(np.arange(50)), tunes.take(np.arange(50, 60)), RECIPE)
    assert list(found) == ["unigram", "kn5", "copy_kn5"]
    assert found["copy_kn5"].nll_per_step < found["kn5"].nll_per_step
    assert found["unigram"].perplexity < 38
    assert found["unigram"].no_event_accuracy == 1


CHECKPOINTS = {
    "funkyb_attention_rnn": {"sizes.layers": "64,64", "sizes.attention_around": "stack"},
    "funkyb_attention_rnn_funkyb01": {"sizes.layers": "64,64", "sizes.attention_around": "stack"},
    "musicrnn_js": {"sizes.layers": "128,128"},
}


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_the_originals_figures_of_real_checkpoints(
    name: str, golden: Callable[[str], Path], bundled: Callable[..., Bundle]
) -> None:
    torch = pytest.importorskip("torch")
    from antiphon import nets
    from antiphon.nets.magenta import state_dict
    from antiphon.runtime.player import Player

    recipe = find("melody/attention").with_values(CHECKPOINTS[name])
    net = nets.build(recipe)
    with torch.no_grad(), np.load(golden(f"a_attention_rnn/weights_{name}.npz")) as weights:
        net.load_state_dict(state_dict(dict(weights)))
    tunes = json.loads(golden("b_eval_melodies/eval_melodies_all_events.json").read_text())
    rows = [[event + 2 for event in tune["events"]] for tune in tunes]
    assert len(rows) == 22
    player = Player(bundled(net, name))
    _, labels = score(player, [batch(rows, [16] * 22, [0] * 22)], recipe)
    (told,) = (
        row
        for row in json.loads(golden("b_eval_melodies/eval_metrics.json").read_text())
        if row["model"] == name
    )
    found = Figures.of(labels)
    assert len(labels.nll) == told["steps"]
    assert found.perplexity == pytest.approx(told["perplexity"], rel=1e-4)
    # Float32 rounds near ties one way or the other: one step in 9,308.
    for figure in ("accuracy", "event_accuracy", "no_event_accuracy"):
        assert getattr(found, figure) == pytest.approx(told[figure], abs=2e-4)
