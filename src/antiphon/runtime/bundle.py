"""`Bundle`: everything needed to play, fine-tune and share a model, in one file (`NAME.antiphon`).

The index says what is in it: the recipe with all its values, the alphabet and grammar of its events, the
graphs by role (their weights are external data at their offsets in the safetensors file), provenance,
figures, and a check by which any runtime can test itself. `docs/bundles-and-corpora.md` has the format to the
last byte. Bundles of format 1 are read too."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Bool, Float64
from antiphon.codecs.alphabet import Alphabet
from antiphon.codecs.rules import Automaton
from antiphon.errors import AntiphonError, BundleError, NameNotFound, one_line
from antiphon.recipes import Recipe
from antiphon.recipes.recipe import upgraded
from antiphon.runtime import container
from antiphon.runtime import index_values as values
from antiphon.runtime.container import CARD, GRAPHS, SUFFIX, WEIGHTS, brief
from antiphon.runtime.index_values import Tensor
from antiphon.runtime.sampler import OPENING_FLOOR, SAMPLER_VERSION
from antiphon.runtime.weights import weights_of

VERSION = 2
EVENTS = "events"
"""What a bundle of this format may hold: a model of events."""
STEP, PREFILL = "step", "prefill"
"""Roles of graphs: one event at a time; many at once."""

_SHIPPED = Path(__file__).resolve().parent.parent / "bundles"


class Graph(NamedTuple):
    """A playing graph, serialised, and its inputs and outputs by name, in order, the state's among them."""

    proto: bytes
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


class LabelGroups(NamedTuple):
    """The labels of a codec that has some of its own: how many each group has, and which is the default
    event's."""

    sizes: tuple[int, ...]
    default: tuple[int, ...]


@dataclass(frozen=True)
class Bundle:
    """A model ready to play.

    `opening` float64 [V]: how often each id of each field begins a piece of the training split, as the model
    sees it. `provenance`: data, licences, steps, seed. `metrics`: held-out figures in nats. `defaults`: what
    music of the corpus is like (meters). `state`: the playing state's tensors by name; `rings` are those of
    them that only ever have a row overwritten. `check`: events, and how likely they are to be.
    """

    name: str
    recipe: Recipe
    opening: Float64
    state: Mapping[str, Tensor]
    safetensors: bytes = field(repr=False)
    graphs: Mapping[str, Graph] = field(repr=False)
    labels: LabelGroups | None = None
    rings: tuple[str, ...] = ()
    card: str = field(default="", repr=False)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    check: Mapping[str, Any] = field(default_factory=dict)
    version: int = VERSION
    """Of the format that it was read in."""

    @classmethod
    def open(cls, path: Path | str) -> Bundle:
        """The bundle in the file at `path`. Raises `BundleError` where it is missing, truncated, altered or
        too new, or plays events of a family that is not installed here.
        """
        path = Path(path)
        index, members = container.read(path, VERSION)
        try:
            return _of_format_1(index, members) if index["version"] == 1 else _assembled(index, members)
        except AntiphonError as error:
            raise BundleError(f"The bundle '{path}' cannot be used: {one_line(error, 400)}") from None
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise BundleError(
                f"The index of '{path}' is malformed ({brief(error)}); get the bundle anew."
            ) from None

    def __post_init__(self) -> None:
        graphs = self.graphs.values()
        if STEP not in self.graphs or not {*self.rings} <= {*self.state} or not all(map(self._fits, graphs)):
            raise BundleError(f"the graphs and the state of '{self.name}' do not fit; get the bundle anew.")

    def _fits(self, graph: Graph) -> bool:
        """Whether a graph takes events and the state, and nothing unknown, and gives what it should."""
        taken = {name: graph.inputs.get(name) for name in self.state}
        given = {name: graph.outputs.get(f"next_{name}") for name in self.state}
        heard = {name: tensor for name, tensor in graph.inputs.items() if name not in self.state}
        wide, deep = len(self.alphabet.values), len(self.alphabet.fields)
        said = {"log_p": ("float32", (self.alphabet.n_events,)), "drawn": ("float32", (wide,))}
        if self.labels is not None:
            said["label"] = ("int64", (len(self.labels.sizes),))
            said["label_log_p"] = ("float32", (sum(self.labels.sizes),))
        known = {
            "event": ("int64", (deep,)),
            "position": ("int64", (2,)),
            "value": ("float32", (wide,)),
            "temperature": ("float32", ()),
            "control": None,
            "uniform": None,
        }
        return (
            taken == given == dict(self.state)
            and "log_p" in graph.outputs
            and {"event", "temperature"} <= heard.keys() <= known.keys()
            and all(known[name] in (None, tensor) for name, tensor in heard.items())
            and all(graph.outputs[name] == wanted for name, wanted in said.items() if name in graph.outputs)
        )

    @property
    def alphabet(self) -> Alphabet:
        """The events that the model plays."""
        return self.recipe.alphabet

    @property
    def sha256(self) -> str:
        """Of the weights, in hex: which net this is."""
        return hashlib.sha256(self.safetensors).hexdigest()

    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """The net's weights by name, float16 or float32, as `nets.build(recipe)` names them. Raises
        `BundleError`.
        """
        return weights_of(self.safetensors, self.name)


def write(path: Path | str, bundle: Bundle) -> None:
    """Write `bundle` to `path` in the newest format, whole or not at all; equal bundles give equal bytes.
    Raises `OutputError`."""
    graphs = {_file(role): graph.proto for role, graph in bundle.graphs.items()}
    members = {WEIGHTS: bundle.safetensors, **graphs, CARD: bundle.card.encode()}
    container.write(Path(path), index_of(bundle), members)


def shipped() -> list[Path]:
    """Paths of the bundles that came with this installation, by name."""
    return sorted(_SHIPPED.glob(f"*{SUFFIX}"))


def find(name_or_path: Path | str) -> Path:
    """Path of a shipped bundle ('FAMILY/VARIANT') or of a file; raises `NameNotFound` with the nearest
    shipped one.
    """
    path = Path(name_or_path)
    known = {shown_name(found): found for found in shipped()}
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    if _is_file(path):
        return path
    if path.suffix == SUFFIX:
        raise BundleError(f"There is no bundle at '{path}'. See `antiphon models` for those that are here.")
    raise NameNotFound("bundle", str(name_or_path), known)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def default(family: str) -> str | None:
    """Name of the shipped bundle that plays where only a family is named: the one of it that says so, else
    the first; None where none of it is shipped."""
    found = [path for path in shipped() if path.stem.startswith(f"{family}-")]
    chosen = next((path for path in found if container.peek(path)["defaults"].get("first_choice")), None)
    return shown_name(chosen or found[0]) if found else None


def shown_name(path: Path) -> str:
    """The name by which a bundle is asked for: 'FAMILY-VARIANT.antiphon' is 'FAMILY/VARIANT'."""
    return path.stem.replace("-", "/", 1)


def index_of(bundle: Bundle) -> dict[str, Any]:
    """The index as it stands in the file, but for its format and hashes."""
    family, alphabet = bundle.recipe.events, bundle.alphabet
    ended = family.after_end(alphabet)
    return {
        "version": VERSION,
        "what": EVENTS,
        "name": bundle.name,
        "recipe": bundle.recipe.as_dict(),
        "decode": {"family": family.name, "version": family.decoder_version},
        "alphabet": alphabet.as_dict(),
        "grammar": {
            "rules": [rule.as_dict() for rule in family.grammar(alphabet) if isinstance(rule, Automaton)],
            "first": [_runs(mask) for mask in family.opening(alphabet)],
            "after_end": None if ended is None else [_runs(mask) for mask in ended],
        },
        "sampler": {"version": SAMPLER_VERSION, "random": "philox4x32-10", "opening_floor": OPENING_FLOOR},
        "labels": bundle.labels and {name: list(values) for name, values in bundle.labels._asdict().items()},
        "graphs": {
            role: {
                "file": _file(role),
                "inputs": {name: [kind, list(shape)] for name, (kind, shape) in graph.inputs.items()},
                "outputs": {name: [kind, list(shape)] for name, (kind, shape) in graph.outputs.items()},
            }
            for role, graph in bundle.graphs.items()
        },
        "state": {name: [kind, list(shape)] for name, (kind, shape) in bundle.state.items()},
        "rings": list(bundle.rings),
        "opening": [float(p) for p in bundle.opening],
        "defaults": dict(bundle.defaults),
        "check": dict(bundle.check),
        "provenance": dict(bundle.provenance),
        "metrics": dict(bundle.metrics),
    }


def _file(role: str) -> str:
    return f"{role}.onnx"


def _role(file: str) -> str:
    return file.removesuffix(".onnx")


def _assembled(index: Mapping[str, Any], members: Mapping[str, bytes]) -> Bundle:
    if index["what"] != EVENTS:
        raise BundleError(f"it holds '{index['what']!s:.40}', which this Antiphon cannot play. Update it.")
    recipe = Recipe.from_dict(index["recipe"], lenient=True)
    _check_decoder(index, recipe)
    labels = index["labels"]
    if not {*index["graphs"]} <= {*map(_role, GRAPHS)}:
        raise BundleError("it has graphs that this Antiphon does not know. Update it.")
    return Bundle(
        name=values.name(index["name"]),
        recipe=recipe,
        opening=values.distribution(index["opening"], recipe.alphabet),
        state=values.tensors(index["state"]),
        safetensors=members[WEIGHTS],
        graphs={
            role: Graph(
                members[graph["file"]], values.tensors(graph["inputs"]), values.tensors(graph["outputs"])
            )
            for role, graph in index["graphs"].items()
        },
        labels=labels
        and LabelGroups(
            tuple(map(values.count, labels["sizes"])), tuple(map(values.place, labels["default"]))
        ),
        rings=tuple(map(values.text, index["rings"])),
        card=members[CARD].decode(),
        provenance=values.provenance(index["provenance"]),
        metrics=values.mapping(index["metrics"]),
        defaults=values.defaults(index["defaults"]),
        check=values.mapping(index["check"]),
    )


def _check_decoder(index: Mapping[str, Any], recipe: Recipe) -> None:
    """Raises `BundleError` where the events mean something else to whoever made the bundle."""
    family, decode = recipe.events, index["decode"]
    if (decode["family"], decode["version"]) != (family.name, family.decoder_version):
        raise BundleError(
            f"it plays '{decode['family']!s:.40}' in version {decode['version']!s:.10}; this Antiphon knows "
            f"version {family.decoder_version} of '{family.name}'. Update it: pip install -U antiphon."
        )
    if index["alphabet"] != recipe.alphabet.as_dict():
        raise BundleError("its alphabet is not that of its recipe; get the bundle anew.")


def _of_format_1(index: Mapping[str, Any], members: Mapping[str, bytes]) -> Bundle:
    """A bundle of format 1: one graph, events of one field, no label of the event that was heard."""
    recipe = Recipe.from_dict(upgraded(index["recipe"]), lenient=True)
    state = values.tensors(index["state"])
    inputs = {"event": ("int64", (1,)), "position": ("int64", (2,)), "temperature": ("float32", ())}
    width = ("float32", (recipe.alphabet.n_events,))
    outputs = {"log_p": width, **{f"next_{name}": tensor for name, tensor in state.items()}}
    return Bundle(
        name=values.name(index["name"]),
        recipe=recipe,
        opening=values.distribution(index["opening"], recipe.alphabet),
        state=state,
        safetensors=members[WEIGHTS],
        graphs={STEP: Graph(members[_file(STEP)], {**inputs, **state}, outputs)},
        card=members[CARD].decode(),
        provenance=values.provenance(index["provenance"]),
        metrics=values.mapping(index["metrics"]),
        defaults=values.defaults(index["defaults"]),
        version=1,
    )


def _runs(mask: Bool) -> list[list[int]]:
    """Runs of ids that are allowed, as [first, last + 1]."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    runs: list[list[int]] = edges.reshape(-1, 2).tolist()
    return runs
