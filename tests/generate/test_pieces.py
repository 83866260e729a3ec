"""Whole pieces: length, place in the bar, key, what is written, and the same music from the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from antiphon import recipes
from antiphon.codecs.alphabet import Alphabet, Field, Span
from antiphon.codecs.kinds import Standing
from antiphon.codecs.pitches import PitchView
from antiphon.codecs.timing import Bars
from antiphon.errors import OptionError, PromptError
from antiphon.extract.melody import Melody
from antiphon.generate import Options, generate
from antiphon.generate.options import Length
from antiphon.generate.pieces import played
from antiphon.generate.plan import _usual_end, prepare
from antiphon.generate.prompt import Prompt, prompt
from antiphon.generate.tonality import scale, tonic_chord
from antiphon.recipes import Recipe
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.graph import StepOutput
from antiphon.runtime.session import Session
from antiphon.score.bars import bar_lines
from antiphon.score.maps import Key, KeyChange, Meter, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Q = 480
TUNE = [60, -2, 64, -2, 67, -2, -2, -2]


def made(
    bundle: Bundle, toy: Any, prompt: Any = None, n: int = 1, seed: int = 1, **options: Any
) -> list[Any]:
    return generate(bundle, prompt, Options.of(**options), seed, n, player=toy)


def pitches(piece: Any) -> set[int]:
    events = piece.sequence.events
    return set(events[events >= 0].tolist())


def score(pitch: list[int], start: int = 0, each: int = Q, **changes: Any) -> Score:
    onsets = start + each * np.arange(len(pitch))
    return Score(Notes.of(onsets, onsets + each, pitch), source="tune.mid").replace(**changes)


# length and bars ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, 256),
        ({"bars": 3}, 48),
        ({"steps": 21}, 21),
        ({"seconds": 1.2}, 10),
        ({"seconds": 1.2, "qpm": 60}, 5),
        ({"bars": 4, "meter": "3/4"}, 48),
        ({"bars": 2, "meter": "7/8"}, 28),
    ],
)
def test_length_without_a_primer(bundle: Bundle, toy: Any, options: dict[str, Any], steps: int) -> None:
    (piece,) = made(bundle, toy, **options)
    assert len(piece.sequence) == steps
    assert piece.sequence.events[0] >= 0, "a piece from nothing begins with a note on a bar line"
    assert len(piece.log_p) == steps - 1


def test_bars_count_the_primer_but_not_its_pickup(bundle: Bundle, toy: Any) -> None:
    upbeat = Melody(np.array([67, -2, 69, -2]), meter=Meter(3, 4), start_in_bar=8)
    (piece,) = made(bundle, toy, upbeat, bars=5)
    assert len(piece.sequence) == 4 + 5 * 12
    assert piece.sequence.start_in_bar == 8
    assert [position for _, position in toy.heard[:5]] == [[8, 12], [9, 12], [10, 12], [11, 12], [0, 12]]


def test_a_files_pickup_keeps_its_place_and_is_written_again(bundle: Bundle, toy: Any) -> None:
    upbeat = score([67, 72, 74, 76], meters=MeterMap.of([(0, 1, 4), (Q, 3, 4)]))
    (piece,) = made(bundle, toy, upbeat, bars=4)
    assert (piece.sequence.start_in_bar, len(piece.sequence)) == (8, 4 + 4 * 12)
    assert piece.score.meters == MeterMap.of([(0, 1, 4), (Q, 3, 4)])
    assert piece.primer_end == 4 * Q
    assert bar_lines(piece.score)[:3].tolist() == [0, Q, 4 * Q]


def test_a_long_primer_is_given_eight_more_bars(bundle: Bundle, toy: Any) -> None:
    (piece,) = made(bundle, toy, TUNE * 32 + [60])  # 16 bars and one step
    assert len(piece.sequence) == (17 + 8) * 16
    upbeat = Melody(np.array([67, -2, 69, -2, *TUNE * 32]), start_in_bar=12)  # 16 bars and a pick-up
    assert len(made(bundle, toy, upbeat)[0].sequence) == 4 + (16 + 8) * 16


@pytest.mark.parametrize(("primer_s", "whole_s"), [(0, 30), (5, 30), (25, 35)])
def test_by_the_clock_a_long_primer_is_given_ten_more_seconds(primer_s: int, whole_s: int) -> None:
    recipe = recipes.find("melody/attention")
    given = Prompt(recipe, np.zeros((20 * primer_s, 1), np.int64), Standing(steps_per_second=20))
    assert _usual_end(given, Length()) == 20 * whole_s


@pytest.mark.parametrize(
    ("options", "n", "message"),
    [
        ({"bars": 7000}, 1, "length is 112000 steps; expected up to 100000"),
        ({"seconds": 99_999, "qpm": 1000}, 1, "expected up to 100000"),
        ({"beam_size": 64, "branch_factor": 16}, 17, "17 pieces with a beam of 64 times 16 are 17408"),
    ],
)
def test_what_is_too_much_is_refused_before_it_begins(
    bundle: Bundle, toy: Any, options: dict[str, Any], n: int, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        made(bundle, toy, n=n, **options)
    assert not toy.heard


def test_the_meter_of_most_training_pieces_is_the_default(bundle: Bundle, toy: Any) -> None:
    import dataclasses

    waltzes = dataclasses.replace(bundle, defaults={"meters": {"3/4": 0.9, "4/4": 0.1}})
    assert made(waltzes, toy, bars=1)[0].sequence.meter == Meter(3, 4)
    assert made(waltzes, toy, TUNE, bars=1)[0].sequence.meter == Meter(4, 4), "a primer says its own"


def test_the_last_note_ends_at_the_bar_line_and_nothing_before_the_first(bundle: Bundle, toy: Any) -> None:
    for piece in made(bundle, toy, TUNE, n=20, bars=2, with_primer=False):
        events, notes = piece.sequence.events, piece.score.notes
        assert len(events) == 32 - len(TUNE)
        sounding = False
        for event in events:
            assert event != -1 or sounding, "a note-off without a note"
            sounding = event >= 0 or (sounding and event != -1)
        assert notes.end.max() <= (piece.sequence.start_in_bar + len(events)) * Q // 4
        if sounding:
            assert notes.end.max() == len(events) * Q // 4


# primers ---------------------------------------------------------------------------------------------------


def test_the_primer_comes_first_and_unchanged(bundle: Bundle, toy: Any) -> None:
    primer = score([74, 78, 81, 78], meters=MeterMap.of([(0, 2, 4)]), tempos=TempoMap.of([(0, 90)]))
    (piece,) = made(bundle, toy, primer, bars=4)
    assert piece.sequence.events[:16:4].tolist() == [74, 78, 81, 78]
    assert piece.sequence.meter == Meter(2, 4)
    assert piece.score.tempos.qpm.tolist() == [90]
    assert piece.primer_end == 4 * Q
    # In D; the model hears it in C, one octave down, in the middle of its range.
    assert [events for events, _ in toy.heard[:16:4]] == [[60 + 2], [64 + 2], [67 + 2], [64 + 2]]


def test_the_top_voice_of_chords_is_continued(bundle: Bundle, toy: Any) -> None:
    chords = Score(Notes.of([0, 0, Q, Q], [Q, Q, 2 * Q, 2 * Q], [60, 67, 65, 72]))
    assert made(bundle, toy, chords, bars=1)[0].sequence.events[:8:4].tolist() == [67, 72]


def test_a_files_last_note_keeps_its_length_but_a_list_may_go_on(bundle: Bundle, toy: Any) -> None:
    of_file = made(bundle, toy, score([60, 62]), n=60, bars=1)
    of_list = made(bundle, toy, [60, -2, -2, -2, 62, -2, -2, -2], n=60, bars=1)
    assert all(piece.sequence.events[8] != -2 for piece in of_file)
    assert any(piece.sequence.events[8] == -2 for piece in of_list)


def test_without_primer_its_bars_are_left_out(bundle: Bundle, toy: Any) -> None:
    whole, rest = (made(bundle, toy, TUNE * 2 + [60, -2], bars=3, with_primer=w)[0] for w in (True, False))
    assert rest.sequence.start_in_bar == 2
    notes = rest.sequence.events >= 0
    assert np.array_equal(whole.sequence.events[18:][notes], rest.sequence.events[notes])
    assert rest.primer_end == 0
    assert np.array_equal(whole.log_p, rest.log_p)


def test_a_note_of_the_primer_does_not_end_where_it_is_left_out(bundle: Bundle, toy: Any) -> None:
    toy.table[..., 1] += 20  # ends whatever sounds
    whole, rest = (made(bundle, toy, TUNE, steps=10, with_primer=w)[0].sequence.events for w in (True, False))
    assert (whole[8], rest[0]) == (-1, -2)


def test_a_primers_first_bars_are_taken_with_its_pickup_and_end_there(bundle: Bundle, toy: Any) -> None:
    toy.table[..., 0] += 20  # holds whatever sounds
    upbeat = Melody(np.array([67, -2, 69, -2, 60, *[-2] * 39]), start_in_bar=12)
    (piece,) = made(bundle, toy, upbeat, primer_bars=1, bars=2)
    assert piece.sequence.events[:20].tolist() == upbeat.events[:20].tolist()
    assert piece.sequence.events[20] != -2, "a note that goes on beyond is cut"


def test_a_note_that_cannot_be_shortened_gives_way_to_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = Span("hold", steps=1), Span("off", steps=1), Span("on", 128, steps=4, onset=True)
    alphabet = Alphabet((Field("event", spans),))
    monkeypatch.setattr("antiphon.recipes.recipe._alphabet", lambda family, view: alphabet)
    for ids in ([62, 64, 0], [62, 64]):
        value = np.arange(1, len(ids) + 1, dtype=np.float32)[:, None]
        given = Prompt(recipes.find("melody/basic"), np.array(ids)[:, None], Standing(), value=value)
        cut = given.first_steps(6)
        assert (cut.ids[:, 0].tolist(), cut.n_steps, cut.finished) == ([62, 1, 0], 6, True)
        assert cut.value is not None
        assert cut.value[:, 0].tolist() == [1, 0, 0], "a rest has no numbers of the note that it replaces"
        assert given.first_steps(9).ids.tolist() == given.ids.tolist(), "nothing is added to the end"


def test_another_meter_counts_the_primers_pickup_anew(bundle: Bundle, toy: Any) -> None:
    upbeat = Melody(np.array([67, -2, 69, -2]), start_in_bar=14)
    assert prompt(upbeat, bundle.recipe, Meter(3, 4)).standing.start_in_bar == 2
    (piece,) = made(bundle, toy, upbeat, bars=2, meter="3/4")
    assert (piece.sequence.meter, piece.sequence.start_in_bar) == (Meter(3, 4), 2)
    assert [position for _, position in toy.heard[:2]] == [[2, 12], [3, 12]]


def test_transposing_moves_the_primer_and_the_result(bundle: Bundle, toy: Any) -> None:
    plain, moved = (
        made(bundle, toy, [60, 64, 71, 65], bars=2, transpose=t)[0].sequence.events for t in (0, 5)
    )
    assert np.array_equal(np.where(plain >= 0, plain + 5, plain), moved)
    in_d = score([62, 66, 69, 66], keys=(KeyChange(0, Key(2)),))
    assert made(bundle, toy, in_d, bars=2, transpose=5)[0].score.keys == (KeyChange(0, Key(7)),)


@pytest.mark.parametrize(
    ("prompt", "options", "message"),
    [
        ([], {}, "no notes"),
        ([-2, -1, -2], {}, "no notes"),
        (Score(Notes.none(), source="empty.mid"), {}, "'empty.mid' has no melody to continue"),
        (Score(Notes.of([0], [Q], [36], is_drum=True), source="beat.mid"), {}, "drums"),
        ([60, 128], {}, "128 is no melody event"),
        (TUNE, {"steps": 8}, r"8 steps long \(0.5 bars\), and 8 \(0.5 bars\) are asked for"),
        (TUNE * 4, {"bars": 2}, r"32 steps long \(2 bars\), and 32 \(2 bars\) are asked for"),
        ([-2] * 16 + TUNE, {"primer_bars": 1}, "hold no note"),
        (None, {"transpose": 2}, "no primer to transpose"),
        ([30, 96], {}, r"does not fit 'melody/attention'.*F#1 \(30\)"),
        (TUNE, {"transpose": 100}, "leaves MIDI's range"),
        (TUNE, {"transpose": -61}, r"C4 transposed by -61 leaves MIDI's range"),
    ],
)
def test_primers_that_cannot_be_continued(
    bundle: Bundle, toy: Any, prompt: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(PromptError, match=message):
        made(bundle, toy, prompt, **options)


def test_a_primer_out_of_reach_is_offered_a_transposition(bundle: Bundle, toy: Any) -> None:
    import dataclasses

    still = dataclasses.replace(bundle.recipe, view=PitchView(48, 84, key=None))
    with pytest.raises(PromptError, match="Use --transpose -6") as raised:
        generate(dataclasses.replace(bundle, recipe=still), [89, 80], player=toy)
    assert "F6 (89)" in str(raised.value)
    generate(dataclasses.replace(bundle, recipe=still), [89, 80], Options.of(transpose=-6), player=toy)


def test_a_meter_that_the_clock_cannot_count(bundle: Bundle, toy: Any) -> None:
    with pytest.raises(OptionError, match="68 steps"):
        made(bundle, toy, meter="17/4")
    with pytest.raises(OptionError, match=r"2\.5 steps"):
        made(bundle, toy, meter="5/32")


def test_music_of_a_model_can_be_moved_and_cut_like_any_primer(bundle: Bundle, toy: Any) -> None:
    (first,) = made(bundle, toy, TUNE, bars=3, key="Eb")
    moved = made(bundle, toy, first.music, bars=4, transpose=-3)[0].sequence.events[:48]
    plain = first.sequence.events
    assert np.array_equal(moved, np.where(plain >= 0, plain - 3, plain))
    (cut,) = made(bundle, toy, first.music, bars=2, primer_bars=1)
    assert np.array_equal(cut.sequence.events[:16], plain[:16])
    assert cut.primer_end == 16 * cut.score.ticks_per_quarter // 4
    (waltz,) = made(bundle, toy, first.music, bars=6, meter="3/4")
    assert waltz.sequence.meter == Meter(3, 4)


def test_music_of_another_family_is_refused(bundle: Bundle, toy: Any) -> None:
    drums = recipes.find("drums/one-drum")
    beat = prompt([(36,), (), (36,), ()], drums)
    with pytest.raises(PromptError, match="is of drum tracks; 'melody/attention' plays melodies"):
        made(bundle, toy, beat)


def test_no_pieces_of_no_outputs(bundle: Bundle, toy: Any) -> None:
    assert generate(bundle, None, Options.of(temperature=0.5), outputs=[], player=toy) == []


def test_music_that_never_moves_on_is_ended() -> None:
    """Strokes that take no time, for ever."""

    class Still:
        alphabet = Alphabet(
            (Field("x", (Span("a", 2, onset=True),)), Field("t", (Span("stay"), Span("go", steps=1))))
        )
        wants, n_uniform, can_prefill = frozenset[str](), 0, False

        def start(self, n: int) -> Any:
            return np.zeros((n, 1))

        def step(self, heard: Any, state: Any, *, keep: bool = True) -> StepOutput:
            log_p = np.log(np.array([[0.5, 0.5, 1 - 1e-9, 1e-9]] * len(heard.event), np.float32))
            return StepOutput(log_p, state)

        def prefill(self, heard: Any, state: Any, *, keep: bool = True) -> StepOutput:
            raise AssertionError("it said that it cannot")

    session = Session(Still(), np.array([0.5, 0.5, 1.0, 0.0]), Bars.of(0, 4), 2)
    with pytest.raises(OptionError, match="events were played in less than 4 steps"):
        played(session, 4)


# key -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["D minor", "Bb", "F# major", "E dorian", "A minor", "C"])
def test_music_from_nothing_begins_on_the_tonic_chord_of_the_key(bundle: Bundle, toy: Any, key: str) -> None:
    options = Options.of(key=key, bars=1)
    assert options.tonality.key is not None
    for piece in generate(bundle, None, options, 4, 30, player=toy):
        assert int(piece.sequence.events[0]) % 12 in tonic_chord(options.tonality.key)
        assert piece.score.keys == (KeyChange(0, options.tonality.key),)


@pytest.mark.parametrize("key", ["D minor", "Bb", "E dorian"])
def test_in_key_never_leaves_the_scale(bundle: Bundle, toy: Any, key: str) -> None:
    options = Options.of(key=key, in_key=True)
    assert options.tonality.key is not None
    for piece in generate(bundle, None, options, 4, 10, player=toy):
        assert {pitch % 12 for pitch in pitches(piece)} <= scale(options.tonality.key)


def test_a_key_moves_what_the_model_plays_from_c(bundle: Bundle, toy: Any) -> None:
    home, away = (made(bundle, toy, key=key, bars=2)[0].sequence.events for key in ("C", "Eb"))
    assert np.array_equal(np.where(home >= 0, home + 3, home), away)


def test_with_a_primer_everything_moves_to_the_key_nearby(bundle: Bundle, toy: Any) -> None:
    in_d = score([62, 66, 69, 66], keys=(KeyChange(0, Key(2)),))
    plain, moved = (made(bundle, toy, in_d, bars=2, key=key)[0] for key in (None, "B minor"))
    assert np.array_equal(plain.sequence.events, moved.sequence.events), "B minor has the notes of D major"
    assert (plain.score.keys[0].key, moved.score.keys[0].key) == (Key(2), Key(11, "minor"))
    up = made(bundle, toy, in_d, bars=2, key="F")[0].sequence.events
    assert up[:16:4].tolist() == [65, 69, 72, 69]


def test_a_model_without_a_home_key_only_begins_in_it(bundle: Bundle, toy: Any) -> None:
    import dataclasses

    recipe: Recipe = dataclasses.replace(bundle.recipe, view=PitchView(48, 84, key=None))
    options = Options.of(key="Db", bars=1)
    pieces = generate(dataclasses.replace(bundle, recipe=recipe), None, options, 0, 20, player=toy)
    assert {int(piece.sequence.events[0]) % 12 for piece in pieces} <= {1, 5, 8}
    assert len({pitch % 12 for piece in pieces for pitch in pitches(piece)}) > 7


# the same music -----------------------------------------------------------------------------------------

WAYS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.5, "top_k": 9, "top_p": 0.9},
    {"temperature": 0},
    {"beam_size": 3, "branch_factor": 2, "steps_per_iteration": 2},
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("prompt", [None, TUNE])
def test_same_seed_same_music_alone_or_in_a_batch(
    bundle: Bundle, toy: Any, way: dict[str, Any], prompt: Any
) -> None:
    options = Options.of(bars=2, **way)
    batch = generate(bundle, prompt, options, 9, 5, player=toy)
    alone = [generate(bundle, prompt, options, 9, outputs=[k], player=toy)[0] for k in range(5)]
    for together, single in zip(batch, alone, strict=True):
        assert together.sequence == single.sequence
        assert together.score == single.score
        assert np.array_equal(together.log_p, single.log_p)
    if way.get("temperature") != 0:
        assert len({tuple(piece.sequence.events.tolist()) for piece in batch}) == 5


def test_another_seed_is_other_music(bundle: Bundle, toy: Any) -> None:
    one, two = (made(bundle, toy, seed=seed, bars=2)[0].sequence for seed in (1, 2))
    assert one != two


@pytest.mark.parametrize("way", WAYS)
def test_likelihood_is_the_models_own_at_temperature_1(bundle: Bundle, toy: Any, way: dict[str, Any]) -> None:
    (piece,) = made(bundle, toy, TUNE, bars=2, **way)
    ids = (piece.sequence.events + 2).tolist()  # in C and in the middle already: heard as written
    log_p = []
    for t in range(len(TUNE), len(ids)):
        logits = toy.table[ids[t - 2] % 7, ids[t - 1] % 5, (t - 1) % 16]
        log_p.append(logits[ids[t]] - np.logaddexp.reduce(logits))
    assert np.allclose(piece.log_p, log_p, atol=1e-5)
    assert piece.log_likelihood == pytest.approx(sum(log_p), abs=1e-3)
    assert piece.per_event == pytest.approx(np.mean(log_p), abs=1e-5)


def test_the_numbers_of_a_piece_are_those_of_its_own_events(bundle: Bundle, touching: Any) -> None:
    whole, rest = (made(bundle, touching, TUNE, bars=2, with_primer=w)[0].music for w in (True, False))
    assert whole.value is not None
    assert rest.value is not None
    assert (whole.value.shape, rest.value.shape) == ((32, 1), (24, 1))
    assert not whole.value[:8].any(), "a primer without numbers has the usual ones"
    assert np.array_equal(whole.value[8:], rest.value)
    expected = whole.value[7:-1] / 2 + touching.alphabet.heard(whole.ids)[7:-1] % 5
    assert np.allclose(rest.value, expected)


def test_program_tempo_and_names_are_written(bundle: Bundle, toy: Any) -> None:
    (piece,) = made(bundle, toy, program="cello", qpm=77, bars=1)
    assert set(piece.score.notes.program.tolist()) == {42}
    assert piece.score.tempos.qpm.tolist() == [77]
    assert piece.score.track_names == ("Cello",)
    assert "seed 1" in piece.score.title


@pytest.mark.parametrize("n", [0, -3])
def test_no_pieces_is_an_error(bundle: Bundle, toy: Any, n: int) -> None:
    with pytest.raises(OptionError, match="expected 1 or more"):
        generate(bundle, n=n, player=toy)


def test_the_plan_knows_the_way_back(bundle: Bundle) -> None:
    plan = prepare(bundle, [74, 78, 81], Options())
    events = np.array([[-2, -1, 60, 71]])
    assert (plan.heard(plan.sounding(events.T + 2)) == events.T + 2).all()
