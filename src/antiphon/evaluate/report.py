"""All figures of one bundle as plain values: what `--json` prints, what a bundle keeps as its metrics,
what a card is made of.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from antiphon.data.corpus import Corpus
from antiphon.errors import OptionError
from antiphon.evaluate.likelihood import Part, Progress, evaluate, sequences
from antiphon.evaluate.memorisation import longest_copies
from antiphon.evaluate.sequences import Sequences
from antiphon.evaluate.structure import Structure, structure
from antiphon.runtime.bundle import Bundle

N_GENERATED = 200
"""Sequences generated for comparison, one for each of as many real ones."""

Make = Callable[[Sequences], Sequences]
"""Real sequences -> as many new ones of the same lengths and meters."""


def report(
    bundle: Bundle,
    corpus: Corpus,
    split: Part = "test",
    make: Make | None = None,
    *,
    with_structure: bool = False,
    with_copying: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """`SplitEvaluation.as_dict`; under `structure` and `copying`, where asked for, generated sequences beside
    real ones.

    `make` generates them. Raises `OptionError` where copying is asked of a split that the model was
    trained on, and as `likelihood.evaluate` does.
    """
    if with_copying and split not in ("validation", "test"):
        raise OptionError(f"The {split} split holds what could be copied; ask for copying with --split test.")
    found: dict[str, Any] = evaluate(bundle, corpus, split, progress).as_dict()
    if make is None or not (with_structure or with_copying):
        return found
    real = sequences(corpus, split, bundle.recipe)
    chosen = real.take(np.unique(np.linspace(0, len(real) - 1, N_GENERATED).astype(np.int64)))
    made = make(chosen)
    if with_structure:
        found["structure"] = structure_report(made, real)
    if with_copying:
        found["copying"] = copying_report(made, chosen, sequences(corpus, "train", bundle.recipe))
    return found


def structure_report(generated: Sequences, corpus: Sequences) -> dict[str, dict[str, Any]]:
    """How often bars repeat, under `generated` and `corpus`: `repeats` and `rhythms` by bars back, None
    for no number.
    """
    return {"generated": _plain(structure(generated)), "corpus": _plain(structure(corpus))}


def copying_report(
    generated: Sequences, held_out: Sequences, training: Sequences
) -> dict[str, dict[str, Any]]:
    """Longest passages found in `training`, under `generated` and `held_out`: median, p90, max in notes
    and in steps.
    """
    both = longest_copies(generated.joined(held_out), training)
    return {
        "generated": both.take(slice(len(generated))).summary(),
        "held_out": both.take(slice(len(generated), None)).summary(),
    }


def _plain(found: Structure) -> dict[str, Any]:
    return {
        "repeats": {str(lag): _number(share) for lag, share in found.repeats.items()},
        "rhythms": {str(lag): _number(share) for lag, share in found.rhythms.items()},
        "n_bars": found.n_bars,
        "n_sequences": found.n_sequences,
    }


def _number(share: float) -> float | None:
    return share if math.isfinite(share) else None
