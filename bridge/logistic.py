"""The logistic neuron as a scikit-learn classifier, trained by gradient descent."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from bridge.descent import SOLVERS
from bridge.losses import CrossEntropy, StandardisedDesign
from bridge.measures import NORMAL_95
from bridge.separation import SeparableDataWarning, is_separable
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.descent import Descent


class NoScaleError(NeurosimError, AttributeError):
    """A fitted neuron has no PSPs in mV, as it fires at rest.

    To `hasattr` and so to `dir` the attribute is missing, as it is before the fit.
    """


class LogisticNeuron(ClassifierMixin, BaseEstimator):
    """A neuron which fires with probability σ(θ₀ + Σ θᵢ aᵢ), fitted by maximum likelihood.

    Minimises the mean cross-entropy plus ridge/2 times the squared weights of the standardised
    columns. Sample weights count as repetitions of a trial.

    Parameters
    ----------
    solver : {"accelerated", "gradient", "newton"}
        Method of descent; see `bridge.descent`.
    ridge : float
        Penalty, in nats per trial, on weights of columns scaled to variance 1 (as in glmnet), so
        that it does not depend on the columns' units; the intercept is free.
    tol : float
        Largest component of the gradient at which to stop, in standardised columns.
    max_iter : int
        Most steps to take.
    gap : float
        v_threshold − v_rest of the spiking neuron (mV): sets the scale of `psp_`.

    Attributes
    ----------
    classes_ : (2,) ndarray
        The second is the one that means "fired".
    coef_ : (1, n) ndarray
        θ₁ … θₙ, 0 for a column that never changes.
    intercept_ : (1,) ndarray
        θ₀.
    history_ : Descent
        Loss and gradient norm of each step.
    n_iter_ : int
    converged_ : bool
    separable_ : bool
        Whether the classes can be told apart without error, so that without ridge no fit exists.
        With a ridge only a separation by the fitted neuron itself is noticed.
    covariance_ : (n + 1, n + 1) ndarray
        Of (θ₀, θ₁ …), inverse Fisher information (Wald): right if the neuron is logistic. NaN where
        the data do not determine a parameter, and throughout where they are separable.
    sandwich_covariance_ : (n + 1, n + 1) ndarray
        The same without trust in the link function (Huber 1967; White 1982, Econometrica 50:1).
    n_features_in_ : int

    Notes
    -----
    If the classes are separable and ridge is 0, a SeparableDataWarning is given and a ridge of one
    over the trials' total weight is used: of the result only the direction has a meaning.
    """

    def __init__(
        self,
        *,
        solver: Literal["accelerated", "gradient", "newton"] = "accelerated",
        ridge: float = 0.0,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        gap: float = 15.0,
    ) -> None:
        self.solver = solver
        self.ridge = ridge
        self.tol = tol
        self.max_iter = max_iter
        self.gap = gap

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> LogisticNeuron:
        """Fit the neuron to trials.

        Parameters
        ----------
        X : (n_trials, n) array_like or sparse matrix
            Activity of the presynaptic neurons, or any covariates.
        y : (n_trials,) array_like
            Two classes; the greater means that the neuron fired.
        sample_weight : (n_trials,) array_like, optional
            Weights of the trials, 0 or more.

        Raises
        ------
        NeurosimError
            For parameters out of range, NaN or infinity, and labels which are not two classes.
        """
        self._require_parameters()
        trials, sign, counts = self._trials(X, y, sample_weight)
        weights = counts / counts.sum()
        design = StandardisedDesign.of(trials, weights)
        self._warn_of_constant(design)

        objective = CrossEntropy(design, sign, weights, self.ridge)
        descent = self._descend(objective)
        if self.ridge > 0:
            self.separable_ = bool((sign * design.dot(descent.theta) > 0).all())
        else:
            self.separable_ = is_separable(objective, descent.theta)
            if self.separable_:
                _warn_of_separation(trials, 1.0 / counts.sum())
                objective = CrossEntropy(design, sign, weights, 1.0 / counts.sum())
                descent = self._descend(objective)
        self._keep(objective, descent, float(counts.sum()))
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Scores θ₀ + Σ θᵢ aᵢ, shape (n_trials,)."""
        check_is_fitted(self)
        X = _checked(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return X @ self.coef_[0] + self.intercept_[0]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probabilities not to fire and to fire, shape (n_trials, 2)."""
        score = self.decision_function(X)
        return np.column_stack([expit(-score), expit(score)])

    def predict(self, X: ArrayLike) -> NDArray:
        """The more probable class of each trial, shape (n_trials,)."""
        fires = self.decision_function(X) > 0
        return self.classes_[fires.astype(int)]

    @property
    def standard_errors_(self) -> NDArray[np.float64]:
        """Wald standard errors of (θ₀, θ₁ …), shape (n + 1,)."""
        check_is_fitted(self)
        return np.sqrt(np.diag(self.covariance_))

    @property
    def psp_(self) -> NDArray[np.float64]:
        """Postsynaptic potentials −gap·θᵢ/θ₀ (mV), shape (n,)."""
        check_is_fitted(self)
        return -self.gap * self.coef_[0] / self._intercept_below_zero()

    @property
    def psp_standard_errors_(self) -> NDArray[np.float64]:
        """Standard errors of `psp_` (mV) by the delta method, with the sandwich; shape (n,).

        The ratio to θ₀ survives a misspecified link, which scales all parameters alike, and the
        sandwich gives its spread.
        """
        check_is_fitted(self)
        theta0 = self._intercept_below_zero()
        by_theta0 = self.gap * self.coef_[0] / theta0**2
        jacobian = np.column_stack(
            [by_theta0, np.diag(np.full(len(by_theta0), -self.gap / theta0))]
        )
        covered = jacobian @ np.nan_to_num(self.sandwich_covariance_) * jacobian
        unknown = np.isnan(np.diag(self.sandwich_covariance_))
        return np.where(unknown[1:] | unknown[0], np.nan, np.sqrt(covered.sum(axis=1)))

    @property
    def psp_interval_(self) -> NDArray[np.float64]:
        """95 % intervals of `psp_` (mV), shape (n, 2)."""
        half = NORMAL_95 * self.psp_standard_errors_
        return np.column_stack([self.psp_ - half, self.psp_ + half])

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn: two classes, sparse matrices welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.sparse = True
        return tags

    def _descend(self, objective: CrossEntropy) -> Descent:
        start = np.zeros(1 + len(objective.design.mean))
        fired = objective.weights[objective.sign > 0].sum()
        start[0] = math.log(fired / (1.0 - fired))  # the best neuron without synapses
        solve = SOLVERS[self.solver]
        return solve(objective, start, tol=self.tol, max_iter=self.max_iter)

    def _keep(self, objective: CrossEntropy, descent: Descent, n_trials: float) -> None:
        self.history_ = descent
        self.n_iter_ = descent.n_iter
        self.converged_ = descent.converged
        if not descent.converged:
            warnings.warn(
                f"stopped after {descent.n_iter} steps at a gradient of "
                f"{descent.gradient_norm[-1]:.2g}, above tol = {self.tol:g}: raise max_iter, or "
                "use solver='newton'",
                ConvergenceWarning,
                stacklevel=3,
            )
        theta = objective.design.to_raw(descent.theta)
        self.intercept_, self.coef_ = theta[:1], theta[np.newaxis, 1:]
        self.covariance_, self.sandwich_covariance_ = _covariances(objective, descent, n_trials)
        if self.separable_ and self.ridge == 0:
            self.covariance_.fill(np.nan)
            self.sandwich_covariance_.fill(np.nan)

    def _intercept_below_zero(self) -> float:
        theta0 = float(self.intercept_[0])
        if theta0 >= 0:
            raise NoScaleError(
                f"intercept_ = {theta0:g} is not below 0, so the neuron fires at rest and has no "
                "scale in mV: use to_spiking(neuron, beta=...), which injects a current"
            )
        return theta0

    def _trials(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:
        """Return the trials of weight above 0: X, signs of y and weights; set `classes_`."""
        trials, labels = _checked(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_classification_targets(labels)
        counts = _check_sample_weight(
            sample_weight, trials, dtype=np.float64, ensure_non_negative=True
        )
        present = counts > 0
        if not present.all():
            trials, labels, counts = trials[present], labels[present], counts[present]
        self.classes_ = np.unique(labels)
        if len(self.classes_) > 2:
            raise NeurosimError(
                "Only binary classification is supported. The type of the target is "
                f"{type_of_target(labels)}: a neuron fires or does not, so give two classes"
            )
        if len(self.classes_) < 2:
            raise NeurosimError(
                f"y holds one class only, {self.classes_.tolist()}: a fit needs trials with and "
                "without a spike"
            )
        return trials, np.where(labels == self.classes_[1], 1.0, -1.0), counts

    def _require_parameters(self) -> None:
        if self.solver not in SOLVERS:
            raise NeurosimError(
                f"solver = {self.solver!r} is unknown: give one of {', '.join(SOLVERS)}"
            )
        if not (math.isfinite(self.ridge) and self.ridge >= 0):
            raise NeurosimError(f"ridge = {self.ridge:g} is not a finite number from 0")
        for name in ("tol", "gap"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise NeurosimError(f"{name} = {value:g} is not a finite number above 0")
        if self.max_iter < 1:
            raise NeurosimError(f"max_iter = {self.max_iter} is below 1: allow at least one step")

    def _warn_of_constant(self, design: StandardisedDesign) -> None:
        if len(design.constant):
            warnings.warn(
                f"columns {design.constant.tolist()} never change: their weights cannot be told "
                "from the intercept and are set to 0",
                UserWarning,
                stacklevel=3,
            )


def _covariances(
    objective: CrossEntropy, descent: Descent, n_trials: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wald and sandwich covariance of the raw parameters, NaN where the data leave them open."""
    values, vectors = np.linalg.eigh(objective.hessian(descent.theta))
    flat = values <= len(values) * np.finfo(float).eps * values[-1]
    inverse = (vectors[:, ~flat] / values[~flat]) @ vectors[:, ~flat].T
    jacobian = objective.design.raw_jacobian
    wald = jacobian @ inverse @ jacobian.T / n_trials
    sandwich = inverse @ objective.score_covariance(descent.theta) @ inverse
    sandwich = jacobian @ sandwich @ jacobian.T / n_trials
    # A parameter is open if moving along a flat direction changes it, or a constant column does.
    constant = objective.design.constant
    open_ = (
        np.abs(jacobian @ vectors[:, flat]) > 1e-6 * np.abs(jacobian).max(axis=1, keepdims=True)
    ).any(axis=1)
    open_[1 + constant] = True
    open_[0] |= (objective.design.mean[constant] != 0).any()
    for covariance in (wald, sandwich):
        covariance[open_] = covariance[:, open_] = np.nan
    return wald, sandwich


def _warn_of_separation(trials: Any, ridge: float) -> None:
    n_trials, n_synapses = trials.shape
    few = (
        f" ({n_trials} trials are few for {n_synapses} synapses)" if n_trials <= n_synapses else ""
    )
    warnings.warn(
        f"the classes are separable{few}, so no maximum-likelihood fit exists: fitted with a ridge "
        f"of {ridge:.2g}, read the direction of the weights only",
        SeparableDataWarning,
        stacklevel=3,
    )


def _checked(neuron: LogisticNeuron, *arrays: Any, **options: Any) -> Any:
    """scikit-learn's validation, its errors as this project's."""
    try:
        return validate_data(neuron, *arrays, **options)
    except ValueError as error:
        message = str(error)
        if "NaN" in message or "infinity" in message:
            message = message.splitlines()[0].rstrip(".") + ": leave such trials out"
        raise NeurosimError(message) from None
