"""What is said of trials that do not determine all weights, and of a descent that stopped early.

Every warning points at the line that calls `fit`: it is given by a function that `train` calls.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sklearn.exceptions import ConvergenceWarning

from bridge.learning.separation import SeparableDataWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.learning.descent import Descent
    from bridge.learning.design import StandardisedDesign

MOST_NAMED = 10
"""Columns named in one sentence."""


@dataclass(frozen=True, eq=False)
class Reporter:
    """Warns about the fit of a neuron.

    Attributes
    ----------
    shape : tuple of int
        Trials and columns.
    names : (n,) ndarray of str or None
        Of the columns, whose numbers stand for them otherwise.
    likelihood : bool
        Whether the loss is one, which can be penalised as Firth did.
    """

    shape: tuple[int, int]
    names: NDArray | None = None
    likelihood: bool = True

    def constant(self, design: StandardisedDesign) -> None:
        """Warn of columns that never change."""
        if not len(design.constant):
            return
        columns = self._listed(design.constant)
        _warn(
            f"columns {columns} never change: their weights cannot be told from the intercept and "
            "are set to 0"
            if design.intercept
            else f"columns {columns} are 0 in every trial: their weights are set to 0",
            UserWarning,
        )

    def open(self, columns: NDArray) -> None:
        """Warn of columns whose weights the trials leave open."""
        if len(columns):
            _warn(
                f"the trials do not determine the weights of columns {self._listed(columns)}"
                f"{self._few()}: one choice of many is given, without interval; leave columns out "
                "that are sums of others, or give a ridge",
                UserWarning,
            )

    def endless(self, ridge: float, *, separable: bool) -> None:
        """Warn that no parameter has a finite best value."""
        why = (
            f"the classes are separable{self._few()}, so no maximum-likelihood fit exists"
            if separable
            else "the loss falls as the weights grow for ever, so no best fit exists"
        )
        _warn(
            f"{why}: fitted with a ridge of {ridge:.2g}, read the direction of the weights only"
            + ("; firth=True gives finite estimates" if self.likelihood else ""),
            SeparableDataWarning,
        )

    def unbounded(self, columns: NDArray, certain: float, *, intercept: bool) -> None:
        """Warn of columns, and perhaps the intercept, that have no finite best weight."""
        what = f"columns {self._listed(columns)}{' and the intercept' if intercept else ''}"
        _warn(
            f"the weights of {what} have no finite best value: they separate the classes without "
            f"error in {100.0 * certain:.3g} % of the trials, as a refractory period or a rare "
            "input does. They get large weights without standard errors; all other weights are the "
            f"fit of the remaining trials; {'firth=True' if self.likelihood else 'a ridge'} gives "
            "finite estimates of all",
            SeparableDataWarning,
        )

    def misplaced(self, fraction: float, n_iter: int) -> None:
        """Warn of trials that a perceptron leaves on the wrong side."""
        if fraction > 0.0:
            _warn(
                f"{100.0 * fraction:.3g} % of the trials are on the wrong side after {n_iter} "
                "steps: the classes are not separable, or max_iter is too small; the weights with "
                "the fewest errors are kept",
                ConvergenceWarning,
            )

    def early(self, descent: Descent, tol: float, solver: str) -> None:
        """Warn of a descent that used up its steps."""
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
        more = f" and {len(columns) - MOST_NAMED} more" if len(columns) > MOST_NAMED else ""
        shown = columns[:MOST_NAMED]
        return f"{(shown if self.names is None else self.names[shown]).tolist()}{more}"

    def _few(self) -> str:
        n_trials, n_synapses = self.shape
        if n_trials > n_synapses:
            return ""
        return f" ({n_trials} trials are few for {n_synapses} synapses)"


def _warn(message: str, category: type[Warning]) -> None:
    warnings.warn(message, category, stacklevel=5)
