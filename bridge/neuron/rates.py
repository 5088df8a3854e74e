"""Firing rates of the leaky integrate-and-fire neuron in closed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import dawsn, erfcx

from bridge.utils.checks import as_float, as_floats, require_neuron
from neurosim import LIF, NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


GRID_THRESHOLD_SHIFT = 0.5826
"""−ζ(1/2)/√(2π): mean overshoot of a Gaussian random walk over a level, in steps' s.d."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def siegert_rate(
    mu: ArrayLike, sigma: ArrayLike, neuron: LIF, *, dt: float | None = None
) -> NDArray[np.float64]:
    """Return the rate of a neuron driven by white noise.

    1/ν = t_ref + τ √π ∫ e^{y²} (1 + erf y) dy from (v_reset − μ)/(√2 σ) to (v_threshold − μ)/(√2 σ)
    (Siegert 1951, Phys. Rev. 81:617; Brunel 2000, J. Comput. Neurosci. 8:183, eq. 21).

    Parameters
    ----------
    mu : array_like
        Mean of the free membrane potential (mV), that is without threshold.
    sigma : array_like
        Stationary standard deviation of the free membrane potential (mV), 0 or more; broadcasts
        with `mu`. 0 gives `deterministic_rate`.
    neuron : LIF
    dt : float, optional
        Step (ms) of a simulation which looks at the threshold once a step. It misses the crossings
        in between, which acts as a threshold raised by 0.5826 √2 σ √(dt/τ) (Siegmund 1979,
        Adv. Appl. Probab. 11:701, for the overshoot of a random walk).

    Returns
    -------
    ndarray
        Rate (Hz), of the broadcast shape.

    Raises
    ------
    NeurosimError
        For a negative or non-finite sigma, a non-finite mu and a dt which is not positive.

    Notes
    -----
    With y₊ = max(y, 0), D Dawson's function and erfcx the scaled complementary error function, the
    integral from a to b is 2 e^{b₊²} D(b₊) − 2 e^{a₊²} D(a₊) + ∫ erfcx from abs(b) to abs(a).
    Divided by e^{b₊²}, nothing in it can overflow.
    """
    require_neuron(neuron, "neuron")
    mu, sigma = np.broadcast_arrays(as_floats(mu, "mu"), as_floats(sigma, "sigma"))
    if not (np.isfinite(mu).all() and np.isfinite(sigma).all() and (sigma >= 0).all()):
        raise NeurosimError("mu and sigma (mV) must be finite numbers, sigma not below 0 mV")
    noiseless = sigma == 0
    width = math.sqrt(2.0) * np.where(noiseless, 1.0, sigma)
    threshold = neuron.v_threshold + _grid_shift(width, neuron, dt)
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
    """Return the rate of a neuron without noise, its f–I curve.

    ν = 1/(t_ref + τ ln((μ − v_reset)/(μ − v_threshold))), and 0 for μ ≤ v_threshold.

    Parameters
    ----------
    mu : array_like
        Free membrane potential v_rest + R·I (mV).
    neuron : LIF

    Returns
    -------
    ndarray
        Rate (Hz), of the shape of `mu`.
    """
    require_neuron(neuron, "neuron")
    mu = as_floats(mu, "mu")
    fires = mu > neuron.v_threshold
    above = np.where(fires, mu - neuron.v_threshold, 1.0)
    climb = np.log1p((neuron.v_threshold - neuron.v_reset) / above)
    return np.where(fires, 1000.0 / (neuron.t_ref + neuron.tau_m * climb), 0.0)[()]


def escape_rate(mu: ArrayLike, neuron: LIF, *, dt: float = 0.1) -> NDArray[np.float64]:
    """Return the rate of a neuron that fires by chance over a soft threshold.

    After each spike the potential starts anew from v_reset, so that intervals are independent: the
    rate is one over t_ref and the mean of the time survived, dt · Σ exp(−Σ rate · dt) (renewal
    theory: Gerstner et al. 2014, Neuronal Dynamics, section 9.3).

    Parameters
    ----------
    mu : array_like
        Free membrane potential v_rest + R·I (mV).
    neuron : LIF
        With an `escape`.
    dt : float
        Step (ms), of which t_ref is taken to be a whole number; the sum is exact on that grid.

    Returns
    -------
    ndarray
        Rate (Hz), of the shape of `mu`.
    """
    require_neuron(neuron, "neuron")
    if neuron.escape is None:
        raise NeurosimError(
            "the neuron has a sharp threshold: give it an escape, or use deterministic_rate"
        )
    _require_step(dt)
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
    # From here on the potential stands, and what has survived falls geometrically.
    fires = -np.expm1(-dt * neuron.escape.rate(mu - neuron.v_threshold))
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = steps + np.where(survived > 0.0, survived / fires, 0.0)
    return (1000.0 / (neuron.t_ref + dt * steps))[()]


def _require_step(dt: float) -> None:
    if not (math.isfinite(as_float(dt, "dt")) and dt > 0):
        raise NeurosimError(f"dt = {dt:g} ms is not a finite time above 0 ms")


def _grid_shift(width: NDArray[np.float64], neuron: LIF, dt: float | None) -> NDArray[np.float64]:
    if dt is None:
        return np.zeros_like(width)
    _require_step(dt)
    return GRID_THRESHOLD_SHIFT * width * math.sqrt(dt / neuron.tau_m)


def _erfcx_integral(start: NDArray[np.float64], stop: NDArray[np.float64]) -> NDArray[np.float64]:
    """∫ erfcx(t) dt from start to stop, both ≥ 0.

    With t = e^s − 1 the integrand is smooth and nearly constant over any range, since erfcx falls
    as 1/t: 64 Gauss–Legendre nodes give it to rounding.
    """
    low, high = np.log1p(start), np.log1p(stop)
    half = 0.5 * (high - low)
    s = 0.5 * (high + low)[..., np.newaxis] + half[..., np.newaxis] * _NODES
    return half * ((erfcx(np.expm1(s)) * np.exp(s)) @ _WEIGHTS)
