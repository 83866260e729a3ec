"""From a run, or a net in memory, to a bundle: weights, the playing graphs, and what is known about both."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from antiphon import nets
from antiphon.arrays import Float64, Int64
from antiphon.codecs.timing import Bars
from antiphon.data.corpus import Corpus
from antiphon.errors import BundleError, CorpusError, NameNotFound, OptionError, RunError
from antiphon.nets import EventModel
from antiphon.runtime import bundle
from antiphon.runtime.bundle import Bundle, LabelGroups
from antiphon.runtime.container import SUFFIX
from antiphon.runtime.player import Player
from antiphon.runtime.sampling_options import Sampling
from antiphon.runtime.selfcheck import recorded
from antiphon.runtime.session import PlayableModel, Session
from antiphon.train import checkpoint, graph
from antiphon.train.folder import RunFolder
from antiphon.train.torch_player import TorchPlayer

_NO_CARD = (
    "# {name}\n\n{summary}\n\nTrained on {corpus}. Nothing is known about its licence; ask whoever made it.\n"
)
CHECKPOINTS = ("best", "last")
_N_COMPARED = 48
_APART = 1e-3
"""Nats by which a graph and its net may differ."""
_TEMPERATURES = (1.0, 0.7)
_CONTROL = 0.5
_BARS = Bars.of(0, 16)
"""Temperatures, every number of the control, and the bars, in which they are compared."""


def export(
    run: Path | str,
    out: Path | str,
    *,
    half: bool = False,
    card: str | None = None,
    licence: str = "",
    which: str = "best",
) -> Bundle:
    """Write weights of the run folder `run` as a bundle to `out`, which ends in '.antiphon'; return it.

    `which` are the weights that did best on the validation split ('best'), or where training stands ('last').
    `half` rounds them to half precision. `card` is the text of `card.md` and `licence` that of the data;
    without a card a plain one is written. Raises `RunError` where `run` is no run or has no checkpoint yet,
    `NameNotFound`, `OptionError`, `OutputError`.
    """
    out = Path(out)
    if out.suffix != SUFFIX:
        raise OptionError(f"'{out}' does not end in '{SUFFIX}'; name the bundle like NAME{SUFFIX}.")
    made = bundled(Path(run), bundle.shown_name(out), half=half, card=card, licence=licence, which=which)
    bundle.write(out, made)
    return made


def bundled(
    run: Path,
    name: str,
    *,
    half: bool = False,
    card: str | None = None,
    licence: str = "",
    which: str = "best",
) -> Bundle:
    """The bundle that `export` writes. Raises `RunError`, `NameNotFound`."""
    folder = RunFolder(run)
    facts = folder.read()
    recipe, opening = folder.recipe_of(facts), folder.opening(facts)
    weights, step, figures = _weights(folder, which)
    wrong = checkpoint.misfit({name: tuple(t.shape) for name, t in weights.items()}, nets.shapes(recipe))
    if wrong:  # before a net is made, which may take any amount of memory
        raise RunError(
            f"The weights in '{run}' do not fit its recipe: {wrong}. Train anew in another folder."
        )
    model = nets.build(recipe)
    checkpoint.put_weights(model, weights)
    corpus = facts["corpus"]
    plain = _NO_CARD.format(name=name, summary=model.recipe.summary, corpus=Path(corpus["path"]).name)
    return of_model(
        model,
        name,
        opening,
        half=half,
        card=plain if card is None else card,
        provenance=_provenance(facts, step, licence),
        metrics=figures,
        defaults=_defaults(corpus, model.recipe.learns_from),
    )


def of_model(model: EventModel, name: str, opening: Float64, *, half: bool = False, **about: Any) -> Bundle:
    """A bundle of a net in memory; `about` are further fields of `Bundle`. With `half` its weights are
    rounded. Raises `RunError` where the net cannot be a playing graph.
    """
    model = copy.deepcopy(model).half().float() if half else model
    safetensors = save({key: _stored(tensor, half) for key, tensor in model.state_dict().items()})
    features = model.features
    made = Bundle(
        name=name,
        recipe=model.recipe,
        opening=opening,
        state=graph.state(model),
        safetensors=safetensors,
        graphs=graph.graphs(model, safetensors),
        labels=LabelGroups(features.label_sizes, features.default_label) if features.own_labels else None,
        rings=model.rings,
        **about,
    )
    _compare(made, model)
    return replace(made, check=recorded(made))


def _player(made: Bundle) -> Player:
    """Raises `RunError` where the graph is refused, or is none of a distribution."""
    try:
        return Player(made)
    except BundleError as error:
        raise RunError(
            f"The graph of '{made.recipe.name}' gives other numbers than its net, or cannot be played: "
            f"{error}"
        ) from error


def _compare(made: Bundle, model: EventModel) -> None:
    """Raises `RunError` where the graphs and the net's `step` give different numbers (the exporter traced
    one side of a branch on a value, or stored weights as constants), or where `step` and `sequence` do."""
    ids = [np.flatnonzero(field.known) for field in made.alphabet.fields]
    events = np.stack([np.resize(known, _N_COMPARED) for known in ids], axis=1)
    in_training = model.training
    player, playing = _player(made), TorchPlayer(model.eval())
    alike = all(
        _near(_said(made, player, events, temperature), _said(made, playing, events, temperature))
        for temperature in _TEMPERATURES
    )
    trained = model.likelihoods(_as_trained(made, events)).event_nll[0].numpy()
    played = _nll(made, playing, events)
    model.train(in_training)
    if not alike:
        raise RunError(
            f"The graph of '{model.recipe.name}' gives other numbers than its net. In what is traced, use "
            "tensors alone: no Python branch on a value, and no number taken out of a tensor."
        )
    if not _near([played], [trained]):
        raise RunError(
            f"'{model.recipe.name}' plays something else than it was trained on: `sequence` and `step` of "
            "its codec or its net do not agree."
        )


def _near(some: Sequence[Float64], others: Sequence[Float64]) -> bool:
    """Whether arrays of log-probabilities are the same but for rounding."""
    return all(np.allclose(a, b, rtol=0, atol=_APART) for a, b in zip(some, others, strict=True))


def _session(made: Bundle, automaton: PlayableModel, sampling: Sampling) -> Session:
    width = made.recipe.control.width if made.recipe.control else 0
    control = (lambda steps: np.full((len(steps), width), _CONTROL, np.float32)) if width else None
    return Session(automaton, made.opening, _BARS, control=control, sampling=sampling)


def _said(made: Bundle, automaton: PlayableModel, events: Int64, temperature: float) -> list[Float64]:
    """What follows `events` [T, F] at a temperature, of which half are heard at once where that is
    possible."""
    session = _session(made, automaton, Sampling(temperature))
    session.hear_all(events[: len(events) // 2])
    found = []
    for event in events[len(events) // 2 :]:
        session.hear(event[None])
        found.append(np.where(np.isfinite(session.log_p), session.log_p, 0))
        found += [] if session.value is None else [session.value]
    return found


def _nll(made: Bundle, automaton: PlayableModel, events: Int64) -> Float64:
    """Nats of each of `events` [T, F] after the first, played one after the other with usual values."""
    alphabet, session = made.alphabet, _session(made, automaton, Sampling())
    usual = np.zeros((1, len(alphabet.values)), np.float32) if alphabet.values else None
    first = [part.start for part in alphabet.slices]
    nll = []
    for event, coming in pairwise(events):
        session.hear(event[None], usual)
        nll.append(-session.log_p[0, first + coming].sum())
    return np.array(nll)


def _as_trained(made: Bundle, events: Int64) -> nets.EventBatch:
    """The same as one sequence to train on."""
    times = made.alphabet.times(events)[None]
    control, values = made.recipe.control, len(made.alphabet.values)
    return nets.EventBatch(
        torch.from_numpy(events[None]),
        torch.tensor([len(events)]),
        torch.from_numpy(_BARS.at(times)),
        torch.full((1, len(events), control.width), _CONTROL) if control else None,
        torch.zeros(1, len(events), values) if values else None,
    )


def _weights(folder: RunFolder, which: str) -> tuple[dict[str, torch.Tensor], int, Mapping[str, Any]]:
    """A checkpoint's weights, the optimiser step they are of, and their figures on the validation split."""
    if which not in CHECKPOINTS:
        raise NameNotFound("checkpoint", which, CHECKPOINTS)
    if which == "best":
        weights, facts = checkpoint.load(folder.best)
        return weights, *checkpoint.figures_of(folder.best, facts)
    tensors, facts = checkpoint.load(folder.last)
    return checkpoint.net_of(tensors), checkpoint.figures_of(folder.last, facts)[0], {}


def _stored(tensor: torch.Tensor, half: bool) -> torch.Tensor:
    return tensor.detach().cpu().to(torch.float16 if half else torch.float32).contiguous()


def _provenance(facts: Mapping[str, Any], step: int, licence: str) -> dict[str, Any]:
    """Where the weights come from; `steps` counts those of the bundle they began with too."""
    corpus = {**facts["corpus"], "path": Path(facts["corpus"]["path"]).name}
    return {
        "corpus": corpus,
        "licence": licence,
        "steps": step + (facts["from"] or {}).get("steps", 0),
        "seed": facts["seed"],
        "from": facts["from"],
        "versions": facts["versions"],
    }


def _defaults(corpus: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Shares of the meters among the sequences trained on, the commonest first; {} where the corpus is gone
    or another, or its music has no meter.
    """
    try:
        found = Corpus.open(corpus["path"], kind)
    except CorpusError:
        return {}
    rows = found.table[found.split("train")]
    if found.digest != corpus["digest"] or not (rows["steps_per_quarter"] > 0).all():
        return {}
    meters = Counter(f"{row['numerator']}/{row['denominator']}" for row in rows)
    return {"meters": {meter: count / len(rows) for meter, count in meters.most_common()}}
