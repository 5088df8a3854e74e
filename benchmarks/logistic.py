"""Compare the training time of a logistic neuron with scikit-learn's solvers.

Usage: python -m benchmarks.logistic [--rows 1000000] [--columns 20] [--data normal] [--repeats 5]

Each solver runs with the loosest tolerance at which the largest component of the gradient of the
mean cross-entropy, including the intercept and without scaling of columns, is at most --norm.
Complete fits are timed. The solvers alternate between repeats, so that a temporary slowdown of the
machine affects all of them.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from bridge import LogisticNeuron

TOLERANCES = [10.0**-k for k in np.arange(1.0, 9.1, 0.5)]
PEERS = ("lbfgs", "newton-cholesky", "newton-cg", "liblinear", "sag", "saga")
UNPENALISED = {"liblinear": 1e10}
"""C of solvers that cannot fit without a penalty."""

Make = Callable[[float], Any]
"""Function that returns an estimator with a given tolerance."""


def main() -> None:
    """Time the solvers and print a table."""
    arguments = _parser().parse_args()
    X, y = trials(arguments.data, arguments.rows, arguments.columns)
    print(
        f"{arguments.rows:,} trials x {arguments.columns} columns ({arguments.data}), "
        f"{y.mean():.0%} fired, to a gradient norm of {arguments.norm:g}\n",
        flush=True,
    )
    LogisticNeuron().fit(X[:100_000], y[:100_000])  # compile
    chosen: dict[str, tuple[float, Any]] = {}
    for name, make in _solvers(arguments.peers).items():
        found = fit_loosest(make, X, y, arguments.norm, arguments.patience)
        if found is None:
            print(
                f"{name}: skipped, --norm not reached within {arguments.patience:g} s per fit",
                flush=True,
            )
        else:
            chosen[name] = found
    times: dict[str, list[float]] = {name: [] for name in chosen}
    for _ in range(arguments.repeats):
        for name, (_, estimator) in chosen.items():
            times[name].append(timed(estimator, X, y))
    print("\n| solver | tol | steps | gradient norm | s | ÷ neurosim |\n|---|--:|--:|--:|--:|--:|")
    reference = median(times["neurosim"])
    for name in sorted(chosen, key=lambda name: median(times[name])):
        tol, estimator = chosen[name]
        steps, norm = int(np.max(estimator.n_iter_)), gradient_norm(estimator, X, y)
        seconds = median(times[name])
        print(
            f"| {name} | {tol:.1g} | {steps} | {norm:.1e} | {seconds:.4g} "
            f"| {seconds / reference:.2f} |"
        )


def trials(kind: str, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return trials with correlated inputs, a third of them positive.

    The classes overlap.
    """
    rng = np.random.default_rng(0)
    common = rng.normal(size=(rows, 1))
    X = np.sqrt(0.8) * rng.normal(size=(rows, columns)) + np.sqrt(0.2) * common
    if kind == "counts":
        X = rng.poisson(rng.uniform(0.3, 3.0, columns) * np.exp(0.5 * X)).astype(float)
    weights = rng.normal(size=columns) / X.std(axis=0) / np.sqrt(columns)
    score = (X - X.mean(axis=0)) @ weights * 1.5 - 0.8
    return X, (rng.random(rows) < expit(score)).astype(int)


def fit_loosest(
    make: Make, X: Any, y: Any, norm: float, patience: float
) -> tuple[float, Any] | None:
    """Return the loosest tolerance that reaches the norm, and the fitted estimator."""
    for tol in TOLERANCES:
        estimator = make(tol)
        seconds = timed(estimator, X, y)
        if gradient_norm(estimator, X, y) <= norm:
            return tol, estimator
        if seconds > patience:
            break
    return None


def timed(estimator: Any, X: Any, y: Any) -> float:
    """Return the time of a fit (s), averaged over at least 0.2 s of repeated fits."""
    fits, start = 0, time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while time.perf_counter() - start < 0.2 or fits == 0:
            estimator.fit(X, y)
            fits += 1
    return (time.perf_counter() - start) / fits


def gradient_norm(estimator: Any, X: Any, y: Any) -> float:
    """Return the largest gradient component of the mean cross-entropy.

    The intercept is included.
    """
    residual = expit(X @ estimator.coef_[0] + estimator.intercept_[0]) - y
    return float(max(abs(residual.mean()), np.abs(X.T @ residual).max() / len(y)))


def _solvers(peers: list[str]) -> dict[str, Make]:
    solvers: dict[str, Make] = {"neurosim": lambda tol: LogisticNeuron(tol=tol)}
    for name in peers:
        C = UNPENALISED.get(name, np.inf)

        def make(tol: float, name: str = name, C: float = C) -> Any:
            return LogisticRegression(C=C, solver=name, tol=tol, max_iter=1000, random_state=0)

        solvers[f"scikit-learn {name}"] = make
    return solvers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--data", choices=("normal", "counts"), default="normal")
    parser.add_argument("--norm", type=float, default=1e-6)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--patience", type=float, default=20.0, help="time limit of a fit (s)")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    return parser


if __name__ == "__main__":
    main()
