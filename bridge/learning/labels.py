"""The two labels of a neuron's trials, which of them means "fired", and the weights of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def two_classes(labels: NDArray) -> NDArray:
    """Return the two labels of trials, sorted.

    Raises
    ------
    NeurosimError
        For labels that are not two classes.
    """
    classes = np.unique(labels)
    if len(classes) > 2 or labels.dtype.kind == "f":
        require_classes(labels)
    if len(classes) > 2:
        raise NeurosimError(
            "Only binary classification is supported. The type of the target is "
            f"{type_of_target(labels)}: a neuron fires or does not, so give two classes"
        )
    if len(classes) < 2:
        raise NeurosimError(
            f"y holds one class only, {classes.tolist()}: a fit needs trials with and without a "
            "spike"
        )
    return classes


def fired_class(classes: NDArray, pos_label: Any = None) -> int:
    """Return which of two classes means "fired": that of `pos_label`, or else the greater.

    Raises
    ------
    NeurosimError
        For a `pos_label` that is not one of them.
    """
    if pos_label is None:
        return 1
    scalar = isinstance(pos_label, (str, bytes)) or not hasattr(pos_label, "__len__")
    found = [scalar and bool(label == pos_label) for label in classes.tolist()]
    if not any(found):
        raise NeurosimError(
            f"pos_label = {pos_label!r} is not one of the labels {classes.tolist()}: give the one "
            "that means that the neuron fired"
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
        Whether a trial is of the second class.
    counts : (n_trials,) ndarray
        Repetitions of each trial.

    Raises
    ------
    NeurosimError
        For anything else, labels that do not occur, and weights that are not positive numbers.
    """
    if isinstance(class_weight, str) and class_weight == "balanced":
        totals = np.array([counts[~greater].sum(), counts[greater].sum()])
        return counts.sum() / (2.0 * totals)
    if not isinstance(class_weight, Mapping):
        raise NeurosimError(
            f'class_weight = {class_weight!r} is unknown: give "balanced", a dictionary from label '
            "to weight, or None"
        )
    labels, factors = classes.tolist(), np.ones(2)
    for label, weight in class_weight.items():
        if label not in labels:
            raise NeurosimError(
                f"class_weight has a weight for {label!r}, which is not one of the labels {labels}"
            )
        try:
            factors[labels.index(label)] = value = float(weight)
        except (TypeError, ValueError):
            value = np.nan
        if not (np.isfinite(value) and value > 0):
            raise NeurosimError(
                f"class_weight = {weight!r} for {label!r} is not a finite number above 0; to leave "
                "trials out give them the sample weight 0"
            )
    return factors


def require_classes(labels: NDArray) -> None:
    """Refuse labels that are no classes, such as measured numbers."""
    try:
        check_classification_targets(labels)
    except ValueError as error:
        raise NeurosimError(str(error)) from None
