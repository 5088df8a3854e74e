"""Measures of how well probabilities predict spikes, with 95 % intervals.

Intervals of means are computed from the variance over trials. The time bins of a recording are not
independent: give `blocks` (for example, the second in which each bin lies) to compute the variance
over blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit, xlog1py, xlogy
from scipy.stats import rankdata

from bridge.utils.checks import as_floats, as_integer, positive
from neurosim import NeurosimError

# Half-width of a 95 % interval in standard errors.
NORMAL_95 = float(ndtri(0.975))
# Most bins of a reliability curve.
MOST_BINS = 1_000_000


@dataclass(frozen=True)
class Measure:
    """A number with its unit and, for estimates, its 95 % interval.

    Attributes
    ----------
    value : float, int or bool
    unit : str
    low, high : float or None
        Bounds of the interval; None for exact numbers.
    note : str
        Explanation for the table.
    label : str
        Name in plain words. Only labelled measures are in the short table of a `Comparison`.

    Examples
    --------
    >>> from bridge import Measure
    >>> Measure(0.83, low=0.79, high=0.86).text
    '0.830 (0.790 to 0.860)'
    >>> Measure(12.5, "Hz").text
    '12.5 Hz'
    """

    value: float
    unit: str = ""
    low: float | None = None
    high: float | None = None
    note: str = ""
    label: str = ""

    def labelled(self, label: str, note: str | None = None) -> Measure:
        """Return this measure with a label and, if given, another note."""
        return replace(self, label=label, note=self.note if note is None else note)

    @property
    def text(self) -> str:
        """Value, unit and interval, rounded to two digits of the interval's half-width.

        Examples
        --------
        >>> import math
        >>> from bridge import Measure
        >>> Measure(-5.853, "mV", -6.37, -5.33).text
        '−5.85 mV (−6.37 to −5.33)'
        >>> Measure(41.5, "mV", math.nan, math.nan).text
        '41.5 mV (no finite interval)'
        >>> Measure(2.37e-12, "", 2.1e-12, 2.6e-12).text
        '2.37e−12 (2.1e−12 to 2.6e−12)'
        >>> Measure(28_000, "trials").text
        '28,000 trials'
        >>> Measure(math.nan).text
        '–'
        """
        unit = f" {self.unit}" if self.unit else ""
        if isinstance(self.value, (bool, np.bool_)):
            return "yes" if self.value else "no"
        if self.low is None or self.high is None:
            return f"{_plain(self.value)}{unit}".replace("-", "−")
        half = 0.5 * (self.high - self.low)
        if not math.isfinite(half):
            return f"{_plain(self.value)}{unit} (no finite interval)".replace("-", "−")
        digits = max(0, 1 - math.floor(math.log10(half))) if half > 0 else 4
        form = f".{digits}f" if digits <= 8 else ".3g"
        text = f"{self.value:{form}}{unit} ({self.low:{form}} to {self.high:{form}})"
        return text.replace("-", "−")


def _plain(value: float) -> str:
    """Return a number with four digits, without an exponent where readers expect none."""
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def agreement(first: ArrayLike, second: ArrayLike, blocks: ArrayLike | None = None) -> Measure:
    """Return the fraction of trials with equal decisions, with its Wilson interval.

    Parameters
    ----------
    first, second : (n_trials,) array_like of bool
    blocks : (n_trials,) array_like, optional
        Label of the block of each trial; trials in different blocks are independent. The number of
        trials is then divided by the design effect, by which the dependence within blocks inflates
        the variance (L. Kish, *Survey Sampling*, Wiley 1965).

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import agreement
    >>> rng = np.random.default_rng(1)
    >>> probability = rng.random(1000)
    >>> fired = rng.random(1000) < probability
    >>> agreement(fired, probability > 0.5).text
    '0.748 (0.720 to 0.774)'
    """
    one, other = as_floats(first, "first") != 0.0, as_floats(second, "second") != 0.0
    if one.shape != other.shape or one.size == 0:
        raise NeurosimError(
            f"decisions {one.shape} and {other.shape} must have equal shapes and not be empty"
        )
    same = one == other
    alike, effect = int(same.sum()), design_effect(same, blocks)
    low, high = wilson_interval(alike / effect, same.size / effect)
    return Measure(alike / same.size, "", float(low), float(high), f"of {same.size:,} trials")


def design_effect(values: ArrayLike, blocks: ArrayLike | None) -> float:
    """Return by how much dependence within blocks inflates the variance of a mean, at least 1."""
    if blocks is None:
        return 1.0
    centred = as_floats(values, "values")
    centred = centred - float(centred.mean())
    total = _per_block(centred, blocks)
    n = len(total)
    if n < 2 or not centred.any():  # nothing is known about the dependence: assume the most
        return len(centred) / n
    inflation = float(total @ total) * n / (n - 1) / float(centred @ centred)
    return max(1.0, inflation * (float(stdtrit(n - 1, 0.975)) / NORMAL_95) ** 2)


def cross_entropy(
    fired: ArrayLike, probability: ArrayLike, blocks: ArrayLike | None = None
) -> Measure:
    """Return the mean of −log(probability of the observed outcome) (nats per trial).

    Parameters
    ----------
    fired : (n_trials,) array_like of 0 and 1
    probability : (n_trials,) array_like
        Predicted probability to fire.
    blocks : (n_trials,) array_like, optional
        Label of the block of each trial; trials in different blocks are independent.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import cross_entropy
    >>> rng = np.random.default_rng(1)
    >>> probability = rng.random(1000)
    >>> fired = rng.random(1000) < probability
    >>> cross_entropy(fired, probability).text
    '0.482 nats/trial (0.452 to 0.511)'
    """
    fired, probability = _trials(fired, probability)
    return mean_of(-_log_likelihood(fired, probability), blocks, "nats/trial")


def brier_score(
    fired: ArrayLike, probability: ArrayLike, blocks: ArrayLike | None = None
) -> Measure:
    """Return the mean squared error of probabilities (Brier score).

    The arguments are those of `cross_entropy`.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import brier_score
    >>> rng = np.random.default_rng(1)
    >>> probability = rng.random(1000)
    >>> fired = rng.random(1000) < probability
    >>> brier_score(fired, probability).text
    '0.160 (0.148 to 0.171)'
    """
    fired, probability = _trials(fired, probability)
    return mean_of((probability - fired) ** 2, blocks, "")


def bits_per_spike(
    fired: ArrayLike,
    probability: ArrayLike,
    blocks: ArrayLike | None = None,
    *,
    over: ArrayLike | None = None,
) -> Measure:
    """Return the gain in log-likelihood over another model, in bits per spike.

    Parameters
    ----------
    fired, probability, blocks
        As in `cross_entropy`.
    over : (n_trials,) array_like, optional
        Prediction of the other model. Default: the homogeneous model, which predicts the mean rate
        of these trials.

    Raises
    ------
    NeurosimError
        If no trial fired.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import bits_per_spike
    >>> rng = np.random.default_rng(1)
    >>> probability = rng.random(1000)
    >>> fired = rng.random(1000) < probability
    >>> bits_per_spike(fired, probability).text
    '0.626 bits/spike (0.532 to 0.719)'
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


def bits_per_trial(
    observed: ArrayLike,
    probability: ArrayLike,
    blocks: ArrayLike | None = None,
    *,
    over: ArrayLike | None = None,
) -> Measure:
    """Return the gain in log-likelihood of predicted classes over another model, in bits per trial.

    It is a lower bound of the mutual information between the predictors and the class.

    Parameters
    ----------
    observed : (n_trials,) array_like of int
        Class of each trial: a column of `probability`.
    probability : (n_trials, n_classes) array_like
        Predicted probabilities of the classes.
    blocks : (n_trials,) array_like, optional
        As in `cross_entropy`.
    over : (n_trials, n_classes) array_like, optional
        Prediction of the other model. Default: the frequencies of the classes in these trials.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import bits_per_trial
    >>> rng = np.random.default_rng(1)
    >>> probability = rng.dirichlet([0.5, 0.5, 0.5], size=1000)
    >>> observed = (rng.random((1000, 1)) > probability.cumsum(axis=1)).sum(axis=1)
    >>> bits_per_trial(observed, probability).text
    '0.579 bits/trial (0.514 to 0.644)'
    """
    chance = as_floats(probability, "probability")
    labels = np.asarray(observed)
    if chance.ndim != 2 or labels.shape != chance.shape[:1] or not len(labels):
        raise NeurosimError(
            f"observed {labels.shape} and probability {chance.shape} must hold one class and one "
            "row of probabilities for each trial"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= chance.shape[1]:
        raise NeurosimError(
            f"observed must hold columns of probability, integers from 0 to {chance.shape[1] - 1}"
        )
    if not ((chance >= 0) & (chance <= 1)).all():
        raise NeurosimError("probability must lie in 0 to 1")
    frequencies = np.bincount(labels, minlength=chance.shape[1]) / len(labels)
    other = as_floats(np.broadcast_to(frequencies, chance.shape) if over is None else over, "over")
    if other.shape != chance.shape:
        raise NeurosimError(f"over has shape {other.shape}: it must be {chance.shape}")
    rows = np.arange(len(labels))
    with np.errstate(divide="ignore"):
        gain = np.log2(chance[rows, labels]) - np.log2(other[rows, labels])
    return mean_of(gain, blocks, "bits/trial")


def auc(fired: ArrayLike, score: ArrayLike, blocks: ArrayLike | None = None) -> Measure:
    """Return the area under the ROC curve (AUC).

    This is the probability that a trial with a spike has a higher score than a trial without.

    Interval by DeLong et al. 1988, Biometrics 44:837. Arguments as for `cross_entropy`; `score` may
    be any number that orders the trials.

    Raises
    ------
    NeurosimError
        If all trials fired, or none.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import auc
    >>> rng = np.random.default_rng(1)
    >>> probability = rng.random(1000)
    >>> fired = rng.random(1000) < probability
    >>> auc(fired, probability).text
    '0.848 (0.824 to 0.871)'
    """
    spike: NDArray[np.bool_] = as_floats(fired, "fired") != 0.0
    score = as_floats(score, "score")
    if spike.ndim != 1 or spike.shape != score.shape:
        raise NeurosimError(
            f"fired {spike.shape} and score {score.shape} must be 1-D and of equal length"
        )
    spikes, silences = int(spike.sum()), int((~spike).sum())
    if not spikes or not silences:
        raise NeurosimError(
            f"AUC needs trials with and without a spike: {spikes} of {len(spike)} fired"
        )
    # Fraction of the other class with a lower score than each trial; ties count half.
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
    """Return the 95 % Wilson interval of a proportion.

    Source: Wilson 1927, J. Am. Stat. Assoc. 22:209.

    Parameters
    ----------
    successes, trials : array_like
        Counts; for 0 trials the interval is 0 to 1.

    Returns
    -------
    low, high : ndarray

    Examples
    --------
    >>> from bridge import wilson_interval
    >>> low, high = wilson_interval([8, 80], [10, 100])
    >>> low.round(2), high.round(2)
    (array([0.49, 0.71]), array([0.94, 0.87]))
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
    """Predicted and observed firing probability by bin.

    Attributes
    ----------
    predicted : (n_bins,) ndarray
        Mean prediction in the bin.
    observed : (n_bins,) ndarray
        Fraction of trials that fired in the bin.
    low, high : (n_bins,) ndarray
        Wilson 95 % interval of `observed`.
    trials : (n_bins,) ndarray of int

    Examples
    --------
    >>> from bridge import reliability_curve
    >>> curve = reliability_curve([0, 1, 0, 1], [0.1, 0.2, 0.6, 0.9], n_bins=2)
    >>> curve.predicted, curve.observed, curve.trials
    (array([0.15, 0.75]), array([0.5, 0.5]), array([2, 2]))
    """

    predicted: NDArray[np.float64]
    observed: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    trials: NDArray[np.int64]


def reliability_curve(
    fired: ArrayLike, probability: ArrayLike, n_bins: int = 10, *, equal_counts: bool = False
) -> Reliability:
    """Return the observed firing probability in bins of predicted probability.

    Parameters
    ----------
    fired, probability : (n_trials,) array_like
        As in `cross_entropy`.
    n_bins : int
        Number of bins; bins without trials are omitted.
    equal_counts : bool
        Use bins of equal counts instead of equal width, for rare spikes.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import reliability_curve
    >>> rng = np.random.default_rng(1)
    >>> probability = rng.random(2000)
    >>> curve = reliability_curve(rng.random(2000) < probability, probability, n_bins=4)
    >>> curve.predicted.round(2)
    array([0.13, 0.38, 0.62, 0.87])
    >>> curve.observed.round(2)
    array([0.14, 0.4 , 0.64, 0.87])
    """
    fired, probability = _trials(fired, probability)
    n_bins = as_integer(n_bins, "n_bins", 1)
    if n_bins > MOST_BINS:
        raise NeurosimError(f"n_bins = {n_bins} is above {MOST_BINS}: give fewer bins")
    inner = np.linspace(0.0, 1.0, n_bins + 1)[1:-1]
    edges = np.unique(np.quantile(probability, inner)) if equal_counts else inner
    # Predictions that differ by rounding only must fall into the same bin.
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
    """Return outcomes and probabilities as checked arrays."""
    fired, probability = as_floats(fired, "fired"), as_floats(probability, "probability")
    if fired.ndim != 1 or fired.shape != probability.shape or fired.size == 0:
        raise NeurosimError(
            f"fired {fired.shape} and probability {probability.shape} must be 1-D, of equal length "
            "and not empty"
        )
    if not np.isin(fired, (0.0, 1.0)).all():
        raise NeurosimError("fired must contain only 0 (silent) and 1 (fired)")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise NeurosimError("probability must lie in 0 to 1")
    return fired, probability


def _log_likelihood(fired: NDArray, probability: NDArray) -> NDArray[np.float64]:
    """Return the log-likelihood of each trial."""
    return xlogy(fired, probability) + xlog1py(1.0 - fired, -probability)


def mean_of(values: NDArray, blocks: ArrayLike | None = None, unit: str = "") -> Measure:
    """Return a mean with its interval."""
    value = values.mean()
    # The loss is infinite if an observed outcome had probability 0; there is no interval then.
    centred = values - value if np.isfinite(value) else np.full(len(values), np.nan)
    return _estimate(value, centred / len(values), blocks, unit)


def _estimate(value: float, influence: NDArray, blocks: ArrayLike | None, unit: str) -> Measure:
    """Return a measure whose error is a sum of influences, independent between blocks."""
    influence = influence if blocks is None else _per_block(influence, blocks)
    n = len(influence)
    if n < 2:
        return Measure(float(value), unit, math.nan, math.nan)
    error = math.sqrt(float(influence @ influence) * n / (n - 1))
    half = float(stdtrit(n - 1, 0.975)) * error  # Student's t, as there may be few blocks
    return Measure(float(value), unit, float(value) - half, float(value) + half)


def check_blocks(blocks: ArrayLike, n_trials: int) -> None:
    """Raise an error unless there is one label of a block for each trial."""
    if np.asarray(blocks, dtype=object).shape != (n_trials,):
        raise NeurosimError(f"blocks must hold one label for each of the {n_trials} trials")


def _per_block(values: NDArray, blocks: ArrayLike) -> NDArray[np.float64]:
    """Return the sum of values in each block."""
    check_blocks(blocks, len(values))
    index: NDArray[np.intp] = np.unique(blocks, return_inverse=True)[1]
    return np.bincount(index, weights=values).astype(np.float64)


def coincidence_factor(
    data: ArrayLike, model: ArrayLike, *, duration: float, window: float = 2.0
) -> float:
    """Return the coincidence factor Γ of two spike trains.

    Γ is 1 for equal trains and 0 on average for a Poisson train of equal rate.

    Γ = (N_c − 2νΔ N_data) / (½ (N_data + N_model)(1 − 2νΔ)), where N_c is the number of spikes in
    the data that can be paired with different spikes of the model at most Δ away, and ν is the rate
    of the model (Jolivet et al. 2008, J. Neurosci. Methods 169:417).

    Parameters
    ----------
    data, model : (n,) array_like
        Spike times (ms), ascending, from 0 to `duration`.
    duration : float
        Length of the recording (ms).
    window : float
        Δ (ms).

    Raises
    ------
    NeurosimError
        If spike times are not ascending or out of range, if both trains are empty, or if the rate
        of the model is so high that every spike matches by chance (2νΔ ≥ 1).

    Examples
    --------
    >>> from bridge import coincidence_factor
    >>> round(coincidence_factor([10.0, 50.0, 90.0], [11.0, 49.5, 70.0], duration=100.0), 3)
    0.621
    """
    positive(duration, "duration", "ms")
    positive(window, "window", "ms")
    data, model = _ordered("data", data, duration), _ordered("model", model, duration)
    if len(data) + len(model) == 0:
        raise NeurosimError("both spike trains are empty: give at least one spike")
    chance = 2.0 * window * len(model) / duration
    if chance >= 1:
        raise NeurosimError(
            f"at a model rate of {1000 * len(model) / duration:.4g} Hz every spike matches by "
            f"chance within {window:g} ms: give a smaller window"
        )
    matched = coincidences(data, model, window) - chance * len(data)
    return matched / (0.5 * (len(data) + len(model)) * (1.0 - chance))


def coincidences(data: NDArray, model: NDArray, window: float) -> int:
    """Return the largest number of disjoint pairs of spikes within `window` (ms).

    Pairing the earliest spikes first is optimal because all windows have the same length.
    """
    i = j = found = 0
    while i < len(data) and j < len(model):
        if abs(data[i] - model[j]) <= window:
            found, i, j = found + 1, i + 1, j + 1
        elif data[i] < model[j]:
            i += 1
        else:
            j += 1
    return found


def _ordered(name: str, times: ArrayLike, duration: float) -> NDArray[np.float64]:
    """Return spike times that are ascending and within the recording."""
    train = as_floats(times, name)
    inside = train.ndim == 1 and bool(((train >= 0) & (train <= duration)).all())
    if not inside or (np.diff(train) < 0).any():
        raise NeurosimError(
            f"{name} must be a 1-D array of ascending spike times within 0 to {duration:g} ms"
        )
    return train
