"""From a quantised score to the sequences that models learn, and back (`to_score`): one module per kind.

A kind of sequence is one module here and one line in `EXTRACTORS`. A corpus stores its events as they are,
unless the kind has a module of its own in `antiphon.codecs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from antiphon.errors import NameNotFound
from antiphon.extract import drums, leadsheet, melody, note_performance, performance, pianoroll, polyphony
from antiphon.extract.drums import DrumOptions, DrumTrack
from antiphon.extract.extraction import Extraction, Extractor, Reading
from antiphon.extract.leadsheet import LeadSheet, LeadSheetOptions
from antiphon.extract.melody import Melody, MelodyOptions
from antiphon.extract.note_performance import NotePerformance, NotePerformanceOptions
from antiphon.extract.performance import Performance, PerformanceOptions
from antiphon.extract.pianoroll import PianorollOptions, PianorollSequence
from antiphon.extract.polyphony import PolyphonicSequence, PolyphonyOptions

__all__ = [
    "EXTRACTORS",
    "DrumOptions",
    "DrumTrack",
    "Extraction",
    "Extractor",
    "LeadSheet",
    "LeadSheetOptions",
    "Melody",
    "MelodyOptions",
    "NotePerformance",
    "NotePerformanceOptions",
    "Performance",
    "PerformanceOptions",
    "PianorollOptions",
    "PianorollSequence",
    "PolyphonicSequence",
    "PolyphonyOptions",
    "Reading",
    "extractor",
]


EXTRACTORS: Mapping[str, Extractor] = MappingProxyType(
    {
        "melody": melody.EXTRACTOR,
        "drums": drums.EXTRACTOR,
        "polyphony": polyphony.EXTRACTOR,
        "pianoroll": pianoroll.EXTRACTOR,
        "performance": performance.EXTRACTOR,
        "note-performance": note_performance.EXTRACTOR,
        "leadsheet": leadsheet.EXTRACTOR,
    }
)


def extractor(kind: str) -> Extractor:
    """The extractor of `kind`; raises `NameNotFound` with the nearest known one."""
    if kind not in EXTRACTORS:
        raise NameNotFound("kind of sequence", kind, EXTRACTORS)
    return EXTRACTORS[kind]
