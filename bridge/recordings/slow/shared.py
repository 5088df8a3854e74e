"""Slow drives shared by neurons, estimated by a Poisson factor model.

The log rate of neuron j in a segment is aⱼ + Σ_q γ_jq f_q with drives f_q, smooth in time (see
`smoothing`), and gains γ_jq of either sign. The drive of a neuron is estimated without its
spikes, which it would otherwise predict.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from bridge.recordings.slow.smoothing import (
    Smooth,
    difference_prior,
    plus_diagonal,
    smooth,
    smooth_at,
)

# Largest number of shared drives.
MOST_DRIVES = 3
# Smallest effective number of neurons of a drive, so that it is not a strong synapse.
FEWEST_SHARING = 2.5
# Precision of the prior of the gains.
GAIN_PRECISION = 1e-2
# Largest number of neurons for which a drive is refitted fully without each of them.
REFINED = 100


@dataclass(frozen=True, eq=False)
class SharedCounts:
    """Poisson counts of neurons with expectation expected · exp(gain · course).

    Attributes
    ----------
    spikes, expected : (n_segments, n) ndarray
    gains : (n,) ndarray
    """

    spikes: NDArray[np.float64]
    expected: NDArray[np.float64]
    gains: NDArray[np.float64]

    def loss(self, course: NDArray[np.float64]) -> float:
        """Return the negative log-likelihood, up to a constant."""
        return float(self.rates(course).sum() - course @ (self.spikes @ self.gains))

    def derivatives(self, course: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
        """Return the gradient and the diagonal of the Hessian, shape (n_segments,) each."""
        rates = self.rates(course)
        return (rates - self.spikes) @ self.gains, rates @ self.gains**2

    def rates(self, course: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the expected counts, shape (n_segments, n)."""
        return self.expected * np.exp(np.clip(np.multiply.outer(course, self.gains), -30.0, 30.0))

    def with_gains_for(self, course: NDArray[np.float64]) -> tuple[SharedCounts, float]:
        """Fit levels and gains to a course; return the counts and the scale of the gains.

        The gains have root mean square 1; multiply the course by the scale.
        """
        levels, gains = np.zeros_like(self.gains), self.gains.copy()
        total, slope = self.spikes.sum(axis=0), course @ self.spikes
        for _ in range(8):
            rates = self.expected * np.exp(
                np.clip(levels + np.multiply.outer(course, gains), -30.0, 30.0)
            )
            sums, first, second = rates.sum(axis=0), course @ rates, course**2 @ rates
            by_level = sums - total
            by_gain = first - slope + GAIN_PRECISION * gains
            second = second + GAIN_PRECISION
            determinant = np.maximum(sums * second - first**2, 1e-300)
            levels -= np.clip((second * by_level - first * by_gain) / determinant, -1.0, 1.0)
            gains -= np.clip((sums * by_gain - first * by_level) / determinant, -2.0, 2.0)
        scale = float(np.sqrt(np.mean(gains**2)))
        scale = scale if scale > 1e-8 else 1.0
        expected = self.expected * np.exp(np.clip(levels, -30.0, 30.0))
        return SharedCounts(self.spikes, expected, gains / scale), scale

    def without(self, neuron: int) -> SharedCounts:
        """Return the counts of all other neurons."""
        keep = np.arange(len(self.gains)) != neuron
        return SharedCounts(self.spikes[:, keep], self.expected[:, keep], self.gains[keep])

    @property
    def n_sharing(self) -> float:
        """Effective number of neurons that share the drive."""
        return float((self.gains**2).sum() ** 2 / max((self.gains**4).sum(), 1e-300))


@dataclass(frozen=True, eq=False)
class SharedDrive:
    """One drive: its counts with gains, and its course."""

    counts: SharedCounts
    smooth: Smooth

    @cached_property
    def _curvature(self) -> NDArray[np.float64]:
        return self.counts.derivatives(self.smooth.course)[1]

    def without(self, neuron: int) -> NDArray[np.float64]:
        """Return the course estimated from all other neurons, shape (n_segments,)."""
        counts, course, log_sd = self.counts, self.smooth.course, self.smooth.log_sd
        if len(counts.gains) <= REFINED:
            return smooth_at(counts.without(neuron), log_sd, course, max_iter=10).course
        # One Newton step from the estimate with all neurons.
        gain = counts.gains[neuron]
        rates = counts.expected[:, neuron] * np.exp(gain * course)
        bands = difference_prior(len(course), log_sd)
        bands = plus_diagonal(bands, self._curvature - gain**2 * rates)
        return course + solveh_banded(bands, gain * (rates - counts.spikes[:, neuron]), lower=True)


@dataclass(frozen=True, eq=False)
class SharedDrives:
    """Shared drives of a recording, 0 to `MOST_DRIVES`.

    Attributes
    ----------
    drives : list of SharedDrive
    bins : (n_segments, n) ndarray
        Bins included in the likelihood.
    """

    drives: list[SharedDrive]
    bins: NDArray[np.float64]

    @classmethod
    def of(cls, spikes: NDArray[np.float64], bins: NDArray[np.float64]) -> SharedDrives:
        """Estimate the shared drives.

        Parameters
        ----------
        spikes, bins : (n_segments, n) ndarray
            Number of spikes, and of bins in the likelihood, of each neuron in each segment.
        """
        rates = spikes.sum(axis=0) / np.maximum(bins.sum(axis=0), 1.0)
        counts = SharedCounts(spikes, bins * rates, np.ones(len(rates)))
        drives: list[SharedDrive] = []
        while len(drives) < MOST_DRIVES and (found := _next_drive(counts)) is not None:
            drives.append(found)
            expected = found.counts.rates(found.smooth.course)
            counts = SharedCounts(spikes, expected, np.ones(len(rates)))
        return cls(drives, bins)

    @property
    def rates(self) -> NDArray[np.float64] | None:
        """Expected spikes per bin by segment, shape (n_segments, n); None without drives."""
        if not self.drives:
            return None
        last = self.drives[-1]
        return last.counts.rates(last.smooth.course) / np.maximum(self.bins, 1.0)

    def for_neuron(self, neuron: int) -> NDArray[np.float64]:
        """Return the drives estimated from other neurons, shape (n_segments, n_drives)."""
        columns = [np.empty((len(self.bins), 0))]
        for drive in self.drives:
            course = drive.without(neuron)
            columns.append(drive.counts.gains[neuron] * (course - course.mean()))
        return np.column_stack(columns)


def _next_drive(counts: SharedCounts) -> SharedDrive | None:
    """Return the most probable further drive, None if there is none."""
    n_segments, n = counts.spikes.shape
    found = []
    for gains in (np.ones(n), _leading_gains(counts)):
        trial = SharedCounts(counts.spikes, counts.expected, gains)
        course = smooth(trial, n_segments)
        for _ in range(2):
            trial, scale = trial.with_gains_for(course.course)
            log_sd = course.log_sd + float(np.log10(scale))
            course = smooth_at(trial, log_sd, scale * course.course)
        found.append(SharedDrive(trial, course))
    best = max(found, key=lambda drive: drive.smooth.evidence)
    # Every gain and level is an additional parameter.
    least = 2.0 * n + 5.0 - float(counts.expected.sum())
    enough = best.smooth.evidence >= least and best.counts.n_sharing >= FEWEST_SHARING
    return best if enough else None


def _leading_gains(counts: SharedCounts) -> NDArray[np.float64]:
    """Return gains in proportion to the leading component of the counts' correlations."""
    root = np.sqrt(np.maximum(counts.expected, 1e-12))
    residuals = np.where(counts.expected > 0, (counts.spikes - counts.expected) / root, 0.0)
    slow = np.apply_along_axis(np.convolve, 0, residuals, np.ones(5) / 5.0, "same")
    products = slow.T @ slow
    np.fill_diagonal(products, 0.0)  # the variance of a neuron is not shared
    _, vectors = np.linalg.eigh(products)
    gains = vectors[:, -1] / np.sqrt(np.maximum(counts.expected.mean(axis=0), 1e-12))
    gains = gains * np.sqrt(len(gains)) / np.sqrt((gains**2).sum())
    return gains if gains.sum() >= 0 else -gains
