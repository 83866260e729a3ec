"""The kinds of sequences that a corpus can hold: one line each in `_CODECS`, and every other extractor as it
is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from antiphon.codecs import drums, leadsheet, melody, note_performance, performance, pianoroll, polyphony
from antiphon.codecs.kind import Kind, plain
from antiphon.codecs.standing import Profile, Standing
from antiphon.errors import NameNotFound
from antiphon.extract import EXTRACTORS

__all__ = ["KINDS", "Kind", "Profile", "Standing", "kind"]

_CODECS: Mapping[str, Kind[Any]] = {
    "melody": melody.KIND,
    "drums": drums.KIND,
    "polyphony": polyphony.KIND,
    "pianoroll": pianoroll.KIND,
    "performance": performance.KIND,
    "note-performance": note_performance.KIND,
    "leadsheet": leadsheet.KIND,
}

KINDS: Mapping[str, Kind[Any]] = MappingProxyType(
    {name: _CODECS.get(name) or plain(name, extractor) for name, extractor in EXTRACTORS.items()}
)


def kind(name: str) -> Kind[Any]:
    """The kind called `name`; raises `NameNotFound` with the nearest known one."""
    if name not in KINDS:
        raise NameNotFound("kind of sequence", name, KINDS)
    return KINDS[name]
