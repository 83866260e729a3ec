"""Bundles taken apart, altered and put together again, with hashes that fit."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from antiphon.runtime.bundle import shipped
from antiphon.runtime.container import CARD, INDEX, WEIGHTS

STEP = "step.onnx"
Members = dict[str, bytes]
node = helper.make_node


@cache
def _members(stem: str) -> tuple[tuple[str, bytes], ...]:
    path = next(path for path in shipped() if path.stem == stem)
    with zipfile.ZipFile(path) as archive:
        return tuple((name, archive.read(name)) for name in archive.namelist())


def members(stem: str = "melody-lookback") -> Members:
    """The members of a bundle that we ship."""
    return dict(_members(stem))


def packed(parts: Members, *, rehash: bool = True, stored: Sequence[str] = (WEIGHTS,)) -> bytes:
    """The file of these members."""
    parts = dict(parts)
    if rehash and INDEX in parts:
        try:
            index = json.loads(parts[INDEX])
            index["sha256"] = {n: hashlib.sha256(d).hexdigest() for n, d in parts.items() if n != INDEX}
            parts[INDEX] = json.dumps(index).encode()
        except (ValueError, TypeError, RecursionError):
            pass
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            method = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, method)
    return file.getvalue()


def with_index(change: Callable[[dict[str, Any]], Any], parts: Members | None = None) -> Members:
    """Members whose index is changed in place, or is what `change` gives."""
    parts = members() if parts is None else parts
    index = json.loads(parts[INDEX])
    found = change(index)
    return {**parts, INDEX: json.dumps(index if found is None else found).encode()}


def with_graph(change: Callable[[Any], Any], parts: Members | None = None) -> Members:
    """Members whose graph is changed in place."""
    parts = members() if parts is None else parts
    proto = onnx.load_from_string(parts[STEP])
    change(proto)
    return {**parts, STEP: proto.SerializeToString()}


def with_weights(header: Any, data: bytes = b"", size: int | None = None) -> Members:
    """Members whose weights are this header and data; `size` is what it says of its header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return {**members(), WEIGHTS: struct.pack("<Q", len(text) if size is None else size) + text + data}


def split_weights(parts: Members) -> tuple[dict[str, Any], bytes]:
    """The header and data of the weights."""
    (size,) = struct.unpack_from("<Q", parts[WEIGHTS])
    return json.loads(parts[WEIGHTS][8 : 8 + size]), parts[WEIGHTS][8 + size :]


def constant(name: str, value: Any) -> Any:
    """A tensor in the graph."""
    return value if isinstance(value, TensorProto) else numpy_helper.from_array(np.array(value), name)


def poisoned(
    nodes: Sequence[Any], constants: dict[str, Any] | None = None, domains: Sequence[str] = ()
) -> Members:
    """Members whose graph also computes the scalar `evil` and adds nothing of it to its answer."""

    def change(proto: Any) -> None:
        for each in proto.graph.node:
            each.output[:] = ["clean" if name == "log_p" else name for name in each.output]
            each.input[:] = ["clean" if name == "log_p" else name for name in each.input]
        tensors = {**(constants or {}), "none": np.float32(0)}
        proto.graph.initializer.extend(constant(name, value) for name, value in tensors.items())
        proto.graph.node.extend(copy.deepcopy(list(nodes)))
        proto.graph.node.extend(
            [node("Mul", ["evil", "none"], ["nothing"]), node("Add", ["clean", "nothing"], ["log_p"])]
        )
        proto.opset_import.extend(helper.make_opsetid(domain, 1) for domain in domains)

    return with_graph(change)


def summed(name: str) -> Any:
    """A node that makes the scalar `evil` of a tensor."""
    return node("ReduceSum", [name], ["evil"], keepdims=0)


def external(location: str, offset: Any = 0, length: Any = 64, dims: Sequence[int] = (16,)) -> Any:
    """A tensor that stands elsewhere."""
    tensor = TensorProto(name="stolen", data_type=TensorProto.FLOAT, dims=dims)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))
    return tensor


__all__ = [
    "CARD",
    "INDEX",
    "STEP",
    "WEIGHTS",
    "Members",
    "TensorProto",
    "constant",
    "external",
    "helper",
    "members",
    "node",
    "packed",
    "poisoned",
    "split_weights",
    "summed",
    "with_graph",
    "with_index",
    "with_weights",
]
