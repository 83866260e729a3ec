"""`Player`: a bundle's graphs at work, an event in, the distribution of the next one out. No torch.

The automaton of the playing contract: an event that just sounded goes in, and where it stands; `log_p`
float32 [B, V] and the next state come out. A state is a value: it can be kept, forked and gone back to. Ids
are checked here, because a graph gathers silently."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort

from antiphon.arrays import Int64
from antiphon.errors import BundleError, InputError, OptionError, one_line
from antiphon.recipes import MAX_STEPS_PER_BAR
from antiphon.runtime import state as states
from antiphon.runtime.admission import admit
from antiphon.runtime.bundle import PREFILL, STEP, Bundle, Graph
from antiphon.runtime.graph import BoundGraph, StepInput, StepOutput
from antiphon.runtime.state import PlayingState

_APART = 1e-3
"""By which probabilities may sum to something else than 1."""
_FEW = 16
"""Rows up to which a loop in Python is quicker than numpy."""


class Player:
    """Plays one bundle. `threads` is for one step's arithmetic: 1 is best live and in small batches."""

    def __init__(self, bundle: Bundle, threads: int = 1) -> None:
        self.bundle, self.alphabet = bundle, bundle.alphabet
        self._state, self._rings = bundle.state, bundle.rings
        admitted = admit(bundle)
        sessions = _sessions(bundle, threads)
        self._step = BoundGraph(bundle.graphs[STEP], sessions[STEP], bundle.rings, admitted[STEP])
        self._prefill = (
            BoundGraph(bundle.graphs[PREFILL], sessions[PREFILL], bundle.rings, admitted[PREFILL])
            if PREFILL in sessions
            else None
        )
        self.wants = frozenset(bundle.graphs[STEP].inputs)
        """Names of what its graph asks for."""
        self.n_uniform = self._step.width("uniform")
        """Uniform numbers that a step draws with."""
        self._probe()

    def _probe(self) -> None:
        """One step from nothing, taken twice. Raises `BundleError` unless it gives the same probabilities,
        which sum to 1, and a finite state."""
        width = {name: self._step.width(name) for name in ("control", "value", "uniform")}
        heard = StepInput(
            np.zeros((1, self.alphabet.n_fields), np.int64),
            np.ones(1, np.float32),
            np.array([[0, 16]]),
            *(np.full((1, n), 0.5 if name == "uniform" else 0.0, np.float32) for name, n in width.items()),
        )
        first, second = (self._step.run(heard, self.start(1), keep=True) for _ in range(2))
        sums = [np.exp(first.log_p[0, part].astype(np.float64)).sum() for part in self.alphabet.slices]
        finite = all(np.isfinite(tensor).all() for tensor in first.state.tensors.values())
        same = np.array_equal(first.log_p, second.log_p)
        if not (finite and same and np.allclose(sums, 1, atol=_APART)):
            what = (
                "is not finite" if not finite else "differs" if not same else f"sums to {sums[0]:.4g}, not 1"
            )
            raise BundleError(
                f"What the graph of '{self.bundle.name}' gives for one event {what}; get the bundle anew."
            )

    @property
    def can_prefill(self) -> bool:
        """Whether many events can be heard at once."""
        return self._prefill is not None

    def start(self, n: int) -> PlayingState:
        """Memories of `n` pieces in which nothing has sounded yet."""
        return states.zeros(self._state, self._rings, n)

    def step(self, heard: StepInput, state: PlayingState, *, keep: bool = True) -> StepOutput:
        """What follows `heard`. With `keep` False, `state` is given away: memories marked as rings are
        written in place.

        Raises `InputError` for an event outside the model's range, `OptionError` for an impossible position
        or temperature.
        """
        self._check(heard)
        return self._step.run(heard, state, keep)

    def prefill(self, heard: StepInput, state: PlayingState, *, keep: bool = True) -> StepOutput:
        """What follows T events that are heard at once: `event` [B, T, F], `position` [B, T, 2] and so on,
        but for `temperature` and `uniform`, which are for what follows. Raises as `step` does."""
        assert self._prefill is not None
        self._check(heard)
        return self._prefill.run(heard, state, keep)

    def _check(self, heard: StepInput) -> None:
        if not self.alphabet.knows(heard.event):
            raise InputError(
                f"{self._unknown(heard.event)} is unknown to {self.bundle.name}; {self._known()}."
            )
        n = len(heard.event)
        if "position" in self.wants:
            _check_position(heard.position, n)
        if len(heard.temperature) != n:
            raise OptionError(f"{n} events came with {len(heard.temperature)} temperatures.")
        for value in heard.temperature.tolist():
            if not 0 < value < float("inf"):
                raise OptionError(f"The temperature is {value}; expected a number above 0.")

    def _unknown(self, events: Int64) -> str:
        """The first event that the model does not know."""
        rows = events.reshape(-1, self.alphabet.n_fields)
        for row in rows:
            if not self.alphabet.knows(row):
                return f"The event {row[0] if len(row) == 1 else tuple(row.tolist())}"
        return "An event"

    def _known(self) -> str:
        """What ids the model knows, in words."""
        words = []
        for f in self.alphabet.fields:
            for span in f.spans:
                low, high = span.known_ids
                first = f.firsts[span.name]
                ids = f"{first + low}" if high - low == 1 else f"{first + low} to {first + high - 1}"
                named = (
                    f", pitches {span.pitch + low} to {span.pitch + high - 1}"
                    if span.pitch is not None
                    else ""
                )
                words.append(f"{ids} ({span.name}{named})")
        return f"it knows {', '.join(words)}"


def _check_position(position: Int64 | None, n: int) -> None:
    if position is None or len(position) != n:
        raise OptionError(f"{n} events came with {0 if position is None else len(position)} positions.")
    places = position.reshape(-1, 2)
    if len(places) > _FEW:
        steps, bars = places.T
        wrong = np.flatnonzero((steps < 0) | (steps >= bars) | (bars > MAX_STEPS_PER_BAR))
        places = places[wrong[:1]]
    for step, bar in places.tolist():
        if not 0 <= step < bar <= MAX_STEPS_PER_BAR:
            raise OptionError(
                f"Step {step} of a bar of {bar} steps: a bar has 1 to {MAX_STEPS_PER_BAR} steps, "
                "counted from 0."
            )


def _sessions(bundle: Bundle, threads: int) -> dict[str, ort.InferenceSession]:
    """A session for each graph; all share the weights."""
    weights = bundle.weights()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        values = [ort.OrtValue.ortvalue_from_numpy(tensor) for tensor in weights.values()]
        options.add_external_initializers(list(weights), values)
        found = {role: _opened(graph, options) for role, graph in bundle.graphs.items()}
    except Exception as error:  # onnxruntime's own exceptions share no narrower ancestor
        reason = one_line(error, 160)
        raise BundleError(
            f"The graph of the bundle '{bundle.name}' cannot be played ({reason}); get it anew."
        ) from None
    return found


def _opened(graph: Graph, options: ort.SessionOptions) -> ort.InferenceSession:
    return ort.InferenceSession(graph.proto, options, providers=["CPUExecutionProvider"])
