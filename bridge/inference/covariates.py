"""Filtered spike trains of a recording: sums over bins without a design matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bridge.inference import passes
from bridge.inference.baseline import segment_sums
from bridge.inference.own_past import OwnPast

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.inference.kernel import SynapticKernel
    from bridge.inference.trains import BinnedTrains

__all__ = ["Covariates", "OwnPast", "SlowRates"]


@dataclass(frozen=True, eq=False)
class SlowRates:
    """Slow course of the firing rates of all neurons, by segment.

    Attributes
    ----------
    spacing : int
        Bins per segment.
    rates : (n_segments, n) ndarray
        Expected spikes per bin.
    """

    spacing: int
    rates: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Covariates:
    """Filtered spikes xⱼ(t) of all neurons, of which only sums over bins are computed.

    Attributes
    ----------
    trains : BinnedTrains
    kernel : SynapticKernel
    slow : SlowRates, optional
        Slow course of the rates, about which the covariance is taken; constant by default.
    absent : (n_segments, n) ndarray, optional
        Fraction of each segment in which a neuron is not observed; 0 by default.
    observed : (n,) ndarray, optional
        Bins in which each neuron is observed; all by default.
    """

    trains: BinnedTrains
    kernel: SynapticKernel
    slow: SlowRates | None = None
    absent: NDArray[np.float64] | None = None
    observed: NDArray[np.float64] | None = None

    @cached_property
    def decays(self) -> NDArray[np.float64]:
        """Factor by bin of each exponential."""
        return self.kernel.decays(self.trains.width)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Weight of each exponential."""
        return np.array(self.kernel.shares)

    @cached_property
    def delay(self) -> int:
        """Delay in bins."""
        return self.kernel.delay_bins(self.trains.width)

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """Mean spikes per observed bin, shape (n,)."""
        bins = self.trains.n_bins if self.observed is None else np.maximum(self.observed, 1.0)
        return self.trains.counts / bins

    @cached_property
    def area(self) -> float:
        """Sum of the kernel over bins."""
        return float((self.shares / (1.0 - self.decays)).sum())

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the centred xⱼ, shape (n, n), from counts of pairs of spikes."""
        trains, total = self.trains, np.zeros((self.trains.n_neurons,) * 2)
        found, together = passes.pairs(trains.ids, trains.starts, self.decays, trains.n_neurons)
        for k, (share, decay) in enumerate(zip(self.shares, self.decays, strict=True)):
            for m, (other, slower) in enumerate(zip(self.shares, self.decays, strict=True)):
                products = found[m] + found[k].T + together
                total += share * other / (1.0 - decay * slower) * products
        total = 0.5 * (total + total.T) - trains.n_bins * self._mean_products
        return total / trains.n_bins

    @property
    def _mean_products(self) -> NDArray[np.float64]:
        """Mean over the bins of the part of the products xⱼxₗ that centring removes, (n, n)."""
        trains, slow = self.trains, self.slow
        if slow is None:
            mean = trains.counts / trains.n_bins * self.area
            return np.outer(mean, mean)
        n_knots, n = slow.rates.shape
        segments = trains.bins // slow.spacing * np.int64(n) + trains.ids
        sums = np.bincount(segments, minlength=n_knots * n).reshape(n_knots, n)
        sizes = segment_sums(np.ones(trains.n_bins), slow.spacing)
        cross = sums.T @ slow.rates
        squares = (slow.rates * sizes[:, None]).T @ slow.rates
        return self.area**2 / trains.n_bins * (cross + cross.T - squares)

    @cached_property
    def principal(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Eigenvalues (n,), none below 0, and eigenvectors (n, n) of the covariance."""
        values, vectors = np.linalg.eigh(self.covariance)
        return np.maximum(values, 0.0), vectors

    def variances(
        self, information: NDArray[np.float64], prior_precision: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the variances of the weights of one neuron under the prior, shape (n,) each.

        Parameters
        ----------
        information : (n,) ndarray
            Fisher information on each weight alone. The correlations between weights are taken
            from the covariates.
        prior_precision : float

        Returns
        -------
        sampling : (n,) ndarray
            Variance of the fitted weight over recordings, M⁻¹HM⁻¹ with M = H + prior.
        posterior : (n,) ndarray
            M⁻¹.
        """
        values, vectors = self.principal
        own = np.diag(self.covariance)
        sizes = np.where(own > 0, information / np.where(own > 0, own, 1.0), 0.0)
        sampling, posterior = np.empty_like(own), np.empty_like(own)
        passes.variances(vectors, values, sizes, prior_precision, sampling, posterior)
        return sampling, posterior
