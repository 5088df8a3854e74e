"""The part of a neuron's log-odds that is not synaptic: shared drives, baseline and stimulus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.inference import passes
from bridge.inference.baseline import Baseline, segment_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.inference.covariates import Covariates
    from bridge.inference.own_past import OwnPast

NONE = np.empty(0)
FEATURE_PRECISION = 1e-6
"""Precision of the prior of the weights of drives and stimulus: enough to keep them finite."""


@dataclass(frozen=True, eq=False)
class SlowDrive:
    """Slow covariates of one neuron, at the middle of segments and linear between them.

    Attributes
    ----------
    spacing : int
        Bins per segment.
    shared : (n_segments, n_drives) ndarray
        Drives that it shares with other neurons, in log-odds.
    baseline : Baseline, optional
        Its own baseline, with knots every `stride` segments.
    stride : int
    """

    spacing: int
    shared: NDArray[np.float64]
    baseline: Baseline | None = None
    stride: int = 1

    @classmethod
    def of(
        cls, past: OwnPast, spacing: int, shared: NDArray[np.float64], stride: int | None
    ) -> SlowDrive:
        """Return the covariates, with a baseline fitted to the neuron's spikes unless no stride."""
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
    """Log-odds of one neuron by bin that do not come from synapses, as parameters of its fit.

    The parameters are the baseline at its knots, the weights of the shared drives and those of the
    stimulus. While another neuron is absent, the mean of its input stands in for the input.

    Parameters
    ----------
    covariates : Covariates
    past : OwnPast
    slow : SlowDrive, optional
    stimulus : (n_bins, n_features) ndarray, optional
        Standardised.
    """

    def __init__(
        self,
        covariates: Covariates,
        past: OwnPast,
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
        """Return the log-odds of each bin, shape (n_bins,), empty if there is no drive."""
        course, gains, gamma = self._split(parameters)
        values = NONE
        if self.slow is not None:
            segments = self.slow.shared @ gains
            if self.n_knots:
                own = np.empty_like(segments)
                passes.interpolate(course, self.slow.stride, own)
                segments += own
            if self._missing is not None:
                segments += self._missing @ weights
            values = np.empty(self.n_bins)
            passes.interpolate(segments, self.slow.spacing, values)
        if self.stimulus is not None:
            driven = self.stimulus @ gamma
            values = values + driven if len(values) else driven
        return values

    def gradient(
        self, residual: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | float]:
        """Return the gradients of the cross-entropy by parameter and, in part, by weight."""
        parts, by_weight = [], np.zeros(1)
        if self.slow is not None:
            by_segment = self._by_segment(residual)
            if self.n_knots:
                stride = self.slow.stride
                parts.append(passes.adjoint_of_interpolate(by_segment, stride, self.n_knots))
            parts.append(by_segment @ self.slow.shared)
            if self._missing is not None:
                by_weight = by_segment @ self._missing
        if self.stimulus is not None:
            parts.append(residual @ self.stimulus)
        return np.concatenate([NONE, *parts]), by_weight

    @property
    def start(self) -> NDArray[np.float64]:
        """Parameters to start from, which are those without synapses and stimulus."""
        course = NONE if self.baseline is None else self.baseline.start
        return np.concatenate([course, np.ones(self.n_shared), np.zeros(self.n_features)])

    def from_scaled(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the parameters at a point in coordinates with unit curvature."""
        course = point[: self.n_knots]
        if self.baseline is not None:
            course = self.baseline.scaled(course)
        return self.start + np.concatenate([course, self._scales * point[self.n_knots :]])

    def to_scaled(self, gradient: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a gradient by parameter as the gradient in those coordinates."""
        by_knot = gradient[: self.n_knots]
        if self.baseline is not None:
            by_knot = self.baseline.scaled(by_knot, transposed=True)
        return np.concatenate([by_knot, self._scales * gradient[self.n_knots :]])

    def penalty(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return −log of the prior density, up to a constant, and its gradient."""
        course = parameters[: self.n_knots]
        by_knot = NONE if self.baseline is None else self.baseline.prior_gradient(course)
        gradient = np.concatenate([by_knot, FEATURE_PRECISION * parameters[self.n_knots :]])
        return 0.5 * float(gradient @ parameters), gradient

    def information_lost(
        self, spread: NDArray[np.float64], sums: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the information on each weight that the slow covariates share, shape (n,).

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
            # The baseline takes its projection first, the shared drives that of what is left.
            knots = [segment_sums_of_rows(part, self.slow.stride) for part in (sums, weighted)]
            information = segment_sums(size, self.slow.stride)
            solved = self.baseline.solve(information, knots[0])
            lost += (knots[0] * solved).sum(axis=0)
            left -= knots[1].T @ solved
            products -= knots[1].T @ self.baseline.solve(information, knots[1])
        if self.n_shared:
            lost += (left * np.linalg.solve(products, left)).sum(axis=0)
        return lost

    def _split(self, parameters: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Return the baseline at its knots, the weights of shared drives and of the stimulus."""
        first = self.n_knots + self.n_shared
        return parameters[: self.n_knots], parameters[self.n_knots : first], parameters[first:]

    def _by_segment(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self.slow is not None
        return passes.adjoint_of_interpolate(values, self.slow.spacing, len(self.slow.shared))


def segment_sums_of_rows(values: NDArray, spacing: int) -> NDArray[np.float64]:
    """Return the sums of rows over segments of `spacing` rows."""
    return np.add.reduceat(values, np.arange(0, len(values), spacing), axis=0)
