"""Every recipe's net: whole sequences and single steps say the same, losses and scores mean what they say."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from antiphon import nets, recipes
from antiphon.errors import NameNotFound, OptionError
from antiphon.nets.dropout import dropout

NAMES = sorted(recipes.recipes())
# 4/4, 3/4 with a pick-up of a quarter, 6/8 in eighths, a bar of 48 steps, 5/4 with a pick-up.
STEPS_PER_BAR = torch.tensor([16, 12, 6, 48, 20])
START_IN_BAR = torch.tensor([0, 8, 0, 5, 19])
LENGTHS = torch.tensor([110, 64, 2, 110, 1])


def _melodies(view: recipes.View, batch: int, length: int) -> torch.Tensor:
    """Random walks over no-event, note-off and a few pitches, with literal repeats, inside the view."""
    generator = torch.Generator().manual_seed(3)
    events = torch.randint(0, 8, (batch, length), generator=generator)
    events = torch.where(events > 3, 0, events)
    low = max(view.min_pitch, 50) + 2
    return torch.where(events > 1, low + torch.randint(0, 12, events.shape, generator=generator), events)


def test_there_are_recipes():
    assert len(NAMES) >= 4


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    torch.manual_seed(0)
    recipe = recipes.find(request.param)
    sizes = dataclasses.replace(recipe.sizes, layers=(24, 20))
    return nets.build(dataclasses.replace(recipe, sizes=sizes))


@pytest.fixture(scope="module")
def events(model):
    found = _melodies(model.recipe.view, 5, 110)
    found[0, 48:96] = found[0, 0:48]
    return found


def test_whole_sequences_equal_steps_with_labels_resolved(model, events):
    model.eval()
    scores = model.score(events, LENGTHS, STEPS_PER_BAR, START_IN_BAR)
    state = model.initial_state(5)
    for t in range(events.shape[1] - 1):
        position = torch.stack([(START_IN_BAR + t) % STEPS_PER_BAR, STEPS_PER_BAR], 1)
        with torch.no_grad():
            log_p, label_log_p, state = model.step(events[:, t : t + 1], position, torch.ones(5), state)
        event, label = events[:, t + 1, None], scores.label[:, t, None]
        torch.testing.assert_close(-log_p.gather(1, event)[:, 0], scores.event_nll[:, t], rtol=0, atol=1e-5)
        torch.testing.assert_close(
            -label_log_p.gather(1, label)[:, 0], scores.label_nll[:, t], rtol=0, atol=1e-5
        )
        assert torch.equal(log_p.argmax(1), scores.predicted_event[:, t])


def test_step_gives_a_distribution_over_the_view_alone(model):
    model.eval()
    view, position = model.recipe.view, torch.tensor([[3, 16]])
    known = torch.zeros(130, dtype=torch.bool)
    known[[0, 1, *range(view.min_pitch + 2, view.max_pitch + 2)]] = True
    for temperature in (0.3, 1.0, 4.0):
        with torch.no_grad():
            log_p, label_log_p, _ = model.step(
                torch.tensor([[62]]), position, torch.tensor([temperature]), model.initial_state(1)
            )
        assert torch.equal(log_p[0].isfinite(), known)
        assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-5)
        assert label_log_p.exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_loss_is_the_mean_of_scored_labels(model, events):
    model.eval()
    loss = model.loss(events, LENGTHS, STEPS_PER_BAR, START_IN_BAR)
    scores = model.score(events, LENGTHS, STEPS_PER_BAR, START_IN_BAR)
    assert int(loss.n) == int((LENGTHS - 1).sum()) == int(scores.valid.sum())
    assert loss.label_nll.item() == pytest.approx(scores.label_nll[scores.valid].mean().item(), abs=1e-5)
    right = (scores.predicted_label == scores.label)[scores.valid]
    assert int(loss.correct) == int(right.sum())
    assert int(loss.n_events + loss.n_no_events) == int(loss.n)
    assert int(loss.correct_events + loss.correct_no_events) == int(loss.correct)


def test_what_follows_the_end_of_a_sequence_does_not_matter(model, events):
    model.eval()
    other = events.clone()
    other[1, 64:] = 0
    a = model.loss(events, LENGTHS, STEPS_PER_BAR, START_IN_BAR)
    b = model.loss(other, LENGTHS, STEPS_PER_BAR, START_IN_BAR)
    assert a.label_nll.item() == pytest.approx(b.label_nll.item(), abs=1e-6)


def test_a_few_steps_lower_the_loss(model, events):
    model.train()
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(12):
        adam.zero_grad()
        loss = model.loss(events, LENGTHS, STEPS_PER_BAR, START_IN_BAR).label_nll
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.3


def test_an_event_may_mean_no_step_to_score(model, events):
    loss = model.loss(events[:, :1], torch.ones(5, dtype=torch.int64), STEPS_PER_BAR, START_IN_BAR)
    assert int(loss.n) == 0
    assert loss.label_nll.item() == 0


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"net": "lstn"}, NameNotFound, "lstm"),
        ({"codec.name": "look"}, NameNotFound, "lookback"),
        ({"codec.name": "onehot"}, OptionError, "lookback"),
        ({"sizes.attention_length": "0"}, OptionError, "at least 1"),
        ({"sizes.attention_around": "last"}, OptionError, "'first' or 'stack'"),
        ({"sizes.attention_around": "stack", "sizes.residual": "true"}, OptionError, "residual"),
    ],
)
def test_impossible_recipes_are_refused(changes, error, words):
    recipe = recipes.find("melody/attention").with_values(changes)
    with pytest.raises(error, match=words):
        nets.build(recipe)


def test_dropout_drops_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    y = dropout(torch.ones(300, 301), 0.3)
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert y.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(dropout(y, 0.0), y)
