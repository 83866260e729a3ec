"""What the net would play now: a sample at each evaluation, to be seen and heard beside the curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from antiphon.arrays import Float32, Float64, Int64
from antiphon.codecs.kinds import Standing
from antiphon.codecs.rules import first
from antiphon.codecs.timing import Bars
from antiphon.nets import EventModel
from antiphon.recipes import Recipe
from antiphon.render import roll, synth
from antiphon.runtime.session import Session
from antiphon.score.maps import Meter
from antiphon.score.score import Score
from antiphon.train.torch_player import TorchPlayer

_SECONDS, _BARS = 20, 8
_RATE = 22050


class Sample(NamedTuple):
    """A piano roll, uint8 [height, width, 3], and the sound, float32 [n, 2] at `rate` frames a second."""

    pixels: npt.NDArray[np.uint8]
    samples: npt.NDArray[np.float32]
    rate: int


@dataclass(frozen=True)
class NetSampler:
    """Lets the net play eight bars of 4/4, or twenty seconds, from the corpus's `opening` [V]. The seed is
    fixed, so what changes is the net."""

    net: EventModel
    recipe: Recipe
    opening: Float64
    device: torch.device
    seed: int

    def __call__(self) -> Sample | None:
        """Picture and sound of music drawn at temperature 1; None where the net plays no note."""
        score = self.score()
        if not len(score.notes):
            return None
        return Sample(roll.pixels(score), synth.synthesize(score, _RATE), _RATE)

    def score(self) -> Score:
        """The music as a score."""
        family, view = self.recipe.events, self.recipe.view
        quarter, second = view.grid
        training = self.net.training
        self.net.eval()
        ids, value = self._played(round(quarter * Meter().quarters), _SECONDS * second)
        self.net.train(training)
        standing = Standing(Meter(), quarter, second, track=0)
        return family.extractor.to_score(family.decode(family.excerpt(ids, 0), standing, view, value))

    def _played(self, steps_per_bar: int, steps: int) -> tuple[Int64, Float32 | None]:
        """Events [T, F] of `steps` steps, of eight bars where that is 0, and their continuous numbers."""
        family, alphabet, control = self.recipe.events, self.recipe.alphabet, self.recipe.control
        session = Session(
            TorchPlayer(self.net, self.device),
            self.opening,
            Bars.of(0, steps_per_bar),
            rules=[*family.grammar(alphabet), first(*family.opening(alphabet))],
            control=None if control is None else control.read(None),
            seed=self.seed,
        )
        end = steps or _BARS * steps_per_bar
        events: list[Int64] = []
        value: list[Float32] = []
        while session.time[0] < end and len(events) < 8 * end:
            events.append(session.step()[0])
            if session.heard_value is not None:
                value.append(session.heard_value[0])
        return np.array(events), np.array(value) if value else None
