"""Non-synaptic part of the log-odds: shared drives, baseline and stimulus."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from bridge.recordings.data.observation import Observation, absence, counts_by_segment
from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.glm import kernels
from bridge.recordings.glm.covariates import Covariates, SlowRates
from bridge.recordings.glm.spike_history import SpikeHistory
from bridge.recordings.slow.shared import SharedDrives
from bridge.recordings.slow.smoothing import FEWEST_KNOTS, Baseline, banded_product, segment_sums
from neurosim import NeurosimError

NONE = np.empty(0)
# Longest segment (ms) in which the presence of neurons is resolved.
FINEST = 200.0
# Precision of the prior of weights of drives and stimulus, which keeps them finite.
FEATURE_PRECISION = 1e-6
# Smallest eigenvalue of the covariance of standardised features, for features that repeat others.
FLAT = 1e-9
# Largest standard deviation of the score due to the initial weights of the stimulus.
LARGEST_START = 2.0


@dataclass(frozen=True, eq=False)
class SlowDrive:
    """Slow covariates of a neuron, interpolated linearly between segment midpoints.

    Attributes
    ----------
    spacing : int
        Bins per segment.
    shared : (n_segments, n_drives) ndarray
        Drives shared with other neurons, in log-odds.
    baseline : Baseline, optional
        Baseline of the neuron, with knots every `stride` segments.
    stride : int
    """

    spacing: int
    shared: NDArray[np.float64]
    baseline: Baseline | None = None
    stride: int = 1

    @classmethod
    def of(
        cls,
        fired: NDArray[np.int64],
        expected: NDArray[np.float64],
        spacing: int,
        shared: NDArray[np.float64],
        stride: int | None,
    ) -> SlowDrive:
        """Return the covariates, with a fitted baseline if `stride` is given.

        `expected` is the number of spikes expected in each bin without drive, `fired` the bins of
        the spikes.
        """
        if stride is None:
            return cls(spacing, shared)
        expected = segment_sums(expected, spacing) * np.exp(shared.sum(axis=1))
        expected *= len(fired) / expected.sum()
        spikes = np.bincount(fired // spacing, minlength=len(expected))
        sums = segment_sums(spikes, stride), segment_sums(expected, stride)
        return cls(spacing, shared, Baseline.of(*sums), stride)


@dataclass(frozen=True, eq=False)
class Stimulus:
    """Standardised covariates of each bin.

    Attributes
    ----------
    values : (n_bins, n_features) ndarray
    root : (n_features, n_features) ndarray
        Upper root of their covariance.
    mean, spread : (n_features,) ndarray
        Means and standard deviations of the features.
    precision : float
        1/variance of the prior of their weights.
    """

    values: NDArray[np.float64]
    root: NDArray[np.float64]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    precision: float = FEATURE_PRECISION

    @classmethod
    def of(cls, features: NDArray[np.float64], precision: float = 0.0) -> Stimulus:
        """Standardise features, shape (n_bins, n_features); constant ones become 0."""
        mean, spread = features.mean(axis=0), features.std(axis=0)
        spread = np.where(spread > 1e-12 * np.abs(mean), spread, np.inf)
        values = (features - mean) / spread
        covariance = values.T @ values / len(values)
        root = np.linalg.cholesky(covariance + FLAT * np.eye(len(covariance)))
        precision = max(precision, FEATURE_PRECISION)
        return cls(values, np.asarray(root, dtype=float).T, mean, spread, precision)

    def like(self, features: NDArray[np.float64]) -> Stimulus:
        """Return other features, standardised as these."""
        if features.shape[1] != len(self.mean):
            raise NeurosimError(
                f"stimulus with {features.shape[1]} features: give the {len(self.mean)} features "
                "of the fit"
            )
        return replace(self, values=(features - self.mean) / self.spread)

    def scaled_root(self, n_spikes: float) -> NDArray[np.float64]:
        """Return the upper root of the information on the weights with the prior."""
        information = n_spikes * self.root.T @ self.root + self.precision * np.eye(len(self.root))
        return np.asarray(np.linalg.cholesky(information), dtype=float).T

    def triggered(self, fired: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return weights in proportion to the spike-triggered average, whitened.

        It is the maximum-likelihood estimate for a Gaussian stimulus and an exponential link.
        """
        sums = self.values[fired].sum(axis=0)
        found = cho_solve((self.scaled_root(float(len(fired))), False), sums)
        size = float(np.linalg.norm(self.root @ found))
        return found / max(1.0, size / LARGEST_START)


class Drive:
    """Non-synaptic log-odds of one neuron by bin, with parameters of the fit.

    The parameters are the baseline at its knots and the weights of the shared drives and of the
    stimulus. The input of an absent neuron is replaced by its mean.

    Parameters
    ----------
    covariates : Covariates
    past : SpikeHistory
    slow : SlowDrive, optional
    stimulus : Stimulus, optional
    """

    def __init__(
        self,
        covariates: Covariates,
        past: SpikeHistory,
        slow: SlowDrive | None = None,
        stimulus: Stimulus | None = None,
    ) -> None:
        self.slow, self.stimulus, self.n_bins = slow, stimulus, covariates.trains.n_bins
        self.baseline = None if slow is None else slow.baseline
        self.n_knots = 0 if self.baseline is None else len(self.baseline.start)
        self.n_shared = 0 if slow is None else slow.shared.shape[1]
        self.n_features = 0 if stimulus is None else stimulus.values.shape[1]
        self.size = self.n_knots + self.n_shared + self.n_features
        absent = covariates.absent
        self._missing = None if absent is None else absent * covariates.rates
        self._area, n_spikes = covariates.area, float(past.counts.sum())
        self._scales = np.full(self.n_shared, 1.0 / np.sqrt(max(n_spikes, 1.0)))
        if slow is not None and self.n_shared:
            self._scales /= np.maximum(slow.shared.std(axis=0), 1e-6)
        triggered = NONE if stimulus is None else stimulus.triggered(past.fired)
        self._root = np.empty((0, 0)) if stimulus is None else stimulus.scaled_root(n_spikes)
        course = NONE if self.baseline is None else self.baseline.start
        self.start = np.concatenate([course, np.ones(self.n_shared), triggered])
        """Initial parameters: the estimates without synapses."""

    def log_odds(
        self, parameters: NDArray[np.float64], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the log-odds of each bin, shape (n_bins,); empty if there is no drive."""
        course, gains, gamma = self._split(parameters)
        values = NONE
        if self.slow is not None:
            segments = self.slow.shared @ gains
            if self.n_knots:
                baseline = np.empty_like(segments)
                kernels.interpolate(course, self.slow.stride, baseline)
                segments += baseline
            if self._missing is not None:
                segments += self._missing @ (weights @ self._area)
            values = np.empty(self.n_bins)
            kernels.interpolate(segments, self.slow.spacing, values)
        if self.stimulus is not None:
            driven = self.stimulus.values @ gamma
            values = values + driven if len(values) else driven
        return values

    def gradient(
        self, residual: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the gradient with respect to the parameters and to the weights.

        The weights contribute through the mean input of absent neurons.
        """
        parts, by_weight = [], np.zeros((1, 1))
        if self.slow is not None:
            spacing, n_segments = self.slow.spacing, len(self.slow.shared)
            by_segment = kernels.adjoint_of_interpolate(residual, spacing, n_segments)
            if self.n_knots:
                stride = self.slow.stride
                parts.append(kernels.adjoint_of_interpolate(by_segment, stride, self.n_knots))
            parts.append(by_segment @ self.slow.shared)
            if self._missing is not None:
                by_weight = np.outer(by_segment @ self._missing, self._area)
        if self.stimulus is not None:
            parts.append(residual @ self.stimulus.values)
        return np.concatenate([NONE, *parts]), by_weight

    def from_scaled(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert a point in scaled coordinates, with unit curvature, to parameters."""
        course = point[: self.n_knots]
        if self.baseline is not None:
            course = self.baseline.scaled(course)
        _, gains, gamma = self._split(point)
        features = solve_triangular(self._root, gamma) if self.n_features else gamma
        return self.start + np.concatenate([course, self._scales * gains, features])

    def to_scaled(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert a gradient with respect to parameters to scaled coordinates."""
        by_knot = gradient[: self.n_knots]
        if self.baseline is not None:
            by_knot = self.baseline.scaled(by_knot, transposed=True)
        _, gains, gamma = self._split(gradient)
        features = solve_triangular(self._root, gamma, trans="T") if self.n_features else gamma
        return np.concatenate([by_knot, self._scales * gains, features])

    def penalty(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return −log(prior), up to a constant, and its gradient."""
        course = parameters[: self.n_knots]
        by_knot = NONE if self.baseline is None else banded_product(self.baseline.prior, course)
        _, gains, gamma = self._split(parameters)
        precision = 0.0 if self.stimulus is None else self.stimulus.precision
        gradient = np.concatenate([by_knot, FEATURE_PRECISION * gains, precision * gamma])
        return 0.5 * float(gradient @ parameters), gradient

    def _split(self, parameters: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Return the baseline at its knots and the weights of shared drives and stimulus."""
        first = self.n_knots + self.n_shared
        return parameters[: self.n_knots], parameters[self.n_knots : first], parameters[first:]


@dataclass(frozen=True, eq=False)
class Drives:
    """Slow drives of all neurons, in segments of `spacing` bins.

    Attributes
    ----------
    spacing : int
    stride : int or None
        Segments between knots of the baselines; None for no baseline.
    found : SharedDrives
    absent : (n_segments, n) ndarray, optional
        Fraction of each segment in which each neuron is absent.
    """

    spacing: int
    stride: int | None
    found: SharedDrives
    absent: NDArray[np.float64] | None

    @classmethod
    def of(
        cls,
        trains: BinnedTrains,
        observation: Observation,
        shared: float | None,
        baseline: float | None,
    ) -> Drives:
        """Estimate the drives; `shared` and `baseline` (ms) as in `infer_synapses`."""
        finest = FINEST if shared is None else shared
        finest = min(finest, finest if baseline is None else baseline)
        spacing = max(1, min(round(finest / trains.width), trains.n_bins))
        n_segments = -(-trains.n_bins // spacing)
        stride = None if baseline is None else max(1, round(baseline / trains.width / spacing))
        if stride is not None and n_segments < FEWEST_KNOTS * stride:
            stride = None
        found = SharedDrives([], np.empty((n_segments, 0)))
        if shared is not None and n_segments >= FEWEST_KNOTS:
            found = SharedDrives.of(*counts_by_segment(trains, observation, spacing))
        return cls(spacing, stride, found, absence(observation, spacing))

    @property
    def slow_rates(self) -> SlowRates | None:
        """Rates of the neurons according to the shared drives, None without drives."""
        rates = self.found.rates
        if rates is None:
            return None
        return SlowRates(self.spacing, rates if self.absent is None else rates * (1 - self.absent))

    @property
    def any(self) -> bool:
        """Whether there are shared drives, baselines or absent neurons."""
        return bool(self.found.drives) or self.stride is not None or self.absent is not None

    def of_neuron(
        self, index: int, fired: NDArray[np.int64], expected: NDArray[np.float64]
    ) -> SlowDrive:
        """Return the slow covariates of one neuron, see `SlowDrive.of`."""
        shared = self.found.for_neuron(index)
        return SlowDrive.of(fired, expected, self.spacing, shared, self.stride)
