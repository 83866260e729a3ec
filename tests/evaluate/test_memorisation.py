"""The longest copied passage, against trying every pair of beginnings."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from antiphon.codecs.alphabet import Alphabet, Field, Span, single
from antiphon.evaluate.memorisation import longest_copies
from antiphon.evaluate.sequences import Sequences
from antiphon.recipes import find

ALPHABET = find("melody/mono").alphabet

TUNES = st.lists(st.lists(st.sampled_from([0, 0, 1, 60, 61, 63]), max_size=25), min_size=1, max_size=5)


def agreeing(a: list[int], i: int, b: list[int], j: int) -> int:
    """Steps from a[i] and b[j], both notes, on which the two passages agree but for transposition."""
    shift, length = b[j] - a[i], 0
    while i + length < len(a) and j + length < len(b):
        x, y = a[i + length], b[j + length]
        if (x if x < 2 else x + shift) != y or (x < 2) != (y < 2):
            break
        length += 1
    return length


def brute_force(melody: list[int], training: list[list[int]]) -> tuple[int, int]:
    """(notes, steps) of the longest passage."""
    best = (0, 0)
    for row in training:
        for i in (i for i, event in enumerate(melody) if event >= 2):
            for j in (j for j, event in enumerate(row) if event >= 2):
                steps = agreeing(melody, i, row, j)
                best = max(best, (sum(event >= 2 for event in melody[i : i + steps]), steps))
    return best


@given(TUNES, TUNES)
@example([[60, 61], [0, 1]], [[60]])
@example([[60, 0]], [[1, 0, 0]])
@settings(deadline=None, max_examples=150)
def test_equals_brute_force(melodies: list[list[int]], training: list[list[int]]) -> None:
    found = longest_copies(Sequences.of(ALPHABET, melodies), Sequences.of(ALPHABET, training))
    expected = [brute_force(melody, training) for melody in melodies]
    assert list(zip(found.notes.tolist(), found.steps.tolist(), strict=True)) == expected
    for melody, steps, start, source, there in zip(
        melodies, found.steps, found.start, found.source, found.source_start, strict=True
    ):
        if steps:
            assert agreeing(melody, int(start), training[source], int(there)) == steps
        else:
            assert source == -1


def test_a_transposed_copy_is_found_whole_and_named() -> None:
    rng = np.random.default_rng(0)
    training = [rng.choice([0, 0, 0, *range(50, 70)], 400) for _ in range(20)]
    copied = training[7][100:200] + 5 * (training[7][100:200] >= 2)
    found = longest_copies(
        Sequences.of(ALPHABET, [np.concatenate([rng.choice(range(50, 70), 50), copied])]),
        Sequences.of(ALPHABET, training),
    )
    first = int(np.flatnonzero(copied >= 2)[0])
    assert (found.source[0], found.source_start[0], found.start[0]) == (7, 100 + first, 50 + first)
    assert 100 - first <= found.steps[0] <= 105 - first  # chance may add a step or two behind it


def test_the_passage_with_more_notes_is_the_longer() -> None:
    training = [[60, 62, 64, 65, 1, 60, *[0] * 30]]
    found = longest_copies(
        Sequences.of(ALPHABET, [[70, 72, 74, 1, 70, *[0] * 20]]), Sequences.of(ALPHABET, training)
    )
    assert (found.notes[0], found.steps[0]) == (3, 3)


def test_summary() -> None:
    found = longest_copies(
        Sequences.of(ALPHABET, [[60, 62, 64], [60], [0]]), Sequences.of(ALPHABET, [[50, 52, 54]])
    )
    assert found.summary() == {
        "notes_median": 1, "notes_p90": 2.6, "notes_max": 3,
        "steps_median": 1, "steps_p90": 2.6, "steps_max": 3,
    }  # fmt: skip
    assert longest_copies(Sequences.of(ALPHABET, []), Sequences.of(ALPHABET, [[60]])).summary() == {}


def test_drums_are_copied_stroke_by_stroke() -> None:
    """There is no key to be in: every set of sounds must agree."""
    alphabet = find("drums/drum-kit").alphabet
    training = Sequences.of(alphabet, [[1, 0, 4, 0, 5, 0, 4, 8]])
    found = longest_copies(Sequences.of(alphabet, [[9, 1, 0, 4, 0, 6], [2, 0, 8, 0]]), training)
    assert (found.notes.tolist(), found.steps.tolist()) == ([2, 1], [4, 1])
    assert found.start.tolist() == [1, 2]


def test_events_of_several_fields_agree_in_all_of_them() -> None:
    """A pitch, of which the interval counts, and a time, which must be the same."""
    alphabet = Alphabet(
        (
            Field("note", (Span("none"), Span("on", 60, onset=True, pitch=30))),
            Field("time", (Span("wait", 8, steps=1, steps_more=1),)),
        )
    )
    training = Sequences.of(alphabet, [[(10, 0), (12, 3), (0, 1), (15, 0), (17, 2)]])
    asked = Sequences.of(alphabet, [[(20, 0), (22, 3), (0, 1), (25, 1)], [(3, 0), (5, 2)]])
    found = longest_copies(asked, training)
    assert (found.notes.tolist(), found.steps.tolist()) == ([2, 2], [7, 4])
    late = Sequences.of(alphabet, [[(3, 5), (5, 2)], [(3, 5), (5, 5)]])
    assert longest_copies(late, training).notes.tolist() == [1, 0], (
        "the time of a passage's first note counts"
    )


def test_numbers_of_two_fields_do_not_stand_for_each_other() -> None:
    alphabet = Alphabet(
        (
            Field("note", (Span("none"), Span("on", 60, onset=True, pitch=30))),
            Field("time", (Span("wait", 8, steps=1, steps_more=1),)),
            Field("touch", (Span("touch", 8),)),
        )
    )
    training = Sequences.of(alphabet, [[(10, 0, 0), (12, 1, 2)]])
    asked = Sequences.of(alphabet, [[(10, 0, 0), (12, 1, 2)], [(10, 0, 0), (12, 2, 1)]])
    assert longest_copies(asked, training).notes.tolist() == [2, 1]


def test_the_end_of_another_note_is_another_event() -> None:
    """Only what begins a note is compared by its interval."""
    alphabet = single(Span("hold"), Span("off", 128, steps=1, pitch=0), Span("on", 128, onset=True, pitch=0))
    on, off = 129, 1
    training = Sequences.of(alphabet, [[on + 60, on + 64, off + 60, on + 67]])
    asked = Sequences.of(alphabet, [[on + 60, on + 64, off + end, on + 67] for end in (60, 64)])
    assert longest_copies(asked, training).notes.tolist() == [3, 2]


def test_every_voice_of_an_event_is_compared() -> None:
    """Two voices: equal basses alone are no copy; both, moved together, are."""
    voice = (Span("rest"), Span("on", 40, onset=True, pitch=40))
    two = Alphabet((Field("bass", voice), Field("soprano", voice)))
    rng = np.random.default_rng(3)
    bass, soprano, other = rng.integers(1, 30, (3, 60))
    training = Sequences.of(two, [np.stack([bass, soprano], axis=1)])
    moved = Sequences.of(two, [np.stack([bass, soprano], axis=1) + 5])
    same_bass = Sequences.of(two, [np.stack([bass, other], axis=1)])
    assert longest_copies(moved, training).steps.tolist() == longest_copies(training, training).steps.tolist()
    assert longest_copies(moved, training).notes.tolist() == [60]
    assert longest_copies(same_bass, training).notes[0] < 5
