"""Drum tracks: the rules one by one, a plain extraction hit by hit, the way back, and where drums hide."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.extract.drum_classes import CLASSES, NINE, drum_classes
from antiphon.extract.drum_parts import is_kit
from antiphon.extract.drums import DrumOptions, DrumTrack, extract, to_score
from antiphon.score.maps import Meter, MeterMap
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter, PerSecond, QuantizedScore

BAR = 16
KICK, SNARE, HAT = 36, 38, 42


def _score(hits, meters=(), steps=4, names=(), **columns):
    """A score of (step, pitch) hits, two steps long as files have them."""
    start, pitch = (np.array(column) for column in zip(*hits, strict=True))
    notes = Notes.of(start, start + 2, pitch, **{"is_drum": True, **columns})
    end = int(notes.end.max())
    return QuantizedScore(notes, PerQuarter(steps), end, meters=MeterMap.of(meters), track_names=names)


def _sets(score, **options):
    found = extract(score, DrumOptions(**{"min_bars": 0, "hits": True, **options})).sequences
    return [[sorted(event) for event in track.pitch_sets()] for track in found]


RULES = [
    ("hits of a step are one event", [(0, HAT), (0, KICK), (1, SNARE)], [[[KICK, HAT], [SNARE]]]),
    ("a hit twice is once", [(0, KICK), (0, KICK)], [[[KICK]]]),
    ("the bar line before the first hit is the start", [(17, KICK)], [[[], [KICK]]]),
    ("a rest of less than a bar goes on", [(0, KICK), (16, SNARE)], [[[KICK], *[[]] * 15, [SNARE]]]),
    ("a rest of a bar ends the track", [(0, KICK), (17, SNARE)], [[[KICK]], [[], [SNARE]]]),
    ("sounds of no class are kept with the exact ones", [(0, 99)], [[[99]]]),
]


@pytest.mark.parametrize(("hits", "expected"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_rule(hits, expected):
    assert _sets(_score(hits)) == expected
    assert _sets(_score(hits[::-1])) == expected


def test_all_parts_are_one_track():
    pooled = extract(_score([(0, KICK), (0, HAT)], track=[2, 5]), DrumOptions(min_bars=0)).sequences
    assert [(t.track, t.events.tolist()) for t in pooled] == [(-1, [0b101])]
    alone = extract(_score([(0, KICK), (1, HAT)], track=5, program=8), DrumOptions(min_bars=0)).sequences
    assert [(t.track, t.program, t.hits) for t in alone] == [(5, 8, None)]


def test_what_is_left_out_is_counted():
    beat = [(4 * i, KICK) for i in range(200)] + [(0, 99), (5, 15)]
    found = extract(_score(beat), DrumOptions(max_steps=512))
    assert [len(track) for track in found.sequences] == [512]
    assert found.losses == {"hits of no drum class": 2, "cut at 512 steps": 1}
    assert extract(_score(beat[:10])).losses == {"shorter than 7 bars": 1}
    assert extract(_score([(0, KICK)], velocity=0)).losses == {"no notes": 1}


def test_meters_and_pickups():
    hits = [(1, KICK), (2, SNARE), (14, KICK), (26, SNARE), (40, KICK)]
    meters = [(0, 1, 8), (2, 3, 4), (38, 4, 4)]
    found = extract(_score(hits, meters), DrumOptions(min_bars=0)).sequences
    standings = [(str(t.meter), t.start_step, t.start_in_bar, len(t)) for t in found]
    assert standings == [("3/4", 0, 10, 27), ("4/4", 38, 0, 3)]
    odd = extract(_score([(0, KICK)], [(0, 7, 32)]), DrumOptions(min_bars=0))
    assert odd.losses == {"a bar is not a whole number of steps (7/32)": 1}
    with pytest.raises(TypeError, match="no bars"):
        extract(_score([(0, KICK)]).replace(grid=PerSecond(100)))


def test_options_at_the_edges():
    hits = [(3, KICK), (10, SNARE), (30, HAT)]
    assert [len(s) for s in _sets(_score(hits), pad_end=True)] == [11 + 5, 16]
    assert [len(s) for s in _sets(_score(hits), trim_start=True)] == [8, 1]
    assert [len(s) for s in _sets(_score(hits), gap_bars=3)] == [31]
    assert _sets(_score(hits), gap_bars=3, max_steps=3) == []


WRONG = [
    {"gap_bars": 0},
    {"max_steps": 0},
    {"classes": "ten"},
    {"drums_from": "bass"},
    {"drums_from": "track:"},
    {"drums_from": "program:128"},
    {"drums_from": "program:x"},
]


@pytest.mark.parametrize("options", WRONG, ids=str)
def test_wrong_options_are_refused(options):
    with pytest.raises(OptionError):
        DrumOptions(**options)


# --- where drums hide ---


def _hidden(names, **columns):
    return _score([(0, KICK), (0, HAT), (1, SNARE)], names=names, is_drum=False, **columns)


def _found(score, **options):
    found = extract(score, DrumOptions(min_bars=0, **options))
    return [t.events.tolist() for t in found.sequences], found.losses


def test_percussion_channels_come_before_names():
    score = _score([(0, KICK), (1, SNARE)], names=("Drums", "Other"), track=[0, 1], is_drum=[False, True])
    assert _found(score)[0] == [[0, 2]]


def test_names_are_looked_at_where_no_channel_has_drums():
    score = _hidden(("Bass", "My Drums", "Snare"), track=[0, 1, 2], program=[33, 0, 0])
    assert _found(score) == ([[0b100, 0b10]], Counter())


def test_a_person_can_say_where_they_are():
    score = _hidden(("Bass", "Perc", "X"), track=[0, 1, 2], program=[33, 0, 118])
    assert _found(score, drums_from="track:2")[0] == [[0, 2]]
    assert _found(score, drums_from="track:x")[0] == [[0, 2]]
    assert _found(score, drums_from="program:33")[0] == [[1]]
    assert _found(score, drums_from="track:7")[1].total() == 1


def test_the_loss_says_what_is_there_and_is_bounded():
    (loss,) = _found(_hidden(("Bass (slap); x", "", "Lead"), track=[0, 1, 2], program=[33, 118, 80]))[1]
    assert loss == (
        "no drum part (notes on track 0 'Bass [slap], x' program 33, track 1 program 118, "
        "track 2 'Lead' program 80, say which with --drums-from track:N or program:N)"
    )
    many = _score([(i, 60) for i in range(200)], names=["n" * 500] * 200, is_drum=False, track=np.arange(200))
    (loss,) = _found(many)[1]
    assert "196 more" in loss
    assert len(loss) < 300


KITS = [
    "Drums", "drum kit", "DRUMS2", "Perc 2", "kick", "Kick_In", "snare top", "Hi-Hat", "hihat closed",
    "Batterie", "Schlagzeug", "Batería", "Low Tom", "BD", "sd 1", "Kick & Snare", "Drumset",
    "Percussion", "drum-track", "Standard Kit", "ударные", "Ride Cymbal", "Floor Tom 1",
]  # fmt: skip
OTHERS = [
    "Steel Drums", "Tom Sawyer", "Hats off", "Bass", "Piano", "Kitty", "Percy", "Ride On", "Taiko Drum",
    "Timpani", "Synth Drum", "", "1", "--", "Right", "Crash Test Dummies", "Batman", "snared lead",
]  # fmt: skip


def test_names_of_kits():
    assert [name for name in KITS if not is_kit(name)] == []
    assert [name for name in OTHERS if is_kit(name)] == []


# --- classes ---


def test_no_pitch_is_in_two_classes():
    assert len(CLASSES) == 3
    for known in CLASSES.values():
        pitches = [pitch for members in known.pitches for pitch in members]
        assert len(pitches) == len(set(pitches))
        assert known.n_sets == 2 ** len(known.names) == 2 ** len(known.pitches)
    assert drum_classes("nine") is NINE
    assert len(set(drum_classes("one").pitches[0])) == 128


# --- a plain extraction, and the way back ---


def _plain(hits, min_bars, max_steps, gap):
    """Pitch sets and starts of the tracks, step by step, after the rules."""
    search, found = 0, []
    steps = sorted({step for step, _ in hits})
    while later := [step for step in steps if step >= search]:
        begin = later[0] - (later[0] - search) % BAR
        events = []
        for step in later:
            if events and step - (begin + len(events)) >= gap * BAR:
                break
            events += [set()] * (step - begin - len(events)) + [{p for s, p in hits if s == step}]
        search = begin + len(events) + -(begin + len(events)) % BAR
        if len(events) >= min_bars * BAR:
            found.append((begin, [sorted(event) for event in events[:max_steps]]))
    return [(begin, events) for begin, events in found if any(events)]


_hits = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 127)), min_size=1, max_size=40)


@given(_hits, st.integers(0, 3), st.sampled_from([20, 64, None]), st.sampled_from([1.0, 1.5, 2.0]))
@settings(max_examples=300)
def test_equals_the_plain_extraction(hits, min_bars, max_steps, gap):
    options = DrumOptions(min_bars=min_bars, max_steps=max_steps, gap_bars=gap, hits=True)
    found = extract(_score(hits), options).sequences
    ours = [(t.start_step, [sorted(event) for event in t.pitch_sets()]) for t in found]
    assert ours == _plain(hits, min_bars, max_steps, gap)


@st.composite
def _tracks(draw):
    """Tracks that the rules keep: begin within a bar, never rest for a bar, end in a hit."""
    meter = Meter(*draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8), (2, 2), (5, 4)])))
    steps = draw(st.sampled_from([2, 4, 8, 12]))
    bar = round(steps * meter.quarters)
    in_bar = draw(st.one_of(st.just(0), st.integers(1, bar - 1)))
    classes = draw(st.sampled_from(list(CLASSES)))
    a_set = st.integers(1, CLASSES[classes].n_sets - 1)
    events = [0] * draw(st.integers(0, bar - in_bar - 1)) + [draw(a_set)]
    for _ in range(draw(st.integers(0, 12))):
        events += [0] * draw(st.integers(0, bar - 1)) + [draw(a_set)]
    track = DrumTrack(events, steps, meter, 0, in_bar, 0, draw(st.integers(0, 127)), classes)
    if not draw(st.booleans()):
        return track
    step, _, pitch = track.notes()
    return track.replace(hits=np.stack([step, pitch], axis=1)[np.lexsort((pitch, step))])


@given(_tracks(), st.floats(20, 300))
@settings(max_examples=300)
def test_extraction_undoes_to_score(track, qpm):
    pickup = track.steps_per_bar - track.start_in_bar
    assume(track.start_in_bar == 0 or _is_a_meter(pickup, 4 * track.steps_per_quarter))
    options = DrumOptions(min_bars=0, max_steps=None, classes=track.classes, hits=track.hits is not None)
    score = to_score(track, qpm)
    assert score.notes.is_drum.all()
    assert extract(quantize(score, PerQuarter(track.steps_per_quarter)), options).sequences == [track]


def _is_a_meter(steps, whole):
    """Whether `steps` of a whole note's are n/2^k."""
    while steps % 3 == 0 and whole % 3 == 0:
        steps, whole = steps // 3, whole // 3
    return whole & (whole - 1) == 0


def test_tracks_are_equal_only_with_their_sounds():
    plain, exact = DrumTrack([1]), DrumTrack([1], hits=np.array([[0, 35]]))
    assert plain == DrumTrack([1])
    assert plain != exact
    assert exact == exact.replace(hits=np.array([[0, 35]]))
    assert (plain.pitch_sets(), exact.pitch_sets()) == ([{36}], [{35}])
    assert plain != "drums"
