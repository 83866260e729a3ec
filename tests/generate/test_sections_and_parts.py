"""Sections and parts that a model makes for music that is there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from antiphon import recipes
from antiphon.errors import EmptyError, OptionError
from antiphon.generate.model import Model
from antiphon.generate.parts import _bars, complete_form, part_for
from antiphon.generate.prompt import prompt, to_bar_line
from antiphon.runtime.bundle import Bundle
from antiphon.score.bars import bar_lines
from antiphon.score.maps import MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Q = 480


def tune(pitch: list[int], meter: tuple[int, int] = (4, 4)) -> Score:
    start = Q * np.arange(len(pitch))
    meters = MeterMap.of([(0, *meter)])
    return Score(Notes.of(start, start + Q, pitch), Q, meters=meters, source="tune.mid")


def test_missing_sections_go_on_from_the_first(real_bundle: Callable[[str], Bundle]) -> None:
    model = Model(real_bundle("melody/basic"))
    given = tune([62, 66, 69, 67, 73, 69], (3, 4))
    made = complete_form({"A": given}, ["A", "B", "C"], model, bars=4, seed=1)
    assert made["A"] is given
    for name in "BC":
        assert made[name].meters == given.meters
        assert made[name].end <= 12 * Q
    assert made["B"] != made["C"]
    other = tune([72, 71, 69])
    again = complete_form({"A": given, "B": other}, ["A", "B", "C"], model, bars=4, seed=1)
    assert again["C"] == made["C"], "a section does not change when another is given"
    nothing = complete_form({}, ["A", "B"], model, bars=2, seed=1, key="F")
    assert all(section.keys[0].key.tonic == 5 for section in nothing.values())


def test_the_first_sections_pickup_is_not_lost(real_bundle: Callable[[str], Bundle]) -> None:
    """A section goes on from a first one with a pick-up: its own bars begin on a bar line."""
    model = Model(real_bundle("melody/basic"))
    upbeat = tune([67, 72, 74, 76, 72, 74, 76, 77]).replace(meters=MeterMap.of([(0, 1, 4), (Q, 3, 4)]))
    made = complete_form({"A": upbeat}, ["A", "B"], model, bars=4, seed=1)["B"]
    assert made.meters == MeterMap.of([(0, 3, 4)]), "no pick-up of its own"
    assert 9 * Q < made.end <= 12 * Q
    assert bar_lines(made)[:2].tolist() == [0, 3 * Q]


def test_a_primer_is_filled_up_to_its_bar_line_with_a_rest_that_may_go_on() -> None:
    recipe = recipes.find("melody/basic")
    short, whole = (prompt(tune([60] * n, (3, 4)), recipe) for n in (4, 6))
    filled = to_bar_line(short)
    assert filled.ids[16:, 0].tolist() == [1, *[0] * 7]
    assert (short.finished, filled.finished) == (True, False)
    assert to_bar_line(whole) is whole


def changing() -> Score:
    """A pick-up of a quarter, two bars of 3/4, one of 6/8, two of 4/4; in ticks of 96 per quarter."""
    meters = MeterMap.of([(0, 1, 4), (96, 3, 4), (96 * 7, 6, 8), (96 * 10, 4, 4)])
    start = 96 * np.arange(18)
    notes = Notes.of(start, start + 96, 60)
    return Score(notes, 96, tempos=TempoMap.of([(0, 90), (96 * 7, 120)]), meters=meters)


def test_a_part_follows_the_meters_of_the_music(real_bundle: Callable[[str], Bundle]) -> None:
    music, model = changing(), Model(real_bundle("drums/drum-kit"))
    part = part_for(music, model, seed=3)
    assert (part.meters, part.tempos) == (music.meters, music.tempos)
    assert part.ticks_per_quarter == 96
    assert part.notes.is_drum.all()
    assert part.notes.start.min() == 96, "from the first whole bar on"
    assert part.notes.end.max() <= 96 * 18
    assert (part.notes.start % 24 == 0).all()
    assert part_for(music, model, seed=3) == part
    assert part_for(music, model, seed=4) != part


def test_the_bars_of_a_part_are_counted_from_the_first_whole_one() -> None:
    music = changing()
    expected = [[step, bar] for bar in (12, 12, 12, 16, 16) for step in range(bar)]
    assert _bars(music, 96, 4).at(np.arange(len(expected))[None])[0].tolist() == expected
    assert _bars(tune([60] * 6, (3, 4)), 0, 4).at(np.array([0, 13])).tolist() == [[0, 12], [1, 12]]


def test_the_model_hears_where_the_bars_are(real_bundle: Callable[[str], Bundle]) -> None:
    """Other bars, other music: the clock of the drum kit reads them."""
    music, model = changing(), Model(real_bundle("drums/drum-kit"))
    other = music.replace(meters=MeterMap.of([(0, 1, 4), (96, 4, 4), (96 * 5, 3, 4), (96 * 14, 4, 4)]))
    assert part_for(music, model, seed=3).notes != part_for(other, model, seed=3).notes


def test_music_without_a_whole_bar_or_with_bars_that_cannot_be_counted(
    real_bundle: Callable[[str], Bundle],
) -> None:
    model = Model(real_bundle("drums/one-drum"))
    with pytest.raises(EmptyError, match="no whole bar"):
        part_for(Score(Notes.none(), source="e.mid"), model, seed=1)
    with pytest.raises(OptionError, match=r"A bar of 5/16 has 2\.5 steps"):
        part_for(tune([60] * 10, (5, 16)), model, seed=1)
    off = tune([60] * 10).replace(meters=MeterMap.of([(0, 4, 4), (4 * Q + Q // 4, 3, 4)]))
    with pytest.raises(OptionError, match="A bar line of the music falls between the model's steps"):
        part_for(off, model, seed=1)


def test_sections_of_no_bars(real_bundle: Callable[[str], Bundle]) -> None:
    with pytest.raises(OptionError, match="length is 0 bars"):
        complete_form({"A": tune([60, 62])}, ["A", "B"], Model(real_bundle("melody/basic")), bars=0, seed=1)
