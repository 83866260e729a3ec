"""The sustain pedal against a slow reading of Magenta's rules, an event at a time, and by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.score.notes import Notes
from antiphon.score.pedal import sustained
from antiphon.score.score import Controls, Score

DOWN, UP, ON, OFF = range(4)


def _score(notes, pedal, number=64):
    """Notes (start, end, pitch, track, is_drum), pedal (time, value, track)."""
    start, end, pitch, track, drum = zip(*notes, strict=True) if notes else [()] * 5
    time, value, part = zip(*pedal, strict=True) if pedal else [()] * 3
    controls = Controls(np.array(time), np.full(len(time), number), np.array(value), np.array(part))
    velocity = np.arange(len(notes)) % 127 + 1
    return Score(Notes.of(start, end, pitch, velocity, is_drum=list(drum), track=track), controls=controls)


def _moments(score):
    """Everything that happens, (time, what, row of the note or control change), as it is dealt with."""
    notes, controls = score.notes, score.controls
    for row in range(len(controls)):
        yield int(controls.time[row]), DOWN if controls.value[row] >= 64 else UP, row
    for i in np.flatnonzero(~notes.is_drum).tolist():
        yield int(notes.start[i]), ON, i
        yield int(notes.end[i]), OFF, i


def _slowly(score):
    """Ends by number of note, without the notes that were replaced at once; one moment after the other."""
    notes, controls = score.notes, score.controls
    ends = dict(enumerate(notes.end.tolist()))
    active = {track: [] for track in range(score.n_tracks)}
    down = dict.fromkeys(active, False)
    time = 0
    for time, what, row in sorted(_moments(score), key=lambda moment: moment[:2]):
        track = int((controls if what in (DOWN, UP) else notes).track[row])
        over = []
        if what == UP:
            over = [i for i in active[track] if ends[i] < time]
        elif what == ON and down[track]:
            over = [i for i in active[track] if notes.pitch[i] == notes.pitch[row]]
        for i in over:
            ends[i] = time
            active[track].remove(i)
            if notes.start[i] == time:
                del ends[i]
        if what in (DOWN, UP):
            down[track] = what == DOWN
        elif what == ON:
            active[track].append(row)
        elif not down[track] and row in active[track]:
            active[track].remove(row)
    return ends | {i: time for still in active.values() for i in still}


times = st.integers(0, 30)
tracks = st.integers(0, 2)
note = st.tuples(times, st.integers(1, 12), st.integers(60, 63), tracks, st.booleans())
notes_of = st.lists(note.map(lambda n: (n[0], n[0] + n[1], n[2], n[3], n[4] and n[3] == 2)), max_size=14)
pedals = st.lists(st.tuples(times, st.sampled_from([0, 63, 64, 127]), tracks), max_size=10)


@given(notes_of, pedals)
def test_equals_the_events_one_by_one(notes, pedal):
    score = _score(notes, pedal)
    found = sustained(score).notes
    expected = _slowly(score)
    kept = np.array(sorted(expected), dtype=np.int64)
    assert found == score.notes[kept].replace(end=[expected[i] for i in kept])


@given(notes_of, pedals)
def test_only_ends_change_and_twice_is_once(notes, pedal):
    score = _score(notes, pedal)
    once = sustained(score)
    assert sustained(once) == once
    assert once.replace(notes=score.notes) == score
    assert (once.notes.end >= once.notes.start).all()


@given(notes_of, pedals)
def test_each_part_has_its_own_pedal(notes, pedal):
    """The parts treated one by one give the same, but for notes still held where everything ends."""
    raised = [(50, 0, track) for track in range(3)]
    whole = sustained(_score(notes, pedal + raised)).notes
    for track in range(3):
        own = [n for n in notes if n[3] == track]
        alone = sustained(_score(own, [p for p in pedal + raised if p[2] == track])).notes
        mine = whole[whole.track == track]
        assert mine.replace(velocity=1) == alone.replace(velocity=1)


@pytest.mark.parametrize(
    ("notes", "pedal", "ends"),
    [
        ([(0, 4, 60, 0, False)], [(0, 127, 0), (9, 0, 0)], [9]),
        ([(0, 4, 60, 0, False)], [(0, 127, 0), (4, 0, 0)], [4]),  # let up as the key is
        ([(0, 4, 60, 0, False)], [(4, 127, 0), (9, 0, 0)], [9]),  # caught at the last moment
        ([(0, 4, 60, 0, False)], [(5, 127, 0), (9, 0, 0)], [4]),
        ([(0, 4, 60, 0, False)], [(0, 63, 0), (9, 0, 0)], [4]),  # 64 and more are down
        ([(0, 4, 60, 0, False)], [(0, 127, 1), (9, 0, 1)], [4]),  # another part's
        ([(0, 4, 60, 0, True)], [(0, 127, 0), (9, 0, 0)], [4]),
        ([(0, 4, 60, 0, False), (6, 7, 60, 0, False)], [(0, 64, 0), (9, 0, 0)], [6, 9]),  # struck again
        ([(0, 8, 60, 0, False), (6, 7, 60, 0, False)], [(0, 64, 0)], [6, 8]),  # cuts what is held, too
        ([(0, 4, 60, 0, False), (0, 7, 60, 0, False)], [(0, 64, 0), (9, 0, 0)], [9]),
        ([(0, 4, 60, 0, False), (2, 30, 61, 1, False)], [(0, 127, 0)], [30, 30]),  # never let up
    ],
)
def test_rules(notes, pedal, ends):
    assert sustained(_score(notes, pedal)).notes.end.tolist() == ends


def test_other_pedals():
    score = _score([(0, 4, 60, 0, False)], [(0, 127, 0), (9, 0, 0)], number=66)
    assert sustained(score) is score
    assert sustained(score, control=66).notes.end.tolist() == [9]


def test_what_was_played(played):
    for score in played:
        assert (score.controls.number == 64).sum() > 100
        lengths = (int((notes.end - notes.start).sum()) for notes in (score.notes, sustained(score).notes))
        before, after = lengths
        assert after > 1.2 * before
