"""The built-in synthesiser: a score to stereo samples with numpy alone.

Every distinct tone (program, pitch, shade of velocity) is made once, as long as its longest note needs, and
laid into the mix for each of its notes with a fade at the note's end; then the room and the limiter. The same
score always gives the same samples.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Float64
from antiphon.errors import InputError
from antiphon.render import drums, room
from antiphon.render.patches import PATCHES, Patch
from antiphon.render.playing import Channel, channels, sounding_end
from antiphon.render.tones import Samples, gain, tone
from antiphon.score.score import Score

SAMPLE_RATE = 44100
MAX_SECONDS = 3600.0
_LONGEST_TONE_S = 60.0
_LONGEST_RELEASE_S = 2.2
_SHADE = 8  # velocities that share a timbre (loudness is exact)
_MASTER = 0.19  # leaves room for chords
_WET = 0.17
_PERCUSSION = -1  # program of the drum kit in the grouping


def synthesize(score: Score, sample_rate: int = SAMPLE_RATE) -> Samples:
    """The sound of `score`, float32 [n, 2], peaks under full scale; n is 0 without notes.

    Heard are programs, velocities, drums, volume, expression, pan, sustain pedal and pitch bends. A tone is
    held for at most 60 s. Ends with 1.6 s of the room. Raises `InputError` beyond an hour of music.
    """
    if not len(score.notes):
        return np.zeros((0, 2), np.float32)
    _refuse_endless(score)
    ends_s = score.tempos.seconds(sounding_end(score), score.ticks_per_quarter)
    length_s = float(min(ends_s.max(), MAX_SECONDS)) + room.TAIL_S
    mix = np.zeros((2, int(length_s * sample_rate)), np.float32)
    _play_all(score, ends_s, mix, sample_rate)
    room.reverberate(mix, (mix[0] + mix[1]) * np.float32(0.5 * _WET), sample_rate)
    room.limit(mix)
    _fade_out(mix, sample_rate)
    return np.ascontiguousarray(mix.T)


def _refuse_endless(score: Score) -> None:
    if score.duration_s > MAX_SECONDS:
        minutes, most = score.duration_s / 60, MAX_SECONDS / 60
        raise InputError(
            f"The piece lasts {minutes:.0f} minutes; sound is made of at most {most:.0f}. Trim it."
        )


def _play_all(score: Score, ends_s: Float64, mix: Samples, rate: int) -> None:
    parts = channels(score, rate)
    start = np.round(score.start_s * rate).astype(np.int64)
    length = np.clip(np.round((ends_s - score.start_s) * rate), 1, _LONGEST_TONE_S * rate).astype(np.int64)
    length = np.where(score.notes.is_drum, _until_choked(score, start, mix.shape[1]), length)
    speed = np.array([2.0 ** (max(0.0, part.bend.value.max()) / 12.0) for part in parts])
    extra = (speed[score.notes.track] - 1.0) * (
        length + _LONGEST_RELEASE_S * rate
    )  # bent up, it is used up sooner
    read = length + np.ceil(extra).astype(np.int64)
    for program, pitch, shade, rows in _groups(score):
        sound, release = _sound(program, pitch, shade, int(read[rows].max()), rate)
        place = _place(program, pitch)
        for row in rows:
            part = parts[score.notes.track[row]]
            loudness = _MASTER * gain(int(score.notes.velocity[row])) / gain(shade)
            _lay(mix, sound, int(start[row]), int(length[row]), release, part, place, loudness)


def _groups(score: Score) -> Iterator[tuple[int, int, int, npt.NDArray[np.int64]]]:
    """(program, pitch, shade of velocity, rows of the notes) of every distinct tone."""
    notes = score.notes
    program = np.where(notes.is_drum, _PERCUSSION, notes.program)
    shade = np.minimum(notes.velocity // _SHADE * _SHADE + _SHADE // 2, 127)
    keys, inverse = np.unique(np.stack([program, notes.pitch, shade], 1), axis=0, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    borders = np.cumsum(np.bincount(inverse.ravel()))[:-1]
    for key, rows in zip(keys.tolist(), np.split(order, borders), strict=True):
        yield key[0], key[1], key[2], rows


def _sound(program: int, pitch: int, shade: int, longest: int, rate: int) -> tuple[Samples, int]:
    """A tone long enough for its notes, and the samples that its end takes."""
    if program == _PERCUSSION:
        return drums.stroke(pitch, shade, rate), int(drums.CHOKE_S * rate)
    patch = PATCHES[program]
    release = int(_release_s(patch, pitch) * rate)
    return tone(patch, pitch, shade, longest + release, rate), release


def _release_s(patch: Patch, pitch: int) -> float:
    """Low strings take longer to be damped, and nothing stops faster than 25 ms: that would click."""
    return max(0.025, patch.release_s * float(np.clip(2.0 ** ((60 - pitch) / 36.0), 0.7, 1.8)))


def _place(program: int, pitch: int) -> float:
    """Where a tone comes from within its instrument: a keyboard's low notes from the left, drums as they
    stand.
    """
    if program == _PERCUSSION:
        return drums.PANS.get(drums.nearest_key(pitch), 0.0)
    return float(np.clip((pitch - 62) / 110.0, -0.35, 0.35)) if program < 16 else 0.0


def _until_choked(score: Score, start: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """Samples a drum may ring: to the end, or until the stroke that stops it (a hi-hat closing)."""
    rings = np.full(len(start), n)
    for stopper, stopped in drums.CHOKES.items():
        stops = np.sort(start[score.notes.is_drum & (score.notes.pitch == stopper)])
        rows = np.flatnonzero(score.notes.is_drum & (score.notes.pitch == stopped))
        following = np.append(stops, n + start.max())[np.searchsorted(stops, start[rows], side="right")]
        rings[rows] = np.minimum(rings[rows], following - start[rows])
    return rings


def _lay(
    mix: Samples,
    sound: Samples,
    start: int,
    length: int,
    release: int,
    part: Channel,
    place: float,
    loudness: float,
) -> None:
    """Add one note to the mix."""
    n = min(length + release, sound.shape[1], mix.shape[1] - start)
    if n <= 0:
        return
    voice = _bent(sound, part.bend.over(start, n), n)
    left, right = _balance(part.pan.over(start, n), place)
    volume = part.volume.over(start, n)
    for side, balance in enumerate((left, right)):
        shaped = voice[side % len(voice)] * np.asarray(loudness * volume * balance, np.float32)
        _fade(shaped, length, release)
        mix[side, start : start + n] += shaped


def _fade(samples: Samples, length: int, release: int) -> None:
    """Fade, in place, what sounds after the note's end."""
    tail = samples[length:]
    samples[length:] *= np.cos(np.linspace(0.0, np.pi / 2, release, dtype=np.float32)[: len(tail)]) ** 2


def _bent(sound: Samples, semitones: float | Float64, n: int) -> Samples:
    """The first `n` samples of a tone read faster or slower, so that its pitch follows the bend."""
    if isinstance(semitones, float) and semitones == 0.0:
        return sound[:, :n]
    speed = np.broadcast_to(np.exp2(np.asarray(semitones) / 12.0), n)
    position = np.minimum(np.cumsum(speed) - speed[0], sound.shape[1] - 1.0)
    at = np.arange(sound.shape[1])
    return np.stack([np.interp(position, at, side) for side in sound]).astype(np.float32)


def _balance(pan: float | Float64, place: float) -> tuple[float | Float64, float | Float64]:
    """Amplitudes left and right of equal power, 1 each in the middle."""
    angle = (np.clip(np.asarray(pan) + place, -1.0, 1.0) + 1.0) * (np.pi / 4)
    return np.sqrt(2.0) * np.cos(angle), np.sqrt(2.0) * np.sin(angle)


def _fade_out(mix: Samples, rate: int) -> None:
    n = min(int(0.3 * rate), mix.shape[1])
    mix[:, mix.shape[1] - n :] *= np.linspace(1.0, 0.0, n, dtype=np.float32)
