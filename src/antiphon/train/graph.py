"""A net's one step as an ONNX graph that holds no weights: they are read from the bundle's safetensors file.

Every weight is an external initialiser that points into `weights.safetensors` by offset, so that any ONNX
runtime, the browser's too, finds it there, and nothing is stored twice. Only standard operators of opset 18.
"""

from __future__ import annotations

import copy
import json
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import onnx
import torch
from torch import Tensor, nn

from antiphon.nets import EventModel
from antiphon.runtime.bundle import WEIGHTS

OPSET = 18
_EXAMPLE_BATCH = 3


class _Step(nn.Module):
    """`EventModel.step` with its state flat."""

    def __init__(self, model: EventModel) -> None:
        super().__init__()
        self.model = model
        self.names = list(model.initial_state(1))

    def forward(
        self, event: Tensor, position: Tensor, temperature: Tensor, *state: Tensor
    ) -> tuple[Tensor, ...]:
        log_p, label_log_p, after = self.model.step(
            event, position, temperature, dict(zip(self.names, state, strict=True))
        )
        return log_p, label_log_p, *(after[name] for name in self.names)


def step_graph(model: EventModel, weights: bytes) -> bytes:
    """The serialised graph of one step of `model`, its weights at their offsets in `weights`, a safetensors
    file.

    Inputs `event`, `position`, `temperature` and the state's tensors by name; outputs `log_p`, `label_log_p`
    and `next_<name>`.
    """
    proto = _exported(model)
    _point_outside(proto.graph, weights)
    _strip(proto)
    data: bytes = proto.SerializeToString(deterministic=True)
    return data


def _exported(model: EventModel) -> onnx.ModelProto:
    step = _Step(_scrambled(model)).eval()
    state = model.initial_state(_EXAMPLE_BATCH)
    position = torch.tensor([[0, 16]]).repeat(_EXAMPLE_BATCH, 1)
    event = torch.zeros(_EXAMPLE_BATCH, 1, dtype=torch.int64)
    arguments = (event, position, torch.ones(_EXAMPLE_BATCH), *state.values())
    batch = torch.export.Dim("batch", min=1, max=65536)
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            step,
            arguments,
            dynamo=True,
            opset_version=OPSET,
            input_names=["event", "position", "temperature", *state],
            output_names=["log_p", "label_log_p", *(f"next_{name}" for name in state)],
            dynamic_shapes=({0: batch}, {0: batch}, {0: batch}, tuple({0: batch} for _ in state)),
            verbose=False,
        )
    return cast(torch.onnx.ONNXProgram, program).model_proto


def _scrambled(model: EventModel) -> EventModel:
    """A copy with random weights: the exporter would merge weights that happen to be equal."""
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


def _point_outside(graph: onnx.GraphProto, weights: bytes) -> None:
    """Replace the values of weights by where they stand in the safetensors file; half-precision ones are
    cast.
    """
    places = _places(weights)
    found = {tensor.name.removeprefix("model."): tensor for tensor in graph.initializer}
    missing = places.keys() - found.keys()
    if missing:
        raise RuntimeError(f"The exporter lost the weights {sorted(missing)}.")
    for name, (kind, offset, length) in places.items():
        _refer(found[name], kind, offset, length)
    halves = [found[name] for name, (kind, _, _) in places.items() if kind == "F16"]
    _rename(graph, {tensor.name: tensor.name.removeprefix("model.") for tensor in found.values()})
    _cast(graph, [tensor.name for tensor in halves])


def _places(weights: bytes) -> dict[str, tuple[str, int, int]]:
    """Type, offset in the file, and length in bytes of each tensor of a safetensors file."""
    (size,) = struct.unpack("<Q", weights[:8])
    header = json.loads(weights[8 : 8 + size])
    header.pop("__metadata__", None)
    spans = {name: (entry["dtype"], *entry["data_offsets"]) for name, entry in header.items()}
    return {name: (kind, 8 + size + start, end - start) for name, (kind, start, end) in spans.items()}


def _refer(tensor: onnx.TensorProto, kind: str, offset: int, length: int) -> None:
    tensor.ClearField("raw_data")
    tensor.ClearField("float_data")
    tensor.data_type = {"F16": onnx.TensorProto.FLOAT16, "F32": onnx.TensorProto.FLOAT}[kind]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in (("location", WEIGHTS), ("offset", str(offset)), ("length", str(length))):
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
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


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
