"""`Recipe`: what a model *is*, as plain data. No torch is imported here; parts say where their nets are.

A recipe travels whole inside a bundle, so everything needed to train, play and fine-tune stands in it. Any
value can be changed by its dotted name (`with_values({"net.layers": "64,64"})`), which is what `--set` on the
command line does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar

from antiphon import schema
from antiphon.codecs.alphabet import Alphabet
from antiphon.codecs.families import FAMILIES, Family, View
from antiphon.errors import NameNotFound, OptionError
from antiphon.recipes.parts import CODECS, CONTROLS, HEADS, NETS, Categorical, Codec, Control, Head, Net
from antiphon.registry import Registry
from antiphon.schema import Settings, setting

MAX_STEPS_PER_BAR = 48
"""Longest bar that a model knows, in steps: 12/4 or 3/1 in sixteenths."""
_MOST_STEPS = 10**12
"""Counts of what takes seconds each: as good as no end."""

_PARTS: Mapping[str, Registry[Any]] = {"codec": CODECS, "net": NETS, "head": HEADS, "control": CONTROLS}

NEW_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "sizes.layers": "net.layers",
        "sizes.residual": "net.residual",
        "sizes.attention_length": "net.length",
        "sizes.attention_around": "net.around",
        "codec.name": "codec",
        "codec.lookback_bars": "codec.bars",
    }
)
"""What values of format 1, by dotted name, are called now."""


@dataclass(frozen=True)
class Training(Settings):
    """Values of the training loop."""

    group: ClassVar[str] = "training"

    batch_size: int = setting(128, "Sequences in a step.", low=1, high=65_536)
    learning_rate: float = setting(1e-3, "Learning rate at the first step.", low=0, high=1)
    final_learning_rate: float = setting(
        1e-3, "Learning rate at max_steps, approached along a cosine.", low=0, high=1
    )
    dropout: float = setting(0.5, "Share of each layer's outputs that is dropped.", low=0, high=1 - 2**-53)
    clip_norm: float = setting(5.0, "Largest norm of a gradient; 0 leaves them.", low=0, high=1e9)
    clip: str = setting(
        "tensor", "By each tensor's own norm, or by that of all together.", choices=("tensor", "global")
    )
    transpose: tuple[int, int] = setting(
        (0, 0),
        "Semitones, both included, drawn each time a sequence is seen, before it is moved to the view's key.",
        low=-127,
        high=127,
    )
    max_length: int = setting(
        512, "Events of the longest example; longer sequences are cut at a bar line.", low=2, high=65_536
    )
    window_bars: int = setting(
        0, "Bars of an example, as 2 for loops; 0: as many as max_length holds.", low=0, high=1024
    )
    max_steps: int = setting(20_000, "Optimiser steps after which training ends.", low=1, high=_MOST_STEPS)
    evaluate_every: int = setting(250, "Optimiser steps between evaluations.", low=1, high=_MOST_STEPS)
    patience: int = setting(
        8, "Evaluations without improvement after which training ends.", low=1, high=_MOST_STEPS
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.transpose[0] > self.transpose[1]:
            down, up = self.transpose
            raise OptionError(f"training.transpose is {down},{up}; expected the lower interval first.")


@dataclass(frozen=True)
class Recipe(Settings):
    """A model's description. `name` is 'family/variant'. Raises `OptionError` for values out of bounds.

    Of a bundle that was made with parts that are not installed here, these are `schema.Opaque`.
    """

    name: str
    family: str
    """Kind of events that it plays, looked up in `antiphon.codecs.families`."""
    summary: str
    codec: Codec
    net: Net
    view: View = setting(View())
    """How the model sees its sequences; a bare `View` is the family's default."""
    head: Head = setting(Categorical())
    control: Control | None = setting(None)
    """What its events are conditioned on."""
    learns_from: str = setting("")
    """Kind of sequences in a corpus that it learns from; '' is the one called like the family."""
    training: Training = setting(Training())
    paper: str = setting("")
    """Where the model was first described."""

    def __post_init__(self) -> None:
        if type(self.view) is View:
            object.__setattr__(self, "view", self.events.view())
        if not self.learns_from:
            object.__setattr__(self, "learns_from", self.family)

    @property
    def events(self) -> Family[Any]:
        """The family. Raises `NameNotFound`."""
        return FAMILIES.find(self.family)

    @property
    def alphabet(self) -> Alphabet:
        """The family's events as a model of this recipe knows them."""
        return _alphabet(self.family, self.view)

    def as_dict(self) -> dict[str, Any]:
        """JSON types; `from_dict` is the inverse."""
        values: dict[str, Any] = schema.plain(self)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, lenient: bool = False) -> Recipe:
        """A recipe from `as_dict`'s result. Raises `OptionError` and `NameNotFound` for unknown or ill-typed
        values.

        With `lenient`, codecs, nets and heads that are not installed here are kept as they came: a bundle
        plays without them. A control is needed to play.
        """
        if not isinstance(values, Mapping):
            raise OptionError(f"The recipe is {values!r:.40}; expected a group of values.")
        given = dict(values)
        for name, parts in _PARTS.items():
            if name in given and (given[name] is not None or name != "control"):
                given[name] = schema.built_part(
                    parts, given[name], name, lenient=lenient and name != "control"
                )
        if given.setdefault("view") is None:
            del given["view"]
        else:
            family = FAMILIES.find(schema.coerced(str, given.get("family"), "family"))
            given["view"] = schema.built(family.view, given["view"], "view.")
        if "training" in given:
            given["training"] = schema.built(Training, given["training"], "training.")
        return schema.assembled(cls, given, "recipe value")

    def with_values(self, changes: Mapping[str, str]) -> Recipe:
        """The recipe with values replaced by dotted name, given as text ('net.layers': '64,64').

        The name of a part alone ('net': 'attention') puts one of another kind in its place, which keeps the
        values that both have. Raises `NameNotFound`, `OptionError`.
        """
        values = self.as_dict()
        for path, text in sorted(changes.items(), key=lambda change: "." in change[0]):
            self._assign(values, path, text)
        return type(self).from_dict(values)

    def _assign(self, values: dict[str, Any], path: str, text: str) -> None:
        """Put what `text` says into the plain `values` at `path`."""
        if path in _PARTS:
            values[path] = _exchanged(_PARTS[path], values[path], text)
            return
        group, dot, leaf = path.rpartition(".")
        known = {field.name: field for field in self._fields(values, group)}
        if leaf not in known:
            raise self._unknown(path)
        (values[group] if dot else values)[leaf] = schema.plain(schema.parsed(known[leaf], text, path))

    def _fields(self, values: Mapping[str, Any], group: str) -> Sequence[schema.Named]:
        """The values of a group that can be changed; those that stand alone for the group ''."""
        if not group:
            return [field for field in schema.fields(type(self)) if field.hint is str]
        if group in _PARTS:
            return schema.fields(_PARTS[group].find(values[group]["name"])) if values[group] else ()
        return schema.fields({"view": type(self.view), "training": Training}.get(group, _Nothing))

    def _unknown(self, path: str) -> NameNotFound | OptionError:
        if path in NEW_NAMES:
            return OptionError(
                f"There is no recipe value '{path}' any more: it is called '{NEW_NAMES[path]}' now."
            )
        return NameNotFound("recipe value", path, dict.fromkeys([*schema.dotted(self), *_PARTS]))


@cache
def _alphabet(family: str, view: View) -> Alphabet:
    return FAMILIES.find(family).alphabet(view)


@dataclass(frozen=True)
class _Nothing(Settings):
    """A group without values."""


def _exchanged(parts: Any, former: Mapping[str, Any] | None, name: str) -> dict[str, Any] | None:
    """The part called `name` in place of the `former` one, with the values that both have."""
    if name.lower() == "none" and parts is CONTROLS:
        return None
    known = {field.name for field in schema.fields(parts.find(name))}
    return {"name": name, **{key: value for key, value in (former or {}).items() if key in known}}


def upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's plain values of format 1 (one flat record of sizes for all nets and codecs) in today's form.
    Raises KeyError or TypeError for anything else."""
    codec, sizes, net = values["codec"], values["sizes"], values["net"]
    kept = {name: value for name, value in values.items() if name not in ("codec", "sizes", "net")}
    return {**kept, "codec": _codec_of_format_1(codec), "net": _net_of_format_1(net, sizes)}


def _codec_of_format_1(codec: Mapping[str, Any]) -> dict[str, Any]:
    if codec["name"] == "onehot":
        return {"name": "onehot"}
    return {"name": codec["name"], "bars": codec["lookback_bars"], "clock_bits": codec["clock_bits"]}


def _net_of_format_1(name: str, sizes: Mapping[str, Any]) -> dict[str, Any]:
    plain = {"name": name, "layers": sizes["layers"], "residual": sizes["residual"]}
    if name != "attention":
        return plain
    return {**plain, "length": sizes["attention_length"], "around": sizes["attention_around"]}
