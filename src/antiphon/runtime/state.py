"""`PlayingState`: what a model remembers, as a value; and memories too large to be copied at every step.

A state's tensors are made anew by every step, but for its *rings*: memories of which a step overwrites one
row and leaves the rest (the keys and values of a transformer). Steps write into the one buffer in place as
long as nobody else needs it, and a copy is made when two states that share one go different ways."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.score.notes import Int

Array = npt.NDArray[np.int64 | np.float32]


class Buffer:
    """Memory of a ring, [B, ...], and the states that use it."""

    __slots__ = ("array", "users")

    def __init__(self, array: Array) -> None:
        self.array = array
        self.users: weakref.WeakSet[PlayingState] = weakref.WeakSet()


class _Lease(NamedTuple):
    """A buffer, and which of its rows are meant; None is all of them as they stand."""

    buffer: Buffer
    rows: Int | None = None


class PlayingState:
    """What a model remembers of B pieces: tensors by name, batch first, none of them ever written to; and the
    rings, which are read with `ring`.

    `age` counts the steps since these rows were put together; `lane` is where the player keeps them bound.
    """

    __slots__ = ("__weakref__", "_rings", "age", "lane", "tensors")

    def __init__(self, tensors: Mapping[str, Array], rings: Mapping[str, _Lease] | None = None) -> None:
        self.tensors = tensors
        self.age = 0
        self.lane: Any = None
        self._rings = rings
        if rings:
            for lease in rings.values():
                lease.buffer.users.add(self)

    @classmethod
    def of(cls, tensors: Mapping[str, Array], buffers: Mapping[str, Buffer]) -> PlayingState:
        """A state with these buffers as its rings."""
        return cls(tensors, {name: _Lease(buffer) for name, buffer in buffers.items()})

    def __len__(self) -> int:
        for tensor in self.tensors.values():
            return len(tensor)
        return next((len(self.ring(name)) for name in self._rings or ()), 0)

    def take(self, rows: Int) -> PlayingState:
        """The memories at `rows`, which may repeat: for beams and forks. Rings are not copied yet."""
        taken = {name: tensor[rows] for name, tensor in self.tensors.items()}
        leases = {
            name: _Lease(lease.buffer, rows if lease.rows is None else lease.rows[rows])
            for name, lease in (self._rings or {}).items()
        }
        return PlayingState(taken, leases)

    def ring(self, name: str) -> Array:
        """The ring called `name`, [B, ...]; not to be written to."""
        lease = (self._rings or {})[name]
        return lease.buffer.array if lease.rows is None else lease.buffer.array[lease.rows]

    def buffers(self, *, keep: bool) -> dict[str, Buffer]:
        """Buffers of all rings that a step may write into: with `keep` copies, else this state's own where no
        other state uses them. This state must not be stepped from again then, but with the same event."""
        return {name: self._own(name, lease, keep) for name, lease in (self._rings or {}).items()}

    def _own(self, name: str, lease: _Lease, keep: bool) -> Buffer:
        if not keep and lease.rows is None and len(lease.buffer.users) == 1:
            return lease.buffer
        return Buffer(self.ring(name) if lease.rows is not None else self.ring(name).copy())


def zeros(shapes: Mapping[str, tuple[str, tuple[int, ...]]], rings: tuple[str, ...], n: int) -> PlayingState:
    """The state of `n` pieces in which nothing has sounded, of tensors of these types and shapes."""
    every: dict[str, Any] = {name: np.zeros((n, *shape), kind) for name, (kind, shape) in shapes.items()}
    plain = {name: tensor for name, tensor in every.items() if name not in rings}
    return PlayingState.of(plain, {name: Buffer(every[name]) for name in shapes if name in rings})
