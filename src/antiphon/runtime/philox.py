"""Counter-based random numbers: Philox4x32-10.

Source: Salmon et al., 'Parallel random numbers: as easy as 1, 2, 3', 2011. A number is a function of where it
is used (seed, output, step, field), not of how many were drawn before it. So a batch draws what its members
draw alone, a beam or a fork draws what it would have drawn anyway, and any language with 32-bit integers
draws the same numbers.

Convention: key = (low, high word of the seed); counter = (step, output, field // 4, 0); of the four words
that come out, word `field % 4` is taken; u = (word + 1/2) / 2^32 lies strictly between 0 and 1.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from antiphon.arrays import Float64, UInt32
from antiphon.errors import OptionError

_MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], dtype=np.uint64)
_WEYL = np.array([0x9E3779B9, 0xBB67AE85], dtype=np.uint32)
_ROUNDS = 10


def philox4x32(counter: UInt32, key: UInt32) -> UInt32:
    """The block cipher: counters uint32 [..., 4] under keys uint32 [..., 2] -> uint32 [..., 4]."""
    counter, key = np.asarray(counter, np.uint32), np.asarray(key, np.uint32)
    for _ in range(_ROUNDS):
        product = counter[..., ::2].astype(np.uint64) * _MULTIPLIERS
        high, low = (product >> np.uint64(32)).astype(np.uint32), product.astype(np.uint32)
        mixed = high[..., ::-1] ^ counter[..., 1::2] ^ key
        counter = np.stack([mixed[..., 0], low[..., 1], mixed[..., 1], low[..., 0]], axis=-1)
        key = key + _WEYL
    return counter


def uniform(seed: int, output: Any, step: Any, field: Any = 0) -> Float64:
    """Uniform numbers in (0, 1), float64, for outputs, steps and fields (integers or arrays that broadcast).

    Raises `OptionError` for a seed outside 0 .. 2^64 - 1.
    """
    output, step, field = np.broadcast_arrays(output, step, field)
    counter = np.zeros((*field.shape, 4), dtype=np.uint32)
    counter[..., 0], counter[..., 1], counter[..., 2] = step, output, field // 4
    words = philox4x32(counter, _key(seed))
    word = np.take_along_axis(words, (field % 4)[..., None], axis=-1)[..., 0]
    return np.asarray((word + 0.5) / 2.0**32, dtype=np.float64)


def _key(seed: int) -> UInt32:
    if not 0 <= seed < 2**64:
        raise OptionError(f"The seed is {seed}; expected a whole number from 0 to 2^64 - 1.")
    return np.array([seed & 0xFFFFFFFF, seed >> 32], dtype=np.uint32)


def check_outputs(outputs: Sequence[int]) -> None:
    """Raises `OptionError` for an output number of more than 32 bits."""
    strange = next((output for output in outputs if not 0 <= output < 2**32), None)
    if strange is not None:
        raise OptionError(f"The output number is {strange}; expected 0 to 2^32 - 1.")


class Draws:
    """The uniform numbers of a batch of outputs, computed a block of steps ahead: a step only reads.

    Raises `OptionError` for a seed of more than 64 bits, or an output number of more than 32.
    """

    def __init__(self, seed: int, outputs: Sequence[int], n_fields: int = 1, block: int = 256) -> None:
        self._seed, self._block, self._n_fields = seed, block, n_fields
        check_outputs(outputs)
        self._outputs = np.asarray(outputs)
        self._first = 0
        self._numbers = self._compute(0)

    def at(self, step: int) -> Float64:
        """Numbers of one step, float64 [n_outputs, n_fields]; steps may be asked for in any order."""
        offset = step - self._first
        if not 0 <= offset < self._block:
            self._first = step - step % self._block
            self._numbers = self._compute(self._first)
            offset = step - self._first
        numbers: Float64 = self._numbers[offset]
        return numbers

    def take(self, rows: Any) -> Draws:
        """The numbers of the outputs at `rows`."""
        other = copy.copy(self)
        other._outputs, other._numbers = self._outputs[rows], self._numbers[:, rows]
        return other

    def _compute(self, first: int) -> Float64:
        steps = np.arange(first, first + self._block)[:, None, None]
        return uniform(self._seed, self._outputs[None, :, None], steps, np.arange(self._n_fields))
