"""The vectorised extraction against a plain one, note by note, written from the rules; and the way back."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from antiphon.errors import NameNotFound
from antiphon.extract import EXTRACTORS, extractor
from antiphon.extract.melody import NO_EVENT, NOTE_OFF, Melody, MelodyOptions, extract, to_score
from antiphon.score.maps import Meter
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter, QuantizedScore

BAR = 16


def _first_melody(notes, search, gap, drop):
    """Events and start of a track's first melody from step `search` on; None where a chord stops it."""
    notes = sorted((n for n in notes if n[0] >= search), key=lambda n: (n[0], -n[2]))
    begin = notes[0][0] - (notes[0][0] - search) % BAR
    events, last = [], None
    for start, end, pitch in notes:
        if last is not None and start == last[0]:
            if drop:
                return None
            continue
        if last is not None and start - last[1] >= gap * BAR:
            break
        del events[end - begin + 1 :]
        events += [NO_EVENT] * (end - begin + 1 - len(events))
        events[start - begin : end - begin + 1] = [pitch, *[NO_EVENT] * (end - start - 1), NOTE_OFF]
        last = start, end
    return events[:-1], begin


def _plain(notes, min_bars, max_steps, gap, drop, n_classes):
    search, found = 0, []
    while any(start >= search for start, _, _ in notes):
        melody = _first_melody(notes, search, gap, drop)
        if melody is None:
            break
        events, begin = melody
        search = begin + len(events) + -(begin + len(events)) % BAR
        if len(events) < min_bars * BAR:
            continue
        events = events[:max_steps]
        if len({e % 12 for e in events if e >= 0}) >= n_classes:
            found.append((begin, events))
    return found


_note = st.tuples(st.integers(0, 150), st.integers(1, 40), st.integers(58, 66)).map(
    lambda n: (n[0], n[0] + n[1], n[2])
)


@given(
    st.lists(_note, min_size=1, max_size=30),
    st.integers(0, 3),
    st.sampled_from([20, 64, 512]),
    st.sampled_from([1.0, 1.5, 2.0]),
    st.booleans(),
    st.integers(1, 4),
)
@settings(deadline=None, max_examples=300)
def test_equals_the_plain_extraction(notes, min_bars, max_steps, gap, drop, n_classes):
    start, end, pitch = zip(*notes, strict=True)
    score = QuantizedScore(Notes.of(start, end, pitch), PerQuarter(4), max(end))
    options = MelodyOptions(
        min_bars=min_bars,
        max_steps=max_steps,
        gap_bars=gap,
        polyphony="drop" if drop else "highest",
        min_pitch_classes=n_classes,
    )
    found = [(m.start_step, m.events.tolist()) for m in extract(score, options).sequences]
    assert found == _plain(notes, min_bars, max_steps, gap, drop, n_classes)


@st.composite
def _melodies(draw):
    """Melodies that the rules keep: begin within a bar, never rest for a bar, end in a note."""
    meter = Meter(*draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8), (2, 2), (5, 4)])))
    steps = draw(st.sampled_from([4, 8, 12]))
    bar = round(steps * meter.quarters)
    in_bar = draw(st.one_of(st.just(0), st.integers(1, bar - 1)))
    rest = st.integers(0, bar - 1)
    events = [NO_EVENT] * draw(st.integers(0, bar - in_bar - 1))
    for _ in range(draw(st.integers(1, 12))):
        events += [draw(st.integers(0, 127)), *[NO_EVENT] * draw(st.integers(0, 6))]
        if silence := draw(rest):
            events += [NOTE_OFF, *[NO_EVENT] * (silence - 1)]
    last = max(i for i, event in enumerate(events) if event >= 0)
    if NOTE_OFF in events[last:]:
        del events[events.index(NOTE_OFF, last) :]
    return Melody(events, steps, meter, start_in_bar=in_bar, program=draw(st.integers(0, 127)))


@given(_melodies(), st.floats(20, 300))
@settings(deadline=None, max_examples=300)
def test_extraction_undoes_to_score(melody, qpm):
    pickup = melody.steps_per_bar - melody.start_in_bar
    assume(melody.start_in_bar == 0 or _is_a_meter(pickup, 4 * melody.steps_per_quarter))
    options = MelodyOptions(min_bars=0, max_steps=None, min_pitch_classes=1)
    score = to_score(melody, qpm)
    assert extract(quantize(score, PerQuarter(melody.steps_per_quarter)), options).sequences == [melody]


def _is_a_meter(steps, whole):
    """Whether `steps` of a whole note's are n/2^k."""
    while steps % 3 == 0 and whole % 3 == 0:
        steps, whole = steps // 3, whole // 3
    return whole & (whole - 1) == 0


def test_a_pickup_without_a_meter_of_its_length_becomes_a_bar_with_rests():
    melody = Melody([60, 62, 64, 65], steps_per_quarter=3, start_in_bar=11)
    score = to_score(melody)
    assert len(score.meters) == 1
    (back,) = extract(
        quantize(score, PerQuarter(3)), MelodyOptions(min_bars=0, min_pitch_classes=1)
    ).sequences
    assert back.events.tolist() == [NO_EVENT] * 11 + [60, 62, 64, 65]


def test_to_score_says_what_it_was_told():
    score = to_score(Melody([60, NO_EVENT, NOTE_OFF], program=3), 90.0, velocity=64, name="Solo")
    assert (score.tempos.qpm.tolist(), score.track_names, score.end) == ([90.0], ("Solo",), 240)
    assert (score.notes.program.tolist(), score.notes.velocity.tolist()) == ([3], [64])
    assert to_score(Melody([60]), program=40).notes.program.tolist() == [40]
    assert len(to_score(Melody([])).notes) == 0


def test_every_extractor_has_a_way_back():
    assert len(EXTRACTORS) >= 1
    for kind, entry in EXTRACTORS.items():
        assert extractor(kind) is entry
        empty = QuantizedScore(Notes.none(), PerQuarter(4), 0)
        found = entry.extract(empty, entry.options())
        assert not found.sequences
        assert sum(found.losses.values()) == 1
    with pytest.raises(NameNotFound, match="melody"):
        extractor("melodie")
