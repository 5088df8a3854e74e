"""Training of a neuron on trials: which descent on which objective, and what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.learning.descent import accelerated_descent, gradient_descent, newton
from bridge.learning.design import MANY_COLUMNS, DenseDesign, StandardisedDesign
from bridge.learning.firth import FirthLoss
from bridge.learning.limit import Limit
from bridge.learning.losses import CROSS_ENTROPY
from bridge.learning.objectives import MeanLoss, Perceptron
from bridge.learning.separation import MOST_PARAMETERS, find_separation
from bridge.learning.stochastic import stochastic_descent
from bridge.learning.stopping import DistanceToMinimum
from bridge.learning.training_warnings import Reporter
from bridge.learning.uncertainty import Uncertainty
from bridge.utils import kinds
from neurosim import NeurosimError
from neurosim.utils.progress import progress_bar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.descent import Descent
    from bridge.learning.options import Options
    from bridge.learning.separation import Separation

MOST_STEPS = {"newton": 100, "accelerated": 10_000, "gradient": 10_000, "stochastic": 1000}
"""Steps (epochs in stochastic descent) after which to give up, if not said."""
LARGEST_HESSIAN = 4e9
"""Bytes."""
TENTH, SMALLEST_SAMPLE, SMALLEST_SHARE = 10, 2000, 20
"""Newton's method begins on every tenth of the trials if these are so many, and so many times as
many as parameters."""
SHALLOW = 1e-3
"""Ratio of least to greatest curvature below which a squared error may fall for ever."""


@dataclass(frozen=True, eq=False)
class Data:
    """The trials a neuron is trained on.

    Attributes
    ----------
    trials : (n_trials, n) ndarray or CSR matrix
    sign : (n_trials,) ndarray
        +1 where the neuron fired, −1 where not.
    counts : (n_trials,) ndarray
        Repetitions of each trial, above 0.
    emphasis : (n_trials,) ndarray, optional
        Further factors of the trials' weights that are no repetitions: those of their classes.
    names : (n,) ndarray of str, optional
        Of the columns.
    """

    trials: Any
    sign: NDArray[np.float64]
    counts: NDArray[np.float64]
    emphasis: NDArray[np.float64] | None = None
    names: NDArray | None = None


@dataclass(frozen=True, eq=False)
class Trained:
    """What training gave, in the parameters of the raw columns.

    Attributes
    ----------
    descent : Descent
    separable : bool
        Whether the classes, or some trials, can be told apart without error.
    unbounded : ndarray of int
        Columns without a finite best weight.
    covariance, sandwich : (n + 1, n + 1) ndarray
    """

    descent: Descent
    separable: bool
    unbounded: NDArray[np.intp]
    covariance: NDArray[np.float64]
    sandwich: NDArray[np.float64]


def train(data: Data, options: Options) -> Trained:
    """Train a neuron.

    Where some weights have no finite best value the others are the fit of the trials that the
    former leave undecided, to which the likelihood tends.

    Warns
    -----
    SeparableDataWarning
        Some weights have no finite best value.
    ConvergenceWarning
        The descent stopped early.
    UserWarning
        Columns that are constant, or not told apart by the trials.
    """
    counts = data.counts if data.emphasis is None else data.counts * data.emphasis
    n_trials, report = (
        float(counts.sum()),
        Reporter(data.trials.shape, data.names, options.loss.likelihood),
    )
    weights = counts / n_trials
    design = StandardisedDesign.of(
        data.trials, weights, options.threads, intercept=options.fit_intercept
    )
    report.constant(design)
    fit = _fitted(_objective(design, data, weights, n_trials, options), n_trials, options)
    descent, limit = fit.descent, fit.limit
    if fit.ridge:
        report.endless(fit.ridge, separable=fit.separable)
    elif limit is not None:
        report.unbounded(limit.columns, limit.fraction, intercept=bool(limit.unbounded[0]))
    if isinstance(fit.objective, Perceptron):
        fewest = fit.objective.fewest
        descent = replace(descent, theta=fit.objective.pocket, converged=fewest == 0.0)
        report.misplaced(fewest, descent.n_iter)
    else:
        report.early(descent, options.tol, options.solver)
    flat = None if limit is None else limit.flat
    found = Uncertainty.of(fit.objective, descent.theta, n_trials, flat)
    unbounded = np.empty(0, np.intp) if limit is None else limit.columns
    if fit.ridge:
        found, unbounded = found.unknown(), np.setdiff1d(np.arange(design.n), design.constant)
    elif options.ridge == 0:
        report.open(np.setdiff1d(found.open_columns, unbounded))
    if limit is not None:
        theta = limit.complete(descent.theta)
        descent = replace(descent, theta=theta, path=np.vstack([descent.path[:-1], theta]))
    raw = replace(descent, theta=design.to_raw(descent.theta), path=design.to_raw(descent.path))
    return Trained(raw, fit.separable, unbounded, found.wald, found.sandwich)


@dataclass(frozen=True, eq=False)
class _Fit:
    """A descent, and what it was on: all trials, what is left of them in the limit, or a ridge."""

    objective: MeanLoss
    descent: Descent
    separable: bool
    limit: Limit | None = None
    ridge: float = 0.0


def _fitted(objective: MeanLoss, n_trials: float, options: Options) -> _Fit:
    """Minimise an objective, or what takes its place where it has no minimum."""
    bounded = options.ridge > 0 or options.firth or not options.loss.smooth
    distance = DistanceToMinimum(objective, n_trials, bounded=bounded)
    descent = _descend(objective, options, distance)
    separation = None if bounded else _separation(objective, descent, distance)
    separable = separation is not None or objective.separates(descent.theta)
    limit = None
    if separation is not None and len(descent.theta) <= MOST_PARAMETERS:
        limit = Limit.of(objective, separation, n_trials)
        if not limit.is_empty:
            distance = DistanceToMinimum(limit.rest, n_trials, bounded=options.loss.likelihood)
            descent = _descend(limit.rest, options, distance)
    distance.look_for_fall(descent.theta)
    if limit is not None and not limit.is_empty and not distance.falls:
        return _Fit(limit.rest, descent, separable, limit)
    if separation is None and not distance.falls:
        return _Fit(objective, descent, separable)
    weak = objective.without(objective.weights == 0.0, ridge=1.0 / n_trials)
    distance = DistanceToMinimum(weak, n_trials, bounded=True)
    return _Fit(weak, _descend(weak, options, distance), separable, ridge=weak.ridge)


def _objective(
    design: StandardisedDesign, data: Data, weights: NDArray, n_trials: float, options: Options
) -> MeanLoss:
    """Return what is to be minimised."""
    if options.firth:
        return FirthLoss(design, data.sign, weights, n_trials, options.loss)
    kind = MeanLoss if options.loss.smooth else Perceptron
    return kind(design, data.sign, weights, options.ridge, options.loss, data.emphasis)


def _descend(objective: MeanLoss, options: Options, distance: DistanceToMinimum) -> Descent:
    """Minimise an objective from the neuron without synapses."""
    start = np.zeros(1 + len(objective.design.mean))
    if objective.design.intercept:
        fired = objective.weights[objective.sign > 0].sum() / objective.weights.sum()
        start[0] = objective.loss.start(float(fired))
    solver = options.solver
    if solver == "auto":
        solver = _fitting_solver(objective)
    common: dict[str, Any] = {
        "tol": options.tol,
        "max_iter": options.max_iter or MOST_STEPS[solver],
        "distance": distance if objective.loss.smooth else None,
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

            def before_last() -> None:
                objective.ahead = objective.needed_at_minimum

            return newton(objective, start, guess=guess, before_last=before_last, **common)
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
    found = newton(
        sample,
        start,
        tol=0.1 / np.sqrt(n),
        max_iter=20,
        guess=_guess(sample, start),
        rtol=np.inf,
    )
    return found.theta, int(found.rows[-1]) + n


def _fitting_solver(objective: MeanLoss) -> str:
    if objective.loss.kind == kinds.PERCEPTRON:
        return "gradient"
    # From there on a Newton step costs more than the many steps of accelerated descent.
    few = len(objective.design.mean) <= MANY_COLUMNS
    return "newton" if few or isinstance(objective, FirthLoss) else "accelerated"


def _separation(
    objective: MeanLoss, descent: Descent, distance: DistanceToMinimum
) -> Separation | None:
    """Return the trials that can be told apart without error."""
    if objective.loss.kind == kinds.CROSS_ENTROPY:
        distance.look_for_separation(descent.theta)
        return distance.separation
    if objective.loss.kind != kinds.SQUARED or len(descent.theta) > MOST_PARAMETERS:
        return None
    # The squared error of such trials falls for ever, too, and is flat where it has fallen far.
    curvatures = np.linalg.eigvalsh(objective.hessian(descent.theta))
    if curvatures[0] > SHALLOW * curvatures[-1]:
        return None
    likelihood = MeanLoss(objective.design, objective.sign, objective.weights, 0.0, CROSS_ENTROPY)
    return find_separation(likelihood, descent.theta)
