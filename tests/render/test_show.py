"""A score in words and as a picture."""

from __future__ import annotations

import itertools
import json
from xml.etree import ElementTree

import numpy as np
import pytest

from antiphon.errors import EmptyError, OptionError, OutputError
from antiphon.render import charts, describe, roll, text
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score


def scale(tonic, degrees, **columns):
    start = np.arange(len(degrees)) * 480
    return Notes.of(start, start + 480, [tonic + degree for degree in degrees], **columns)


MAJOR = (0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0)
MINOR = (0, 2, 3, 5, 7, 8, 11, 12, 7, 3, 0)


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize(("mode", "degrees"), [("major", MAJOR), ("minor", MINOR)])
def test_the_key_of_a_scale_is_found(tonic, mode, degrees):
    assert describe.estimate_key(scale(60 + tonic, degrees)) == Key(tonic, mode)


def test_drums_and_silence_have_no_key():
    assert describe.estimate_key(Notes.none()) is None
    assert describe.estimate_key(scale(36, MAJOR, is_drum=True)) is None


def test_a_given_key_is_said_as_given_and_a_guessed_one_as_guessed():
    score = Score(scale(60, MAJOR))
    assert describe.key_text(score) == "about C major"
    assert describe.key_text(score.replace(keys=(KeyChange(0, Key(2, "dorian")),))) == "D dorian"


def waltz():
    notes = Notes.join(
        [
            scale(60, MAJOR, program=42, track=0),
            Notes.of([0, 480], [240, 720], [36, 42], is_drum=True, track=1),
        ]
    )
    return Score(
        notes,
        tempos=TempoMap.of([(0, 90)]),
        meters=MeterMap.of([(0, 3, 4)]),
        track_names=("Melody", ""),
        title="Waltz",
    )


def test_the_summary_says_what_is_there():
    said = text.summary(waltz())
    for words in (
        "Waltz",
        "0:07",
        "4 bars",
        "3/4",
        "♩ = 90",
        "about C major",
        "13 notes",
        "Melody",
        "Cello",
        "C4 to C5",
    ):
        assert words in said
    assert "Drum Kit" in said
    assert max(map(len, said.splitlines())) <= 80


def test_the_figures_are_ready_for_json():
    figures = json.loads(json.dumps(text.figures(waltz())))
    assert figures["n_bars"] == 4
    assert figures["meters"] == ["3/4"]
    assert figures["key"] is None
    assert figures["key_estimated"] == "C major"
    assert [part["instrument"] for part in figures["parts"]] == ["Cello", "Drum Kit"]


def test_a_score_without_notes_is_described_too():
    assert "0 notes" in text.summary(Score(Notes.none()))
    assert json.dumps(text.figures(Score(Notes.none())))


def test_the_braille_roll_rises_with_the_notes():
    rows = [line[6:] for line in text.roll(Score(scale(60, tuple(range(24))))).splitlines() if "┤" in line]
    inked = [[column for column, cell in enumerate(row) if cell != "⠀"] for row in rows]
    assert len(rows) == 6
    assert all(max(low) <= min(high) + 1 for high, low in itertools.pairwise(inked))


def test_the_whole_range_of_pitches_fits_into_the_terminal():
    notes = Notes.of([0, 480], [480, 960], [0, 127])
    assert len(text.roll(Score(notes)).splitlines()) <= 14


def places(image, colour, tolerance=3):
    """Rows and columns of the pixels of a colour."""
    near = np.abs(image.astype(int) - np.array(colour)).max(axis=-1) <= tolerance
    return np.nonzero(near)


def full(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def test_a_note_is_drawn_in_its_parts_colour_at_its_place():
    early_high = Notes.of([0], [960], [72], 127, track=0)
    late_low = Notes.of([1920], [3840], [60], 127, track=1)
    image = roll.pixels(Score(Notes.join([early_high, late_low])))
    body = image[image.shape[0] // 4 :]  # below the legend
    rows_high, columns_high = places(body, full(roll.PALETTE[0]))
    rows_low, columns_low = places(body, full(roll.PALETTE[1]))
    assert len(rows_high) > 50
    assert len(rows_low) > 2 * len(rows_high) * 0.8
    assert rows_high.max() < rows_low.min()
    assert columns_high.max() < columns_low.min()
    width = columns_low.max() - columns_high.min()  # two bars
    assert np.ptp(columns_high) == pytest.approx(width / 4, rel=0.08)
    assert columns_low.min() - columns_high.min() == pytest.approx(width / 2, rel=0.04)


def test_softer_notes_are_paler():
    def drawn(velocity):
        image = roll.pixels(Score(Notes.of([0], [1920], [60], velocity)))
        return places(image[image.shape[0] // 4 :], full(roll.PALETTE[0]))[0].size

    assert drawn(127) > 100
    assert drawn(40) == 0


def test_the_primer_is_tinted_and_its_notes_greyed():
    score = Score(Notes.of([0, 1920], [1920, 3840], [60, 60], 127))
    plain, marked = roll.pixels(score), roll.pixels(score, primer_end=1920)
    top = plain.shape[0] // 4
    assert (
        places(marked[top:], full(roll.PALETTE[0]))[1].min()
        > places(plain[top:], full(roll.PALETTE[0]))[1].min()
    )
    assert np.any(plain != marked)


def test_drums_get_rows_of_their_own():
    with_drums = roll.figure(waltz())
    names = [label.get_text() for ax in with_drums.axes for label in ax.get_yticklabels()]
    assert "Bass Drum" in names
    assert "Closed Hi-hat" in names


def test_title_key_meter_and_tempo_are_on_the_picture():
    written = " ".join(text.get_text() for text in roll.figure(waltz()).texts)
    for words in ("Waltz", "C major", "3/4", "♩ = 90", "4 bars"):
        assert words in written


def test_bars_follow_the_meter_map():
    notes = Notes.of([0], [480 * 10], [60])
    score = Score(notes, meters=MeterMap.of([(0, 3, 4), (480 * 6, 4, 4)]))
    last = roll.figure(score).axes[0]
    assert last.get_xlim() == (0, 480 * 10)
    assert [tick.get_text() for tick in last.get_xticklabels()] == ["1", "2", "3"]


def test_chord_symbols_with_signs_of_markup_are_drawn():
    score = waltz().replace(chords=(Mark(0, "C$7_b^5"), Mark(1440, "Am")))
    assert roll.pixels(score).shape[2] == 3


@pytest.mark.parametrize("suffix", charts.SUFFIXES)
def test_the_same_score_gives_the_same_file(tmp_path, suffix):
    for name in ("a", "b"):
        roll.draw(waltz(), tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_a_long_piece_of_many_parts_is_drawn():
    rng = np.random.default_rng(0)
    start = np.sort(rng.integers(0, 480 * 4 * 300, 5000))
    notes = Notes.of(start, start + 200, rng.integers(0, 128, 5000), 90, track=np.arange(5000) % 14)
    image = roll.pixels(Score(notes), theme="dark")
    assert image.shape[1] <= 1600


def test_what_cannot_be_drawn_is_said(tmp_path):
    with pytest.raises(EmptyError):
        roll.pixels(Score(Notes.none()))
    with pytest.raises(OptionError, match="png"):
        roll.draw(waltz(), tmp_path / "a.jpeg2")
    with pytest.raises(OptionError, match="light or dark"):
        roll.pixels(waltz(), theme="pink")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        roll.draw(waltz(), tmp_path / "file" / "a.png")


STRANGE = "$\\frac{ a^^b$ \x1b[2J <b>\x00"


@pytest.mark.parametrize("suffix", charts.SUFFIXES)
def test_names_from_a_strangers_file_are_drawn_and_told_as_they_are(tmp_path, suffix):
    score = waltz().replace(title=STRANGE, track_names=(STRANGE,), chords=(Mark(0, STRANGE),))
    roll.draw(score, tmp_path / f"roll{suffix}")
    if suffix == ".svg":
        ElementTree.parse(tmp_path / "roll.svg")
    assert "\x1b" not in text.summary(score)
    assert "\\x1b[2J" in text.summary(score)


def test_curves_are_drawn_whatever_the_runs_are_called(tmp_path):
    charts.draw_curves({STRANGE: {"validation": ([1, 2], [1.0, 0.5])}}, tmp_path / "c.png", "steps", "nats")
    assert (tmp_path / "c.png").stat().st_size > 1000
    with pytest.raises(OptionError, match=r"\.png"):
        charts.draw_curves({}, tmp_path / "c.txt", "steps", "nats")
