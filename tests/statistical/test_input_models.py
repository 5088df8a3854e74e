"""Random inputs have the moments, intervals and correlations of their closed forms.

Every test fails for a correct program with a probability below 1e-4; seeds are fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import neurosim as ns

ERROR_RATE = 1e-5
"""Of each comparison; no test makes more than ten."""
PASSIVE = ns.LIF(v_threshold=199.0, v_peak=199.0)
"""A neuron whose threshold is out of reach: C = 250 pF, tau_m = 20 ms."""
RESISTANCE = 20.0 / 250.0


def _recorded(source: ns.Input, n: int, duration: float, variable: str = "spikes") -> Any:
    net = ns.Network()
    cells = net.add("cells", n, PASSIVE)
    drive = net.drive(cells, source, **({"psp": 1e-3} if variable == "spikes" else {}))
    net.record(drive, variable)
    return ns.simulate(net, duration).inputs[drive]


def _counts(trains: ns.SpikeTrains, n: int, duration: float, width: float) -> np.ndarray:
    """Return the spike counts, (n_trains, n_bins)."""
    bins = np.ceil(np.round(trains.times / width, 6)).astype(int) - 1
    shape = (n, round(duration / width))
    return np.bincount(
        np.ravel_multi_index((trains.ids, bins), shape), minlength=np.prod(shape)
    ).reshape(shape)


def _intervals(trains: ns.SpikeTrains, n: int) -> np.ndarray:
    return np.concatenate([np.diff(trains.of(k)) for k in range(n)])


def _is_mean(samples: np.ndarray, expected: float) -> bool:
    """Whether the mean of independent samples is as expected, by a t-test."""
    return stats.ttest_1samp(samples, expected).pvalue > ERROR_RATE


def _is_total(count: int, expected: float) -> bool:
    """Whether a Poisson number is as expected."""
    tail = min(stats.poisson.cdf(count, expected), stats.poisson.sf(count - 1, expected))
    return tail > ERROR_RATE / 2


@pytest.mark.parametrize("amplitude", [300.0, 900.0])
def test_sinusoidal_poisson_follows_the_rate(amplitude: float) -> None:
    n, duration = 200, 400.0
    source = ns.SinusoidalPoisson(500.0, amplitude, frequency=20.0, phase=0.7)
    trains = _recorded(source, n, duration)
    phase = np.round((trains.times - 0.1) % 50.0, 6) / 5.0  # steps begin 0.1 ms earlier
    seen = np.bincount(phase.astype(int), minlength=10)
    times = np.arange(0.0, 50.0, 0.1)
    rates = np.maximum(500.0 + amplitude * np.sin(2 * np.pi * 20e-3 * times + 0.7), 0.0)
    expected = rates.reshape(10, -1).sum(axis=1) * 1e-4 * n * duration / 50.0
    assert all(_is_total(k, mean) for k, mean in zip(seen, expected, strict=True))


def test_each_target_can_have_its_own_sine() -> None:
    frequency = np.array([5.0, 20.0])
    trains = _recorded(ns.SinusoidalPoisson([900.0, 2000.0], 900.0, frequency), 2, 4000.0)
    assert _is_total(len(trains.of(0)), 3600.0)
    assert _is_total(len(trains.of(1)), 8000.0)
    angle = 2e-3 * np.pi * 20.0 * (trains.of(1) - 0.1)
    # The fundamental of the rate is half the relative amplitude.
    assert np.sin(angle).mean() == pytest.approx(0.225, abs=4.5 * np.sqrt(0.5 / 8000))
    assert abs(np.cos(angle).mean()) < 4.5 * np.sqrt(0.5 / 8000)


def test_a_shared_train_is_a_poisson_process() -> None:
    trains = _recorded(ns.Poisson(200.0, shared=True), 3, 20_000.0)
    assert trains.of(0).tolist() == trains.of(1).tolist() == trains.of(2).tolist()
    assert _is_total(len(trains.of(0)), 4000.0)
    assert stats.kstest(np.diff(trains.of(0)), "expon", args=(-0.05, 5.0)).pvalue > ERROR_RATE


@pytest.mark.parametrize("shape", [0.5, 4.0])
def test_gamma_intervals(shape: float) -> None:
    n, duration = 300, 2000.0
    trains = _recorded(ns.GammaProcess(20.0, shape), n, duration)
    # Long intervals do not fit into a run, so only those that begin early are compared.
    chosen = np.concatenate([np.diff(t)[t[:-1] < 1000.0] for t in map(trains.of, range(n))])
    gamma = stats.gamma(shape, scale=50.0 / shape)
    assert stats.kstest(chosen + 0.0, gamma.cdf).statistic < stats.kstwo.isf(
        ERROR_RATE, len(chosen)
    ) + gamma.cdf(0.1)
    # In equilibrium, the rate is constant from time 0 on.
    early = (trains.times <= 10.0).sum()
    assert abs(early - 60.0) < 4.5 * np.sqrt(60.0 * max(1.0, 1.0 / shape))


def test_gamma_intervals_in_operational_time() -> None:
    times, rates = np.array([10.0, 500.0, 800.0]), np.array([20.0, 0.0, 60.0])
    n = 300
    trains = _recorded(ns.GammaProcess(rates, 3.0, times=times), n, 1400.0)
    assert not ((trains.times > 500.1) & (trains.times < 799.9)).any()
    assert trains.times.min() >= 10.0
    knots = np.array([10.0, 500.0, 800.0, 1400.0])
    expected = np.array([0.0, 9.8, 9.8, 45.8])
    operational = [np.interp(trains.of(k), knots, expected) for k in range(n)]
    intervals = np.concatenate([np.diff(t)[t[:-1] < 40.0] for t in operational])
    gamma = stats.gamma(3.0, scale=1.0 / 3.0)
    limit = stats.kstwo.isf(ERROR_RATE, len(intervals)) + 0.005  # steps of 0.1 ms
    assert stats.kstest(intervals, gamma.cdf).statistic < limit
    counts = [np.sum((t > 0.0) & (t <= 9.8)) for t in operational]
    assert _is_mean(np.array(counts), 9.8)


def test_dead_time() -> None:
    n, dead = 300, 5.0
    trains = _recorded(ns.PoissonWithDeadTime(100.0, dead), n, 1000.0)
    intervals = _intervals(trains, n)
    assert intervals.min() > dead - 0.15
    # Half of the mean interval is dead time, so the coefficient of variation is 1/2.
    assert (
        stats.kstest(intervals, "expon", args=(dead, 5.0)).statistic
        < stats.kstwo.isf(ERROR_RATE, len(intervals)) + 0.02
    )
    counts = _counts(trains, n, 1000.0, 5.0).sum(axis=0)
    # A window as long as the dead time has at most one spike of a train.
    assert all(stats.binomtest(k, n, 0.5).pvalue > ERROR_RATE for k in counts[:3])
    assert counts.mean() == pytest.approx(150.0, rel=0.01)


def test_synchronous_copies_are_correlated() -> None:
    n, c, rate, duration = 50, 0.2, 20.0, 20_000.0
    trains = _recorded(ns.CorrelatedPoisson(rate, c), n, duration)
    counts = _counts(trains, n, duration, 5.0)
    blocks = counts.sum(axis=0).reshape(40, -1)
    # A sum of n trains with correlation c has the variance n r T (1 + (n - 1) c).
    mean = n * rate * 5e-3
    squares = ((blocks - mean) ** 2).mean(axis=1)
    assert _is_mean(squares, mean * (1.0 + (n - 1) * c))
    assert _is_mean(blocks.mean(axis=1), mean)
    # Each train is a Poisson process.
    intervals = np.diff(trains.of(7))
    assert stats.kstest(intervals, "expon", args=(0.0, 50.0)).pvalue > ERROR_RATE


def test_jittered_copies_have_an_exponential_covariance() -> None:
    n, c, rate, tau, duration, width = 60, 0.3, 20.0, 8.0, 24_000.0, 2.0
    trains = _recorded(ns.CorrelatedPoisson(rate, c, tau), n, duration)
    counts = _counts(trains, n, duration, width)
    one, other = counts[::2].sum(axis=0), counts[1::2].sum(axis=0)
    pairs, mean = (n // 2) ** 2, n / 2 * rate * 1e-3 * width
    for lag in (0, 2, 6):
        products = (one[: len(one) - lag] - mean) * (other[lag:] - mean)
        blocks = products[: len(products) // 60 * 60].reshape(60, -1).mean(axis=1)
        # The covariance of counts is that of the process, averaged over a triangle.
        grid = np.linspace(-width, width, 4001)
        density = c * rate * 1e-3 * np.exp(-np.abs(grid + lag * width) / tau) / (2.0 * tau)
        expected = pairs * np.trapezoid(density * (width - np.abs(grid)), grid)
        assert _is_mean(blocks, expected)
    # Copies of spikes before time 0 make the rate constant from time 0 on.
    early = counts[:, :5].sum()
    assert abs(early - 12.0) < 4.5 * np.sqrt(12.0 * (1.0 + n * c))
    assert stats.kstest(np.diff(trains.of(3)), "expon", args=(0.0, 50.0)).pvalue > ERROR_RATE


def test_pulse_packets_are_normal() -> None:
    n = 100
    trains = _recorded(ns.PulsePacket([100.0, 200.0], activity=30, sigma=4.0), n, 300.0)
    first = trains.times[trains.times < 150.0]
    assert len(first) == 30 * n
    assert np.bincount(trains.ids).tolist() == [60] * n
    assert (
        stats.kstest(first, "norm", args=(100.0, 4.0)).statistic
        < stats.kstwo.isf(ERROR_RATE, 3000) + 0.01
    )
    shared = _recorded(ns.PulsePacket([100.0], 30, 4.0, shared=True), 3, 200.0)
    assert shared.of(0).tolist() == shared.of(2).tolist()


def _has_variance(values: np.ndarray, variance: float) -> bool:
    """Whether independent normal values around 0 have a variance, by a chi-squared test."""
    p = stats.chi2.cdf((values**2).sum() / variance, values.size)
    return bool(ERROR_RATE < p < 1.0 - ERROR_RATE)


def _correlate(one: np.ndarray, other: np.ndarray, expected: float) -> bool:
    z = np.arctanh(np.corrcoef(one.ravel(), other.ravel())[0, 1]) - np.arctanh(expected)
    return bool(abs(z) < stats.norm.isf(ERROR_RATE / 2) / np.sqrt(one.size - 3))


def test_white_noise_is_constant_within_intervals_and_independent_between_them() -> None:
    trace = _recorded(ns.WhiteNoiseCurrent(80.0, mean=50.0, interval=0.5), 200, 20.0, "current")
    held = trace.values.reshape(40, 5, 200)
    assert (held == held[:, :1]).all()
    values = held[:, 0] - 50.0
    assert _has_variance(values, 80.0**2)
    assert stats.kstest(values.ravel(), "norm", args=(0.0, 80.0)).pvalue > ERROR_RATE
    assert _correlate(values[:-1], values[1:], 0.0)
    assert _correlate(values[:, :-1], values[:, 1:], 0.0)


def test_ornstein_uhlenbeck_current_is_stationary_from_its_start() -> None:
    source = ns.OrnsteinUhlenbeckCurrent(60.0, tau=3.0, mean=20.0, start=10.0)
    trace = _recorded(source, 3000, 16.1, "current")
    assert (trace.values[:100] == 0.0).all()
    values = trace.values[100:] - 20.0
    for k in (0, 30, 60):
        assert _has_variance(values[k], 60.0**2)
    for lag in (1, 30, 60):
        assert _correlate(values[0], values[lag], np.exp(-0.1 * lag / 3.0))
    assert _correlate(values[0, :-1], values[0, 1:], 0.0)


def test_parameters_of_noise_can_differ_between_targets() -> None:
    sigma, tau = np.repeat([10.0, 30.0], 1000), np.tile([1.0, 8.0], 1000)
    source = ns.OrnsteinUhlenbeckCurrent(sigma, tau, mean=sigma)
    values = (_recorded(source, 2000, 4.1, "current").values - sigma) / sigma
    assert _has_variance(values[40], 1.0)
    for k, expected in enumerate([np.exp(-4.0), np.exp(-0.5)]):
        assert _correlate(values[0, k::2], values[40, k::2], expected)


@pytest.mark.parametrize(
    ("source", "variance"),
    [
        (ns.WhiteNoiseCurrent(300.0, interval=2.0), 300.0**2 * np.tanh(2.0 / 40.0)),
        (ns.OrnsteinUhlenbeckCurrent(100.0, tau=5.0), 100.0**2 * 5.0 / 25.0),
    ],
)
def test_noise_gives_the_potential_its_variance(source: ns.Input, variance: float) -> None:
    net = ns.Network()
    cells = net.add("cells", 3000, PASSIVE)
    net.drive(cells, source)
    net.record(cells, "v", interval=200.0)
    v = ns.simulate(net, 200.0, dt=0.05).traces["cells", "v"].values[0] + 70.0
    assert _has_variance(v, RESISTANCE**2 * variance)
