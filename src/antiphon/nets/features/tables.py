"""Tables of numbers by id, and how they are read."""

from __future__ import annotations

import torch
from torch import Tensor


def look_up(table: Tensor, ids: Tensor) -> Tensor:
    """`table[ids]` [...], by an operator that every runtime has."""
    return table.index_select(0, ids.reshape(-1)).view(ids.shape)


def inverse(ids: Tensor, size: int) -> Tensor:
    """The place of each of `size` ids in `ids`, int64 [size]; -1 for those that are not there."""
    places = torch.full((size,), -1)
    places[ids] = torch.arange(len(ids))
    return places


def one_hot_rows(labels: Tensor) -> Tensor:
    """Table [V, n]: the one-hot row of each id's label [V], zeros for an id without one (-1)."""
    n = int(labels.max()) + 1
    rows = torch.eye(n)[labels.clamp(min=0)]
    rows[labels < 0] = 0
    return rows
