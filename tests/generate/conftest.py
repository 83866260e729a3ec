"""Something to generate with: a toy that plays by rules one can read, and real nets with random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from antiphon import recipes
from antiphon.recipes import Recipe
from antiphon.runtime.bundle import Bundle, Graph
from antiphon.runtime.graph import StepInput, StepOutput

if TYPE_CHECKING:
    from antiphon.nets import EventModel

V = 130


@dataclass
class Memory:
    past: np.ndarray

    def take(self, indices: np.ndarray) -> Memory:
        return Memory(self.past[indices])


class Toy:
    """Says how likely an event is by the last two and the step in the bar; knows 48 to 83."""

    alphabet = recipes.find("melody/attention").alphabet
    wants, n_uniform, can_prefill = frozenset({"position"}), 0, False

    def __init__(self) -> None:
        self.table = np.random.default_rng(3).normal(scale=2, size=(7, 5, 48, V))
        self.table[..., 2 : 48 + 2] = self.table[..., 84 + 2 :] = -np.inf
        self.heard: list[tuple[list[int], list[int]]] = []

    def start(self, n: int) -> Memory:
        return Memory(np.zeros(n, dtype=np.int64))

    def step(self, heard: StepInput, state: Memory, *, keep: bool = True) -> StepOutput:
        events = heard.event[:, 0]
        assert heard.position is not None
        self.heard.append((events.tolist(), heard.position[0].tolist()))
        place = heard.position[:, 0]
        logits = self.table[state.past % 7, events % 5, place] / heard.temperature[:, None]
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return StepOutput(log_p.astype(np.float32), Memory(events))  # type: ignore[arg-type]

    def prefill(self, heard: StepInput, state: Memory, *, keep: bool = True) -> StepOutput:
        raise AssertionError("it said that it cannot")


class Touching(Toy):
    """A toy whose every event goes with a number, which follows from the event before and its number."""

    def step(self, heard: StepInput, state: Memory, *, keep: bool = True) -> StepOutput:
        assert heard.value is not None
        drawn = np.float32(heard.value / 2 + heard.event % 5)
        return super().step(heard, state, keep=keep)._replace(drawn=drawn)


def toy_bundle(recipe: Recipe, defaults: dict[str, object] | None = None) -> Bundle:
    opening = np.zeros(V)
    opening[[0, 60 + 2, 62 + 2, 64 + 2, 69 + 2]] = 0.2
    return Bundle(
        "toy",
        recipe,
        opening,
        {},
        b"weights",
        {
            "step": Graph(
                b"",
                {"event": ("int64", (1,)), "temperature": ("float32", ())},
                {"log_p": ("float32", (130,))},
            )
        },
        defaults=defaults or {},
    )


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def touching(monkeypatch: pytest.MonkeyPatch) -> Toy:
    """A toy for melodies whose every event goes with a number, as those of all recipes do meanwhile."""
    alphabet = replace(Toy.alphabet, values=("touch",))
    monkeypatch.setattr("antiphon.recipes.recipe._alphabet", lambda family, view: alphabet)
    monkeypatch.setattr(Touching, "alphabet", alphabet)
    return Touching()


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
            net = _random_net(torch, recipes.find(name))
            made[name] = bundled(net, name, _opening(net.recipe))
        return made[name]

    return get


def _random_net(torch: object, recipe: Recipe) -> EventModel:
    from antiphon import nets

    torch.manual_seed(1)  # type: ignore[attr-defined]
    net = nets.build(recipe).eval()
    with torch.no_grad():  # type: ignore[attr-defined]
        for weights in net.output.parameters():
            weights.mul_(12)  # far from uniform, so that a wrong draw shows
    return net


def _opening(recipe: Recipe) -> np.ndarray:
    """A few of the ids with which something begins."""
    parts = []
    for field, begins in zip(recipe.alphabet.fields, recipe.events.opening(recipe.alphabet), strict=True):
        few = np.flatnonzero(begins & field.known)[12:24] if field.size > 100 else np.flatnonzero(begins)
        parts.append(np.isin(np.arange(field.size), few) / len(few))
    return np.concatenate(parts)
