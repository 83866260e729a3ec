"""General MIDI's names, and finding an instrument by what a musician calls it."""

from __future__ import annotations

import pytest

from antiphon.errors import NameNotFound, OptionError
from antiphon.score import general_midi


def test_there_are_128_different_programs_in_16_families_and_47_drums():
    assert len(set(general_midi.PROGRAMS)) == 128
    assert len(set(general_midi.FAMILIES)) == 16
    assert sorted(general_midi.DRUMS) == list(range(35, 82))


@pytest.mark.parametrize(
    ("program", "name", "family"),
    [
        (0, "Acoustic Grand Piano", "piano"),
        (42, "Cello", "strings"),
        (56, "Trumpet", "brass"),
        (73, "Flute", "pipe"),
        (105, "Banjo", "world"),
        (127, "Gunshot", "sound effects"),
    ],
)
def test_programs_stand_where_general_midi_has_them(program, name, family):
    assert general_midi.program_name(program) == name
    assert general_midi.family(program) == family


@pytest.mark.parametrize(
    ("pitch", "name"), [(36, "Bass Drum"), (38, "Acoustic Snare"), (49, "Crash Cymbal 1")]
)
def test_drums_stand_where_general_midi_has_them(pitch, name):
    assert general_midi.drum_name(pitch) == name


def test_a_key_outside_the_kit_still_has_a_name():
    assert general_midi.drum_name(20) == "Drum 20"


@pytest.mark.parametrize(
    ("words", "program"),
    [
        ("cello", 42),
        ("CELLO", 42),
        ("piano", 0),
        ("Acoustic Grand Piano", 0),
        ("sax", 65),
        ("tenor sax", 66),
        ("strings", 48),
        ("string", 48),
        ("honky tonk", 3),
        ("church", 19),
        ("organ", 19),
        ("french", 60),
        ("Cor anglais", 69),
        ("synth pad", 88),
        ("73", 73),
        (73, 73),
        ("vibes", 11),
    ],
)
def test_an_instrument_is_found_by_what_it_is_called(words, program):
    found = general_midi.find_program(words)
    assert found == program or (words == "string" and general_midi.family(found) in ("strings", "ensemble"))


def test_every_program_is_found_by_its_own_name():
    assert [general_midi.find_program(name) for name in general_midi.PROGRAMS] == list(range(128))


def test_a_misspelt_instrument_suggests_the_nearest():
    with pytest.raises(NameNotFound, match="Did you mean 'trumpet'"):
        general_midi.find_program("trompet")


@pytest.mark.parametrize("number", [128, "999", -1])
def test_a_number_beyond_127_is_refused(number):
    with pytest.raises((OptionError, NameNotFound)):
        general_midi.find_program(number)


@pytest.mark.parametrize("words", ["", "  ", "???"])
def test_an_empty_name_is_not_found(words):
    with pytest.raises(NameNotFound):
        general_midi.find_program(words)
