"""Sound files: what is written is what soundfile reads back."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from antiphon.errors import EmptyError, OptionError, OutputError
from antiphon.render import audio

RATE = 44100


def melody(seconds=2.0):
    time = np.arange(int(seconds * RATE)) / RATE
    left, right = 0.5 * np.sin(2 * np.pi * 440 * time), 0.3 * np.sin(2 * np.pi * 660 * time)
    return np.stack([left, right], axis=1).astype(np.float32)


@pytest.mark.parametrize("suffix", sorted(audio.FORMATS))
def test_a_round_trip_keeps_length_rate_and_sound(tmp_path, suffix):
    path = tmp_path / f"melody{suffix}"
    audio.write(path, melody(), RATE)
    samples, rate = soundfile.read(path, always_2d=True)
    assert rate == RATE
    assert samples.shape[1] == 2
    assert abs(len(samples) - 2 * RATE) <= 2400  # MP3 pads to whole frames
    middle = samples[RATE // 2 : RATE + RATE // 2]
    for side, hz, amplitude in ((0, 440, 0.5), (1, 660, 0.3)):
        spectrum = np.abs(np.fft.rfft(middle[:, side]))
        assert np.argmax(spectrum) == hz
        assert np.std(middle[:, side]) == pytest.approx(amplitude / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_lossless_formats_keep_16_bits(tmp_path, suffix):
    audio.write(tmp_path / f"a{suffix}", melody(0.5), RATE)
    assert np.abs(soundfile.read(tmp_path / f"a{suffix}")[0] - melody(0.5)).max() < 2**-15


def test_a_long_ogg_is_written_whole(tmp_path):
    audio.write(tmp_path / "long.ogg", melody(40), RATE)
    assert soundfile.info(tmp_path / "long.ogg").frames == 40 * RATE


def test_mono_samples_make_a_mono_file(tmp_path):
    audio.write(tmp_path / "mono.wav", melody()[:, 0], RATE)
    assert soundfile.info(tmp_path / "mono.wav").channels == 1


def test_an_unknown_suffix_names_the_known_ones(tmp_path):
    with pytest.raises(OptionError, match=r"\.wav, \.flac, \.ogg, \.mp3"):
        audio.write(tmp_path / "a.aiff", melody(), RATE)


def test_a_rate_mp3_cannot_have_is_refused(tmp_path):
    with pytest.raises(OptionError, match="44100"):
        audio.write(tmp_path / "a.mp3", melody(), 44000)


def test_nothing_to_write_leaves_no_file(tmp_path):
    with pytest.raises(EmptyError):
        audio.write(tmp_path / "a.wav", np.zeros((0, 2), np.float32), RATE)
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_is_said_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Cannot write") as refused:
        audio.write(tmp_path / "file" / "a.wav", melody(), RATE)
    assert "\n" not in str(refused.value)
