"""Filtered spike trains as covariates, without a design matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.glm import kernels
from bridge.recordings.glm.synaptic_kernel import SynapticKernel
from bridge.recordings.slow.smoothing import segment_sums


@dataclass(frozen=True, eq=False)
class SlowRates:
    """Slow time course of the firing rates of all neurons, by segment.

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
    """Filtered spikes xⱼ(t) of all neurons, in terms of sums over bins.

    Attributes
    ----------
    trains : BinnedTrains
    kernel : SynapticKernel
    slow : SlowRates, optional
        Slow rates to subtract for the covariance. Default: constant rates.
    absent : (n_segments, n) ndarray, optional
        Fraction of each segment in which a neuron is not observed. Default: 0.
    observed : (n,) ndarray, optional
        Number of bins in which each neuron is observed. Default: all.
    """

    trains: BinnedTrains
    kernel: SynapticKernel
    slow: SlowRates | None = None
    absent: NDArray[np.float64] | None = None
    observed: NDArray[np.float64] | None = None

    @cached_property
    def decays(self) -> NDArray[np.float64]:
        """Decay of each exponential per bin."""
        return self.kernel.decays(self.trains.width)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Amplitude of each exponential."""
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
        """Covariance of xⱼ, shape (n, n), from pairs of spikes."""
        trains, total = self.trains, np.zeros((self.trains.n_neurons,) * 2)
        found, together = kernels.pairs(trains.ids, trains.starts, self.decays, trains.n_neurons)
        for k, (share, decay) in enumerate(zip(self.shares, self.decays, strict=True)):
            for m, (other, slower) in enumerate(zip(self.shares, self.decays, strict=True)):
                products = found[m] + found[k].T + together
                total += share * other / (1.0 - decay * slower) * products
        total = 0.5 * (total + total.T) - trains.n_bins * self._mean_products
        return total / trains.n_bins

    @property
    def _mean_products(self) -> NDArray[np.float64]:
        """Mean of the products xⱼxₗ that centring subtracts, shape (n, n)."""
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
        """Eigenvalues (n,), clipped at 0, and eigenvectors (n, n) of the covariance."""
        values, vectors = np.linalg.eigh(self.covariance)
        return np.maximum(values, 0.0), vectors

    def variances(
        self, information: NDArray[np.float64], prior_precision: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the prior variances of the weights of one neuron, shape (n,) each.

        Parameters
        ----------
        information : (n,) ndarray
            Fisher information on each single weight. Correlations between weights are those of the
            covariates.
        prior_precision : float

        Returns
        -------
        sampling : (n,) ndarray
            Sampling variance of the fitted weight, M⁻¹HM⁻¹ with M = H + prior.
        posterior : (n,) ndarray
            M⁻¹.
        """
        values, vectors = self.principal
        variances = np.diag(self.covariance)
        sizes = np.where(variances > 0, information / np.where(variances > 0, variances, 1.0), 0.0)
        sampling, posterior = np.empty_like(variances), np.empty_like(variances)
        kernels.variances(vectors, values, sizes, prior_precision, sampling, posterior)
        return sampling, posterior
