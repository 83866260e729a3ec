"""The families of events that models play: one module and one line in `FAMILIES`, or one entry point each."""

from __future__ import annotations

from typing import Any

from antiphon.codecs.family import Family
from antiphon.registry import Registry

FAMILIES: Registry[Family[Any]] = Registry(
    "family of events",
    "antiphon.families",
    {
        "melody": "antiphon.codecs.melody:FAMILY",
        "drums": "antiphon.codecs.drums:FAMILY",
    },
    fits=lambda thing: isinstance(thing, Family),
)
