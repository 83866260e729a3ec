"""A NoteSequence with its sections in the order in which they are played.

Section annotations name the times at which sections begin; section groups say how often, nested in each
other, they sound. Source: the meaning of note-seq's `expand_section_groups`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from antiphon.errors import FormatError
from antiphon.io.limits import Limits

_DEEPEST = 32
_HOLDING = ("tempos", "time_signatures", "key_signatures")
_PASSING = ("notes", "control_changes", "pitch_bends", "text_annotations")
_DAMAGED = "The file is probably damaged."


class _Section(NamedTuple):
    """What is played from `start` to before `stop`, by list of the message, and what holds at `start`."""

    start: float
    stop: float
    held: dict[str, list[Any]]
    inside: dict[str, list[Any]]


def unrolled(message: Any, limits: Limits) -> Any:
    """`message` played out: a new message, or the same one where it has no section groups.

    Raises `FormatError` for a section that is nowhere and for more than `limits` allow.
    """
    if not message.section_groups:
        return message
    sections = _sections(message)
    order = _order(message.section_groups, limits, 0)
    missing = set(order) - set(sections)
    if missing:
        raise FormatError(f"a section {min(missing)} that is nowhere in the piece. {_DAMAGED}")
    if sum(len(sections[name].inside["notes"]) for name in order) > limits.notes:
        raise FormatError(f"repeats of more than {limits.notes} notes. {_DAMAGED}")
    played = type(message)()
    played.CopyFrom(message)
    for name in (*_HOLDING, *_PASSING, "section_annotations", "section_groups"):
        played.ClearField(name)
    offset = 0.0
    for section in (sections[name] for name in order):
        _play(section, played, offset)
        offset += section.stop - section.start
    return played


def _sections(message: Any) -> dict[int, _Section]:
    begun = sorted((s.time, s.section_id) for s in message.section_annotations)
    end = max([message.total_time, *(note.end_time for note in message.notes)])
    times = [*(time for time, _ in begun), end]
    if not all(map(math.isfinite, times)):
        raise FormatError(f"a section at no finite time. {_DAMAGED}")
    bounds = zip(begun, times[1:], strict=True)
    return {name: _section(message, time, max(stop, time)) for (time, name), stop in bounds}


def _section(message: Any, start: float, stop: float) -> _Section:
    held, inside = {}, {}
    for name in _HOLDING:
        entries = sorted(getattr(message, name), key=lambda entry: entry.time)
        held[name] = [entry for entry in entries if entry.time <= start][-1:]
        inside[name] = [entry for entry in entries if start < entry.time < stop]
    for name in _PASSING:
        inside[name] = [entry for entry in getattr(message, name) if start <= _time(entry) < stop]
    return _Section(start, stop, held, inside)


def _time(entry: Any) -> float:
    found: float = entry.start_time if hasattr(entry, "start_time") else entry.time
    return found


def _order(groups: Any, limits: Limits, depth: int) -> list[int]:
    """Sections one after the other. Raises `FormatError` where there are too many of them."""
    if depth > _DEEPEST:
        raise FormatError(f"section groups nested {depth} deep. {_DAMAGED}")
    order: list[int] = []
    for group in groups:
        once: list[int] = []
        for section in group.sections:
            inner = section.HasField("section_group")
            once += _order([section.section_group], limits, depth + 1) if inner else [section.section_id]
        if len(order) + len(once) * max(group.num_times, 0) > limits.changes:
            raise FormatError(f"more than {limits.changes} repeats of sections. {_DAMAGED}")
        order += once * group.num_times
    return order


def _play(section: _Section, target: Any, offset: float) -> None:
    """Add what the section holds to `target` at `offset`; notes stop at its end."""
    for name, entries in section.held.items():
        for entry in entries:
            _copied(entry, target, name).time = offset
    shift = offset - section.start
    for name, entries in section.inside.items():
        for entry in entries:
            added = _copied(entry, target, name)
            if name == "notes":
                added.start_time = entry.start_time + shift
                added.end_time = min(entry.end_time, section.stop) + shift
            else:
                added.time = entry.time + shift


def _copied(entry: Any, target: Any, name: str) -> Any:
    added = getattr(target, name).add()
    added.CopyFrom(entry)
    return added
