"""What the neurons of a recording hear of each other, and what one remembers of itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bridge.inference import passes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.inference.kernel import SynapticKernel
    from bridge.inference.trains import BinnedTrains

AGES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64, 80, 100, 130, 160, 200)
"""Times since the own last spike (ms) between which a neuron recovers alike."""


@dataclass(frozen=True, eq=False)
class Covariates:
    """The filtered spikes of all neurons, xⱼ(t), of which only sums are ever made.

    Attributes
    ----------
    trains : BinnedTrains
    kernel : SynapticKernel
    """

    trains: BinnedTrains
    kernel: SynapticKernel

    @cached_property
    def decays(self) -> NDArray[np.float64]:
        """Factor by bin of each exponential."""
        return self.kernel.decays(self.trains.width)

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of each exponential."""
        return np.array(self.kernel.shares)

    @cached_property
    def delay(self) -> int:
        """In bins."""
        return self.kernel.delay_bins(self.trains.width)

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """Spikes per bin, shape (n,)."""
        return self.trains.counts / self.trains.n_bins

    @cached_property
    def area(self) -> float:
        """Sum of the kernel over bins."""
        return float((self.shares / (1.0 - self.decays)).sum())

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the xⱼ over the bins, shape (n, n), from counts of pairs of spikes."""
        trains, total = self.trains, np.zeros((self.trains.n_neurons,) * 2)
        found, together = passes.pairs(trains.ids, trains.starts, self.decays, trains.n_neurons)
        for k, (share, decay) in enumerate(zip(self.shares, self.decays, strict=True)):
            for m, (other, slower) in enumerate(zip(self.shares, self.decays, strict=True)):
                products = found[m] + found[k].T + together
                total += share * other / (1.0 - decay * slower) * products
        mean = self.rates * self.area
        return 0.5 * (total + total.T) / trains.n_bins - np.outer(mean, mean)

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
            Fisher information on each weight alone. Between weights it is taken to be correlated
            as the covariates are.
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


@dataclass(frozen=True, eq=False)
class OwnPast:
    """What one neuron remembers of its own spikes.

    Attributes
    ----------
    fired : (n_spikes,) ndarray of int64
        Bins.
    classes : (n_bins,) ndarray of uint8
        Class of the time since its last spike; the last class is that in which it never fired.
    base : (n_classes,) ndarray
        Log-odds to fire by class, were there no synapses; of the last, `passes.NEVER`.
    spikes : (n_classes − 1,) ndarray
        Spikes by class.
    held : (n_bins,) or (0,) ndarray of uint8
        Bins in which it is refractory and loses its input; empty if it never does.
    filling : (n_classes − 1,) ndarray
        Mean over the class of the sum of the kernel over the time since input is kept, in bins.
    """

    fired: NDArray[np.int64]
    classes: NDArray[np.uint8]
    base: NDArray[np.float64]
    spikes: NDArray[np.float64]
    held: NDArray[np.uint8]
    filling: NDArray[np.float64]

    @classmethod
    def of(cls, covariates: Covariates, place: int, history: float, reset: float | None) -> OwnPast:
        """Return the past of the neuron at `place`; `history` and `reset` in ms."""
        trains = covariates.trains
        fired = trains.fired(place)
        age = _age(fired, trains.n_bins)
        times = np.array([time for time in AGES if time < history] + [history])
        edges = np.unique(np.round(times / trains.width))
        found = np.searchsorted(edges[1:], age)
        spikes = np.bincount(found[fired], minlength=len(edges))
        silences = np.bincount(found, minlength=len(edges)) - spikes
        # Where a class has no spike, or nothing else, the likelihood has no maximum: its odds are
        # 0, or held at what one silent bin would make them.
        kept = spikes > 0
        renumbered = np.where(kept, np.cumsum(kept) - 1, kept.sum()).astype(np.uint8)
        base = np.log(spikes[kept] / np.maximum(silences[kept], 1))
        classes = renumbered[found]
        held, filling = _filling(covariates, age, reset)
        weights = np.maximum(np.bincount(classes, minlength=len(base) + 1), 1)
        mean = np.bincount(classes, filling, len(base) + 1)[:-1] / weights[:-1]
        return cls(
            fired, classes, np.append(base, passes.NEVER), spikes[kept].astype(float), held, mean
        )


def _age(fired: NDArray[np.int64], n_bins: int) -> NDArray[np.int64]:
    """Return the bins since the last spike before each bin; long ago before the first."""
    last = np.full(n_bins + 1, -(2**40))
    last[fired + 1] = fired
    return np.arange(n_bins) - np.maximum.accumulate(last)[:-1]


def _filling(
    covariates: Covariates, age: NDArray[np.int64], reset: float | None
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return in which bins input is lost, and the sum of the kernel since it is kept."""
    if reset is None:
        return np.empty(0, np.uint8), np.full(len(age), covariates.area)
    lost = max(0, round(reset / covariates.trains.width))
    since = np.clip(age - lost, 0, None)[:, None]
    decays = covariates.decays
    filled = ((1.0 - decays**since) / (1.0 - decays)) @ covariates.shares
    return (age <= lost).astype(np.uint8), filled
