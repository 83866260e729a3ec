"""Lead sheets: melodies with the chords above them, and back to a score."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon import io
from antiphon.extract import leadsheet, melody
from antiphon.extract.leadsheet import NO_CHORD, LeadSheet, LeadSheetOptions
from antiphon.extract.melody import Melody, MelodyOptions
from antiphon.score import chords
from antiphon.score.maps import Mark, Meter, MeterMap
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter, PerSecond, QuantizedScore

ANY = LeadSheetOptions(min_bars=1, max_steps=None, min_pitch_classes=1)


def _score(symbols, start=(0, 4, 8, 12), pitch=(60, 64, 67, 72), meter=(4, 4)):
    """Quarter notes on a grid of sixteenths, with chord symbols {step: text} or (step, text)."""
    marks = symbols.items() if isinstance(symbols, dict) else symbols
    start = np.array(start)
    notes = Notes.of(start, start + 4, pitch)
    return QuantizedScore(
        notes,
        PerQuarter(4),
        int(notes.end.max()),
        meters=MeterMap.of([(0, *meter)]),
        chords=tuple(Mark(time, text) for time, text in marks),
    )


def _row(symbol):
    chord = chords.parse(symbol)
    return NO_CHORD if chord.root is None else (chord.root, chord.mask, chord.bass)


def _heard(symbols, **changes):
    (sheet,) = leadsheet.extract(_score(symbols, **changes), ANY).sequences
    return [tuple(row) for row in sheet.events[:, 1:].tolist()]


def test_a_chord_holds_until_the_next():
    assert _heard({0: "C", 8: "G7/B"}) == [_row("C")] * 8 + [_row("G7/B")] * 8
    assert _heard({4: "Am"}) == [NO_CHORD] * 4 + [_row("Am")] * 12
    assert _heard({0: "C", 6: "N.C.", 10: "F"}) == [_row("C")] * 6 + [NO_CHORD] * 4 + [_row("F")] * 6


def test_chords_carry_in_and_later_ones_do_not_count():
    later = {"start": (32, 36, 40, 44)}
    assert _heard({0: "C", 16: "Dm", 48: "G"}, **later) == [_row("Dm")] * 16
    assert _heard({0: "C", 32: "F"}, **later) == [_row("F")] * 16
    assert _heard([(16, "C"), (16, "Dm")], **later) == [_row("Dm")] * 16  # two at once, but before


@pytest.mark.parametrize(
    ("marks", "losses"),
    [
        ([], {"no chord symbols": 1}),
        ([(0, "N.C.")], {"no chord symbols": 1}),
        ([(16, "C")], {"no chord symbols": 1}),
        ([(0, "C"), (4, "F"), (4, "G")], {"two chords at one step": 1}),
        ([(0, "C"), (4, "Fine")], {"unknown chord symbol 'Fine'": 1}),
        ([(0, "H\nis\x1b too")], {"unknown chord symbol 'H is\\x1b too'": 1}),
    ],
)
def test_losses(marks, losses):
    found = leadsheet.extract(_score(marks), ANY)
    assert found.sequences == []
    assert found.losses == losses


def test_what_is_no_loss():
    assert _heard([(0, "C"), (4, "Fmaj7"), (4, "FM7")]) == [_row("C")] * 4 + [_row("Fmaj7")] * 12
    assert _heard([(0, "C"), (16, "Fine")]) == [_row("C")] * 16
    assert (
        len(leadsheet.extract(_score([]), LeadSheetOptions(require_chords=False, min_bars=1)).sequences) == 1
    )


def test_a_text_carried_in_counts():
    found = leadsheet.extract(_score({0: "Fine"}, start=(32, 36, 40, 44)), ANY)
    assert found.losses == {"unknown chord symbol 'Fine'": 1}


def test_the_melodies_are_those_of_the_melody_extractor():
    score = _score({0: "C"}, start=range(0, 128, 4), pitch=[60, 64, 67, 60] * 8)
    (sheet,) = leadsheet.extract(score).sequences
    (line,) = melody.extract(score, MelodyOptions(min_pitch_classes=3)).sequences
    assert sheet.melody == line
    assert leadsheet.extract(score, LeadSheetOptions(min_pitch_classes=4)).losses == {
        "fewer than 4 different pitch classes": 1
    }


def test_needs_a_grid_with_bars():
    score = _score({0: "C"})
    with pytest.raises(TypeError):
        leadsheet.extract(score.replace(grid=PerSecond(100)))


symbols = st.sampled_from(["C", "F#m7b5/A", "Bb", "G7", "N.C.", "Dsus4", "Ebmaj7", "A13", "Cped", "E/G#"])
lines = st.lists(st.sampled_from([-2, -2, -2, -1, 60, 62, 67, 71]), min_size=20, max_size=60)


@st.composite
def _sheets(draw):
    """Lead sheets as they are extracted: from the first note on, at the end of the last."""
    events = np.array([60, *draw(lines), 72, -2], np.int16)
    sounding = False
    for step, event in enumerate(events.tolist()):
        if event == -1 and not sounding:
            events[step] = -2
        sounding = event >= 0 or (sounding and event == -2)
    meter, into = draw(
        st.sampled_from([(Meter(4, 4), 0), (Meter(3, 4), 8), (Meter(4, 4), 12), (Meter(3, 4), 0)])
    )
    rows = np.array([_row(draw(symbols))] * len(events), np.int16)
    for step in draw(st.lists(st.integers(0, len(events) - 1), max_size=5)):
        rows[step:] = _row(draw(symbols))
    return LeadSheet.of(Melody(events, 4, meter, 0, into), rows)


@given(_sheets())
def test_there_and_back(sheet):
    options = LeadSheetOptions(
        min_bars=0, max_steps=None, min_pitch_classes=1, gap_bars=99, require_chords=False, trim_start=True
    )
    score = quantize(leadsheet.to_score(sheet), PerQuarter(4))
    assert leadsheet.extract(score, options).sequences == [sheet]


@given(_sheets())
def test_symbols_say_the_chords(sheet):
    holds = {change.time: _row(change.text) for change in sheet.changes()}
    heard, rows = NO_CHORD, []
    for step in range(len(sheet)):
        heard = holds.get(step, heard)
        rows.append(list(heard))
    assert sheet.events[:, 1:].tolist() == rows
    assert len(holds) == len(sheet.changes())


def test_chords_through_midi(tmp_path):
    line = Melody(np.array([60, -2, 64, -2, 67, -2, -1, 72] * 4, np.int16))
    rows = np.repeat(np.array([_row("C"), _row("F/A"), NO_CHORD, _row("G7")], np.int16), 8, axis=0)
    sheet = LeadSheet.of(line, rows)
    io.save(leadsheet.to_score(sheet, qpm=90), tmp_path / "tune.mid")
    read = io.load(tmp_path / "tune.mid")
    assert [chord.text for chord in read.chords] == ["C", "F/A", "N.C.", "G7"]
    assert leadsheet.extract(quantize(read, PerQuarter(4)), ANY).sequences == [sheet]


def test_chords_as_notes():
    rows = np.repeat(np.array([_row("C"), _row("F/A"), NO_CHORD, _row("G")], np.int16), 4, axis=0)
    sheet = LeadSheet.of(Melody(np.array([72, *[-2] * 15], np.int16)), rows)
    score = leadsheet.to_score(sheet, chord_notes=True)
    played = score.notes[score.notes.track == 1]
    assert score.track_names == ("Melody", "Chords")
    assert played.pitch.tolist() == [36, 48, 52, 55, 45, 48, 53, 57, 43, 50, 55, 59]
    assert played.start.tolist() == [0] * 4 + [480] * 4 + [1440] * 4
    assert played.end.tolist() == [480] * 4 + [960] * 4 + [1920] * 4
    empty = LeadSheet.of(Melody(np.array([72, -2], np.int16)), np.array([NO_CHORD] * 2, np.int16))
    assert len(leadsheet.to_score(empty, chord_notes=True).notes) == 1


def test_real_lead_sheets(dataset):
    """Songs in MusicXML: all have chord symbols, all of which are understood, and most give lead sheets.

    The others write two chords before one long note, or are short.
    """
    files = sorted(dataset("leadsheets/openewld").rglob("*.mxl"))[:60]
    assert len(files) == 60
    found = [leadsheet.extract(quantize(io.load(file), PerQuarter(4))) for file in files]
    losses = sum((extraction.losses for extraction in found), Counter())
    assert sum(bool(extraction.sequences) for extraction in found) >= 40
    assert set(losses) <= {"two chords at one step", "shorter than 7 bars", "cut at 512 steps", "polyphonic"}
