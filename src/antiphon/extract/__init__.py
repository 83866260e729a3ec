"""From a quantised score to the sequences that models learn, and back (`to_score`): one module a kind.

A kind of sequence is one module here and one line in `EXTRACTORS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from antiphon.errors import NameNotFound
from antiphon.extract import melody
from antiphon.extract.extraction import Extraction
from antiphon.extract.melody import Melody, MelodyOptions
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import Score

__all__ = ["EXTRACTORS", "Extraction", "Extractor", "Melody", "MelodyOptions", "extractor"]


@dataclass(frozen=True)
class Extractor:
    """How one kind of sequence is found in a score."""

    extract: Callable[[QuantizedScore, Any], Extraction[Any]]
    """(score, options) -> sequences and losses."""
    options: type[Any]
    """Dataclass of the options; `options()` is the default."""
    to_score: Callable[..., Score]
    """A sequence as a score; takes qpm, program, velocity and name."""


EXTRACTORS: Mapping[str, Extractor] = MappingProxyType(
    {
        "melody": Extractor(melody.extract, MelodyOptions, melody.to_score),
    }
)


def extractor(kind: str) -> Extractor:
    """The extractor of `kind`; raises `NameNotFound` with the nearest known one."""
    if kind not in EXTRACTORS:
        raise NameNotFound("kind of sequence", kind, EXTRACTORS)
    return EXTRACTORS[kind]
