"""Read the logistic unit out of a fitted scikit-learn model: its log-odds, linear in the inputs.

Scores that are margins, such as those of a support vector machine, are no log-odds: a neuron that
took them for some would fire with a probability that nobody has fitted. So the probabilities that
the model itself gives are compared with σ(score) before anything is returned.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import expit
from sklearn.pipeline import Pipeline

from bridge.learning.design import is_sparse
from bridge.learning.validation import require_fitted
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROBES = 8
"""Points at which a model or a transformer is asked whether it does what it is taken for."""
AT_ONCE = 1000
"""Inputs whose effect on a transformer is looked at in one call."""
WHAT_FITS = (
    "give a LogisticUnit, or a fitted LogisticNeuron, LogisticRegression or "
    "SGDClassifier(loss='log_loss'), alone, behind scalers in a Pipeline, or in a search"
)


class Affine(NamedTuple):
    """The function intercept + coef · x, or several of them: (k,) and (k, n)."""

    intercept: Any
    coef: NDArray[np.float64]


def log_odds(model: Any) -> Affine:
    """Return the log-odds with which a fitted model says that a neuron fires.

    Parameters
    ----------
    model : estimator
        A linear classifier of two classes whose probability is σ of its score: with scalers and
        other affine steps before it in a Pipeline, in a fitted search, or calibrated by a sigmoid.

    Raises
    ------
    NeurosimError
        For what is no such model, and for one that has not been fitted.
    """
    if not hasattr(model, "fit") and not hasattr(model, "coef_"):
        raise NeurosimError(f"{type(model).__name__} is no logistic neuron: {WHAT_FITS}")
    if not hasattr(model, "fit"):  # weights alone, said to be those of a logistic neuron
        return _score(model)
    require_fitted(model)
    score, inner = _score(model), innermost(model)
    if not hasattr(model, "predict_proba"):
        raise NeurosimError(
            f"the scores of {type(inner).__name__} are margins, no log-odds, for it gives no "
            "probabilities: calibrate it with CalibratedClassifierCV(..., method='sigmoid', "
            f"ensemble=False), or {WHAT_FITS}"
        )
    gain = getattr(inner, "gain", 1.0)
    score = Affine(gain * score.intercept, gain * score.coef)
    _require_probabilities(model, inner, score)
    fired = getattr(inner, "pos_label_", None)
    if fired is not None and fired == inner.classes_[0]:
        return Affine(-score.intercept, -score.coef)
    return score


def innermost(model: Any) -> Any:
    """Return the model that decides: the last step of a pipeline, the best one of a search."""
    if isinstance(model, Pipeline):
        return innermost(model.steps[-1][1])
    if is_search(model):
        return innermost(best_of(model))
    return model


def is_search(model: Any) -> bool:
    """Return whether a fitted model is a search for one."""
    return hasattr(model, "best_params_") or hasattr(model, "best_estimator_")


def best_of(search: Any) -> Any:
    """Return the model that a fitted search has found."""
    if not hasattr(search, "best_estimator_"):
        raise NeurosimError(
            f"this {type(search).__name__} keeps no fitted model, for its refit is False: fit it "
            "with refit=True"
        )
    return search.best_estimator_


def _score(model: Any) -> Affine:
    """Return the score by which a model speaks for the second of its classes."""
    if isinstance(model, Pipeline):
        return before_all(model, _score(model.steps[-1][1]))
    if is_search(model):
        return _score(best_of(model))
    if hasattr(model, "calibrated_classifiers_"):
        return _calibrated(model)
    if hasattr(model, "estimator") and type(model).__name__ == "FrozenEstimator":
        return _score(model.estimator)
    name = type(model).__name__
    if not (hasattr(model, "intercept_") and hasattr(model, "coef_")):
        raise NeurosimError(
            f"{name} is no logistic neuron, for it has no weights of its inputs (coef_ and "
            f"intercept_): {WHAT_FITS}"
        )
    intercept, coef = np.ravel(model.intercept_), _dense(model.coef_)
    if intercept.size != 1 or (coef.ndim == 2 and len(coef) != 1):
        raise NeurosimError(
            f"the classifier has {max(intercept.size, len(coef))} intercepts: only one for two "
            "classes is a neuron"
        )
    sign = 1.0
    if hasattr(model, "pos_label_") and model.pos_label_ == model.classes_[0]:
        sign = -1.0
    return Affine(sign * float(intercept[0]), sign * coef.ravel())


def _calibrated(model: Any) -> Affine:
    """Return the log-odds of a classifier calibrated by a single sigmoid, σ(−a·score − b)."""
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


def before_all(pipeline: Pipeline, score: Affine) -> Affine:
    """Return scores of a pipeline's last step as functions of what goes into the first."""
    for name, step in reversed(pipeline.steps[:-1]):
        if step is not None and step != "passthrough":
            score = before(step, score, name)
    return score


def before(step: Any, score: Affine, name: str) -> Affine:
    """Return scores as functions of what goes into a step before them, if that is affine.

    Found by asking the step itself: its answers to 0 and to every input alone determine an affine
    map, and its answers to random points tell whether it is one.
    """
    n = getattr(step, "n_features_in_", None)
    if n is None:
        raise NeurosimError(f"step {name!r} of the Pipeline does not say how many inputs it has")
    try:
        with np.errstate(all="ignore"):
            return _before(step, score, int(n))
    except (TypeError, ValueError):  # refuses these numbers, or makes others than numbers of them
        raise NeurosimError(
            f"step {name!r} of the Pipeline ({type(step).__name__}) is no shift, scale or other "
            "affine map of its inputs, so that the whole is no neuron: give a Pipeline of "
            "StandardScaler, MinMaxScaler, RobustScaler, PCA or the like"
        ) from None


def _before(step: Any, score: Affine, n: int) -> Affine:
    """`before`; a ValueError says that the step is not affine."""
    start, wide = _asked(step, np.zeros((1, n)))[0], np.atleast_2d(score.coef)
    if len(start) != wide.shape[1]:
        raise ValueError
    coef, reach = np.empty((len(wide), n)), np.ones(n)
    for first in range(0, n, AT_ONCE):
        part = slice(first, min(first + AT_ONCE, n))
        for _ in range(2):  # the second time so far out that little is lost in the difference
            points = np.zeros((part.stop - first, n))
            points[np.arange(len(points)), np.arange(first, part.stop)] = reach[part]
            moved = _asked(step, points) - start
            coef[:, part] = wide @ moved.T / reach[part]
            size = np.abs(moved).max(axis=1, initial=0.0) / reach[part]
            reach[part] = np.abs(start).max(initial=0.0) / np.where(size > 0.0, size, np.inf)
            reach[part] = np.clip(reach[part], 1.0, 1e12)
    if wide.any() and not coef.any():  # knows none of these numbers, as of categories
        raise ValueError
    shift = wide @ start
    rng = np.random.default_rng(0)  # whole numbers, too, which may be categories
    points = np.vstack([reach * rng.normal(size=(PROBES, n)), rng.integers(0, 4, (PROBES, n))])
    wanted, size = _asked(step, points) @ wide.T, np.abs(points) @ np.abs(coef).T + np.abs(shift)
    if not (np.abs(points @ coef.T + shift - wanted) <= 1e-7 * (size + 1.0)).all():
        raise ValueError
    if score.coef.ndim == 1:
        return Affine(score.intercept + float(shift[0]), coef[0])
    return Affine(score.intercept + shift, coef)


def _asked(step: Any, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a step makes of some points."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = step.transform(named(step, points))
    return _dense(found)


def _dense(values: Any) -> NDArray[np.float64]:
    """Array of floats, of a sparse matrix too."""
    return np.asarray(values.toarray() if is_sparse(values) else values, dtype=np.float64)


def named(model: Any, points: NDArray[np.float64]) -> Any:
    """Return points as a table where a model was fitted to one."""
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return points
    return import_module("pandas").DataFrame(points, columns=names)


def _require_probabilities(model: Any, inner: Any, score: Affine) -> None:
    """Refuse a model whose probability is not σ of its score."""
    length = float(score.coef @ score.coef)
    wanted = np.linspace(-4.0, 4.0, PROBES)
    along = (wanted - score.intercept) / (length if length > 0.0 else np.inf)
    points = along[:, np.newaxis] * score.coef
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = np.asarray(model.predict_proba(named(model, points)))
    exact = expit(points @ score.coef + score.intercept)
    if found.shape != (PROBES, 2) or not np.allclose(found[:, 1], exact, rtol=0.0, atol=1e-6):
        raise NeurosimError(
            f"the probabilities of {type(inner).__name__} are not σ of its scores, which are no "
            f"log-odds: {WHAT_FITS}"
        )
