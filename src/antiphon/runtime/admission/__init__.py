"""Graphs are admitted before any runtime sees them, because a bundle may come from a stranger.

A graph may hold the operators of the playing contract, of ONNX's own domain, in an order in which each takes
what stands before it. Its weights are entries of the bundle's safetensors file, at their places in it;
nothing is read from anywhere else. Its inputs and outputs are those that the index names, and what it
computes is known in types and sizes before it runs, so a step is bounded in memory and time.
`docs/trust.md` has the list.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from antiphon.errors import BundleError
from antiphon.runtime.admission.costs import cost
from antiphon.runtime.admission.known import Known, of_value
from antiphon.runtime.admission.operators import infer
from antiphon.runtime.admission.protobuf import Refused
from antiphon.runtime.admission.reader import OnnxGraph, Port, read
from antiphon.runtime.bundle import PREFILL, Bundle, Graph
from antiphon.runtime.container import WEIGHTS, brief
from antiphon.runtime.index_values import Tensor
from antiphon.runtime.weights import WeightPlace, weight_places

OPSET = 18
MOST_NODES = 4096
MOST_BYTES, MOST_BYTES_PER_ROW = 1 << 27, 1 << 20
"""What one step may make in all: so much, and so much for each of its rows (and of the events that it hears
at once)."""
MOST_COST, MOST_COST_PER_ROW = 1 << 24, 1 << 25
"""What it may take, in the units of `costs`: 17 ms, and 34 ms a row, so that two pieces of four bars of the
finest grid are there in 16 s. The largest registered recipe takes 3 ms a row."""
MOST_BYTES_ONCE, MOST_COST_ONCE = 1 << 29, 1 << 31
"""The same for what is computed of weights and constants alone, when a graph is opened: weights in half
precision become whole there."""
MOST_STATE = 1 << 23
"""Numbers of the state of one row."""


class AdmittedGraph:
    """A graph that may be run. `check` says for how many rows.

    Sizes may depend on the number of rows in ways that no sample of numbers shows, so each number is looked
    at before it is played the first time.
    """

    def __init__(self, bundle: str, graph: Graph, places: Mapping[str, WeightPlace], over_time: bool) -> None:
        """Raises `BundleError`."""
        self._bundle, self._index, self._over_time = bundle, graph, over_time
        self._checked: set[tuple[int, int]] = set()
        try:
            self._graph = _read(graph, places)
            self._inputs = {name: self._shaped(name, tensor) for name, tensor in graph.inputs.items()}
        except Refused as refused:
            raise self._error(refused) from None
        self.check(1, 1)

    def check(self, batch: int, time: int = 1) -> None:
        """Raises `BundleError` where a step of `batch` rows, of `time` events at once, is not what the index
        says, or takes too much."""
        if (batch, time) in self._checked:
            return
        try:
            self._check(batch, time)
        except Refused as refused:
            raise self._error(refused) from None
        self._checked.add((batch, time))

    def _check(self, batch: int, time: int) -> None:
        known = self._known_before(batch, time)
        heard = {*self._inputs}
        size, spent = [0, 0], [0, 0]  # of what is computed once, and in every step
        for node in self._graph.nodes:
            given = [known[name] if name else None for name in node.inputs]
            made = infer(node, given)
            known |= zip(node.outputs, made, strict=False)
            every = not heard.isdisjoint(node.inputs)
            heard |= {*node.outputs} if every else set()
            size[every] += sum(math.prod(tensor.shape) * tensor.dtype.itemsize for tensor in made)
            spent[every] += cost(node, given, made)
            _check_sums(size, spent, batch * time)
        for name, (kind, shape) in self._index.outputs.items():
            if (known[name].dtype, known[name].shape) != (np.dtype(kind), (batch, *shape)):
                raise Refused(f"'{name[:40]}' has another type or shape than its index says")

    def _known_before(self, batch: int, time: int) -> dict[str, Known]:
        """What is known of inputs, constants and weights."""
        sizes = {"batch": batch, "time": time}
        known = {
            name: Known(dtype, tuple(sizes[n] if isinstance(n, str) else n for n in shape))
            for name, (dtype, shape) in self._inputs.items()
        }
        known |= {name: of_value(value) for name, value in self._graph.constants.items()}
        known |= {name: Known(weight.dtype, weight.shape) for name, weight in self._graph.weights.items()}
        return known

    def _shaped(self, name: str, tensor: Tensor) -> Port:
        """The input `name` as the index has it. Raises `Refused` where the graph's is another."""
        kind, rest = tensor
        over_time = self._over_time and name in OVER_TIME
        shape = ("batch", *(("time",) if over_time else ()), *rest)
        port = self._graph.inputs.get(name)
        fits = port is not None and port.dtype == np.dtype(kind) and len(port.shape) == len(shape)
        if not fits or not all(isinstance(a, str) or a == b for a, b in zip(port.shape, shape, strict=True)):  # type: ignore[union-attr]
            raise Refused(f"its input '{name[:40]}' is not that of its index")
        return Port(np.dtype(kind), shape)

    def _error(self, refused: Refused) -> BundleError:
        return BundleError(
            f"The graph of the bundle '{self._bundle}' is refused: {brief(refused)}. Get it anew."
        )


OVER_TIME = frozenset({"event", "position", "control", "value"})
"""Inputs of a prefill that have a dimension of time."""


def _check_sums(size: Sequence[int], spent: Sequence[int], rows: int) -> None:
    """Raises `Refused` where a graph takes too much memory or time."""
    bytes_once, bytes_now = size
    if bytes_once > MOST_BYTES_ONCE or bytes_now > MOST_BYTES + rows * MOST_BYTES_PER_ROW:
        raise Refused(f"a step of {rows} rows takes {max(size) >> 20:,} MB of memory or more")
    cost_once, cost_now = spent
    if cost_once > MOST_COST_ONCE or cost_now > MOST_COST + rows * MOST_COST_PER_ROW:
        raise Refused(f"a step of {rows} rows takes {max(spent) // 10**6:,} ms or more")


def admit(bundle: Bundle) -> dict[str, AdmittedGraph]:
    """The graphs of a bundle, by role. Raises `BundleError` for one that is not of the playing contract, or
    too large."""
    state = sum(math.prod(shape) for _, shape in bundle.state.values())
    if state > MOST_STATE:
        raise BundleError(
            f"The state of the bundle '{bundle.name}' has {state:,} numbers; at most {MOST_STATE:,} are kept."
        )
    places = weight_places(bundle.safetensors)
    return {
        role: AdmittedGraph(bundle.name, graph, places, role == PREFILL)
        for role, graph in bundle.graphs.items()
    }


def _read(graph: Graph, places: Mapping[str, WeightPlace]) -> OnnxGraph:
    """What a graph holds, names and places checked. Raises `Refused`."""
    found = read(graph.proto)
    if found.opset != OPSET:
        raise Refused(f"its operators are those of opset {found.opset}, not {OPSET}")
    if len(found.nodes) > MOST_NODES:
        raise Refused(f"it has {len(found.nodes):,} operators; at most {MOST_NODES:,} are run")
    for name, weight in found.weights.items():
        place = WeightPlace(weight.dtype, weight.shape, weight.offset, weight.length)
        if weight.location != WEIGHTS or places.get(name) != place:
            raise Refused(f"the weight '{name[:40]}' is not an entry of {WEIGHTS} at its place")
    if found.inputs.keys() != graph.inputs.keys():
        raise Refused("its inputs are not those of its index")
    _check_order(found)
    missing = graph.outputs.keys() - found.outputs.keys()
    if missing or "log_p" not in graph.outputs:
        raise Refused(f"it does not give {min(missing, default='log_p')[:40]}")
    return found


def _check_order(graph: OnnxGraph) -> None:
    """Every name stands for one thing, which stands before what takes it. Raises `Refused`."""
    there = {*graph.inputs, *graph.constants, *graph.weights}
    if len(there) < len(graph.inputs) + len(graph.constants) + len(graph.weights):
        raise Refused("a name stands for two things")
    for node in graph.nodes:
        unknown = {name for name in node.inputs if name} - there
        if unknown:
            raise Refused(f"its '{node.op[:40]}' takes '{min(unknown)[:40]}', which does not stand before it")
        for name in node.outputs:
            if not name or name in there:
                raise Refused(f"the name '{name[:40]}' stands for nothing or for two things")
            there.add(name)
    unknown = graph.outputs.keys() - there
    if unknown:
        raise Refused(f"nothing gives its output '{min(unknown)[:40]}'")
