"""Codecs' arithmetic for nets. A codec is a module here, and a part of recipes that says where it is."""

from __future__ import annotations

from antiphon.nets.features.features import EventBatch, Features, Heard, Moment, State

__all__ = ["EventBatch", "Features", "Heard", "Moment", "State"]
