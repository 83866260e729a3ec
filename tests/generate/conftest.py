"""Something to generate with: a toy that plays by rules one can read, and real nets with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from antiphon import recipes
from antiphon.recipes import Recipe
from antiphon.runtime.bundle import Bundle

if TYPE_CHECKING:
    from antiphon.nets import EventModel

V = 130


@dataclass
class Memory:
    past: np.ndarray

    def take(self, indices: np.ndarray) -> Memory:
        return Memory(self.past[indices])


@dataclass
class Said:
    log_p: np.ndarray
    state: Memory


class Toy:
    """Says how likely an event is by the last two and the step in the bar; knows 48 to 83."""

    def __init__(self) -> None:
        self.table = np.random.default_rng(3).normal(scale=2, size=(7, 5, 48, V))
        self.table[..., 2 : 48 + 2] = self.table[..., 84 + 2 :] = -np.inf
        self.heard: list[tuple[list[int], list[int]]] = []

    def start(self, n: int) -> Memory:
        return Memory(np.zeros(n, dtype=np.int64))

    def step(self, events: np.ndarray, position: np.ndarray, temperature: np.ndarray, state: Memory) -> Said:
        self.heard.append((events.tolist(), position[0].tolist()))
        logits = self.table[state.past % 7, events % 5, position[:, 0]] / temperature[:, None]
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return Said(log_p.astype(np.float32), Memory(events))


def toy_bundle(recipe: Recipe, defaults: dict[str, object] | None = None) -> Bundle:
    opening = np.zeros(V)
    opening[[0, 60 + 2, 62 + 2, 64 + 2, 69 + 2]] = 0.2
    return Bundle("toy", recipe, opening, {}, b"weights", b"graph", defaults=defaults or {})


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def bundle() -> Bundle:
    """A bundle for the toy: in C, pitches 48 to 83."""
    return toy_bundle(recipes.find("melody/attention"))


@pytest.fixture(scope="session")
def real_bundle(bundled: Callable[..., Bundle]) -> Callable[[str], Bundle]:
    """`real_bundle("melody/basic")`: that recipe's net with random weights, exported; skips without torch."""
    torch = pytest.importorskip("torch")
    made: dict[str, Bundle] = {}

    def get(name: str) -> Bundle:
        if name not in made:
            made[name] = bundled(_random_net(torch, recipes.find(name)), name, _opening())
        return made[name]

    return get


def _random_net(torch: object, recipe: Recipe) -> EventModel:
    from antiphon import nets

    torch.manual_seed(1)  # type: ignore[attr-defined]
    net = nets.build(recipe).eval()
    with torch.no_grad():  # type: ignore[attr-defined]
        for weights in net.parameters():
            weights.mul_(3)  # far from uniform, so that a wrong draw shows
    return net


def _opening() -> np.ndarray:
    opening = np.zeros(V)
    opening[62:74] = 1 / 12
    return opening
