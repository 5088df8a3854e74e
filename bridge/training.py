"""Training of a neuron on trials: which descent on which objective, and what is said of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from bridge import kinds
from bridge.descent import accelerated_descent, gradient_descent, newton
from bridge.design import MANY_COLUMNS, DenseDesign, StandardisedDesign
from bridge.firth import FirthLoss
from bridge.objectives import MeanLoss, Perceptron
from bridge.separation import SeparableDataWarning, is_separable
from bridge.stochastic import stochastic_descent
from bridge.uncertainty import Uncertainty
from neurosim import NeurosimError
from neurosim.progress import progress_bar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.descent import Descent
    from bridge.options import Options

MOST_STEPS = {"newton": 100, "accelerated": 10_000, "gradient": 10_000, "stochastic": 1000}
"""Steps (epochs in stochastic descent) after which to give up, if not said."""
LARGEST_HESSIAN = 4e9
"""Bytes."""
TENTH, SMALLEST_SAMPLE, SMALLEST_SHARE = 10, 2000, 20
"""Newton's method begins on every tenth of the trials if these are so many, and so many times as
many as parameters."""


@dataclass(frozen=True, eq=False)
class Trained:
    """What training gave, in the parameters of the raw columns."""

    descent: Descent
    separable: bool
    covariance: NDArray[np.float64]
    sandwich: NDArray[np.float64]


def train(trials: Any, sign: NDArray, counts: NDArray, options: Options) -> Trained:
    """Train a neuron.

    Parameters
    ----------
    trials : (n_trials, n) ndarray or CSR matrix
    sign : (n_trials,) ndarray
        +1 where the neuron fired, −1 where not.
    counts : (n_trials,) ndarray
        Repetitions of each trial, above 0.
    options : Options

    Warns
    -----
    SeparableDataWarning
        No minimum exists.
    ConvergenceWarning
        The descent stopped early.
    UserWarning
        Columns that are constant, or not told apart by the trials.
    """
    n_trials = float(counts.sum())
    weights = counts / n_trials
    design = StandardisedDesign.of(trials, weights, options.threads)
    _warn_of_constant(design)
    objective: MeanLoss
    if options.firth:
        objective = FirthLoss(design, sign, weights, n_trials, options.loss)
    elif options.loss.kind == kinds.PERCEPTRON:
        objective = Perceptron(design, sign, weights, 0.0, options.loss)
    else:
        objective = MeanLoss(design, sign, weights, options.ridge, options.loss)
    descent = _descend(objective, options)
    bounded = options.ridge > 0 or options.firth
    separable, endless = _separable(objective, descent, bounded)
    if endless:
        ridge = 1.0 / n_trials
        _warn_of_separation(trials, ridge, separable)
        objective = MeanLoss(design, sign, weights, ridge, options.loss)
        descent = _descend(objective, options)
    descent = _settled(objective, descent, options)
    found = Uncertainty.of(objective, descent.theta, n_trials)
    if endless:
        found = found.unknown()
    elif options.ridge == 0:
        _warn_of_open(found.open_columns, trials)
    raw = replace(descent, theta=design.to_raw(descent.theta), path=design.to_raw(descent.path))
    return Trained(raw, separable, found.wald, found.sandwich)


def _descend(objective: MeanLoss, options: Options) -> Descent:
    start = np.zeros(1 + len(objective.design.mean))
    start[0] = objective.loss.start(float(objective.weights[objective.sign > 0].sum()))
    solver = options.solver
    if solver == "auto":
        solver = _fitting_solver(objective)
    common: dict[str, Any] = {
        "tol": options.tol,
        "max_iter": options.max_iter or MOST_STEPS[solver],
    }
    with progress_bar(100.0, show=options.progress, unit="%", text="training") as show:
        if options.progress:
            common["watch"] = lambda share: show(100.0 * share)
        if solver == "stochastic":
            batches: dict[str, Any] = {"batch_size": options.batch_size, "seed": options.seed}
            return stochastic_descent(objective, start, **batches, **common)
        if solver == "newton":
            _require_memory(len(start))
            guess = _guess(objective, start)
            if guess is not None:
                objective.sums(start)  # no Newton step is taken from there: it needs no Hessian
            objective.ahead = (kinds.HESSIAN,)
            return newton(objective, start, guess=guess, **common)
        solve = {"accelerated": accelerated_descent, "gradient": gradient_descent}[solver]
        return solve(objective, start, **common)


def _require_memory(n: int) -> None:
    if 8 * n**2 > LARGEST_HESSIAN:
        raise NeurosimError(
            f"Newton's method needs a matrix of {8e-9 * n**2:.0f} GB for {n - 1} columns: give "
            "solver='accelerated'"
        )


def _guess(objective: MeanLoss, start: NDArray) -> tuple[NDArray, int] | None:
    """The minimum found on every tenth trial, begun at that found on every hundredth, and so on.

    Returns it with the rows looked at to find it; None where the trials are too few to spare any.
    """
    design, n = objective.design, objective.n_rows // TENTH
    if isinstance(objective, FirthLoss) or not isinstance(design, DenseDesign):
        return None
    if n < SMALLEST_SAMPLE or n < SMALLEST_SHARE * len(start):
        return None
    part = slice(None, None, TENTH)
    weights = objective.weights[part] / objective.weights[part].sum()
    # A weak ridge, for a sample may be separable.
    ridge, sign = objective.ridge + 1.0 / n, objective.sign[part]
    sample = MeanLoss(design.every(TENTH), sign, weights, ridge, objective.loss)
    sample.ahead = (kinds.HESSIAN,)
    if not 0.0 < sample.weights[sample.sign > 0].sum() < 1.0:
        return None
    # To a tenth of what chance makes of the sample's gradient.
    found = newton(sample, start, tol=0.1 / np.sqrt(n), max_iter=20, guess=_guess(sample, start))
    return found.theta, int(found.rows[-1]) + n


def _fitting_solver(objective: MeanLoss) -> str:
    if objective.loss.kind == kinds.PERCEPTRON:
        return "gradient"
    # From there on a Newton step costs more than the many steps of accelerated descent.
    few = len(objective.design.mean) <= MANY_COLUMNS
    return "newton" if few or isinstance(objective, FirthLoss) else "accelerated"


def _separable(objective: MeanLoss, descent: Descent, bounded: bool) -> tuple[bool, bool]:
    """Whether the classes are separable, and whether the loss has no minimum for it."""
    theta, loss = descent.theta, objective.loss
    if loss.kind == kinds.CROSS_ENTROPY and not bounded:
        separable = is_separable(objective, theta)
        return separable, separable
    separable = objective.separates(theta)
    if loss.kind != kinds.SQUARED or bounded:
        return separable, False
    falls = objective.value_and_gradient(2.0 * theta)[0] < descent.loss[-1] - 1e-12
    return separable, separable or falls


def _settled(objective: MeanLoss, descent: Descent, options: Options) -> Descent:
    """Return the descent, the perceptron's with its best weights; warn if it stopped early."""
    if isinstance(objective, Perceptron):
        descent = replace(descent, theta=objective.pocket, converged=objective.fewest == 0.0)
        if not descent.converged:
            _warn(
                f"{100.0 * objective.fewest:.3g} % of the trials are on the wrong side after "
                f"{descent.n_iter} steps: the classes are not separable, or max_iter is too "
                "small; the weights with the fewest errors are kept",
                ConvergenceWarning,
            )
    elif not descent.converged:
        stochastic = options.solver == "stochastic"
        _warn(
            f"stopped after {descent.n_iter} {'epochs' if stochastic else 'steps'} at a gradient "
            f"of {descent.gradient_norm[-1]:.2g}, above tol = {options.tol:g}: raise "
            f"{'tol or ' if stochastic else ''}max_iter, or use solver='newton'",
            ConvergenceWarning,
        )
    return descent


def _warn_of_constant(design: StandardisedDesign) -> None:
    if len(design.constant):
        _warn(
            f"columns {_listed(design.constant)} never change: their weights cannot be told "
            "from the intercept and are set to 0",
            UserWarning,
        )


def _warn_of_open(columns: NDArray[np.intp], trials: Any) -> None:
    if len(columns):
        _warn(
            f"the trials do not determine the weights of columns {_listed(columns)}"
            f"{_few(trials)}: one choice of many is given, without interval; leave columns out "
            "that are sums of others, or give a ridge",
            UserWarning,
        )


def _warn_of_separation(trials: Any, ridge: float, separable: bool) -> None:
    why = (
        f"the classes are separable{_few(trials)}, so no maximum-likelihood fit exists"
        if separable
        else "the loss falls as the weights grow for ever, so no best fit exists"
    )
    _warn(
        f"{why}: fitted with a ridge of {ridge:.2g}, read the direction of the weights only",
        SeparableDataWarning,
    )


def _listed(columns: NDArray[np.intp]) -> str:
    more = f" and {len(columns) - 10} more" if len(columns) > 10 else ""
    return f"{columns[:10].tolist()}{more}"


def _few(trials: Any) -> str:
    n_trials, n_synapses = trials.shape
    if n_trials > n_synapses:
        return ""
    return f" ({n_trials} trials are few for {n_synapses} synapses)"


def _warn(message: str, category: type[Warning]) -> None:
    # Pointing at the line that calls fit.
    warnings.warn(message, category, stacklevel=5)
