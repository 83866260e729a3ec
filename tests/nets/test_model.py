"""Every recipe's net: whole sequences and single steps say the same, losses and scores mean what they say."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch

from antiphon import nets, recipes
from antiphon.codecs.timing import Bars
from antiphon.errors import NameNotFound, OptionError
from antiphon.nets import EventBatch, Heard
from antiphon.nets.dropout import dropout

NAMES = sorted(recipes.RECIPES)
# 4/4, 3/4 with a pick-up of a quarter, 6/8 in eighths, a bar of 48 steps, 5/4 with a pick-up.
STEADY = Bars.of([0, 8, 0, 5, 19], [16, 12, 6, 48, 20])
# The same piece by piece, the first going on in 3/4 after a bar and a half, the last in 7/8 and again in 4/4.
CHANGING = Bars(
    np.array([[0, 24, 500], [-8, 500, 500], [0, 500, 500], [-5, 500, 500], [-19, 21, 63]]),
    np.array([[16, 12, 1], [12, 1, 1], [6, 1, 1], [48, 1, 1], [20, 14, 16]]),
)
LENGTHS = torch.tensor([110, 64, 2, 110, 1])


def test_there_are_recipes():
    assert len(NAMES) >= 7


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    torch.manual_seed(0)
    recipe = recipes.find(request.param)
    if hasattr(recipe.net, "layers"):
        recipe = dataclasses.replace(recipe, net=dataclasses.replace(recipe.net, layers=(24, 20)))
    return nets.build(recipe)


@pytest.fixture(scope="module", params=[STEADY, CHANGING], ids=["steady", "changing"])
def batch(request, model, walks):
    events = walks(model.recipe, 5, 110, seed=3)
    position = request.param.at(model.alphabet.times(events))
    return EventBatch(torch.from_numpy(events), LENGTHS, torch.from_numpy(position))


def test_whole_sequences_equal_steps_with_labels_resolved(model, batch):
    model.eval()
    scores = model.likelihoods(batch)
    seen = model.features.sequence(batch)
    state = model.initial_state(5)
    for t in range(batch.events.shape[1] - 1):
        heard = Heard(batch.events[:, t], batch.position[:, t])
        with torch.no_grad():
            step = model.step(heard, torch.ones(5), state)
        state = step.state
        assert torch.equal(step.label, seen.label[:, t])
        for ours, sizes, actual, nll in (
            (step.log_p, model.alphabet.sizes, batch.events[:, t + 1], scores.event_nll[:, t]),
            (step.label_log_p, model.features.label_sizes, seen.label[:, t + 1], scores.label_nll[:, t]),
        ):
            groups = torch.split(ours, list(sizes), 1)
            said = sum(g.gather(1, actual[:, f, None])[:, 0] for f, g in enumerate(groups))
            torch.testing.assert_close(-said, nll, rtol=0, atol=1e-5)
        likeliest = [g.argmax(1) for g in torch.split(step.log_p, list(model.alphabet.sizes), 1)]
        right = (torch.stack(likeliest, 1) == batch.events[:, t + 1]).all(1)
        assert torch.equal(right, scores.right[:, t])


def test_random_sequences_keep_repeats_that_labels_can_name(model, batch):
    """Otherwise the test above would say little of the codecs that have such labels."""
    if model.features.own_labels:
        labels = model.features.sequence(batch).label[0]
        assert (labels >= model.features.n_plain[0]).float().mean() > 0.1


def test_step_gives_a_distribution_over_the_view_alone(model, walks):
    model.eval()
    known = torch.from_numpy(model.alphabet.known)
    event = torch.from_numpy(walks(model.recipe, 1, 1)[:, 0])
    for temperature in (0.3, 1.0, 4.0):
        heard = Heard(event, torch.tensor([[3, 16]]))
        with torch.no_grad():
            step = model.step(heard, torch.tensor([temperature]), model.initial_state(1))
        assert torch.equal(step.log_p[0].isfinite(), known)
        for log_p, sizes in (
            (step.log_p, model.alphabet.sizes),
            (step.label_log_p, model.features.label_sizes),
        ):
            for group in torch.split(log_p, list(sizes), 1):
                assert group.exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_folding_adds_up_every_label_of_an_event(model, batch):
    """Against the sum written out over labels, with promises that fall together. Where an event has one label
    only, the labels are the known events."""
    codec = model.features
    moment = codec.sequence(batch)
    torch.manual_seed(1)
    label_log_p = torch.randn(*batch.events.shape[:2], sum(codec.label_sizes)).log_softmax(-1)
    copies = moment.copies.clone()
    copies[:, ::2] = copies[:, ::2, :1]  # both distances promise the same
    folded = codec.fold(label_log_p, copies).exp()
    wanted = torch.zeros_like(folded)
    if not codec.own_labels:
        wanted[..., torch.from_numpy(model.alphabet.known)] = label_log_p.exp()
    for label in range(sum(codec.label_sizes) if codec.own_labels else 0):
        event = codec.events(torch.full((*copies.shape[:2], 1), label), copies)
        wanted.scatter_add_(2, event, label_log_p[..., label : label + 1].exp())
    torch.testing.assert_close(folded, wanted, rtol=1e-5, atol=1e-7)


def test_loss_is_the_mean_of_scored_labels(model, batch):
    model.eval()
    loss, scores, labels = (
        model.loss(batch),
        model.likelihoods(batch),
        model.features.sequence(batch).label[:, 1:],
    )
    assert int(loss.n) == int((LENGTHS - 1).sum()) == int(scores.valid.sum())
    assert loss.total.item() == pytest.approx(scores.label_nll[scores.valid].mean().item(), abs=1e-5)
    right = scores.right_label[scores.valid]
    speaks = (labels != torch.tensor(model.features.default_label)).any(-1)[scores.valid]
    assert int(loss.correct) == int(right.sum())
    assert int(loss.n_events) == int(speaks.sum())
    assert int(loss.correct_events) == int((right & speaks).sum())


def test_labels_are_counted_where_they_are_scored(model, batch, monkeypatch):
    told = []
    monkeypatch.setattr(model.output, "init_bias", told.append)
    model.init_output_bias([batch, batch])
    label = model.features.sequence(batch).label
    scored = [label[b, 1:n] for b, n in enumerate(LENGTHS.tolist())]
    sizes = model.features.label_sizes
    counts = [torch.cat(scored)[:, h].bincount(minlength=size) for h, size in enumerate(sizes)]
    assert torch.equal(told[0], 2 * torch.cat(counts))


def test_much_is_heard_at_once_only_where_the_codec_remembers_nothing(model, monkeypatch):
    assert not model.can_prefill, "these bodies take one event after the other"
    monkeypatch.setattr(model.body, "prefill", lambda inputs, state: None, raising=False)
    assert model.can_prefill == (model.recipe.codec.name == "onehot")


def test_what_follows_the_end_of_a_sequence_does_not_matter(model, batch):
    model.eval()
    other = batch.events.clone()
    other[1, 64:] = 0
    a, b = model.loss(batch), model.loss(dataclasses.replace(batch, events=other))
    assert a.total.item() == pytest.approx(b.total.item(), abs=1e-6)


def test_a_few_steps_lower_the_loss(model, batch):
    """Of a figure of eight events that all sequences repeat."""
    torch.manual_seed(0)
    model = copy.deepcopy(model).train()
    adam = torch.optim.Adam(model.parameters(), lr=0.02)
    figure = batch.events[:1, 16:24].tile(5, 14, 1)[:, :110]
    lesson, losses = dataclasses.replace(batch, events=figure), []
    for step in range(30):
        adam.zero_grad()
        loss = model.loss(lesson, step).total
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] * 0.8


def test_an_event_may_mean_no_step_to_score(model, batch):
    short = EventBatch(batch.events[:, :1], torch.ones(5, dtype=torch.int64), batch.position[:, :1])
    loss = model.loss(short)
    assert int(loss.n) == 0
    assert loss.total.item() == 0


def test_parts_of_another_package_are_named_where_they_are_missing():
    recipe = recipes.find("melody/basic").as_dict()
    recipe["net"] = {"name": "transformer", "layers": 4}
    with pytest.raises(NameNotFound, match="transformer"):
        nets.build(recipes.Recipe.from_dict(recipe, lenient=True))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"net": "lstn"}, NameNotFound, "lstm"),
        ({"codec": "look"}, NameNotFound, "lookback"),
        ({"codec": "onehot", "codec.bars": "1"}, NameNotFound, "codec.bars"),
        ({"net.length": "0"}, OptionError, r"net\.length is 0; expected 1 to 4096"),
        ({"net.around": "last"}, OptionError, "expected one of first, stack"),
        ({"net.around": "stack", "net.residual": "true"}, OptionError, "residual"),
        ({"net.layers": ""}, OptionError, "net.layers"),
    ],
)
def test_impossible_recipes_are_refused(changes, error, words):
    with pytest.raises(error, match=words):
        nets.build(recipes.find("melody/attention").with_values(changes))


def test_dropout_drops_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    y = dropout(torch.ones(300, 301), 0.3)
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert y.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(dropout(y, 0.0), y)
