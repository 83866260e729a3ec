"""Graphs of attackers, by name: what they compute, where they read, how they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hostile.kit import (
    Members,
    TensorProto,
    constant,
    external,
    helper,
    node,
    poisoned,
    summed,
    with_graph,
)

Attack = tuple[str, Callable[[], Members]]
_OTHERS = (
    "ArgMax",
    "BitShift",
    "Bernoulli",
    "Celu",
    "Compress",
    "ConcatFromSequence",
    "ConstantOfShape",
    "Conv",
    "Det",
    "Dropout",
    "Einsum",
    "EyeLike",
    "GRU",
    "Hardmax",
    "ImageDecoder",
    "InstanceNormalization",
    "LSTM",
    "MaxPool",
    "MaxUnpool",
    "Multinomial",
    "NonMaxSuppression",
    "NonZero",
    "OneHot",
    "Optional",
    "Pad",
    "QuantizeLinear",
    "RNN",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Resize",
    "RoiAlign",
    "STFT",
    "Scan",
    "SequenceAt",
    "SequenceConstruct",
    "Size",
    "SplitToSequence",
    "StringNormalizer",
    "TfIdfVectorizer",
    "Tile",
    "TopK",
    "Unique",
    "Upsample",
    "com.evil.Op",
    "",
    "A" * 100_000,
)
_PLACES = (
    "../../../../../../../../etc/passwd",
    "/etc/passwd",
    "etc/../../../../../../etc/passwd",
    "/dev/zero",
    "/dev/mem",
    "/proc/self/environ",
    "/proc/self/mem",
    "~/.ssh/id_rsa",
    ".ssh/id_rsa",
    ".netrc",
    "card.md",
    "bundle.json",
    "weights.safetensors/",
    "./weights.safetensors",
    "../weights.safetensors",
    "WEIGHTS.SAFETENSORS",
    "",
    "*/_ORT_MEM_ADDR_/*",
    "weights.safetensors\0",
    "file:///etc/passwd",
    "http://127.0.0.1/x",
    "\\\\host\\share",
    "..",
    "weights.safetensors",
)
_SIZES = (1 << 27, 1 << 30, 1 << 34, 1 << 62, -1)
_LEAST = -(1 << 63)


def attacks() -> Iterator[Attack]:
    """All of them, in the same order every time."""
    for part in (_operators, _places, _sizes, _growth, _numbers, _shapes, _states, _structure, _limits):
        yield from part()


Computed = tuple[list[Any], dict[str, Any]]


def _poison(name: str, nodes: list[Any], constants: dict[str, Any] | None = None, *domains: str) -> Attack:
    return name, lambda: poisoned(nodes, constants, domains)


def _later(name: str, make: Callable[..., Computed], *given: Any) -> Attack:
    """The same with nodes that take long to make."""
    return name, lambda: poisoned(*make(*given))


def _sums(count: int) -> Computed:
    many = [node("Add", ["evil" if i == 0 else f"k{i}", "none"], [f"k{i + 1}"]) for i in range(count)]
    return [summed("temperature"), *many], {}


def _products(width: int, times: int) -> Computed:
    nodes = [node("Expand", ["temperature", "n"], ["x"]), node("Mul", ["x", "s"], ["w"])]
    nodes += [node("Expand", ["temperature", "one"], ["v0"])]
    nodes += [node("MatMul", [f"v{i}", "w"], [f"v{i + 1}"]) for i in range(times)]
    sizes = {"n": np.array([width, width]), "one": np.array([1, width]), "s": np.float32(1e-6)}
    return [*nodes, summed(f"v{times}")], sizes


def _operators() -> Iterator[Attack]:
    for op in _OTHERS:
        yield _poison(f"operator {op[:20]}", [node(op, ["temperature"], ["x"]), summed("x")])
    for domain in ("com.microsoft", "ai.onnx.ml", "ai.onnx.training", "evil.corp", "ai.onnx", "\x1b[2J"):
        for op in ("Gelu", "PyOp"):
            graph = [node(op, ["temperature"], ["x"], domain=domain), summed("x")]
            yield _poison(f"domain {domain!r} {op}", graph, None, domain)
    for op in ("Loop", "If", "Scan"):
        for turns in (10**3, 10**6, 10**12):
            many = {"many": np.array(turns), "yes": np.array(True)}
            yield _poison(f"{op} {turns}", [_subgraph(op), summed("l")], many)


def _subgraph(op: str) -> Any:
    info = helper.make_tensor_value_info
    y = info("y", TensorProto.FLOAT, None)
    if op == "If":
        branch = helper.make_graph([node("Identity", ["temperature"], ["y"])], "branch", [], [y])
        return node("If", ["yes"], ["l"], then_branch=branch, else_branch=branch)
    turn, go = info("turn", TensorProto.INT64, []), info("go", TensorProto.BOOL, [])
    x, on = info("x", TensorProto.FLOAT, None), info("on", TensorProto.BOOL, [])
    nodes = [node("Identity", ["go"], ["on"]), node("Concat", ["x", "x"], ["y"], axis=0)]
    body = helper.make_graph(nodes, "body", [turn, go, x], [on, y])
    if op == "Scan":
        return node("Scan", ["temperature"], ["l"], body=body, num_scan_inputs=1)
    return node("Loop", ["many", "yes", "temperature"], ["l"], body=body)


def _places() -> Iterator[Attack]:
    for place in _PLACES:
        for offset, length in ((0, 64), (1 << 40, 64), (-8, 64), (0, None), (None, None)):
            stolen = {"stolen": external(place, offset, length)}
            yield _poison(f"read {place!r} {offset} {length}", [summed("stolen")], stolen)
    for address in (0, 0x4141414141, -1, 1 << 63):
        stolen = {"stolen": external("*/_ORT_MEM_ADDR_/*", address)}
        yield _poison(f"address {address}", [summed("stolen")], stolen)
    for key, value in (
        ("location", "/etc/passwd"),
        ("offset", "-8"),
        ("offset", "999999999999999"),
        ("length", "1"),
        ("offset", "0x10"),
        ("offset", "٣"),
        ("length", "1e3"),
        ("location", "weights.safetensors/../x"),
    ):

        def change(proto: Any, key: str = key, value: str = value) -> None:
            tensor = next(t for t in proto.graph.initializer if t.data_location == TensorProto.EXTERNAL)
            next(entry for entry in tensor.external_data if entry.key == key).value = value

        yield f"weight {key} {value}", lambda change=change: with_graph(change)


def _sizes() -> Iterator[Attack]:
    for n in _SIZES:
        size = {
            "n": np.array([n]),
            "p": np.array([0, n]),
            "two": np.array([n, 1]),
            "depth": np.array([0, 1.0]),
        }
        given: dict[str, list[Any]] = {
            "ConstantOfShape": [node("ConstantOfShape", ["n"], ["x"])],
            "Expand": [node("Expand", ["temperature", "two"], ["x"])],
            "Tile": [node("Tile", ["temperature", "n"], ["x"])],
            "Pad": [node("Pad", ["temperature", "p"], ["x"])],
            "OneHot": [node("OneHot", ["event", "n", "depth"], ["x"])],
            "Reshape": [node("Reshape", ["temperature", "n"], ["x"])],
        }
        for op, nodes in given.items():
            yield _poison(f"{op} of {n}", [*nodes, summed("x")], size)
        whole = {"a": np.array(0), "n": np.array(n), "b": np.array(1)}
        yield _poison(
            f"Range to {n}",
            [node("Range", ["a", "n", "b"], ["i"]), node("Cast", ["i"], ["x"], to=1), summed("x")],
            whole,
        )
        lie = TensorProto(name="lie", data_type=1, dims=[abs(n), 4], raw_data=b"\0" * 16)
        yield _poison(f"constant of {n}", [summed("lie")], {"lie": lie})


def _growth() -> Iterator[Attack]:
    for times in (10, 24, 30, 60, 4000):
        doubled = [node("Concat", [f"g{i}", f"g{i}"], [f"g{i + 1}"], axis=0) for i in range(times)]
        first = node("Identity", ["temperature"], ["g0"])
        yield _poison(f"doubled {times} times", [first, *doubled, summed(f"g{times}")])
    for n in (1000, 4000, 8000, 12000):
        product = [
            node("Expand", ["temperature", "n"], ["x"]),
            node("MatMul", ["x", "x"], ["y"]),
            summed("y"),
        ]
        yield _poison(f"product of {n}", product, {"n": np.array([n, n])})
    rows = [node("Shape", ["temperature"], ["b"])]
    for dims in (2, 3, 6):
        more = [
            node("Concat", ["b"] * dims, ["n"], axis=0),
            node("Expand", ["temperature", "n"], ["x"]),
            summed("x"),
        ]
        yield _poison(f"rows to the power {dims}", [*rows, *more])


def _numbers() -> Iterator[Attack]:
    for op in ("Div", "Mod"):
        for by in (0, -1, _LEAST, 1, (1 << 63) - 1):
            whole = [node(op, ["event", "z"], ["q"]), node("Cast", ["q"], ["x"], to=1), summed("x")]
            yield _poison(f"{op} by {by}", whole, {"z": np.array([[by]])})
        heard = [node(op, ["event", "event"], ["q"]), node("Cast", ["q"], ["x"], to=1), summed("x")]
        yield _poison(f"{op} by what is heard", heard)
        least = [
            node("Min", ["event", "m"], ["e"]),
            node(op, ["e", "z"], ["q"]),
            node("Cast", ["q"], ["x"], to=1),
        ]
        yield _poison(
            f"least {op} -1", [*least, summed("x")], {"m": np.array([[_LEAST]]), "z": np.array([[-1]])}
        )
    for value in (np.nan, np.inf, -np.inf, 1e38, -1e38):

        def change(proto: Any, value: float = value) -> None:
            for each in proto.graph.node:
                each.output[:] = ["clean" if name == "log_p" else name for name in each.output]
            proto.graph.initializer.append(constant("odd", np.float32(value)))
            proto.graph.node.append(node("Mul", ["clean", "odd"], ["log_p"]))

        yield f"log_p times {value}", lambda change=change: with_graph(change)
    for power in (300.0, -1.0, 1e30):
        yield _poison(
            f"power {power}",
            [node("Pow", ["temperature", "e"], ["x"]), summed("x")],
            {"e": np.float32(power)},
        )


def _shapes() -> Iterator[Attack]:
    odd: tuple[list[int], ...] = (
        [],
        [0],
        [-1],
        [-2],
        [1, 1, 1],
        [_LEAST],
        [(1 << 63) - 1],
        [1] * 9,
        [1 << 40],
    )
    for numbers in odd:
        n = {"n": np.array(numbers, np.int64), "o": np.array([1])}
        for op in ("Reshape", "Expand", "Unsqueeze", "Squeeze", "Split", "ReduceSum", "Gather", "Slice"):
            inputs = ["temperature", "n", "o"] if op == "Slice" else ["temperature", "n"]
            yield _poison(f"{op} by {numbers}"[:40], [node(op, inputs, ["x"]), summed("x")], n)
    for op, attribute in (
        ("Transpose", "perm"),
        ("Concat", "axis"),
        ("Gather", "axis"),
        ("Softmax", "axis"),
        ("Cast", "to"),
    ):
        for value in (-99, 99, 1 << 40, _LEAST):
            given = {attribute: [value, 0] if attribute == "perm" else value}
            inputs = ["temperature", "event"] if op == "Gather" else ["temperature"]
            yield _poison(f"{op} {attribute} {value}", [node(op, inputs, ["x"], **given), summed("x")])
    table = {"table": np.zeros(3, np.float32), "far": np.array([10**9]), "one": np.ones(1, np.float32)}
    yield _poison("gather far out", [node("Gather", ["table", "event"], ["x"]), summed("x")], table)
    yield _poison("gather nd far out", [node("GatherND", ["table", "event"], ["x"]), summed("x")], table)
    yield _poison(
        "scatter far out", [node("ScatterElements", ["table", "far", "one"], ["x"]), summed("x")], table
    )


def _states() -> Iterator[Attack]:
    def state(make: Callable[[str, str], list[Any]], name: str) -> Attack:
        def change(proto: Any) -> None:
            after = next(o.name for o in proto.graph.output if o.name.startswith("next_"))
            for each in proto.graph.node:
                each.output[:] = ["kept" if n == after else n for n in each.output]
            proto.graph.node.extend(make("kept", after))

        return name, lambda: with_graph(change)

    yield state(lambda a, b: [node("Concat", [a, a], [b], axis=1)], "a state that doubles")
    yield state(lambda a, b: [node("Concat", [a, a], [b], axis=0)], "a state of more rows")
    yield state(lambda a, b: [node("Cast", [a], [b], to=11)], "a state of another type")
    yield state(lambda a, b: [node("Div", [a, a], [b])], "a state that is no number")
    yield state(lambda a, b: [node("Exp", [a], ["e"]), node("Exp", ["e"], [b])], "a state that explodes")
    yield state(lambda a, b: [node("Transpose", [a], [b])], "a state on its side")
    yield state(lambda a, b: [], "a state that nothing makes")


def _structure() -> Iterator[Attack]:
    def changed(name: str, change: Callable[[Any], Any]) -> Attack:
        return name, lambda: with_graph(change)

    yield changed("another opset", lambda p: setattr(p.opset_import[0], "version", 999))
    yield changed("no opset", lambda p: p.ClearField("opset_import"))
    yield changed("no graph", lambda p: p.ClearField("graph"))
    yield changed("no nodes", lambda p: p.graph.ClearField("node"))
    yield changed("a function", lambda p: p.functions.add(name="F", domain="evil"))
    yield changed("training", lambda p: p.training_info.add())
    yield changed("metadata", lambda p: p.metadata_props.add(key="k", value="v" * 10**6))
    yield changed("a second input", lambda p: p.graph.input.append(p.graph.input[0]))
    yield changed("an input more", lambda p: p.graph.input.add(name="more"))
    yield changed("no outputs", lambda p: p.graph.ClearField("output"))
    yield changed("an output of nothing", lambda p: p.graph.output.add(name="ghost"))
    yield changed("backwards", lambda p: _reverse(p.graph.node))
    yield changed("nodes twice", lambda p: p.graph.node.extend(list(p.graph.node)))
    yield changed("a doc of 10 MB", lambda p: setattr(p.graph, "doc_string", "x" * 10**7))
    yield changed("names of 1 MB", lambda p: setattr(p.graph.node[0], "name", "x" * 10**6))
    for count in (5_000, 60_000, 400_000):
        yield _later(f"{count} operators", _sums, count)
    wide = node("Concat", ["temperature"] * 200_000, ["x"], axis=0)
    yield _poison("200,000 inputs of one", [wide, summed("x")])
    yield _poison("many small names", [node("Add", ["temperature"] * 3000, [f"m{i}"]) for i in range(900)])
    ints = [node("Constant", [], [f"c{i}"], value_ints=list(range(60_000))) for i in range(40)]
    yield _poison("2,400,000 numbers in attributes", [*ints, summed("temperature")])


def _reverse(nodes: Any) -> None:
    turned = list(nodes)[::-1]
    del nodes[:]
    nodes.extend(turned)


def _limits() -> Iterator[Attack]:
    """As much as is admitted, or a little more, of one operator."""
    for op in (
        "Exp",
        "Sin",
        "Pow",
        "Tanh",
        "Softmax",
        "Erf",
        "Log",
        "Add",
        "Transpose",
        "ReduceSum",
        "CumSum",
    ):
        for width, times in (
            (1 << 10, 64),
            (1 << 14, 32),
            (1 << 17, 16),
            (1 << 20, 8),
            (1 << 20, 2000),
            (1 << 25, 1),
        ):
            yield _later(f"{op} of {width} {times} times", _chain, op, width, times)
    for width, times in ((256, 60), (256, 1000), (1024, 30), (1024, 60), (1024, 1000), (2048, 8), (4096, 2)):
        yield _later(f"{times} products of {width}", _products, width, times)


def _chain(op: str, width: int, times: int) -> tuple[list[Any], dict[str, Any]]:
    sizes = {"n": np.array([1, width]), "e": np.float32(1.01), "axis": np.array(1), "axes": np.array([1])}
    nodes = [node("Unsqueeze", ["temperature", "axes"], ["t"]), node("Expand", ["t", "n"], ["v0"])]
    inputs = {"Pow": ["e"], "Add": ["e"], "CumSum": ["axis"]}.get(op, [])
    for i in range(times):
        if op == "ReduceSum":
            nodes.append(node(op, ["v0"], [f"v{i + 1}"]))
        else:
            nodes.append(node(op, [f"v{i}", *inputs], [f"v{i + 1}"]))
    return [*nodes, summed(f"v{times}")], sizes
