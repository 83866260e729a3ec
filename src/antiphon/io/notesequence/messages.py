"""The messages of Magenta's `music.proto`, tags and types as they are on the wire, and how bytes are parsed:
what a stranger's bytes may hold is bounded before a message is made of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.io.protobuf import Messages, messages

CHORD, BEAT = 1, 2
"""`TextAnnotation.annotation_type`; 0 is a text of no special kind."""

MODES = ("major", "minor", "", "mixolydian", "dorian", "phrygian", "lydian", "locrian")
"""Names of `KeySignature.mode`; the third is 'not specified'."""

ENCODINGS = {"MusicXML": 1, "ABC": 2, "MIDI": 3}
"""`SourceInfo.encoding_type` by name of format."""

DEFAULT_TICKS_PER_QUARTER = 220
"""What no `ticks_per_quarter` means."""

_SMALL = 1 << 20  # bytes that cannot unfold to much, whatever they are
_NOTES, _BENDS, _CONTROLS = 8, 10, 11  # tags in a NoteSequence
_NESTED = frozenset({19, 21})  # metadata and section groups, which hold lists themselves; usually a few kB
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5  # wire types

_TABLE = """
NoteSequence: 1 id string; 2 filename string; 3 collection_name string; 4 ticks_per_quarter int32; 5 time_signatures repeated TimeSignature; 6 key_signatures repeated KeySignature; 7 tempos repeated Tempo; 8 notes repeated Note; 9 total_time double; 10 pitch_bends repeated PitchBend; 11 control_changes repeated ControlChange; 12 part_infos repeated PartInfo; 13 source_info SourceInfo; 14 text_annotations repeated TextAnnotation; 15 quantization_info QuantizationInfo; 16 total_quantized_steps int64; 17 subsequence_info SubsequenceInfo; 18 reference_number int64; 19 sequence_metadata SequenceMetadata; 20 section_annotations repeated SectionAnnotation; 21 section_groups repeated SectionGroup; 23 instrument_infos repeated InstrumentInfo
Note: 1 pitch int32; 2 velocity int32; 3 start_time double; 4 end_time double; 5 numerator int32; 6 denominator int32; 7 instrument int32; 8 program int32; 9 is_drum bool; 10 part int32; 11 pitch_name int32; 12 voice int32; 13 quantized_start_step int64; 14 quantized_end_step int64
TimeSignature: 1 time double; 2 numerator int32; 3 denominator int32
KeySignature: 1 time double; 2 key int32; 3 mode int32
Tempo: 1 time double; 2 qpm double
PitchBend: 1 time double; 2 bend int32; 3 instrument int32; 4 program int32; 5 is_drum bool
ControlChange: 1 time double; 2 control_number int32; 3 control_value int32; 4 instrument int32; 5 program int32; 6 is_drum bool; 7 quantized_step int64
PartInfo: 1 part int32; 2 name string
InstrumentInfo: 1 instrument int32; 2 name string
SourceInfo: 1 source_type int32; 2 encoding_type int32; 3 parser int32
TextAnnotation: 1 time double; 2 text string; 3 annotation_type int32; 4 quantized_step int64
QuantizationInfo: 1 steps_per_quarter one int32; 2 steps_per_second one int32
SubsequenceInfo: 1 start_time_offset double; 2 end_time_offset double
SequenceMetadata: 1 title string; 2 artist string; 3 genre repeated string; 4 composers repeated string
SectionAnnotation: 1 time double; 4 section_id int64
Section: 1 section_id one int64; 2 section_group one SectionGroup
SectionGroup: 1 sections repeated Section; 2 num_times int32
"""  # noqa: E501 - a line a message


@cache
def note_sequence() -> Messages:
    """The message classes by name."""
    return messages("tensorflow.magenta", _TABLE)


def parsed(data: bytes, limits: Limits) -> Any:
    """The message in a NoteSequence's bytes. Raises `FormatError` where they are none, cut short, or outside
    `limits`.
    """
    from google.protobuf.message import DecodeError

    if not data:
        raise FormatError("an empty file; expected a NoteSequence.")
    if len(data) > _SMALL:
        _check_size(data, limits)
    message = note_sequence()["NoteSequence"]()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise _damaged() from error
    if not message.ListFields():
        raise FormatError("a message of another kind; expected a NoteSequence.")
    return message


def _check_size(data: bytes, limits: Limits) -> None:
    """Count the fields of a long message before it is parsed: two bytes of it can become a hundred."""
    most = {_NOTES: limits.notes, _BENDS: limits.controls, _CONTROLS: limits.controls}
    counts: dict[int, int] = {}
    at = nested = 0
    while at < len(data):
        key, at = _varint(data, at)
        tag, kind = key >> 3, key & 7
        counts[tag] = counts.get(tag, 0) + 1
        size, at = _size(data, at, kind)
        nested += size if tag in _NESTED else 0
        if counts[tag] > most.get(tag, limits.changes) or max(size, nested) > _SMALL:
            raise FormatError(
                f"a NoteSequence with {counts[tag]} entries of kind {tag}, one of {size} bytes; fewer or "
                "smaller ones are read. The file is probably damaged."
            )
        at += size


def _size(data: bytes, at: int, kind: int) -> tuple[int, int]:
    """(bytes of the value, where it begins)."""
    if kind == _BYTES:
        return _varint(data, at)
    if kind == _VARINT:
        return 0, _varint(data, at)[1]
    if kind in (_FIXED_64, _FIXED_32):
        return 8 if kind == _FIXED_64 else 4, at
    raise _damaged()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            break
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
    raise _damaged()


def _damaged() -> FormatError:
    return FormatError("no NoteSequence, or one that is cut short or damaged. Make the file again.")
