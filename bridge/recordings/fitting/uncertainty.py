"""Covariance of fitted parameters, also where errors of the potential are correlated in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate
from scipy.stats import t as student

from bridge.recordings.fitting.objective import RESOLUTION, Derivatives, Objective

Floats = NDArray[np.float64]

BLOCK = 10.0
"""Length of the blocks that are taken as independent, in correlation times."""
MEMORY, FEWEST_BLOCKS = 50.0, 100
"""Shortest block (ms), if there are enough of them: an error in the time or effect of a spike lasts
as long as the membrane remembers it, which the correlation time does not show."""
SINGULAR = 1e-10
"""Smallest eigenvalue of the scaled curvature that counts as determined by the data."""


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Covariance of a point.

    Attributes
    ----------
    covariance : (n, n) ndarray
        Of the coordinates of the point; infinite variances where the data determine nothing.
    quantile : float
        Half-width of a 95 % interval, in standard errors.
    undetermined : (n,) ndarray of bool
    """

    covariance: Floats
    quantile: float
    undetermined: NDArray[np.bool_]


def correlation_time(values: Floats) -> float:
    """Return the integrated autocorrelation time in samples, at least ½.

    The window of lags is that of A. Sokal, in *Functional Integration* (Plenum, 1997), page 131.
    """
    centred = values - values.mean()
    most = min(len(values) - 1, 20_000)
    if most < 1 or not centred.any():
        return 0.5
    full = correlate(centred, centred, method="fft")[len(values) - 1 :][: most + 1]
    times = 0.5 + np.cumsum(full[1:] / full[0])
    lags = np.arange(1, len(times) + 1)
    enough = np.flatnonzero(lags >= 5.0 * times)
    return max(0.5, float(times[enough[0] if len(enough) else -1]))


def uncertainty(
    objective: Objective, derivatives: Derivatives, of: NDArray[np.bool_], tau: float
) -> Uncertainty:
    """Return the covariance of an optimum from the scores of independent blocks of time.

    The covariance is H⁻¹ S H⁻¹, where H is the curvature and S the covariance of the gradient
    (P. J. Huber, Proc. 5th Berkeley Symp. 1:221, 1967), estimated from blocks.

    Parameters
    ----------
    objective : Objective
    derivatives : Derivatives
        At the optimum.
    of : (n,) ndarray of bool
        Coordinates that were fitted.
    tau : float
        Correlation time of the errors of the potential, in steps.
    """
    n_steps, n = objective.data.n_steps, len(of)
    scores = np.zeros((n, n_steps))
    if objective.uses_voltage:
        scores[:, objective.kept] += derivatives.slopes * derivatives.residuals
    if objective.uses_spikes:
        scores += derivatives.moves * derivatives.excess
    memory = min(MEMORY, objective.data.duration / FEWEST_BLOCKS) / objective.data.dt
    length = max(1, math.ceil(BLOCK * tau), math.ceil(memory))
    blocks = np.add.reduceat(scores, np.arange(0, n_steps, length), axis=1)
    used = int((np.abs(blocks).max(axis=0) > 0.0).sum())
    freedom = max(1, used - int(of.sum()))
    spread = (blocks @ blocks.T) * used / freedom
    # Even a perfect fit is not more precise than the recorded numbers.
    weights = derivatives.weights * RESOLUTION
    spread += (derivatives.slopes * weights) @ (derivatives.slopes * weights).T
    inverse, undetermined = _inverse(derivatives.curvature, of)
    covariance = inverse @ spread @ inverse
    covariance[undetermined, undetermined] = np.inf
    return Uncertainty(covariance, float(student.ppf(0.975, freedom)), undetermined)


def _inverse(curvature: Floats, of: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the inverse of the curvature, and the coordinates that it does not determine."""
    n = len(of)
    inverse, undetermined = np.zeros((n, n)), of & (np.diag(curvature) <= 0.0)
    used = np.flatnonzero(of & ~undetermined)
    if len(used):
        matrix = curvature[np.ix_(used, used)]
        scale = 1.0 / np.sqrt(np.diag(matrix))
        values, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
        good = values > SINGULAR
        undetermined[used] = (np.abs(vectors[:, ~good]) > 0.1).any(axis=1)
        part = (vectors[:, good] / values[good]) @ vectors[:, good].T
        inverse[np.ix_(used, used)] = part * np.outer(scale, scale)
    return inverse, undetermined
