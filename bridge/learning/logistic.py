"""The logistic neuron as a scikit-learn classifier, trained by gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import _check_sample_weight

from bridge.evaluation.measures import NORMAL_95
from bridge.learning.losses import PointLoss, find_loss
from bridge.learning.training import SOLVERS, Data, train
from bridge.learning.validation import (
    class_factors,
    fired_class,
    require_fitted,
    two_classes,
    validated,
)
from bridge.utils.checks import as_flag, as_integer, finite, positive, require_choice
from bridge.utils.renamed import old_attributes, old_parameter
from neurosim import NeurosimError


class NoScaleError(NeurosimError, AttributeError):
    """Error for PSPs in mV of a fitted neuron that fires at rest.

    For `hasattr` the attribute is missing.
    """


@old_parameter("gap", "threshold_distance")
@old_attributes(gap="threshold_distance")
class LogisticNeuron(ClassifierMixin, BaseEstimator):
    """Logistic neuron with score s = θ₀ + Σ θᵢ aᵢ, trained by gradient descent.

    By default it fires with probability σ(s) and is fitted by maximum likelihood: the fit minimises
    the mean cross-entropy plus ridge/2 times the squared weights of the standardised columns.
    Sample weights count as repetitions of a trial.

    Parameters
    ----------
    loss : {"cross-entropy", "squared", "perceptron"}
        The squared error is ½ (g(s) − t)² with target t. The perceptron criterion max(0, −margin)
        replaces the loss of a step, whose derivative is 0.
    activation : {"sigmoid", "tanh", "relu", "step"}
        Activation g(s). With "tanh" the firing probability is (1 + tanh s)/2 and the targets of the
        squared error are −1 and 1; with "relu" it is max(s, 0), clipped to 1; with "step" the
        neuron fires if s > 0. Cross-entropy requires sigmoid or tanh, the squared error one of
        these or relu, the perceptron criterion step.
    solver : {"auto", "newton", "accelerated", "gradient", "stochastic"}
        Optimiser; see `bridge.learning.optimizers` and `bridge.learning.stochastic`. "auto" is
        Newton's method up to 500 columns, accelerated descent for more, and Rosenblatt's rule for
        the perceptron criterion.
    ridge : float
        Penalty, in nats per trial, on weights of columns scaled to variance 1 (as in glmnet), so
        that it does not depend on units. The intercept is not penalised. Without intercept columns
        are scaled to a mean square of 1.
    firth : bool
        Whether to penalise the likelihood by Jeffreys' prior. Fits are then finite even for
        separable data, and less biased (Firth 1993; Heinze & Schemper 2002). Newton's method only.
    fit_intercept : bool
        Whether the score has an intercept θ₀.
    class_weight : "balanced", dict or None
        Factors of the trials' weights by label, 1 for missing labels; "balanced" gives both classes
        equal total weight. The factors shift the intercept and are not repetitions: `covariance_`
        is NaN, while the sandwich covariance and the intervals of `psp_` account for them.
    pos_label : label, optional
        Label that means "fired". Default: the greater one.
    tol : float
        Largest component of the gradient, in standardised columns, at which to stop. The distance
        from the minimum must also be at most 300 tol standard errors (3e-4 by default). Newton's
        method continues until steps are below 1e-9 of the parameters.
    max_iter : int, optional
        Maximum number of steps, or of epochs in stochastic descent. Default: 100 for Newton's
        method, 1000 epochs, 10,000 otherwise.
    batch_size : int
        Trials per step of stochastic descent.
    random_state : int, Generator, RandomState or None
        Determines the order of trials in stochastic descent.
    threads : int, optional
        Number of threads. Default: all cores. The result does not depend on it.
    progress : bool, optional
        Whether to show progress and the time left on the standard error stream. Default: in a
        terminal or notebook, if the fit takes longer than two seconds.
    threshold_distance : float
        v_threshold − v_rest of the spiking neuron (mV), which sets the scale of `psp_`.

    Attributes
    ----------
    classes_ : (2,) ndarray
        Sorted labels.
    pos_label_ : label
        Label that means "fired".
    coef_ : (1, n) ndarray
        θ₁ … θₙ, 0 for constant columns.
    intercept_ : (1,) ndarray
        θ₀.
    history_ : OptimizeResult
        Loss, gradient norm and cost of each step, and the trajectory of (θ₀, θ₁ …).
    n_iter_ : int
    converged_ : bool
    separable_ : bool
        Whether all or some trials are separable (quasi-complete separation), so that some weights
        have no finite maximum-likelihood estimate. With a penalty only complete separation by the
        fitted neuron is detected.
    unbounded_columns_ : ndarray of int
        Columns whose weights have no finite estimate.
    covariance_ : (n + 1, n + 1) ndarray
        Inverse Fisher information of (θ₀, θ₁ …) (Wald), valid if the neuron is logistic. NaN for
        parameters that the data do not determine or bound, and for losses other than the
        cross-entropy.
    sandwich_covariance_ : (n + 1, n + 1) ndarray
        Covariance that is valid for any link function (Huber 1967; White 1982, Econometrica 50:1),
        also for the squared error. NaN for relu and step, whose loss has kinks. Both covariances
        are NaN for more than 2000 columns.
    n_features_in_ : int
    feature_names_in_ : (n,) ndarray of str
        Column names, if the trials are a DataFrame.

    Notes
    -----
    Columns that separate some trials, such as a rare input after which the neuron always fires, or
    the spike history within the refractory period, have no finite estimate. They are named in a
    SeparableDataWarning. All other weights and standard errors are those of the fit to the
    remaining trials, which is the limit of the likelihood. If no trials remain, because a plane
    separates the classes, a ridge of 1 over the total weight of the trials is used, and only the
    direction of the weights is meaningful. `firth=True` gives finite estimates in both cases.

    A perceptron that cannot separate the classes keeps the weights with the fewest errors.

    Examples
    --------
    Recover the weights of a neuron from its trials:

    >>> import numpy as np
    >>> from bridge import LogisticNeuron
    >>> rng = np.random.default_rng(1)
    >>> X = rng.integers(0, 2, (2000, 2))
    >>> fired = rng.random(2000) < 1.0 / (1.0 + np.exp(1.0 - 2.0 * X[:, 0] + X[:, 1]))
    >>> neuron = LogisticNeuron().fit(X, fired)
    >>> neuron.intercept_.round(1), neuron.coef_.round(1)
    (array([-0.9]), array([[ 1.9, -0.9]]))
    >>> neuron.predict_proba([[1, 0]]).round(2)
    array([[0.27, 0.73]])
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
        progress: bool | None = None,
        threshold_distance: float = 15.0,
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
        self.threshold_distance = threshold_distance

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> LogisticNeuron:
        """Train the neuron on trials.

        Parameters
        ----------
        X : (n_trials, n) array_like or sparse matrix
            Activity of the presynaptic neurons, or any covariates.
        y : (n_trials,) array_like
            Labels of two classes. `pos_label`, by default the greater label, means that the neuron
            fired.
        sample_weight : (n_trials,) array_like, optional
            Non-negative weights of the trials.

        Raises
        ------
        NeurosimError
            If parameters are out of range or inconsistent, if data are not finite, or if the labels
            are not two classes.
        """
        self._check_parameters()
        trained = train(self, self._data(X, y, sample_weight))
        theta = trained.descent.theta
        self.intercept_, self.coef_ = theta[:1], theta[np.newaxis, 1:]
        self.history_, self.separable_ = trained.descent, trained.separable
        self.n_iter_, self.converged_ = trained.descent.n_iter, trained.descent.converged
        self.unbounded_columns_ = trained.unbounded
        self.covariance_, self.sandwich_covariance_ = trained.covariance, trained.sandwich
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the scores relative to the score at which the firing probability is ½.

        θ₀ + Σ θᵢ aᵢ, minus ½ for relu; shape (n_trials,). Positive values mean `classes_[1]`: the
        sign is inverted if `pos_label` is `classes_[0]`.
        """
        above = self._scores(X) - self._loss.even_score
        return above if self._fires_as_second else -above

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities of `classes_`, shape (n_trials, 2).

        By default, the classes are silent and fired.
        """
        return self._in_order(self._loss.probabilities(self._scores(X)))

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return log `predict_proba`, finite even if σ rounds to 0; shape (n_trials, 2)."""
        return self._in_order(self._loss.log_probabilities(self._scores(X)))

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the more probable class of each trial, shape (n_trials,)."""
        second = self.decision_function(X) > 0
        return self.classes_[second.astype(int)]

    @property
    def gain(self) -> float:
        """Factor of the scores in σ(gain · score), the firing probability.

        Raises
        ------
        NeurosimError
            If the activation is relu or step, whose firing probability is not logistic.
        """
        if self.activation in ("relu", "step"):
            raise NeurosimError(
                f"a neuron with activation = {self.activation!r} is not logistic: train it with "
                "'sigmoid' or 'tanh'"
            )
        return self._loss.gain

    @property
    def standard_errors_(self) -> NDArray[np.float64]:
        """Wald standard errors of (θ₀, θ₁ …), shape (n + 1,)."""
        require_fitted(self)
        return np.sqrt(np.diag(self.covariance_))

    @property
    def psp_(self) -> NDArray[np.float64]:
        """Postsynaptic potentials −threshold_distance·θᵢ/θ₀ (mV), shape (n,)."""
        require_fitted(self)
        return -self.threshold_distance * self.coef_[0] / self._intercept_below_zero()

    @property
    def psp_standard_errors_(self) -> NDArray[np.float64]:
        """Standard errors of `psp_` (mV), by the delta method; shape (n,).

        They use the sandwich covariance: a misspecified link scales all parameters alike and does
        not change the ratio to θ₀.
        """
        require_fitted(self)
        theta0 = self._intercept_below_zero()
        # Nonzero elements of the Jacobian: column 0 and the diagonal of the others.
        distance = self.threshold_distance
        by_theta0, by_weight = distance * self.coef_[0] / theta0**2, -distance / theta0
        covariance = self.sandwich_covariance_
        variance = (
            by_theta0**2 * covariance[0, 0]
            + 2.0 * by_theta0 * by_weight * covariance[0, 1:]
            + by_weight**2 * np.diag(covariance)[1:]
        )
        return np.sqrt(np.maximum(variance, 0.0))

    @property
    def psp_interval_(self) -> NDArray[np.float64]:
        """95 % intervals of `psp_` (mV), shape (n, 2)."""
        half = NORMAL_95 * self.psp_standard_errors_
        return np.column_stack([self.psp_ - half, self.psp_ + half])

    def summary(self) -> Any:
        """Return the fit as a table with rows for the intercept and the columns.

        Returns
        -------
        DataFrame
            Columns `weight`, `standard_error`, `lower`, `upper` (95 % interval of the weight),
            `psp`, `psp_lower` and `psp_upper` (mV). Undetermined values are NaN.

        Raises
        ------
        NeurosimError
            If the neuron is not fitted or pandas is not installed.
        """
        require_fitted(self)
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise NeurosimError("summary() needs pandas: install pandas") from None
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
        """Return scikit-learn's tags: binary classification, sparse input allowed."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.sparse = True
        return tags

    def _check_parameters(self) -> None:
        """Raise an error for parameters that are out of range or inconsistent."""
        require_choice(self.solver, "solver", ("auto", *SOLVERS))
        finite(self.ridge, "ridge", low=0.0)
        positive(self.tol, "tol")
        positive(self.threshold_distance, "threshold_distance", "mV")
        for name in ("firth", "fit_intercept", "progress"):
            if getattr(self, name) is not None or name != "progress":
                as_flag(getattr(self, name), name)
        for name in ("max_iter", "batch_size", "threads"):
            if getattr(self, name) is not None or name == "batch_size":
                as_integer(getattr(self, name), name, 1)
        loss = self._loss
        if self.firth and not loss.likelihood:
            raise NeurosimError(
                f"firth = True requires a likelihood, which loss = {self.loss!r} is not: give "
                "loss='cross-entropy', or firth=False"
            )
        if self.firth and self.class_weight is not None:
            raise NeurosimError(
                "firth = True requires a likelihood, which class weights do not allow: give "
                "class_weight=None, or firth=False"
            )
        if self.firth and self.ridge > 0:
            raise NeurosimError(
                f"firth = True and ridge = {self.ridge:g} are two penalties: give one of them"
            )
        if self.firth and self.solver not in ("auto", "newton"):
            raise NeurosimError(
                f"solver = {self.solver!r} does not support firth = True, whose gradient has no "
                "known Lipschitz constant: give solver='newton'"
            )
        if not loss.smooth and self.solver in ("newton", "accelerated"):
            raise NeurosimError(
                f"solver = {self.solver!r} does not support loss = {self.loss!r}, whose slope is "
                "discontinuous: give solver='gradient' or 'stochastic'"
            )
        if not loss.smooth and self.ridge > 0:
            raise NeurosimError(
                f"ridge = {self.ridge:g} does not go with loss = {self.loss!r}, which does not "
                "determine the size of the weights: give ridge=0"
            )

    @property
    def _fires_as_second(self) -> bool:
        return bool(self.pos_label_ == self.classes_[1])

    def _in_order(self, by_firing: NDArray) -> NDArray[np.float64]:
        """Return the columns "silent" and "fired" in the order of the classes."""
        return by_firing if self._fires_as_second else by_firing[:, ::-1]

    @property
    def _loss(self) -> PointLoss:
        return find_loss(self.loss, self.activation)

    def _scores(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the score θ₀ + Σ θᵢ aᵢ of each trial, shape (n_trials,)."""
        require_fitted(self)
        X = validated(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return X @ self.coef_[0] + self.intercept_[0]

    def _intercept_below_zero(self) -> float:
        """Return θ₀, which must be negative for a scale in mV."""
        theta0 = float(self.intercept_[0])
        if theta0 >= 0:
            raise NoScaleError(
                f"intercept_ = {theta0:g} is not below 0: the neuron fires at rest and has no "
                "scale in mV; use to_spiking(neuron, beta=...) to inject a current"
            )
        return theta0

    def _data(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None) -> Data:
        """Return the trials of positive weight, and set the labels."""
        trials, labels = validated(self, X, y, accept_sparse="csr", dtype=np.float64, order="C")
        try:
            counts = _check_sample_weight(
                sample_weight, trials, dtype=np.float64, ensure_non_negative=True
            )
        except (TypeError, ValueError) as error:
            raise NeurosimError(
                f"sample_weight must hold a finite number from 0 for each trial: {error}"
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
