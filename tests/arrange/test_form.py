"""Arranging: forms, layers, drums, dress."""

from __future__ import annotations

import numpy as np
import pytest

from antiphon.arrange import form, loops
from antiphon.errors import EmptyError, NameNotFound, OptionError
from antiphon.score.maps import Meter, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Q = 480
METERS = [(n, d) for d in (2, 4, 8, 16) for n in range(1, 14)]


def tune(pitch: list[int], meter: tuple[int, int] = (4, 4), resolution: int = Q, name: str = "") -> Score:
    start = resolution * np.arange(len(pitch))
    names = (name,) if name else ()
    return Score(
        Notes.of(start, start + resolution, pitch),
        resolution,
        meters=MeterMap.of([(0, *meter)]),
        track_names=names,
        source="tune.mid",
    )


A, B = tune([60, 62, 64, 65]), tune([72, 71, 69])


def test_a_form_puts_sections_on_bar_lines() -> None:
    music = form.in_form({"A": A, "B": B}, "AABA")
    assert music.notes.pitch.tolist() == [60, 62, 64, 65] * 2 + [72, 71, 69] + [60, 62, 64, 65]
    firsts = music.notes.start[[0, 4, 8, 11]]
    assert firsts.tolist() == [0, 4 * Q, 8 * Q, 12 * Q], "B has three beats, yet A waits for the bar line"
    assert [(mark.time, mark.text) for mark in music.markers] == [
        (0, "A"),
        (4 * Q, "A"),
        (8 * Q, "B"),
        (12 * Q, "A"),
    ]


def test_small_letters_are_a_form_too() -> None:
    assert form.in_form({"A": A, "B": B}, "aba") == form.in_form({"A": A, "B": B}, "ABA")
    assert form.letters("BABC") == ["B", "A", "C"]


@pytest.mark.parametrize(
    ("letters", "message"), [("", "form is ''"), ("A1", "form is 'A1'"), ("ABC", "needs a section C")]
)
def test_forms_that_are_none(letters: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        form.in_form({"A": A, "B": B}, letters)


def test_layers_repeat_by_whole_bars_and_end_with_the_music() -> None:
    base = tune([60] * 10, name="Lead")  # two and a half bars
    bass = tune([36, 38, 40], resolution=96, name="Bass")
    music = form.layered(base, [bass])
    assert music.track_names == ("Lead", "Bass")
    low = music.notes[music.notes.track == 1].sorted()
    assert low.pitch.tolist() == [36, 38, 40] * 3
    assert low.start.tolist() == [bar * 4 * Q + beat * Q for bar in range(3) for beat in range(3)]
    assert music.tempos == base.tempos


def test_a_layer_longer_than_the_music_is_cut_at_its_last_bar_line() -> None:
    music = form.layered(tune([60] * 4), [tune([40] * 20)])
    assert music.end == 4 * Q


def test_layers_need_notes_and_the_same_bars() -> None:
    with pytest.raises(EmptyError, match="no notes"):
        form.layered(A, [Score(Notes.none(), source="e.mid")])
    with pytest.raises(OptionError, match="is in 3/4 and the music in 4/4"):
        form.layered(A, [tune([60, 62, 64], (3, 4))])
    form.layered(tune([60] * 6, (3, 4)), [tune([60] * 3, (6, 8))])


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("style", [None, *loops.STYLES])
def test_every_meter_has_a_pattern_that_fits_its_bar(meter: tuple[int, int], style: str | None) -> None:
    bar = Meter(*meter)
    assert sum(loops.groups(bar)) == bar.numerator
    hits = loops.pattern(bar, style)
    assert hits[0].at == 0
    assert loops.KICK in {hit.pitch for hit in hits if hit.at == 0}
    assert all(0 <= hit.at < bar.numerator and 1 <= hit.velocity <= 127 for hit in hits)
    assert len({(hit.at, hit.pitch) for hit in hits}) == len(hits)


def test_meters_are_felt_in_their_groups() -> None:
    felt = {
        (4, 4): [1] * 4,
        (6, 8): [3, 3],
        (7, 8): [2, 2, 3],
        (5, 8): [2, 3],
        (9, 8): [3] * 3,
        (4, 8): [2, 2],
    }
    assert {meter: loops.groups(Meter(*meter)) for meter in felt} == felt
    snares = [hit.at for hit in loops.pattern(Meter(4, 4), "rock") if hit.pitch == loops.SNARE]
    assert snares == [1, 3]
    assert loops.SNARE not in {hit.pitch for hit in loops.pattern(Meter(3, 4))}, "three beats are a waltz"


def test_drums_follow_the_meters_and_leave_the_pickup_alone() -> None:
    meters = MeterMap.of([(0, 1, 4), (Q, 3, 4), (7 * Q, 4, 4)])
    music = form.with_drums(tune([60] * 11).replace(meters=meters))
    played = music.notes[music.notes.is_drum]
    assert music.track_name(1) == "Drums"
    kicks = np.unique(played.start[played.pitch == loops.KICK])
    assert kicks.tolist() == [Q, 4 * Q, 7 * Q, 9 * Q]
    assert played.end.max() <= 11 * Q


def test_a_bar_that_is_cut_short_keeps_its_strokes_to_itself() -> None:
    """4/4 that turns to 3/4 after six quarters."""
    music = tune([60] * 9).replace(meters=MeterMap.of([(0, 4, 4), (6 * Q, 3, 4)]))
    played = loops.loop(music, "rock").notes
    kicks = played.start[played.pitch == loops.KICK]
    assert len(np.unique(kicks)) == len(kicks)
    assert not (played.pitch[played.start == 7 * Q] == loops.SNARE).sum() > 1
    assert loops.loop(tune([60] * 4, resolution=4)).notes.end.min() > 0


def test_an_unknown_style() -> None:
    with pytest.raises(NameNotFound, match="Did you mean 'waltz'"):
        form.with_drums(A, "walz")


def test_parts_are_dressed_in_order_and_drums_left_alone() -> None:
    music = form.dressed(form.with_drums(form.layered(A, [B])), [40, 42], ["Violin"])
    assert music.track_names == ("Violin", "", "Drums")
    assert [set(music.notes.program[music.notes.track == t].tolist()) for t in (0, 1, 2)] == [{40}, {42}, {0}]


def test_one_tempo_and_one_meter() -> None:
    assert form.at_tempo(A, 90).tempos == TempoMap.of([(0, 90)])
    assert form.in_meter(A, Meter(2, 4)).meters == MeterMap.of([(0, 2, 4)])
    with pytest.raises(OptionError, match="tempo is 2"):
        form.at_tempo(A, 2)
