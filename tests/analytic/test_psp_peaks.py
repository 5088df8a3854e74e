"""The peak of a postsynaptic potential in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import lambertw

import neurosim as ns

NEURON = ns.LIF()


def _numeric_peak(kernel, neuron, guess):
    """Return the largest value (mV) of a current's convolution with the membrane, and its time."""

    def negative(t):
        value, _ = quad(lambda s: math.exp(-(t - s) / neuron.tau_m) * kernel(s), 0, t, epsabs=1e-13)
        return -value / neuron.c_m

    best = minimize_scalar(negative, bounds=(0.2 * guess, 4 * guess), method="bounded")
    return -best.fun, best.x


def test_exponential_current_peaks_where_the_books_say() -> None:
    synapse = ns.ExpCurrent(5.0)
    assert synapse.psp_per_weight(NEURON) / NEURON.resistance == pytest.approx(0.15749, abs=5e-6)
    assert synapse.time_to_peak(NEURON) == pytest.approx(9.242, abs=5e-4)
    equal = ns.ExpCurrent(20.0)
    assert equal.psp_per_weight(NEURON) / NEURON.resistance == pytest.approx(1 / math.e, rel=1e-15)


def test_alpha_current_peaks_where_lambert_says() -> None:
    synapse = ns.AlphaCurrent(5.0)
    q, a = 4.0, 1 / 5.0 - 1 / 20.0
    peak = ((-1 / q - lambertw(-math.exp(-1 / q) / q, -1)) / a).real
    assert synapse.time_to_peak(NEURON) == pytest.approx(peak, rel=1e-12)
    assert peak == pytest.approx(15.578, abs=5e-4)
    assert synapse.psp_per_weight(NEURON) / NEURON.resistance == pytest.approx(0.375632, abs=5e-7)
    assert ns.AlphaCurrent(20.0).time_to_peak(NEURON) == pytest.approx(40.0, rel=1e-12)


@pytest.mark.parametrize("model", [ns.ExpCurrent, ns.AlphaCurrent])
@pytest.mark.parametrize("tau", [0.05, 0.5, 5.0, 20.0, 90.0, 2000.0])
def test_peaks_agree_with_numerical_convolution(model, tau) -> None:
    synapse = model(tau)
    shape = (
        (lambda s: math.exp(-s / tau))
        if model is ns.ExpCurrent
        else (lambda s: s / tau * math.exp(1.0 - s / tau))
    )
    peak, time = _numeric_peak(shape, NEURON, synapse.time_to_peak(NEURON))
    assert synapse.psp_per_weight(NEURON) == pytest.approx(peak, rel=1e-9)
    assert synapse.time_to_peak(NEURON) == pytest.approx(time, rel=1e-4)


@pytest.mark.parametrize("model", [ns.ExpCurrent, ns.AlphaCurrent])
def test_peaks_pass_smoothly_through_equal_time_constants(model) -> None:
    offsets = 10.0 ** -np.arange(3, 15)
    taus = 20.0 * (1.0 + np.concatenate([-offsets, [0.0], offsets[::-1]]))
    values = np.array([model(tau).psp_per_weight(NEURON) for tau in taus])
    slope = np.diff(values[[0, -1]]) / np.diff(taus[[0, -1]])
    straight = values[len(offsets)] + slope * (taus - 20.0)
    # What remains is the curvature, of order of the offset squared.
    assert np.abs(values / straight - 1.0).max() < 1e-6
    assert np.abs(values[6:-6] / straight[6:-6] - 1.0).max() < 1e-11
