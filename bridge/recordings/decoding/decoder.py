"""Decoder of classes from population spikes."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_expit, log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_predict

from bridge.evaluation.measures import check_blocks
from bridge.learning.features import Fold, blocked_folds
from bridge.learning.logistic import LogisticNeuron
from bridge.learning.separation import SeparableDataWarning
from bridge.learning.validation import require_classes, require_fitted, validated
from bridge.neuron.filtered import memoryless_neuron
from bridge.neuron.mapping import LogisticUnit, to_spiking
from bridge.recordings.decoding.decoding import Decoding
from bridge.recordings.decoding.readout import SpikingReadout
from bridge.recordings.decoding.softmax import fit_softmax
from bridge.utils.checks import as_integer, finite, positive
from neurosim import NeurosimError

# A block of dependent trials is as long as this number of margins.
MARGINS_PER_BLOCK = 10


class LogisticDecoder(ClassifierMixin, BaseEstimator):
    r"""Decode a class from population spikes by logistic regression.

    Two classes are decoded by a logistic neuron, more by a softmax, with scores that are linear in
    the features:

    .. math:: P(k \mid x) = \frac{e^{b_k + w_k \cdot x}}{\sum_j e^{b_j + w_j \cdot x}}

    This is the exact posterior for spike counts of independent Poisson neurons: the weight of a
    neuron is then the logarithm of its rate in class k, up to a constant. Features are counts in
    windows (`trial_counts`), filtered counts (`filtered_counts`) or any matrix.

    Parameters
    ----------
    ridge : float
        Penalty, in nats per trial, on weights of columns scaled to variance 1. Compare values with
        ``GridSearchCV(LogisticDecoder(), {"ridge": [...]}, cv=blocked_folds(...))``.
    tol : float
        Largest component of the gradient, in standardised columns, at which to stop.
    max_iter : int
        Maximum number of steps.

    Attributes
    ----------
    classes_ : (n_classes,) ndarray
        Sorted labels.
    coef_ : (n_scores, n) ndarray
        Weights. One score for two classes, the log-odds of `classes_[1]`. Otherwise one for each
        class; their sum over the classes is 0.
    intercept_ : (n_scores,) ndarray
    standard_errors_ : (n_scores, n + 1) ndarray
        Of intercept and weights, from the inverse Hessian of the penalised log-likelihood. NaN
        where they are undetermined, and for more than 2000 parameters.
    n_iter_ : int
    n_features_in_ : int

    References
    ----------
    A. Pouget, P. Dayan & R. S. Zemel, *Inference and computation with population codes*, Annu. Rev.
    Neurosci. 26, 381 (2003). M. Jazayeri & J. A. Movshon, *Optimal representation of sensory
    information by neural populations*, Nat. Neurosci. 9, 690 (2006).

    Examples
    --------
    Three stimuli, to each of which one of three neurons responds:

    >>> import numpy as np
    >>> from bridge import LogisticDecoder
    >>> rng = np.random.default_rng(1)
    >>> stimulus = rng.integers(0, 3, 600)
    >>> counts = rng.poisson(np.where(stimulus[:, np.newaxis] == np.arange(3), 6.0, 2.0))
    >>> decoder = LogisticDecoder().fit(counts, stimulus)
    >>> decoder.predict([[8, 1, 2], [2, 2, 5]])
    array([0, 2])
    >>> decoding = decoder.cross_validate(counts, stimulus)
    >>> decoding.accuracy.text
    '0.893 (0.866 to 0.916)'
    """

    def __init__(self, *, ridge: float = 0.01, tol: float = 1e-6, max_iter: int = 1000) -> None:
        self.ridge = ridge
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: ArrayLike, y: ArrayLike) -> LogisticDecoder:
        """Fit the decoder to trials.

        Parameters
        ----------
        X : (n_trials, n) array_like
            Features of each trial or time bin.
        y : (n_trials,) array_like
            Class of each.

        Raises
        ------
        NeurosimError
            If parameters are out of range, if features are not finite, or if there is one class.
        """
        finite(self.ridge, "ridge", low=0.0)
        positive(self.tol, "tol")
        as_integer(self.max_iter, "max_iter", 1)
        trials, labels = validated(self, X, y, dtype=np.float64)
        require_classes(labels)
        self.classes_, index = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise NeurosimError(
                f"y holds one class only, {self.classes_.tolist()}: give two or more classes"
            )
        if len(self.classes_) == 2:
            self._fit_neuron(trials, index)
        else:
            found = fit_softmax(trials, index, self.ridge, self.tol, self.max_iter)
            self.coef_, self.intercept_, self.standard_errors_, self.n_iter_ = found
        return self

    def _fit_neuron(self, trials: NDArray, index: NDArray) -> None:
        """Fit a logistic neuron that fires for the second class."""
        neuron = LogisticNeuron(ridge=self.ridge, tol=self.tol, max_iter=self.max_iter)
        with warnings.catch_warnings():
            if self.ridge:  # the penalised fit is finite
                warnings.simplefilter("ignore", SeparableDataWarning)
            neuron.fit(trials, index)
        self.coef_, self.intercept_ = neuron.coef_, neuron.intercept_
        self.standard_errors_ = neuron.standard_errors_[np.newaxis]
        self.n_iter_ = neuron.n_iter_

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the scores: shape (n_trials,) for two classes, else (n_trials, n_classes)."""
        require_fitted(self)
        trials = validated(self, X, dtype=np.float64, reset=False)
        scores = trials @ self.coef_.T + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the logarithms of `predict_proba`, shape (n_trials, n_classes)."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack([log_expit(-scores), log_expit(scores)])
        return log_softmax(scores, axis=1)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the posterior probabilities of `classes_`, shape (n_trials, n_classes)."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the most probable class of each trial, shape (n_trials,)."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes_[best]

    def cross_validate(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        n_folds: int = 5,
        margin: int = 0,
        blocks: ArrayLike | None = None,
    ) -> Decoding:
        """Decode every trial by a decoder that was fitted to other blocks of time.

        Parameters
        ----------
        X, y
            As for `fit`, in the order of time.
        n_folds : int
            Number of blocks, each of which is decoded by a fit to the others.
        margin : int
            Trials next to a block that are left out of the fit. For time bins with filtered counts
            use the number of lags.
        blocks : (n_trials,) array_like, optional
            Label of the block of each trial; trials in different blocks are independent. Intervals
            depend on it. Default: trials are independent; with a margin, blocks of ten margins are.

        Returns
        -------
        Decoding

        Raises
        ------
        NeurosimError
            If a class occurs in one block only.
        """
        trials, labels = validated(clone(self), X, y, dtype=np.float64)
        require_classes(labels)
        folds = blocked_folds(len(labels), n_folds, margin=margin)
        classes, observed = np.unique(labels, return_inverse=True)
        _require_classes_in_training(folds, labels, classes, margin)
        if blocks is not None:
            check_blocks(blocks, len(labels))
        elif margin:
            blocks = np.arange(len(labels)) // (MARGINS_PER_BLOCK * margin)
        probability, base = (
            cross_val_predict(model, trials, labels, cv=folds, method="predict_proba")
            for model in (clone(self), DummyClassifier(strategy="prior"))
        )
        return Decoding(classes, observed, probability, base, blocks)

    def to_spiking(
        self, *, width: float = 1.0, beta: float = 0.5, bias: float | None = None
    ) -> SpikingReadout:
        """Return spiking neurons with the same weights, whose spikes are the decisions.

        Parameters
        ----------
        width : float
            Time in which a neuron fires or not (ms): the bin width, and the simulation step.
        beta : float
            Slope of the escape noise (per mV), which sets the scale of the synapses.
        bias : float, optional
            Constant added to the scores of more than two classes. It changes how often exactly one
            neuron fires, not which one. Default: −log(n_classes − 1), so that a neuron fires with
            probability 1/n_classes if the spikes favour no class.

        Returns
        -------
        SpikingReadout

        Examples
        --------
        >>> import numpy as np
        >>> from bridge import LogisticDecoder
        >>> rng = np.random.default_rng(1)
        >>> stimulus = rng.integers(0, 3, 600)
        >>> counts = rng.poisson(np.where(stimulus[:, np.newaxis] == np.arange(3), 6.0, 2.0))
        >>> decoder = LogisticDecoder().fit(counts, stimulus)
        >>> decoder.predict_proba([[5, 4, 3]]).round(2)
        array([[0.64, 0.24, 0.11]])
        >>> readout = decoder.to_spiking()
        >>> decision = readout.decide(readout.fire(np.repeat([[5, 4, 3]], 10_000, axis=0)))
        >>> decided = decision[decision >= 0]
        >>> (np.bincount(decided) / len(decided)).round(2)
        array([0.64, 0.24, 0.12])
        """
        require_fitted(self)
        n_scores = len(self.intercept_)
        shift = 0.0 if n_scores == 1 else -np.log(n_scores - 1.0)
        if bias is not None:
            shift = finite(bias, "bias")
        neuron = memoryless_neuron(width)
        units = tuple(
            to_spiking(LogisticUnit(b + shift, w), neuron=neuron, noise="escape", beta=beta)
            for b, w in zip(self.intercept_.tolist(), self.coef_, strict=True)
        )
        return SpikingReadout(self.classes_, units, float(width))


def _require_classes_in_training(
    folds: list[Fold], labels: NDArray, classes: NDArray, margin: int
) -> None:
    """Raise an error if a class is missing in the trials of a fit."""
    for train, test in folds:
        missing = np.setdiff1d(classes, labels[train]).tolist()
        if missing:
            raise NeurosimError(
                f"class {missing[0]!r} occurs only in trials {max(test[0] - margin, 0)} to "
                f"{test[-1] + margin}, which are left out together: shuffle the trials if they are "
                "independent, or give more folds"
            )
