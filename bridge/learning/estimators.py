"""Extract log-odds, linear in the inputs, from a fitted scikit-learn model.

Scores that are margins, such as those of a support vector machine, are not log-odds. The model's
own probabilities are therefore compared with σ(score).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from bridge.learning.design import is_sparse
from bridge.learning.validation import require_fitted
from neurosim import NeurosimError

# Points at which a model or transformer is tested.
PROBES = 8
# Most inputs of a transformer that are probed in one call.
BATCH = 1000
SUPPORTED = (
    "give a LogisticUnit, or a fitted LogisticNeuron, LogisticRegression or "
    "SGDClassifier(loss='log_loss'), alone, after scalers in a Pipeline, or in a search"
)


class Affine(NamedTuple):
    """Function intercept + coef · x, or k of them with shapes (k,) and (k, n)."""

    intercept: Any
    coef: NDArray[np.float64]


def log_odds(model: Any) -> Affine:
    """Return the log-odds of a spike according to a fitted model.

    Parameters
    ----------
    model : estimator
        A linear classifier of two classes with probability σ(score), possibly after scalers and
        other affine steps in a Pipeline, in a fitted search, or calibrated by a sigmoid.

    Raises
    ------
    NeurosimError
        If the model is of another type or not fitted.
    """
    if not hasattr(model, "fit"):
        if not hasattr(model, "coef_"):
            raise NeurosimError(f"{type(model).__name__} is not a logistic neuron: {SUPPORTED}")
        return _score(model)  # an object with the weights of a logistic neuron
    require_fitted(model)
    score, inner = _score(model), unwrap(model)[0]
    if not hasattr(model, "predict_proba"):
        raise NeurosimError(
            f"the scores of {type(inner).__name__} are margins, not log-odds, and it has no "
            "predict_proba: calibrate it with CalibratedClassifierCV(..., method='sigmoid', "
            f"ensemble=False), or {SUPPORTED}"
        )
    gain = getattr(inner, "gain", 1.0)
    score = Affine(gain * score.intercept, gain * score.coef)
    _require_probabilities(model, inner, score)
    fired = getattr(inner, "pos_label_", None)
    if fired is not None and fired == inner.classes_[0]:
        return Affine(-score.intercept, -score.coef)
    return score


def unwrap(model: Any) -> tuple[Any, list[tuple[str, Any]]]:
    """Return the model inside pipelines and fitted searches, and the steps before it."""
    if isinstance(model, Pipeline):
        inner, steps = unwrap(model.steps[-1][1])
        return inner, [*model.steps[:-1], *steps]
    if isinstance(model, FrozenEstimator):
        return unwrap(model.estimator)
    if hasattr(model, "best_estimator_"):
        return unwrap(model.best_estimator_)
    if hasattr(model, "best_params_"):
        raise NeurosimError(
            f"this {type(model).__name__} has no fitted model: fit it with refit=True"
        )
    return model, []


def _score(model: Any) -> Affine:
    """Return the score of the second class as a function of the inputs."""
    inner, steps = unwrap(model)
    calibrated = hasattr(inner, "calibrated_classifiers_")
    return before(steps, _calibrated(inner) if calibrated else _linear(inner))


def _linear(model: Any) -> Affine:
    """Return the score of the second class of a linear classifier."""
    if not (hasattr(model, "intercept_") and hasattr(model, "coef_")):
        raise NeurosimError(
            f"{type(model).__name__} is not a logistic neuron, because it has no coef_ and "
            f"intercept_: {SUPPORTED}"
        )
    intercept, coef = np.ravel(model.intercept_), _dense(model.coef_)
    if intercept.size != 1 or (coef.ndim == 2 and len(coef) != 1):
        raise NeurosimError(
            f"the classifier has {max(intercept.size, len(coef))} intercepts: give a classifier of "
            "two classes with one intercept"
        )
    inverted = hasattr(model, "pos_label_") and model.pos_label_ == model.classes_[0]
    sign = -1.0 if inverted else 1.0
    return Affine(sign * float(intercept[0]), sign * coef.ravel())


def _calibrated(model: Any) -> Affine:
    """Return the log-odds of a classifier calibrated by one sigmoid, σ(−a·score − b)."""
    inner = model.calibrated_classifiers_
    if len(inner) != 1 or model.method != "sigmoid":
        raise NeurosimError(
            f"the probability of this CalibratedClassifierCV is not σ of one linear score "
            f"({len(inner)} classifiers, method = {model.method!r}): fit it with "
            "method='sigmoid' and ensemble=False"
        )
    sigmoid, score = inner[0].calibrators[0], _score(inner[0].estimator)
    slope = -float(sigmoid.a_)
    return Affine(slope * score.intercept - float(sigmoid.b_), slope * score.coef)


def before(steps: Sequence[tuple[str, Any]], score: Affine) -> Affine:
    """Convert scores of the outputs of affine steps to functions of the inputs.

    The affine map of a step is determined from its outputs for 0 and for each input alone, and
    tested at random points.
    """
    for name, step in reversed(steps):
        if step is None or step == "passthrough":
            continue
        if not hasattr(step, "n_features_in_"):
            raise NeurosimError(f"step {name!r} of the Pipeline has no n_features_in_")
        try:
            with np.errstate(all="ignore"):
                score = _before(step, score, int(step.n_features_in_))
        except (TypeError, ValueError):  # rejects the probes, or its outputs are not numbers
            raise NeurosimError(
                f"step {name!r} of the Pipeline ({type(step).__name__}) is not an affine map of "
                "its inputs: give a Pipeline of StandardScaler, MinMaxScaler, RobustScaler, PCA or "
                "similar"
            ) from None
    return score


def _before(step: Any, score: Affine, n: int) -> Affine:
    """Implement `before`; raise ValueError if the step is not affine."""
    start, wide = _transform(step, np.zeros((1, n)))[0], np.atleast_2d(score.coef)
    if len(start) != wide.shape[1]:
        raise ValueError
    coef, reach = np.empty((len(wide), n)), np.ones(n)
    for first in range(0, n, BATCH):
        part = slice(first, min(first + BATCH, n))
        for _ in range(2):  # the second time at a distance that avoids cancellation
            points = np.zeros((part.stop - first, n))
            points[np.arange(len(points)), np.arange(first, part.stop)] = reach[part]
            moved = _transform(step, points) - start
            coef[:, part] = wide @ moved.T / reach[part]
            size = np.abs(moved).max(axis=1, initial=0.0) / reach[part]
            reach[part] = np.abs(start).max(initial=0.0) / np.where(size > 0.0, size, np.inf)
            reach[part] = np.clip(reach[part], 1.0, 1e12)
    if wide.any() and not coef.any():  # ignores these numbers, as an encoder of categories does
        raise ValueError
    shift = wide @ start
    rng = np.random.default_rng(0)  # includes whole numbers, which may be categories
    points = np.vstack([reach * rng.normal(size=(PROBES, n)), rng.integers(0, 4, (PROBES, n))])
    expected = _transform(step, points) @ wide.T
    size = np.abs(points) @ np.abs(coef).T + np.abs(shift)
    if not (np.abs(points @ coef.T + shift - expected) <= 1e-7 * (size + 1.0)).all():
        raise ValueError
    if score.coef.ndim == 1:
        return Affine(score.intercept + float(shift[0]), coef[0])
    return Affine(score.intercept + shift, coef)


def _transform(step: Any, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the outputs of a step, without warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _dense(step.transform(named(step, points)))


def _dense(values: Any) -> NDArray[np.float64]:
    """Return a dense or sparse matrix as an array of floats."""
    return np.asarray(values.toarray() if is_sparse(values) else values, dtype=np.float64)


def named(model: Any, points: NDArray[np.float64]) -> Any:
    """Return points as a DataFrame if a model was fitted to one."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return points
    return import_module("pandas").DataFrame(points, columns=names)


def _require_probabilities(model: Any, inner: Any, score: Affine) -> None:
    """Raise an error if the probability of a model is not σ(score)."""
    length = float(score.coef @ score.coef)
    scores = np.linspace(-4.0, 4.0, PROBES)
    along = (scores - score.intercept) / (length if length > 0.0 else np.inf)
    points = along[:, np.newaxis] * score.coef
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = np.asarray(model.predict_proba(named(model, points)))
    exact = expit(points @ score.coef + score.intercept)
    if found.shape != (PROBES, 2) or not np.allclose(found[:, 1], exact, rtol=0.0, atol=1e-6):
        raise NeurosimError(
            f"the probabilities of {type(inner).__name__} are not σ(score), so its scores are not "
            f"log-odds: {SUPPORTED}"
        )
