"""The kinds of sequences that a corpus can hold: every extractor as it is, one line in `_CODECS` for those
that have a codec, and what other packages bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from antiphon.codecs import drums, leadsheet, melody, note_performance, performance, pianoroll, polyphony
from antiphon.codecs.kind import Kind, plain
from antiphon.codecs.standing import Profile, Standing
from antiphon.extract import EXTRACTORS
from antiphon.registry import Registry

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

KINDS: Registry[Kind[Any]] = Registry(
    "kind of sequence",
    "antiphon.kinds",
    {name: _CODECS.get(name) or plain(name, extractor) for name, extractor in EXTRACTORS.items()},
    fits=lambda thing: isinstance(thing, Kind),
)


def kind(name: str) -> Kind[Any]:
    """The kind called `name`; raises `NameNotFound` with the nearest known one."""
    return KINDS.find(name)
