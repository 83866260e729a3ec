"""A small hall's reverberation, and a limiter that keeps peaks under full scale."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from antiphon.render.tones import Samples

TAIL_S = 1.6  # how long the room sounds on
CEILING = 0.94  # no sample is louder, which leaves room for what lossy codecs add
_FRAME = 256
_LOOKAHEAD_FRAMES = 8  # about 46 ms at 44,100 Hz
_FFT = 1 << 18


@lru_cache(maxsize=2)
def _response(rate: int) -> tuple[npt.NDArray[np.complex64], ...]:
    """Spectra of the left and right impulse response: noise that decays faster at higher frequencies."""
    n = int(TAIL_S * rate)
    rng = np.random.default_rng(1877)
    time = np.arange(n) / rate
    sides = []
    for _ in range(2):
        answer = np.zeros(n)
        for low, high, decay_s in (
            (150, 500, 0.26),
            (500, 1500, 0.24),
            (1500, 4000, 0.17),
            (4000, 9000, 0.10),
        ):
            answer += _between(rng.standard_normal(n), low, high, rate) * np.exp(-time / decay_s)
        early = np.minimum(np.maximum(time - 0.009, 0.0) / 0.018, 1.0)
        ending = np.minimum((n - np.arange(n)) / (0.2 * rate), 1.0)
        answer *= early * ending
        sides.append(np.fft.rfft((answer / np.sqrt(np.sum(answer**2))).astype(np.float32), _FFT))
    return tuple(side.astype(np.complex64) for side in sides)


def _between(noise: npt.NDArray[np.float64], low: float, high: float, rate: int) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(noise)
    hz = np.fft.rfftfreq(len(noise), 1.0 / rate)
    spectrum[(hz < low) | (hz >= high)] = 0.0
    return np.fft.irfft(spectrum, len(noise))


def reverberate(dry: Samples, send: Samples, rate: int) -> None:
    """Add, in place, the room's response to `send` (float32 [n]) to `dry` (float32 [2, n])."""
    responses = _response(rate)
    hop = _FFT - int(TAIL_S * rate)
    n = len(send)
    for start in range(0, n, hop):
        part = send[start : start + hop]
        if not part.any():
            continue
        spectrum = np.fft.rfft(part, _FFT)
        for side, response in enumerate(responses):
            wet = np.fft.irfft(spectrum * response, _FFT)
            stop = min(n, start + _FFT)
            dry[side, start:stop] += wet[: stop - start]


def limit(sound: Samples, ceiling: float = CEILING) -> None:
    """Turn down, in place, what is louder than `ceiling`: the whole piece where it often is, else only the
    moment.

    The gain moves smoothly and ahead of each peak, so nothing is clipped or distorted; quiet music is left
    alone.
    """
    peaks = _frame_peaks(sound)
    if not len(peaks) or peaks.max() <= ceiling:
        return
    loud = float(np.quantile(peaks[peaks > 0], 0.98))
    overall = min(1.0, ceiling / loud)
    wanted = np.minimum(1.0, ceiling / np.maximum(peaks * overall, 1e-9))
    curve = _held_down(wanted) * overall
    frames = (np.arange(sound.shape[1], dtype=np.float32) + 0.5) / _FRAME - 0.5
    sound *= np.interp(frames, np.arange(len(curve)), curve).astype(np.float32)


def _frame_peaks(sound: Samples) -> npt.NDArray[np.float32]:
    n = sound.shape[1]
    starts = np.arange(0, n, _FRAME)
    if not n:
        return np.empty(0, np.float32)
    both = np.maximum(np.abs(sound[0]), np.abs(sound[1]))
    return np.asarray(np.maximum.reduceat(both, starts))


def _held_down(wanted: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """A smooth gain that is nowhere above the lowest of its neighbourhood in `wanted`."""
    reach = _LOOKAHEAD_FRAMES
    padded = np.pad(wanted, 2 * reach + 1, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 3).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    return np.asarray(np.convolve(lowest, window / window.sum(), mode="valid"))
