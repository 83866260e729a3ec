"""`Session`: music under way. Rows of it propose what might come next, hear what sounded, fork and go on.

Everything that plays a model is a client of it: whole pieces, streams, beams, likelihoods, the samples that
training shows, live playing. What *sounded* is what a model hears, whatever was proposed. Hearing is lazy:
the graph runs when the next distribution is asked for, so that a row which is dropped first (a pruned beam,
the last event of a piece) costs nothing; and it runs again if the temperature or the control have changed
since.

A row's random numbers follow from (seed, output, number of events heard, field), so a row is the same music
alone or among others, and a fork that becomes output k is output k of any piece that begins as it does.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from antiphon.arrays import AnyFloat, Float32, Float64, Int64
from antiphon.codecs.alphabet import Alphabet
from antiphon.codecs.rules import Rule
from antiphon.codecs.timing import Bars
from antiphon.errors import InputError
from antiphon.runtime.constraints import Constraints
from antiphon.runtime.graph import StepInput, StepOutput
from antiphon.runtime.philox import Draws, check_outputs
from antiphon.runtime.sampler import OPENING_FLOOR, sample
from antiphon.runtime.sampling_options import Sampling, check_temperature

_BELOW_ONE = 1 - 2**-24
"""The greatest single number below 1: rounding must not reach it."""
Control = Callable[[Int64], Float32]
"""Steps int64 [B] since the beginning -> the control float32 [B, C] of the events there."""


@dataclass(frozen=True, eq=False)
class _Rows:
    """The same control at every step, one for each row, float32 [B, C]."""

    rows: Float32

    def __call__(self, steps: Int64) -> Float32:
        return self.rows


class PlayableModel(Protocol):
    """The playing contract: what `antiphon.runtime.player.Player` is, or a few lines in a test."""

    @property
    def alphabet(self) -> Alphabet:
        """The events that it plays."""
        ...

    @property
    def wants(self) -> frozenset[str]:
        """Names of what it asks for: of "position", "control", "value"."""
        ...

    @property
    def n_uniform(self) -> int:
        """Uniform numbers that a step draws with."""
        ...

    @property
    def can_prefill(self) -> bool:
        """Whether many events can be heard at once."""
        ...

    def start(self, n: int) -> Any:
        """Memories of n rows that have heard nothing; they have a method `take`."""
        ...

    def step(self, heard: StepInput, state: Any, *, keep: bool = True) -> StepOutput:
        """What follows an event; see `Player.step`."""
        ...

    def prefill(self, heard: StepInput, state: Any, *, keep: bool = True) -> StepOutput:
        """What follows many events, heard at once; see `Player.prefill`."""
        ...


class Session:
    """Music under way in `n` rows, which have heard nothing at first.

    `opening` float64 [V] is how often each id begins a piece, `bars` where bar lines are. `seed` and
    `outputs` int64 [n], 0 to n - 1 where left out, decide the random numbers."""

    def __init__(
        self,
        player: PlayableModel,
        opening: Float64,
        bars: Bars,
        n: int = 1,
        *,
        rules: Sequence[Rule] = (),
        sampling: Sampling = Sampling(),
        control: Control | None = None,
        seed: int = 0,
        outputs: Sequence[int] | None = None,
    ) -> None:
        self.alphabet = player.alphabet
        self.n_events = 0
        """Events that each row has heard."""
        self.time: Int64 = np.zeros(n, np.int64)
        """Steps gone by in each row, int64 [B]."""
        self._player, self._bars, self._control, self._seed = player, bars, control, seed
        self._outputs = np.arange(n) if outputs is None else _numbered(outputs, n)
        self._constraints = Constraints(rules, n)
        self._positioned = "position" in player.wants
        self._draws: Draws | None = None
        self._before = player.start(n)  # the memory before the last event
        self._heard: tuple[Int64, Int64 | None, Float32 | None] | None = (
            None  # the last event, its position, its values
        )
        self._said: StepOutput | None = None  # what follows it, once it was asked for
        self._opening = log_opening(opening, player.alphabet)
        self.sampling = sampling

    def __len__(self) -> int:
        return len(self.time)

    # what may come ------------------------------------------------------------------------------------------

    @property
    def log_p(self) -> AnyFloat:
        """Log-probability of each id of each field of the next event, at the temperature, [B, V]."""
        if self._heard is None:
            return np.broadcast_to(self._opening, (len(self), len(self._opening)))
        return self.said.log_p

    @property
    def said(self) -> StepOutput:
        """What the model says after the last event. There must have been one."""
        if self._said is None:
            assert self._heard is not None, "nothing was heard yet"
            event, position, value = self._heard
            control = None if self._control is None else self._control(self.time)
            self._said = self._player.step(
                StepInput(event, self._temperature, position, control, value, self._uniform()),
                self._before,
                keep=False,
            )
        return self._said

    @property
    def value(self) -> Float32 | None:
        """The continuous numbers that the model proposes for the next event, [B, G]; None where there are
        none, and before the first event."""
        return None if self._heard is None else self.said.drawn

    @property
    def heard_value(self) -> Float32 | None:
        """The continuous numbers that the last event was heard with, [B, G]; None where there are none."""
        return None if self._heard is None else self._heard[2]

    def propose(self, u: Float64 | None = None) -> Int64:
        """An event for each row, int64 [B, F], drawn but not heard: the same until something is heard.

        `u` [B, F] are numbers in (0, 1) to draw with in place of the session's own. Raises `OptionError`
        where the rules leave nothing that the model can play."""
        u = self._numbers()[:, : self.alphabet.n_fields] if u is None else u
        log_p = self.log_p
        if self.alphabet.n_fields == 1:
            allowed = self._constraints.allowed(0) if self._constraints else None
            return sample(log_p, u[:, 0], self._applied, allowed, self._greedy_rows)[:, None]
        trial = self._constraints.take(np.arange(len(self)))
        fields = []
        for f, part in enumerate(self.alphabet.slices):
            fields.append(sample(log_p[:, part], u[:, f], self._applied, trial.allowed(f), self._greedy_rows))
            trial.hear(f, fields[-1])
        return np.stack(fields, axis=1)

    # what sounded -------------------------------------------------------------------------------------------

    def hear(self, events: Int64, value: Float32 | None = None) -> Int64:
        """`events` int64 [B, F] sounded, with the continuous numbers `value` [B, G], the proposed ones where
        None. Gives the events as they were heard: pitches that the model does not know are folded by octaves
        into its range, other numbers become the nearest that it knows.

        Raises `InputError` for what is no event at all, and for another number of rows.
        """
        wanted = (len(self), self.alphabet.n_fields), (len(self), len(self.alphabet.values))
        if events.shape != wanted[0] or (value is not None and value.shape != wanted[1]):
            values = "" if value is None else f" with values of shape {list(value.shape)}"
            raise InputError(
                f"Events of shape {list(events.shape)}{values} for {len(self)} rows of {wanted[0][1]} fields "
                f"and {wanted[1][1]} values."
            )
        events = np.asarray(events, np.int64) if self.alphabet.knows(events) else self.alphabet.heard(events)
        self._take_in(events, self.value if value is None and self.alphabet.values else value)
        return events

    def accept(self, events: Int64) -> None:
        """`events` int64 [B, F], which `propose` gave, sounded; they need no check."""
        self._take_in(events, self.value if self.alphabet.values else None)

    def hear_all(self, events: Int64, value: Float32 | None = None) -> Int64:
        """Every row heard the same `events` int64 [T, F], one after the other, with the continuous numbers
        `value` [T, G], zeros where None; as they were heard, int64 [T, F].

        At once where the model can, which is quicker for many. Raises as `hear` does.
        """
        if value is None and self.alphabet.values:
            value = np.zeros((len(events), len(self.alphabet.values)), np.float32)
        if len(events) > 1 and self._player.can_prefill and self._heard is None:
            return self._prefilled(events, value)
        n, heard = len(self), np.array(events, np.int64)
        for t, event in enumerate(heard):
            row = None if value is None else np.broadcast_to(value[t], (n, value.shape[1]))
            heard[t] = self.hear(np.broadcast_to(event, (n, len(event))), row)[0]
        return heard

    def step(self) -> Int64:
        """Hear what is proposed; gives it, int64 [B, F]."""
        events = self.propose()
        self.accept(events)
        return events

    # forks --------------------------------------------------------------------------------------------------

    def fork(self, rows: npt.ArrayLike | None = None, outputs: Sequence[int] | None = None) -> Session:
        """A session of the rows at `rows` (repeated, dropped, reordered, or selected by booleans; all where
        None) that goes its own way; this one stays as it is. `outputs` says whose random numbers its rows
        draw; theirs where None. Raises `InputError` for another number of them than of rows."""
        taken = np.arange(len(self)) if rows is None else _places(rows)
        other = copy.copy(self)
        other.time, other._bars = self.time[taken], self._bars.take(taken)
        other._temperature = self._temperature[taken]
        other._greedy_rows = None if self._greedy_rows is None else self._greedy_rows[taken]
        other._outputs = self._outputs[taken] if outputs is None else _numbered(outputs, len(taken))
        other._draws = self._draws.take(taken) if self._draws is not None and outputs is None else None
        other._constraints = self._constraints.take(taken)
        if isinstance(self._control, _Rows):
            other._control = _Rows(self._control.rows[taken])
        other._before = self._before.take(taken)
        if self._heard is not None:
            event, position, value = self._heard
            other._heard = event[taken], _rows(position, taken), _rows(value, taken)
        redrawn = outputs is not None and self._player.n_uniform  # the graph draws too
        other._said = None if self._said is None or redrawn else _taken(self._said, taken)
        return other

    # what may change on the way -----------------------------------------------------------------------------

    @property
    def sampling(self) -> Sampling:
        """How events are chosen; may be set at any time, and sets the temperature of all rows."""
        return self._sampling

    @sampling.setter
    def sampling(self, value: Sampling) -> None:
        self._sampling = value
        self.temperature = value.temperature

    @property
    def temperature(self) -> Float32:
        """The temperature of each row, float32 [B]; may be set at any time, one for all rows or one each. A
        row at 0 takes the likeliest event."""
        cold = self._applied.temperature == 0 if self._greedy_rows is None else self._greedy_rows
        return np.where(cold, np.float32(0), self._temperature)

    @temperature.setter
    def temperature(self, value: npt.ArrayLike) -> None:
        given = np.broadcast_to(np.asarray(value, np.float32), (len(self),))
        for single in given.tolist():
            check_temperature(single)
        cold = given == 0
        self._greedy_rows = cold if cold.any() and not cold.all() else None
        self._applied = replace(self._sampling, temperature=0.0 if cold.all() else 1.0)
        self._temperature = np.where(cold, np.float32(1), given)
        self._forget_said()

    @property
    def control(self) -> Control | None:
        """What events are conditioned on; may be set at any time, to a function of time for all rows or to
        numbers, [C] for all or [B, C] for each."""
        return self._control

    @control.setter
    def control(self, value: Control | npt.ArrayLike | None) -> None:
        if value is None or callable(value):
            self._control = value
        else:
            numbers = np.atleast_2d(np.asarray(value, np.float32))
            self._control = _Rows(np.broadcast_to(numbers, (len(self), numbers.shape[1])))
        self._forget_said()

    def limit(self, *rules: Rule) -> None:
        """From now on `rules` hold too, beginning as if nothing had happened before."""
        for rule in rules:
            self._constraints.add(rule, len(self))

    # ------------------------------------------------------------------------------------------------------

    def _forget_said(self) -> None:
        """What the model said must be asked for anew: it depends on what has changed."""
        self._said = None

    def _take_in(self, events: Int64, value: Float32 | None) -> None:
        if self._heard is not None:
            self._before, self._said = self.said.state, None
        if value is None and self.alphabet.values:
            value = np.zeros((len(self), len(self.alphabet.values)), np.float32)
        self._heard = events, self._bars.at(self.time) if self._positioned else None, value
        for f in range(self.alphabet.n_fields if self._constraints else 0):
            self._constraints.hear(f, events[:, f])
        self.time = self.time + (self.alphabet.steady or self.alphabet.steps(events))
        self.n_events += 1

    def _prefilled(self, events: Int64, value: Float32 | None) -> Int64:
        heard = events if self.alphabet.knows(events) else self.alphabet.heard(events)
        n, ends = len(self), np.cumsum(self.alphabet.steps(heard))
        times = ends - self.alphabet.steps(heard)
        head, last = heard[:-1], np.broadcast_to(heard[-1], (n, heard.shape[1]))

        def every(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.ascontiguousarray(np.broadcast_to(rows, (n, *rows.shape)))

        control = self._control_at(ends[:-1])
        position = self._bars.at(np.broadcast_to(times[:-1], (n, len(head))))
        own = None if value is None else every(value[:-1])
        given = StepInput(every(head), self._temperature, position, control, own, self._uniform())
        self._before = self._player.prefill(given, self._before, keep=False).state
        for event in head:
            for f in range(self.alphabet.n_fields):
                self._constraints.hear(f, np.full(n, event[f]))
        self.time, self.n_events = np.full(n, times[-1]), len(head)
        self._take_in(last, None if value is None else np.broadcast_to(value[-1], (n, value.shape[1])))
        return heard

    def _control_at(self, steps: Int64) -> Float32 | None:
        """The control of every row at all of `steps` [T], [B, T, C]."""
        if self._control is None:
            return None
        rows = self._control.rows[:, None] if isinstance(self._control, _Rows) else self._control(steps)[None]
        return np.ascontiguousarray(np.broadcast_to(rows, (len(self), len(steps), rows.shape[-1])))

    def _numbers(self) -> Float64:
        """This event's random numbers, [B, F + U]: to draw its fields, and in the graph."""
        if self._draws is None:
            n_fields = self.alphabet.n_fields + self._player.n_uniform
            self._draws = Draws(self._seed, self._outputs.tolist(), n_fields)
        return self._draws.at(self.n_events)

    def _uniform(self) -> Float32 | None:
        if not self._player.n_uniform:
            return None
        return np.minimum(self._numbers()[:, self.alphabet.n_fields :], _BELOW_ONE).astype(np.float32)


def log_opening(opening: Float64, alphabet: Alphabet) -> Float64:
    """Log-distribution [V] of first events; no id that the model knows has probability zero."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.where(alphabet.known, opening + OPENING_FLOOR, 0.0)))


def _places(rows: npt.ArrayLike) -> Int64:
    """Row indices from indices, or from a boolean for each row."""
    asked = np.atleast_1d(np.asarray(rows))
    return np.flatnonzero(asked) if asked.dtype == np.bool_ else asked.astype(np.int64)


def _numbered(outputs: Sequence[int], n: int) -> Int64:
    """Output numbers of n rows. Raises `InputError` for another number of them, `OptionError` for those that
    no piece can have."""
    if len(outputs) != n:
        raise InputError(f"{len(outputs)} output numbers for {n} rows.")
    check_outputs(outputs)
    return np.asarray(outputs, np.int64)


def _taken(said: StepOutput, rows: Int64) -> StepOutput:
    """The rows at `rows` of what a model said."""
    label, label_log_p, drawn = (_rows(array, rows) for array in said[2:])
    return StepOutput(said.log_p[rows], said.state.take(rows), label, label_log_p, drawn)


def _rows(array: npt.NDArray[Any] | None, rows: Int64) -> Any:
    return None if array is None else array[rows]
