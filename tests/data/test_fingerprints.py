from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.arrays import Int64
from antiphon.codecs.kinds import Profile, Standing, kind
from antiphon.data.fingerprints import (
    FINGERPRINT,
    SKETCH_SIZE,
    fingerprints,
    jaccard,
    sequence_hashes,
    sketches,
)
from antiphon.score.maps import Meter

seeds = st.integers(0, 2**31)
MELODY = kind("melody")


def tune(seed: int, n: int = 100) -> Profile:
    rng = np.random.default_rng(seed)
    return Profile(np.sort(rng.choice(4 * n, n, replace=False)), rng.integers(55, 80, n))


def chords(seed: int, n: int = 60) -> Profile:
    """One to four notes at a time, from the highest down."""
    rng = np.random.default_rng(seed)
    time = np.repeat(np.cumsum(rng.integers(1, 5, n)), rng.integers(1, 5, n))
    pitch = rng.integers(40, 90, len(time))
    order = np.lexsort((-pitch, time))
    return Profile(time[order], pitch[order])


def ids(profile: Profile) -> Int64:
    events = np.zeros(int(profile.time[-1]) + 1 if len(profile.time) else 0, np.int64)
    events[profile.time] = profile.pitch + 2
    return events


def similarity(one: Profile, other: Profile, **how: bool) -> float:
    pair = sketches([one, other], **how)
    return float(jaccard(pair[:1], pair[1:])[0])


def moved(profile: Profile, semitones: int = 0, factor: int = 1, steps: int = 0) -> Profile:
    return Profile(factor * profile.time + steps, profile.pitch + semitones)


def joined(one: Profile, other: Profile, at: int) -> Profile:
    return Profile(np.concatenate([one.time, other.time + at]), np.concatenate([one.pitch, other.pitch]))


@given(seeds, st.integers(-12, 12), st.integers(1, 3), st.integers(0, 9), st.sampled_from([tune, chords]))
def test_key_and_note_values_do_not_matter_to_a_sketch(
    seed: int, semitones: int, factor: int, steps: int, make: object
) -> None:
    profile = make(seed)  # type: ignore[operator]
    assert similarity(profile, moved(profile, semitones, factor, steps)) == 1.0


@given(seeds, st.integers(1, 12), st.integers(2, 4), st.sampled_from([tune, chords]))
def test_hashes_distinguish_equal_transposed_and_retempoed(
    seed: int, semitones: int, factor: int, make: object
) -> None:
    profile = make(seed)  # type: ignore[operator]
    here = sequence_hashes(MELODY, ids(profile), profile, Standing())
    higher = moved(profile, semitones)
    there = sequence_hashes(MELODY, ids(higher), higher, Standing())
    slower = moved(profile, semitones, factor)
    late = sequence_hashes(MELODY, ids(slower), slower, Standing())
    assert [a == b for a, b in zip(here, there, strict=True)] == [False, True, True]
    assert [a == b for a, b in zip(here, late, strict=True)] == [False, False, True]
    assert sequence_hashes(MELODY, ids(profile), profile, Standing(Meter(3, 4)))[:2] != here[:2]


@given(seeds, st.integers(1, 5))
def test_drums_are_never_transposed(seed: int, classes: int) -> None:
    profile = Profile(tune(seed).time, tune(seed).pitch % 9)
    other = Profile(profile.time, (profile.pitch + classes) % 9)
    assert similarity(profile, profile, transposable=False) == 1.0
    assert similarity(profile, other, transposable=False) < 0.1


@given(seeds)
def test_off_the_grid_only_the_order_of_pitches_counts(seed: int) -> None:
    profile = tune(seed)
    jitter = np.random.default_rng(seed).integers(0, 30, len(profile.time))
    late = Profile(np.cumsum(jitter + 1), profile.pitch + 2)
    assert similarity(profile, late, on_grid=False) == 1.0
    assert similarity(profile, late) < 0.1


def test_repeats_written_out_hardly_matter() -> None:
    profile = tune(1)
    assert similarity(profile, joined(profile, profile, 400)) > 0.75


@given(seeds)
def test_different_tunes_are_not_similar(seed: int) -> None:
    assert similarity(tune(seed), tune(seed + 1)) < 0.1


@pytest.mark.parametrize(("changed", "least", "most"), [(2, 0.6, 1.0), (6, 0.3, 0.9), (60, 0.0, 0.3)])
def test_similarity_falls_with_changes(changed: int, least: float, most: float) -> None:
    found = []
    for seed in range(20):
        profile = tune(seed)
        pitch = profile.pitch.copy()
        pitch[np.random.default_rng(seed).choice(len(pitch), changed, replace=False)] += 1
        found.append(similarity(profile, Profile(profile.time, pitch)))
    assert least <= np.mean(found) <= most


def test_the_estimate_is_near_the_true_jaccard_similarity() -> None:
    one, two, three = tune(3, 200), tune(4, 200), tune(5, 200)
    assert abs(similarity(joined(one, three, 800), joined(one, two, 800)) - 1 / 3) < 0.2


def test_short_and_empty_sequences_have_fingerprints() -> None:
    none = Profile(np.zeros(0, np.int64), np.zeros(0, np.int64))
    short = Profile(np.array([0, 2]), np.array([60, 62]))
    found = fingerprints(MELODY, [ids(none), ids(short)], [none, short], [Standing(), Standing()])
    assert found.dtype == FINGERPRINT
    assert found["sketch"].shape == (2, SKETCH_SIZE)
    assert jaccard(found["sketch"][:1], found["sketch"][1:])[0] == 0.0
    assert len(set(found["exact"].tolist())) == 2
    assert len(fingerprints(MELODY, [], [], [])) == 0


@given(st.lists(seeds, max_size=5))
def test_a_sketch_does_not_depend_on_its_company(found: list[int]) -> None:
    together = sketches([tune(seed, 30) for seed in found])
    alone = [sketches([tune(seed, 30)])[0] for seed in found]
    assert all(np.array_equal(row, other) for row, other in zip(together, alone, strict=True))
