"""Reads plain MIDI files through symusic: a tenth of a millisecond a file.

symusic closes overlapping notes first in, first out, leaves out notes never closed, and gives tempos,
meters, keys and markers of all tracks together, as a player hears them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import symusic

from antiphon.arrays import AnyInt
from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.io.midi.container import Header
from antiphon.io.midi.parts import Contents, MidiPart, check_counts

_REPLACEMENT = "\ufffd"  # stands where a name was not UTF-8
_SMALL, _SWARM, _PROGRAM_CHANGE = 1 << 19, 1 << 15, 0xC
_NOTHING: AnyInt = np.empty(0, dtype=np.int32)


def read(data: bytes, header: Header, limits: Limits) -> Contents | None:
    """What is in the file, or None where it needs the exact reader. Raises `FormatError` outside
    `limits`."""
    if _may_have_too_many_parts(data):
        return None
    try:
        return _contents(symusic.Score.from_midi(data), header, limits)
    except FormatError:
        raise
    except Exception:  # whatever a library of another language raises: the exact reader says what is wrong
        return None


def _contents(found: Any, header: Header, limits: Limits) -> Contents | None:
    tracks = list(found.tracks)
    if any(len(track.lyrics) or _REPLACEMENT in track.name for track in tracks):
        return None
    changes = (found.tempos, found.time_signatures, found.key_signatures, found.markers)
    check_counts(limits, parts=len(tracks), changes=max(map(len, changes)))
    contents = Contents(header.division, [_part(track) for track in tracks])
    contents.tempos = [(tempo.time, tempo.mspq) for tempo in found.tempos]
    contents.meters = [(m.time, m.numerator, m.denominator) for m in found.time_signatures]
    contents.keys = [(key.time, key.key, key.tonality) for key in found.key_signatures]
    contents.markers = [(marker.time, marker.text) for marker in found.markers]
    return contents


def _may_have_too_many_parts(data: bytes) -> bool:
    """Whether a file might hold very many parts; symusic takes five kilobytes for each of them."""
    if len(data) < _SMALL:
        return False
    values = np.frombuffer(data, dtype=np.uint8)
    return int(np.count_nonzero(values >> 4 == _PROGRAM_CHANGE)) > _SWARM


def _part(track: symusic.core.TrackTick) -> MidiPart:
    notes = track.notes.numpy()
    start = notes["time"]
    return MidiPart(
        track.name,
        track.program,
        track.is_drum,
        (start, start + notes["duration"], notes["pitch"], notes["velocity"]),
        _columns(track.controls, "time", "number", "value"),
        _columns(track.pitch_bends, "time", "value"),
    )


def _columns(events: Any, *names: str) -> Sequence[AnyInt]:
    if not len(events):
        return (_NOTHING,) * len(names)
    columns = events.numpy()
    return [columns[name] for name in names]
