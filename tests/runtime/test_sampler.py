"""The sampler: what may be drawn, how often, and that rows do not disturb one another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from antiphon.errors import OptionError
from antiphon.runtime.philox import uniform
from antiphon.runtime.sampler import sample
from antiphon.runtime.sampling_options import Sampling

P = np.array([0.1, 0.4, 0.0, 0.3, 0.2])
LOG_P = np.log(np.where(P > 0, P, 1e-300))
LOG_P[2] = -np.inf


def drawn(how: Sampling, n: int = 20_000, allowed: np.ndarray | None = None) -> np.ndarray:
    rows = np.broadcast_to(LOG_P, (n, 5))
    mask = None if allowed is None else np.broadcast_to(allowed, (n, 5))
    return np.bincount(sample(rows, uniform(3, np.arange(n), 0), how, mask), minlength=5) / n


@pytest.mark.parametrize(
    ("how", "allowed", "expected"),
    [
        (Sampling(), None, P),
        (Sampling(temperature=0), None, [0, 1, 0, 0, 0]),
        (Sampling(top_k=2), None, [0, 4 / 7, 0, 3 / 7, 0]),
        (Sampling(top_k=1), None, [0, 1, 0, 0, 0]),
        (Sampling(top_k=99), None, P),
        (Sampling(top_p=0.65), None, [0, 4 / 7, 0, 3 / 7, 0]),  # 0.4 alone is not enough, 0.4 + 0.3 is
        (Sampling(top_p=0.4), None, [0, 1, 0, 0, 0]),  # exactly enough
        (Sampling(top_p=1e-9), None, [0, 1, 0, 0, 0]),
        (Sampling(), [True, False, True, False, True], [1 / 3, 0, 0, 0, 2 / 3]),
        (Sampling(temperature=0), [True, False, True, False, True], [0, 0, 0, 0, 1]),
        (Sampling(top_k=1), [True, False, True, False, True], [0, 0, 0, 0, 1]),  # the constraint comes first
        (Sampling(top_k=3, top_p=0.75), None, [0, 4 / 7, 0, 3 / 7, 0]),  # top-p of what top-k left
    ],
)
def test_frequencies(how: Sampling, allowed: list[bool] | None, expected: object) -> None:
    mask = None if allowed is None else np.array(allowed)
    assert np.allclose(drawn(how, allowed=mask), expected, atol=0.015)


@settings(deadline=None)
@given(
    hnp.arrays(np.float32, (6, 130), elements=st.floats(-30, 0, width=32)),
    st.sampled_from([Sampling(), Sampling(0), Sampling(top_k=5), Sampling(top_p=0.8), Sampling(2.0, 7, 0.5)]),
    st.integers(0, 2**32),
)
def test_rows_do_not_disturb_one_another(log_p: np.ndarray, how: Sampling, seed: int) -> None:
    u, mask = uniform(seed, np.arange(6), 0), log_p > -29.5
    mask[:, 0] = True
    together = sample(log_p, u, how, mask)
    alone = [sample(log_p[i : i + 1], u[i : i + 1], how, mask[i : i + 1])[0] for i in range(6)]
    assert together.tolist() == alone
    assert mask[np.arange(6), together].all()


def test_the_extremes_of_u_stay_inside_and_never_hit_the_impossible() -> None:
    log_p = np.array([[-np.inf, 0.0, -np.inf, -0.5, -np.inf]] * 2)
    assert sample(log_p, np.array([2.0**-33, 1 - 2.0**-33]), Sampling()).tolist() == [1, 3]


@pytest.mark.parametrize("rows", [1, 2])
def test_the_draw_is_the_first_whose_cumulated_weight_exceeds_u_in_double_precision(rows: int) -> None:
    log_p = np.random.default_rng(4).normal(size=130).astype(np.float32)
    cumulated = np.exp((log_p - log_p.max()).astype(np.float64)).cumsum()
    edges = cumulated[:-1] / cumulated[-1]

    def ids(u: np.ndarray, log_p: np.ndarray = log_p) -> list[int]:
        given = np.tile(log_p, (rows, 1))
        return [int(sample(given, np.full(rows, one), Sampling())[-1]) for one in u]

    assert ids(edges * (1 - 1e-12)) == list(range(129))
    assert ids(edges * (1 + 1e-12)) == list(range(1, 130))
    assert ids(np.array([0.25, 0.5, 0.75]), np.zeros(4)) == [1, 2, 3], "as much as u is not more than u"


def test_as_much_as_top_p_asks_for_is_enough() -> None:
    log_p = np.log([[0.5, 0.25, 0.125, 0.125]] * 64)
    u = (np.arange(64) + 0.5) / 64
    assert set(sample(log_p, u, Sampling(top_p=0.5)).tolist()) == {0}
    assert set(sample(log_p, u, Sampling(top_p=0.75)).tolist()) == {0, 1}


def test_very_improbable_events_can_still_be_all_that_is_allowed() -> None:
    log_p = np.array([[0.0, -2000.0, -2001.0]])
    assert sample(log_p, np.array([0.99]), Sampling(), np.array([[False, True, True]])).tolist() == [2]


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(OptionError, match="constraints leave no event"):
        sample(LOG_P[None], np.array([0.5]), Sampling(), np.array([[False, False, True, False, False]]))
    with pytest.raises(OptionError, match="constraints leave no event"):
        sample(np.stack([LOG_P] * 2), np.full(2, 0.5), Sampling(), np.arange(5) == np.array([[3], [2]]))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"temperature": -0.1}, "temperature is -0.1"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"top_k": -1}, "top-k is -1"),
        ({"top_p": 0.0}, "top-p is 0.0"),
        ({"top_p": 1.5}, "top-p is 1.5"),
    ],
)
def test_values_outside_their_range_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Sampling(**values)  # type: ignore[arg-type]
