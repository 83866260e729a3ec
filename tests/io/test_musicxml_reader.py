"""What a MusicXML score sounds like: one small score a rule."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from antiphon.io import musicxml
from antiphon.score.bars import bar_lines, pickup
from antiphon.score.maps import Key
from antiphon.score.score import Score

ATTRIBUTES = (
    "<attributes><divisions>4</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
)


def note(step: str = "C", length: int = 4, inside: str = "", octave: int = 4, before: str = "") -> str:
    pitch = f"<pitch><step>{step[0]}</step><alter>{step.count('#') - step.count('b')}</alter>"
    pitch += f"<octave>{octave}</octave></pitch>"
    return f"<note>{before}{pitch}<duration>{length}</duration>{inside}</note>"


def rest(length: int, attribute: str = "") -> str:
    return f"<note><rest {attribute}/><duration>{length}</duration></note>"


def bar(*steps: str) -> str:
    """A bar of 4/4 with these quarters."""
    return "".join(note(step) for step in steps) + (rest(16 - 4 * len(steps)) if len(steps) < 4 else "")


def document(*parts: Sequence[str], listed: str = "", header: str = "") -> bytes:
    music = "".join(
        f'<part id="P{i}">{"".join(f"<measure>{m}</measure>" for m in measures)}</part>'
        for i, measures in enumerate(parts, start=1)
    )
    listed = listed or "".join(f'<score-part id="P{i + 1}"/>' for i in range(len(parts)))
    return f"<score-partwise>{header}<part-list>{listed}</part-list>{music}</score-partwise>".encode()


def read(*measures: str, **options: str) -> Score:
    return musicxml.loads(document(measures, **options))


def sound(score: Score) -> list[tuple[float, float, int]]:
    """(onset, length in quarters, pitch) of the notes, in order."""
    per, notes = score.ticks_per_quarter, score.notes
    return sorted(
        (int(start) / per, (int(end) - int(start)) / per, int(pitch))
        for start, end, pitch in zip(notes.start, notes.end, notes.pitch, strict=True)
    )


def onsets(score: Score) -> list[float]:
    return [onset for onset, _, _ in sound(score)]


def direction(kind: str, more: str = "") -> str:
    return f"<direction><direction-type>{kind}</direction-type>{more}</direction>"


def barline(content: str, where: str = "right") -> str:
    return f'<barline location="{where}">{content}</barline>'


def test_chords_voices_and_rests() -> None:
    score = read(
        ATTRIBUTES
        + note("C", 8)
        + note("E", 8, before="<chord/>")
        + rest(8)
        + "<backup><duration>16</duration></backup><forward><duration>4</duration></forward>"
        + note("G", 12)
    )
    assert sound(score) == [(0.0, 2.0, 60), (0.0, 2.0, 64), (1.0, 3.0, 67)]


def test_divisions_may_change_and_need_not_be_whole() -> None:
    score = read(
        ATTRIBUTES + note("C", 8) + rest(8),
        "<attributes><divisions>6</divisions></attributes>" + note("D", 4) + note("E", 20),
    )
    assert sound(score) == [(0.0, 2.0, 60), (4.0, 320 / 480, 62), (2240 / 480, 1600 / 480, 64)]
    odd = read(ATTRIBUTES.replace(">4<", ">2.5<", 1) + note("C", 5) + note("D", 5))
    assert [start for start, _, _ in sound(odd)] == [0.0, 2.0]


def test_divisions_that_share_no_resolution_are_rounded() -> None:
    measures = [f"<attributes><divisions>{d}</divisions></attributes>{note('C', d)}" for d in (1009, 1013, 8)]
    assert onsets(read(*measures)) == [0.0, 1.0, 2.0]


def test_grace_and_cue_notes_are_silent() -> None:
    grace = note("D", 0, before="<grace/>").replace("<duration>0</duration>", "")
    score = read(ATTRIBUTES + grace + note("C", 8) + note("E", 8, before="<cue/>"), bar("F"))
    assert sound(score) == [(0.0, 2.0, 60), (4.0, 1.0, 65)]


@pytest.mark.parametrize("element", ['<tie type="{}"/>', '<notations><tied type="{}"/></notations>'])
def test_ties_join_notes_across_bars_and_voices(element: str) -> None:
    starts, stops = element.format("start"), element.format("stop")
    score = read(ATTRIBUTES + rest(12) + note("C", 4, starts), note("C", 8, stops + "<voice>2</voice>"))
    assert sound(score) == [(3.0, 3.0, 60)]


def test_a_tie_without_its_end_goes_to_the_next_note_of_the_voice() -> None:
    starts, other = '<tie type="start"/>', "<voice>2</voice>"
    assert sound(read(ATTRIBUTES + note("C", 4, starts) + note("C", 4))) == [(0.0, 2.0, 60)]
    assert len(sound(read(ATTRIBUTES + note("C", 4, starts) + note("C", 4, other)))) == 2
    assert len(sound(read(ATTRIBUTES + note("C", 4, starts) + rest(4) + note("C", 4)))) == 2


def test_a_tie_whose_beginning_was_left_out_by_a_jump_sounds() -> None:
    score = read(
        ATTRIBUTES + note("C", 16, '<tie type="start"/>'),
        barline('<ending number="1" type="start"/>', "left")
        + note("C", 16, '<tie type="stop"/>')
        + barline('<ending number="1" type="stop"/><repeat direction="backward"/>'),
        barline('<ending number="2" type="start"/>', "left") + note("C", 16, '<tie type="stop"/>'),
    )
    assert sound(score) == [(0.0, 8.0, 60), (8.0, 8.0, 60)]


TRANSPOSE = "<attributes><transpose><chromatic>{}</chromatic>{}</transpose></attributes>"


def test_transposing_instruments_sound_where_they_sound() -> None:
    score = read(
        ATTRIBUTES + TRANSPOSE.format(-2, "<octave-change>-1</octave-change>") + bar("C"),
        TRANSPOSE.format(3, "") + bar("C"),
        TRANSPOSE.format(0, "<double/>") + bar("C"),
    )
    assert [pitch for _, _, pitch in sound(score)] == [46, 63, 48, 60]


def test_keys_and_chords_of_a_transposing_part_sound_too() -> None:
    key = "<attributes><key><fifths>2</fifths><mode>major</mode></key></attributes>"
    chord = "<harmony><root><root-step>D</root-step></root><kind>minor-seventh</kind></harmony>"
    score = read(
        ATTRIBUTES + TRANSPOSE.format(-2, "").replace("</attributes>", "") + key[12:] + chord + bar("D")
    )
    assert [str(change.key) for change in score.keys] == ["C major"]
    assert [mark.text for mark in score.chords] == ["Cm7"]


@pytest.mark.parametrize(
    ("fifths", "mode", "key"),
    [(0, "major", (0, "major")), (-3, "minor", (0, "minor")), (1, "dorian", (9, "dorian")),
     (2, "", (2, "major")), (-7, "none", (11, "major"))],
)  # fmt: skip
def test_keys_have_modes(fifths: int, mode: str, key: tuple[int, str]) -> None:
    element = f"<attributes><key><fifths>{fifths}</fifths><mode>{mode}</mode></key></attributes>"
    assert read(ATTRIBUTES + element + bar("C")).keys[0].key == Key(*key)


def meters(score: Score) -> list[tuple[float, str]]:
    times = (score.meters.time / score.ticks_per_quarter).tolist()
    return [(time, str(score.meters.at(int(time * score.ticks_per_quarter)))) for time in times]


def time_of(*fractions: tuple[str, str]) -> str:
    content = "".join(f"<beats>{n}</beats><beat-type>{d}</beat-type>" for n, d in fractions)
    return f"<attributes><divisions>4</divisions><time>{content}</time></attributes>"


def test_meters_may_be_sums_alternate_and_be_absent() -> None:
    assert meters(read(time_of(("3+2", "8")) + note("C", 10))) == [(0.0, "5/8")]
    assert meters(read(time_of(("3", "8"), ("1", "4")) + note("C", 10))) == [(0.0, "5/8")]
    alternating = read(time_of(("2", "4"), ("3", "4")) + note("C", 8), note("C", 12), note("C", 8))
    assert meters(alternating) == [(0.0, "2/4"), (2.0, "3/4"), (5.0, "2/4")]
    free = read(
        "<attributes><divisions>4</divisions><time><senza-misura/></time></attributes>" + note("C", 28)
    )
    assert meters(free) == [(0.0, "7/4")]


def test_a_meter_may_change_inside_a_measure() -> None:
    score = read(ATTRIBUTES + note("C", 8) + time_of(("3", "8")) + note("D", 6), note("E", 6))
    assert meters(score) == [(0.0, "2/4"), (2.0, "3/8")]


def test_a_short_first_measure_is_a_pickup() -> None:
    score = read(ATTRIBUTES + note("G", 4), bar("C", "D", "E", "F"), note("C", 12))
    assert meters(score) == [(0.0, "1/4"), (1.0, "4/4")]
    assert pickup(score) == score.ticks_per_quarter


def test_bars_divided_by_a_repeat_stay_whole() -> None:
    backward, forward = (
        barline('<repeat direction="backward"/>'),
        barline('<repeat direction="forward"/>', "left"),
    )
    score = read(
        ATTRIBUTES + note("G", 4),
        note("C", 16),
        note("D", 12) + backward,
        forward + note("E", 4),
        note("F", 16),
    )
    assert (bar_lines(score) / score.ticks_per_quarter).tolist() == [0, 1, 5, 9, 13, 17]
    assert meters(score) == [(0.0, "1/4"), (1.0, "4/4")]


def test_a_rest_of_a_whole_measure_is_no_longer_than_it() -> None:
    score = read(time_of(("3", "4")) + rest(16, 'measure="yes"'), note("C", 12))
    assert sound(score) == [(3.0, 3.0, 60)]


def test_an_empty_measure_lasts_its_meter() -> None:
    assert sound(read(ATTRIBUTES + bar("C"), "", bar("D"))) == [(0.0, 1.0, 60), (8.0, 1.0, 62)]


REPEATED = [
    ATTRIBUTES + barline('<repeat direction="forward"/>', "left") + bar("C"),
    barline('<ending number="1,2" type="start"/>', "left")
    + bar("D")
    + barline('<ending number="1,2" type="stop"/><repeat direction="backward" times="3"/>'),
    barline('<ending number="3" type="start"/>', "left")
    + bar("E")
    + barline('<ending number="3" type="discontinue"/>'),
    bar("F"),
]


def test_repeats_and_endings_are_played() -> None:
    assert [pitch for _, _, pitch in sound(read(*REPEATED))] == [60, 62, 60, 62, 60, 64, 65]


@pytest.mark.parametrize(
    "signs",
    [('<sound segno="a"/>', '<sound tocoda="b"/>', '<sound dalsegno="a"/>', '<sound coda="b"/>'),
     (direction("<segno/>"), direction("<words>To Coda</words>"), direction("<words>D.S. al Coda</words>"),
      direction("<coda/>"))],
)  # fmt: skip
def test_dal_segno_al_coda(signs: tuple[str, ...]) -> None:
    segno, to_coda, dal_segno, coda = signs
    score = read(ATTRIBUTES + bar("C"), segno + bar("D") + to_coda, bar("E") + dal_segno, coda + bar("F"))
    assert [pitch for _, _, pitch in sound(score)] == [60, 62, 64, 62, 65]


@pytest.mark.parametrize(
    ("fine", "capo"),
    [('<sound fine="yes"/>', '<sound dacapo="yes"/>'),
     (direction("<words>Fine</words>"), direction("<words>D. C. al Fine</words>"))],
)  # fmt: skip
def test_da_capo_al_fine(fine: str, capo: str) -> None:
    score = read(ATTRIBUTES + bar("C") + fine, bar("D") + capo)
    assert [pitch for _, _, pitch in sound(score)] == [60, 62, 60]


def test_measures_may_stand_before_parts() -> None:
    measures = [ATTRIBUTES + bar("C"), bar("D")]
    timewise = "".join(
        f'<measure><part id="P1">{m}</part><part id="P2">{m}</part></measure>' for m in measures
    )
    score = musicxml.loads(f"<score-timewise><part-list/>{timewise}</score-timewise>".encode())
    assert score.notes == musicxml.loads(document(measures, measures)).notes
    assert score.n_tracks == 2


METRONOME = "<metronome><beat-unit>{}</beat-unit>{}<per-minute>{}</per-minute></metronome>"


@pytest.mark.parametrize(
    ("marks", "qpm"),
    [(direction("<words>Allegro</words>", '<sound tempo="96"/>'), 96),
     ('<sound tempo="61.5"/>', 61.5),
     (direction(METRONOME.format("quarter", "", "72")), 72),
     (direction(METRONOME.format("quarter", "<beat-unit-dot/>", "ca. 60")), 90),
     (direction(METRONOME.format("half", "", "60-66")), 120),
     (direction("<words>Andante con moto</words>"), 92),
     (direction("<words>poco rit.</words>"), 120),
     (direction("<words>Presto</words>") + direction(METRONOME.format("quarter", "", "50")), 50),
     ('<sound tempo="0"/>', 120), ('<sound tempo="nan"/>', 120)],
)  # fmt: skip
def test_tempos(marks: str, qpm: float) -> None:
    assert read(ATTRIBUTES + marks + bar("C")).tempos.qpm.tolist() == [qpm]


def test_a_repeat_goes_back_to_the_tempo_and_the_key_of_its_beginning() -> None:
    later = '<attributes><key><fifths>1</fifths></key></attributes><sound tempo="60"/>'
    first = (
        ATTRIBUTES + '<attributes><key><fifths>0</fifths></key></attributes><sound tempo="100"/>' + bar("C")
    )
    score = read(first, later + bar("D") + barline('<repeat direction="backward"/>'))
    assert score.tempos.qpm.tolist() == [100, 60, 100, 60]
    assert [str(change.key) for change in score.keys] == ["C major", "G major", "C major", "G major"]


def velocities(*measures: str) -> list[int]:
    return read(ATTRIBUTES + measures[0], *measures[1:]).notes.velocity.tolist()


def dynamic(name: str) -> str:
    return direction(f"<dynamics><{name}/></dynamics>")


def wedge(kind: str) -> str:
    return direction(f'<wedge type="{kind}"/>')


def test_dynamics_and_accents() -> None:
    accent = "<notations><articulations><accent/></articulations></notations>"
    assert velocities(note() + dynamic("p") + note() + note("D", 4, accent) + note()) == [80, 49, 64, 49]
    assert velocities(dynamic("p") + dynamic("sfz") + note() + note()) == [64, 49]
    assert velocities(
        '<sound dynamics="100"/>' + note() + note().replace("<note", '<note dynamics="50"')
    ) == [90, 45]


def test_hairpins_lead_from_mark_to_mark() -> None:
    four = note() + note() + note() + note()
    risen = velocities(dynamic("p") + wedge("crescendo") + four, wedge("stop") + dynamic("f") + note())
    assert risen == [49, 61, 72, 84, 96]
    fallen = velocities(wedge("diminuendo") + four, wedge("stop") + note())
    assert fallen == [80, 76, 72, 68, 64]


def harmony(root: str, kind: str = "major", more: str = "", text: str = "") -> str:
    return f"<harmony><root><root-step>{root}</root-step></root><kind{text}>{kind}</kind>{more}</harmony>"


def test_chord_symbols() -> None:
    bass = "<bass><bass-step>E</bass-step><bass-alter>-1</bass-alter></bass>"
    ninth = (
        "<degree><degree-value>9</degree-value><degree-alter>-1</degree-alter>"
        "<degree-type>add</degree-type></degree>"
    )
    score = read(
        ATTRIBUTES
        + harmony("C", "major")
        + note()
        + harmony("A", "minor", bass)
        + note()
        + harmony("G", "dominant", ninth)
        + note()
        + harmony("F", "major-seventh", text=' text="△7"')
        + "<harmony><kind>none</kind><offset>2</offset></harmony>"
        + harmony("D", "other", text=' text="nonsense"')
        + note()
    )
    assert [mark.text for mark in score.chords] == ["C", "Am/Eb", "G7(addb9)", "F△7", "N.C."]
    assert [mark.time / score.ticks_per_quarter for mark in score.chords] == [0, 1, 2, 3, 3.5]


def in_meter(beats: int, beat_type: int, music: str) -> list[tuple[float, str]]:
    """(quarter, text) of the chord symbols in a measure."""
    time = f"<beats>{beats}</beats><beat-type>{beat_type}</beat-type>"
    score = read(f"<attributes><divisions>4</divisions><time>{time}</time></attributes>{music}")
    return [(mark.time / score.ticks_per_quarter, mark.text) for mark in score.chords]


@pytest.mark.parametrize(
    ("meter", "length", "expected"),
    [
        ((4, 4), 16, [0, 2]),
        ((4, 4), 12, [0, 2]),
        ((2, 2), 16, [0, 2]),
        ((3, 4), 12, [0, 2]),
        ((6, 8), 12, [0, 1.5]),
        ((4, 4), 6, [0, 1]),
        ((4, 4), 4, [0, 0.5]),
        ((4, 4), 16, [0, 2, 3]),
        ((12, 8), 24, [0, 3, 4.5]),
        ((4, 4), 16, [0, 1, 2, 3]),
    ],
)
def test_chords_before_one_note_share_it(meter: tuple[int, int], length: int, expected: list[float]) -> None:
    roots = "CFGA"[: len(expected)]
    found = in_meter(*meter, "".join(map(harmony, roots)) + note("C", length))
    assert found == list(zip(expected, roots, strict=True))


def test_only_chords_without_a_place_of_their_own_share_a_note() -> None:
    offset = "<offset>4</offset>"
    assert in_meter(4, 4, harmony("C") + harmony("F", more=offset) + note("C", 16)) == [(0, "C"), (1, "F")]
    back = "<backup><duration>16</duration></backup>"
    twice = harmony("C") + note("C", 16) + back + harmony("F") + note("C", 16)
    assert in_meter(4, 4, twice) == [(0, "C"), (0, "F")]
    unreadable = harmony("D", "other", text=' text="nonsense"')
    assert in_meter(4, 4, unreadable + harmony("F") + note("C", 16)) == [(2, "F")]


DRUMS = (
    '<score-part id="P1"><part-name>Kit</part-name><score-instrument id="a"><instrument-name>x'
    '</instrument-name></score-instrument><score-instrument id="b"><instrument-name>Hi-Hat</instrument-name>'
    "</score-instrument>"
    '<midi-instrument id="a"><midi-channel>10</midi-channel><midi-program>1</midi-program>'
    "<midi-unpitched>39</midi-unpitched></midi-instrument></score-part>"
)


def test_percussion_is_what_the_file_says_else_what_it_is_called_else_where_it_stands() -> None:
    place = "<unpitched><display-step>{}</display-step><display-octave>{}</display-octave></unpitched>"
    hit = f"<note>{place}<duration>4</duration>{{}}</note>"
    measure = (
        ATTRIBUTES + hit.format("E", 4, '<instrument id="a"/>') + hit.format("E", 4, '<instrument id="b"/>')
    )
    score = read(measure, listed=DRUMS)
    assert score.notes.pitch.tolist() == [38, 42]
    assert score.notes.is_drum.all()
    assert score.track_names == ("Kit",)
    unnamed = read(ATTRIBUTES + hit.format("F", 4, "") + hit.format("G", 5, "") + hit.format("C", 7, ""))
    assert unnamed.notes.pitch.tolist() == [36, 42, 38]


def test_programs_come_from_numbers_else_from_names() -> None:
    listed = (
        '<score-part id="P1"><part-name>Horn</part-name><midi-instrument id="a"><midi-program>57'
        '</midi-program></midi-instrument></score-part><score-part id="P2"><part-name>Violin I</part-name>'
        "</score-part>"
    )
    score = musicxml.loads(document([ATTRIBUTES + bar("C")], [ATTRIBUTES + bar("C")], listed=listed))
    assert score.notes.program.tolist() == [56, 40]
    assert score.track_names == ("Horn", "Violin I")


def test_each_pass_of_a_repeat_has_its_verse() -> None:
    def lyric(number: int, text: str, syllabic: str = "single") -> str:
        return f'<lyric number="{number}"><syllabic>{syllabic}</syllabic><text>{text}</text></lyric>'

    verses = lyric(1, "one", "begin") + lyric(2, "two")
    score = read(
        ATTRIBUTES + note("C", 16, verses) + barline('<repeat direction="backward"/>'),
        note("D", 16, lyric(1, "end")),
    )
    assert [mark.text for mark in score.lyrics] == ["one-", "two", "end"]


def test_what_the_score_says_about_itself() -> None:
    header = (
        "<work><work-title>Cycle</work-title></work><movement-title>Song\n &amp; Dance</movement-title>"
        '<identification><creator type="composer">A. B.</creator><creator type="poet">C. D.</creator>'
        "<rights>2020</rights></identification>"
    )
    score = read(ATTRIBUTES + bar("C"), header=header)
    assert score.title == "Song & Dance"
    assert score.about == (
        ("work", "Cycle"),
        ("composer", "A. B."),
        ("lyricist", "C. D."),
        ("copyright", "2020"),
    )


def test_a_sign_for_the_measure_before_repeats_it() -> None:
    style = '<measure-style><measure-repeat type="{}">{}</measure-repeat></measure-style>'
    style = f"<attributes>{style}</attributes>"
    sign, stop = style.format("start", 1), style.format("stop", "")
    score = read(ATTRIBUTES + bar("C", "D"), sign + rest(16), rest(16), stop + rest(16))
    assert onsets(score) == [0, 1, 4, 5, 8, 9]


def test_octave_shifts_and_hidden_notes_change_nothing() -> None:
    shift = direction('<octave-shift type="down" size="8"/>')
    hidden = note("E").replace("<note", '<note print-object="no"')
    assert [pitch for _, _, pitch in sound(read(ATTRIBUTES + shift + note() + hidden))] == [60, 64]


def test_rehearsal_marks() -> None:
    score = read(ATTRIBUTES + bar("C"), direction("<rehearsal>B</rehearsal>") + bar("D"))
    assert [(mark.time / score.ticks_per_quarter, mark.text) for mark in score.markers] == [(4.0, "B")]


def test_all_notes_of_a_chord_last_as_long_as_its_first() -> None:
    score = read(ATTRIBUTES + note("C", 8) + note("E", 4, before="<chord/>") + note("D", 8))
    assert sound(score) == [(0.0, 2.0, 60), (0.0, 2.0, 64), (2.0, 2.0, 62)]


def test_a_chord_note_out_of_place_still_belongs_to_its_chord() -> None:
    back = "<backup><duration>8</duration></backup>"
    score = read(ATTRIBUTES + rest(4) + note("C", 4) + back + note("E", before="<chord/>"))
    assert sound(score) == [(1.0, 1.0, 60), (1.0, 1.0, 64)]
