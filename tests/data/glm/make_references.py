"""Write references.json: fits of a small recording by statsmodels and glum.

Run where numpy, scipy, statsmodels and glum are installed:

    python tests/data/glm/make_references.py
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import glum
import numpy as np
import statsmodels.api as sm

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2]))

from tests.naive_glm import counts, design, raised_cosines  # noqa: E402

N_BINS, COUPLING, HISTORY = 6000, (4, 20), (3, 12)
TARGET = 0
RIDGE = 2.0
ALPHA = 0.5
"""Dispersion of the negative binomial fit."""


def recording(rng: np.random.Generator) -> list[list[int]]:
    """Three neurons: the second makes the first fire, the third prevents it.

    Neurons fire less after a spike. The first fires twice in a bin now and then.
    """
    drive = rng.random((N_BINS, 3))
    fired: list[list[int]] = [[], [], []]
    for t in range(N_BINS):
        for k in range(3):
            recent = bool(fired[k]) and t - fired[k][-1] < 4
            chance = (0.03, 0.05, 0.04)[k] * (0.6 if recent else 1.0)
            if k == 0:
                excited = any(1 <= t - s <= 6 for s in fired[1][-3:])
                inhibited = any(1 <= t - s <= 9 for s in fired[2][-3:])
                chance *= (4.0 if excited else 1.0) * (0.3 if inhibited else 1.0)
            if drive[t, k] < chance:
                fired[k].append(t)
                if k == 0 and drive[t, k] < 0.1 * chance:
                    fired[k].append(t)
    return fired


def with_statsmodels(family: Any, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Maximum likelihood, with standard errors from the expected information."""
    found = sm.GLM(y, sm.add_constant(X, prepend=False), family).fit(tol=1e-13, maxiter=200)
    return {
        "coefficients": found.params.tolist(),
        "standard_errors": found.bse.tolist(),
        "log_likelihood": float(found.llf),
    }


def with_glum(family: str, X: np.ndarray, y: np.ndarray, ridge: float) -> dict[str, Any]:
    """Ridge: glum penalises means over bins."""
    link = {"binomial": "logit", "poisson": "log"}[family]
    model = glum.GeneralizedLinearRegressor(
        family=family,
        link=link,
        alpha=ridge / len(y),
        l1_ratio=0.0,
        gradient_tol=1e-12,
        max_iter=500,
        scale_predictors=False,
    ).fit(X, y)
    found: dict[str, Any] = {"coefficients": [*model.coef_.tolist(), float(model.intercept_)]}
    if ridge == 0:
        # glum multiplies the variances by n / (n − p), also where the dispersion is known.
        unbiased = np.sqrt(1.0 - (X.shape[1] + 1) / len(y))
        errors = unbiased * model.std_errors(X, y, robust=False, dispersion=1.0)
        found["standard_errors"] = [*errors[1:].tolist(), float(errors[0])]
    return found


def main() -> None:
    """Fit, and write the file beside this script."""
    fired = recording(np.random.default_rng(1))
    X, _ = design(
        counts(fired, N_BINS), raised_cosines(*COUPLING), TARGET, raised_cosines(*HISTORY)
    )
    y = counts(fired, N_BINS)[:, TARGET]
    once, link = np.minimum(y, 1.0), sm.families.links
    binomial, counted = sm.families.Binomial, sm.families
    cases = {
        "bernoulli logit, statsmodels": with_statsmodels(binomial(), X, once),
        "bernoulli cloglog, statsmodels": with_statsmodels(binomial(link.CLogLog()), X, once),
        "poisson exponential, statsmodels": with_statsmodels(counted.Poisson(), X, y),
        "negative_binomial exponential, statsmodels": with_statsmodels(
            counted.NegativeBinomial(alpha=ALPHA), X, y
        ),
        "bernoulli logit, glum": with_glum("binomial", X, once, 0.0),
        "poisson exponential, glum": with_glum("poisson", X, y, 0.0),
        "bernoulli logit, ridge, glum": with_glum("binomial", X, once, RIDGE),
        "poisson exponential, ridge, glum": with_glum("poisson", X, y, RIDGE),
    }
    packages = ", ".join(f"{name} {version(name)}" for name in ("statsmodels", "glum"))
    written = {
        "source": f"{packages}; tests/data/glm/make_references.py",
        "n_bins": N_BINS,
        "bins": fired,
        "target": TARGET,
        "coupling": COUPLING,
        "history": HISTORY,
        "ridge": RIDGE,
        "alpha": ALPHA,
        "cases": cases,
    }
    path = HERE / "references.json"
    path.write_text(json.dumps(written, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
