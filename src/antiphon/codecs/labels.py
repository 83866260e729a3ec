"""Labels: what a melody codec's net is asked for, of which several can mean the same event ("as one bar
ago").

Playing and the likelihood of events never need them; the original's own figures (perplexity and accuracy
of labels) do. Layout for a view of R pitches and lookbacks d_0 < d_1 ...: the one-hot event ids below R +
2, then one label a lookback. One-hot and lookback codecs count nothing new, note off, pitches; the
key-melody codec pitches, nothing new, note off.

Source: Magenta's `LookbackEventSequenceEncoderDecoder` and `KeyMelodyEncoderDecoder`; distances are bars
of the melody's own meter instead of 16 and 32 steps.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from antiphon.codecs.melody import FIRST_PITCH_ID, NO_EVENT_ID
from antiphon.codecs.pitches import PitchView
from antiphon.errors import NameNotFound

Ids = NDArray[np.int64]


class LabelCodec(Protocol):
    """The values of a recipe's codec on which its labels depend."""

    @property
    def name(self) -> str:
        """Which codec."""
        ...

    @property
    def lookback_bars(self) -> tuple[int, ...]:
        """Distances, in bars, of the repeats that have a label."""
        ...


_SPECIALS_LAST = {"onehot": False, "lookback": False, "key_melody": True}


def n_labels(codec: LabelCodec, view: PitchView) -> int:
    """How many labels the codec has under this view."""
    return view.max_pitch - view.min_pitch + FIRST_PITCH_ID + len(codec.lookback_bars)


def plain_label(events: Ids, codec: LabelCodec, view: PitchView) -> Ids:
    """The label that names each event itself, of the shape of `events`; raises `NameNotFound` for an
    unknown codec.
    """
    if codec.name not in _SPECIALS_LAST:
        raise NameNotFound("codec with labels", codec.name, _SPECIALS_LAST)
    n_pitches = view.max_pitch - view.min_pitch
    pitch = events - FIRST_PITCH_ID - view.min_pitch
    if _SPECIALS_LAST[codec.name]:
        return np.where(events < FIRST_PITCH_ID, n_pitches + events, pitch)
    return np.where(events < FIRST_PITCH_ID, events, FIRST_PITCH_ID + pitch)


def labels(events: Ids, steps_per_bar: Ids, codec: LabelCodec, view: PitchView) -> Ids:
    """The label of every event given those before it.

    `events` int64 [B, T] are ids inside the view, `steps_per_bar` int64 [B]; the result is int64 [B, T].
    A repeat of a farther bar is preferred to one of a nearer, and either to the event itself; nothing new
    before the farthest bar is full counts as its repeat.
    """
    found = plain_label(events, codec, view)
    first_repeat = n_labels(codec, view) - len(codec.lookback_bars)
    time = np.arange(events.shape[1])
    for index, bars in enumerate(codec.lookback_bars):
        source = time - bars * steps_per_bar[:, None]
        earlier = np.take_along_axis(events, np.maximum(source, 0), axis=1)
        found = np.where((source >= 0) & (earlier == events), first_repeat + index, found)
    if codec.lookback_bars:
        early = time < codec.lookback_bars[-1] * steps_per_bar[:, None]
        found = np.where(early & (events == NO_EVENT_ID), n_labels(codec, view) - 1, found)
    return found
