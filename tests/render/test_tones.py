"""The tones of the built-in synthesiser: in tune, told apart, louder and brighter with velocity."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from antiphon.render import drums
from antiphon.render.patches import PATCHES
from antiphon.render.tones import frequency, tone
from antiphon.score import general_midi

RATE = 44100
PITCHED_PROGRAMS = (*range(0, 112, 8), 3, 21, 44, 50, 52, 75, 85, 90, 109, 111)
KEYBOARD = (*range(21, 108, 7), 108)


def power_spectrum(sound, n=1 << 18):
    mono = sound.sum(axis=0)
    power = np.abs(np.fft.rfft(mono * np.hanning(len(mono)), n)) ** 2
    return np.fft.rfftfreq(n, 1 / RATE), power


def cents_off(sound, f0):
    """Where the power within 60 cents of the fundamental lies, in cents from it."""
    hz, power = power_spectrum(sound)
    near = np.abs(1200 * np.log2(np.maximum(hz, 1e-3) / f0)) < 60
    return 1200 * np.log2(np.average(hz[near], weights=power[near]) / f0)


@pytest.mark.parametrize("program", PITCHED_PROGRAMS, ids=lambda program: general_midi.PROGRAMS[program])
def test_the_whole_keyboard_is_in_tune_within_3_cents(program):
    off = [cents_off(tone(PATCHES[program], p, 100, 2 * RATE, RATE), frequency(p)) for p in KEYBOARD]
    assert np.abs(off).max() < 3.0


def test_the_reference_is_a_440():
    assert frequency(69) == 440.0
    assert frequency(60) == pytest.approx(261.6256, abs=1e-4)


def fingerprint(program):
    """Level in thirds of an octave and over time, in dB below the loudest: what a timbre looks like."""
    sound = tone(PATCHES[program], 60, 100, RATE, RATE)
    hz, power = power_spectrum(sound, 1 << 16)
    bands = np.digitize(np.log2(np.maximum(hz, 1) / 120), np.arange(0, 7, 1 / 3))
    colour = np.bincount(bands, weights=power, minlength=23)[:23]
    shape = np.array([np.mean(part**2) for part in np.array_split(sound[0], 20)])
    decibels = [10 * np.log10(np.maximum(x / x.max(), 1e-5)) for x in (colour, shape)]
    return np.concatenate(decibels)


def test_the_families_are_told_apart_by_spectrum_and_envelope():
    prints = {program: fingerprint(program) for program in range(0, 128, 8)}
    assert len(prints) == len(general_midi.FAMILIES) == 16
    for a, b in itertools.combinations(prints, 2):
        distance = np.sqrt(np.mean((prints[a] - prints[b]) ** 2))
        assert distance > 2.5, (
            f"{general_midi.family(a)} and {general_midi.family(b)} differ by {distance:.1f} dB only"
        )


def test_no_two_programs_sound_the_same():
    prints = np.array([fingerprint(program) for program in range(128)])
    distances = np.sqrt(np.mean((prints[:, None] - prints[None]) ** 2, axis=-1)) + 99 * np.eye(128)
    assert distances.min() > 0.3


@pytest.mark.parametrize("program", [0, 19, 24, 40, 48, 56, 73, 81])
def test_a_harder_stroke_is_louder_and_brighter(program):
    tones = [tone(PATCHES[program], 60, velocity, RATE // 2, RATE) for velocity in (20, 50, 80, 110, 127)]
    loudness = [np.sqrt(np.mean(sound**2)) for sound in tones]
    assert np.all(np.diff(loudness) > 0)
    assert loudness[-1] > 4 * loudness[0]
    if PATCHES[program].touch > 0.1:
        hz, soft = power_spectrum(tones[0])
        _, hard = power_spectrum(tones[-1])
        assert np.average(hz, weights=hard) > 1.02 * np.average(hz, weights=soft)


def test_struck_tones_die_away_and_held_ones_stay():
    def late_over_early(program):
        sound = tone(PATCHES[program], 60, 100, 3 * RATE, RATE)
        return np.std(sound[:, -RATE // 2 :]) / np.std(sound[:, RATE // 4 : RATE])

    assert all(late_over_early(program) < 0.5 for program in (0, 11, 24, 32, 46, 105))
    assert all(late_over_early(program) > 0.6 for program in (19, 40, 48, 60, 68, 73, 80, 89))


def test_every_program_sounds_over_the_whole_range_of_pitches():
    assert len(PATCHES) == 128
    for program, patch in enumerate(PATCHES):
        for pitch in (0, 60, 127):
            sound = tone(patch, pitch, 90, 8192, RATE)
            assert np.isfinite(sound).all(), general_midi.PROGRAMS[program]
            assert 0.001 < np.abs(sound).max() < 10, general_midi.PROGRAMS[program]


def test_programs_are_about_equally_loud():
    levels = np.array([np.std(tone(patch, 60, 100, RATE, RATE)[:, : RATE // 2]) for patch in PATCHES[:112]])
    decibels = 20 * np.log10(levels / np.median(levels))
    assert np.abs(decibels).max() < 13


def test_nothing_folds_back_at_a_low_sample_rate():
    sound = tone(PATCHES[6], 108, 120, 16000, 16000)
    hz = np.fft.rfftfreq(16000, 1 / 16000)
    power = np.abs(np.fft.rfft(sound[0] * np.hanning(16000))) ** 2
    assert power[(hz < 3000) & (hz > 50)].sum() < 1e-3 * power.sum()


def drum_print(pitch):
    stroke = drums.stroke(pitch, 100, RATE)
    hz, power = power_spectrum(stroke, 1 << 17)
    bands = np.bincount(np.digitize(np.log2(np.maximum(hz, 1) / 30), np.arange(0, 10, 1 / 3)), weights=power)
    length = np.flatnonzero(np.abs(stroke[0]) > 0.01 * np.abs(stroke).max())[-1] / RATE
    return np.append(10 * np.log10(np.maximum(bands / bands.max(), 1e-5)), 40 * np.log10(length))


def test_the_drums_differ_from_each_other():
    kit = [36, 37, 38, 39, 42, 46, 45, 50, 49, 51, 56, 54, 60, 64, 70, 75, 81]
    prints = {pitch: drum_print(pitch) for pitch in kit}
    for a, b in itertools.combinations(kit, 2):
        distance = np.sqrt(np.mean((prints[a] - prints[b]) ** 2))
        assert distance > 3, (
            f"{general_midi.drum_name(a)} and {general_midi.drum_name(b)} differ by {distance:.1f} dB only"
        )


def test_every_drum_is_one_that_can_be_heard_and_ends_in_silence():
    for pitch in (0, *range(35, 82), 127):
        stroke = drums.stroke(pitch, 100, RATE // 2)
        assert 0.1 < np.abs(stroke).max() < 3, general_midi.drum_name(pitch)
        assert abs(stroke[0, -1]) < 1e-6


def test_a_harder_stroke_on_a_drum_is_louder():
    for pitch in (36, 38, 42, 49, 56):
        levels = [np.std(drums.stroke(pitch, velocity, RATE)) for velocity in (20, 60, 100, 127)]
        assert np.all(np.diff(levels) > 0)


def test_a_kick_is_low_and_a_hi_hat_is_high():
    centres = {}
    for pitch in (36, 38, 42):
        hz, power = power_spectrum(drums.stroke(pitch, 100, RATE))
        centres[pitch] = np.average(hz, weights=power)
    assert centres[36] < 300 < centres[38] < centres[42]
    assert centres[42] > 6000
