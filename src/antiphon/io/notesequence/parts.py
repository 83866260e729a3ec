"""Which instruments and parts of a NoteSequence are which parts of a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from antiphon.errors import FormatError
from antiphon.io.limits import Limits


class Parts(NamedTuple):
    """`rank` gives the score's part of each part or instrument, `of_instrument` that of an instrument."""

    rank: dict[int, int]
    of_instrument: dict[int, int]
    by_part: bool
    names: tuple[str, ...]

    @classmethod
    def of(cls, message: Any, limits: Limits) -> Parts:
        """The parts of a message: in the order of their numbers, those without a note too."""
        by_part = bool(message.part_infos)
        home = {n.instrument: n.part for n in message.notes} if by_part else {}
        others = (message.control_changes, message.pitch_bends, message.instrument_infos)
        used = {entry.instrument for entries in others for entry in entries}
        said = {home.get(instrument, instrument) for instrument in used}
        said |= {n.part for n in message.notes} if by_part else {n.instrument for n in message.notes}
        said |= {info.part for info in message.part_infos}
        if len(said) > limits.parts:
            raise FormatError(
                f"{len(said)} parts; at most {limits.parts} are read. The file is probably damaged."
            )
        rank = {number: place for place, number in enumerate(sorted(said))}
        of_instrument = {instrument: rank[home.get(instrument, instrument)] for instrument in used}
        return cls(rank, of_instrument, by_part, _names(message, rank, of_instrument))

    def of_notes(self, notes: Sequence[Any]) -> list[int]:
        """The part of each note."""
        if self.by_part:
            return [self.rank[note.part] for note in notes]
        return [self.rank[note.instrument] for note in notes]


def _names(message: Any, rank: dict[int, int], of_instrument: dict[int, int]) -> tuple[str, ...]:
    """Names up to the last part that has one; parts' own names where the instruments have none."""
    named = {of_instrument[info.instrument]: info.name for info in message.instrument_infos}
    if not named and any(info.name for info in message.part_infos):
        named = {rank[info.part]: info.name for info in message.part_infos}
    return tuple(named.get(place, "") for place in range(max(named, default=-1) + 1))
