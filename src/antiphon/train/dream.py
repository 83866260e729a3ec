"""What the net would play now: a melody at each evaluation, to be seen and heard beside the curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from antiphon.codecs import family
from antiphon.nets import EventModel
from antiphon.recipes import Recipe
from antiphon.render import roll, synth
from antiphon.runtime.philox import Draws
from antiphon.runtime.sampler import Sampling, choose
from antiphon.score.maps import Meter
from antiphon.score.score import Score

_BARS = 8
_RATE = 22050


class Dream(NamedTuple):
    """A piano roll, uint8 [height, width, 3], and the sound, float32 [n, 2] at `rate` frames a second."""

    pixels: NDArray[np.uint8]
    samples: NDArray[np.float32]
    rate: int


@dataclass(frozen=True)
class Dreamer:
    """Lets the net play eight bars of 4/4 from the corpus's `opening` [V]. The seed is fixed, so what changes
    is the net.
    """

    net: EventModel
    recipe: Recipe
    opening: NDArray[np.float64]
    device: torch.device
    seed: int

    def __call__(self) -> Dream | None:
        """Picture and sound of a melody drawn at temperature 1; None where the net plays no note."""
        score = self.score()
        if not len(score.notes):
            return None
        return Dream(roll.pixels(score), synth.synthesize(score, _RATE), _RATE)

    def score(self) -> Score:
        """The melody as a score."""
        kind, steps = family(self.recipe.family), self.recipe.view.steps_per_quarter
        training = self.net.training
        self.net.eval()
        ids = self._ids(round(steps * Meter().quarters))
        self.net.train(training)
        played: Any = kind.decode(ids, steps_per_quarter=steps)
        return kind.extractor.to_score(played)

    @torch.no_grad()
    def _ids(self, steps_per_bar: int) -> NDArray[np.int64]:
        kind, draws = family(self.recipe.family), Draws(self.seed, [0])
        grammar, state = kind.begin(1), self._on_device(self.net.initial_state(1))
        log_p = np.log(np.maximum(self.opening, 1e-30))[None]
        ids = np.zeros(_BARS * steps_per_bar, dtype=np.int64)
        for step in range(len(ids)):
            event = choose(log_p, draws.at(step)[:, 0], Sampling(), kind.allowed(grammar))
            grammar, ids[step] = kind.advance(grammar, event), event[0]
            said, _, state = self.net.step(
                torch.from_numpy(event)[:, None].to(self.device),
                torch.tensor([[step % steps_per_bar, steps_per_bar]], device=self.device),
                torch.ones(1, device=self.device),
                state,
            )
            log_p = said.cpu().numpy()
        return ids

    def _on_device(self, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: tensor.to(self.device) for name, tensor in state.items()}
