"""A `Score` as a NoteSequence.

A part is an instrument of the same number. What the format has no field for stands in texts (see `texts`).
Seconds are exact enough that `read` finds every tick again. Chord symbols belong to no part here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, NamedTuple

from antiphon.errors import OutputError
from antiphon.io.notesequence import texts
from antiphon.io.notesequence.messages import CHORD, ENCODINGS, MODES, note_sequence
from antiphon.score.score import Score

_NOT_SPECIFIED = MODES.index("")
_LARGEST = (1 << 31) - 1


class Origin(NamedTuple):
    """Where a sequence comes from: its `id`, the file's name within its `collection`, and the format."""

    id: str = ""
    filename: str = ""
    collection: str = ""
    format: str = ""


def dumps(score: Score) -> bytes:
    """`score` as the bytes of one NoteSequence. Raises `OutputError` for what cannot be held."""
    return to_bytes(score, Origin(filename=PurePath(score.source).name))


def to_bytes(score: Score, origin: Origin) -> bytes:
    """`score` as the bytes of one NoteSequence that says where it comes from. Raises `OutputError`."""
    if score.ticks_per_quarter > _LARGEST:
        raise OutputError(
            f"{score.ticks_per_quarter} ticks per quarter; a NoteSequence holds {_LARGEST} at most."
        )
    message = note_sequence()["NoteSequence"](
        id=_text(origin.id),
        filename=_text(origin.filename),
        collection_name=_text(origin.collection),
        ticks_per_quarter=score.ticks_per_quarter,
        total_time=score.duration_s,
    )
    if origin.format in ENCODINGS:
        message.source_info.encoding_type = ENCODINGS[origin.format]
    _add_maps(message, score)
    _add_notes(message, score)
    _add_parts(message, score)
    _add_changes(message, score)
    _add_texts(message, score)
    return bytes(message.SerializeToString())


def _add_maps(message: Any, score: Score) -> None:
    tempos, meters = score.tempos, score.meters
    for time, qpm in zip(_seconds(score, tempos.time), tempos.qpm.tolist(), strict=True):
        message.tempos.add(time=time, qpm=qpm)
    columns = (_seconds(score, meters.time), meters.numerator.tolist(), meters.denominator.tolist())
    for time, numerator, denominator in zip(*columns, strict=True):
        message.time_signatures.add(time=time, numerator=numerator, denominator=denominator)
    for time, (_, key) in zip(_seconds(score, [k.time for k in score.keys]), score.keys, strict=True):
        mode = MODES.index(key.mode) if key.mode in MODES else _NOT_SPECIFIED
        message.key_signatures.add(time=time, key=key.tonic % 12, mode=mode)


def _add_notes(message: Any, score: Score) -> None:
    notes, add = score.notes, message.notes.add
    columns = (
        notes.pitch,
        notes.velocity,
        score.start_s,
        score.end_s,
        notes.track,
        notes.program,
        notes.is_drum,
    )
    for pitch, velocity, start, end, track, program, is_drum in zip(
        *(c.tolist() for c in columns), strict=True
    ):
        add(
            pitch=pitch,
            velocity=velocity,
            start_time=start,
            end_time=end,
            instrument=track,
            program=program,
            is_drum=is_drum,
        )


def _add_parts(message: Any, score: Score) -> None:
    """Names; and where a part has neither name nor event, every part, so that none is lost."""
    for track, name in enumerate(score.track_names):
        message.instrument_infos.add(instrument=track, name=_text(name))
    said = set(range(len(score.track_names)))
    for column in (score.notes.track, score.controls.track, score.bends.track):
        said |= set(column.tolist())
    if len(said) == score.n_tracks:
        return
    for track in range(score.n_tracks):
        message.part_infos.add(part=track, name=_text(score.track_name(track)))
    for note in message.notes:
        note.part = note.instrument


def _add_changes(message: Any, score: Score) -> None:
    """Controls and bends, with the sound of their part's first note, by which others find it."""
    notes, controls, bends = score.notes, score.controls, score.bends
    if not len(controls) and not len(bends):
        return
    columns = (notes.track[::-1].tolist(), notes.program[::-1].tolist(), notes.is_drum[::-1].tolist())
    sounds = {
        track: {"program": program, "is_drum": drum} for track, program, drum in zip(*columns, strict=True)
    }
    rows = (
        _seconds(score, controls.time),
        controls.number.tolist(),
        controls.value.tolist(),
        controls.track.tolist(),
    )
    for time, number, value, track in zip(*rows, strict=True):
        message.control_changes.add(
            time=time, control_number=number, control_value=value, instrument=track, **sounds.get(track, {})
        )
    bent = (_seconds(score, bends.time), bends.value.tolist(), bends.track.tolist())
    for time, value, track in zip(*bent, strict=True):
        message.pitch_bends.add(time=time, bend=value, instrument=track, **sounds.get(track, {}))


def _add_texts(message: Any, score: Score) -> None:
    for time, (_, text, _) in zip(_seconds(score, [c.time for c in score.chords]), score.chords, strict=True):
        message.text_annotations.add(time=time, text=_text(text), annotation_type=CHORD)
    said = list(_said(score))
    for time, (_, text) in zip(_seconds(score, [tick for tick, _ in said]), said, strict=True):
        message.text_annotations.add(time=time, text=_text(text))
    _add_about(message, score)


def _said(score: Score) -> Iterator[tuple[int, str]]:
    """(tick, text) of the texts of no special kind."""
    for lyric in score.lyrics:
        yield lyric.time, texts.spoken(texts.LYRIC, lyric.text, texts.of_part(lyric.track))
    for marker in score.markers:
        yield marker.time, texts.spoken(texts.MARKER, marker.text, texts.of_part(marker.track))
    for change in score.keys:
        if change.key.mode not in MODES:
            yield change.time, texts.spoken(texts.MODE, change.key.mode)


def _add_about(message: Any, score: Score) -> None:
    if not score.title and not score.about:
        return
    metadata = message.sequence_metadata
    metadata.title = _text(score.title)
    metadata.artist = next((_text(text) for name, text in score.about if name == "artist"), "")
    metadata.composers.extend(_text(text) for name, text in score.about if name == "composer")
    metadata.genre.extend(_text(text) for name, text in score.about if name == "genre")
    if about(metadata) != score.about:
        for name, text in score.about:
            message.text_annotations.add(text=_text(texts.spoken(texts.ABOUT, text, name)))


def about(metadata: Any) -> tuple[tuple[str, str], ...]:
    """What a message's metadata says about the piece: artist, composers, genres."""
    artist = [("artist", metadata.artist)] if metadata.artist else []
    composers = [("composer", text) for text in metadata.composers]
    return (*artist, *composers, *(("genre", text) for text in metadata.genre))


def _seconds(score: Score, ticks: Any) -> list[float]:
    if not len(ticks):
        return []
    found: list[float] = score.tempos.seconds(ticks, score.ticks_per_quarter).tolist()
    return found


def _text(text: str) -> str:
    """`text` as UTF-8 can hold it: names of files need be no text."""
    return text if text.isascii() else text.encode("utf-8", errors="replace").decode("utf-8")
