"""Names of array types: each says its dtype. Shapes stand where the arrays are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
Int16 = npt.NDArray[np.int16]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
UInt32 = npt.NDArray[np.uint32]
UInt64 = npt.NDArray[np.uint64]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
AnyInt = npt.NDArray[np.integer[Any]]
"""Whole numbers of any width."""
AnyFloat = npt.NDArray[np.floating]
"""Floating-point numbers of any width."""
