"""`Player`: a bundle's step graph at work, an event in, the distribution of the next one out. No torch.

The automaton of the playing contract: `event` int64 [B] that just sounded, at `position` int64 [B, 2] (its
step in the bar, steps per bar), and the state go in; `log_p` float32 [B, V] and the next state come out. A
state is a value: it can be kept, forked and gone back to. Ids are checked here, because a graph gathers
silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from antiphon.codecs import family
from antiphon.errors import BundleError, InputError, OptionError, one_line
from antiphon.recipes import MAX_STEPS_PER_BAR
from antiphon.runtime.bundle import Bundle

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_HEAD = ("log_p", "label_log_p")
_DTYPES = {"int64": np.int64, "float32": np.float32}


@dataclass(frozen=True)
class State:
    """What a model remembers of B pieces: tensors by name, batch first. Never written to."""

    tensors: Mapping[str, npt.NDArray[np.int64 | np.float32]]

    def take(self, indices: Ints) -> State:
        """The memories at `indices`, which may repeat: for beams and forks."""
        return State({name: tensor[indices] for name, tensor in self.tensors.items()})


@dataclass(frozen=True)
class Step:
    """What follows an event: `log_p` float32 [B, V] at the asked temperature, `label_log_p` [B, L] at
    temperature 1.
    """

    log_p: Floats
    label_log_p: Floats
    state: State


class Player:
    """Plays one bundle. `threads` is for one step's arithmetic: 1 is best live and in small batches."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        self.bundle = bundle
        self._session = _session(bundle, threads)
        self._outputs = [*_HEAD, *(f"next_{name}" for name in bundle.state)]
        self._check_graph()
        in_view = family(bundle.recipe.family).in_view(bundle.recipe.view)
        self._known = frozenset(np.flatnonzero(in_view).tolist())

    def start(self, n: int) -> State:
        """Memories of `n` pieces in which nothing has sounded yet."""
        shapes = self.bundle.state.items()
        return State({name: np.zeros((n, *shape), _DTYPES[kind]) for name, (kind, shape) in shapes})

    def step(self, events: Ints, position: Ints, temperature: Floats, state: State) -> Step:
        """What follows `events` int64 [B] that sounded at `position` int64 [B, 2], at `temperature` float32
        [B] above 0.

        Raises `InputError` for an event outside the model's range, `OptionError` for an impossible position
        or temperature.
        """
        self._check_events(events)
        _check_clock(position, temperature, len(events))
        clock = {"position": position, "temperature": temperature}
        feeds = {"event": events[:, None], **clock, **state.tensors}
        log_p, label_log_p, *after = self._session.run(self._outputs, feeds)
        return Step(log_p, label_log_p, State(dict(zip(state.tensors, after, strict=True))))

    def _check_events(self, events: Ints) -> None:
        ids = events.tolist()
        if not self._known.issuperset(ids):
            wrong = next(event for event in ids if event not in self._known)
            view = self.bundle.recipe.view
            raise InputError(
                f"The event {wrong} is unknown to {self.bundle.name}; it knows 0 (nothing new), 1 (note off) "
                f"and {view.min_pitch + 2} to {view.max_pitch + 1} (pitches {view.min_pitch} to "
                f"{view.max_pitch - 1})."
            )

    def _check_graph(self) -> None:
        missing = {*self._outputs} - {made.name for made in self._session.get_outputs()}
        given = {given.name for given in self._session.get_inputs()}
        strange = given ^ {"event", "position", "temperature", *self.bundle.state}
        kinds = {kind for kind, _ in self.bundle.state.values()} - _DTYPES.keys()
        if missing or strange or kinds:
            what = ", ".join(sorted(missing | strange | kinds))
            raise BundleError(
                f"The graph of '{self.bundle.name}' does not fit its index ({what}); get it anew."
            )


def _check_clock(position: Ints, temperature: Floats, n: int) -> None:
    places = position.tolist()
    if len(places) != n or len(temperature) != n:
        raise OptionError(
            f"{n} events came with {len(places)} positions and {len(temperature)} temperatures."
        )
    for step, steps_per_bar in places:
        if not 0 <= step < steps_per_bar <= MAX_STEPS_PER_BAR:
            raise OptionError(
                f"Step {step} of a bar of {steps_per_bar} steps: a bar has 1 to {MAX_STEPS_PER_BAR} steps, "
                "counted from 0."
            )
    for value in temperature.tolist():
        if not 0 < value < float("inf"):
            raise OptionError(f"The temperature is {value}; expected a number above 0.")


def _session(bundle: Bundle, threads: int) -> ort.InferenceSession:
    weights = bundle.weights()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        values = [ort.OrtValue.ortvalue_from_numpy(tensor) for tensor in weights.values()]
        options.add_external_initializers(list(weights), values)
        return ort.InferenceSession(bundle.graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no narrower ancestor
        reason = one_line(error, 160)
        raise BundleError(
            f"The graph of the bundle '{bundle.name}' cannot be played ({reason}); get it anew."
        ) from None
