"""`Sampling` and `Beam`: how events are chosen, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from antiphon.errors import OptionError
from antiphon.schema import Settings, setting


@dataclass(frozen=True)
class Sampling(Settings):
    """How an event is chosen. Raises `OptionError` for values outside their range."""

    temperature: float = setting(1.0, "Higher is more adventurous; 0 takes the likeliest.")
    """Above 0; 0 always takes the most probable event."""
    top_k: int = setting(0, "Choose among the k likeliest events only; 0 is all.")
    top_p: float = setting(1.0, "Choose among the likeliest events with this share; 1 is all.")

    def __post_init__(self) -> None:
        check_temperature(self.temperature)
        if self.top_k < 0:
            raise OptionError(f"top-k is {self.top_k}; expected 0 (all events) or a number of events.")
        if not 0 < self.top_p <= 1:
            raise OptionError(
                f"top-p is {self.top_p}; expected a probability above 0 and up to 1 (all events)."
            )


_COLDEST, _HOTTEST = 1e-6, 1e6
"""Temperatures at which single precision still tells events apart."""


def check_temperature(value: float) -> None:
    """Raises `OptionError` unless a temperature is 0, or one that logits can be divided by."""
    if value != 0 and not _COLDEST <= value <= _HOTTEST:
        raise OptionError(
            f"The temperature is {value}; expected 0 (the likeliest), or {_COLDEST:g} to {_HOTTEST:g}; 1 is "
            "usual."
        )


@dataclass(frozen=True)
class Beam(Settings):
    """How wide to search. Raises `OptionError` for values below 1."""

    beam_size: int = setting(1, "Pieces followed side by side, of which the likeliest stays.")
    branch_factor: int = setting(1, "Continuations tried of each of them.")
    steps_per_iteration: int = setting(1, "Events between two choices among them.")

    def __post_init__(self) -> None:
        for name in ("beam_size", "branch_factor", "steps_per_iteration"):
            if getattr(self, name) < 1:
                words = name.removeprefix("beam_").replace("_", " ")
                raise OptionError(f"The beam's {words} is {getattr(self, name)}; expected 1 or more.")

    @property
    def width(self) -> int:
        """Copies of one output that are drawn side by side, and so the random numbers a field takes."""
        return self.beam_size * self.branch_factor
