"""The beginning of a piece as a small sound file, to be put into a page."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from antiphon.render import audio
from antiphon.render.synth import synthesize
from antiphon.score.cut import trim
from antiphon.score.score import Score

_RATE = 22050
_TYPES = {".mp3": "audio/mpeg"}


def data_uri(score: Score, seconds: float) -> str:
    """About the first `seconds` of `score` as a data URI (MP3, one channel), played by the built-in
    synthesiser; '' where there is no note."""
    if not len(score.notes):
        return ""
    later = score.notes.start[score.start_s >= seconds]
    beginning = trim(score, 0, int(later.min())) if len(later) else score
    samples = synthesize(beginning, _RATE).mean(axis=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "excerpt.mp3"
        audio.write(path, samples, _RATE)
        sound = base64.b64encode(path.read_bytes()).decode()
    return f"data:{_TYPES[path.suffix]};base64,{sound}"
