"""The family of peals: events of two fields, and how people write them: '60:4 64:0 67:4 -:2'."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from antiphon.codecs.alphabet import Alphabet, Field, Span, restricted
from antiphon.codecs.families import Family, Learn, Learned, View
from antiphon.codecs.kinds import Standing
from antiphon.codecs.rules import Automaton
from antiphon.errors import OptionError, PromptError
from antiphon.recipes.parts import Control
from antiphon.schema import setting
from antiphon_bells.music import EXTRACTOR, LONGEST, LOWEST, N_BELLS, Peal, PealOptions, decode

USUAL = 80
"""The velocity that the number 0 stands for."""


@dataclass(frozen=True)
class BellView(View):
    """By the beat or by the clock, with or without how hard bells are struck."""

    steps_per_quarter: int = setting(4, "Steps of the grid in a quarter; 0 by the clock.", low=0, high=96)
    steps_per_second: int = setting(0, "Steps of the grid in a second; 0 by the beat.", low=0, high=200)
    touch: bool = setting(False, "Whether the model hears and says how hard bells are struck.")
    high: bool = setting(False, "Whether the model knows the upper half of the bells only.")


@dataclass(frozen=True)
class Density(Control):
    """How many strokes a step there are."""

    name: ClassVar[str] = "density"
    usual: float = setting(0.3, "Where nothing is asked for.", low=0, high=10)

    @property
    def width(self) -> int:
        """One number."""
        return 1

    def read(self, text: str | None) -> Callable[[np.ndarray], np.ndarray]:
        """'0.5': so many strokes a step, all along."""
        try:
            asked = self.usual if text is None else float(text)
        except ValueError:
            raise OptionError(f"The density is '{text}'; expected strokes a step, such as 0.3.") from None
        return lambda steps: np.full((len(steps), 1), asked, np.float32)


class BellFamily(Family[Peal]):
    """See the module."""

    name = "bells"
    plural = "peals"
    view = BellView
    extractor = EXTRACTOR

    def alphabet(self, view: BellView) -> Alphabet:
        """A bell, and steps until the next event."""
        strikes = Span("strike", N_BELLS, onset=True, pitch=LOWEST)
        if view.high:
            strikes = restricted(strikes, LOWEST + N_BELLS // 2, LOWEST + N_BELLS)
        return Alphabet(
            (
                Field("bell", (Span("rest"), strikes)),
                Field("wait", (Span("none"), Span("steps", LONGEST, steps=1, steps_more=1))),
            ),
            ("touch",) if view.touch else (),
        )

    def grammar(self, alphabet: Alphabet) -> Sequence[Automaton]:
        """A rest takes time: state 1 is the wait after one."""
        bells, waits = alphabet.sizes
        rests = np.zeros((2, bells), np.int64)
        rests[:, 0] = 1
        allowed = np.ones((2, waits), bool)
        allowed[1, 0] = False
        return (Automaton((np.ones((2, bells), bool), allowed), (rests, np.zeros((2, waits), np.int64))),)

    @property
    def sources(self) -> Mapping[str, Learn]:
        """Peals of a corpus."""
        return {"bells": _learnt}

    def encode(self, sequence: Peal, view: BellView) -> np.ndarray:
        """Ids [T, 2]."""
        return sequence.events[:, :2].astype(np.int64)

    def value(self, sequence: Peal, view: BellView) -> np.ndarray | None:
        """How hard each bell is struck."""
        return _touch(sequence.events[:, 2]) if view.touch else None

    def decode(
        self, ids: np.ndarray, standing: Standing, view: BellView, value: np.ndarray | None = None
    ) -> Peal:
        """The peal of `ids` [T, 2]."""
        touch = np.zeros((len(ids), 1)) if value is None else value
        velocity = np.clip(np.round(touch * 40 + USUAL), 1, 127).astype(np.int64)
        return decode(np.concatenate([ids, velocity], axis=1), standing)

    def prompt_options(self, view: BellView) -> PealOptions:
        """Whatever there is."""
        return PealOptions(min_strokes=1, steps_per_second=view.steps_per_second)

    def silence(self, alphabet: Alphabet, n: int) -> np.ndarray:
        """Rests."""
        waits = [LONGEST] * (n // LONGEST) + [n % LONGEST] * bool(n % LONGEST)
        return np.array([(0, wait) for wait in waits], np.int64).reshape(-1, 2)

    def event(self, ids: np.ndarray, view: BellView) -> tuple[int | None, int]:
        """(pitch or None, steps)."""
        return (int(ids[0]) + LOWEST - 1 if ids[0] else None), int(ids[1])

    def ids(self, event: Any, view: BellView) -> Sequence[int]:
        """The ids of (pitch or None, steps)."""
        pitch, wait = event if isinstance(event, tuple) and len(event) == 2 else (-1, -1)
        if (pitch is not None and not LOWEST <= pitch < LOWEST + N_BELLS) or not 0 <= wait <= LONGEST:
            raise PromptError(f"The primer event {event!r:.30} is no stroke; expected (60 to 83, 0 to 16).")
        return (0 if pitch is None else pitch - LOWEST + 1), wait

    def text(self, events: Sequence[Any]) -> str:
        """'60:4 -:2'."""
        return " ".join(f"{'-' if pitch is None else pitch}:{wait}" for pitch, wait in events)

    def read(self, text: str, view: BellView) -> list[Any]:
        """The inverse."""
        events = []
        for word in text.split():
            match = re.fullmatch(r"(\d{1,3}|-):(\d{1,2})", word)
            if match is None:
                raise PromptError(
                    f"The primer event '{word:.20}' is no stroke; expected such as 60:4 or -:2."
                )
            events.append((None if match[1] == "-" else int(match[1]), int(match[2])))
        return events


def _touch(velocity: np.ndarray) -> np.ndarray:
    return ((velocity.astype(np.float32) - USUAL) / 40)[:, None] * (velocity > 0)[:, None]


def _learnt(ids: np.ndarray, view: BellView, control: Density | None) -> Learned:
    ids = np.asarray(ids, np.int64)
    strokes, steps = int((ids[:, 0] > 0).sum()), max(int(ids[:, 1].sum()), 1)
    asked = None if control is None else np.full((len(ids), 1), strokes / steps, np.float32)
    return Learned(ids[:, :2], asked, _touch(ids[:, 2]) if view.touch else None)


FAMILY = BellFamily()
