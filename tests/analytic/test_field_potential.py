"""The proxy of the local field potential and its spectrum against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

import neurosim as ns
from neurosim.analysis import lfp_proxy, power_spectrum

DT, TAU_EXC, TAU_INH = 0.5, 3.0, 8.0
N, RATE, WEIGHT = 40, 400.0, 5.0
TAIL = norm.isf(0.5e-4)
"""Each comparison fails by chance for 1 in 10,000 seeds; the seeds are fixed."""


def driven(*drives: tuple[ns.Synapse, float, ns.Input]) -> ns.Network:
    """Return silent neurons with inputs; the sums of their currents are recorded."""
    net = ns.Network()
    cells = net.add("cells", N, ns.LIF(v_threshold=29.0, v_reset=-70.0))
    for synapse, weight, source in drives:
        net.drive(cells, source, synapse=synapse, weight=weight)
    for name in ("i_exc", "i_inh"):
        net.record(cells, name, sum=True)
    return net


def shot_noise(tau: float, weight: float, frequency: np.ndarray) -> tuple[float, np.ndarray]:
    """Return mean (pA) and one-sided spectrum (pA²/Hz) of the sum over all neurons.

    A spike adds the weight at the end of a step, and the current decays by exp(-dt/tau) per step.
    """
    decay, per_step = math.exp(-DT / tau), N * RATE * 1e-3 * DT
    gain = weight / (1.0 - decay * np.exp(-2j * np.pi * frequency * 1e-3 * DT))
    return per_step * weight / (1.0 - decay), 2e-3 * DT * per_step * np.abs(gain) ** 2


@pytest.mark.parametrize("alpha", [1.65, 0.5])
def test_poisson_input_gives_filtered_shot_noise(alpha: float) -> None:
    source = ns.Poisson(RATE)
    net = driven(
        (ns.ExpCurrent(TAU_EXC), WEIGHT, source), (ns.ExpCurrent(TAU_INH), -WEIGHT, source)
    )
    result = ns.simulate(net, 60_000.0, dt=DT, seed=5)
    _, lfp = lfp_proxy(result, "cells", start=200.0, alpha=alpha)
    frequency, power = power_spectrum(lfp, DT, window=200.0)
    exc, inh = (shot_noise(tau, WEIGHT, frequency) for tau in (TAU_EXC, TAU_INH))
    mean, spectrum = exc[0] + alpha * inh[0], exc[1] + alpha**2 * inh[1]
    seconds = 1e-3 * DT * len(lfp)
    error = math.sqrt(0.5 * spectrum[0] / seconds)
    assert abs(lfp.mean() - mean) < TAIL * error
    # Means over bands of 50 Hz. Windows that overlap by half count as 18/19 of independent ones
    # (Welch 1967), and neighbouring frequencies of a Hann window are correlated: their mean has
    # 2·(1 + 2·(4/9 + 1/36)) = 35/18 times the variance of independent ones.
    n_windows = 18 / 19 * 2 * seconds / 0.2
    for low in range(50, 900, 50):
        band = (frequency >= low) & (frequency < low + 50)
        ratio = (power[band] / spectrum[band]).mean()
        assert abs(ratio - 1.0) < TAIL * math.sqrt(35 / 18 / (n_windows * band.sum()))


def test_conductances_at_a_fixed_potential_give_the_same_spectrum() -> None:
    # A membrane of 100,000 pF hardly moves: the current is g·(e_rev − v_rest).
    net = ns.Network()
    cells = net.add("cells", N, ns.LIF(c_m=1e5))
    net.drive(cells, ns.Poisson(RATE), synapse=ns.ExpConductance(TAU_EXC), weight=WEIGHT / 70.0)
    for name in ("i_exc", "i_inh"):
        net.record(cells, name, sum=True)
    result = ns.simulate(net, 20_000.0, dt=DT, seed=6)
    times, lfp = lfp_proxy(result, "cells", start=200.0)
    mean, spectrum = shot_noise(TAU_EXC, WEIGHT, np.zeros(1))
    error = math.sqrt(0.5 * spectrum[0] / (1e-3 * DT * len(lfp)))
    # The potential rises by less than 1 mV of 70.
    assert abs(lfp.mean() - mean) < TAIL * error + 0.015 * mean
    i_exc = result.traces["cells", "i_exc_sum"]
    assert np.array_equal(lfp, i_exc.values[np.rint(times / DT).astype(int) - 1 - 12, 0])


@pytest.mark.parametrize("frequency", [8.0, 40.0, 110.0])
def test_a_sinusoidal_rate_gives_a_line_of_its_amplitude(frequency: float) -> None:
    source = ns.SinusoidalPoisson(RATE, amplitude=0.5 * RATE, frequency=frequency)
    net = driven((ns.ExpCurrent(TAU_EXC), WEIGHT, source))
    result = ns.simulate(net, 20_000.0, dt=DT, seed=7)
    _, lfp = lfp_proxy(result, "cells", start=200.0)
    found, power = power_spectrum(lfp, DT)
    assert found[power.argmax()] == frequency
    line = 0.5 * N * RATE * 1e-3 * DT * WEIGHT
    line /= abs(1.0 - np.exp(-DT / TAU_EXC - 2j * np.pi * frequency * 1e-3 * DT))
    noise = shot_noise(TAU_EXC, WEIGHT, found)[1]
    near = np.abs(found - frequency) <= 2.0
    # The noise beats with the line: relative standard error of the power sqrt(8 S/(A² T)).
    error = math.sqrt(8.0 * noise[near].max() / (line**2 * 20.0))
    assert (power - noise)[near].sum() == pytest.approx(0.5 * line**2, rel=TAIL * error)


def test_excitation_is_delayed_and_inhibition_is_not() -> None:
    net = driven(
        (ns.ExpCurrent(TAU_EXC), WEIGHT, ns.SpikeTimes([20.0])),
        (ns.ExpCurrent(TAU_INH), -WEIGHT, ns.SpikeTimes([50.0])),
    )
    times, lfp = lfp_proxy(ns.simulate(net, 80.0, dt=DT), "cells")
    expected = N * WEIGHT * np.where(times < 26.0, 0.0, np.exp(-(times - 26.0) / TAU_EXC))
    expected += 1.65 * N * WEIGHT * np.where(times < 50.0, 0.0, np.exp(-(times - 50.0) / TAU_INH))
    assert times[0] == 6.0 + DT
    assert lfp == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_what_is_missing_is_said() -> None:
    net = driven((ns.ExpCurrent(2.0), 1.0, ns.Poisson(10.0)))
    result = ns.simulate(net, 20.0, dt=DT)
    for act, sentence in (
        (lambda: lfp_proxy(result, "cell"), "unknown population 'cell': did you mean 'cells'"),
        (lambda: lfp_proxy(result, "cells", delay_exc=6.1), "not a multiple of the sampling"),
        (lambda: lfp_proxy(result, "cells", stop=5.0), "are preceded by 6 ms of currents"),
        (lambda: lfp_proxy(result, "cells", stop=50.0), "goes beyond the recording"),
        (lambda: lfp_proxy(result, "cells", alpha=-1.0), "alpha = -1 is outside"),
        (lambda: power_spectrum([1.0], 1.0), "at least two samples"),
        (lambda: power_spectrum([1.0, np.nan], 1.0), "not finite"),
        (lambda: power_spectrum([[1.0, 2.0]], 1.0), "not a 1-D array"),
        (lambda: power_spectrum([1.0, 2.0], 0.0), "interval = 0 ms"),
    ):
        with pytest.raises(ns.NeurosimError, match=sentence):
            act()
    bare = ns.Network()
    bare.add("cells", 1, ns.LIF())
    with pytest.raises(ns.NeurosimError, match=r"'i_exc', sum=True\) before the run"):
        lfp_proxy(ns.simulate(bare, 10.0), "cells")
