"""Types and shapes of all that a playing graph computes, for given shapes of its inputs.

Sizes follow from sizes, and from numbers that are known without running the graph: constants, sizes, and what
is computed of these. Where one would depend on what is heard, the graph is refused, so what it can take is
known before it runs. The rules are those of ONNX's operators, opset 18.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from antiphon.runtime.admission import arithmetic, layout
from antiphon.runtime.admission.known import Known, Rule
from antiphon.runtime.admission.protobuf import Refused
from antiphon.runtime.admission.reader import Node


def infer(node: Node, given: Sequence[Known | None]) -> list[Known]:
    """What a node gives, of what it takes. Raises `Refused` for an operator that no playing graph has, and
    where what it gives is not determined."""
    rule = RULES.get(node.op)
    if rule is None:
        raise Refused(f"it has the operator '{node.op[:40]}', which playing graphs have not")
    try:
        found = rule(node, list(given))
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"its '{node.op}' is not written as ONNX has it") from None
    if len(found) != len(node.outputs) and not (node.op == "LayerNormalization" and len(node.outputs) == 1):
        raise Refused(f"its '{node.op}' gives another number of tensors than it should")
    for known in found:
        if any(n < 0 for n in known.shape):
            raise Refused(f"its '{node.op}' gives a tensor of negative size")
    return found


RULES: Mapping[str, Rule] = MappingProxyType({**arithmetic.RULES, **layout.RULES})
"""What each operator gives, of all that a playing graph may have."""
