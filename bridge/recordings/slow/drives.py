"""Non-synaptic part of the log-odds: shared drives, baseline and stimulus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.recordings.data.observation import Observation, absence, counts_by_segment
from bridge.recordings.data.trains import BinnedTrains
from bridge.recordings.glm import kernels
from bridge.recordings.glm.covariates import Covariates, SlowRates
from bridge.recordings.glm.spike_history import SpikeHistory
from bridge.recordings.slow.shared import SharedDrives
from bridge.recordings.slow.smoothing import FEWEST_KNOTS, Baseline, segment_sums

NONE = np.empty(0)
# Longest segment (ms) in which the presence of neurons is resolved.
FINEST = 200.0
# Precision of the prior of weights of drives and stimulus, which keeps them finite.
FEATURE_PRECISION = 1e-6


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
        cls, past: SpikeHistory, spacing: int, shared: NDArray[np.float64], stride: int | None
    ) -> SlowDrive:
        """Return the covariates, with a fitted baseline if `stride` is given."""
        if stride is None:
            return cls(spacing, shared)
        odds = np.exp(past.base)
        expected = segment_sums((odds / (1.0 + odds))[past.classes], spacing)
        expected *= np.exp(shared.sum(axis=1))
        expected *= len(past.fired) / expected.sum()
        spikes = np.bincount(past.fired // spacing, minlength=len(expected))
        sums = segment_sums(spikes, stride), segment_sums(expected, stride)
        return cls(spacing, shared, Baseline.of(*sums), stride)


class Drive:
    """Non-synaptic log-odds of one neuron by bin, with parameters of the fit.

    The parameters are the baseline at its knots and the weights of the shared drives and of the
    stimulus. The input of an absent neuron is replaced by its mean.

    Parameters
    ----------
    covariates : Covariates
    past : SpikeHistory
    slow : SlowDrive, optional
    stimulus : (n_bins, n_features) ndarray, optional
        Standardised.
    """

    def __init__(
        self,
        covariates: Covariates,
        past: SpikeHistory,
        slow: SlowDrive | None = None,
        stimulus: NDArray[np.float64] | None = None,
    ) -> None:
        self.slow, self.stimulus, self.n_bins = slow, stimulus, covariates.trains.n_bins
        self.baseline = None if slow is None else slow.baseline
        self.n_knots = 0 if self.baseline is None else len(self.baseline.start)
        self.n_shared = 0 if slow is None else slow.shared.shape[1]
        self.n_features = 0 if stimulus is None else stimulus.shape[1]
        self.size = self.n_knots + self.n_shared + self.n_features
        absent = covariates.absent
        self._missing = None if absent is None else absent * (past.mean_filling * covariates.rates)
        self._scales = np.full(self.n_shared + self.n_features, 1.0 / np.sqrt(past.spikes.sum()))
        if slow is not None and self.n_shared:
            spread = np.maximum(slow.shared.std(axis=0), 1e-6)
            self._scales[: self.n_shared] /= spread

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
                segments += self._missing @ weights
            values = np.empty(self.n_bins)
            kernels.interpolate(segments, self.slow.spacing, values)
        if self.stimulus is not None:
            driven = self.stimulus @ gamma
            values = values + driven if len(values) else driven
        return values

    def gradient(
        self, residual: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | float]:
        """Return the gradient with respect to the parameters and to the weights.

        The weights contribute through the mean input of absent neurons.
        """
        parts, by_weight = [], np.zeros(1)
        if self.slow is not None:
            by_segment = self._by_segment(residual)
            if self.n_knots:
                stride = self.slow.stride
                parts.append(kernels.adjoint_of_interpolate(by_segment, stride, self.n_knots))
            parts.append(by_segment @ self.slow.shared)
            if self._missing is not None:
                by_weight = by_segment @ self._missing
        if self.stimulus is not None:
            parts.append(residual @ self.stimulus)
        return np.concatenate([NONE, *parts]), by_weight

    @property
    def start(self) -> NDArray[np.float64]:
        """Initial parameters: the estimates without synapses and stimulus."""
        course = NONE if self.baseline is None else self.baseline.start
        return np.concatenate([course, np.ones(self.n_shared), np.zeros(self.n_features)])

    def from_scaled(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert a point in scaled coordinates, with unit curvature, to parameters."""
        course = point[: self.n_knots]
        if self.baseline is not None:
            course = self.baseline.scaled(course)
        return self.start + np.concatenate([course, self._scales * point[self.n_knots :]])

    def to_scaled(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert a gradient with respect to parameters to scaled coordinates."""
        by_knot = gradient[: self.n_knots]
        if self.baseline is not None:
            by_knot = self.baseline.scaled(by_knot, transposed=True)
        return np.concatenate([by_knot, self._scales * gradient[self.n_knots :]])

    def penalty(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return −log(prior), up to a constant, and its gradient."""
        course = parameters[: self.n_knots]
        by_knot = NONE if self.baseline is None else self.baseline.prior_gradient(course)
        gradient = np.concatenate([by_knot, FEATURE_PRECISION * parameters[self.n_knots :]])
        return 0.5 * float(gradient @ parameters), gradient

    def information_lost(
        self, spread: NDArray[np.float64], sums: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the information on each weight lost to the slow covariates, shape (n,).

        Parameters
        ----------
        spread : (n_bins,) ndarray
            p(1 − p).
        sums : (n_segments, n) ndarray
            Sums over segments of spread · (xⱼ − its mean).
        """
        assert self.slow is not None
        size, shared = segment_sums(spread, self.slow.spacing), self.slow.shared
        weighted = size[:, None] * shared
        products = shared.T @ weighted + FEATURE_PRECISION * np.eye(self.n_shared)
        left, lost = shared.T @ sums, np.zeros(sums.shape[1])
        if self.baseline is not None:
            # Project out the baseline first, then the shared drives.
            knots = [segment_sums(part, self.slow.stride) for part in (sums, weighted)]
            information = segment_sums(size, self.slow.stride)
            solved = self.baseline.solve(information, knots[0])
            lost += (knots[0] * solved).sum(axis=0)
            left -= knots[1].T @ solved
            products -= knots[1].T @ self.baseline.solve(information, knots[1])
        if self.n_shared:
            lost += (left * np.linalg.solve(products, left)).sum(axis=0)
        return lost

    def _split(self, parameters: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Return the baseline at its knots and the weights of shared drives and stimulus."""
        first = self.n_knots + self.n_shared
        return parameters[: self.n_knots], parameters[self.n_knots : first], parameters[first:]

    def _by_segment(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return sums over bins weighted by the interpolation from segments."""
        assert self.slow is not None
        return kernels.adjoint_of_interpolate(values, self.slow.spacing, len(self.slow.shared))


@dataclass(frozen=True, eq=False)
class Drives:
    """Slow drives of all neurons, in segments of `spacing` bins.

    Attributes
    ----------
    spacing : int
    stride : int or None
        Segments between knots of the baselines; None for no baseline.
    found : SharedDrives
    n_segments : int
    absent : (n_segments, n) ndarray, optional
        Fraction of each segment in which each neuron is absent.
    """

    spacing: int
    stride: int | None
    found: SharedDrives
    n_segments: int
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
        found = SharedDrives([], np.empty((0, 0)))
        if shared is not None and n_segments >= FEWEST_KNOTS:
            found = SharedDrives.of(*counts_by_segment(trains, observation, spacing))
        return cls(spacing, stride, found, n_segments, absence(observation, spacing))

    @property
    def slow_rates(self) -> SlowRates | None:
        """Rates of the neurons according to the shared drives, None without drives."""
        rates = self.found.rates
        if rates is None:
            return None
        return SlowRates(self.spacing, rates if self.absent is None else rates * (1 - self.absent))

    def of_neuron(self, index: int, past: SpikeHistory) -> SlowDrive | None:
        """Return the slow covariates of one neuron, None if there are none."""
        shared = self.found.for_neuron(index)
        if not shared.size:
            shared = np.empty((self.n_segments, 0))
            if self.stride is None and self.absent is None:
                return None
        return SlowDrive.of(past, self.spacing, shared, self.stride)
