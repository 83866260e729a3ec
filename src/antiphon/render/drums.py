"""A drum kit made of three things: membranes that fall in pitch, bands of noise, and clusters of metal.

Every General MIDI percussion key from 35 to 81 is a few such layers, as data; keys beyond sound as the
nearest one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.render.tones import BLOCK, Samples, gain, noise_band, rotate


class Skin(NamedTuple):
    """A sine falling from `start_hz` to `end_hz` in about `fall_s`, decaying with time constant `decay_s`."""

    start_hz: float
    end_hz: float
    fall_s: float
    decay_s: float
    level: float = 1.0


class Hiss(NamedTuple):
    """A band of noise; `strokes` onsets `gap_s` apart (a clap is many hands), each rising in `attack_s`."""

    low_hz: float
    high_hz: float
    decay_s: float
    level: float = 1.0
    attack_s: float = 0.001
    strokes: int = 1
    gap_s: float = 0.011


class Metal(NamedTuple):
    """Six square waves at unrelated frequencies from `base_hz` up, only what lies above `low_hz`."""

    base_hz: float
    low_hz: float
    decay_s: float
    level: float = 1.0


class Ring(NamedTuple):
    """Steady partials (bells, blocks, whistles) that rise in `attack_s` and decay with `decay_s`."""

    hz: tuple[float, ...]
    decay_s: float
    level: float = 1.0
    attack_s: float = 0.001
    tremolo_hz: float = 0.0


Layer = Skin | Hiss | Metal | Ring


def _tom(hz: float) -> tuple[Layer, ...]:
    return (
        Skin(hz * 1.6, hz, 0.035, 0.20),
        Skin(hz * 2.6, hz * 1.6, 0.03, 0.07, 0.25),
        Hiss(200, 2500, 0.02, 0.35),
    )


def _hand_drum(hz: float, decay_s: float, slap: float = 0.3) -> tuple[Layer, ...]:
    return (
        Skin(hz * 1.15, hz, 0.02, decay_s),
        Ring((hz * 1.6,), decay_s * 0.4, 0.25),
        Hiss(800, 4500, 0.008, slap),
    )


def _cymbal(low_hz: float, decay_s: float, base_hz: float = 320.0, level: float = 1.0) -> tuple[Layer, ...]:
    return (
        Hiss(low_hz, 15000, decay_s, 0.75 * level, 0.002),
        Metal(base_hz, low_hz * 0.8, decay_s * 0.7, 0.4 * level),
        Hiss(2500, 9000, 0.03, 0.5 * level),
    )


_KIT: dict[int, tuple[Layer, ...]] = {
    35: (Skin(110, 44, 0.05, 0.20, 1.5), Hiss(60, 900, 0.012, 0.5)),
    36: (Skin(150, 50, 0.04, 0.17, 1.5), Hiss(700, 4500, 0.005, 0.5)),
    37: (Ring((1750, 2600, 480), 0.02), Hiss(1200, 6000, 0.012, 0.6)),
    38: (Skin(240, 182, 0.03, 0.10, 0.8), Ring((331,), 0.06, 0.35), Hiss(1100, 9000, 0.11, 0.75)),
    39: (Hiss(800, 3200, 0.006, 0.9, strokes=3), Hiss(800, 3400, 0.09, 0.8, attack_s=0.03)),
    40: (Skin(320, 210, 0.02, 0.07, 0.8), Hiss(1800, 11000, 0.14, 0.95)),
    41: _tom(78), 43: _tom(95), 45: _tom(118), 47: _tom(145), 48: _tom(178), 50: _tom(215),
    42: (Hiss(7500, 16000, 0.028, 0.6), Metal(540, 6500, 0.03, 0.45)),
    44: (Hiss(5500, 13000, 0.045, 0.45, 0.004), Metal(500, 5000, 0.04, 0.3)),
    46: (Hiss(6500, 16000, 0.26, 0.5), Metal(540, 6000, 0.28, 0.45)),
    49: _cymbal(3600, 0.75), 57: _cymbal(4300, 0.62, 380), 55: _cymbal(5200, 0.28, 450), 52: _cymbal(2300,
    0.5, 270),
    51: (Metal(420, 4200, 0.55, 0.35), Hiss(5000, 14000, 0.4, 0.2), Ring((3150, 4720), 0.09, 0.2)),
    59: (Metal(470, 5000, 0.42, 0.35), Hiss(6000, 15000, 0.3, 0.2), Ring((3620, 5400), 0.07, 0.2)),
    53: (Ring((1640, 2490, 3760, 5110), 0.38, 0.45), Metal(470, 5200, 0.25, 0.15)),
    54: (Hiss(6200, 15000, 0.05, 0.6, strokes=3, gap_s=0.017), Ring((7900, 9400), 0.07, 0.15)),
    56: (Ring((562, 845, 1690), 0.11, 0.75), Hiss(2000, 5000, 0.004, 0.4)),
    58: (Hiss(1500, 4200, 0.02, 0.8, strokes=14, gap_s=0.021),),
    60: _hand_drum(420, 0.06), 61: _hand_drum(300, 0.08), 62: _hand_drum(330, 0.03, 0.6),
    63: _hand_drum(290, 0.14),
    64: _hand_drum(200, 0.17), 65: _hand_drum(560, 0.11, 0.5), 66: _hand_drum(390, 0.13, 0.5),
    67: (Ring((1060, 2480), 0.11, 0.7),), 68: (Ring((790, 1850), 0.13, 0.7),),
    69: (Hiss(5000, 12000, 0.035, 0.6, 0.012),), 70: (Hiss(6500, 15000, 0.018, 0.7, 0.006),),
    71: (Ring((2350, 2410), 0.09, 0.5, 0.012, 32.0),), 72: (Ring((2350, 2410), 0.45, 0.5, 0.02, 32.0),),
    73: (Hiss(2200, 6500, 0.007, 0.7, strokes=8, gap_s=0.010),),
    74: (Hiss(2200, 6500, 0.009, 0.7, strokes=24, gap_s=0.014),),
    75: (Ring((2520,), 0.028, 1.0),), 76: (Ring((1150, 2300), 0.03, 0.9),), 77: (Ring((830, 1660), 0.035,
    0.9),),
    78: (Skin(520, 760, 0.04, 0.05, 0.7),), 79: (Skin(760, 420, 0.09, 0.13, 0.7),),
    80: (Ring((5230, 6940, 9120), 0.05, 0.4),), 81: (Ring((5230, 6940, 9120), 0.75, 0.4),),
}  # fmt: skip

# What stops what: a closing hi-hat ends the open one, muted triangles and cuicas and short whistles their
# long ones.
CHOKES: dict[int, int] = {42: 46, 44: 46, 46: 46, 71: 72, 73: 74, 78: 79, 80: 81}
CHOKE_S = 0.03

PANS: dict[int, float] = {
    41: 0.4, 43: 0.3, 45: 0.15, 47: -0.05, 48: -0.2, 50: -0.3, 42: -0.25, 44: -0.25, 46: -0.25, 49: -0.4,
    57: 0.45,
    51: 0.35, 59: 0.4, 53: 0.35, 52: 0.5, 55: -0.3, 54: 0.2, 56: 0.15, 60: 0.3, 61: 0.25, 62: -0.3, 63: -0.25,
    64: -0.2, 69: 0.35, 70: -0.35, 75: 0.25, 39: 0.1,
}  # fmt: skip
"""Where a key stands on stage: -1 left to 1 right, as the drummer sees it."""

_LEVEL = 1.0
_SILENCE = 7.0  # time constants until a stroke is 60 dB down
_GOLDEN = 0.381966  # turns between the phases of neighbouring partials, so that they do not line up
_METAL_RATIOS = (1.0, 1.304, 1.466, 1.787, 1.932, 2.536)


def nearest_key(pitch: int) -> int:
    """The key of the kit that sounds for `pitch`: itself from 35 to 81, else the kick below and the triangle
    above.
    """
    return int(np.clip(pitch, min(_KIT), max(_KIT)))


def stroke(pitch: int, velocity: int, rate: int) -> Samples:
    """One stroke on a percussion key, whole, float32 [1, n]: louder and brighter with velocity, silent at its
    end.
    """
    layers = _KIT[nearest_key(pitch)]
    n = int(max(_length_s(layer) for layer in layers) * rate)
    time = np.arange(n) / rate
    sound = np.sum([_layer(layer, time, velocity, rate) for layer in layers], axis=0)
    fade = np.minimum((n - 1 - np.arange(n)) / (0.01 * rate), 1.0)
    return np.asarray(sound * fade * (_LEVEL * gain(velocity)), np.float32)[None]


def _length_s(layer: Layer) -> float:
    tail = _SILENCE * layer.decay_s + 0.02
    return tail + layer.gap_s * layer.strokes if isinstance(layer, Hiss) else tail


def _layer(layer: Layer, time: npt.NDArray[np.float64], velocity: int, rate: int) -> npt.NDArray[np.float64]:
    match layer:
        case Skin():
            return _skin(layer, time)
        case Hiss():
            return _hiss(layer, time, rate) * (0.55 + 0.45 * velocity / 127.0)
        case Metal():
            return _metal(layer, time, rate) * (0.7 + 0.3 * velocity / 127.0)
        case Ring():
            return _ring(layer, time)


def _skin(skin: Skin, time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    fallen = skin.fall_s * (1.0 - np.exp(-time / skin.fall_s))
    turns = skin.end_hz * time + (skin.start_hz - skin.end_hz) * fallen
    return np.asarray(skin.level * np.sin(2 * np.pi * turns) * np.exp(-time / skin.decay_s))


def _hiss(hiss: Hiss, time: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    envelope = np.zeros_like(time)
    for number in range(hiss.strokes):
        since = time - number * hiss.gap_s
        rise = np.clip(since / hiss.attack_s, 0.0, 1.0)
        envelope = np.maximum(envelope, rise * np.exp(-np.maximum(since, 0.0) / hiss.decay_s))
    noise = np.resize(noise_band(hiss.low_hz, min(hiss.high_hz, 0.45 * rate), rate), len(time))
    return np.asarray(0.5 * hiss.level * envelope * noise)


def _metal(metal: Metal, time: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """The squares' odd harmonics that lie above `low_hz`, so that nothing folds back."""
    base = np.array([metal.base_hz * ratio for ratio in _METAL_RATIOS])
    order = np.arange(1, 40, 2)
    hz = np.outer(base, order).ravel()
    level = np.tile(1.0 / np.sqrt(order), len(base))
    kept = (hz > metal.low_hz) & (hz < min(16000.0, 0.45 * rate))
    hz, level = hz[kept], level[kept]
    level = metal.level * level / np.sqrt(np.sum(level**2))
    blocks = np.arange(len(time) // BLOCK + 2) * (BLOCK / rate)
    turns = np.outer(blocks, hz) + np.arange(len(hz)) * _GOLDEN
    states = level * np.exp(-blocks / metal.decay_s)[:, None] * np.exp(2j * np.pi * (turns % 1.0))
    return rotate(states.astype(np.complex64), hz, rate)[: len(time)].astype(np.float64)


def _ring(ring: Ring, time: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    envelope = np.minimum(time / ring.attack_s, 1.0) * np.exp(-time / ring.decay_s)
    if ring.tremolo_hz:
        envelope = envelope * (0.6 + 0.4 * np.sin(2 * np.pi * ring.tremolo_hz * time))
    tones = [np.sin(2 * np.pi * hz * time) / (1 + 0.4 * order) for order, hz in enumerate(ring.hz)]
    return np.asarray(ring.level * envelope * np.sum(tones, axis=0) * 0.7)
