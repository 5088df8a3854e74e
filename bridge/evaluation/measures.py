"""How well probabilities describe spikes, each measure with its 95 % interval.

Intervals of means follow from the spread of the trials' contributions. Time bins of a recording are
no independent trials: give `blocks` (say, the second each bin lies in), and the spread is taken
between blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit, xlog1py, xlogy
from scipy.stats import rankdata

from bridge.utils.checks import as_floats, as_integer
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

NORMAL_95 = float(ndtri(0.975))
"""Half-width of a 95 % interval in standard errors."""
MOST_BINS = 1_000_000
"""Of a reliability curve."""


@dataclass(frozen=True)
class Measure:
    """A figure with, if it is an estimate, its 95 % interval.

    Attributes
    ----------
    value : float, int or bool
    unit : str
    low, high : float or None
        Bounds of the interval; None for what is no estimate.
    note : str
        What the reader of a table should know.
    """

    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def text(self) -> str:
        """The value, its unit and its interval, to two digits of the interval's half-width."""
        unit = f" {self.unit}" if self.unit else ""
        if isinstance(self.value, (bool, np.bool_)):
            return "yes" if self.value else "no"
        if self.low is None or self.high is None:
            return f"{self.value:.4g}{unit}"
        half = 0.5 * (self.high - self.low)
        known = math.isfinite(half) and half > 0
        digits = max(0, 1 - math.floor(math.log10(half))) if known else 4
        return f"{self.value:.{digits}f}{unit} ({self.low:.{digits}f} to {self.high:.{digits}f})"


def agreement(first: ArrayLike, second: ArrayLike) -> Measure:
    """Share of trials on which two deciders decide alike, with its Wilson interval.

    Parameters
    ----------
    first, second : (n_trials,) array_like of bool
    """
    one, other = as_floats(first, "first") != 0.0, as_floats(second, "second") != 0.0
    if one.shape != other.shape or one.size == 0:
        raise NeurosimError(
            f"decisions {one.shape} and {other.shape} must be of one shape and not empty"
        )
    same = one == other
    alike = int(same.sum())
    low, high = wilson_interval(alike, same.size)
    return Measure(alike / same.size, "", float(low), float(high), f"of {same.size:,} trials")


def cross_entropy(
    fired: ArrayLike, probability: ArrayLike, blocks: ArrayLike | None = None
) -> Measure:
    """Mean of −log of the probability given to what happened (nats per trial).

    Parameters
    ----------
    fired : (n_trials,) array_like of 0 and 1
    probability : (n_trials,) array_like
        Predicted probability to fire.
    blocks : (n_trials,) array_like, optional
        Label of the block each trial lies in; trials of different blocks are independent.
    """
    fired, probability = _trials(fired, probability)
    return _mean(-_log_likelihood(fired, probability), blocks, "nats/trial")


def brier_score(
    fired: ArrayLike, probability: ArrayLike, blocks: ArrayLike | None = None
) -> Measure:
    """Mean squared difference between probability and outcome; arguments as `cross_entropy`."""
    fired, probability = _trials(fired, probability)
    return _mean((probability - fired) ** 2, blocks, "")


def bits_per_spike(
    fired: ArrayLike,
    probability: ArrayLike,
    blocks: ArrayLike | None = None,
    *,
    over: ArrayLike | None = None,
) -> Measure:
    """Log-likelihood gained over another model, in bits per spike.

    Parameters
    ----------
    fired, probability, blocks
        As in `cross_entropy`.
    over : (n_trials,) array_like, optional
        What the other model predicts; if not given it is the homogeneous model, which knows the
        mean rate of these very trials and nothing else.

    Raises
    ------
    NeurosimError
        If no trial fired.
    """
    fired, probability = _trials(fired, probability)
    n_spikes = fired.sum()
    if n_spikes == 0:
        raise NeurosimError("no trial fired: bits per spike need at least one spike")
    other = np.full_like(fired, fired.mean()) if over is None else _trials(fired, over)[1]
    nats = _log_likelihood(fired, probability) - _log_likelihood(fired, other)
    gain = nats / math.log(2.0)
    value = gain.sum() / n_spikes
    return _estimate(value, (gain - value * fired) / n_spikes, blocks, "bits/spike")


def auc(fired: ArrayLike, score: ArrayLike, blocks: ArrayLike | None = None) -> Measure:
    """Probability that a trial which fired has a higher score than one which did not.

    The interval is that of DeLong et al. 1988, Biometrics 44:837. Arguments as `cross_entropy`;
    `score` may be anything that orders the trials.

    Raises
    ------
    NeurosimError
        If all trials fired, or none.
    """
    spike: NDArray[np.bool_] = as_floats(fired, "fired") != 0.0
    score = as_floats(score, "score")
    if spike.ndim != 1 or spike.shape != score.shape:
        raise NeurosimError(
            f"fired {spike.shape} and score {score.shape} must be 1-D and of one length"
        )
    spikes, silences = int(spike.sum()), int((~spike).sum())
    if not spikes or not silences:
        raise NeurosimError(
            f"AUC needs trials with and without a spike: {spikes} of {len(spike)} fired"
        )
    # Share of the other class that a trial outranks, ties counted half.
    placement = np.empty(len(spike))
    for one, others in ((spike, silences), (~spike, spikes)):
        placement[one] = (rankdata(score)[one] - rankdata(score[one])) / others
    placement[~spike] = 1.0 - placement[~spike]
    value = float(placement[spike].mean())
    influence = (placement - value) / np.where(spike, spikes, silences)
    return _estimate(value, influence, blocks, "")


def wilson_interval(
    successes: ArrayLike, trials: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % interval of a binomial share (Wilson 1927, J. Am. Stat. Assoc. 22:209).

    Parameters
    ----------
    successes, trials : array_like
        Counts; no trials give the interval from 0 to 1.

    Returns
    -------
    low, high : ndarray
    """
    successes, trials = as_floats(successes, "successes"), as_floats(trials, "trials")
    z2 = NORMAL_95**2
    centre = (successes + z2 / 2) / (trials + z2)
    failures = trials - successes
    spread = np.sqrt(successes * failures / np.maximum(trials, 1) + z2 / 4)
    half = NORMAL_95 * spread / (trials + z2)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Predicted against observed probability to fire, bin by bin.

    Attributes
    ----------
    predicted : (n_bins,) ndarray
        Mean prediction in the bin.
    observed : (n_bins,) ndarray
        Share of its trials that fired.
    low, high : (n_bins,) ndarray
        Wilson 95 % interval of `observed`.
    trials : (n_bins,) ndarray of int
    """

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    trials: NDArray[np.int64]


def reliability_curve(
    fired: ArrayLike, probability: ArrayLike, n_bins: int = 10, *, equal_counts: bool = False
) -> Reliability:
    """Sort trials into bins of predicted probability and count how many fired.

    Parameters
    ----------
    fired, probability : (n_trials,) array_like
        As in `cross_entropy`.
    n_bins : int
        Bins without a trial are left out.
    equal_counts : bool
        Give every bin as many trials, instead of the same width: for spikes that are rare.
    """
    fired, probability = _trials(fired, probability)
    n_bins = as_integer(n_bins, "n_bins", 1)
    if n_bins > MOST_BINS:
        raise NeurosimError(f"n_bins = {n_bins} is above {MOST_BINS}: give fewer bins")
    inner = np.linspace(0.0, 1.0, n_bins + 1)[1:-1]
    edges = np.unique(np.quantile(probability, inner)) if equal_counts else inner
    # Equal predictions that differ by rounding must not fall on two sides of an edge.
    bins = np.searchsorted(edges, probability + 1e-12, side="right")
    trials = np.bincount(bins, minlength=len(edges) + 1)
    used = trials > 0
    spikes = np.bincount(bins, fired, minlength=len(trials))[used]
    predicted = np.bincount(bins, probability, minlength=len(trials))[used] / trials[used]
    low, high = wilson_interval(spikes, trials[used])
    return Reliability(predicted, spikes / trials[used], low, high, trials[used])


def _trials(
    fired: ArrayLike, probability: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    fired, probability = as_floats(fired, "fired"), as_floats(probability, "probability")
    if fired.ndim != 1 or fired.shape != probability.shape or fired.size == 0:
        raise NeurosimError(
            f"fired {fired.shape} and probability {probability.shape} must be 1-D, of one length "
            "and not empty"
        )
    if not np.isin(fired, (0.0, 1.0)).all():
        raise NeurosimError("fired must hold 0 (silent) and 1 (fired) only")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise NeurosimError("probability must lie in 0 to 1")
    return fired, probability


def _log_likelihood(fired: NDArray, probability: NDArray) -> NDArray[np.float64]:
    return xlogy(fired, probability) + xlog1py(1.0 - fired, -probability)


def _mean(values: NDArray, blocks: ArrayLike | None, unit: str) -> Measure:
    value = values.mean()
    # An outcome that was called impossible makes the loss infinite: an interval has no meaning.
    centred = values - value if np.isfinite(value) else np.full(len(values), np.nan)
    return _estimate(value, centred / len(values), blocks, unit)


def _estimate(value: float, influence: NDArray, blocks: ArrayLike | None, unit: str) -> Measure:
    """Measure whose error is the sum of the trials' influences, independent between blocks."""
    if blocks is not None:
        if np.asarray(blocks, dtype=object).shape != influence.shape:
            raise NeurosimError(
                f"blocks must be labels, one for each of the {len(influence)} trials"
            )
        influence = np.bincount(np.unique(blocks, return_inverse=True)[1], influence)
    n = len(influence)
    if n < 2:
        return Measure(float(value), unit, math.nan, math.nan)
    error = math.sqrt(float(influence @ influence) * n / (n - 1))
    half = float(stdtrit(n - 1, 0.975)) * error  # Student's t, as blocks may be few
    return Measure(float(value), unit, float(value) - half, float(value) + half)
