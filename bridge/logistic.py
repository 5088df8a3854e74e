"""The logistic neuron as a scikit-learn classifier, trained by gradient descent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from bridge.losses import find_loss
from bridge.measures import NORMAL_95
from bridge.options import options_of
from bridge.training import train
from bridge.validation import validated
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.losses import PointLoss


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
        Method of descent; see `bridge.descent` and `bridge.stochastic`. "auto" is Newton's up to
        500 columns, accelerated beyond, and Rosenblatt's rule for the perceptron criterion.
    ridge : float
        Penalty, in nats per trial, on weights of columns scaled to variance 1 (as in glmnet), so
        that it does not depend on the columns' units; the intercept is free.
    firth : bool
        Penalise the likelihood with Jeffreys' prior: fits are finite even of separable data, and
        their bias is smaller (Firth 1993; Heinze & Schemper 2002). Newton's method only.
    tol : float
        Largest component of the gradient at which to stop, in standardised columns.
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
        The second is the one that means "fired".
    coef_ : (1, n) ndarray
        θ₁ … θₙ, 0 for a column that never changes.
    intercept_ : (1,) ndarray
        θ₀.
    history_ : Descent
        Loss, gradient norm and cost of each step, and the path of (θ₀, θ₁ …).
    n_iter_ : int
    converged_ : bool
    separable_ : bool
        Whether the classes can be told apart without error, so that without penalty no fit of the
        likelihood exists. But for that one only a separation by the fitted neuron is noticed.
    covariance_ : (n + 1, n + 1) ndarray
        Of (θ₀, θ₁ …), inverse Fisher information (Wald): right if the neuron is logistic. NaN where
        the data do not determine a parameter, throughout where they leave no best fit, and for
        losses other than the cross-entropy, which are no likelihood.
    sandwich_covariance_ : (n + 1, n + 1) ndarray
        The same without trust in the link function (Huber 1967; White 1982, Econometrica 50:1), for
        the squared error too. NaN for relu and step, where the loss has kinks; both are NaN beyond
        2000 columns.
    n_features_in_ : int

    Notes
    -----
    If no best fit exists, as that of separable classes, a SeparableDataWarning is given and a ridge
    of one over the trials' total weight is used: of the result only the direction has a meaning.
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
            Two classes; the greater means that the neuron fired.
        sample_weight : (n_trials,) array_like, optional
            Weights of the trials, 0 or more.

        Raises
        ------
        NeurosimError
            For parameters out of range or at odds, NaN or infinity, and labels which are not two
            classes.
        """
        options = options_of(self)
        trials, sign, counts = self._trials(X, y, sample_weight)
        trained = train(trials, sign, counts, options)
        theta = trained.descent.theta
        self.intercept_, self.coef_ = theta[:1], theta[np.newaxis, 1:]
        self.history_, self.separable_ = trained.descent, trained.separable
        self.n_iter_, self.converged_ = trained.descent.n_iter, trained.descent.converged
        self.covariance_, self.sandwich_covariance_ = trained.covariance, trained.sandwich
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """How far the scores lie above the one at which the neuron fires half the time.

        The scores θ₀ + Σ θᵢ aᵢ themselves, less ½ for relu; shape (n_trials,).
        """
        return self._scores(X) - self._loss.even_score

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Probabilities not to fire and to fire, shape (n_trials, 2)."""
        return self._loss.probabilities(self._scores(X))

    def predict(self, X: ArrayLike) -> NDArray:
        """The more probable class of each trial, shape (n_trials,)."""
        fires = self.decision_function(X) > 0
        return self.classes_[fires.astype(int)]

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

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn: two classes, sparse matrices welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.sparse = True
        return tags

    @property
    def _loss(self) -> PointLoss:
        return find_loss(self.loss, self.activation)

    def _scores(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
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

    def _trials(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:
        """Return the trials of weight above 0: X, signs of y and weights; set `classes_`."""
        trials, labels = validated(self, X, y, accept_sparse="csr", dtype=np.float64, order="C")
        try:
            counts = _check_sample_weight(
                sample_weight, trials, dtype=np.float64, ensure_non_negative=True
            )
        except ValueError as error:
            raise NeurosimError(
                f"sample_weight is no list of finite numbers from 0, one a trial: {error}"
            ) from None
        present = counts > 0
        if not present.all():
            trials, labels, counts = trials[present], labels[present], counts[present]
        self.classes_ = np.unique(labels)
        if len(self.classes_) > 2 or labels.dtype.kind == "f":
            check_classification_targets(labels)
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
