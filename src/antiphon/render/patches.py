"""What each General MIDI program sounds like, as data: a spectrum, an envelope, some motion, some noise.

A patch describes a sum of partials (`antiphon.render.tones` makes the samples). Each of the 16 families has
one patch; a program changes what sets it apart within its family. Figures follow what is published on the
acoustics of the instruments (Fletcher and Rossing, "The Physics of Musical Instruments"), simplified and then
set by ear.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple


class Formant(NamedTuple):
    """A resonance of the body or the mouth: centre and width in Hz, gain above 1 at its centre."""

    centre_hz: float
    width_hz: float
    gain: float


class Noise(NamedTuple):
    """Breath, bow, hammer or pick: a band of noise in Hz; `decay_s` 0 lasts as long as the tone."""

    level: float
    low_hz: float
    high_hz: float
    decay_s: float = 0.0


@dataclass(frozen=True)
class Patch:
    """A timbre. Times in seconds; `decay_s` is the time constant of the lowest partial at middle C."""

    n_partials: int = 24
    tilt_db: float = 6.0  # how much each octave of partials is weaker than the one below
    even: float = 1.0  # level of the even partials (a closed tube has next to none)
    pluck: float = 0.0  # where along the string it is struck or plucked, as a share of its length
    ratios: tuple[float, ...] = ()  # partials as multiples of the pitch; empty: harmonic
    levels: tuple[float, ...] = ()  # their levels, instead of tilt, even and pluck
    inharmonicity: float = 0.0  # stiffness of the string at middle C; the lowest partial stays in tune
    formants: tuple[Formant, ...] = ()
    cutoff_hz: float = 6000.0  # partials fall by 12 dB per octave above it, at full velocity
    touch: float = 0.5  # how many octaves the cutoff falls per halving of the velocity
    attack_s: float = 0.004
    bloom: float = 0.0  # how much later each higher partial arrives (brass)
    decay_s: float = 0.0  # 0: does not decay
    damping: float = 0.0  # how much faster each higher partial decays
    tracking: float = 0.0  # how much faster higher pitches decay, in octaves per octave
    sustain: float = 0.0  # level that the decay ends on
    aftersound: float = 0.0  # share that decays four times slower (coupled strings)
    release_s: float = 0.08
    voices: tuple[float, ...] = (0.0,)  # detuning of each player in cents
    width: float = 0.0  # 0: mono; 1: left and right share no phase
    vibrato_cents: float = 0.0
    vibrato_hz: float = 5.4
    vibrato_delay_s: float = 0.25
    tremolo: float = 0.0  # depth 0 to 1
    tremolo_hz: float = 5.5
    noise: Noise | None = None
    level: float = 1.0


_BAR = (1.0, 3.93, 9.2)  # a marimba's or vibraphone's tuned bar
_FREE_BAR = (1.0, 2.756, 5.404, 8.933)  # a bar that nobody carved
_AAH = (Formant(750, 180, 5.0), Formant(1150, 180, 3.0), Formant(2700, 350, 1.5))
_OOH = (Formant(380, 120, 5.0), Formant(850, 150, 1.5), Formant(2500, 350, 0.3))
_FIDDLE = (Formant(290, 70, 0.9), Formant(520, 120, 0.9), Formant(1100, 300, 0.6), Formant(2700, 700, 0.9))
_SECTION = (0.0, -6.0, 6.0, -11.0, 11.0)

_FAMILY: tuple[Patch, ...] = (
    # piano
    Patch(n_partials=36, tilt_db=5.5, pluck=0.121, inharmonicity=3e-4, cutoff_hz=2200, touch=0.8, decay_s=1.5,
          damping=0.3, tracking=0.55, aftersound=0.18, release_s=0.11, voices=(-0.4, 0.4), width=0.3,
          attack_s=0.003, noise=Noise(0.35, 70, 1100, 0.022)),
    # chromatic percussion
    Patch(ratios=_BAR, levels=(1.0, 0.32, 0.10), cutoff_hz=9000, decay_s=0.9, damping=1.1, tracking=0.5,
          release_s=0.25, attack_s=0.003, noise=Noise(0.25, 400, 3500, 0.008), width=0.15),
    # organ
    Patch(ratios=(0.5, 1, 1.5, 2, 3, 4, 6, 8), levels=(0.45, 1.0, 0.35, 0.75, 0.4, 0.45, 0.15, 0.22),
          touch=0.05, cutoff_hz=6500, attack_s=0.012, release_s=0.06, width=0.3, vibrato_cents=2.5,
          vibrato_delay_s=0.0, noise=Noise(0.12, 900, 5000, 0.01), level=0.8),
    # guitar
    Patch(n_partials=28, tilt_db=5.0, pluck=0.19, inharmonicity=6e-5, cutoff_hz=2000, touch=0.7, decay_s=0.75,
          damping=0.28, tracking=0.45, aftersound=0.2, release_s=0.09, attack_s=0.003,
          formants=(Formant(110, 40, 0.8), Formant(220, 60, 0.7)), noise=Noise(0.35, 700, 3800, 0.007)),
    # bass
    Patch(n_partials=22, tilt_db=6.0, pluck=0.16, inharmonicity=5e-5, cutoff_hz=750, touch=0.8, decay_s=0.9,
          damping=0.12, tracking=0.3, aftersound=0.25, release_s=0.09, noise=Noise(0.15, 200, 1600, 0.012),
          level=1.05),
    # strings (solo)
    Patch(n_partials=36, tilt_db=5.0, cutoff_hz=3600, touch=0.5, attack_s=0.085, bloom=0.02, release_s=0.16,
          formants=_FIDDLE, vibrato_cents=11, vibrato_hz=5.6, vibrato_delay_s=0.3,
          noise=Noise(0.016, 1500, 7000), width=0.2, level=0.85),
    # ensemble
    Patch(n_partials=26, tilt_db=5.5, cutoff_hz=3000, touch=0.5, attack_s=0.14, release_s=0.3,
          voices=_SECTION, width=1.0, vibrato_cents=5, vibrato_hz=5.1, vibrato_delay_s=0.1,
          formants=(Formant(480, 200, 0.6),), noise=Noise(0.01, 2000, 7000), level=0.85),
    # brass
    Patch(n_partials=30, tilt_db=1.5, cutoff_hz=2300, touch=1.2, attack_s=0.03, bloom=0.22, release_s=0.09,
          sustain=0.75, decay_s=0.25, formants=(Formant(1200, 400, 1.1),), vibrato_cents=5,
          vibrato_delay_s=0.45, noise=Noise(0.12, 400, 2500, 0.03), width=0.1, level=0.9),
    # reed
    Patch(n_partials=26, tilt_db=5.5, even=0.7, cutoff_hz=1900, touch=0.8, attack_s=0.045, bloom=0.05,
          release_s=0.08, formants=(Formant(650, 220, 1.8), Formant(1500, 350, 1.2)), vibrato_cents=8,
          vibrato_hz=5.2, vibrato_delay_s=0.35, tremolo=0.06, noise=Noise(0.03, 1200, 6000), level=0.9),
    # pipe
    Patch(levels=(1.0, 0.32, 0.11, 0.045, 0.02, 0.01), cutoff_hz=3500, touch=0.6, attack_s=0.055, bloom=0.25,
          release_s=0.09, vibrato_cents=6, vibrato_hz=5.0, vibrato_delay_s=0.3, tremolo=0.1, tremolo_hz=5.0,
          noise=Noise(0.045, 1800, 6500), level=0.95),
    # synth lead
    Patch(n_partials=40, tilt_db=6.0, cutoff_hz=4200, touch=0.8, attack_s=0.006, bloom=0.01, release_s=0.07,
          decay_s=0.3, sustain=0.8, voices=(0.0, -6.0, 6.0), width=0.35, vibrato_cents=6, vibrato_delay_s=0.4,
          level=0.75),
    # synth pad
    Patch(n_partials=20, tilt_db=7.0, cutoff_hz=1500, touch=0.5, attack_s=0.42, bloom=0.06, release_s=0.7,
          voices=_SECTION, width=1.0, vibrato_cents=2, vibrato_hz=1.1, vibrato_delay_s=0.0, tremolo=0.12,
          tremolo_hz=0.35, level=0.85),
    # synth effects
    Patch(n_partials=18, tilt_db=5.0, even=0.5, cutoff_hz=2600, touch=0.5, attack_s=0.08, release_s=0.9,
          decay_s=1.4, sustain=0.35, damping=0.05, voices=(0.0, -9.0, 9.0), width=1.0, tremolo=0.25,
          tremolo_hz=3.2, level=0.8),
    # world
    Patch(n_partials=34, tilt_db=2.5, pluck=0.08, cutoff_hz=4200, touch=0.6, decay_s=0.5, damping=0.06,
          tracking=0.4, aftersound=0.1, release_s=0.08, inharmonicity=4e-5, attack_s=0.002,
          formants=(Formant(900, 250, 1.2), Formant(2300, 500, 1.0)), noise=Noise(0.4, 1200, 6000, 0.006),
          level=0.9),
    # percussive
    Patch(ratios=(1.0, 1.504, 1.742, 2.0, 2.245), levels=(1.0, 0.5, 0.3, 0.25, 0.2), cutoff_hz=4000,
          decay_s=0.24, damping=0.4, tracking=0.35, release_s=0.25, attack_s=0.002,
          noise=Noise(0.6, 150, 2500, 0.025), level=1.1),
    # sound effects
    Patch(levels=(0.02,), attack_s=0.3, release_s=0.5, noise=Noise(1.0, 300, 4000), width=0.5, level=0.5),
)  # fmt: skip

_STRIKE = Noise(0.3, 900, 5000, 0.005)
_VARIANTS: dict[int, dict[str, Any]] = {
    1: {"cutoff_hz": 4200, "tilt_db": 4.0},
    2: {"cutoff_hz": 3200, "voices": (-1.5, 1.5), "inharmonicity": 5e-4, "decay_s": 1.1},
    3: {"voices": (0.0, -8.0, 8.0), "cutoff_hz": 3600, "decay_s": 1.1},
    4: {"ratios": (1.0, 2.0, 3.0, 4.0, 7.1), "levels": (1.0, 0.28, 0.1, 0.05, 0.14), "damping": 0.5,
        "decay_s": 1.7, "tremolo": 0.12, "tremolo_hz": 4.6, "noise": Noise(0.15, 300, 1800, 0.01)},
    5: {"ratios": (1.0, 2.0, 3.0, 5.0, 14.0), "levels": (1.0, 0.12, 0.2, 0.1, 0.18), "damping": 0.35,
        "decay_s": 1.9, "voices": (-3.0, 3.0), "noise": None},
    6: {"tilt_db": 1.6, "pluck": 0.13, "cutoff_hz": 7000, "touch": 0.05, "decay_s": 0.9, "damping": 0.05,
        "inharmonicity": 4e-5, "aftersound": 0.1, "noise": Noise(0.4, 2000, 8000, 0.006), "level": 0.8},
    7: {"tilt_db": 2.5, "pluck": 0.09, "cutoff_hz": 3800, "decay_s": 0.45, "aftersound": 0.05,
        "release_s": 0.04},
    8: {"ratios": (1.0, 2.0, 4.0, 6.3), "levels": (1.0, 0.12, 0.3, 0.08), "decay_s": 0.8},
    9: {"ratios": _FREE_BAR, "levels": (1.0, 0.45, 0.25, 0.1), "decay_s": 1.3, "release_s": 0.8,
        "noise": _STRIKE},
    10: {"ratios": (1.0, 2.0, 5.8, 8.4), "levels": (1.0, 0.2, 0.22, 0.1), "decay_s": 1.0, "release_s": 0.7},
    11: {"decay_s": 2.2, "tremolo": 0.3, "tremolo_hz": 5.2, "levels": (1.0, 0.22, 0.05), "release_s": 0.35},
    12: {"decay_s": 0.32, "levels": (1.0, 0.3, 0.08), "noise": Noise(0.3, 200, 1500, 0.012)},
    13: {"ratios": (1.0, 3.0, 6.1), "levels": (1.0, 0.55, 0.25), "decay_s": 0.16, "noise": _STRIKE},
    14: {"ratios": (1.0, 2.0, 2.99, 4.16, 5.43, 6.79), "levels": (0.6, 1.0, 0.7, 0.5, 0.3, 0.2),
         "decay_s": 2.4, "damping": 0.25, "release_s": 1.2, "noise": _STRIKE},
    15: {"ratios": (), "levels": (), "tilt_db": 4.0, "pluck": 0.1, "decay_s": 0.9, "damping": 0.12,
         "voices": (-2.5, 2.5), "cutoff_hz": 4500, "release_s": 0.5},
    17: {"ratios": (1, 2, 3, 4), "levels": (1.0, 0.5, 0.7, 0.1), "decay_s": 0.22, "sustain": 0.55,
         "damping": 0.4},
    18: {"vibrato_cents": 9, "vibrato_hz": 6.4, "tremolo": 0.18, "tremolo_hz": 6.4, "cutoff_hz": 8000,
         "levels": (0.6, 1.0, 0.7, 0.8, 0.6, 0.55, 0.3, 0.3)},
    19: {"ratios": (0.5, 1, 2, 3, 4, 6, 8, 12), "levels": (0.4, 1.0, 0.8, 0.35, 0.5, 0.2, 0.3, 0.1),
         "voices": (0.0, -3.0, 3.0), "width": 0.8, "attack_s": 0.05, "release_s": 0.28, "vibrato_cents": 0.0,
         "noise": Noise(0.012, 1500, 6000)},
    20: {"ratios": (), "levels": (), "tilt_db": 4.5, "even": 0.6, "n_partials": 20, "cutoff_hz": 2800,
         "attack_s": 0.05, "voices": (0.0, -2.0, 2.0)},
    21: {"ratios": (), "levels": (), "tilt_db": 3.5, "n_partials": 26, "cutoff_hz": 3600, "attack_s": 0.04,
         "voices": (0.0, -6.0, 6.0), "touch": 0.5},
    22: {"ratios": (), "levels": (), "tilt_db": 3.0, "n_partials": 22, "cutoff_hz": 3400, "attack_s": 0.045,
         "formants": (Formant(1800, 500, 1.2),), "vibrato_cents": 8, "vibrato_delay_s": 0.3, "touch": 0.6},
    23: {"ratios": (), "levels": (), "tilt_db": 3.5, "n_partials": 26, "cutoff_hz": 2800, "attack_s": 0.04,
         "voices": (-2.5, 2.5), "touch": 0.5},
    25: {"cutoff_hz": 4800, "tilt_db": 4.0, "decay_s": 1.0, "inharmonicity": 1e-4, "voices": (-0.8, 0.8)},
    26: {"cutoff_hz": 1300, "decay_s": 0.9, "pluck": 0.25, "formants": ()},
    27: {"cutoff_hz": 3400, "decay_s": 1.2, "pluck": 0.13, "formants": (), "voices": (-2.0, 2.0),
         "width": 0.4},
    28: {"cutoff_hz": 1500, "decay_s": 0.13, "aftersound": 0.0, "formants": ()},
    29: {"cutoff_hz": 3000, "tilt_db": 2.5, "decay_s": 2.0, "sustain": 0.5, "damping": 0.02, "touch": 0.3,
         "formants": (Formant(900, 400, 0.8),), "vibrato_cents": 5, "level": 0.8},
    30: {"cutoff_hz": 4200, "tilt_db": 1.5, "decay_s": 3.0, "sustain": 0.75, "damping": 0.0, "touch": 0.15,
         "voices": (0.0, -4.0, 4.0), "width": 0.5, "formants": (Formant(1400, 600, 0.8),), "level": 0.7},
    31: {"ratios": (1, 2, 3), "levels": (1.0, 0.25, 0.06), "decay_s": 1.1},
    33: {"cutoff_hz": 900, "decay_s": 1.2},
    34: {"cutoff_hz": 1500, "pluck": 0.1, "decay_s": 1.1},
    35: {"cutoff_hz": 800, "sustain": 0.3, "vibrato_cents": 8, "attack_s": 0.02,
         "formants": (Formant(600, 150, 1.0),)},
    36: {"cutoff_hz": 2200, "pluck": 0.07, "tilt_db": 4.0, "noise": Noise(0.5, 900, 5000, 0.008)},
    37: {"cutoff_hz": 1800, "pluck": 0.05, "tilt_db": 4.0, "decay_s": 0.6,
         "noise": Noise(0.6, 600, 4000, 0.01)},
    38: {"pluck": 0.0, "cutoff_hz": 1100, "decay_s": 0.5, "damping": 0.2, "sustain": 0.35,
         "voices": (-2.5, 2.5)},
    39: {"pluck": 0.0, "even": 0.2, "cutoff_hz": 1400, "decay_s": 0.35, "damping": 0.3, "sustain": 0.3},
    41: {"formants": (Formant(230, 60, 0.9), Formant(450, 110, 0.9), Formant(1600, 500, 0.8)),
         "cutoff_hz": 2700},
    42: {"formants": (Formant(180, 50, 0.9), Formant(300, 90, 0.9), Formant(900, 300, 0.8)),
         "cutoff_hz": 2100, "vibrato_hz": 5.1, "attack_s": 0.1},
    43: {"formants": (Formant(110, 40, 0.8), Formant(220, 70, 0.8)), "cutoff_hz": 1300, "vibrato_cents": 6,
         "attack_s": 0.11},
    44: {"tremolo": 0.65, "tremolo_hz": 11.0, "voices": _SECTION[:3], "width": 0.8, "vibrato_cents": 0.0},
    45: {"decay_s": 0.2, "damping": 0.18, "tracking": 0.4, "attack_s": 0.003, "pluck": 0.14,
         "vibrato_cents": 0.0, "release_s": 0.15, "noise": Noise(0.3, 300, 2500, 0.01), "voices": (-3.0, 3.0),
         "level": 1.1},
    46: {"decay_s": 1.1, "damping": 0.2, "tracking": 0.5, "attack_s": 0.003, "pluck": 0.4,
         "vibrato_cents": 0.0, "release_s": 0.5, "formants": (), "cutoff_hz": 2200,
         "noise": Noise(0.15, 400, 2500, 0.006), "level": 1.05},
    47: {"ratios": (1.0, 1.5, 1.98, 2.44, 2.9), "levels": (1.0, 0.6, 0.4, 0.2, 0.12), "decay_s": 0.5,
         "damping": 0.3, "attack_s": 0.003, "vibrato_cents": 0.0, "release_s": 0.5, "formants": (),
         "cutoff_hz": 900, "noise": Noise(0.7, 60, 700, 0.03), "level": 1.2},
    49: {"attack_s": 0.26, "cutoff_hz": 2200, "release_s": 0.45},
    50: {"formants": (), "vibrato_cents": 0.0, "attack_s": 0.07, "noise": None, "cutoff_hz": 3600},
    51: {"formants": (), "vibrato_cents": 0.0, "attack_s": 0.2, "noise": None, "cutoff_hz": 2000},
    52: {"formants": _AAH, "tilt_db": 6.0, "attack_s": 0.11, "vibrato_cents": 8,
         "noise": Noise(0.015, 2500, 8000)},
    53: {"formants": _OOH, "tilt_db": 8.0, "attack_s": 0.11, "vibrato_cents": 8, "voices": _SECTION[:3],
         "noise": None},
    54: {"formants": _AAH, "tilt_db": 7.0, "attack_s": 0.06, "vibrato_cents": 4, "voices": _SECTION[:3]},
    55: {"attack_s": 0.004, "decay_s": 0.25, "damping": 0.06, "ratios": (0.5, 1, 2, 3, 4, 5, 6, 8),
         "levels": (0.7, 1.0, 0.9, 0.6, 0.5, 0.4, 0.3, 0.2), "noise": Noise(0.6, 300, 5000, 0.05),
         "level": 1.1},
    57: {"cutoff_hz": 1300, "formants": (Formant(520, 200, 1.0),), "attack_s": 0.04},
    58: {"cutoff_hz": 600, "formants": (Formant(240, 100, 0.9),), "attack_s": 0.05, "vibrato_cents": 0.0},
    59: {"cutoff_hz": 3000, "tilt_db": 1.0, "formants": (Formant(1900, 350, 3.0),), "level": 0.7},
    60: {"cutoff_hz": 950, "tilt_db": 4.0, "formants": (Formant(400, 160, 1.0),), "attack_s": 0.05,
         "bloom": 0.3},
    61: {"voices": (0.0, -6.0, 6.0), "width": 0.8, "cutoff_hz": 2200},
    62: {"voices": (0.0, -7.0, 7.0), "width": 0.7, "tilt_db": 5.0, "formants": (), "noise": None,
         "cutoff_hz": 2800},
    63: {"voices": (0.0, -4.0, 4.0), "width": 0.7, "tilt_db": 5.5, "formants": (), "noise": None,
         "cutoff_hz": 1800},
    64: {"formants": (Formant(850, 220, 2.2), Formant(1900, 350, 0.6)), "cutoff_hz": 2200},
    66: {"formants": (Formant(480, 180, 1.2), Formant(1200, 300, 0.8)), "cutoff_hz": 2200},
    67: {"formants": (Formant(330, 140, 1.2), Formant(850, 260, 0.8)), "cutoff_hz": 1600},
    68: {"formants": (Formant(1050, 260, 3.0), Formant(2900, 500, 2.0)), "tilt_db": 2.5, "tremolo": 0.03},
    69: {"formants": (Formant(800, 220, 2.6), Formant(2200, 450, 1.2)), "tilt_db": 3.0},
    70: {"formants": (Formant(450, 130, 2.6), Formant(1150, 260, 1.2)), "cutoff_hz": 1700,
         "vibrato_cents": 4},
    71: {"even": 0.1, "tilt_db": 4.5, "formants": (Formant(1500, 500, 0.6),), "vibrato_cents": 2,
         "tremolo": 0.02},
    72: {"levels": (1.0, 0.18, 0.05), "noise": Noise(0.035, 2500, 9000), "attack_s": 0.04},
    74: {"levels": (1.0, 0.1, 0.16, 0.03, 0.03), "vibrato_cents": 2, "tremolo": 0.03, "attack_s": 0.03,
         "noise": Noise(0.03, 1800, 6500)},
    75: {"levels": (1.0, 0.08, 0.2, 0.03), "noise": Noise(0.12, 1200, 5500), "attack_s": 0.04},
    76: {"levels": (1.0, 0.04, 0.05), "noise": Noise(0.18, 500, 3000), "vibrato_cents": 0.0},
    77: {"noise": Noise(0.13, 1200, 6000), "vibrato_cents": 18, "vibrato_delay_s": 0.4, "tremolo": 0.2},
    78: {"levels": (1.0, 0.02), "noise": Noise(0.03, 2000, 6000), "vibrato_cents": 14},
    79: {"levels": (1.0, 0.06, 0.03), "noise": Noise(0.04, 1500, 5000), "vibrato_cents": 4},
    80: {"even": 0.03, "tilt_db": 5.5, "voices": (0.0,), "width": 0.0},
    82: {"levels": (1.0, 0.25, 0.15, 0.05), "voices": (0.0,), "noise": Noise(0.08, 1500, 5000)},
    83: {"levels": (1.0, 0.3, 0.2, 0.1), "voices": (0.0,), "noise": Noise(0.7, 1500, 6000, 0.04)},
    84: {"tilt_db": 3.0, "cutoff_hz": 5000, "formants": (Formant(1500, 500, 1.0),)},
    85: {"formants": _AAH, "tilt_db": 6.0, "attack_s": 0.04},
    86: {"ratios": (1, 1.5, 2, 3, 4, 4.5, 6, 8), "levels": (1.0, 0.8, 0.5, 0.5, 0.25, 0.2, 0.2, 0.1)},
    87: {"ratios": (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6),
         "levels": (0.8, 1.0, 0.3, 0.5, 0.2, 0.3, 0.2, 0.15, 0.1)},
    88: {"attack_s": 0.15, "decay_s": 2.5, "sustain": 0.5, "even": 0.6, "cutoff_hz": 3000},
    90: {"attack_s": 0.05, "cutoff_hz": 2800, "release_s": 0.4},
    91: {"formants": _AAH, "tilt_db": 6.0},
    92: {"formants": (Formant(600, 200, 1.0),), "cutoff_hz": 2200, "even": 0.7},
    93: {"ratios": (1, 2, 2.76, 4, 5.4, 6.8), "levels": (1.0, 0.5, 0.25, 0.3, 0.15, 0.1), "cutoff_hz": 4000},
    94: {"formants": _OOH, "tilt_db": 6.0, "release_s": 1.0},
    95: {"bloom": 0.5, "cutoff_hz": 3500, "tilt_db": 4.5},
    97: {"attack_s": 0.3, "sustain": 0.8, "ratios": (1, 1.5, 2, 3, 4), "levels": (1.0, 0.6, 0.5, 0.3, 0.2)},
    98: {"ratios": _FREE_BAR, "levels": (1.0, 0.4, 0.3, 0.15), "attack_s": 0.004, "sustain": 0.0,
         "decay_s": 1.2},
    99: {"attack_s": 0.01, "decay_s": 1.6, "sustain": 0.25},
    100: {"attack_s": 0.01, "tilt_db": 3.0, "cutoff_hz": 5000},
    101: {"vibrato_cents": 22, "vibrato_hz": 3.0, "attack_s": 0.25},
    102: {"tremolo": 0.6, "tremolo_hz": 4.0},
    103: {"even": 0.1, "vibrato_cents": 14, "vibrato_hz": 4.0, "attack_s": 0.03},
    104: {"decay_s": 1.0, "tilt_db": 1.5, "damping": 0.03,
          "formants": (Formant(1200, 400, 1.5), Formant(3200, 800, 1.5))},
    105: {"decay_s": 0.3, "cutoff_hz": 4800},
    106: {"decay_s": 0.28, "cutoff_hz": 3000, "pluck": 0.05},
    107: {"decay_s": 0.8, "cutoff_hz": 3600, "formants": (), "pluck": 0.1},
    108: {"ratios": (1.0, 5.4, 8.9), "levels": (1.0, 0.25, 0.08), "decay_s": 0.6, "damping": 1.0,
          "formants": ()},
    109: {"decay_s": 0.0, "tilt_db": 2.0, "pluck": 0.0, "attack_s": 0.03, "voices": (0.0, -4.0, 4.0),
          "touch": 0.05, "noise": None, "level": 0.7},
    110: {"decay_s": 0.0, "tilt_db": 4.5, "pluck": 0.0, "attack_s": 0.06, "vibrato_cents": 10,
          "release_s": 0.12, "noise": Noise(0.02, 1500, 7000), "level": 0.8},
    111: {"decay_s": 0.0, "tilt_db": 2.0, "pluck": 0.0, "attack_s": 0.03, "vibrato_cents": 12, "noise": None,
          "formants": (Formant(1300, 350, 2.5), Formant(3100, 600, 1.5)), "level": 0.7},
    112: {"ratios": (1.0, 2.66, 4.1, 5.9), "levels": (1.0, 0.5, 0.4, 0.2), "decay_s": 0.9, "cutoff_hz": 9000},
    113: {"ratios": (1.0, 1.48, 2.9), "levels": (1.0, 0.8, 0.4), "decay_s": 0.3, "cutoff_hz": 7000},
    114: {"ratios": (1, 2, 3, 4.1), "levels": (1.0, 0.7, 0.35, 0.15), "decay_s": 0.55, "vibrato_cents": 4,
          "vibrato_delay_s": 0.0, "noise": _STRIKE},
    115: {"ratios": (1.0, 2.4), "levels": (1.0, 0.4), "decay_s": 0.05, "noise": _STRIKE},
    116: {"cutoff_hz": 500, "decay_s": 0.45, "noise": Noise(0.9, 50, 600, 0.04), "level": 1.3},
    118: {"ratios": (1, 2), "levels": (1.0, 0.2), "decay_s": 0.3, "noise": Noise(0.3, 500, 4000, 0.03)},
    119: {"attack_s": 0.9, "decay_s": 0.0, "levels": (0.02,), "ratios": (), "noise": Noise(1.0, 3000, 14000),
          "level": 0.6},
    120: {"attack_s": 0.01, "noise": Noise(1.0, 900, 5000, 0.08)},
    121: {"noise": Noise(1.0, 1200, 6000, 0.5)},
    122: {"noise": Noise(1.0, 80, 2500), "tremolo": 0.7, "tremolo_hz": 0.25, "attack_s": 1.0},
    123: {"levels": (1.0, 0.2), "noise": None, "vibrato_cents": 180, "vibrato_hz": 9.0,
          "vibrato_delay_s": 0.0, "tremolo": 0.9, "tremolo_hz": 9.0, "attack_s": 0.01},
    124: {"levels": (1.0, 0.0, 0.4), "noise": None, "tremolo": 1.0, "tremolo_hz": 18.0, "attack_s": 0.01},
    125: {"noise": Noise(1.0, 60, 1200), "tremolo": 0.9, "tremolo_hz": 11.0},
    126: {"noise": Noise(1.0, 900, 8000)},
    127: {"attack_s": 0.003, "noise": Noise(3.0, 60, 6000, 0.15), "level": 1.2},
}  # fmt: skip

PATCHES: tuple[Patch, ...] = tuple(
    dataclasses.replace(_FAMILY[program // 8], **_VARIANTS.get(program, {})) for program in range(128)
)
