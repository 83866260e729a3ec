"""Prompt + bundle + options -> pieces, streams of events, or a session to play with.

Names are imported when they are first used: the options alone are light, and the command line reads them for
its flags.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from antiphon.generate.model import Model, load
    from antiphon.generate.options import Options
    from antiphon.generate.piece import Piece
    from antiphon.generate.pieces import generate
    from antiphon.generate.prompt import Prompt
    from antiphon.generate.stream import Sounding

__all__ = ["Model", "Options", "Piece", "Prompt", "Sounding", "generate", "load"]

_HOMES = {
    "Model": "model",
    "Options": "options",
    "Piece": "piece",
    "Prompt": "prompt",
    "Sounding": "stream",
    "generate": "pieces",
    "load": "model",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'antiphon.generate' has no attribute '{name}'")
    return getattr(import_module(f"antiphon.generate.{_HOMES[name]}"), name)
