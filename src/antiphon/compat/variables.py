"""Names of Magenta's variables -> names of ours. The values are copied as they are: both sides use
TensorFlow's layout.

Three spellings are understood: the current one (attention round the first layer), the one of magenta.js with
attention round the whole stack, and that of bundles of 2016-17 ('RNN/AttentionCellWrapper/...'). Optimiser
slots and counters are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

_SLOTS = re.compile(r"/Adam(_\d+)?$|^beta\d_power$|^global_step$")

_MODERN = (
    (r"Linear/Matrix$|(?<=/)weights$", "kernel"),
    (r"Linear/Bias$|(?<=/)biases$", "bias"),
    (r"AttentionCellWrapper", "attention_cell_wrapper"),
    (r"MultiRNNCell/Cell(\d+)", r"multi_rnn_cell/cell_\1"),
    (r"BasicLSTMCell/", "basic_lstm_cell/"),
    (r"AttnOutputProjection/|attention_output_projection/", "attn_output_projection/"),
    (r"Attention/", "attention/"),
    (r"AttnW", "attn_w"),
    (r"AttnV", "attn_v"),
    (r"^(RNN|rnn)/", ""),
)

_ATTENTION = {
    "kernel": "input.kernel",
    "bias": "input.bias",
    "attention/kernel": "query.kernel",
    "attention/bias": "query.bias",
    "attention/attn_w": "memory",
    "attention/attn_v": "score",
    "attn_output_projection/kernel": "output.kernel",
    "attn_output_projection/bias": "output.bias",
}


def state_dict(variables: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Magenta's variables as an `EventModel`'s state dict; raises `ValueError` naming a variable that has no
    place.
    """
    named = {_modern(name): value for name, value in variables.items() if not _SLOTS.search(name)}
    around_stack = any(name.startswith("attention_cell_wrapper/") for name in named)
    return {
        _ours(name, around_stack): torch.from_numpy(np.array(_squeezed(value)))
        for name, value in named.items()
    }


def _modern(name: str) -> str:
    for old, new in _MODERN:
        name = re.sub(old, new, name)
    return name


def _ours(name: str, around_stack: bool) -> str:
    if name.startswith("fully_connected/"):
        return name.replace("fully_connected/", "output.")
    parts = [part for part in name.split("/") if part != "multi_rnn_cell"]
    if around_stack:
        return f"body.layers.0.cell.{_in_attention('/'.join(parts[1:]))}"
    place = re.fullmatch(r"cell_(\d+)/(input_projection_wrapper/)?(.+)", "/".join(parts))
    if place is None:
        raise ValueError(f"The variable '{name}' has no place in an event model.")
    layer, projected, rest = place.groups()
    if projected and rest in ("kernel", "bias"):
        return f"body.layers.{layer}.projection.{rest}"
    if rest.startswith("attention_cell_wrapper/"):
        return f"body.layers.{layer}.cell.{_in_attention(rest.partition('/')[2])}"
    return f"body.layers.{layer}.cell.{rest.removeprefix('basic_lstm_cell/')}"


def _in_attention(rest: str) -> str:
    if rest in _ATTENTION:
        return _ATTENTION[rest]
    inside = re.fullmatch(r"(?:cell_(\d+)/)?basic_lstm_cell/(kernel|bias)", rest)
    if inside is None:
        raise ValueError(f"The variable '{rest}' has no place in an attention cell.")
    return f"cells.{inside[1] or 0}.{inside[2]}"


def _squeezed(value: np.ndarray) -> np.ndarray:
    """The 1 x 1 convolution of the memory as a matrix."""
    return value[0, 0] if value.ndim == 4 else value
