"""The logistic neuron as a scikit-learn classifier, trained by gradient descent."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import _check_sample_weight

from bridge.evaluation.measures import NORMAL_95
from bridge.learning.labels import class_factors, fired_class, two_classes
from bridge.learning.losses import find_loss
from bridge.learning.options import options_of
from bridge.learning.training import Data, train
from bridge.learning.validation import require_fitted, validated
from neurosim import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from bridge.learning.losses import PointLoss


class NoScaleError(NeurosimError, AttributeError):
    """A fitted neuron has no PSPs in mV, as it fires at rest.

    To `hasattr` and so to `dir` the attribute is missing, as it is before the fit.
    """


class LogisticNeuron(ClassifierMixin, BaseEstimator):
    """A neuron of the score s = θ₀ + Σ θᵢ aᵢ, trained on trials by gradient descent.

    As it stands it fires with probability σ(s) and is fitted by maximum likelihood: it minimises
    the mean cross-entropy plus ridge/2 times the squared weights of the standardised columns.
    Sample weights count as repetitions of a trial.

    Parameters
    ----------
    loss : {"cross-entropy", "squared", "perceptron"}
        The squared error is ½ (g(s) − t)², t the target. The perceptron criterion max(0, −margin)
        is that of a step, whose own derivative is 0.
    activation : {"sigmoid", "tanh", "relu", "step"}
        Of the neuron's score, g(s). With tanh it fires with (1 + tanh s)/2 and the targets of the
        squared error are −1 and 1; with relu it fires with max(s, 0), clipped to 1, and with step
        if s > 0. Cross-entropy takes sigmoid and tanh, the squared error these and relu, the
        perceptron criterion step.
    solver : {"auto", "newton", "accelerated", "gradient", "stochastic"}
        Method of descent; see `bridge.learning.descent` and
        `bridge.learning.stochastic`. "auto" is Newton's method up to 500 columns, accelerated
        descent beyond, and Rosenblatt's rule for the perceptron criterion.
    ridge : float
        Penalty, in nats per trial, on weights of columns scaled to variance 1 (as in glmnet), so
        that it does not depend on the columns' units; the intercept is free. Without intercept
        columns are scaled to a mean square of 1.
    firth : bool
        Penalise the likelihood with Jeffreys' prior: fits are finite even of separable data, and
        their bias is smaller (Firth 1993; Heinze & Schemper 2002). Newton's method only.
    fit_intercept : bool
        Whether the score has an intercept θ₀; it is 0 otherwise.
    class_weight : "balanced", dict or None
        Factors of the trials' weights by label, 1 for those not named; "balanced" gives both
        classes the same total. They shift the intercept and are no repetitions: `covariance_` is
        NaN, while the sandwich, and with it the intervals of `psp_`, takes them into account.
    pos_label : label, optional
        The label that means "fired", to which weights and PSPs refer; by default the greater one,
        of words the last in alphabetical order.
    tol : float
        When to stop: at a gradient whose largest component, in standardised columns, is at most
        this, and at most 300 times as many standard errors from the minimum (3e-4 by default).
        Newton's method goes on until its steps are below 1e-9 of the parameters.
    max_iter : int, optional
        Most steps to take, epochs in stochastic descent. By default 100 of Newton's, 1000 epochs,
        10,000 others.
    batch_size : int
        Trials per step of stochastic descent.
    random_state : int, Generator, RandomState or None
        Of the order of trials in stochastic descent.
    threads : int, optional
        Threads to use, by default all cores. The fit has the same bits for any number.
    progress : bool
        Show a bar with the time left on the standard error stream.
    gap : float
        v_threshold − v_rest of the spiking neuron (mV): sets the scale of `psp_`.

    Attributes
    ----------
    classes_ : (2,) ndarray
        The labels, sorted.
    pos_label_ : label
        The one that means "fired".
    coef_ : (1, n) ndarray
        θ₁ … θₙ, 0 for a column that never changes.
    intercept_ : (1,) ndarray
        θ₀.
    history_ : Descent
        Loss, gradient norm and cost of each step, and the path of (θ₀, θ₁ …).
    n_iter_ : int
    converged_ : bool
    separable_ : bool
        Whether the classes, or some of the trials (quasi-complete separation), can be told apart
        without error, so that some weights have no finite maximum-likelihood estimate. With a
        penalty only classes that the fitted neuron itself separates are noticed.
    unbounded_columns_ : ndarray of int
        Columns whose weights have no finite best value.
    covariance_ : (n + 1, n + 1) ndarray
        Of (θ₀, θ₁ …), inverse Fisher information (Wald): right if the neuron is logistic. NaN where
        the data do not determine a parameter or put no bound to it, and for losses other than the
        cross-entropy, which are no likelihood.
    sandwich_covariance_ : (n + 1, n + 1) ndarray
        The same without trust in the link function (Huber 1967; White 1982, Econometrica 50:1), for
        the squared error too. NaN for relu and step, where the loss has kinks; both are NaN beyond
        2000 columns.
    n_features_in_ : int
    feature_names_in_ : (n,) ndarray of str
        Names of the columns, where the trials are a DataFrame with such.

    Notes
    -----
    Columns that separate some of the trials without error, as a rare input after which the neuron
    always fires, or the spike history within a refractory period, have no finite best weight. A
    SeparableDataWarning names them. All other weights, with their standard errors, are the fit of
    the trials that remain, to which the likelihood tends. If nothing remains, as of classes that a
    plane separates, a ridge of one over the trials' total weight is used, and only the direction of
    the weights has a meaning. `firth=True` gives finite estimates in either case.

    A perceptron of classes that are not separable keeps the weights with the fewest errors.
    """

    def __init__(
        self,
        *,
        loss: Literal["cross-entropy", "squared", "perceptron"] = "cross-entropy",
        activation: Literal["sigmoid", "tanh", "relu", "step"] = "sigmoid",
        solver: Literal["auto", "newton", "accelerated", "gradient", "stochastic"] = "auto",
        ridge: float = 0.0,
        firth: bool = False,
        fit_intercept: bool = True,
        class_weight: Literal["balanced"] | Mapping[Any, float] | None = None,
        pos_label: Any = None,
        tol: float = 1e-6,
        max_iter: int | None = None,
        batch_size: int = 1,
        random_state: Any = 0,
        threads: int | None = None,
        progress: bool = False,
        gap: float = 15.0,
    ) -> None:
        self.loss = loss
        self.activation = activation
        self.solver = solver
        self.ridge = ridge
        self.firth = firth
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.pos_label = pos_label
        self.tol = tol
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.random_state = random_state
        self.threads = threads
        self.progress = progress
        self.gap = gap

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> LogisticNeuron:
        """Train the neuron on trials.

        Parameters
        ----------
        X : (n_trials, n) array_like or sparse matrix
            Activity of the presynaptic neurons, or any covariates.
        y : (n_trials,) array_like
            Two classes; `pos_label`, or else the greater, means that the neuron fired.
        sample_weight : (n_trials,) array_like, optional
            Weights of the trials, 0 or more.

        Raises
        ------
        NeurosimError
            For parameters out of range or at odds, NaN or infinity, and labels which are not two
            classes.
        """
        options = options_of(self)
        trained = train(self._data(X, y, sample_weight), options)
        theta = trained.descent.theta
        self.intercept_, self.coef_ = theta[:1], theta[np.newaxis, 1:]
        self.history_, self.separable_ = trained.descent, trained.separable
        self.n_iter_, self.converged_ = trained.descent.n_iter, trained.descent.converged
        self.unbounded_columns_ = trained.unbounded
        self.covariance_, self.sandwich_covariance_ = trained.covariance, trained.sandwich
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """How far the scores lie above the one at which the neuron fires half the time.

        The scores θ₀ + Σ θᵢ aᵢ themselves, less ½ for relu; shape (n_trials,). Above 0 they speak
        for `classes_[1]`, so that the sign is the other one where `pos_label` is `classes_[0]`.
        """
        above = self._scores(X) - self._loss.even_score
        return above if self._fires_as_second else -above

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of both classes, in the order of `classes_`; shape (n_trials, 2).

        By default these are not to fire, and to fire.
        """
        return self._in_order(self._loss.probabilities(self._scores(X)))

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Logarithms of `predict_proba`, of σ also where it rounds to 0; shape (n_trials, 2)."""
        return self._in_order(self._loss.log_probabilities(self._scores(X)))

    def predict(self, X: ArrayLike) -> NDArray:
        """The more probable class of each trial, shape (n_trials,)."""
        second = self.decision_function(X) > 0
        return self.classes_[second.astype(int)]

    @property
    def gain(self) -> float:
        """Number by which to multiply the scores, so that σ of them is the probability to fire.

        Raises
        ------
        NeurosimError
            For relu and step, whose probability is no σ.
        """
        if self.activation in ("relu", "step"):
            raise NeurosimError(
                f"a neuron with activation = {self.activation!r} has no logistic twin: train it "
                "with 'sigmoid' or 'tanh'"
            )
        return self._loss.gain

    @property
    def standard_errors_(self) -> NDArray[np.float64]:
        """Wald standard errors of (θ₀, θ₁ …), shape (n + 1,)."""
        require_fitted(self)
        return np.sqrt(np.diag(self.covariance_))

    @property
    def psp_(self) -> NDArray[np.float64]:
        """Postsynaptic potentials −gap·θᵢ/θ₀ (mV), shape (n,)."""
        require_fitted(self)
        return -self.gap * self.coef_[0] / self._intercept_below_zero()

    @property
    def psp_standard_errors_(self) -> NDArray[np.float64]:
        """Standard errors of `psp_` (mV) by the delta method, with the sandwich; shape (n,).

        The ratio to θ₀ survives a misspecified link, which scales all parameters alike, and the
        sandwich gives its spread.
        """
        require_fitted(self)
        theta0 = self._intercept_below_zero()
        unknown = np.isnan(np.diag(self.sandwich_covariance_))
        if unknown.all():
            return np.full(len(unknown) - 1, np.nan)
        # Column 0 of the Jacobian is the slope in θ₀; of the others only the diagonal is not 0.
        by_theta0, by_own = self.gap * self.coef_[0] / theta0**2, -self.gap / theta0
        covariance = self.sandwich_covariance_
        variance = (
            by_theta0**2 * covariance[0, 0]
            + 2.0 * by_theta0 * by_own * covariance[0, 1:]
            + by_own**2 * np.diag(covariance)[1:]
        )
        return np.sqrt(np.maximum(variance, 0.0))

    @property
    def psp_interval_(self) -> NDArray[np.float64]:
        """95 % intervals of `psp_` (mV), shape (n, 2)."""
        half = NORMAL_95 * self.psp_standard_errors_
        return np.column_stack([self.psp_ - half, self.psp_ + half])

    def summary(self) -> Any:
        """Return the fit as a table, a row for the intercept and one for each column.

        Returns
        -------
        DataFrame
            Of columns `weight`, `standard_error`, `lower`, `upper` (the 95 % interval of the
            weight), `psp`, `psp_lower` and `psp_upper` (mV). The PSPs, and all that the trials do
            not determine, are NaN where there are none.

        Raises
        ------
        NeurosimError
            Before the fit, and where pandas is not installed.
        """
        require_fitted(self)
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise NeurosimError("a summary is a table of pandas: install pandas") from None
        names = getattr(self, "feature_names_in_", [f"x{k}" for k in range(self.n_features_in_)])
        weight, half = np.append(self.intercept_, self.coef_), NORMAL_95 * self.standard_errors_
        table = {
            "weight": weight,
            "standard_error": self.standard_errors_,
            "lower": weight - half,
            "upper": weight + half,
        }
        psp = np.full((len(weight), 3), np.nan)
        if self.intercept_[0] < 0:
            psp[1:] = np.column_stack([self.psp_, self.psp_interval_])
        table |= dict(zip(("psp", "psp_lower", "psp_upper"), psp.T, strict=True))
        return pandas.DataFrame(table, index=["intercept", *names])

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn: two classes, sparse matrices welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.sparse = True
        return tags

    @property
    def _fires_as_second(self) -> bool:
        return bool(self.pos_label_ == self.classes_[1])

    def _in_order(self, by_firing: NDArray) -> NDArray[np.float64]:
        """Columns "silent" and "fired" in the order of the classes."""
        return by_firing if self._fires_as_second else by_firing[:, ::-1]

    @property
    def _loss(self) -> PointLoss:
        return find_loss(self.loss, self.activation)

    def _scores(self, X: ArrayLike) -> NDArray[np.float64]:
        require_fitted(self)
        X = validated(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return X @ self.coef_[0] + self.intercept_[0]

    def _intercept_below_zero(self) -> float:
        theta0 = float(self.intercept_[0])
        if theta0 >= 0:
            raise NoScaleError(
                f"intercept_ = {theta0:g} is not below 0, so the neuron fires at rest and has no "
                "scale in mV: use to_spiking(neuron, beta=...), which injects a current"
            )
        return theta0

    def _data(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> Data:
        """Return the trials of weight above 0; set the labels."""
        trials, labels = validated(self, X, y, accept_sparse="csr", dtype=np.float64, order="C")
        try:
            counts = _check_sample_weight(
                sample_weight, trials, dtype=np.float64, ensure_non_negative=True
            )
        except (TypeError, ValueError) as error:
            raise NeurosimError(
                f"sample_weight is no list of finite numbers from 0, one a trial: {error}"
            ) from None
        present = counts > 0
        if not present.all():
            trials, labels, counts = trials[present], labels[present], counts[present]
        self.classes_ = two_classes(labels)
        self.pos_label_ = self.classes_[fired_class(self.classes_, self.pos_label)]
        emphasis = None
        if self.class_weight is not None:
            greater = labels == self.classes_[1]
            factors = class_factors(self.class_weight, self.classes_, greater, counts)
            emphasis = factors[greater.astype(int)]
        fired = labels == self.pos_label_
        names = getattr(self, "feature_names_in_", None)
        return Data(trials, np.where(fired, 1.0, -1.0), counts, emphasis, names)
