"""The weights of a bundle: a safetensors file, whose header is checked before anybody believes it."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load

from antiphon import plain_json
from antiphon.errors import BundleError, one_line
from antiphon.runtime.container import brief


class WeightPlace(NamedTuple):
    """Where a weight stands in a safetensors file: its type and shape, and its `length` bytes from byte
    `offset` of the file on."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    length: int


_MOST_WEIGHTS, _LARGEST_HEADER = 1 << 13, 1 << 22
_TYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


def weight_places(safetensors: bytes) -> dict[str, WeightPlace]:
    """The places of the weights in a safetensors file, by name. Raises `BundleError` where it is malformed or
    holds other numbers than float16 and float32."""
    try:
        (size,) = struct.unpack_from("<Q", safetensors)
        header = plain_json.loads(safetensors[8 : 8 + min(size, _LARGEST_HEADER)])
        header.pop("__metadata__", None)
        if len(header) > _MOST_WEIGHTS:
            raise ValueError(f"{len(header):,} tensors; at most {_MOST_WEIGHTS:,} are read")
        found = {}
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            dtype = _TYPES[entry["dtype"]]
            found[name] = WeightPlace(dtype, tuple(entry["shape"]), 8 + size + first, last - first)
    except (struct.error, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BundleError(f"The weights of the bundle are malformed ({brief(error)}).") from None
    return found


def weights_of(safetensors: bytes, bundle: str) -> dict[str, npt.NDArray[Any]]:
    """The weights in a safetensors file by name, finite, float16 or float32. Raises `BundleError`, which
    names the `bundle`."""
    weight_places(safetensors)
    try:
        found = dict(load(safetensors))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise BundleError(f"The weights of the bundle '{bundle}' are malformed ({brief(error)}).") from None
    for name, weight in found.items():
        if weight.dtype not in _TYPES.values() or not np.isfinite(weight).all():
            raise BundleError(
                f"The weight '{one_line(name, 40)}' of the bundle '{bundle}' is not finite, or no float16 or "
                "float32; get the bundle anew."
            )
    return found
