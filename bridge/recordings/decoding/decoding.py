"""Results of cross-validated decoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.evaluation.measures import (
    Measure,
    agreement,
    bits_per_trial,
    design_effect,
    mean_of,
    wilson_interval,
)
from bridge.recordings.decoding import plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Decoding:
    """Classes decoded from held-out trials; from `LogisticDecoder.cross_validate`.

    Attributes
    ----------
    classes : (n_classes,) ndarray
    observed : (n_trials,) ndarray of int
        Index of the class of each trial.
    probability : (n_trials, n_classes) ndarray
        Posterior probabilities.
    base : (n_trials, n_classes) ndarray
        Frequencies of the classes in the other blocks.
    blocks : (n_trials,) array_like or None
        Blocks of dependent trials.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import LogisticDecoder
    >>> rng = np.random.default_rng(1)
    >>> stimulus = rng.choice(["left", "right"], 400)
    >>> counts = rng.poisson(np.where(stimulus == "left", 3.0, 6.0))[:, np.newaxis]
    >>> decoding = LogisticDecoder().cross_validate(counts, stimulus)
    >>> decoding.accuracy.text, decoding.bits_per_trial.text
    ('0.797 (0.755 to 0.834)', '0.339 bits/trial (0.268 to 0.411)')
    >>> decoding.confusion
    array([[169,  26],
           [ 55, 150]])
    """

    classes: NDArray
    observed: NDArray[np.int64]
    probability: NDArray[np.float64]
    base: NDArray[np.float64]
    blocks: ArrayLike | None = None

    @property
    def decoded(self) -> NDArray[np.int64]:
        """Index of the most probable class of each trial, shape (n_trials,)."""
        return self.probability.argmax(axis=1)

    @cached_property
    def accuracy(self) -> Measure:
        """Fraction of trials that are decoded correctly, with its 95 % interval."""
        correct = self.decoded == self.observed
        return agreement(correct, np.ones(len(correct)), self.blocks)

    @property
    def chance(self) -> float:
        """Accuracy of always naming the most frequent class of the other blocks."""
        return float((self.base.argmax(axis=1) == self.observed).mean())

    @cached_property
    def bits_per_trial(self) -> Measure:
        """Gain in log-likelihood over the frequencies of the classes, with its 95 % interval."""
        return bits_per_trial(self.observed, self.probability, self.blocks, over=self.base)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Number of trials by true class (row) and decoded class (column)."""
        n = len(self.classes)
        return np.bincount(n * self.observed + self.decoded, minlength=n * n).reshape(n, n)

    @property
    def confusion_interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """95 % Wilson intervals of the fraction of each true class that is decoded as each class.

        Two arrays, low and high, of shape (n_classes, n_classes).
        """
        effect = design_effect(self.decoded == self.observed, self.blocks)
        counts = self.confusion / effect
        return wilson_interval(counts, counts.sum(axis=1, keepdims=True))

    def plot(self, *, title: str = "") -> Figure:
        """Draw the fraction of each true class that is decoded as each class.

        Parameters
        ----------
        title : str
            Default: the accuracy.
        """
        return plot.confusion_plot(self, title=title)


@dataclass(frozen=True, eq=False)
class StimulusDecoding(Decoding):
    """A stimulus decoded from held-out trials; from `StimulusDecoder.cross_validate`.

    Attributes
    ----------
    stimulus : (n_trials,) ndarray
        True values.
    estimate : (n_trials,) ndarray
        Posterior means.
    residual : (n_trials,) ndarray
        Estimate − stimulus, within half a period for circular stimuli.
    residual_without_spikes : (n_trials,) ndarray
        The same for the mean of the frequencies of the bins in the other blocks.
    period : float or None
        Period of a circular stimulus.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import StimulusDecoder
    >>> rng = np.random.default_rng(1)
    >>> contrast = rng.uniform(0.0, 1.0, 500)
    >>> counts = rng.poisson(10.0 * contrast[:, np.newaxis] + [2.0, 5.0, 8.0])
    >>> decoding = StimulusDecoder().cross_validate(counts, contrast)
    >>> decoding.error.text, round(decoding.r2, 2)
    ('0.1245 (0.1160 to 0.1329)', 0.7)
    """

    stimulus: NDArray[np.float64] = field(kw_only=True)
    estimate: NDArray[np.float64] = field(kw_only=True)
    residual: NDArray[np.float64] = field(kw_only=True)
    residual_without_spikes: NDArray[np.float64] = field(kw_only=True)
    period: float | None = field(kw_only=True)

    @cached_property
    def error(self) -> Measure:
        """Mean absolute error, with its 95 % interval."""
        return mean_of(np.abs(self.residual), self.blocks)

    @property
    def r2(self) -> float:
        """Fraction of the squared error without spikes that the spikes explain."""
        return 1.0 - float((self.residual**2).sum() / (self.residual_without_spikes**2).sum())

    def plot(self, *, title: str = "") -> Figure:
        """Draw the mean posterior probability against the stimulus.

        Parameters
        ----------
        title : str
            Default: the mean absolute error.
        """
        return plot.posterior_plot(self, title=title)
