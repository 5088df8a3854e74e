"""Residuals of a fit after spikes, which are flat if the model is correct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.glm import kernels

# Edges (ms) of the bands of lags in which residuals are summed.
LAGS = (0.0, 1.0, 3.0, 6.0, 11.0, 21.0, 41.0, 81.0)
# Edges (ms) of bands of lags that no synapse reaches.
DISTANT = tuple(np.arange(100.0, 501.0, 20.0))
# Largest number of neurons for which the bands of `DISTANT` are computed.
FEW_NEURONS = 8
# Smallest number of expected spikes for a test of a band, for `LAGS` and `DISTANT`.
FEWEST_EXPECTED = (5.0, 1.0)


@dataclass(frozen=True, eq=False)
class Flatness:
    """Residuals of one fitted neuron after the spikes of all neurons.

    Attributes
    ----------
    z : (n, n_bands) ndarray
        Signed deviance residual of the spikes in each band of `LAGS`, about N(0, 1) if the model is
        correct; NaN if too few spikes are expected.
    distant : (n, n_distant) ndarray
        Residuals in each band of `DISTANT`; empty for more than `FEW_NEURONS` neurons.
    """

    z: NDArray[np.float64]
    distant: NDArray[np.float64]

    @property
    def p_values(self) -> NDArray[np.float64]:
        """p-values of flat residuals, shape (n,); NaN if not tested."""
        tested = np.isfinite(self.z)
        bands = tested.sum(axis=1)
        found = chdtrc(np.maximum(bands, 1), (np.where(tested, self.z, 0.0) ** 2).sum(axis=1))
        return np.where(bands > 0, found, np.nan)

    @classmethod
    def of(
        cls, trains: BinnedTrains, residual: NDArray[np.float64], probability: NDArray[np.float64]
    ) -> Flatness:
        """Compute the residuals from probability − fired and probability in each bin.

        Both arrays are overwritten.
        """
        found = []
        for values in (residual, probability):
            np.cumsum(values, out=values)
        n = trains.n_neurons
        bands = (LAGS, DISTANT if n <= FEW_NEURONS else ())
        for lags, fewest in zip(bands, FEWEST_EXPECTED, strict=True):
            edges = np.unique(np.round(np.array(lags) / trains.width)).astype(np.int64)
            if len(edges) < 2:
                found.append(np.empty((n, 0)))
                continue
            sums, expected, variance = kernels.residuals_after(
                *(trains.ids, trains.bins, residual, probability, edges, n)
            )
            # Bins in the bands of two spikes count twice, which increases the variance.
            spread = np.sqrt(np.maximum(variance, 1.0) / np.maximum(expected, 1.0))
            found.append(_deviance_residual(expected - sums, expected, fewest) / spread)
        return cls(*found)


def _deviance_residual(
    observed: NDArray[np.float64], expected: NDArray[np.float64], fewest: float
) -> NDArray[np.float64]:
    """Return signed square roots of Poisson deviances, which are nearly normal."""
    observed = np.maximum(observed, 0.0)
    enough = expected >= fewest
    expected = np.where(enough, expected, 1.0)
    logs = np.log(np.where(observed > 0, observed, 1.0) / expected)
    deviance = 2.0 * (observed * logs - (observed - expected))
    signed = np.sign(observed - expected) * np.sqrt(np.maximum(deviance, 0.0))
    return np.where(enough, signed, np.nan)
