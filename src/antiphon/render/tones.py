"""Samples of one tone: a sum of partials whose amplitudes and phases move on a slow grid, and a band of
noise.

Inside each block of `BLOCK` samples a partial is a rotating phasor, faded from the block's first state to the
next one's, so a whole tone is two matrix products (states x rotations) instead of a sine per sample and
partial. A tone has no end: whoever plays it fades it out.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from antiphon.render.patches import Noise, Patch

Samples = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

BLOCK = 128
_OTHERS = 0.6  # level of an ensemble's detuned players beside the one who is in tune
_SEED = 1955  # of all noise and phases: the same score always gives the same sound


def frequency(pitch: float) -> float:
    """Hz of a MIDI pitch in equal temperament, A4 = 440."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def tone(patch: Patch, pitch: int, velocity: int, n: int, rate: int) -> Samples:
    """`n` samples of a tone struck at `velocity`, float32 [2, n] (or [1, n] for a mono patch)."""
    f0 = frequency(pitch)
    ratios, levels = spectrum(patch, pitch, velocity, rate)
    time = np.arange(n // BLOCK + 2, dtype=np.float64) * (BLOCK / rate)
    envelope = _envelope(patch, pitch, len(ratios), time) * levels
    sound = _sum_partials(patch, f0 * ratios, envelope, time, rate)[:, :n]
    if patch.noise is not None:
        sound = sound + _noise(patch.noise, patch, pitch, velocity, n, rate)
    return (sound * np.float32(patch.level * _loudness(f0) * gain(velocity))).astype(np.float32, copy=False)


def gain(velocity: float) -> float:
    """How loud a velocity is: its power 1.5, 1 at 127 (velocity 64 is 9 dB softer)."""
    return float((velocity / 127.0) ** 1.5)


def spectrum(patch: Patch, pitch: int, velocity: int, rate: int) -> tuple[Array, Array]:
    """Partials of a tone: multiples of its pitch, and levels whose power at full velocity is 1. Softer is
    darker.
    """
    order = np.arange(1, 1 + (len(patch.ratios) or len(patch.levels) or patch.n_partials), dtype=np.float64)
    ratios = np.array(patch.ratios, np.float64) if patch.ratios else _stretched(order, patch, pitch)
    f0 = frequency(pitch)
    audible = ratios * f0 < 0.42 * rate
    audible[np.argmin(ratios)] = True
    raw = _source(patch, order)[audible] * _resonance(patch, ratios[audible] * f0)
    ratios = ratios[audible]
    power = np.sqrt(np.sum((raw * _low_pass(ratios * f0, patch.cutoff_hz)) ** 2))
    cutoff = patch.cutoff_hz * (velocity / 127.0) ** patch.touch
    return ratios, raw * _low_pass(ratios * f0, cutoff) / power


def _source(patch: Patch, order: Array) -> Array:
    if patch.levels:
        return np.array(patch.levels, np.float64)
    level = 10.0 ** (-patch.tilt_db / 20.0 * np.log2(order)) * np.where(order % 2 == 0, patch.even, 1.0)
    if patch.pluck:
        level = level * (0.12 + np.abs(np.sin(np.pi * order * patch.pluck)))
    return level


def _stretched(order: Array, patch: Patch, pitch: int) -> Array:
    stiffness = patch.inharmonicity * 2.0 ** ((pitch - 60) / 12.0)
    stretched: Array = order * np.sqrt((1.0 + stiffness * order**2) / (1.0 + stiffness))
    return stretched


def _resonance(patch: Patch, hz: Array) -> Array:
    level = np.ones_like(hz)
    for formant in patch.formants:
        level += formant.gain * np.exp(-0.5 * ((hz - formant.centre_hz) / formant.width_hz) ** 2)
    return level


def _low_pass(hz: Array, cutoff_hz: float) -> Array:
    level: Array = 1.0 / np.sqrt(1.0 + (hz / cutoff_hz) ** 4)
    return level


def _loudness(f0: float) -> float:
    """Low tones need more power to be heard as loud as high ones."""
    return float(np.clip((f0 / 262.0) ** -0.18, 0.5, 1.4))


def _envelope(patch: Patch, pitch: int, n_partials: int, time: Array) -> Array:
    order = np.arange(n_partials)
    attack = patch.attack_s * (1.0 + patch.bloom * order)
    rise = np.minimum(time[:, None] / attack, 1.0)
    envelope = 0.5 - 0.5 * np.cos(np.pi * rise)
    if patch.decay_s:
        envelope *= _decay(patch, pitch, order, time)
    if patch.tremolo:
        envelope *= (1.0 - patch.tremolo * (0.5 - 0.5 * np.cos(2 * np.pi * patch.tremolo_hz * time)))[:, None]
    return np.asarray(envelope)


def _decay(patch: Patch, pitch: int, order: npt.NDArray[np.int64], time: Array) -> Array:
    slowness = 2.0 ** (-(pitch - 60) / 12.0 * patch.tracking)
    rate = (1.0 + patch.damping * order) / (patch.decay_s * slowness)
    fall = np.exp(-time[:, None] * rate)
    if patch.aftersound:
        share = patch.aftersound * np.exp(-order / 6.0)  # mostly of the low partials
        fall = (1.0 - share) * fall + share * np.exp(-time[:, None] * rate / 4.0)
    return np.asarray(patch.sustain + (1.0 - patch.sustain) * fall)


def _sum_partials(patch: Patch, hz: Array, envelope: Array, time: Array, rate: int) -> Samples:
    """Float32 [channels, blocks * BLOCK] of every voice of every partial."""
    n_voices, n_partials = len(patch.voices), len(hz)
    voice = np.repeat(np.arange(n_voices), n_partials)
    voice_hz = np.tile(hz, n_voices) * 2.0 ** (np.repeat(patch.voices, n_partials) / 1200.0)
    share = np.where(np.array(patch.voices) == 0.0, 1.0, _OTHERS)
    weight = (share / np.sqrt(np.sum(share**2)))[voice]
    seconds = _warped(patch, time)[:, voice]
    turns = voice_hz * seconds
    states = (np.tile(envelope, n_voices) * weight * np.exp(2j * np.pi * (turns % 1.0))).astype(np.complex64)
    phases = _phases(n_partials, patch.voices, patch.width)
    return np.stack([rotate(states * phase, voice_hz, rate) for phase in phases])


def rotate(states: npt.NDArray[np.complex64], hz: Array, rate: int) -> Samples:
    """Samples, float32 [blocks * BLOCK], of partials at `hz` [K] from their phasors between blocks [A, K].

    Each block fades from its first state turned forward to its last turned back.
    """
    step = np.arange(BLOCK)
    fade = step / BLOCK
    forward = (1.0 - fade) * np.exp(2j * np.pi * np.outer(hz / rate, step))
    backward = fade * np.exp(2j * np.pi * np.outer(hz / rate, step - BLOCK))
    rows = np.concatenate([states[:-1].real, states[:-1].imag, states[1:].real, states[1:].imag], axis=1)
    columns = np.concatenate([forward.real, -forward.imag, backward.real, -backward.imag]).astype(np.float32)
    return np.asarray(rows @ columns).reshape(-1)


def _warped(patch: Patch, time: Array) -> Array:
    """Each voice's own time in seconds, [A, voices]: vibrato bends its time, every voice a little
    differently.
    """
    voice = np.arange(len(patch.voices))
    hz = patch.vibrato_hz * (1.0 + 0.09 * voice)
    since = np.maximum(time[:, None] - patch.vibrato_delay_s, 0.0)
    depth = (2.0 ** (patch.vibrato_cents / 1200.0) - 1.0) * np.minimum(since / 0.5, 1.0)
    angle = 2.0 * np.pi * hz * since + 2.1 * voice
    return np.asarray(time[:, None] + depth / (2.0 * np.pi * hz) * (np.cos(2.1 * voice) - np.cos(angle)))


@lru_cache(maxsize=256)
def _phases(
    n_partials: int, voices: tuple[float, ...], width: float
) -> tuple[npt.NDArray[np.complex64], ...]:
    """Phasors each partial of each voice starts at, for one side or both.

    Players as far above the pitch as others are below it start mirrored, so that their beating never pulls
    the sum off its pitch.
    """
    rng = np.random.default_rng(_SEED)
    start, apart = rng.random(n_partials), (rng.random(n_partials) - 0.5) * width * (len(voices) == 1)
    sides = []
    for side in (0.0,) if width == 0.0 else (-0.5, 0.5):
        ahead = {abs(cents): rng.random(n_partials) * (0.1 + 0.15 * width) for cents in voices}
        turns = [start + side * apart + np.sign(cents) * ahead[abs(cents)] for cents in voices]
        sides.append(np.exp(2j * np.pi * np.concatenate(turns)).astype(np.complex64))
    return tuple(sides)


def _noise(noise: Noise, patch: Patch, pitch: int, velocity: int, n: int, rate: int) -> Samples:
    band = noise_band(noise.low_hz, noise.high_hz, rate)
    time = np.arange(n, dtype=np.float32) / np.float32(rate)
    if noise.decay_s:
        envelope = np.minimum(time / 0.001, 1.0) * np.exp(-time / np.float32(noise.decay_s))
    else:
        envelope = np.minimum(time / np.float32(patch.attack_s), 1.0) ** 2
    brightness = noise.level * (0.4 + 0.6 * velocity / 127.0)
    looped = np.resize(np.roll(band, 977 * pitch), n)
    return np.asarray(looped * envelope * np.float32(brightness), np.float32)


@lru_cache(maxsize=64)
def noise_band(low_hz: float, high_hz: float, rate: int) -> Samples:
    """About 1.5 s of noise between two frequencies with soft edges, power 1, that can be looped without a
    seam.
    """
    n = 1 << 16
    white = np.random.default_rng(_SEED).standard_normal(n)
    hz = np.maximum(np.fft.rfftfreq(n, 1.0 / rate), 1.0)
    shape = 1.0 / np.sqrt((1.0 + (low_hz / hz) ** 6) * (1.0 + (hz / high_hz) ** 6))
    band = np.fft.irfft(np.fft.rfft(white) * shape)
    return np.asarray(band / np.sqrt(np.mean(band**2)), np.float32)
