"""ABC: the expected results of the collection's own files, and what the standard says, line by line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antiphon.errors import FormatError
from antiphon.io import abc
from antiphon.io.limits import Limits
from antiphon.score import bars
from antiphon.score.maps import Key, KeyChange, MeterMap
from antiphon.score.score import Score

HEAD = "X:1\nT:Test\nM:4/4\nL:1/8\nQ:1/4=120\nK:C\n"


def read(music: str, head: str = HEAD) -> Score:
    return abc.loads((head + music + "\n").encode())


def pitches(music: str, head: str = HEAD) -> list[int]:
    return read(music, head).notes.pitch.tolist()


def eighths(score: Score) -> list[tuple[float, float]]:
    """Onset and duration of every note in eighths."""
    half = score.ticks_per_quarter / 2
    return list(zip(score.notes.start / half, (score.notes.end - score.notes.start) / half, strict=True))


def test_expected_results(golden: Callable[[str], Path]) -> None:
    folder = golden("formats")
    expected = json.loads((folder / "expected-abc.json").read_text(encoding="utf-8"))
    assert len(expected) >= 18
    for name, wanted in expected.items():
        data = (folder / "abc-synthetic" / name).read_bytes()
        if wanted["valid"] is False:
            with pytest.raises(FormatError):
                abc.loads(data)
            continue
        _check(abc.loads(data), wanted, folder / "abc-synthetic" / name)


def _check(score: Score, wanted: dict[str, object], path: Path) -> None:
    found = score.notes.pitch.tolist()
    if "pitches" in wanted:
        assert found == wanted["pitches"], path.name
    if "pitches_unrolled" in wanted:
        assert found == wanted["pitches_unrolled"]
    if "first_bar_pitches" in wanted:
        assert found[:6] == wanted["first_bar_pitches"]
    if "n_notes" in wanted:
        assert len(found) == wanted["n_notes"]
    if "chords" in wanted:
        assert [chord.text for chord in score.chords] == wanted["chords"]
    if "time_signatures" in wanted:
        lines = score.meters
        assert [str(lines.at(int(t))) for t in lines.time] == wanted["time_signatures"]
    if "voices" in wanted:
        assert score.n_tracks == wanted["voices"]
    if "durations_in_eighths" in wanted:
        assert [round(length, 4) for _, length in eighths(score)] == wanted["durations_in_eighths"]
    if "notes_without_grace" in wanted:
        rows = zip(found, score.start_s.tolist(), score.end_s.tolist(), strict=True)
        assert [list(row) for row in rows] == wanted["notes_without_grace"]
    if "tunes" in wanted:
        with path.open("rb") as file:
            assert len(abc.index(file).spans) == wanted["tunes"]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        (
            "^C C c C|C",
            [61, 61, 73, 61, 60],
        ),  # an accidental is for its letter in all octaves, to the bar line
        ("%%propagate-accidentals octave\n^C C c", [61, 61, 72]),
        ("I:propagate-accidentals not\n^C C c", [61, 60, 72]),
        ("^F-|F F", [66, 65]),  # a tie carries it over the bar line, no further
        ("=B,, _e' ^^g __A", [47, 87, 81, 67]),
        ("[CEG] [C,2c]", [60, 64, 67, 48, 72]),
        ("{cde}C {/g}D", [60, 62]),
        ("C!trill!D~E.F uG vA +fermata+B", [60, 62, 64, 65, 67, 69, 71]),
        ("C y D `E \\", [60, 62, 64]),
        ("[K:D]FC [K:Ddor]FC", [66, 61, 65, 60]),
        ('"^FA"C "_GG"D "<A"E "@1,2 B"F "4"G', [60, 62, 64, 65, 67]),
        ("C % D\nE\n%%text F\nI:text G\nr: A\nG", [60, 64, 67]),
        ("C & E | D", [60, 64, 62]),
        ("|: C [1 D :| [2,3 E :| F", [60, 62, 60, 64, 60, 64, 65]),
        ("|: C |1-2 D :|3 E |]", [60, 62, 60, 62, 60, 64]),
        ("C :: D :|", [60, 60, 62, 62]),
        ("C |\\\n1 D :|\\\n 2 E |", [60, 62, 60, 64]),
        ("c:| D", [72, 72, 62]),
        ("C [CE\n2] [\nDF][E\nG]", [60, 60, 64, 62, 65, 64, 67]),
        ("m: ~G3 = G{A}G{F}G\nU: T = !trill!\nTC ~D", [60, 62]),
        ("C D || E :|", [60, 62, 64, 60, 62, 64]),
        ("C :| D || E :|", [60, 60, 62, 64, 64]),
        ("C [|]:| D", [60, 60, 62]),
        ("C |:| D :|", [60, 62, 62]),
        ("C !fine! | D !D.C.! |", [60, 62, 60]),
        ("!segno! C | !coda! D | E !D.S.! | !coda! F |", [60, 62, 64, 60, 65]),
    ],
)
def test_pitches(music: str, expected: list[int]) -> None:
    assert pitches(music) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("C", 65), ("G", 66), ("Gm", 65), ("F#", 66), ("Am", 65), ("A minor", 65), ("AMixolydian", 66),
        ("Edor", 66), ("B phr", 66), ("Flyd", 65), ("HP", 66), ("Hp", 66), ("none", 65), ("", 65),
        ("D exp _f", 64), ("C ^f", 66), ("Dmix=f", 65), ("C clef=bass", 65), ("C octave=-1", 53),
        ("C clef=treble-8", 53), ("C treble+8", 77), ("C transpose=-2", 63), ("Cb", 64), ("Emaj", 66),
    ],
)  # fmt: skip
def test_keys(key: str, expected: int) -> None:
    assert pitches("F", f"X:1\nM:4/4\nL:1/8\nK:{key}\n") == [expected]


@pytest.mark.parametrize(
    ("music", "lengths"),
    [
        ("C2 C/ C// C3/2 C3/ C/4", [2, 0.5, 0.25, 1.5, 1.5, 0.25]),
        ("C>D C>>D C<D", [1.5, 0.5, 1.75, 0.25, 0.5, 1.5]),
        ("C2>D2 [CE]>C", [3, 1, 1.5, 1.5, 0.5]),
        ("C>|D", [1.5, 0.5]),
        ("C>>D/ C>D2 [C2E2]<D", [1, 0.5, 1, 2, 2, 2, 1]),  # between unequal lengths there is none
        ("C>D>E", [1.5, 0.5, 1]),
        ("(3CDE >F", [2 / 3, 2 / 3, 2 / 3, 1]),
        ("C>z D>!trill!E", [1.5, 1.5, 0.5]),
        ("C > {d} D", [1.5, 0.5]),
        ("(2CD (4CDEF", [1.5, 1.5, 0.75, 0.75, 0.75, 0.75]),
        ("(3:2:2C2D E", [4 / 3, 2 / 3, 1]),
        ("(3::2CD E", [2 / 3, 2 / 3, 1]),
        ("[C2E]3 C", [6, 3, 1]),
        ("C-C C2-|C2", [2, 4]),
        ("[CE]-[CE]", [2, 2]),
        ("[L:1/4]C [L:1/16]C", [2, 0.5]),
    ],
)
def test_lengths(music: str, lengths: list[float]) -> None:
    assert [length for _, length in eighths(read(music))] == pytest.approx(lengths)


def test_rests_bars_of_rest_and_onsets() -> None:
    assert [onset for onset, _ in eighths(read("C z2 D x/ E|Z2|F"))] == [0, 3, 4.5, 21.5]


def test_a_tuplet_of_any_size_stays_within_a_tick() -> None:
    score = read("(17:16:17" + "C" * 17 + " D")
    assert eighths(score)[-1][0] == pytest.approx(16, abs=1 / score.ticks_per_quarter)
    assert read("(7:4:7CCCCCCC (3CCC").ticks_per_quarter % 21 == 0


@pytest.mark.parametrize(
    ("field", "qpm"),
    [
        ("1/4=90", 90), ("3/8=60", 90), ('"Allegro" 1/4=100', 100), ("1/4 3/8 = 40", 100), ("100", 50),
        ("C=100", 50), ("C3=40", 60), ("1/4=0", 120), ("nonsense", 120), ("", 120), ('"Presto"', 187),
    ],
)  # fmt: skip
def test_tempos(field: str, qpm: float) -> None:
    assert read("C", f"X:1\nL:1/8\nQ:{field}\nK:C\n").tempos.qpm.tolist() == [qpm]


def test_a_setting_in_the_header_holds_for_all_voices() -> None:
    head = "X:1\n%%propagate-accidentals octave\nK:C\n"
    assert pitches("[V:1]^Cc|\n[V:2]^Cc|", head) == [61, 72, 61, 72]


def test_changes_in_the_middle() -> None:
    score = read("CDEF GABc|[M:3/4][K:G][Q:1/4=90]CDE FGA|\nM:2/4\nK:Dm\nCDEF|")
    quarter = score.ticks_per_quarter
    assert score.meters == MeterMap.of([(0, 4, 4), (4 * quarter, 3, 4), (7 * quarter, 2, 4)])
    assert score.keys == (
        KeyChange(0, Key(0)),
        KeyChange(4 * quarter, Key(7)),
        KeyChange(7 * quarter, Key(2, "minor")),
    )
    assert score.tempos.qpm.tolist() == [120, 90]


def test_a_pick_up_is_a_short_first_meter_and_repeats_do_not_shift_bar_lines() -> None:
    score = read("|: G2 | C8 | D6 :| G2 | E8 | F4 |]")
    quarter = score.ticks_per_quarter
    assert bars.pickup(score) == quarter
    assert len(score.meters) == 2
    assert bars.bar_lines(score)[:4].tolist() == [0, quarter, 5 * quarter, 9 * quarter]


def test_bars_that_nothing_completes_have_a_meter_of_their_own() -> None:
    score = read("C8 | D6 | E8 | F10 | G8 |")
    quarter = score.ticks_per_quarter
    assert (bars.bar_lines(score) / quarter).tolist() == [0, 4, 7, 11, 16]


def test_voices_names_programs_and_drums() -> None:
    head = 'X:1\nM:4/4\nL:1/4\nV:1 name="High one"\nV:2 clef=bass-8\nV:3 perc\nK:C\n%%MIDI program 2 32\n'
    score = read("[V:1]CDEF|\n[V:2]C,4|\n[V:3]C4|\nV:1\nG4|\nV:2\n%%MIDI transpose 2\nC,4|\n", head)
    assert score.track_names == ("High one", "2", "3")
    assert score.notes.program[score.notes.track == 1].tolist() == [32, 32]
    assert score.notes.pitch[score.notes.track == 1].tolist() == [36, 38]
    assert score.notes.is_drum.tolist() == [False] * 7 + [True]


def test_loudness_and_chord_symbols() -> None:
    score = read('"Am7/G"C !p!D !ff!E "Fine"F "N.C."G')
    assert score.notes.velocity.tolist() == [100, 60, 120, 120, 120]
    assert [chord.text for chord in score.chords] == ["Am7/G", "N.C."]


def test_words_verse_by_verse() -> None:
    score = read("|: CDEF | GG :|\nw: A-way in a * man_ger\nw: The cat-tle~x are low-ing")
    sung = [lyric.text for lyric in score.lyrics]
    assert sung == ["A", "way", "in", "a", "man", "The", "cat", "tle x", "are", "low", "ing"]


def test_what_is_said_about_the_tune() -> None:
    head = "X:1\nT:Fl\\'ite\nT:Other &eacute;\nC:Trad.\nR:reel % fast\nO:Ireland\nZ:me\nK:C\n"
    score = read("C", head)
    assert score.title == "Flíte"
    assert score.about == (
        ("subtitle", "Other é"), ("composer", "Trad."), ("rhythm", "reel"), ("origin", "Ireland"),
        ("transcription", "me"),
    )  # fmt: skip
    assert abc.loads("X:1\nT:Ré\nK:C\nC\n".encode("latin-1")).title == "Ré"


def test_the_order_of_parts() -> None:
    assert pitches("P:A\nC :|\nP:B\nD |", "X:1\nP:ABA\nK:C\n") == [60, 60, 62, 60, 60]
    assert pitches("P:A\nC|\nP:B\nD|", "X:1\nP:(AB)2\nK:C\n") == [60, 62, 60, 62]
    assert pitches("P:A\nC|\nP:B\nD|", "X:1\nP:AC\nK:C\n") == [60, 62]


def test_a_part_begins_in_all_voices_that_are_written_as_far() -> None:
    score = read("P:A\n[V:1]C|\n[V:2]E|\nP:B\n[V:1]D|\n[V:2]F|", "X:1\nP:ABA\nV:1\nV:2\nK:C\n")
    assert [score.notes.pitch[score.notes.track == i].tolist() for i in (0, 1)] == [
        [60, 62, 60],
        [64, 65, 64],
    ]
    score = read("P:A\n[V:1]C|\nP:B\n[V:1]D|\n[V:2]E|F|", "X:1\nP:ABA\nV:1\nV:2\nK:C\n")
    assert [score.notes.pitch[score.notes.track == i].tolist() for i in (0, 1)] == [
        [60, 62, 60],
        [64, 65, 64],
    ]


def test_a_chord_symbol_stays_with_its_note_after_a_broken_rhythm() -> None:
    score = read('C> "G7"D "Am"E "F">G')
    eighth = score.ticks_per_quarter / 2
    assert [chord.time / eighth for chord in score.chords] == [1.5, 2, 3.5]


def test_line_ends_byte_order_mark_and_blank_lines() -> None:
    for text in ("X:1\r\nK:C\r\nCD|\r\n", "X:1\rK:C\rCD|\r", "\ufeffX:1\nK:C\n\nCD|\n\nE F this is text\n"):
        assert abc.loads(text.encode()).notes.pitch.tolist() == [60, 62]


def test_the_index_of_a_book() -> None:
    book = b"%abc-2.1\nM:3/4\nO:here\n\nX:1\nK:C\nCDE\n\nX: 7 % seven\nK:C\nD\n\nX:1\nK:C\nE\nX:\nK:C\nF\n"
    spans, header = abc.index(io.BytesIO(book))
    assert [span.name for span in spans] == ["1", "7", "1.2", "0"]
    scores = [abc.loads(book[:header] + book[span.start : span.stop]) for span in spans]
    assert [score.notes.pitch[0] for score in scores] == [60, 62, 64, 65]
    assert all(score.meters.at(0) == (3, 4) and score.about == (("origin", "here"),) for score in scores)


def test_an_index_never_complains_and_needs_no_mark_at_the_start() -> None:
    assert len(abc.index(io.BytesIO(b"")).spans) == 1
    assert abc.index(io.BytesIO(b"\xef\xbb\xbfX:1\nK:C\nC\nX:2\nK:C\n")).spans[0] == ("1", 3, 13)
    many = b"\r".join(b"X:1\rK:C\rC" + b"%" * 700 for _ in range(3000))
    spans, _ = abc.index(io.BytesIO(many))
    assert len({span.name for span in spans}) == 3000
    assert all(many[span.start : span.start + 3] == b"X:1" for span in spans)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("X:1\nM:4/4\nCDEF|\n", "without a K: field"),
        ("", "without a K: field"),
        ("X:1\nM:4\nK:C\nC", "line 2: an unknown meter '4'"),
        ("X:1\nM:4/0\nK:C\nC", "line 2: an unknown meter"),
        ("X:1\nM:3/5\nK:C\nC", "line 2: an unknown meter"),
        ("X:1\nL:0/8\nK:C\nC", "line 2: an unknown unit length"),
        ("X:1\nK:Q\nC", "line 2: an unknown key"),
        ("X:1\nK:C\nC,,,,,,,,C", "line 3: a note of pitch -36"),
        ("X:1\nK:C\n[CE\nC D|", "line 3: a chord that is never closed"),
        ("X:1\nK:C\n[CE", "line 3: a chord that is never closed"),
        ("X:1\nK:C\nC0", "line 3: an unknown length '0'"),
        ("X:1\nK:C\nC1/0", "line 3: an unknown length"),
        ("X:1\nK:C\nC" + "9" * 5000, "line 3: an unknown length"),
        ("X:1\nK:C\nC\0", "line 3: a control character"),
        ("X:1\nK:C\nZ999999|", "line 3: more than 100000 bars"),
        ("X:1\nK:C\nC99999999|", "more than 500000 quarters"),
        ("X:1\nP:((((A999)999)999)999)999\nK:C\nC", "line 2: an order of more than"),
        ("X:1\nK:C\n|: C8 " + ":" * 300_000 + "|", "more than 100000 bars"),
    ],
)
def test_what_cannot_be_music(text: str, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        abc.loads(text.encode())


def test_more_notes_than_allowed() -> None:
    few = Limits(notes=100)
    for music in ("C" * 101, "|: " + "C" * 51 + " :|", "C|" * 101):
        with pytest.raises(FormatError, match="100 notes"):
            abc.loads((HEAD + music).encode(), few)


@pytest.mark.parametrize(
    "unit",
    [
        "(", "[", "{", '"', "!", "|:", "[1", ":|2", "(3", "C>", "C-", "&", "/", "w:a-", "[K:", "_", "^",
        "[C\n", "][\n",
    ],
)  # fmt: skip
def test_endless_ones_take_no_time(unit: str) -> None:
    for music in (unit * 20_000, ("C" + unit) * 10_000):
        try:
            assert len(read(music).notes) <= 20_000 * 20_000
        except FormatError:
            continue


def test_ties_and_notes_keep_their_order() -> None:
    score = read("C2-[CE] D")
    assert eighths(score) == [(0, 3), (2, 1), (3, 1)]
    assert np.all(np.diff(score.notes.start) >= 0)
