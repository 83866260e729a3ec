"""Graphs of strangers: what they might hold, and that it is refused in one line before anything runs."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import BundleError
from antiphon.runtime.admission import admit, protobuf
from antiphon.runtime.admission import reader as onnx_reader
from antiphon.runtime.bundle import Bundle, Graph, shipped
from antiphon.runtime.graph import StepInput
from antiphon.runtime.player import Player

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

node = helper.make_node


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(next(path for path in shipped() if path.stem == "melody-lookback"))


def proto_of(bundle: Bundle) -> Any:
    return onnx.load_from_string(bundle.graphs["step"].proto)


def with_proto(bundle: Bundle, proto: Any, **index: Any) -> Bundle:
    graph = bundle.graphs["step"]
    data = proto if isinstance(proto, bytes) else proto.SerializeToString()
    changed = Graph(data, index.pop("inputs", graph.inputs), index.pop("outputs", graph.outputs))
    return dataclasses.replace(bundle, graphs={"step": changed}, **index)


def poisoned(
    bundle: Bundle, nodes: Sequence[Any], constants: dict[str, Any] | None = None, domains: Sequence[str] = ()
) -> Bundle:
    """The bundle, whose log_p also has `evil`, a scalar that `nodes` make, added 0 times."""
    proto = proto_of(bundle)
    graph = proto.graph
    for each in graph.node:
        for names in (each.input, each.output):
            for k, name in enumerate(names):
                names[k] = "clean" if name == "log_p" else name
    held = {"none": np.float32(0), **(constants or {})}
    graph.initializer.extend(
        each if isinstance(each, TensorProto) else numpy_helper.from_array(np.asarray(each), name)
        for name, each in held.items()
    )
    graph.node.extend(nodes)
    graph.node.extend(
        [node("Mul", ["evil", "none"], ["nothing"]), node("Add", ["clean", "nothing"], ["log_p"])]
    )
    proto.opset_import.extend(helper.make_opsetid(domain, 1) for domain in domains)
    return with_proto(bundle, proto)


def summed(name: str) -> Any:
    return node("ReduceSum", [name], ["evil"], keepdims=0)


def subgraph(op: str) -> list[Any]:
    """A loop of a million turns, or a branch."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    turn = helper.make_tensor_value_info("turn", TensorProto.INT64, [])
    go = helper.make_tensor_value_info("go", TensorProto.BOOL, [])
    on = helper.make_tensor_value_info("on", TensorProto.BOOL, [])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    if op == "Loop":
        body = helper.make_graph(
            [node("Identity", ["go"], ["on"]), node("Add", ["x", "x"], ["y"])], "body", [turn, go, x], [on, y]
        )
        return [node("Loop", ["many", "yes", "temperature"], ["l"], body=body), summed("l")]
    branch = helper.make_graph([node("Identity", ["temperature"], ["y"])], "branch", [], [y])
    return [node("If", ["yes"], ["l"], then_branch=branch, else_branch=branch), summed("l")]


def external(location: str, offset: int | None = 0, length: int | None = 64, name: str = "stolen") -> Any:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[16])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))
    return tensor


HUGE = 1 << 34
NODES: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "a constant of 64 GB": (
        [node("ConstantOfShape", ["n"], ["x"]), summed("x")], {"n": np.array([HUGE])},
    ),
    "expanded to 64 GB": (
        [node("Expand", ["temperature", "n"], ["x"]), summed("x")], {"n": np.array([HUGE, 1])},
    ),
    "expanded a little, often": (
        [node("Expand", ["temperature", "n"], ["x"]), node("MatMul", ["x", "x"], ["y"]), summed("y")],
        {"n": np.array([8000, 8000])},
    ),
    "repeated": ([node("Tile", ["temperature", "n"], ["x"]), summed("x")], {"n": np.array([HUGE])}),
    "padded": ([node("Pad", ["temperature", "n"], ["x"]), summed("x")], {"n": np.array([0, HUGE])}),
    "a range": (
        [node("Range", ["a", "n", "b"], ["i"]), node("Cast", ["i"], ["x"], to=1), summed("x")],
        {"a": np.array(0), "n": np.array(HUGE), "b": np.array(1)},
    ),
    "as large as what is heard": (
        [node("Expand", ["temperature", "event"], ["x"]), summed("x")], {},
    ),
    "the product of rows and rows": (
        [
            node("Shape", ["temperature"], ["b"]),
            node("Concat", ["b", "b", "b"], ["n"], axis=0),
            node("Expand", ["temperature", "n"], ["x"]),
            summed("x"),
        ],
        {},
    ),
    "another domain": (
        [node("Gelu", ["temperature"], ["x"], domain="com.microsoft"), summed("x")], {},
    ),
    "another domain of ONNX": (
        [node("Binarizer", ["temperature"], ["x"], domain="ai.onnx.ml"), summed("x")], {},
    ),
    "chance": ([node("RandomUniformLike", ["temperature"], ["x"]), summed("x")], {}),
    "a loop": (subgraph("Loop"), {"many": np.array(10**6), "yes": np.array(True)}),
    "a branch": (subgraph("If"), {"yes": np.array(True)}),
    "division by zero": (
        [node("Div", ["event", "z"], ["q"]), node("Cast", ["q"], ["x"], to=1), summed("x")],
        {"z": np.array([[0]])},
    ),
    "the least number by -1": (
        [node("Mod", ["event", "z"], ["q"]), node("Cast", ["q"], ["x"], to=1), summed("x")],
        {"z": np.array([[-1]])},
    ),
    "division by what is heard": (
        [node("Div", ["event", "event"], ["q"]), node("Cast", ["q"], ["x"], to=1), summed("x")], {},
    ),
    "a split into other numbers": (
        [node("Split", ["temperature"], ["x", "y", "z"], num_outputs=2), summed("x")], {},
    ),
    "a split of other sizes": (
        [node("Split", ["temperature", "n"], ["x", "y"]), summed("x")], {"n": np.array([5, -4])},
    ),
    "an unknown operator": ([node("Nope", ["temperature"], ["x"]), summed("x")], {}),
    "a circle": ([node("Add", ["evil", "temperature"], ["evil"])], {}),
    "text": ([node("Cast", ["temperature"], ["x"], to=TensorProto.STRING), summed("x")], {}),
    "text in a constant": ([node("Constant", [], ["x"], value_string="a"), summed("x")], {}),
    **{
        f"read from {place!r}": ([summed("stolen")], {"stolen": external(place)})
        for place in (
            "../../../../../../etc/passwd", "/etc/passwd", "/dev/zero", "/proc/self/environ", "",
            "*/_ORT_MEM_ADDR_/*", "weights.safetensors", ".ssh/id_rsa", "card.md",
        )
    },
    "without an end": ([summed("stolen")], {"stolen": external("weights.safetensors", 0, None)}),
    "before the beginning": ([summed("stolen")], {"stolen": external("weights.safetensors", -8)}),
    "20,000 operators": (
        [summed("temperature"), *(node("Add", ["evil" if i == 0 else f"k{i}", "none"], [f"k{i + 1}"])
                                  for i in range(20_000))], {},
    ),
}  # fmt: skip


def test_the_graphs_that_we_ship_are_admitted():
    for path in shipped():
        for graph in admit(Bundle.open(path)).values():
            graph.check(7)


def test_what_is_added_is_all_that_is_wrong(bundle: Bundle) -> None:
    assert Player(poisoned(bundle, [summed("temperature")]))


@pytest.mark.parametrize("name", NODES)
def test_a_graph_that_might_hurt_is_refused(bundle: Bundle, name: str) -> None:
    nodes, constants = NODES[name]
    domains = {each.domain for each in nodes} - {""}
    hostile = poisoned(bundle, nodes, constants, sorted(domains))
    with pytest.raises(BundleError, match="refused") as caught:
        _play(hostile, 4000)
    assert "\n" not in str(caught.value)


def _play(bundle: Bundle, n: int) -> None:
    """A step of `n` rows; some graphs take too much only where there are many."""
    player = Player(bundle)
    player.step(_heard(n), player.start(n))


def _heard(n: int) -> StepInput:
    return StepInput(np.full((n, 1), 62), np.ones(n, np.float32), np.tile([[0, 16]], (n, 1)))


def _weight(proto: Any) -> Any:
    return next(tensor for tensor in proto.graph.initializer if tensor.external_data)


def _place(key: str, value: str) -> Callable[[Any], None]:
    def alter(proto: Any) -> None:
        for entry in _weight(proto).external_data:
            entry.value = value if entry.key == key else entry.value

    return alter


def _dims(*dims: int) -> Callable[[Any], None]:
    def alter(proto: Any) -> None:
        del _weight(proto).dims[:]
        _weight(proto).dims.extend(dims)

    return alter


def _function(proto: Any) -> None:
    body = [node("Double", ["a"], ["b"], domain="f")]
    sets = [helper.make_opsetid("", 18), helper.make_opsetid("f", 1)]
    proto.functions.append(helper.make_function("f", "Double", ["a"], ["b"], body, sets))


def _sparse(proto: Any) -> None:
    values = numpy_helper.from_array(np.ones(1, np.float32), "sparse")
    places = numpy_helper.from_array(np.zeros(1, np.int64), "")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [1 << 36]))


def _constant(*dims: int) -> Callable[[Any], None]:
    """A constant of these dimensions and of as many bytes as they say."""

    def alter(proto: Any) -> None:
        data = b"\0" * (4 * math.prod(dims))
        proto.graph.initializer.append(TensorProto(name="deep", data_type=1, dims=dims, raw_data=data))

    return alter


def _lying_constant(proto: Any) -> None:
    proto.graph.initializer.append(TensorProto(name="lie", data_type=1, dims=[1 << 40], raw_data=b"\0" * 8))


ALTERED: dict[str, Callable[[Any], Any]] = {
    "another opset": lambda proto: setattr(proto.opset_import[0], "version", 999),
    "an offset beyond the file": _place("offset", str(10**15)),
    "a length beyond the file": _place("length", str(10**15)),
    "a negative offset": _place("offset", "-8"),
    "another file": _place("location", "../weights.safetensors"),
    "a larger weight": _dims(1 << 40, 64),
    "a weight of negative size": _dims(-1, 64),
    "a weight of another type": lambda proto: setattr(_weight(proto), "data_type", TensorProto.DOUBLE),
    "a weight of another name": lambda proto: setattr(_weight(proto), "name", "nope"),
    "functions": _function,
    "a sparse constant": _sparse,
    "a constant that lies": _lying_constant,
    "a constant of seventy dimensions": _constant(*[1] * 70),
    "an empty constant of impossible size": _constant(0, 1 << 62, 1 << 62),
    "a constant of too many dimensions to list": _constant(*[1] * 70_000),
    "digits of another script": _place("offset", "\u0661\u0662"),
    "two opsets": lambda proto: proto.opset_import.append(helper.make_opsetid("", 19)),
    "training": lambda proto: proto.training_info.add(),
    "an input that the index has not": lambda proto: proto.graph.input.append(
        helper.make_tensor_value_info("more", TensorProto.FLOAT, ["batch", 64])
    ),
    "a fixed number of rows": lambda proto: setattr(
        proto.graph.input[0].type.tensor_type.shape.dim[0], "dim_value", 2
    ),
    "two of a name": lambda proto: proto.graph.initializer.append(proto.graph.initializer[0]),
    "no nodes": lambda proto: proto.graph.ClearField("node"),
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_altered_graph_is_refused(bundle: Bundle, name: str) -> None:
    proto = proto_of(bundle)
    ALTERED[name](proto)
    with pytest.raises(BundleError, match="refused"):
        Player(with_proto(bundle, proto))


def test_a_state_that_grows_with_every_step_is_refused(bundle: Bundle) -> None:
    proto = proto_of(bundle)
    proto.graph.input.append(helper.make_tensor_value_info("s", TensorProto.FLOAT, ["batch", "n"]))
    proto.graph.output.append(helper.make_tensor_value_info("next_s", TensorProto.FLOAT, ["batch", "m"]))
    proto.graph.node.append(node("Concat", ["s", "s"], ["next_s"], axis=1))
    graph, tensor = bundle.graphs["step"], ("float32", (64,))
    with pytest.raises(BundleError, match="another type or shape"):
        Player(
            with_proto(
                bundle, proto, state={**bundle.state, "s": tensor},
                inputs={**graph.inputs, "s": tensor}, outputs={**graph.outputs, "next_s": tensor},
            )
        )  # fmt: skip


def test_a_state_that_fills_the_memory_is_refused(bundle: Bundle) -> None:
    large = dict(bundle.state) | {"s": ("float32", (1 << 24, 1 << 24))}
    with pytest.raises(BundleError, match="numbers; at most"):
        admit(dataclasses.replace(bundle, state=large, graphs=_with_state(bundle, large)))


def _with_state(bundle: Bundle, state: Any) -> dict[str, Graph]:
    graph = bundle.graphs["step"]
    after = {f"next_{name}": tensor for name, tensor in state.items()}
    return {"step": Graph(graph.proto, {**graph.inputs, **state}, {**graph.outputs, **after})}


def _answering(bundle: Bundle, nodes: Sequence[Any], **constants: Any) -> Bundle:
    """The bundle with another log_p, made of `clean`."""
    made = poisoned(bundle, [summed("temperature"), *nodes], constants)
    proto = proto_of(made)
    del proto.graph.node[-1]
    for each in proto.graph.node[-1 - len(nodes) :]:
        for k, name in enumerate(each.output):
            each.output[k] = name
    return with_proto(bundle, proto)


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([node("Sub", ["clean", "clean"], ["z"]), node("Div", ["z", "z"], ["log_p"])], "no numbers"),
        ([node("Add", ["clean", "one"], ["log_p"])], "sums to"),
        ([node("Add", ["clean", "k"], ["log_p"])], "no numbers"),
    ],
    ids=["nan", "unnormalised", "infinite"],
)
def test_what_is_no_distribution_is_told(bundle: Bundle, nodes: list[Any], said: str) -> None:
    with pytest.raises(BundleError, match=said):
        Player(_answering(bundle, nodes, k=np.float32(np.inf), one=np.float32(1)))


def test_numbers_that_go_wrong_later_are_told(bundle: Bundle) -> None:
    nodes = [
        node("Greater", ["event", "high"], ["w"]),
        node("Where", ["w", "nan", "none"], ["x"]),
        summed("x"),
    ]
    player = Player(poisoned(bundle, nodes, {"high": np.array(60), "nan": np.float32(np.nan)}))
    with pytest.raises(BundleError, match="no numbers for the next event"):
        player.step(_heard(1), player.start(1))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(bundle: Bundle, value: float) -> None:
    from safetensors.numpy import load, save

    weights = {name: np.full_like(weight, value) for name, weight in load(bundle.safetensors).items()}
    with pytest.raises(BundleError, match="is not finite"):
        Player(dataclasses.replace(bundle, safetensors=save(weights)))


def _field(number: int, wire: int, data: bytes) -> bytes:
    return bytes([number << 3 | wire]) + (bytes([len(data)]) + data if wire == 2 else data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("i", _field(1, 2, b"\5")),  # packed, where there is one: other readers take it for unknown
        ("f", _field(1, 2, b"\0\0\x80\x3f")),
        ("i", _field(1, 0, b"\5") * 2),
        ("i", _field(1, 5, b"\0\0\0\0")),
        ("i", _field(1, 0, b"\xff" * 10 + b"\1")),
        ("I", bytes([1 << 3 | 2, 0xFF, 0xFF, 0x7F]) + b"\1" * ((1 << 21) - 1)),
        ("B", _field(1, 2, b"") * ((1 << 16) + 1)),
        ("b", _field(1, 1, b"\0" * 8)),
        ("b", _field(1, 2, b"abc")[:-1]),
    ],
)
def test_fields_that_two_readers_might_read_in_two_ways_are_refused(kind: str, data: bytes) -> None:
    with pytest.raises(protobuf.Refused):
        protobuf.message(data, {1: kind}, "it")


def test_what_is_written_as_protobuf_writes_it_is_read() -> None:
    assert protobuf.message(_field(1, 2, b"\5\xac\2") + _field(1, 0, b"\7"), {1: "I"}, "it") == {
        1: [5, 300, 7]
    }
    assert protobuf.message(_field(1, 0, b"\xff" * 9 + b"\1"), {1: "i"}, "it") == {1: -1}
    assert protobuf.message(_field(1, 5, b"\0\0\x80\x3f"), {1: "f"}, "it") == {1: 1.0}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutants_are_refused_or_are_what_onnx_reads(bundle: Bundle, data: st.DataObject) -> None:
    """Some bytes of a graph changed, removed or doubled: refused in words, or read as ONNX's own reader
    does."""
    proto = bytearray(bundle.graphs["step"].proto)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(proto) - 1))
        how = data.draw(st.sampled_from(("set", "cut", "double")))
        part = slice(at, at + data.draw(st.integers(1, 8)))
        if how == "set":
            proto[at] = data.draw(st.integers(0, 255))
        else:
            proto[part] = b"" if how == "cut" else bytes(proto[part]) * 2
    try:
        found = onnx_reader.read(bytes(proto))
    except protobuf.Refused:
        return
    theirs = onnx.load_model(io.BytesIO(bytes(proto)), load_external_data=False).graph
    assert [each.op for each in found.nodes] == [each.op_type for each in theirs.node]
    assert [each.inputs for each in found.nodes] == [tuple(each.input) for each in theirs.node]
    held = {tensor.name for tensor in theirs.initializer}
    assert found.constants.keys() | found.weights.keys() == held
    assert len(theirs.sparse_initializer) == 0
