"""Compiled functions of population models against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.inference import bin_trains, infer_synapses
from bridge.recordings.glm import kernels
from bridge.recordings.glm.prior import prior_variance

DURATION = 6000.0


@pytest.fixture(scope="module")
def recording() -> list[np.ndarray]:
    """Five neurons at 10 to 40 Hz, the last kicked by the first."""
    rng = np.random.default_rng(3)
    trains = []
    for rate in (15.0, 40.0, 10.0, 25.0):
        fired = np.flatnonzero(rng.random(6000) < rate / 1e3)
        trains.append(fired + 0.5)
    kicked = np.unique(np.concatenate([trains[0] + 2.0, rng.integers(0, 5990, 60) + 0.5]))
    return [*trains, kicked[kicked < 6000.0]]


def test_exponentials_are_right_to_the_last_bits():
    x = np.linspace(-700.0, 300.0, 40_001)
    values, powers = x.copy(), np.empty_like(x)
    kernels.exponentials(values, powers, powers.view(np.int64))
    np.testing.assert_allclose(values, np.exp(x), rtol=4e-16)


def test_lags_are_counted_one_by_one(recording):
    trains = bin_trains(recording, DURATION)
    counts = np.zeros((5, 5, 9), dtype=np.int32)
    kernels.count_lags(trains.ids, trains.starts, -4, 4, counts)
    first, second = trains.fired(1), trains.fired(3)
    expected = [int((second - first[:, None] == lag).sum()) for lag in range(-4, 5)]
    assert counts[1, 3].tolist() == expected


def test_the_prior_is_as_wide_as_the_weights_where_scores_are_exact():
    rng = np.random.default_rng(5)
    mixed = rng.normal(size=(40, 40))
    covariance = mixed @ mixed.T / 40 * 1e-3
    spreads = rng.uniform(2e3, 6e3, 400)
    weights = rng.normal(0.0, 0.4, (400, 40))
    noise = rng.multivariate_normal(np.zeros(40), covariance, 400)
    scores = spreads[:, None] * (weights @ covariance) + np.sqrt(spreads)[:, None] * noise
    places = rng.integers(0, 40, 400)
    found = prior_variance(scores, spreads, places, covariance)
    # 16,000 weights in 40 correlated directions: a relative error of about 3 %, here four times.
    assert found == pytest.approx(0.16, rel=0.12)


def test_results_do_not_depend_on_the_number_of_threads(recording):
    one, three = (infer_synapses(recording, DURATION, threads=n) for n in (1, 3))
    for name in ("weights", "standard_errors", "z", "intercepts", "evaluations"):
        assert getattr(one, name).tobytes() == getattr(three, name).tobytes()
