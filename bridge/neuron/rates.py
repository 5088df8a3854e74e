"""Firing rates of the leaky integrate-and-fire neuron in closed form."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import dawsn, erfcx

from bridge.utils.checks import as_floats, positive, require_neuron
from neurosim import LIF, NeurosimError

# −ζ(1/2)/√(2π): mean overshoot of a Gaussian random walk, in standard deviations of a step.
GRID_THRESHOLD_SHIFT = 0.5826

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def siegert_rate(
    mu: ArrayLike, sigma: ArrayLike, neuron: LIF, *, dt: float | None = None
) -> NDArray[np.float64]:
    """Return the firing rate of a neuron driven by white noise.

    1/ν = t_ref + τ √π ∫ e^{y²} (1 + erf y) dy from (v_reset − μ)/(√2 σ) to (v_threshold − μ)/(√2 σ)
    (Siegert 1951, Phys. Rev. 81:617; Brunel 2000, J. Comput. Neurosci. 8:183, eq. 21).

    Parameters
    ----------
    mu : array_like
        Mean of the membrane potential without threshold (mV).
    sigma : array_like
        Stationary standard deviation of the membrane potential without threshold (mV), 0 or more;
        broadcasts with `mu`. 0 gives `deterministic_rate`.
    neuron : LIF
    dt : float, optional
        Step (ms) of a simulation that tests the threshold once per step. Crossings between steps
        are missed, which is equivalent to a threshold raised by 0.5826 √2 σ √(dt/τ) (Siegmund
        1979, Adv. Appl. Probab. 11:701, for the overshoot of a random walk).

    Returns
    -------
    ndarray
        Firing rate (Hz), of the broadcast shape.

    Raises
    ------
    NeurosimError
        If sigma is negative, mu or sigma is not finite, or dt is not positive.

    Notes
    -----
    With y₊ = max(y, 0), D Dawson's function and erfcx the scaled complementary error function, the
    integral from a to b is 2 e^{b₊²} D(b₊) − 2 e^{a₊²} D(a₊) + ∫ erfcx from abs(b) to abs(a).
    The integral is divided by e^{b₊²}, so that no term overflows.

    Examples
    --------
    A potential that fluctuates by 3 mV about a mean 3 mV below threshold:

    >>> import neurosim as ns
    >>> from bridge import siegert_rate
    >>> siegert_rate([-58.0, -55.0], 3.0, ns.LIF()).round(1)
    array([11.4, 19.9])
    """
    require_neuron(neuron, "neuron")
    mu, sigma = np.broadcast_arrays(as_floats(mu, "mu"), as_floats(sigma, "sigma"))
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all() and (sigma >= 0).all()):
        raise NeurosimError("mu and sigma (mV) must be finite numbers, sigma not below 0 mV")
    noiseless = sigma == 0
    width = math.sqrt(2.0) * np.where(noiseless, 1.0, sigma)
    missed = 0.0 if dt is None else math.sqrt(positive(dt, "dt", "ms") / neuron.tau_m)
    threshold = neuron.v_threshold + GRID_THRESHOLD_SHIFT * width * missed
    upper = (threshold - mu) / width
    lower = (neuron.v_reset - mu) / width

    top, bottom = np.maximum(upper, 0.0), np.maximum(lower, 0.0)
    scale = np.exp(-(top**2))
    integral = (
        2.0 * dawsn(top)
        - 2.0 * dawsn(bottom) * np.exp(bottom**2 - top**2)
        + scale * _erfcx_integral(np.abs(upper), np.abs(lower))
    )
    period = scale * neuron.t_ref + neuron.tau_m * math.sqrt(math.pi) * integral
    return np.where(noiseless, deterministic_rate(mu, neuron), 1000.0 * scale / period)[()]


def deterministic_rate(mu: ArrayLike, neuron: LIF) -> NDArray[np.float64]:
    """Return the firing rate of a neuron without noise (f–I curve).

    ν = 1/(t_ref + τ ln((μ − v_reset)/(μ − v_threshold))), and 0 for μ ≤ v_threshold.

    Parameters
    ----------
    mu : array_like
        Membrane potential without threshold, v_rest + R·I (mV).
    neuron : LIF

    Returns
    -------
    ndarray
        Firing rate (Hz), of the shape of `mu`.

    Examples
    --------
    >>> import neurosim as ns
    >>> from bridge import deterministic_rate
    >>> deterministic_rate([-56.0, -50.0, -40.0], ns.LIF()).round(1)
    array([ 0. , 30.6, 53. ])
    """
    require_neuron(neuron, "neuron")
    mu = as_floats(mu, "mu")
    fires = mu > neuron.v_threshold
    above = np.where(fires, mu - neuron.v_threshold, 1.0)
    climb = np.log1p((neuron.v_threshold - neuron.v_reset) / above)
    return np.where(fires, 1000.0 / (neuron.t_ref + neuron.tau_m * climb), 0.0)[()]


def escape_rate(mu: ArrayLike, neuron: LIF, *, dt: float = 0.1) -> NDArray[np.float64]:
    """Return the firing rate of a neuron with a soft threshold.

    The potential restarts from v_reset after each spike, so intervals are independent. The rate is
    the inverse of t_ref plus the mean survival time dt · Σ exp(−Σ rate · dt) (renewal theory:
    Gerstner et al. 2014, Neuronal Dynamics, section 9.3).

    Parameters
    ----------
    mu : array_like
        Membrane potential without threshold, v_rest + R·I (mV).
    neuron : LIF
        Neuron with an `escape` rate.
    dt : float
        Step (ms); t_ref must be a whole number of steps. The sum is exact on this grid.

    Returns
    -------
    ndarray
        Firing rate (Hz), of the shape of `mu`.

    Examples
    --------
    >>> import neurosim as ns
    >>> from bridge import escape_rate
    >>> neuron = ns.LIF(escape=ns.EscapeRate(delta=2.0, tau=10.0))
    >>> escape_rate([-60.0, -50.0], neuron).round(1)
    array([ 5.8, 27.8])
    """
    require_neuron(neuron, "neuron")
    if neuron.escape is None:
        raise NeurosimError(
            "the neuron has no soft threshold: give LIF(escape=...), or use deterministic_rate"
        )
    positive(dt, "dt", "ms")
    mu = as_floats(mu, "mu")
    if not np.isfinite(mu).all():
        raise NeurosimError("mu (mV) must be finite numbers")
    decay, kept = 1.0, math.exp(-dt / neuron.tau_m)
    survived, steps = np.ones_like(mu), np.zeros_like(mu)
    while decay > 1e-15:
        steps = steps + survived
        decay *= kept
        excess = mu + (neuron.v_reset - mu) * decay - neuron.v_threshold
        survived = survived * np.exp(-dt * neuron.escape.rate(excess))
    # The potential is now constant, and the survival probability decays geometrically.
    fires = -np.expm1(-dt * neuron.escape.rate(mu - neuron.v_threshold))
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = steps + np.where(survived > 0.0, survived / fires, 0.0)
    return (1000.0 / (neuron.t_ref + dt * steps))[()]


def _erfcx_integral(start: NDArray[np.float64], stop: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ∫ erfcx(t) dt from start to stop, both ≥ 0.

    With t = e^s − 1 the integrand is smooth and nearly constant, since erfcx decays as 1/t, and 64
    Gauss–Legendre nodes are exact to rounding error.
    """
    low, high = np.log1p(start), np.log1p(stop)
    half = 0.5 * (high - low)
    s = 0.5 * (high + low)[..., np.newaxis] + half[..., np.newaxis] * _NODES
    return half * ((erfcx(np.expm1(s)) * np.exp(s)) @ _WEIGHTS)
