"""`BoundGraph`: one of a bundle's graphs in onnxruntime, run on states.

A step of a few rows costs more in handing tensors over than in arithmetic. So rows that go on for long get a
*lane*: two sets of buffers for the state, of which each step reads one and writes the other, bound to the
graph once. Rings are bound in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from antiphon.arrays import Float32, Int64
from antiphon.errors import AntiphonError, BundleError, one_line
from antiphon.runtime.admission import AdmittedGraph
from antiphon.runtime.bundle import Graph
from antiphon.runtime.state import Array, Buffer, PlayingState

_FEW = 16
"""Rows up to which a lane is worth while."""
_SETTLED = 4
"""Steps after which rows are taken to go on for long."""


class StepInput(NamedTuple):
    """An event that just sounded, in B pieces, and what is known of the one to come. What a model does not
    ask for may be left out."""

    event: Int64
    """Ids int64 [B, F]."""
    temperature: Float32
    """Above 0, float32 [B]."""
    position: Int64 | None = None
    """The step in its bar on which the event stands, and the steps of that bar, int64 [B, 2]."""
    control: Float32 | None = None
    """What the next event is conditioned on, float32 [B, C]."""
    value: Float32 | None = None
    """The continuous numbers that went with the event, float32 [B, G]."""
    uniform: Float32 | None = None
    """Numbers in (0, 1) that the graph draws the next event's continuous numbers with, float32 [B, U]."""


class StepOutput(NamedTuple):
    """What follows an event."""

    log_p: Float32
    """Log-probability of each id of each field of the next event, at the asked temperature, [B, V]."""
    state: PlayingState
    """What is remembered now."""
    label: Int64 | None = None
    """The codec's own label of the event that was heard, in each group, [B, H]; None where it has none."""
    label_log_p: Float32 | None = None
    """Log-probability of each label of the next event at temperature 1, [B, L]."""
    drawn: Float32 | None = None
    """The continuous numbers of the next event, [B, G]."""


_SAID = ("log_p", "label", "label_log_p", "drawn")


class BoundGraph:
    """A bundle's graph, run on states. `rings` are the tensors of the state that are written in place;
    `admitted` says for how many rows it may be run."""

    def __init__(
        self, graph: Graph, session: ort.InferenceSession, rings: tuple[str, ...], admitted: AdmittedGraph
    ) -> None:
        self.session, self.graph, self._admitted = session, graph, admitted
        self.asked = [(name, place) for place, name in enumerate(StepInput._fields) if name in graph.inputs]
        self.said = [name for name in _SAID if name in graph.outputs]
        self.after = [
            name[5:] for name in graph.outputs if name.startswith("next_") and name[5:] not in rings
        ]
        self.rings = rings
        self._outputs = [*self.said, *(f"next_{name}" for name in self.after)]
        self._places = [self.said.index(name) if name in self.said else None for name in _SAID]

    def width(self, name: str) -> int:
        """Numbers a row of an input [B, n]; 0 where it has none of that name."""
        return self.graph.inputs[name][1][-1] if name in self.graph.inputs else 0

    def run(self, heard: StepInput, state: PlayingState, keep: bool) -> StepOutput:
        """What follows `heard`; without `keep`, `state` is given away. Raises `BundleError` where the graph
        may not be run for so many rows, or fails."""
        self._admitted.check(len(heard.event), heard.event.shape[1] if heard.event.ndim > 2 else 1)
        try:
            return self._run(heard, state, keep)
        except (AntiphonError, AssertionError):
            raise
        except Exception as error:  # onnxruntime's own exceptions share no narrower ancestor
            raise BundleError(
                f"A graph of the bundle cannot be run ({one_line(error, 160)}); get the bundle anew."
            ) from None

    def _run(self, heard: StepInput, state: PlayingState, keep: bool) -> StepOutput:
        if not keep and len(heard.event) <= _FEW:
            if state.lane is None and state.age >= _SETTLED:
                state = _Lane(self, heard, state).begin(state)
            if state.lane is not None:
                return state.lane.run(heard, state)  # type: ignore[no-any-return]
        feeds: dict[str, Any] = dict(state.tensors)
        for name, place in self.asked:
            feeds[name] = heard[place]
        if self.rings:
            return self._run_in_place(feeds, state, keep)
        found = self.session.run(self._outputs, feeds)
        after = PlayingState(dict(zip(self.after, found[len(self.said) :], strict=True)))
        after.age = state.age + 1
        return self.answer(found, after)

    def _run_in_place(self, feeds: Mapping[str, Any], state: PlayingState, keep: bool) -> StepOutput:
        buffers = state.buffers(keep=keep)
        binding = self.session.io_binding()
        for name, array in feeds.items():
            binding.bind_cpu_input(name, np.ascontiguousarray(array))
        for name, buffer in buffers.items():
            _bind(binding, name, buffer.array, f"next_{name}", buffer.array)
        for name in self._outputs:
            binding.bind_output(name)
        self.session.run_with_iobinding(binding)
        found = binding.copy_outputs_to_cpu()[len(buffers) :]
        after = PlayingState.of(dict(zip(self.after, found[len(self.said) :], strict=True)), buffers)
        after.age = state.age + 1
        return self.answer(found, after)

    def answer(self, found: list[Any], state: PlayingState) -> StepOutput:
        """What was `said`, in its places. Raises `BundleError` for what are no probabilities."""
        # What is no number, or infinite, is so in the sum too; -inf stands where an event is impossible.
        if not np.add.reduce(found[0], axis=None) < np.inf:
            raise BundleError("The model gives no numbers for the next event; get its bundle anew.")
        said: list[Any] = [None if place is None else found[place] for place in self._places]
        return StepOutput(said[0], state, said[1], said[2], said[3])


class _Lane:
    """Buffers for rows that go on for long. Generation g of the state lies on side g % 2; a step may be taken
    from the newest one, or once more from the one before it."""

    def __init__(self, graph: BoundGraph, heard: StepInput, state: PlayingState) -> None:
        self._graph, self._generation, self._rings = graph, 0, bool(graph.rings)
        self._given: list[tuple[npt.NDArray[Any], int]] = []
        n = len(heard.event)
        self._said: list[Array] = []
        other = {name: np.empty_like(tensor) for name, tensor in state.tensors.items()}
        self._sides: tuple[dict[str, Array], ...] = ({k: v.copy() for k, v in state.tensors.items()}, other)
        self._bindings = tuple(graph.session.io_binding() for _ in self._sides)
        for name, place in graph.asked:
            buffer = np.array(heard[place], order="C")  # onnxruntime binds a copy of any other
            self._given.append((buffer, place))
            self._bind_both(name, buffer)
        for name in graph.said:
            kind, shape = graph.graph.outputs[name]
            self._said.append(np.empty((n, *shape), kind))
            self._bind_both(None, None, name, self._said[-1])
        for side, binding in enumerate(self._bindings):
            for name in graph.after:
                _bind(binding, name, self._sides[side][name], f"next_{name}", self._sides[1 - side][name])
        self._buffers: dict[str, Buffer] = {}

    def begin(self, state: PlayingState) -> PlayingState:
        """`state`, of which the lane was made, in it."""
        return self._at(state.buffers(keep=False), 0)

    def run(self, heard: StepInput, state: PlayingState) -> StepOutput:
        """As `BoundGraph.run` without `keep`."""
        generation = state.age
        assert self._generation - 1 <= generation <= self._generation, "this state was given away"
        given: tuple[Any, ...] = heard
        for buffer, place in self._given:
            buffer[...] = given[place]
        buffers = state.buffers(keep=False) if self._rings else {}
        if buffers:
            self._bind_rings(buffers)
        self._graph.session.run_with_iobinding(self._bindings[generation % 2])
        self._generation = generation + 1
        return self._graph.answer([said.copy() for said in self._said], self._at(buffers, generation + 1))

    def _at(self, buffers: Mapping[str, Buffer], generation: int) -> PlayingState:
        """The state of a generation."""
        tensors = self._sides[generation % 2]
        state = PlayingState.of(tensors, buffers) if buffers else PlayingState(tensors)
        state.age, state.lane = generation, self
        return state

    def _bind_both(self, name: str | None, array: Any, output: str | None = None, said: Any = None) -> None:
        for binding in self._bindings:
            _bind(binding, name, array, output, said)

    def _bind_rings(self, buffers: Mapping[str, Buffer]) -> None:
        for name, buffer in buffers.items():
            if self._buffers.get(name) is not buffer:
                self._bind_both(name, buffer.array, f"next_{name}", buffer.array)
                self._buffers[name] = buffer


def _bind(binding: ort.IOBinding, name: str | None, array: Any, output: str | None, said: Any) -> None:
    """Bind an input's buffer and an output's; they may be one."""
    if name is not None:
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
    if output is not None:
        binding.bind_ortvalue_output(output, ort.OrtValue.ortvalue_from_numpy(said))
