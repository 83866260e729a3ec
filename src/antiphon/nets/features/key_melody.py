"""Key-melody codec (Magenta's KeyMelodyEncoderDecoder): what sounds, where the line goes, and which keys fit.

Inputs, R being the number of pitches and K of distances: [0, R) the sounding pitch; 1 if a note sounds, 1 if
none does; attack; +1 rising, -1 falling; K repeat flags; the clock's bits; 1 if the next event starts a bar;
12 major keys that fit all notes so far best; 12 that fit the last three different pitches best. Labels:
pitches, no-event, note-off, then K repeats.

Differs on purpose: MIDI pitch 0 counts as sounding (Magenta takes it for silence), and bars follow the meter.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding, pad

from antiphon.codecs.melody import FIRST_PITCH_ID, N_EVENTS, NO_EVENT_ID, NOTE_OFF_ID
from antiphon.codecs.pitches import MAJOR_SCALE, PitchView
from antiphon.errors import OptionError
from antiphon.nets.features.clock import StepClock
from antiphon.nets.features.features import EventBatch, Heard, Moment, State
from antiphon.nets.features.labels import Labels
from antiphon.nets.features.repeats import delayed, kept
from antiphon.recipes import Recipe, parts

_SOUNDING, _ATTACK, _DIRECTION, _RECENT = 0, 1, 2, slice(3, 6)
"""Columns of the state `line` [B, 6]: event id that sounds (below 2: none), attack flag, direction, the last
three different onsets.
"""


class KeyMelodyFeatures(Labels):
    """The key-melody codec: its inputs and labels."""

    _sounding_rows: Tensor
    _key_rows: Tensor
    needs_position = True

    def __init__(self, recipe: Recipe, codec: parts.KeyMelody) -> None:
        view = recipe.view
        if recipe.family != "melody" or not isinstance(view, PitchView):
            raise OptionError(
                f"The codec 'key_melody' is for melodies, not for {recipe.family}; use 'lookback'."
            )
        pitches = range(view.min_pitch + FIRST_PITCH_ID, view.max_pitch + FIRST_PITCH_ID)
        alphabet = recipe.alphabet
        super().__init__(alphabet, codec.bars, [*pitches, NO_EVENT_ID, NOTE_OFF_ID])
        bits = codec.clock_bits
        self.clock = StepClock(bits, alphabet)
        self.width = len(pitches) + 4 + self.repeats.n + bits + 1 + 24
        rows = _sounding_rows(view.min_pitch, view.max_pitch)
        self.register_buffer("_sounding_rows", rows, persistent=False)
        self.register_buffer("_key_rows", _key_rows(), persistent=False)

    def sequence(self, batch: EventBatch) -> Moment:
        """Whole sequences."""
        events = batch.events[..., 0]
        clock = self.clock.sequence(batch.events, batch.position)
        promised = self.repeats.sequence(events, batch.position[..., 1])
        fits = embedding(events, self._key_rows).cumsum(1)
        return self._moment(batch.events, _follow(events), fits, delayed(promised), promised, clock, {})

    def initial_state(self, batch: int) -> State:
        """No events yet: no note sounds, no key is known."""
        device = self._key_rows.device
        line = torch.zeros(batch, 6, dtype=torch.int64, device=device)
        fits = torch.zeros(batch, 12, device=device)
        return {
            **self.repeats.initial_state(batch),
            **self.clock.initial_state(batch),
            "line": line,
            "fits": fits,
        }

    def step(self, heard: Heard, state: State) -> Moment:
        """One more event."""
        assert heard.position is not None
        event = heard.event
        bits, starts, bar = self.clock.step(event, heard.position, state)
        made, promised, history = self.repeats.step(event[:, 0], heard.position[:, 1], state)
        line = _line_step(event, state["line"])
        fits = state["fits"] + embedding(event[:, 0], self._key_rows)
        after = {**history, **bar, "line": line, "fits": fits}
        return self._moment(event, line, fits, made, promised, (bits, starts), after)

    def _moment(
        self,
        events: Tensor,
        line: Tensor,
        fits: Tensor,
        made: Tensor,
        promised: Tensor,
        clock: tuple[Tensor, Tensor],
        state: State,
    ) -> Moment:
        """`made` are the promises made to `events`, `promised` those to what comes after them."""
        flags, counted = kept(made, events)
        inputs = self._inputs(line, fits, flags, *clock)
        return Moment(inputs, self.label(events, counted), (promised - 1).clamp(min=0), state)

    def _inputs(self, line: Tensor, fits: Tensor, flags: Tensor, bits: Tensor, starts: Tensor) -> Tensor:
        sounding = embedding(line[..., _SOUNDING], self._sounding_rows)
        recent = embedding(line[..., _RECENT], self._key_rows).sum(-2)
        moves = line[..., _ATTACK : _DIRECTION + 1].to(bits.dtype)
        best = torch.stack([fits, recent], -2)
        best = (best == best.amax(-1, keepdim=True)).flatten(-2)
        truths = torch.cat([flags, starts[..., None], best], -1).to(bits.dtype)
        repeats, keys = truths.tensor_split([flags.shape[-1]], -1)
        return torch.cat([sounding, moves, repeats, bits, keys], -1)


def _line_step(event: Tensor, line: Tensor) -> Tensor:
    """The next `line` [B, 6] after `event` [B, 1]."""
    _, _, _, last, second, _ = torch.split(line, 1, 1)
    silent = event < FIRST_PITCH_ID
    stays = silent | (event == last)
    # A note off leaves the attack flag as it was, as in Magenta; the first note has no direction yet.
    keeps = [
        event == NO_EVENT_ID,
        event == NOTE_OFF_ID,
        stays | (last == 0),
        silent,
        stays,
        stays | (event == second),
    ]
    onset = (event >= FIRST_PITCH_ID).long()
    news = [event, onset, torch.sign(event - last), event, last, second]
    return torch.where(torch.cat(keeps, 1), line, torch.cat(news, 1))


def _follow(events: Tensor) -> Tensor:
    """The line [B, T, 6] after each event of whole sequences: `_line_step` without the loop."""
    onset = events >= FIRST_PITCH_ID
    speaks = events != NO_EVENT_ID
    sounding = _hold(events, speaks)
    attack = _hold(onset.long(), events != NOTE_OFF_ID)
    last = _hold(events, onset)
    before = _delayed(last)
    moved = last != before
    direction = _hold(torch.sign(last - before), moved & (before > 0))
    second = _hold(before, moved)
    third = _hold(_delayed(second), moved & (last != _delayed(second)))
    return torch.stack([sounding, attack, direction, last, second, third], -1)


def _hold(values: Tensor, where: Tensor) -> Tensor:
    """Values [B, T] as of the last position at which `where` was true; 0 before the first."""
    positions = torch.arange(1, values.shape[1] + 1, device=values.device)
    source = torch.where(where, positions, 0).cummax(1).values
    return pad(values, (1, 0)).gather(1, source)


def _delayed(values: Tensor) -> Tensor:
    return pad(values, (1, 0))[:, :-1]


def _sounding_rows(min_pitch: int, max_pitch: int) -> Tensor:
    """Table [130, R + 2]: one-hot of the sounding pitch, a note sounds, none does."""
    rows = torch.zeros(N_EVENTS, max_pitch - min_pitch + 2)
    pitches = torch.arange(max_pitch - min_pitch)
    rows[pitches + min_pitch + FIRST_PITCH_ID, pitches] = 1
    rows[FIRST_PITCH_ID:, -2] = 1
    rows[:FIRST_PITCH_ID, -1] = 1
    return rows


def _key_rows() -> Tensor:
    """Table [130, 12]: 1 for each major key an onset belongs to."""
    rows = torch.zeros(N_EVENTS, 12)
    for pitch in range(N_EVENTS - FIRST_PITCH_ID):
        for degree in MAJOR_SCALE:
            rows[pitch + FIRST_PITCH_ID, (pitch - degree) % 12] = 1
    return rows
