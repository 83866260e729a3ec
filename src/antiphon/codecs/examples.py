"""Training examples of Magenta's models back into event sequences.

An example (`antiphon.io.examples`) holds the net's inputs and the labels asked of it. Labels that mean "as
one bar ago" are resolved; the first event, which has no label, is read from the first input. The width of the
inputs tells the model. Melodies and drums stand on Magenta's grid, 16 steps in a bar of 4/4.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from antiphon.arrays import Float32, Int64
from antiphon.codecs import polyphony
from antiphon.codecs.kinds import Standing
from antiphon.codecs.kinds import kind as kind_of
from antiphon.codecs.melody import FIRST_PITCH_ID, NO_EVENT_ID, NOTE_OFF_ID
from antiphon.codecs.performance import FIRST_ON_ID, FIRST_SHIFT_ID, FIRST_VELOCITY_ID
from antiphon.errors import FormatError, NameNotFound
from antiphon.io import records
from antiphon.io.examples import TrainingExample, is_example, loads
from antiphon.io.limits import DEFAULT
from antiphon.io.places import Place, read_content
from antiphon.score.score import Score

_STEPS_PER_BAR = 16
_ON_BEATS = Standing(steps_per_quarter=4, track=0)
_PLAYED = Standing(steps_per_second=100)
_N_PITCH_CLASSES = 256  # labels of a performance's onsets and releases
_N_SHIFTS = 100
_NOTE_HEADS = (13, 77, 128, 32, 25, 40)
"""Labels of each head of a performance of notes: wait, pitch, loudness, length."""
_N_POLYPHONIC = 259


@dataclass(frozen=True)
class ExampleLayout:
    """How one of Magenta's models writes its examples."""

    name: str
    """Magenta's name of the model's configuration."""
    kind: str
    """Which kind of sequence it is of."""
    width: int
    """Columns of its inputs."""
    n_labels: int | tuple[int, ...]
    """How many labels there are; of each head, where there are several."""
    first: Callable[[Float32], Any]
    """First input -> the label (of each head) that names the first event."""
    ids: Callable[[Int64], Int64]
    """Labels of all events, the first's before them, -> event ids of the kind."""
    standing: Standing = _ON_BEATS
    options: Mapping[str, Any] = field(default_factory=dict)


class _Codec(NamedTuple):
    """A melody codec and its range, as far as its labels depend on them. Key-melody codecs count pitches
    first."""

    name: str
    lookback_bars: tuple[int, ...] = ()
    min_pitch: int = 48
    max_pitch: int = 84

    @property
    def label_events(self) -> Int64:
        """The event that each label names, of those that name one."""
        pitches = np.arange(self.min_pitch, self.max_pitch) + FIRST_PITCH_ID
        others = np.array([NO_EVENT_ID, NOTE_OFF_ID])
        return np.concatenate([pitches, others] if self.name == "key_melody" else [others, pitches])


def read(source: Place | str | os.PathLike[str], kind: str = "", layout: str = "") -> list[Any]:
    """The sequences of a file of examples, or of the record at a place.

    With `kind`, examples of another kind are refused; `layout` names the model where the width of the inputs
    should not. Raises `FormatError` for what holds no examples, or none of these.
    """
    return list(sequences(source, kind, layout))


def sequences(source: Place | str | os.PathLike[str], kind: str = "", layout: str = "") -> Iterator[Any]:
    """The same one by one, the file open meanwhile."""
    for example in map(loads, payloads(source)):
        found = layout_of(example, layout)
        if kind and found.kind != kind:
            raise FormatError(f"examples of {found.kind} ({found.name}); expected examples of {kind}.")
        yield sequence(example, found)


def holds_examples(source: Place | str | os.PathLike[str]) -> bool:
    """Whether a TFRecord file's first record (a place's record) is a training example instead of music.

    Raises `FormatError` where it is no whole record.
    """
    return is_example(next(payloads(source), b""))


def sequence(example: TrainingExample, layout: ExampleLayout | None = None) -> Any:
    """The event sequence of an example. Raises `FormatError` where its figures are none of the layout's."""
    layout = layout or layout_of(example)
    labels, most = example.labels.astype(np.int64), np.array(layout.n_labels)
    if labels.shape[1:] != most.shape or (labels < 0).any() or (labels >= most).any():
        raise FormatError(f"labels that are none of {layout.name}, which has {layout.n_labels}.")
    ids = layout.ids(np.concatenate([[layout.first(example.inputs[0])], labels]))
    kind = kind_of(layout.kind)
    return kind.decode(ids, layout.standing, kind.extractor.options(**layout.options))


def to_score(example: TrainingExample, layout: ExampleLayout | None = None) -> Score:
    """The music that an example's sequence means. Raises `FormatError`."""
    layout = layout or layout_of(example)
    music: Score = kind_of(layout.kind).extractor.to_score(sequence(example, layout))
    return music


def layout_of(example: TrainingExample, name: str = "") -> ExampleLayout:
    """The layout called `name`, else the one of inputs that wide. Raises `NameNotFound`, `FormatError`."""
    if name and name not in LAYOUTS:
        raise NameNotFound("layout of examples", name, LAYOUTS)
    width = example.inputs.shape[1]
    fitting = [found for found in LAYOUTS.values() if found.width == width and name in ("", found.name)]
    if not fitting:
        known = sorted(found.width for found in LAYOUTS.values() if name in ("", found.name))
        widths = ", ".join(map(str, known))
        raise FormatError(f"examples of {width} inputs per step; {name or 'known models'} have {widths}.")
    return fitting[0]


def payloads(source: Place | str | os.PathLike[str]) -> Iterator[bytes]:
    """The messages of a TFRecord file, or of the record at a place. Raises `FormatError`."""
    if not isinstance(source, Place):
        return records.read(Path(source))
    try:
        return iter([records.unpack(read_content(source, DEFAULT)[0])])
    except FormatError as error:
        raise FormatError(f"'{source}': {error}") from None


def _one_hot(n: int, before: int = 0) -> Callable[[Float32], int]:
    """The column that is set, of `n` after `before` others."""

    def first(row: Float32) -> int:
        block = row[before : before + n]
        if np.count_nonzero(block) != 1:
            raise FormatError("inputs that begin with no event. The file is damaged, or of another model.")
        return int(np.argmax(block))

    return first


def _notes_first(row: Float32) -> list[int]:
    """The column that is set of each head's own."""
    stops = np.cumsum(_NOTE_HEADS).tolist()
    return [_one_hot(n, stop - n)(row) for n, stop in zip(_NOTE_HEADS, stops, strict=True)]


def _note_ids(labels: Int64) -> Int64:
    """Waits and lengths come in two heads each; loudness and lengths are counted from 1."""
    shift, shift_rest, pitch, velocity, duration, duration_rest = labels.T
    n_shift, n_duration = _NOTE_HEADS[1], _NOTE_HEADS[5]
    ids = (shift * n_shift + shift_rest, pitch, velocity + 1, duration * n_duration + duration_rest + 1)
    return np.stack(ids, axis=1)


def _key_melody(codec: _Codec, before: int = 0) -> Callable[[Float32], int]:
    """The pitch that sounds; where none does, nothing has begun."""
    n = codec.max_pitch - codec.min_pitch
    return lambda row: int(np.argmax(row[before : before + n])) if row[before : before + n].any() else n


def _melody_ids(codec: _Codec) -> Callable[[Int64], Int64]:
    named = codec.label_events
    back = _STEPS_PER_BAR * np.array([0, *codec.lookback_bars])

    def ids(labels: Int64) -> Int64:
        """Every label's event: its own, or that of the place it repeats, and so on back."""
        n = len(labels)
        distance = back[np.maximum(labels - len(named) + 1, 0)]
        source = np.append(np.arange(n) - distance, n)
        source[source < 0] = n  # before the beginning nothing was new
        while not np.array_equal(source, farther := source[source]):
            source = farther
        plain = np.append(
            np.where(distance, NO_EVENT_ID, named[np.minimum(labels, len(named) - 1)]), NO_EVENT_ID
        )
        found: Int64 = plain[source[:n]]
        return found

    return ids


def _performance_ids(labels: Int64) -> Int64:
    """Labels count onsets, releases, waits, loudness in this order."""
    waits = labels - _N_PITCH_CLASSES
    louder = waits - _N_SHIFTS
    timed = np.where(louder < 0, FIRST_SHIFT_ID + waits, FIRST_VELOCITY_ID + louder)
    ids: Int64 = np.where(waits < 0, FIRST_ON_ID + labels, timed)
    return ids


def _melodies(name: str, codec: _Codec, width: int, before: int = 0) -> ExampleLayout:
    n_events = len(codec.label_events)
    first = _key_melody(codec, before) if codec.name == "key_melody" else _one_hot(n_events, before)
    n_labels = n_events + len(codec.lookback_bars)
    return ExampleLayout(name, "melody", width, n_labels, first, _melody_ids(codec))


def _performances(name: str, width: int, before: int = 0, bins: int = 32) -> ExampleLayout:
    n = _N_PITCH_CLASSES + _N_SHIFTS + bins
    first: Callable[[Float32], int] = _one_hot(n, before) if width > 1 else lambda row: int(row[0])
    options = {"n_velocity_bins": bins}
    return ExampleLayout(name, "performance", width, n, first, _performance_ids, _PLAYED, options)


def _drums(name: str, width: int, n_labels: int, classes: str) -> ExampleLayout:
    first, options = _one_hot(n_labels), {"classes": classes}
    return ExampleLayout(name, "drums", width, n_labels, first, lambda labels: labels, options=options)


_PLAIN = _Codec("onehot")
_KEYS = _Codec("key_melody", (1, 2))
_DYNAMICS = "performance_with_dynamics"

LAYOUTS: Mapping[str, ExampleLayout] = {
    layout.name: layout
    for layout in (
        _melodies("basic_rnn", _PLAIN, 38),
        _melodies("mono_rnn", _Codec("onehot", (), 0, 128), 130),
        _melodies("lookback_rnn", _Codec("lookback", (1, 2)), 121),
        _melodies("attention_rnn", _KEYS, 74),
        _melodies("basic_improv", _PLAIN, 87, 49),
        _melodies("attention_improv", _KEYS, 123, 49),
        _melodies("chord_pitches_improv", _PLAIN, 75, 37),
        _drums("drum_kit", 518, 512, "nine"),
        _drums("one_drum", 2, 2, "one"),
        ExampleLayout(
            "polyphony", "polyphony", 259, _N_POLYPHONIC, _one_hot(_N_POLYPHONIC), polyphony.of_labels
        ),
        _performances("performance", 356, bins=0),
        _performances(_DYNAMICS, 388),
        _performances(f"{_DYNAMICS}_compact", 1),
        _performances(f"density_conditioned_{_DYNAMICS}", 396, 8),
        _performances(f"pitch_conditioned_{_DYNAMICS}", 400, 12),
        _performances(f"multiconditioned_{_DYNAMICS}", 408, 20),
        ExampleLayout(
            f"{_DYNAMICS}_and_note_encoding",
            "note-performance",
            sum(_NOTE_HEADS),
            _NOTE_HEADS,
            _notes_first,
            _note_ids,
            _PLAYED,
        ),
        _performances(f"optional_multiconditioned_{_DYNAMICS}", 409, 21),
    )
}
