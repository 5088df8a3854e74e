"""Coverage of intervals of a population GLM fitted to spikes drawn from a population GLM."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.recordings.logistic import draw_spikes, draw_truth
from bridge.evaluation.measures import NORMAL_95, wilson_interval
from bridge.recordings import PopulationGLM, RaisedCosines

BASIS = RaisedCosines(5, 30.0)
HISTORY = RaisedCosines(4, 20.0)


@dataclass(frozen=True, eq=False)
class Errors:
    """Deviations from the truth in standard errors, by parameter.

    Attributes
    ----------
    coupling, absent : (n_values, n_lags) ndarray
        Filters at each lag of pairs with and without coupling.
    history : (n_neurons, n_lags) ndarray
    """

    coupling: NDArray[np.float64]
    absent: NDArray[np.float64]
    history: NDArray[np.float64]


def deviations(n: int, minutes: float, seed: int, options: dict[str, Any]) -> Errors:
    """Draw spikes, fit them, and compare the intervals with the truth."""
    truth = draw_truth(n, BASIS.n, HISTORY.n, seed)
    coupling, history = BASIS.matrix(1.0), HISTORY.matrix(1.0)
    n_bins = round(60e3 * minutes)
    spikes = draw_spikes(truth, coupling, history, n_bins, seed)
    model = PopulationGLM(BASIS, history_basis=HISTORY, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(spikes, float(n_bins))
    z = model.unbiased_filters_ - _true_filters(truth, coupling, history)
    with np.errstate(invalid="ignore", divide="ignore"):
        z /= model.filter_errors_
    exists = (truth.coupling != 0).any(axis=2)
    absent = ~exists & ~np.eye(n, dtype=bool)
    own = z[np.arange(n), np.arange(n), : len(history)]
    return Errors(z[exists][:, : len(coupling)], z[absent][:, : len(coupling)], own)


def _true_filters(truth: Any, coupling: NDArray, history: NDArray) -> NDArray[np.float64]:
    """Return the filters of shape (n, n, n_lags), own history on the diagonal."""
    n, length = len(truth.intercept), max(len(coupling), len(history))
    found = np.zeros((n, n, length))
    found[:, :, : len(coupling)] = truth.coupling @ coupling.T
    found[np.arange(n), np.arange(n), : len(history)] = truth.history @ history.T
    return found


HEADER = (
    "| neurons × minutes | recordings | parameter | values | coverage of 95 % intervals (%) "
    "| mean (SE) | sd (SE) |\n|---|--:|---|--:|---|--:|--:|"
)


def rows(n: int, minutes: float, seeds: Iterable[int], options: dict[str, Any]) -> list[str]:
    """Return lines of the table; the interval treats the filters as independent, not lags."""
    found = [deviations(n, minutes, seed, options) for seed in seeds]
    lines = []
    for name in ("coupling", "absent", "history"):
        z = np.concatenate([getattr(one, name) for one in found])
        z = z[np.isfinite(z).all(axis=1)]
        inside = np.abs(z) <= NORMAL_95
        share, n_filters = float(inside.mean()), len(z)
        low, high = wilson_interval(share * n_filters, n_filters)
        cells = (
            f"{n} × {minutes:g}",
            len(found),
            name,
            n_filters,
            f"{100 * share:.2f} ({100 * float(low):.1f} to {100 * float(high):.1f})",
            f"{z.mean():+.3f}",
            f"{z.std():.3f}",
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines
