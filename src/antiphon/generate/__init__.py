"""Prompt + bundle + options -> pieces, or a stream of events; and arranging what came out."""

from __future__ import annotations

from antiphon.generate.model import Model, load
from antiphon.generate.options import Options
from antiphon.generate.piece import Piece
from antiphon.generate.pieces import generate
from antiphon.generate.primer import Primer
from antiphon.generate.stream import Sounding, stream

__all__ = ["Model", "Options", "Piece", "Primer", "Sounding", "generate", "load", "stream"]
