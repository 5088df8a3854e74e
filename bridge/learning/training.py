"""Training of a logistic neuron: objective, optimiser, limits and warnings."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from bridge.learning import loss_kinds
from bridge.learning.design import MANY_COLUMNS, DenseDesign, StandardisedDesign
from bridge.learning.losses import CROSS_ENTROPY
from bridge.learning.objectives import FirthLoss, MeanLoss, Perceptron
from bridge.learning.optimizers import (
    OptimizeResult,
    Solver,
    accelerated_descent,
    gradient_descent,
    newton,
)
from bridge.learning.separation import (
    MOST_PARAMETERS,
    Limit,
    SeparableDataWarning,
    separable_trials,
)
from bridge.learning.stochastic import stochastic_descent
from bridge.learning.uncertainty import DistanceToMinimum, Uncertainty
from bridge.learning.validation import seed_of
from neurosim import NeurosimError
from neurosim.utils.progress import no_report, progress_bar

SOLVERS: dict[str, Solver] = {
    "newton": newton,
    "accelerated": accelerated_descent,
    "gradient": gradient_descent,
    "stochastic": stochastic_descent,
}
# Default maximum number of steps (epochs in stochastic descent).
MOST_STEPS = {"newton": 100, "accelerated": 10_000, "gradient": 10_000, "stochastic": 1000}
# Bytes.
LARGEST_HESSIAN = 4e9
# Newton's method starts on a sample of every tenth trial if the sample has at least this number of
# trials, and at least this number of trials per parameter.
TENTH, SMALLEST_SAMPLE, SMALLEST_RATIO = 10, 2000, 20
# Ratio of smallest to largest curvature below which a squared error may be unbounded.
SHALLOW = 1e-3
# Most columns named in a warning.
MOST_NAMED = 10


@dataclass(frozen=True, eq=False)
class Data:
    """Trials for training.

    Attributes
    ----------
    trials : (n_trials, n) ndarray or CSR matrix
    sign : (n_trials,) ndarray
        +1 if the neuron fired, −1 otherwise.
    counts : (n_trials,) ndarray
        Repetitions of each trial, positive.
    emphasis : (n_trials,) ndarray, optional
        Further factors of the weights that are not repetitions, such as class weights.
    names : (n,) ndarray of str, optional
        Column names.
    """

    trials: Any
    sign: NDArray[np.float64]
    counts: NDArray[np.float64]
    emphasis: NDArray[np.float64] | None = None
    names: NDArray | None = None


@dataclass(frozen=True, eq=False)
class Trained:
    """Result of training, in the parameters of the raw columns.

    Attributes
    ----------
    descent : OptimizeResult
    separable : bool
        Whether all or some trials are separable.
    unbounded : ndarray of int
        Columns without a finite estimate.
    covariance, sandwich : (n + 1, n + 1) ndarray
    """

    descent: OptimizeResult
    separable: bool
    unbounded: NDArray[np.intp]
    covariance: NDArray[np.float64]
    sandwich: NDArray[np.float64]


def train(neuron: Any, data: Data) -> Trained:
    """Train a `LogisticNeuron` whose parameters have been checked.

    Where some weights have no finite estimate the others are those of the fit to the trials that
    these weights do not decide, which is the limit of the likelihood.

    Warns
    -----
    SeparableDataWarning
        Some weights have no finite estimate.
    ConvergenceWarning
        The optimiser stopped early.
    UserWarning
        Columns are constant or collinear.
    """
    counts = data.counts if data.emphasis is None else data.counts * data.emphasis
    n_trials = float(counts.sum())
    report = _Warnings(data, neuron._loss.likelihood)
    weights = counts / n_trials
    design = StandardisedDesign.of(
        data.trials, weights, neuron.threads, intercept=neuron.fit_intercept
    )
    report.constant(design)
    loss = neuron._loss
    kind = FirthLoss if neuron.firth else MeanLoss if loss.smooth else Perceptron
    parts = (design, data.sign, weights, float(neuron.ridge), loss, data.emphasis, n_trials)
    fit = _fit(kind(*parts), neuron)
    descent, limit = fit.descent, fit.limit
    if fit.ridge:
        report.unbounded_fit(fit.ridge, separable=fit.separable)
    elif limit is not None:
        report.unbounded(limit.columns, limit.fraction, intercept=bool(limit.unbounded[0]))
    if isinstance(fit.objective, Perceptron):
        fewest = fit.objective.fewest
        descent = replace(descent, theta=fit.objective.pocket, converged=fewest == 0.0)
        report.errors(fewest, descent.n_iter)
    else:
        report.stopped(descent, neuron.tol, neuron.solver)
    flat = None if limit is None else limit.flat
    found = Uncertainty.of(fit.objective, descent.theta, flat)
    unbounded = np.empty(0, np.intp) if limit is None else limit.columns
    if fit.ridge:
        found, unbounded = found.unknown(), np.setdiff1d(np.arange(design.n), design.constant)
    elif neuron.ridge == 0:
        report.undetermined(np.setdiff1d(found.open_columns, unbounded))
    trajectory = descent.trajectory
    if limit is not None:
        descent = replace(descent, theta=limit.complete(descent.theta))
        trajectory = np.vstack([trajectory[:-1], descent.theta])
    raw = replace(descent, theta=design.to_raw(descent.theta), trajectory=design.to_raw(trajectory))
    return Trained(raw, fit.separable, unbounded, found.wald, found.sandwich)


@dataclass(frozen=True, eq=False)
class _Fit:
    """A fit of all trials, of those remaining in the limit, or with a weak ridge."""

    objective: MeanLoss
    descent: OptimizeResult
    separable: bool
    limit: Limit | None = None
    ridge: float = 0.0


def _fit(objective: MeanLoss, neuron: Any) -> _Fit:
    """Minimise an objective, or the one that replaces it if it has no minimum."""
    bounded = neuron.ridge > 0 or neuron.firth or not objective.loss.smooth
    distance = DistanceToMinimum(objective, bounded=bounded)
    descent = _optimise(objective, neuron, distance)
    certain = None if bounded else _certain(objective, descent, distance)
    separable = certain is not None or objective.separates(descent.theta)
    limit = None
    if certain is not None and len(descent.theta) <= MOST_PARAMETERS:
        limit = Limit.of(objective, certain)
        if limit is not None:
            distance = DistanceToMinimum(limit.rest, bounded=objective.loss.likelihood)
            descent = _optimise(limit.rest, neuron, distance)
    distance.test_decrease(descent.theta)
    if limit is not None and not distance.decreases:
        return _Fit(limit.rest, descent, separable, limit)
    if certain is None and not distance.decreases:
        return _Fit(objective, descent, separable)
    weak = objective.without(objective.weights == 0.0, ridge=1.0 / objective.n_trials)
    distance = DistanceToMinimum(weak, bounded=True)
    return _Fit(weak, _optimise(weak, neuron, distance), separable, ridge=weak.ridge)


def _optimise(objective: MeanLoss, neuron: Any, distance: DistanceToMinimum) -> OptimizeResult:
    """Minimise an objective, starting from the best neuron without synapses."""
    start = np.zeros(1 + objective.design.n)
    if objective.design.intercept:
        fired = objective.weights[objective.sign > 0].sum() / objective.weights.sum()
        start[0] = objective.loss.start(float(fired))
    solver = _default_solver(objective) if neuron.solver == "auto" else neuron.solver
    options: dict[str, Any] = {
        "tol": neuron.tol,
        "max_iter": neuron.max_iter or MOST_STEPS[solver],
        "distance": distance if objective.loss.smooth else None,
    }
    if solver == "stochastic":
        options |= {"batch_size": neuron.batch_size, "seed": seed_of(neuron.random_state)}
    with progress_bar(1.0, show=neuron.progress, unit="", text="training") as show:
        if show is not no_report:
            options["callback"] = show
        if solver == "newton":
            options |= _newton_options(objective, start)
        return SOLVERS[solver](objective, start, **options)


def _newton_options(objective: MeanLoss, start: NDArray) -> dict[str, Any]:
    """Return further options of `newton`, and set the sums that each of its passes computes."""
    n = len(start)
    if 8 * n**2 > LARGEST_HESSIAN:
        raise NeurosimError(
            f"Newton's method needs a matrix of {8e-9 * n**2:.0f} GB for {n - 1} columns: give "
            "solver='accelerated'"
        )
    guess = _guess(objective, start)
    if guess is not None:
        objective.sums(start)  # no Newton step starts here, so no Hessian is needed
    objective.precomputed = (loss_kinds.HESSIAN,)

    def before_last() -> None:
        objective.precomputed = objective.needed_at_minimum

    return {"guess": guess, "before_last": before_last}


def _guess(objective: MeanLoss, start: NDArray) -> tuple[NDArray, int] | None:
    """Estimate a starting point by a fit to every tenth trial.

    This fit starts from a fit to every hundredth trial, and so on. Return the minimum and the
    number of rows processed, or None if there are too few trials.
    """
    design, n = objective.design, objective.n_rows // TENTH
    if isinstance(objective, FirthLoss) or not isinstance(design, DenseDesign):
        return None
    if n < SMALLEST_SAMPLE or n < SMALLEST_RATIO * len(start):
        return None
    part = slice(None, None, TENTH)
    weights = objective.weights[part] / objective.weights[part].sum()
    # A weak ridge, because a sample may be separable.
    ridge, sign = objective.ridge + 1.0 / n, objective.sign[part]
    sample = MeanLoss(design.every(TENTH), sign, weights, ridge, objective.loss)
    sample.precomputed = (loss_kinds.HESSIAN,)
    if not 0.0 < sample.weights[sample.sign > 0].sum() < 1.0:
        return None
    # A tenth of the standard deviation of the sample's gradient.
    options: dict[str, Any] = {"tol": 0.1 / np.sqrt(n), "max_iter": 20, "rtol": np.inf}
    found = newton(sample, start, guess=_guess(sample, start), **options)
    return found.theta, int(found.rows[-1]) + n


def _default_solver(objective: MeanLoss) -> str:
    """Return the solver for `solver="auto"`."""
    if objective.loss.kind == loss_kinds.PERCEPTRON:
        return "gradient"
    # For more columns a Newton step costs more than the many steps of accelerated descent.
    few = objective.design.n <= MANY_COLUMNS
    return "newton" if few or isinstance(objective, FirthLoss) else "accelerated"


def _certain(
    objective: MeanLoss, descent: OptimizeResult, distance: DistanceToMinimum
) -> NDArray[np.bool_] | None:
    """Return the trials that are separable, None if there are none."""
    if objective.loss.kind == loss_kinds.CROSS_ENTROPY:
        distance.test_separation(descent.theta)
        return distance.certain
    if objective.loss.kind != loss_kinds.SQUARED or len(descent.theta) > MOST_PARAMETERS:
        return None
    # The squared error of separable trials has no minimum, either, and becomes flat.
    curvatures = np.linalg.eigvalsh(objective.hessian(descent.theta))
    if curvatures[0] > SHALLOW * curvatures[-1]:
        return None
    likelihood = MeanLoss(objective.design, objective.sign, objective.weights, 0.0, CROSS_ENTROPY)
    return separable_trials(likelihood, descent.theta)


class _Warnings:
    """Warnings of a fit, which point at the line that calls `fit`."""

    def __init__(self, data: Data, likelihood: bool) -> None:
        self.names, self.likelihood = data.names, likelihood
        n_trials, n = data.trials.shape
        self.few = "" if n_trials > n else f" ({n_trials} trials are few for {n} synapses)"

    def constant(self, design: StandardisedDesign) -> None:
        """Warn of constant columns."""
        if len(design.constant):
            why = (
                "constant: their weights cannot be distinguished from the intercept"
                if design.intercept
                else "0 in every trial: their weights are undetermined"
            )
            _warn(f"columns {self._listed(design.constant)} are {why} and set to 0", UserWarning)

    def undetermined(self, columns: NDArray) -> None:
        """Warn of columns whose weights are undetermined."""
        if len(columns):
            _warn(
                f"the trials do not determine the weights of columns {self._listed(columns)}"
                f"{self.few}: one of many solutions is returned, without intervals; remove "
                "linearly dependent columns, or give a ridge",
                UserWarning,
            )

    def unbounded_fit(self, ridge: float, *, separable: bool) -> None:
        """Warn that no parameter has a finite estimate."""
        why = (
            f"the classes are separable{self.few}, so that no maximum-likelihood fit exists"
            if separable
            else "the loss decreases with growing weights, so that no best fit exists"
        )
        _warn(
            f"{why}: fitted with a ridge of {ridge:.2g}; only the direction of the weights is "
            "meaningful" + ("; firth=True gives finite estimates" if self.likelihood else ""),
            SeparableDataWarning,
        )

    def unbounded(self, columns: NDArray, certain: float, *, intercept: bool) -> None:
        """Warn of columns, and possibly the intercept, without a finite estimate."""
        what = f"columns {self._listed(columns)}{' and the intercept' if intercept else ''}"
        _warn(
            f"the weights of {what} have no finite estimate: they separate the classes without "
            f"error in {100.0 * certain:.3g} % of the trials, as a refractory period or a rare "
            "input does. They are large and have no standard errors; all other weights are fitted "
            f"to the remaining trials; {'firth=True' if self.likelihood else 'a ridge'} gives "
            "finite estimates of all",
            SeparableDataWarning,
        )

    def errors(self, fraction: float, n_iter: int) -> None:
        """Warn of trials that a perceptron misclassifies."""
        if fraction > 0.0:
            _warn(
                f"{100.0 * fraction:.3g} % of the trials are misclassified after {n_iter} steps: "
                "the classes are not separable, or max_iter is too small; the weights with the "
                "fewest errors are kept",
                ConvergenceWarning,
            )

    def stopped(self, descent: OptimizeResult, tol: float, solver: str) -> None:
        """Warn of an optimiser that did not converge."""
        if descent.converged:
            return
        norm, stochastic = descent.gradient_norm[-1], solver == "stochastic"
        where = (
            f"at a gradient of {norm:.2g}, above tol = {tol:g}"
            if norm > tol
            else f"about {descent.distance:.2g} standard errors from the minimum"
        )
        _warn(
            f"stopped after {descent.n_iter} {'epochs' if stochastic else 'steps'} {where}: raise "
            f"{'tol or ' if stochastic else ''}max_iter, or use solver='newton'",
            ConvergenceWarning,
        )

    def _listed(self, columns: NDArray) -> str:
        """Return the names or numbers of the first columns."""
        more = f" and {len(columns) - MOST_NAMED} more" if len(columns) > MOST_NAMED else ""
        shown = columns[:MOST_NAMED]
        return f"{(shown if self.names is None else self.names[shown]).tolist()}{more}"


def _warn(message: str, category: type[Warning]) -> None:
    warnings.warn(message, category, stacklevel=5)
