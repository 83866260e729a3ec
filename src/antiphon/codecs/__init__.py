"""Sequence <-> event ids, and which ids may come next: one module a family, one line in `FAMILIES`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from antiphon.codecs import melody
from antiphon.codecs.family import Family, Ids, Viewed
from antiphon.errors import NameNotFound

__all__ = ["FAMILIES", "Family", "Ids", "Viewed", "family"]

FAMILIES: Mapping[str, Family[Any]] = MappingProxyType({"melody": melody.FAMILY})


def family(name: str) -> Family[Any]:
    """The family called `name`; raises `NameNotFound` with the nearest known one."""
    if name not in FAMILIES:
        raise NameNotFound("family of events", name, FAMILIES)
    return FAMILIES[name]
