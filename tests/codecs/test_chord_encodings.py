"""Chords as numbers, against the encodings that the original computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.codecs.chords import MAJOR_MINOR, PITCH, TRIAD, ChordClasses, ChordEncoding
from antiphon.errors import InputError
from antiphon.score.chords import ChordError, parse, symbol_of

CONFIGURATIONS: list[tuple[str, ChordEncoding]] = [
    ("improv_basic_improv", TRIAD),
    ("improv_attention_improv", TRIAD),
    ("improv_chord_pitches_improv", PITCH),
]


@pytest.mark.parametrize(("configuration", "encoding"), CONFIGURATIONS)
def test_equal_to_the_original(
    encodings: Callable[[str], dict[str, Any]], configuration: str, encoding: ChordEncoding
) -> None:
    examples = encodings(configuration)["examples"]
    for example in examples:
        if "error" in example:
            refused = example["error"].rpartition(": ")[2]
            with pytest.raises(ChordError, match=f"'{refused}'"):
                encoding.features(example["chords"])
        else:
            assert chord_parts(example, encoding.width) == rows(encoding.features(example["chords"])[1:])
    assert sum("error" not in example for example in examples) >= 6


def chord_parts(example: dict[str, Any], width: int) -> list[dict[int, float]]:
    """What stands before the melody in each of the original's inputs: the chord of the next event."""
    return [{place: value for place, value in row if place < width} for row in example["inputs_sparse"]]


def rows(features: npt.NDArray[np.float32]) -> list[dict[int, float]]:
    return [{int(place): float(row[place]) for place in np.flatnonzero(row)} for row in features]


@pytest.mark.parametrize(
    ("symbol", "number"),
    [
        ("N.C.", 0),
        ("C", 1),
        ("Am7", 22),
        ("F#dim7", 43),
        ("Bbaug", 35),
        ("G7", 8),
        ("Dm7b5", 39),
        ("B13", 12),
    ],
)
def test_triads(symbol: str, number: int) -> None:
    assert TRIAD.encode([symbol]).tolist() == [number]
    if number <= 24:
        assert MAJOR_MINOR.encode([symbol]).tolist() == [number]


def test_symbols_without_a_class() -> None:
    with pytest.raises(ChordError, match=r"'Gsus4'.*major or minor or augmented"):
        TRIAD.encode(["C", "Gsus4"])
    with pytest.raises(ChordError, match=r"'Bdim'.*expected its triad to be major or minor\."):
        MAJOR_MINOR.encode(["Bdim"])
    with pytest.raises(ChordError, match="'Chorus' is no chord symbol"):
        PITCH.features(["Chorus"])


@pytest.mark.parametrize("classes", [MAJOR_MINOR, TRIAD])
def test_classes_have_symbols(classes: ChordClasses) -> None:
    symbols = classes.decode(range(classes.width))
    assert classes.encode(symbols).tolist() == list(range(classes.width))
    assert symbols[:4] == ["N.C.", "C", "C#", "D"]
    assert np.array_equal(classes.features(symbols), np.eye(classes.width))


@pytest.mark.parametrize("number", [-1, 49])
def test_numbers_that_are_no_class(number: int) -> None:
    with pytest.raises(InputError, match="0 to 48"):
        TRIAD.decode([number])


@given(st.integers(0, 11), st.integers(0, 4095), st.integers(0, 11))
def test_pitches_and_back(root: int, pitches: int, bass: int) -> None:
    symbol = symbol_of(root, pitches, bass)
    (back,) = PITCH.decode(PITCH.features([symbol]))
    assert parse(back) == parse(symbol)


def test_pitches_of_no_chord() -> None:
    assert PITCH.features(["N.C."]).tolist() == [[1.0] + [0.0] * 36]
    assert PITCH.decode(PITCH.features(["N.C.", "C/E"])) == ["N.C.", "C/E"]
    with pytest.raises(InputError, match="one root"):
        PITCH.decode(np.zeros((1, 37)))


def test_no_symbols() -> None:
    assert TRIAD.encode([]).shape == (0,)
    assert TRIAD.features([]).shape == (0, 49)
    assert PITCH.features([]).shape == (0, 37)
