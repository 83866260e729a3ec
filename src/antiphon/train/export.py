"""From a run, or a net in memory, to a bundle: weights, the playing graph, and what is known about both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from antiphon import nets
from antiphon.data.corpus import Corpus
from antiphon.errors import CorpusError, OptionError
from antiphon.nets import EventModel
from antiphon.runtime import bundle
from antiphon.runtime.bundle import Bundle
from antiphon.train import checkpoint
from antiphon.train.folder import RunFolder
from antiphon.train.graph import step_graph

_NO_CARD = (
    "# {name}\n\n{summary}\n\nTrained on {corpus}. Nothing is known about its licence; ask whoever made it.\n"
)


def export(
    run: Path | str, out: Path | str, *, half: bool = False, card: str | None = None, licence: str = ""
) -> Bundle:
    """Write the best weights of the run folder `run` as a bundle to `out`, which ends in '.antiphon'; return
    it.

    `half` rounds the weights to half precision. `card` is the text of `card.md` and `licence` that of the
    data; without a card a plain one is written. Raises `RunError` where `run` is no run or has no checkpoint
    yet, `OptionError`, `OutputError`.
    """
    out = Path(out)
    if out.suffix != bundle.SUFFIX:
        raise OptionError(
            f"'{out}' does not end in '{bundle.SUFFIX}'; name the bundle like NAME{bundle.SUFFIX}."
        )
    made = bundled(Path(run), bundle.shown_name(out), half=half, card=card, licence=licence)
    bundle.write(out, made)
    return made


def bundled(
    run: Path, name: str, *, half: bool = False, card: str | None = None, licence: str = ""
) -> Bundle:
    """The bundle that `export` writes. Raises `RunError`."""
    folder = RunFolder(run)
    facts = folder.read()
    weights, best = checkpoint.load(folder.best)
    model = nets.build(folder.recipe())
    checkpoint.put_weights(model, weights)
    corpus = facts["corpus"]
    plain = _NO_CARD.format(name=name, summary=model.recipe.summary, corpus=Path(corpus["path"]).name)
    return of_model(
        model,
        name,
        np.array(facts["opening"]),
        half=half,
        card=plain if card is None else card,
        provenance=_provenance(facts, best["step"], licence),
        metrics=best["metrics"],
        defaults=_defaults(corpus, model.recipe.family),
    )


def of_model(
    model: EventModel, name: str, opening: npt.NDArray[np.float64], *, half: bool = False, **about: Any
) -> Bundle:
    """A bundle of a net in memory; `about` are further fields of `Bundle`. With `half` its weights are
    rounded.
    """
    weights = {key: _stored(tensor, half) for key, tensor in model.state_dict().items()}
    safetensors = save(weights)
    state = {
        key: (str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape[1:]))
        for key, tensor in model.initial_state(1).items()
    }
    return Bundle(
        name=name,
        recipe=model.recipe,
        opening=opening,
        state=state,
        safetensors=safetensors,
        graph=step_graph(model, safetensors),
        **about,
    )


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
    or another.
    """
    try:
        found = Corpus.open(corpus["path"], kind)
    except CorpusError:
        return {}
    if found.digest != corpus["digest"]:
        return {}
    rows = found.table[found.split("train")]
    meters = Counter(f"{row['numerator']}/{row['denominator']}" for row in rows)
    return {"meters": {meter: count / len(rows) for meter, count in meters.most_common()}}
