"""Recipes as they stood in bundles and runs of format 1: one flat record of sizes for all nets and codecs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

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
"""What values by dotted name are called now."""


def upgraded(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's plain values of format 1 in today's form. Raises KeyError or TypeError for anything else."""
    codec, sizes, net = values["codec"], values["sizes"], values["net"]
    kept = {name: value for name, value in values.items() if name not in ("codec", "sizes", "net")}
    return {**kept, "codec": _codec(codec), "net": _net(net, sizes)}


def _codec(codec: Mapping[str, Any]) -> dict[str, Any]:
    if codec["name"] == "onehot":
        return {"name": "onehot"}
    return {"name": codec["name"], "bars": codec["lookback_bars"], "clock_bits": codec["clock_bits"]}


def _net(name: str, sizes: Mapping[str, Any]) -> dict[str, Any]:
    plain = {"name": name, "layers": sizes["layers"], "residual": sizes["residual"]}
    if name != "attention":
        return plain
    return {**plain, "length": sizes["attention_length"], "around": sizes["attention_around"]}
