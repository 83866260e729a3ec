"""Chord symbols: reading, transposing, naming. The expected values are Magenta's where it has one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import InputError
from antiphon.score import chords
from antiphon.score.chords import NO_CHORD, Chord, ChordError, name, parse, symbol_of, transpose
from antiphon.score.chords.kinds import KINDS, MORE_KINDS

MAGENTA = [
    ("C", 0, {0, 4, 7}, 0, "major"),
    ("Cmaj", 0, {0, 4, 7}, 0, "major"),
    ("Am7", 9, {9, 0, 4, 7}, 9, "minor"),
    ("Bb7/D", 10, {10, 2, 5, 8}, 2, "major"),
    ("F#m7b5/A", 6, {6, 9, 0, 4}, 9, "diminished"),
    ("G/o7", 7, {7, 10, 1, 5}, 7, "diminished"),
    ("Ebaug", 3, {3, 7, 11}, 3, "augmented"),
    ("Co7", 0, {0, 3, 6, 9}, 0, "diminished"),
    ("C-(M7)", 0, {0, 3, 7, 11}, 0, "minor"),
    ("C6/9", 0, {0, 4, 7, 9, 2}, 0, "major"),
    ("D13", 2, {2, 6, 9, 0, 4, 7, 11}, 2, "major"),
    ("Gsus", 7, {7, 0, 2}, 7, "other"),
    ("G7sus", 7, {7, 0, 2, 5}, 7, "other"),
    ("Cped", 0, {0}, 0, "other"),
    ("C5", 0, {0, 7}, 0, "other"),
    ("Cb5", 11, {11, 6}, 11, "other"),
    ("C(b5)", 0, {0, 4, 6}, 0, "other"),
    ("Cadd9", 0, {0, 4, 7, 2}, 0, "major"),
    ("Cadd7", 0, {0, 4, 7, 10}, 0, "major"),
    ("C9(no3)(#11", 0, {0, 7, 10, 2, 6}, 0, "other"),
    ("C7b9#9", 0, {0, 4, 7, 10, 2}, 0, "major"),
    ("E##/Fbb", 6, {6, 10, 1}, 3, "major"),
]

BEYOND = [
    ("B♭△7", "Bbmaj7"),
    ("C△", "Cmaj7"),
    ("C∆9", "Cmaj9"),
    ("F#ø", "F#m7b5"),
    ("F#ø7", "F#m7b5"),
    ("C°7", "Co7"),
    ("CMaj7", "Cmaj7"),
    ("C MIN 7", "Cm7"),
    ("CMi7", "Cm7"),
    ("Cma7", "Cmaj7"),
    ("CDom7", "C7"),
    ("CSUS4", "Csus4"),
    ("Gdim.", "Gdim"),
    ("A minor", "Am"),
    ("Comit3", "C5"),
    ("Cno3rd", "C5"),
    ("C7(b9,#11)", "C7b9#11"),
    ("C7[b9]", "C7b9"),
    ("Cm7(9)", "Cm9"),
    ("C9(9)", "C9"),
    ("F7/13", "F7add13"),
    ("G7-9", "G7b9"),
    ("A7+5", "A+7"),
    ("D7+", "D+7"),
    ("Bm7-5", "Bm7b5"),
    ("C–7", "C-7"),
    ("G7sus4", "Gsus7"),
    ("Dm69", "Dm6add9"),
    ("C2", "Cadd9"),
    ("C4", "Csus4"),
    ("C/e", "C/E"),
    ("G(Em)", "G"),
    ('"Gm"', "Gm"),
    ("Bb:min7", "Bbm7"),
    ("C:maj/5", "C/G"),
    ("A:min7/b3", "Am7/C"),
    ("A:maj(9)", "Aadd9"),
    ("C:hdim7", "Cm7b5"),
    ("D:7(#9)", "D7#9"),
]

ROOTS = st.sampled_from("ABCDEFG").flatmap(
    lambda letter: st.sampled_from(("", "#", "b", "##", "bb")).map(lambda alteration: letter + alteration)
)
SYMBOLS = st.builds(
    "{}{}{}{}".format,
    ROOTS,
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(("", "(b9)", "(#11)", "(b9)(#11)", "(b13)")),
    st.one_of(st.just(""), ROOTS.map("/{}".format)),
)


@pytest.mark.parametrize(("symbol", "root", "pitches", "bass", "quality"), MAGENTA)
def test_magentas_symbols(symbol: str, root: int, pitches: set[int], bass: int, quality: str) -> None:
    assert parse(symbol) == (root, frozenset(pitches), bass, quality)


@pytest.mark.parametrize(("symbol", "like"), BEYOND)
def test_what_files_contain_besides(symbol: str, like: str) -> None:
    assert parse(symbol) == parse(like)


@pytest.mark.parametrize("symbol", ["N.C.", "NC", "n.c.", "N", "No Chord", "tacet"])
def test_no_chord(symbol: str) -> None:
    assert parse(symbol) == Chord(None, frozenset(), None, "other")
    assert transpose(symbol, 3) == symbol


@pytest.mark.parametrize(
    "symbol",
    [
        *(
            "",
            " ",
            "H7",
            "Maj7",
            "am",
            "X",
            "C/",
            "C/H",
            "Chorus",
            "Coda",
            "Fine",
            "D.C.",
            "Bridge",
            "Add",
            "As",
        ),
        *("Cb#9", "Cadd3", "Cno9", "C\n\x1b[31m", "C" + "b9" * 40, "١", "C9٣"),
    ],
)
def test_no_symbols(symbol: str) -> None:
    with pytest.raises(ChordError) as caught:
        parse(symbol)
    assert isinstance(caught.value, InputError)
    assert str(caught.value).isprintable()
    assert transpose(symbol, 5) == symbol


@pytest.mark.parametrize(
    ("symbol", "semitones", "expected"),
    [
        ("C", 1, "Db"),
        ("Db", 2, "Eb"),
        ("F#m7", 3, "Am7"),
        ("C/E", -3, "A/Db"),
        ("Bb", 1, "Cb"),
        ("C#dim", 2, "D#dim"),
        ("Cm(M7)/G", 14, "Dm(M7)/A"),
        ("B♭△7", 2, "C△7"),
        ("G(Em)", 5, "C(Am)"),
        ("C/e", 5, "F/A"),
        ("C:maj/5", 2, "D:maj/5"),
        ("Esus4(add9)", 1, "Fsus4(add9)"),
    ],
)
def test_transposing(symbol: str, semitones: int, expected: str) -> None:
    assert transpose(symbol, semitones) == expected


@given(SYMBOLS, st.integers(-30, 30))
def test_transposing_moves_every_pitch(symbol: str, semitones: int) -> None:
    chord, moved = parse(symbol), parse(transpose(symbol, semitones))
    assert moved.pitches == {(pitch + semitones) % 12 for pitch in chord.pitches}
    assert chord.root is not None
    assert chord.bass is not None
    assert (moved.root, moved.bass) == ((chord.root + semitones) % 12, (chord.bass + semitones) % 12)
    assert moved.quality == chord.quality


@pytest.mark.parametrize(
    ("pitches", "expected"),
    [
        ([60, 64, 67], "C"),
        ([64, 67, 72], "C/E"),
        ([57, 60, 64, 67], "Am7"),
        ([60, 62, 67], "Csus2"),
        ([60], "Cped"),
        ([], NO_CHORD),
        ([59, 60, 64, 67], "Cmaj7/B"),
        ([60, 63, 66, 69], "Co7"),
        ([60, 64, 68, 71], "C+(add#7)"),
        ([60, 64, 67, 70, 73], "C7(addb2)"),
        ([55, 60, 64, 67, 74], "Gsus(add6)"),
        ([53, 60, 64, 67], "Fsus2(add#7)"),
        ([54, 60, 64, 67], "C/Gb"),
    ],
)
def test_naming(pitches: list[int], expected: str) -> None:
    assert name(pitches) == expected


def test_naming_nothing_but_a_cluster() -> None:
    with pytest.raises(ChordError, match="fewer"):
        name(range(60, 72))


@given(st.sets(st.integers(0, 11), min_size=1, max_size=6), st.integers(0, 11))
def test_names_mean_their_pitches(pitches: set[int], bass: int) -> None:
    try:
        chord = parse(name(pitches, bass))
    except ChordError as error:
        assert "fewer" in str(error)  # noqa: PT017
        return
    assert chord.bass == bass
    assert chord.pitches | {bass} == pitches | {bass}


@given(st.integers(0, 11), st.integers(0, 4095), st.integers(0, 11))
def test_every_set_has_a_symbol(root: int, pitch_class_set: int, bass: int) -> None:
    chord = parse(symbol_of(root, pitch_class_set, bass))
    assert (chord.root, chord.mask, chord.bass) == (root, pitch_class_set, bass)


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"", "7sus"}))
def test_kinds_name_themselves(kind: str) -> None:
    chord = parse("C" + kind)
    assert parse(symbol_of(chord.root, chord.mask, chord.bass)) == chord


@pytest.mark.parametrize(
    ("relative", "symbol"),
    [((0, 4), "C(no5)"), ((0, 4, 10), "C7(no5)"), ((0, 2, 4, 7), "C(add9)"), ((0, 4, 6, 10), "C7(b5)")],
)
def test_canonical_symbols(relative: tuple[int, ...], symbol: str) -> None:
    assert symbol_of(0, sum(1 << pitch for pitch in relative)) == symbol


def test_symbols_of_no_root() -> None:
    assert symbol_of(None, 0) == NO_CHORD


@given(st.text(alphabet="ABCGbm#7/()dimsuajor,+-♭△:N. 1359", max_size=12))
def test_any_text_is_a_chord_or_an_error(text: str) -> None:
    try:
        chord = chords.parse(text)
    except ChordError:
        return
    assert chord.root is None or 0 <= chord.mask < 4096


def test_there_are_all_kinds() -> None:
    assert len({tuple(chord.items()) for chord in KINDS.values()}) == 29
    assert set(KINDS) < set(MORE_KINDS)
