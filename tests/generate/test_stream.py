"""The stream: what a file would hold, event by event, without end, and listening to what sounded."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest

from antiphon.errors import OptionError
from antiphon.extract.melody import Melody
from antiphon.generate import Options, generate
from antiphon.generate.plan import prepare
from antiphon.generate.stream import stream
from antiphon.runtime.bundle import Bundle

TUNE = [60, -2, 64, -2, 67, -2, -2, -2]


def flow(bundle: Bundle, toy: Any, prompt: Any = None, output: int = 0, **options: Any) -> Any:
    plan = prepare(bundle, prompt, Options.of(**options))
    return stream(toy, bundle.opening, plan, seed=6, output=output)


@pytest.mark.parametrize("prompt", [None, TUNE])
@pytest.mark.parametrize("options", [{}, {"temperature": 0.7, "top_p": 0.8}, {"key": "Eb", "in_key": True}])
def test_the_stream_is_the_piece(bundle: Bundle, toy: Any, prompt: Any, options: dict[str, Any]) -> None:
    (piece,) = generate(bundle, prompt, Options.of(bars=3, **options), 6, outputs=[2], player=toy)
    events = [sounding.event for sounding in flow(bundle, toy, prompt, output=2, bars=3, **options)]
    assert events == piece.sequence.events[len(prompt or []) :].tolist()


def test_the_streams_numbers_are_those_of_the_piece(bundle: Bundle, touching: Any) -> None:
    (piece,) = generate(bundle, TUNE, Options.of(bars=2), 6, player=touching)
    numbers = [sounding.value for sounding in flow(bundle, touching, TUNE, bars=2)]
    assert np.array_equal(numbers, piece.music.value[8:])


def test_it_never_ends_by_itself(bundle: Bundle, toy: Any) -> None:
    endless = list(islice(flow(bundle, toy), 2000))
    assert [sounding.step for sounding in endless] == list(range(2000))


def test_steps_bars_and_seconds(bundle: Bundle, toy: Any) -> None:
    soundings = list(flow(bundle, toy, TUNE, steps=16, meter="3/4", qpm=60))
    assert [s.step for s in soundings] == list(range(8, 16))
    assert [s.step_in_bar for s in soundings] == [8, 9, 10, 11, 0, 1, 2, 3]
    assert [s.time_s for s in soundings] == [2 + k / 4 for k in range(8)]


def test_a_stream_goes_on_from_a_pickup(bundle: Bundle, toy: Any) -> None:
    upbeat = Melody(np.array([67, -2, 69, -2]), start_in_bar=10)
    soundings = list(flow(bundle, toy, upbeat, steps=9))
    assert [s.step_in_bar for s in soundings] == [14, 15, 0, 1, 2]


def test_what_sounded_is_what_the_model_hears(bundle: Bundle, toy: Any) -> None:
    source = flow(bundle, toy, [62, -2, 66, -2, 69, -2], steps=12)  # in D, heard in C
    next(source)
    source.send(74)
    source.send(-1)
    assert [events for events, _ in toy.heard[6:]] == [[72 + 2], [1]]
    assert len(list(source)) == 3


def test_a_stream_cannot_be_searched(bundle: Bundle, toy: Any) -> None:
    with pytest.raises(OptionError, match="cannot be searched"):
        next(flow(bundle, toy, beam_size=2))


def test_rewinding_gives_the_same_numbers(bundle: Bundle, toy: Any) -> None:
    first, second = (list(islice(flow(bundle, toy, output=1), 600)) for _ in range(2))
    assert first == second
    assert len(np.unique([s.event for s in first])) > 20
