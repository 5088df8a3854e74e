"""Time courses that many couplings share, and tests of each pair along them.

A test along one direction has more power than a test of all coefficients, but needs that direction.
It is learned from the significant couplings, separately for excitatory and inhibitory presynaptic
neurons. The postsynaptic neurons are divided into two halves, and each half is tested along the
time courses of the other one. The noise of a pair therefore does not influence its own template, so
that z is N(0, 1) if there is no coupling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

# p-value of the Wald test below which a pair is used to learn time courses, after Bonferroni.
SIGNIFICANT = 0.05
# Fewest pairs from which a time course is learned.
FEWEST = 4
# Time constant of the initial template (ms).
INITIAL_TAU = 10.0


@dataclass(frozen=True, eq=False)
class Templates:
    """Strengths of all pairs along shared time courses.

    Attributes
    ----------
    amplitudes : (n, n) ndarray
        Strength of each pair at the peak of its time course (score).
    errors : (n, n) ndarray
        Standard errors of the amplitudes, with the uncertainty of the time courses.
    z : (n, n) ndarray
        Amplitudes divided by their standard errors in the absence of a coupling.
    courses : (n, n, n_lags) ndarray
        Time course of each pair with a peak of 1.
    wald : (n, n) ndarray
        p-values of the Wald test of all coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.recordings import RaisedCosines, Templates
    >>> weights = np.full((2, 2, 3), np.nan)
    >>> weights[0, 1] = 0.5, 1.0, 0.5
    >>> covariance = np.where(np.isfinite(weights)[..., None], 0.01 * np.eye(3), np.nan)
    >>> found = Templates.of(weights, covariance, RaisedCosines(3, 20.0).matrix(1.0), 1.0)
    >>> z = found.amplitudes / found.errors
    >>> z[0, 1].round(1).item()
    9.2
    """

    amplitudes: NDArray[np.float64]
    errors: NDArray[np.float64]
    z: NDArray[np.float64]
    courses: NDArray[np.float64]
    wald: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        weights: NDArray[np.float64],
        covariance: NDArray[np.float64],
        basis: NDArray[np.float64],
        width: float,
    ) -> Templates:
        """Learn templates and test all pairs along them.

        Parameters
        ----------
        weights : (n, n, n_functions) ndarray
            Unbiased weights from neuron to neuron; NaN if not fitted.
        covariance : (n, n, n_functions, n_functions) ndarray
        basis : (n_lags, n_functions) ndarray
        width : float
            Bin width (ms).
        """
        n, n_functions = len(weights), basis.shape[1]
        pairs = _Pairs.of(weights, covariance)
        initial = _Course.initial(basis, width)
        courses = np.empty((n, n, n_functions))
        doubts = np.empty((n, n, n_functions, n_functions))
        halves = np.arange(n) % 2
        for half in (0, 1):
            tested = halves == half
            kinds = pairs.learn(~tested, initial, basis)
            excites = pairs.excite(~tested, kinds)
            for sources, kind in zip((excites, ~excites), kinds, strict=True):
                courses[np.ix_(sources, tested)] = kind.weights
                doubts[np.ix_(sources, tested)] = kind.covariance
        amplitudes, errors, doubt = pairs.along(courses, doubts)
        total = np.hypot(errors, amplitudes * doubt)
        return cls(amplitudes, total, amplitudes / errors, courses @ basis.T, pairs.wald)


@dataclass(frozen=True, eq=False)
class _Course:
    """Coefficients of a time course with a peak of 1, and their covariance."""

    weights: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def of(cls, weights: NDArray, covariance: NDArray, basis: NDArray) -> _Course:
        """Scale a time course to a peak of 1."""
        values = basis @ weights
        peak = int(np.argmax(np.abs(values)))
        scaled = weights / values[peak]
        # The peak is 1 without error.
        along = (np.eye(len(weights)) - np.outer(scaled, basis[peak])) / values[peak]
        return cls(scaled, along @ covariance @ along.T)

    @classmethod
    def initial(cls, basis: NDArray[np.float64], width: float) -> _Course:
        """Return the course closest to an exponential decay."""
        decay = np.exp(-width * np.arange(len(basis)) / INITIAL_TAU)
        found = np.linalg.lstsq(basis, decay, rcond=None)[0]
        return cls.of(found, np.zeros((len(found), len(found))), basis)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Weights of all pairs with their information S⁻¹, and S⁻¹w; NaN if not fitted."""

    weights: NDArray[np.float64]
    information: NDArray[np.float64]
    scores: NDArray[np.float64]
    wald: NDArray[np.float64]

    @classmethod
    def of(cls, weights: NDArray, covariance: NDArray) -> _Pairs:
        """Invert the covariances."""
        known = np.isfinite(weights).all(axis=2)
        information = np.full(covariance.shape, np.nan)
        information[known] = np.linalg.inv(covariance[known])
        scores = np.einsum("jikl,jil->jik", information, weights)
        statistic = np.einsum("jik,jik->ji", scores, weights)
        wald = np.where(known, chdtrc(weights.shape[2], np.nan_to_num(statistic)), np.nan)
        return cls(weights, information, scores, wald)

    def along(
        self, courses: NDArray[np.float64], covariances: NDArray[np.float64]
    ) -> tuple[NDArray, NDArray, NDArray]:
        """Return amplitudes along time courses, their errors, and relative errors due to courses.

        The shapes of the courses and their covariances are those of the weights of all pairs, and
        of their covariances.
        """
        direction = np.einsum("jikl,jil->jik", self.information, courses)
        information = np.einsum("jik,jik->ji", courses, direction)
        amplitudes = np.einsum("jik,jik->ji", courses, self.scores) / information
        doubt = np.einsum("jik,jikl,jil->ji", direction, covariances, direction, optimize=True)
        return amplitudes, 1.0 / np.sqrt(information), np.sqrt(doubt) / information

    def learn(
        self, targets: NDArray[np.bool_], initial: _Course, basis: NDArray
    ) -> tuple[_Course, ...]:
        """Return the courses of excitatory and inhibitory couplings onto some neurons."""
        n_tests = max(int(np.isfinite(self.wald).sum()), 1)
        significant = (self.wald < SIGNIFICANT / n_tests) & targets
        signs = np.sign(np.einsum("jik,k->ji", np.nan_to_num(self.weights), basis.sum(axis=0)))
        chosen = [significant & (signs == sign) for sign in (1.0, -1.0)]
        found = [self._course(one, initial, basis) if one.any() else None for one in chosen]
        # A kind without significant couplings has the time course of the other one.
        known = [course for course in found if course is not None] or [initial]
        return tuple(known[0] if course is None else course for course in found)

    def _course(self, chosen: NDArray[np.bool_], initial: _Course, basis: NDArray) -> _Course:
        """Return the course that explains weights best, w ≈ amplitude · course."""
        information, scores = self.information[chosen], self.scores[chosen]
        course = initial
        if len(scores) < FEWEST:
            return course
        for _ in range(20):
            weights = course.weights
            amplitudes = (scores @ weights) / (information @ weights @ weights)
            covariance = np.linalg.inv(np.einsum("p,pkl->kl", amplitudes**2, information))
            course = _Course.of(covariance @ (amplitudes @ scores), covariance, basis)
        return course

    def excite(self, targets: NDArray[np.bool_], kinds: tuple[_Course, ...]) -> NDArray[np.bool_]:
        """Return which presynaptic neurons excite others, by their couplings onto some neurons."""
        evidence, shape = np.zeros(len(self.weights)), self.information.shape
        for kind in kinds:
            courses = np.broadcast_to(kind.weights, self.weights.shape)
            amplitudes, errors, _ = self.along(courses, np.broadcast_to(kind.covariance, shape))
            z = np.nan_to_num(amplitudes / errors) * targets
            evidence += (z * np.abs(z)).sum(axis=1)
        return evidence >= 0
