"""Reads any MIDI file byte by byte: slow (milliseconds a file), exact, forgiving where that is safe.

It serves what the fast reader refuses or blurs: SMPTE times, format 2, long headers, chunks that claim to be
longer than the file, lyrics, names that are not UTF-8. A chunk that ends inside an event, or has a data byte
above 127, is damaged and refused.

Format 2: the chunks are patterns of their own, laid end to end; each starts again at 120 quarters per minute
and 4/4.
"""

from __future__ import annotations

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.io.midi.container import SEQUENTIAL, Header, tracks
from antiphon.io.midi.parts import Contents, check_counts
from antiphon.io.midi.track import Track, read_track

_NOMINAL_TEMPO = 500_000
_DROP_FRAME = 29  # stands for 30000/1001 frames a second
_FRAME_RATES = (24, 25, _DROP_FRAME, 30)


def read(data: bytes, header: Header, limits: Limits) -> Contents:
    """What is in (unwrapped) MIDI data. Raises `FormatError` for a damaged chunk or too large a file."""
    if len(data) > limits.odd_bytes:
        raise FormatError(
            f"MIDI of an unusual kind with {len(data)} bytes; of that kind at most {limits.odd_bytes} "
            "are read. Export it again as a plain format 1 file."
        )
    chunks: list[Track] = []
    n_parts = 0
    for start, end in tracks(data, header.end):
        chunks.append(read_track(data, start, end))
        n_parts += max(len(chunks[-1].parts), 1)
        check_counts(limits, parts=n_parts)
    contents = _smpte(header.division) if header.is_smpte else Contents(header.division)
    if header.format == SEQUENTIAL:
        _lay_end_to_end(contents, chunks)
    else:
        for chunk in chunks:
            _add(contents, chunk, 0)
    if header.is_smpte:
        contents.tempos = contents.tempos[:1]
    return contents


def _smpte(division: int) -> Contents:
    """Empty contents whose clock runs frames x ticks a frame in a second, at a nominal tempo."""
    frames, ticks = 256 - (division >> 8), division & 0xFF
    if frames not in _FRAME_RATES or ticks == 0:
        raise FormatError(
            f"MIDI timed at {frames} frames of {ticks} ticks; expected 24, 25, 29 or 30 frames."
        )
    rate, stretch = (30 * ticks, 1.001) if frames == _DROP_FRAME else (frames * ticks, 1.0)
    quarters = 2 if rate % 2 == 0 else 1  # in a second
    return Contents(rate // quarters, tempos=[(0, 1e6 / quarters * stretch)])


def _lay_end_to_end(contents: Contents, patterns: list[Track]) -> None:
    offset = 0
    for pattern in patterns:
        contents.tempos.append((offset, _NOMINAL_TEMPO))
        contents.meters.append((offset, 4, 4))
        _add(contents, pattern, offset)
        offset += pattern.length


def _add(contents: Contents, track: Track, offset: int) -> None:
    """Take over what `track` says, `offset` ticks later."""
    parts, lyrics = track.columns(offset)
    contents.parts += parts
    contents.lyrics += lyrics
    contents.tempos += [(time + offset, tempo) for time, tempo in track.tempos]
    contents.meters += [(time + offset, n, d) for time, n, d in track.meters]
    contents.keys += [(time + offset, sharps, is_minor) for time, sharps, is_minor in track.keys]
    contents.markers += [(time + offset, text) for time, text in track.markers]
