"""Which instruments and parts of a NoteSequence are which parts of a score."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.score.notes import Float, Small


class Parts(NamedTuple):
    """The parts of a score made of a message, in the order of their numbers there."""

    tracks: Small
    """The part of every note, int16 [N]."""
    rank: dict[int, int]
    """The part of each instrument, or of each part that the message names."""
    home: dict[int, int]
    """Instrument to part of the message, where it names parts."""
    names: tuple[str, ...]

    @classmethod
    def of(cls, message: Any, instrument: Float, part: Float, limits: Limits) -> Parts:
        """The parts of a message, those without a note too, given those of its notes. Raises `FormatError`
        for too many.
        """
        by_part = bool(message.part_infos)
        columns = instrument.tolist(), part.tolist()
        home = dict(zip(*columns, strict=True)) if by_part else {}
        used = {info.instrument for info in message.instrument_infos}
        for entries in (message.control_changes, message.pitch_bends):
            used |= {entry.instrument for entry in entries} if entries else set()
        said = {home.get(number, number) for number in used} | set(columns[by_part])
        said |= {info.part for info in message.part_infos}
        if len(said) > limits.parts:
            raise FormatError(
                f"{len(said)} parts; at most {limits.parts} are read. The file is probably damaged."
            )
        numbers = sorted(said)
        rank = {number: place for place, number in enumerate(numbers)}
        tracks = np.searchsorted(numbers, part if by_part else instrument) if numbers else part
        return cls(tracks.astype(np.int16), rank, home, _names(message, rank, home))

    def of_instruments(self, instruments: Float) -> Small:
        """The part of each of `instruments` [N]."""
        found = [self.rank[self.home.get(number, number)] for number in instruments.tolist()]
        return np.array(found, dtype=np.int16)


def _names(message: Any, rank: dict[int, int], home: dict[int, int]) -> tuple[str, ...]:
    """Names up to the last part that has one; parts' own names where the instruments have none."""
    infos = message.instrument_infos
    named = {rank[home.get(info.instrument, info.instrument)]: info.name for info in infos}
    if not named and any(info.name for info in message.part_infos):
        named = {rank[info.part]: info.name for info in message.part_infos}
    return tuple(named.get(place, "") for place in range(max(named, default=-1) + 1))
