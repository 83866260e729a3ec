"""Labels are computed twice, by torch to train and by numpy to evaluate without it: in every meter alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from antiphon import recipes
from antiphon.codecs.labels import labels, n_labels
from antiphon.nets import features


@pytest.mark.parametrize("name", list(recipes.recipes()))
@pytest.mark.parametrize("steps_per_bar", [1, 10, 12, 16, 28, 48])
def test_numpy_and_torch_give_the_same_labels(name: str, steps_per_bar: int) -> None:
    recipe, random = recipes.find(name), np.random.default_rng(steps_per_bar)
    few = [0, 0, 1, *range(recipe.view.min_pitch + 2, recipe.view.min_pitch + 5)]
    events = random.choice(np.array(few, dtype=np.int64), (8, 150))
    bar = np.full(8, steps_per_bar)
    codec = features.build(recipe)
    assert codec.n_labels == n_labels(recipe.codec, recipe.view)
    theirs = codec.labels(torch.from_numpy(events), torch.from_numpy(bar)).numpy()
    assert np.array_equal(labels(events, bar, recipe.codec, recipe.view), theirs)
