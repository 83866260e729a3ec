"""Small pianorolls against the original's."""

import numpy as np

from antiphon.codecs import pianoroll as codec
from antiphon.extract.pianoroll import PianorollOptions, extract
from antiphon.score.notes import Notes
from antiphon.score.quantized import PerQuarter, QuantizedScore

STEPS = 4


def test_equal_the_originals(encodings):
    for example in encodings("pianoroll")["examples"]:
        pitch, _, start, end = zip(*example["source_notes"], strict=True)
        steps = (np.array([start, end]) * 8 + 0.5).astype(np.int64)
        notes = Notes.of(steps[0], np.maximum(steps[1], steps[0] + 1), pitch)
        score = QuantizedScore(notes, PerQuarter(STEPS), int(notes.end.max()))
        (sequence,) = extract(score, PianorollOptions(min_steps=0)).sequences
        assert [np.flatnonzero(step).tolist() for step in sequence.roll()] == example["events"]
        assert codec.encode(sequence).shape == (len(example["events"]), len(codec.FIELDS))
