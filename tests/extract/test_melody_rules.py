"""Magenta's melody rules, one row per rule, and the options beyond them."""

import numpy as np
import pytest

from antiphon.errors import OptionError
from antiphon.extract import phrases
from antiphon.extract.melody import MelodyOptions, extract
from antiphon.score.maps import Meter, MeterMap
from antiphon.score.notes import Notes
from antiphon.score.quantized import PerQuarter, PerSecond, QuantizedScore

_ANY = MelodyOptions(min_bars=0, min_pitch_classes=1)
_SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def _score(notes, meters=(), steps=4, names=(), **columns):
    """A score of (start, end, pitch) rows."""
    start, end, pitch = zip(*notes, strict=True)
    quantized = Notes.of(start, end, pitch, **columns)
    return QuantizedScore(
        quantized, PerQuarter(steps), max(end), meters=MeterMap.of(meters), track_names=names
    )


def _events(score, **options):
    merged = {"min_bars": 0, "min_pitch_classes": 1, **options}
    return [m.events.tolist() for m in extract(score, MelodyOptions(**merged)).sequences]


def _scale(n_bars, start=0, n_pitches=8):
    """A note a quarter in 4/4."""
    return [(start + 4 * i, start + 4 * i + 4, _SCALE[i % n_pitches]) for i in range(4 * n_bars)]


RULES = [
    ("a pitch starts a note, -2 holds it", [(0, 3, 60)], [[60, -2, -2]]),
    ("a rest begins with -1", [(0, 1, 60), (2, 3, 62)], [[60, -1, 62]]),
    ("an onset at the end of a note needs no -1", [(0, 2, 60), (2, 3, 62)], [[60, -2, 62]]),
    ("the bar line before the first note is the start", [(18, 19, 60)], [[-2, -2, 60]]),
    ("an onset cuts a sounding note", [(0, 8, 60), (2, 4, 62)], [[60, -2, 62, -2]]),
    ("a rest of less than a bar goes on", [(0, 1, 60), (16, 17, 62)], [[60, -1, *[-2] * 14, 62]]),
    ("a rest of a bar ends the melody", [(0, 1, 60), (17, 18, 62)], [[60], [-2, 62]]),
    (
        "the rest counts from the last note, not the longest",
        [(0, 40, 60), (2, 3, 62), (20, 21, 64)],
        [[60, -2, 62], [-2] * 4 + [64]],
    ),
]


@pytest.mark.parametrize(("notes", "expected"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_rule(notes, expected):
    assert _events(_score(notes)) == expected


def test_order_of_the_notes_is_of_no_matter():
    notes = _scale(8)
    assert _events(_score(notes[::-1])) == _events(_score(notes))


def test_defaults_want_seven_bars_and_five_pitch_classes():
    assert len(extract(_score(_scale(7))).sequences) == 1
    assert extract(_score(_scale(7)[:-1])).losses == {"shorter than 7 bars": 1}
    assert extract(_score(_scale(7, n_pitches=4))).losses == {"fewer than 5 different pitch classes": 1}


def test_octaves_are_one_pitch_class():
    notes = [(4 * i, 4 * i + 4, 36 + 12 * (i % 5)) for i in range(28)]
    assert extract(_score(notes)).losses == {"fewer than 5 different pitch classes": 1}


def test_long_melodies_are_cut_and_their_rest_is_not_searched():
    found = extract(_score(_scale(40)))
    assert [len(m) for m in found.sequences] == [512]
    assert found.losses == {"cut at 512 steps": 1}
    assert [len(m) for m in extract(_score(_scale(40)), MelodyOptions(max_steps=None)).sequences] == [640]


def test_all_melodies_of_a_score_share_a_bound(monkeypatch):
    """Two parts of one bar each."""
    notes = [(0, 16, 60), (0, 16, 62)]
    for most, kept in ((32, 2), (31, 1), (15, 0)):
        monkeypatch.setattr(phrases, "MOST_STEPS", most)
        found = extract(_score(notes, track=[0, 1]), _ANY)
        assert len(found.sequences) == kept
        assert found.losses == ({f"more than {most} steps": 2 - kept} if kept < 2 else {})


def test_pitches_beyond_the_cut_do_not_count():
    notes = _scale(8, n_pitches=2) + _scale(8, start=128)
    assert not extract(_score(notes), MelodyOptions(max_steps=128)).sequences
    assert extract(_score(notes)).sequences


def test_a_chord_ends_the_search_in_its_track_but_keeps_what_was_found():
    chord = [(160, 164, 60), (160, 164, 64)]
    score = _score(_scale(8) + chord + _scale(8, start=200))
    found = extract(score)
    assert [m.start_step for m in found.sequences] == [0]
    assert found.losses == {"polyphonic": 1}


def test_tracks_are_searched_one_by_one():
    notes = [*_scale(8), (0, 4, 60), (0, 4, 64), *_scale(8)]
    track = [0] * 32 + [1] * 2 + [3] * 32
    found = extract(_score(notes, track=track, program=[5] * 34 + [7] * 32))
    assert [(m.track, m.program) for m in found.sequences] == [(0, 5), (3, 7)]
    assert found.losses == {"polyphonic": 1}


def test_track_by_number_and_name():
    notes = _scale(8) + _scale(8, start=16)
    score = _score(notes, track=[0] * 32 + [1] * 32, names=("Bass", "Melody"))
    for choice in (1, "melody", " MELODY"):
        assert [m.start_step for m in extract(score, MelodyOptions(track=choice)).sequences] == [16]
    assert extract(score, MelodyOptions(track="Alto")).losses == {"no notes on track 'Alto'": 1}


def test_reasons_for_nothing():
    assert extract(QuantizedScore(Notes.none(), PerQuarter(4), 0)).losses == {"no notes": 1}
    drums = _score(_scale(8), is_drum=True)
    assert extract(drums).losses == {"only drums": 1}
    assert len(extract(drums, MelodyOptions(drums=True)).sequences) == 1
    assert extract(_score(_scale(8), velocity=0)).losses == {"no notes": 1}


CHORAL = [(0, 8, 60), (0, 4, 72), (4, 8, 71), (8, 12, 64), (8, 12, 67)]
ALBERTI = [(0, 8, 76), (0, 2, 60), (2, 4, 67), (4, 6, 64), (6, 8, 67), (8, 12, 74), (8, 10, 59), (10, 12, 67)]
VOICES = [
    ("highest", CHORAL, [72, -2, -2, -2, 71, -2, -2, -2, 67, -2, -2, -2]),
    ("top", CHORAL, [72, -2, -2, -2, 71, -2, -2, -2, 67, -2, -2, -2]),
    ("bottom", CHORAL, [60, -2, -2, -2, -2, -2, -2, -2, 64, -2, -2, -2]),
    ("highest", ALBERTI, [76, -2, 67, -2, 64, -2, 67, -2, 74, -2, 67, -2]),
    ("top", ALBERTI, [76, -2, -2, -2, -2, -2, -2, -2, 74, -2, -2, -2]),
    ("bottom", ALBERTI, [60, -2, 67, -2, 64, -2, 67, -2, 59, -2, 67, -2]),
]


@pytest.mark.parametrize(("polyphony", "notes", "expected"), VOICES)
def test_voice_of_a_polyphonic_line(polyphony, notes, expected):
    assert _events(_score(notes), polyphony=polyphony) == [expected]


def test_a_line_played_legato_keeps_its_falling_notes():
    notes = [(0, 5, 67), (4, 9, 65), (8, 12, 64)]
    assert _events(_score(notes), polyphony="top") == _events(_score(notes), polyphony="highest")


def test_voices_of_two_tracks_do_not_hide_each_other():
    notes = [(0, 64, 100), (16, 20, 60)]
    assert len(_events(_score(notes, track=[0, 1]), polyphony="top")) == 2


def test_upper_voice_across_many_notes():
    """More notes than one block of the running maximum, against the definition."""
    rng = np.random.default_rng(1)
    start = np.sort(rng.integers(0, 20_000, 6000))
    end = start + rng.integers(1, 40, 6000)
    pitch = rng.integers(40, 80, 6000)
    hidden = [
        bool(((pitch > p) & (start <= s) & (end >= s + (e - s + 1) // 2)).any())
        for s, e, p in zip(start, end, pitch, strict=True)
    ]
    score = _score(list(zip(start.tolist(), end.tolist(), pitch.tolist(), strict=True)))
    (melody,) = extract(score, MelodyOptions(max_steps=None, polyphony="top", gap_bars=1000)).sequences
    kept = np.unique(start[~np.array(hidden)])
    assert 500 < len(kept) < 5000
    assert np.array_equal(melody.notes()[0] + melody.start_step, kept)


def test_meter_changes_split_and_cut():
    notes = [(0, 40, 60), (44, 48, 62), (48, 50, 64)]
    score = _score(notes, meters=[(0, 4, 4), (32, 3, 4), (48, 4, 4)])
    found = extract(score, _ANY).sequences
    assert [(m.start_step, str(m.meter), m.steps_per_bar, len(m)) for m in found] == [
        (0, "4/4", 16, 32),
        (44, "3/4", 12, 4),
        (48, "4/4", 16, 2),
    ]


def test_pickup_bar():
    notes = [(2, 4, 60), (4, 16, 62)]
    score = _score(notes, meters=[(0, 1, 4), (4, 3, 4)])
    (melody,) = extract(score, _ANY).sequences
    assert (str(melody.meter), melody.start_step, melody.start_in_bar) == ("3/4", 0, 8)
    assert melody.events.tolist()[:5] == [-2, -2, 60, -2, 62]
    apart = extract(score, MelodyOptions(min_bars=0, min_pitch_classes=1, pickup=False)).sequences
    assert [str(m.meter) for m in apart] == ["1/4", "3/4"]


def test_a_short_meter_of_several_bars_is_no_pickup():
    score = _score([(0, 8, 60), (8, 20, 62)], meters=[(0, 1, 4), (8, 3, 4)])
    assert [str(m.meter) for m in extract(score, _ANY).sequences] == ["1/4", "3/4"]


def test_trimmed_start_says_where_in_the_bar():
    (melody,) = extract(
        _score([(26, 30, 60)]), MelodyOptions(min_bars=0, min_pitch_classes=1, trim_start=True)
    ).sequences
    assert (melody.start_step, melody.start_in_bar, melody.events.tolist()) == (26, 10, [60, -2, -2, -2])


def test_padded_end_is_a_whole_bar():
    score = _score([(0, 18, 60)])
    assert _events(score, pad_end=True) == [[60, *[-2] * 17, -1, *[-2] * 13]]
    assert [len(e) for e in _events(score, pad_end=True, max_steps=20)] == [16]
    pickup = _score([(2, 4, 60), (4, 10, 62)], meters=[(0, 1, 4), (4, 3, 4)])
    assert [len(e) for e in _events(pickup, pad_end=True)] == [16]


def test_bars_of_other_meters_and_grids():
    for numerator, denominator, steps, expected in [
        (6, 8, 4, 12),
        (7, 8, 4, 14),
        (2, 2, 4, 16),
        (5, 4, 3, 15),
    ]:
        score = _score([(0, 1, 60)], meters=[(0, numerator, denominator)], steps=steps)
        (melody,) = extract(score, _ANY).sequences
        assert (melody.steps_per_bar, melody.meter) == (expected, Meter(numerator, denominator))


def test_a_bar_that_the_grid_does_not_divide_is_a_reason():
    score = _score([(0, 8, 60), (32, 40, 62)], meters=[(0, 3, 32), (32, 4, 4)])
    found = extract(score, _ANY)
    assert [m.start_step for m in found.sequences] == [32]
    assert found.losses == {"a bar is not a whole number of steps (3/32)": 1}


def test_a_grid_of_seconds_has_no_bars():
    with pytest.raises(TypeError, match="no bars"):
        extract(QuantizedScore(Notes.of([0], [1], [60]), PerSecond(100), 1))


@pytest.mark.parametrize("wrong", [{"polyphony": "loudest"}, {"gap_bars": 0}, {"max_steps": 0}])
def test_options_are_checked(wrong):
    with pytest.raises(OptionError, match=next(iter(wrong))):
        MelodyOptions(**wrong)
