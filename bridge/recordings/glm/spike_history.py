"""Dependence of the firing probability of a neuron on its last spike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.glm import kernels
from bridge.recordings.glm.covariates import Covariates

# Edges (ms) of the classes of the time since the last spike.
AGES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64, 80, 100, 130, 160, 200)


@dataclass(frozen=True, eq=False)
class SpikeHistory:
    """Classes of bins by the time since the neuron's last spike.

    Attributes
    ----------
    fired : (n_spikes,) ndarray of int64
        Bins of the spikes in the likelihood.
    classes : (n_bins,) ndarray of uint8
        Class of each bin. The last class contains bins in which the neuron cannot fire and bins
        that are excluded from the likelihood.
    base : (n_classes,) ndarray
        Log-odds of a spike by class without synapses; `kernels.NEVER` in the last.
    spikes : (n_classes − 1,) ndarray
        Spikes by class.
    held : (n_bins,) or (0,) ndarray of uint8
        Bins in which the neuron is refractory and input is lost; empty if never.
    filling : (n_classes − 1,) ndarray
        Mean by class of the sum of the kernel over the time since the reset, in bins.
    """

    fired: NDArray[np.int64]
    classes: NDArray[np.uint8]
    base: NDArray[np.float64]
    spikes: NDArray[np.float64]
    held: NDArray[np.uint8]
    filling: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        covariates: Covariates,
        index: int,
        history: float,
        reset: float | None,
        counted: NDArray[np.bool_] | None = None,
    ) -> SpikeHistory:
        """Classify the bins for the neuron at index `index`.

        Parameters
        ----------
        covariates : Covariates
        index : int
        history, reset : float
            ms; see `infer_synapses`.
        counted : (n_bins,) ndarray of bool, optional
            Bins in the likelihood. Default: all.
        """
        trains = covariates.trains
        fired = trains.fired(index)
        age = _age(fired, trains.n_bins)
        times = np.array([time for time in AGES if time < history] + [history])
        edges = np.unique(np.round(times / trains.width)).astype(np.int64)
        by_age = np.searchsorted(edges[1:], np.arange(edges[-1] + 2)).astype(np.uint8)
        found = by_age[np.minimum(age, edges[-1] + 1)]
        if counted is not None:
            found[~counted] = len(edges)
            fired = fired[counted[fired]]
        spikes = np.bincount(found[fired], minlength=len(edges))
        silences = np.bincount(found, minlength=len(edges) + 1)[:-1] - spikes
        # The likelihood of classes without spikes, or with spikes only, has no maximum: their odds
        # are set to 0, or to those with one silent bin.
        kept = spikes > 0
        renumbered = np.append(np.where(kept, np.cumsum(kept) - 1, kept.sum()), kept.sum())
        base = np.log(spikes[kept] / np.maximum(silences[kept], 1))
        classes = renumbered.astype(np.uint8)[found]
        held, filling = _filling(covariates, age, reset, classes, len(base))
        return cls(
            fired,
            classes,
            np.append(base, kernels.NEVER),
            spikes[kept].astype(float),
            held,
            filling,
        )

    @property
    def mean_filling(self) -> float:
        """Mean of `filling` over the spikes, in bins."""
        return float(self.spikes @ self.filling / self.spikes.sum())


def _age(fired: NDArray[np.int64], n_bins: int) -> NDArray[np.int64]:
    """Return the bins since the last spike before each bin.

    The value is very large before the first spike.
    """
    last = np.full(n_bins + 1, -(2**40))
    last[fired + 1] = fired
    return np.arange(n_bins) - np.maximum.accumulate(last)[:-1]


def _filling(
    covariates: Covariates,
    age: NDArray[np.int64],
    reset: float | None,
    classes: NDArray[np.uint8],
    n_classes: int,
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return bins with lost input, and the mean kernel sum since the reset by class."""
    if reset is None:
        return np.empty(0, np.uint8), np.full(n_classes, covariates.area)
    lost = max(0, round(reset / covariates.trains.width))
    since = np.clip(age - lost, 0, None)[:, None]
    decays = covariates.decays
    filled = ((1.0 - decays**since) / (1.0 - decays)) @ covariates.shares
    bins = np.maximum(np.bincount(classes, minlength=n_classes + 1), 1)
    mean = np.bincount(classes, filled, n_classes + 1) / bins
    return (age <= lost).astype(np.uint8), mean[:-1]
