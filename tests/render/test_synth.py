"""A score to sound: what is written is heard, without clicks, without clipping, the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from antiphon.errors import InputError
from antiphon.render.room import CEILING, TAIL_S, limit
from antiphon.render.synth import synthesize
from antiphon.score.maps import TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Bends, Controls, Score

RATE = 22050
QUARTER_S = 0.5  # at 120 quarters per minute


def score_of(*notes, controls=None, bends=None, **columns):
    """A score of (start, length, pitch[, velocity]) in quarters."""
    start = np.array([round(note[0] * 480) for note in notes])
    length = np.array([round(note[1] * 480) for note in notes])
    velocity = np.array([note[3] if len(note) > 3 else 90 for note in notes])
    written = Notes.of(start, start + length, [note[2] for note in notes], velocity, **columns)
    return Score(written, controls=controls or Controls.none(), bends=bends or Bends.none())


def control(number, *changes):
    """Changes of one controller of the first part, as (quarters, value)."""
    n = len(changes)
    times = [round(at * 480) for at, _ in changes]
    return Controls(np.array(times), np.full(n, number), np.array([v for _, v in changes]), np.zeros(n))


def heard(score, rate=RATE):
    return synthesize(score, rate)


def level(sound, start_s, stop_s, rate=RATE):
    return float(np.sqrt(np.mean(sound[int(start_s * rate) : int(stop_s * rate)] ** 2)))


def pitch_heard(sound, start_s, stop_s, rate=RATE):
    part = sound[int(start_s * rate) : int(stop_s * rate)].sum(axis=1)
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 18))
    hz = np.fft.rfftfreq(1 << 18, 1 / rate)
    return 69 + 12 * np.log2(hz[np.argmax(power)] / 440)


def test_no_notes_give_no_sound():
    assert synthesize(Score(Notes.none())).shape == (0, 2)


def test_silent_notes_give_silence():
    sound = heard(score_of((0, 2, 60), controls=control(7, (0, 0))))
    assert len(sound) > RATE
    assert not sound.any()


def test_the_shape_is_stereo_float32_as_long_as_the_music_and_the_room():
    sound = heard(score_of((0, 4, 60)))
    assert sound.dtype == np.float32
    assert sound.shape == (int((4 * QUARTER_S + TAIL_S) * RATE), 2)
    assert not sound[-1].any()


def test_the_same_score_gives_the_same_samples():
    score = score_of((0, 1, 60), (1, 1, 64), (1, 2, 36), program=[0, 48, 0], is_drum=[False, False, True])
    assert np.array_equal(heard(score), heard(score))


@pytest.mark.parametrize("program", [0, 19, 40, 73])
def test_velocity_is_heard_in_every_step(program):
    levels = [level(heard(score_of((0, 1, 60, v), program=program)), 0, 0.5) for v in range(10, 128, 13)]
    assert np.all(np.diff(levels) > 0)


@pytest.mark.parametrize("program", [0, 16, 19, 24, 40, 56, 73, 80, 89])
@pytest.mark.parametrize("pitch", [40, 60, 79])
def test_a_note_ends_without_a_click(program, pitch):
    """A click is a burst at high frequencies: around the end there is none above what the tone itself has."""
    sound = heard(score_of((0, 1.37, pitch, 100), program=program), 44100)[:, 0]
    spectrum = np.fft.rfft(sound)
    spectrum[np.fft.rfftfreq(len(sound), 1 / 44100) < 9000] = 0
    high = np.abs(np.fft.irfft(spectrum, len(sound)))
    end = int(1.37 * QUARTER_S * 44100)
    before = high[end - 8820 : end - 2205].max()
    after = high[end - 441 : end + 13230].max()
    assert after <= max(1.3 * before, 1e-4)


def test_the_sound_is_over_soon_after_the_note():
    sound = heard(score_of((0, 1, 60), program=80))
    assert level(sound, 1.4, 1.5) < 0.02 * level(sound, 0.2, 0.5)


def test_dense_loud_chords_stay_under_full_scale():
    chord = [(beat / 2, 1, pitch, 127) for beat in range(8) for pitch in range(36, 96, 2)]
    sound = heard(score_of(*chord, program=np.arange(len(chord)) % 100))
    assert np.abs(sound).max() <= CEILING + 1e-6
    assert level(sound, 0.5, 4) > 0.1


def test_the_limiter_leaves_quiet_music_alone_and_bends_nothing():
    time = np.arange(RATE * 2) / RATE
    quiet = np.stack([0.5 * np.sin(2 * np.pi * 220 * time)] * 2).astype(np.float32)
    kept = quiet.copy()
    limit(kept)
    assert np.array_equal(kept, quiet)
    loud = 4 * quiet
    limit(loud)
    assert np.abs(loud).max() <= CEILING + 1e-6
    spectrum = np.abs(np.fft.rfft(loud[0][RATE // 2 : RATE + RATE // 2]))
    assert spectrum[440 // 2] ** 2 > 0.9999 * np.sum(spectrum**2)


def test_a_sudden_peak_is_turned_down_alone():
    time = np.arange(RATE * 4) / RATE
    tone = np.stack([0.3 * np.sin(2 * np.pi * 220 * time)] * 2).astype(np.float32)
    burst = tone.copy()
    burst[:, RATE : RATE + 200] *= 10
    limit(burst)
    assert np.abs(burst).max() <= CEILING + 1e-6
    assert np.allclose(burst[:, 2 * RATE :], tone[:, 2 * RATE :])


def test_programs_and_drums_sound_different():
    piano, flute = (heard(score_of((0, 1, 60), program=program)) for program in (0, 73))
    drum = heard(score_of((0, 1, 38), is_drum=True))
    assert np.abs(piano - flute).max() > 0.05
    assert np.abs(np.fft.rfft(drum[:, 0]))[3000:].sum() > np.abs(np.fft.rfft(flute[:, 0]))[3000:].sum()


def test_the_pedal_holds_a_note_until_it_is_lifted():
    short = heard(score_of((0, 0.5, 60), (7, 0.5, 90)))
    held = heard(score_of((0, 0.5, 60), (7, 0.5, 90), controls=control(64, (0, 127), (4, 0))))
    assert level(held, 1.2, 1.9) > 10 * level(short, 1.2, 1.9)
    assert level(held, 2.6, 3.2) < 0.2 * level(held, 1.2, 1.9)


def test_a_pedal_that_is_never_lifted_holds_to_the_end():
    held = heard(score_of((0, 0.5, 60), (7, 1, 90, 1), controls=control(64, (0, 127))))
    assert level(held, 2.5, 3.4) > 0.003


def test_volume_and_expression_turn_a_part_down():
    full = level(heard(score_of((0, 2, 60))), 0, 1)
    for number in (7, 11):
        half = level(heard(score_of((0, 2, 60), controls=control(number, (0, 50)))), 0, 1)
        assert 0.1 * full < half < 0.3 * full


def test_a_swell_is_heard_inside_a_note():
    swell = control(11, *((k / 8, 8 * k) for k in range(16)))
    sound = heard(score_of((0, 2, 60), program=19, controls=swell))
    assert level(sound, 0.8, 1.0) > 4 * level(sound, 0.2, 0.4)
    assert np.abs(np.diff(sound[:, 0])).max() < 0.1


def test_pan_moves_a_part_to_its_side():
    sides = {
        value: heard(score_of((0, 2, 60), program=73, controls=control(10, (0, value)))) for value in (0, 127)
    }
    for value, (near, far) in ((0, (0, 1)), (127, (1, 0))):
        sound = sides[value]
        assert np.std(sound[:, near]) > 5 * np.std(sound[:, far])


def test_a_bend_moves_the_pitch_by_two_semitones_or_the_range_set():
    bend = Bends(np.array([480]), np.array([8191]), np.array([0]))
    sound = heard(score_of((0, 4, 69), program=73, bends=bend))
    assert pitch_heard(sound, 0.1, 0.45) == pytest.approx(69, abs=0.05)
    assert pitch_heard(sound, 0.7, 1.9) == pytest.approx(71, abs=0.05)
    wide = Controls(np.zeros(3), np.array([101, 100, 6]), np.array([0, 0, 12]), np.zeros(3))
    sound = heard(score_of((0, 4, 69), program=73, bends=bend, controls=wide))
    assert pitch_heard(sound, 0.7, 1.9) == pytest.approx(81, abs=0.05)


def test_controllers_of_one_part_leave_the_others_alone():
    notes = score_of((0, 2, 60), (0, 2, 72), program=73, track=[0, 1])
    silenced = notes.replace(controls=control(7, (0, 0)))
    assert pitch_heard(heard(silenced), 0.1, 0.9) == pytest.approx(72, abs=0.1)


def test_a_closing_hi_hat_stops_the_open_one():
    ringing = heard(score_of((0, 0.1, 46), is_drum=True))
    choked = heard(score_of((0, 0.1, 46), (0.3, 0.1, 42, 1), is_drum=True))
    assert level(choked, 0.3, 0.45) < 0.3 * level(ringing, 0.3, 0.45)


def test_tempo_changes_move_the_notes():
    score = score_of((0, 1, 60), (4, 1, 72), program=73).replace(tempos=TempoMap.of([(0, 120), (480, 60)]))
    assert pitch_heard(heard(score), 3.55, 4.3) == pytest.approx(72, abs=0.1)


def test_music_of_many_hours_is_refused():
    with pytest.raises(InputError, match="at most 60"):
        synthesize(score_of((0, 1, 60), (20000, 1, 60)))


def test_a_note_of_half_an_hour_is_held_for_a_minute_only():
    score = score_of((0, 200, 60), program=19)
    sound = synthesize(score, 8000)
    assert level(sound, 55, 59, 8000) > 0.02
    assert level(sound, 64, 99, 8000) < 1e-4
