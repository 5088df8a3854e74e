"""Fit population GLMs to a recording with one of several packages.

Run by `benchmarks.peers.recordings` in the environment of the package, with a file of the task. It
depends only on the standard library, numpy, scipy and the package.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from benchmarks.peers.protocol import peak_mb

CHUNK = 20_000
"""Rows of the design matrix at a time in the evaluation of the loss."""
STEPS = 300
"""Most iterations of solvers that may stop early."""


class GlmTask(TypedDict):
    """Specification of one fit: Poisson with exponential link and a ridge.

    `recording` is a file with the bins and ids of all spikes and the matrix of the basis, shape
    (L, K). `targets` are the neurons to be fitted, each with the spikes of all neurons as columns.
    `own_ridge` applies to the columns of the neuron itself.
    """

    package: str
    recording: str
    n_bins: int
    n_neurons: int
    targets: list[int]
    ridge: float
    own_ridge: float
    tol: float
    repeats: int
    coefficients: str


class GlmAnswer(TypedDict):
    """CPU time (s) of the last of the repeated fits, peak memory (MB), and losses by target."""

    version: str
    cpu_s: float
    peak_mb: float
    losses: list[float]


class Recording:
    """Spikes in bins, and the columns of a GLM."""

    def __init__(self, task: GlmTask) -> None:
        stored = np.load(task["recording"])
        self.bins, self.ids, self.basis = stored["bins"], stored["ids"], stored["basis"]
        self.n_bins, self.n_neurons = task["n_bins"], task["n_neurons"]

    def counts(self, target: int) -> NDArray[np.float64]:
        """Return the spikes of a neuron in each bin."""
        counted = np.bincount(self.bins[self.ids == target], minlength=self.n_bins)
        return counted.astype(float)

    def columns(self, start: int, stop: int, dtype: Any = np.float64) -> NDArray[Any]:
        """Return rows of the design matrix, shape (stop − start, n · K)."""
        length, size = self.basis.shape
        found = np.zeros((stop - start, self.n_neurons, size), dtype=dtype)
        near = (self.bins >= start - length) & (self.bins < stop)
        for first, neuron in zip(self.bins[near], self.ids[near], strict=True):
            low, high = max(first + 1, start), min(first + 1 + length, stop)
            if low < high:
                found[low - start : high - start, neuron] += self.basis[
                    low - first - 1 : high - first - 1
                ]
        return found.reshape(stop - start, -1)

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield the design matrix in chunks of rows."""
        for start in range(0, self.n_bins, CHUNK):
            stop = min(start + CHUNK, self.n_bins)
            yield slice(start, stop), self.columns(start, stop)

    def dense(self, dtype: Any = np.float64) -> NDArray[Any]:
        """Return the design matrix."""
        found = np.empty((self.n_bins, self.n_neurons * self.basis.shape[1]), dtype=dtype)
        for rows, block in self.blocks():
            found[rows] = block
        return found

    def sparse(self) -> csc_matrix:
        """Return the design matrix in sparse columns."""
        n_rows, size = self.n_bins, self.basis.shape[1]
        parts = []
        for k in range(size):
            lags = np.flatnonzero(self.basis[:, k])
            rows = (self.bins[:, None] + 1 + lags).ravel()
            columns = np.repeat(self.ids * size + k, len(lags))
            values = np.tile(self.basis[lags, k], len(self.bins))
            kept = rows < n_rows
            shape = (n_rows, self.n_neurons * size)
            parts.append(csc_matrix((values[kept], (rows[kept], columns[kept])), shape=shape))
        return sum(parts[1:], parts[0])


def ridges(task: GlmTask, recording: Recording, target: int) -> NDArray[np.float64]:
    """Return the ridge of each column for a target."""
    size = recording.basis.shape[1]
    found = np.full(recording.n_neurons * size, task["ridge"])
    found[target * size : (target + 1) * size] = task["own_ridge"]
    return found


Fit = Callable[[], NDArray[np.float64]]
"""Function that fits all targets and returns coefficients, shape (n_targets, P + 1)."""


def _neurosim(task: GlmTask, recording: Recording) -> Fit:
    from bridge.recordings import PopulationGLM, RaisedCosines

    def fitted(n_bins: int, targets: list[int] | None) -> PopulationGLM:
        keep = recording.bins < n_bins
        times, ids = recording.bins[keep] + 1.0, recording.ids[keep]
        model = PopulationGLM(
            RaisedCosines(recording.basis.shape[1], float(len(recording.basis))),
            family="poisson",
            strength=task["ridge"],
            tol=task["tol"],
            threads=1,
        )
        trains = [times[ids == neuron] for neuron in range(recording.n_neurons)]
        return model.fit(trains, float(n_bins), neurons=targets)

    fitted(min(recording.n_bins, 60_000), task["targets"][:1])  # compile

    def fit() -> NDArray[np.float64]:
        model = fitted(recording.n_bins, task["targets"])
        if model.refractory_.any():
            raise ValueError("a neuron is refractory, so that not all bins count")
        found = []
        for target in task["targets"]:
            weights = model.coupling_[:, target].copy()
            weights[target] = model.history_[target]
            found.append([*weights.ravel(), model.intercept_[target]])
        return np.array(found)

    return fit


def _glum(task: GlmTask, recording: Recording) -> Fit:
    import glum

    X, counts = recording.sparse(), [recording.counts(target) for target in task["targets"]]

    def fit() -> NDArray[np.float64]:
        fitted = [
            glum.GeneralizedLinearRegressor(
                family="poisson",
                link="log",
                alpha=1.0 / recording.n_bins,
                P2=ridges(task, recording, target),
                gradient_tol=1e-4 * task["tol"],
                max_iter=STEPS,
            ).fit(X, y)
            for target, y in zip(task["targets"], counts, strict=True)
        ]
        return np.array([[*each.coef_, each.intercept_] for each in fitted])

    return fit


def _statsmodels(task: GlmTask, recording: Recording) -> Fit:
    import statsmodels.api as sm

    if task["ridge"] > 0:
        raise ValueError("statsmodels fits a ridge by coordinate descent, which does not finish")
    X = sm.add_constant(recording.dense(), prepend=False)
    counts = [recording.counts(target) for target in task["targets"]]

    def fit() -> NDArray[np.float64]:
        return np.array([sm.GLM(y, X, sm.families.Poisson()).fit().params for y in counts])

    return fit


def _nemos(task: GlmTask, recording: Recording) -> Fit:
    from nemos.glm import PopulationGLM

    X = recording.dense(np.float32)
    y = np.column_stack([recording.counts(target) for target in task["targets"]]).astype(np.float32)
    each = [ridges(task, recording, target) for target in task["targets"]]
    strength = np.column_stack(each).astype(np.float32) / recording.n_bins

    def fit() -> NDArray[np.float64]:
        model = PopulationGLM(
            observation_model="Poisson",
            regularizer="Ridge",
            regularizer_strength=strength,
            solver_name="LBFGS",
            solver_kwargs={"tol": 1e-9, "maxiter": STEPS},
        ).fit(X, y)
        return np.column_stack([np.asarray(model.coef_).T, np.asarray(model.intercept_)])

    return fit


PACKAGES = {
    "neurosim": _neurosim,
    "glum": _glum,
    "statsmodels": _statsmodels,
    "nemos": _nemos,
}


def losses(
    recording: Recording, task: GlmTask, coefficients: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return Σ e^η − yη + ridge/2 ‖w‖² of each target, by the design matrix."""
    counts = np.column_stack([recording.counts(target) for target in task["targets"]])
    penalties = np.array([ridges(task, recording, target) for target in task["targets"]])
    total = 0.5 * (penalties * coefficients[:, :-1] ** 2).sum(axis=1)
    for rows, block in recording.blocks():
        eta = block @ coefficients[:, :-1].T + coefficients[:, -1]
        total += (np.exp(eta) - counts[rows] * eta).sum(axis=0)
    return total


def main() -> None:
    """Run the task in the file given on the command line, and print the answer."""
    task: GlmTask = json.loads(Path(sys.argv[1]).read_text())
    recording = Recording(task)
    fit, started = PACKAGES[task["package"]](task, recording), 0.0
    for _ in range(task["repeats"]):
        started = process_time()
        found = fit()
        cpu_s = process_time() - started
    memory = peak_mb()
    found = np.asarray(found, dtype=float)
    np.save(task["coefficients"], found)
    name = {"neurosim": "neurosim-bridge"}.get(task["package"], task["package"])
    answer: GlmAnswer = {
        "version": f"{task['package']} {version(name)}",
        "cpu_s": cpu_s,
        "peak_mb": memory,
        "losses": losses(recording, task, found).tolist(),
    }
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
