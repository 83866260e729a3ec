"""The package's codec, net and head as plain data; their torch modules are in `antiphon_bells.nets`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from antiphon.recipes.parts import Codec, Head, Net
from antiphon.schema import setting


@dataclass(frozen=True)
class Again(Codec):
    """A label that says "the same bell again", and the place in the bar."""

    name: ClassVar[str] = "again"
    builds: ClassVar[str] = "antiphon_bells.nets:AgainFeatures"


@dataclass(frozen=True)
class Echo(Net):
    """Attention to the last events, in memories of which a step overwrites one row."""

    name: ClassVar[str] = "echo"
    builds: ClassVar[str] = "antiphon_bells.nets:EchoNet"
    size: int = setting(24, "Numbers in a memory.", low=1, high=512)
    length: int = setting(32, "Events that are remembered.", low=1, high=512)


@dataclass(frozen=True)
class Touch(Head):
    """A probability for each label, and a normal distribution of each continuous number."""

    name: ClassVar[str] = "touch"
    builds: ClassVar[str] = "antiphon_bells.nets:TouchHead"
    draws: ClassVar[bool] = True
