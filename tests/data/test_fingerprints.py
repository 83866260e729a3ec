from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.data.fingerprints import SKETCH, similarity, sketches, whole

Events = npt.NDArray[np.int16]
seeds = st.integers(0, 2**31)


def tune(seed: int, n: int = 100) -> Events:
    rng = np.random.default_rng(seed)
    events = np.full(4 * n, -2, np.int16)
    onsets = np.sort(rng.choice(4 * n, n, replace=False))
    events[onsets] = rng.integers(55, 80, n)
    return events


def alike(one: Events, other: Events) -> float:
    pair = sketches([one, other])
    return float(similarity(pair[:1], pair[1:])[0])


def transposed(events: Events, semitones: int) -> Events:
    return np.where(events >= 0, events + semitones, events).astype(np.int16)


def stretched(events: Events, factor: int) -> Events:
    longer = np.full(factor * len(events), -2, np.int16)
    longer[::factor] = events
    return longer


@given(seeds, st.integers(-12, 12), st.integers(1, 3))
def test_key_and_note_values_do_not_matter_to_a_sketch(seed: int, semitones: int, factor: int) -> None:
    events = tune(seed)
    assert alike(events, stretched(transposed(events, semitones), factor)) == 1.0


@given(seeds, st.integers(1, 12))
def test_a_whole_print_tells_transposed_from_equal(seed: int, semitones: int) -> None:
    events = tune(seed)
    other = transposed(events, semitones)
    (exact, relative), (other_exact, other_relative) = whole(events, (4, 4)), whole(other, (4, 4))
    assert exact != other_exact
    assert relative == other_relative
    assert whole(events, (3, 4))[1] != relative


def test_repeats_written_out_hardly_matter() -> None:
    events = tune(1)
    assert alike(events, np.concatenate([events, events])) > 0.75


@given(seeds)
def test_different_tunes_are_not_alike(seed: int) -> None:
    assert alike(tune(seed), tune(seed + 1)) < 0.1


@pytest.mark.parametrize(("changed", "least", "most"), [(2, 0.6, 1.0), (6, 0.3, 0.9), (60, 0.0, 0.3)])
def test_similarity_falls_with_changes(changed: int, least: float, most: float) -> None:
    found = []
    for seed in range(20):
        events = tune(seed)
        other = events.copy()
        onsets = np.flatnonzero(events >= 0)
        other[np.random.default_rng(seed).choice(onsets, changed, replace=False)] += 1
        found.append(alike(events, other))
    assert least <= np.mean(found) <= most


def test_the_estimate_is_near_the_true_jaccard_similarity() -> None:
    one, other = tune(3, 400), tune(4, 400)
    mixed = np.concatenate([one[:800], other[:800]])
    assert abs(alike(np.concatenate([one[:800], tune(5, 200)]), mixed) - 1 / 3) < 0.2


def test_short_and_empty_melodies_have_sketches() -> None:
    found = sketches([np.empty(0, np.int16), np.array([60, -2, 62], np.int16), tune(1)])
    assert found.shape == (3, SKETCH)
    assert similarity(found[:1], found[1:2])[0] == 0.0
    assert whole(np.empty(0, np.int16), ()) == whole(np.empty(0, np.int16), ())


@given(st.lists(seeds, max_size=5))
def test_a_sketch_does_not_depend_on_its_company(found: list[int]) -> None:
    together = sketches([tune(seed, 30) for seed in found])
    alone = [sketches([tune(seed, 30)])[0] for seed in found]
    assert all(np.array_equal(row, other) for row, other in zip(together, alone, strict=True))
