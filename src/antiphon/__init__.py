"""Antiphon: learn from a folder of music; play, continue and share what was learnt.

import antiphon

model = antiphon.load("melody/attention")
for piece in model.generate(bars=8, n=3, seed=7):
    piece.save(f"melody-{piece.output}.mid")

Names are imported when they are first used, so that `import antiphon` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from antiphon.errors import AntiphonError
    from antiphon.generate import Model, Options, Piece, load
    from antiphon.io import load as read
    from antiphon.io import save as write
    from antiphon.score.score import Score

__all__ = ["AntiphonError", "Model", "Options", "Piece", "Score", "__version__", "load", "read", "write"]

__version__ = "0.1.0"

_HOMES = {
    "AntiphonError": "antiphon.errors:AntiphonError",
    "Model": "antiphon.generate:Model",
    "Options": "antiphon.generate:Options",
    "Piece": "antiphon.generate:Piece",
    "Score": "antiphon.score.score:Score",
    "load": "antiphon.generate:load",
    "read": "antiphon.io:load",
    "write": "antiphon.io:save",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'antiphon' has no attribute '{name}'")
    module, _, attribute = _HOMES[name].partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
