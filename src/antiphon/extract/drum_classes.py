"""Classes of percussion sounds: which MIDI pitches count as one drum.

`NINE` is the drum kit of Magenta's `drums_encoder_decoder` (and of its MusicVAE drums), `ROLAND` the same
nine as GrooVAE reads an electronic kit, `ONE` its one-drum model's single class of every pitch. The pitch
that a class sounds with is its first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from antiphon.arrays import Int16
from antiphon.errors import OptionError


@dataclass(frozen=True)
class DrumClasses:
    """A set of classes is an integer: bit i stands for class i. At most 15 classes fit an int16."""

    name: str
    names: tuple[str, ...]
    pitches: tuple[tuple[int, ...], ...]
    """The MIDI pitches of each class, the one it sounds with first; no pitch is in two."""

    @property
    def n_sets(self) -> int:
        """How many sets of these classes there are."""
        return 1 << len(self.pitches)

    @cached_property
    def bit_of_pitch(self) -> Int16:
        """int16 [128]: the set of a pitch's class alone, 0 for a pitch of none."""
        bits = np.zeros(128, np.int16)
        for index, members in enumerate(self.pitches):
            bits[list(members)] = 1 << index
        return bits

    @cached_property
    def sounds(self) -> Int16:
        """int16 [n_classes]: the pitch that each class sounds with."""
        return np.array([members[0] for members in self.pitches], np.int16)


_NINE = (
    "kick", "snare", "closed hi-hat", "open hi-hat", "low tom", "mid tom", "high tom", "crash", "ride",
)  # fmt: skip

NINE = DrumClasses(
    "nine",
    _NINE,
    (
        (36, 35),
        (38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85),
        (42, 44, 54, 68, 69, 70, 71, 73, 78, 80, 22),
        (46, 67, 72, 74, 79, 81, 26),
        (45, 29, 41, 43, 61, 64, 84),
        (48, 47, 60, 63, 77, 86, 87),
        (50, 30, 62, 76, 83),
        (49, 52, 55, 57, 58),
        (51, 53, 59, 82),
    ),
)
ROLAND = DrumClasses(
    "roland",
    _NINE,
    (
        (36,),
        (38, 37, 40),
        (42, 22, 44),
        (46, 26),
        (43, 58),
        (47, 45),
        (50, 48),
        (49, 52, 55, 57),
        (51, 53, 59),
    ),
)
ONE = DrumClasses("one", ("hit",), ((39, *range(39), *range(40, 128)),))

CLASSES: Mapping[str, DrumClasses] = MappingProxyType({known.name: known for known in (NINE, ROLAND, ONE)})


def drum_classes(name: str) -> DrumClasses:
    """The classes called `name`; raises `OptionError` where there are none."""
    if name not in CLASSES:
        raise OptionError(f"Drum classes '{name}' are not known; expected one of {', '.join(CLASSES)}.")
    return CLASSES[name]
