"""A net's playing graphs in ONNX, without weights: these are read from the bundle's safetensors file.

Every weight is an external initialiser that points into `weights.safetensors` by offset, so that any ONNX
runtime, the browser's too, finds it there, and nothing is stored twice. Only the operators of `OPERATORS`, of
opset 18, so that a runtime can be written for them.
"""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from antiphon.errors import RunError
from antiphon.nets import EventModel, Heard
from antiphon.nets.model import Step
from antiphon.runtime.admission import OPSET, OVER_TIME
from antiphon.runtime.admission.operators import RULES
from antiphon.runtime.bundle import PREFILL, STEP, Graph
from antiphon.runtime.container import WEIGHTS
from antiphon.runtime.index_values import Tensor as Shape
from antiphon.runtime.weights import WeightPlace, weight_places

OPERATORS = frozenset(RULES)
"""All operators, of ONNX's own domain, that a playing graph may have."""

_EXAMPLE_BATCH, _EXAMPLE_TIME = 3, 5


class _Contract(nn.Module):
    """One role of an `EventModel`, its inputs and outputs flat, as the graph will have them."""

    def __init__(self, model: EventModel, role: str) -> None:
        super().__init__()
        self.model, self.role = model, role
        self.given = inputs(model)
        self.names = list(model.initial_state(1))
        self.said = list(outputs(model))[: -len(self.names) or None]

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        named = dict(zip(self.given, tensors, strict=True))
        heard = Heard(**{name: named[name] for name in Heard._fields if name in named})
        state = {name: named[name] for name in self.names}
        act: Callable[..., Step] = self.model.step if self.role == STEP else self.model.prefill
        found = act(heard, named["temperature"], state, named.get("uniform"))
        return *(getattr(found, name) for name in self.said), *(found.state[name] for name in self.names)


def graphs(model: EventModel, weights: bytes) -> dict[str, Graph]:
    """The serialised graphs of `model` by role, their weights at their offsets in `weights`, a safetensors
    file. Raises `RunError` where the net needs an operator that a playing graph may not have."""
    roles = [STEP, PREFILL] if model.can_prefill else [STEP]
    return {role: Graph(_serialised(model, role, weights), inputs(model), outputs(model)) for role in roles}


def inputs(model: EventModel) -> dict[str, Shape]:
    """The inputs of the playing contract that this model has, in order: type, and shape without the batch."""
    alphabet, features = model.alphabet, model.features
    widths = {
        "event": ("int64", alphabet.n_fields),
        "position": ("int64", 2 if features.needs_position else 0),
        "control": ("float32", model.recipe.control.width if model.recipe.control else 0),
        "value": ("float32", len(alphabet.values)),
    }
    given: dict[str, Shape] = {name: (kind, (n,)) for name, (kind, n) in widths.items() if n}
    given["temperature"] = ("float32", ())
    if model.output.n_uniform:
        given["uniform"] = ("float32", (model.output.n_uniform,))
    return given | state(model)


def outputs(model: EventModel) -> dict[str, Shape]:
    """The outputs, likewise."""
    sizes, own = model.features.label_sizes, model.features.own_labels
    said: dict[str, Shape] = {"log_p": ("float32", (model.alphabet.n_events,))}
    if own:
        said |= {"label": ("int64", (len(sizes),)), "label_log_p": ("float32", (sum(sizes),))}
    if model.alphabet.values:
        said["drawn"] = ("float32", (len(model.alphabet.values),))
    return said | {f"next_{name}": shape for name, shape in state(model).items()}


def state(model: EventModel) -> dict[str, Shape]:
    """The tensors of its state, likewise."""
    return {
        name: (str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape[1:]))
        for name, tensor in model.initial_state(1).items()
    }


def _serialised(model: EventModel, role: str, weights: bytes) -> bytes:
    twin = _scrambled(model)
    proto = _exported(twin, role)
    strange = {node.op_type for node in proto.graph.node if node.domain or node.op_type not in OPERATORS}
    if strange:
        raise RunError(
            f"The net of '{model.recipe.name}' needs {', '.join(sorted(strange))}, which a playing graph may "
            "not have; docs/playing-contract.md lists what it may."
        )
    _turn_back(proto.graph, twin)
    _point_outside(proto.graph, weights)
    _strip(proto)
    data: bytes = proto.SerializeToString(deterministic=True)
    return data


def _exported(model: EventModel, role: str) -> onnx.ModelProto:
    contract = _Contract(model, role).eval()
    batch = torch.export.Dim("batch", min=1, max=65536)
    time = torch.export.Dim("time", min=1, max=65536)
    over_time = OVER_TIME if role == PREFILL else frozenset()
    examples = [_example(name, shape, name in over_time) for name, shape in contract.given.items()]
    dynamic = tuple({0: batch, 1: time} if name in over_time else {0: batch} for name in contract.given)
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            contract,
            tuple(examples),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(contract.given),
            output_names=list(outputs(model)),
            dynamic_shapes=(dynamic,),
            verbose=False,
        )
    return cast(torch.onnx.ONNXProgram, program).model_proto


def _example(name: str, shape: Shape, over_time: bool) -> Tensor:
    """A tensor to trace with."""
    kind, rest = shape
    full = (_EXAMPLE_BATCH, *((_EXAMPLE_TIME,) if over_time else ()), *rest)
    if name == "position":
        return torch.tensor([0, 16]).expand(full).contiguous()
    return torch.ones(full) if name == "temperature" else torch.zeros(full, dtype=getattr(torch, kind))


def _scrambled(model: EventModel) -> EventModel:
    """A copy with random weights: the exporter would merge weights that happen to be equal, and what it makes
    of one can be told."""
    twin = copy.deepcopy(model)
    for weight in twin.parameters():
        weight.data = torch.rand_like(weight)
    return twin


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns and logs about its own workings; nothing of it concerns the person."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _turn_back(graph: onnx.GraphProto, twin: EventModel) -> None:
    """Where the exporter has put a matrix down transposed, put the matrix itself there and transpose it in
    the graph."""
    weights = {f"model.{name}": tensor.detach().numpy() for name, tensor in twin.state_dict().items()}
    turned: dict[str, str] = {}
    for tensor in graph.initializer:
        if (
            tensor.name not in weights
            and len(tensor.dims) == 2
            and tensor.data_type == onnx.TensorProto.FLOAT
        ):
            value = onnx.numpy_helper.to_array(tensor)
            for name, weight in weights.items():
                if value.shape == weight.T.shape and np.array_equal(value, weight.T):
                    turned[tensor.name] = name
    there = {tensor.name for tensor in graph.initializer}
    kept = [tensor for tensor in graph.initializer if tensor.name not in turned]
    added = {name: weights[name] for name in turned.values() if name not in there}
    del graph.initializer[:]
    graph.initializer.extend([*kept, *(onnx.numpy_helper.from_array(w, name) for name, w in added.items())])
    nodes = [onnx.helper.make_node("Transpose", [b], [a], perm=[1, 0]) for a, b in turned.items()]
    _put_first(graph, nodes)


def _put_first(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    every = [*nodes, *graph.node]
    del graph.node[:]
    graph.node.extend(every)


def _point_outside(graph: onnx.GraphProto, weights: bytes) -> None:
    """Replace the values of weights by where they stand in the safetensors file; half-precision ones are
    cast. Weights that this graph has no use for are left in the file.
    """
    found = {tensor.name.removeprefix("model."): tensor for tensor in graph.initializer}
    places = {name: place for name, place in weight_places(weights).items() if name in found}
    for name, place in places.items():
        _refer(found[name], place)
    halves = [found[name] for name, place in places.items() if place.dtype == np.float16]
    _rename(graph, {tensor.name: tensor.name.removeprefix("model.") for tensor in found.values()})
    _cast(graph, [tensor.name for tensor in halves])


def _refer(tensor: onnx.TensorProto, place: WeightPlace) -> None:
    tensor.ClearField("raw_data")
    tensor.ClearField("float_data")
    tensor.data_type = onnx.helper.np_dtype_to_tensor_dtype(place.dtype)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in (("location", WEIGHTS), ("offset", str(place.offset)), ("length", str(place.length))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    for node in graph.node:
        for n, name in enumerate(node.input):
            node.input[n] = names.get(name, name)


def _cast(graph: onnx.GraphProto, halves: list[str]) -> None:
    """Let the graph read half-precision weights in single precision."""
    _rename_inputs = {name: f"{name}.single" for name in halves}
    for node in graph.node:
        for n, name in enumerate(node.input):
            node.input[n] = _rename_inputs.get(name, name)
    casts = [
        onnx.helper.make_node("Cast", [a], [b], to=onnx.TensorProto.FLOAT) for a, b in _rename_inputs.items()
    ]
    _put_first(graph, casts)


def _strip(proto: onnx.ModelProto) -> None:
    """Remove what the exporter wrote about this machine: source paths, stack traces, shapes of what is
    between.
    """
    proto.producer_name, proto.producer_version, proto.doc_string = "antiphon", "", ""
    del proto.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.graph.value_info[:]
    for part in (*proto.graph.node, *proto.graph.initializer, *proto.graph.input, *proto.graph.output):
        part.ClearField("doc_string")
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]
