"""Philox against the paper's known answers, and the promises the sampler rests on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.runtime.philox import Draws, philox4x32, uniform

# Known-answer vectors published with the reference implementation of the paper (philox4x32, 10 rounds).
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> np.ndarray:
    return np.array([int(word, 16) for word in text.split()], dtype=np.uint32)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter: str, key: str, answer: str) -> None:
    assert np.array_equal(philox4x32(words(counter), words(key)), words(answer))


def test_known_answers_in_one_batch() -> None:
    counters, keys, answers = (np.stack([words(row[i]) for row in KNOWN]) for i in range(3))
    assert np.array_equal(philox4x32(counters, keys), answers)


def test_uniform_takes_its_word_from_seed_output_step_and_field() -> None:
    # Key = the seed's two words, counter = (step, output, block of four fields, 0).
    key = words("a4093822 299f31d0")
    block = philox4x32(np.array([5, 3, 1, 0], dtype=np.uint32), key)
    seed = int(key[0]) + (int(key[1]) << 32)
    assert uniform(seed, output=3, step=5, field=6) == (block[2] + 0.5) / 2**32


@given(st.integers(0, 2**64 - 1), st.integers(0, 1000), st.integers(0, 10_000), st.integers(0, 40))
def test_a_batch_draws_what_its_members_draw(seed: int, output: int, step: int, field: int) -> None:
    together = uniform(seed, np.arange(output, output + 3)[:, None], np.arange(step, step + 4), field)
    assert together.shape == (3, 4)
    assert together[1, 2] == uniform(seed, output + 1, step + 2, field)
    assert ((together > 0) & (together < 1)).all()


def test_draws_equals_uniform_across_blocks_and_backwards() -> None:
    draws = Draws(9, outputs=[4, 7], n_fields=3, block=8)
    for step in (0, 7, 8, 9, 30, 2):
        expected = uniform(9, np.array([4, 7])[:, None], step, np.arange(3))
        assert np.array_equal(draws.at(step), expected)


def test_numbers_are_uniform_and_uncorrelated() -> None:
    u = uniform(1, np.arange(50)[:, None], np.arange(2000))
    counts, _ = np.histogram(u, bins=50, range=(0, 1))
    chi_squared = ((counts - u.size / 50) ** 2 / (u.size / 50)).sum()
    assert chi_squared < 94  # 49 degrees of freedom, one in 10,000
    assert abs(np.corrcoef(u[:, :-1].ravel(), u[:, 1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(u[:-1].ravel(), u[1:].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_outside_64_bits_are_refused(seed: int) -> None:
    with pytest.raises(OptionError, match="seed"):
        uniform(seed, 0, 0)
