"""Validation of data and labels, with scikit-learn compatible errors."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from neurosim import NeurosimError


class NotNumbersError(NeurosimError, TypeError):
    """Data that cannot be converted to numbers."""


class UnfittedError(NeurosimError, NotFittedError):
    """Use of an estimator before `fit`."""


def validated(estimator: Any, *arrays: Any, **options: Any) -> Any:
    """Call scikit-learn's `validate_data` and convert its errors."""
    try:
        return validate_data(estimator, *arrays, **options)
    except TypeError as error:
        raise NotNumbersError(str(error)) from None
    except ValueError as error:
        message = str(error)
        if "NaN" in message or "infinity" in message:
            message = message.splitlines()[0].rstrip(".") + ": remove such trials"
        raise NeurosimError(message) from None


def require_fitted(estimator: Any) -> None:
    """Raise an error if an estimator is not fitted."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise UnfittedError(
            f"this {type(estimator).__name__} has not been fitted: call its fit first"
        ) from None


def seed_of(random_state: Any) -> int | np.random.Generator:
    """Return a Generator, or a seed drawn from `random_state` as scikit-learn interprets it."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    try:
        return int(check_random_state(random_state).randint(2**31 - 1))
    except (TypeError, ValueError):
        raise NeurosimError(
            f"random_state = {random_state!r} is not a seed: give an integer from 0, a Generator, "
            "or None for a random one"
        ) from None


def require_classes(labels: NDArray) -> None:
    """Raise an error for labels that are not classes, such as continuous values."""
    try:
        check_classification_targets(labels)
    except ValueError as error:
        raise NeurosimError(str(error)) from None


def two_classes(labels: NDArray) -> NDArray:
    """Return the two sorted labels of trials."""
    classes = np.unique(labels)
    if len(classes) > 2 or labels.dtype.kind == "f":
        require_classes(labels)
    if len(classes) > 2:
        raise NeurosimError(
            "Only binary classification is supported. The type of the target is "
            f"{type_of_target(labels)}: give two classes, with and without a spike"
        )
    if len(classes) < 2:
        raise NeurosimError(
            f"y holds one class only, {classes.tolist()}: give trials with and without a spike"
        )
    return classes


def fired_class(classes: NDArray, pos_label: Any = None) -> int:
    """Return the index of the class that means "fired".

    This is `pos_label`, by default the greater class.
    """
    if pos_label is None:
        return 1
    scalar = isinstance(pos_label, (str, bytes)) or not hasattr(pos_label, "__len__")
    found = [scalar and bool(label == pos_label) for label in classes.tolist()]
    if not any(found):
        raise NeurosimError(
            f"pos_label = {pos_label!r} is not one of the labels {classes.tolist()}: give the "
            "label of trials in which the neuron fired"
        )
    return found.index(True)


def class_factors(
    class_weight: Any, classes: NDArray, greater: NDArray[np.bool_], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weights of the two classes.

    Parameters
    ----------
    class_weight : "balanced" or mapping of label to float
        "balanced" is n/(2 nₖ) for a class of nₖ trials, as in scikit-learn.
    classes : (2,) ndarray
    greater : (n_trials,) ndarray of bool
        Whether a trial belongs to the second class.
    counts : (n_trials,) ndarray
        Repetitions of each trial.
    """
    if isinstance(class_weight, str) and class_weight == "balanced":
        totals = np.array([counts[~greater].sum(), counts[greater].sum()])
        return counts.sum() / (2.0 * totals)
    if not isinstance(class_weight, Mapping):
        raise NeurosimError(
            f'class_weight = {class_weight!r} is unknown: give "balanced", a dictionary of weights '
            "by label, or None"
        )
    labels, factors = classes.tolist(), np.ones(2)
    for label, weight in class_weight.items():
        if label not in labels:
            raise NeurosimError(f"class_weight has the label {label!r}, which is not in {labels}")
        if not (isinstance(weight, Real) and 0.0 < float(weight) < np.inf):
            raise NeurosimError(
                f"class_weight = {weight!r} for {label!r} is not a finite number above 0; to "
                "ignore trials use sample_weight = 0"
            )
        factors[labels.index(label)] = weight
    return factors
