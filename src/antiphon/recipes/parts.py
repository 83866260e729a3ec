"""What recipes are made of: codecs, nets and heads as plain data, a frozen dataclass each.

A part is known by its `name` and says with `builds` where the torch module is that it describes
('module:callable'). The module is imported when a net is built, never to play. Other packages bring parts
through the entry-point groups `antiphon.codecs`, `antiphon.nets`, `antiphon.heads` and `antiphon.controls`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from antiphon.errors import OptionError
from antiphon.registry import Registry
from antiphon.schema import Part, setting

MOST_LAYERS, MOST_BARS = 32, 16
"""Items of lists in recipes, which may come from strangers: no net that learns well has more."""


class Codec(Part):
    """What a net sees of the music, and the labels it predicts. Builds an `antiphon.nets.features.Features`,
    called with the recipe and the part itself."""

    group: ClassVar[str] = "codec"
    builds: ClassVar[str]
    takes: ClassVar[frozenset[str]] = frozenset()
    """Which of "control" and "value" it shows the net beside the events."""


class Net(Part):
    """What lies between a codec's features and the head. Builds an `antiphon.nets.stack.Body`, called with
    the width of its input, the part itself and the share of dropout."""

    group: ClassVar[str] = "net"
    builds: ClassVar[str]


class Head(Part):
    """How what comes out of the net becomes a distribution. Builds an `antiphon.nets.head.OutputHead`, called
    with the width of its input, the sizes of the codec's groups of labels and the part itself."""

    group: ClassVar[str] = "head"
    builds: ClassVar[str]
    draws: ClassVar[bool] = False
    """Whether it gives the continuous numbers that go with an event."""


class Control(Part, ABC):
    """What events are conditioned on, beside the music before them. Belongs to the family: which sequences of
    a corpus give it, the family's `sources` say."""

    group: ClassVar[str] = "control"

    @property
    @abstractmethod
    def width(self) -> int:
        """C, the numbers in a control vector."""

    @abstractmethod
    def read(self, text: str | None) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]:
        """What a person asked for, None for nothing: a function of steps int64 [B] since the beginning that
        gives the control float32 [B, C] of the events there. Raises `OptionError`."""


@dataclass(frozen=True)
class OneHot(Codec):
    """The last event, and a label for each event (Magenta's `OneHotEventSequenceEncoderDecoder`)."""

    name: ClassVar[str] = "onehot"
    builds: ClassVar[str] = "antiphon.nets.features.onehot:OneHotFeatures"
    takes: ClassVar[frozenset[str]] = frozenset({"control", "value"})


@dataclass(frozen=True)
class Lookback(Codec):
    """What stood whole bars ago, labels that say "the same again", and a binary clock (Magenta's
    `LookbackEventSequenceEncoderDecoder`)."""

    name: ClassVar[str] = "lookback"
    builds: ClassVar[str] = "antiphon.nets.features.lookback:LookbackFeatures"

    bars: tuple[int, ...] = setting(
        (1, 2), "Bars ago from which repeats have a label and features.", low=1, high=64, most=MOST_BARS
    )
    clock_bits: int = setting(5, "Bits of the clock of +1 and -1.", low=0, high=16)


@dataclass(frozen=True)
class KeyMelody(Codec):
    """What sounds, where the line goes, which keys fit, and lookback (Magenta's
    `KeyMelodyEncoderDecoder`)."""

    name: ClassVar[str] = "key_melody"
    builds: ClassVar[str] = "antiphon.nets.features.key_melody:KeyMelodyFeatures"

    bars: tuple[int, ...] = setting(
        (1, 2), "Bars ago from which repeats have a label and a feature.", low=1, high=64, most=MOST_BARS
    )
    clock_bits: int = setting(7, "Bits of the clock of +1 and -1.", low=0, high=16)


@dataclass(frozen=True)
class Lstm(Net):
    """Layers of LSTM cells."""

    name: ClassVar[str] = "lstm"
    builds: ClassVar[str] = "antiphon.nets.lstm:build"

    layers: tuple[int, ...] = setting((128, 128), "Cells of each layer.", low=1, high=8192, most=MOST_LAYERS)
    residual: bool = setting(False, "Whether each layer's input is added to its output.")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layers(self.layers)


@dataclass(frozen=True)
class Attention(Net):
    """Layers of LSTM cells that attend to their own last outputs (Magenta's `AttentionCellWrapper`)."""

    name: ClassVar[str] = "attention"
    builds: ClassVar[str] = "antiphon.nets.attention:build"

    layers: tuple[int, ...] = setting((128, 128), "Cells of each layer.", low=1, high=8192, most=MOST_LAYERS)
    length: int = setting(40, "Last outputs that are attended to.", low=1, high=4096)
    around: str = setting(
        "first",
        "Attention goes round the first layer, or round the whole stack (bundles of 2016-17).",
        choices=("first", "stack"),
    )
    residual: bool = setting(False, "Whether each layer's input is added to its output.")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layers(self.layers)
        if self.around == "stack" and self.residual:
            raise OptionError(
                "Attention round the stack has no residual connections; set net.residual=false."
            )


@dataclass(frozen=True)
class Categorical(Head):
    """A probability for each label, by a linear map and a softmax."""

    name: ClassVar[str] = "categorical"
    builds: ClassVar[str] = "antiphon.nets.head:CategoricalHead"


def check_layers(layers: tuple[int, ...]) -> None:
    """Raises `OptionError` where there are none."""
    if not layers:
        raise OptionError("net.layers is empty; expected one size or more, such as 128,128.")


def _registry(sort: str, of: type[Part], *ours: type[Part]) -> Registry[Any]:
    def fits(thing: Any) -> bool:
        return isinstance(thing, type) and issubclass(thing, of)

    return Registry(sort, f"antiphon.{sort}s", {part.name: part for part in ours}, fits)


CODECS: Registry[type[Codec]] = _registry("codec", Codec, OneHot, Lookback, KeyMelody)
NETS: Registry[type[Net]] = _registry("net", Net, Lstm, Attention)
HEADS: Registry[type[Head]] = _registry("head", Head, Categorical)
CONTROLS: Registry[type[Control]] = _registry("control", Control)
