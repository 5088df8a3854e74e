"""Rows of comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge import NORMAL_95, LogisticNeuron, Measure
from scenarios._kit.text import signed

# Unit of a measure, by the last word of its key.
UNITS = {"mv": "mV", "hz": "Hz", "ms": "ms", "s": "s"}


def rows(found: Mapping[str, Any], *described: tuple[Any, ...]) -> dict[str, Measure]:
    """Return the rows of a comparison.

    Parameters
    ----------
    found : mapping of str to number
        Findings by key.
    *described : (str, str) or (str, str, number or Measure)
        Key and label of each row, and its value unless it is the finding of this key. A note may
        follow the label after " | ". The unit of a number follows from the last word of its key, as
        in "rate_hz".

    Examples
    --------
    >>> shown = rows(
    ...     {"rate_hz": 12.5},
    ...     ("rate_hz", "Firing rate"),
    ...     ("error", "Largest error | of 25 inputs", 0.02),
    ... )
    >>> [(one.label, one.text, one.note) for one in shown.values()]
    [('Firing rate', '12.5 Hz', ''), ('Largest error', '0.02', 'of 25 inputs')]
    """
    measures = {}
    for key, text, *given in described:
        value, (label, _, note) = given[0] if given else found[key], text.partition(" | ")
        if not isinstance(value, Measure):
            value = Measure(value, UNITS.get(key.rpartition("_")[2], ""))
        measures[key] = value.labelled(label, note or None)
    return measures


def known_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the values that are not NaN, NaN if there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan


def with_error(
    value: float, error: float, label: str = "", note: str = "", *, unit: str = ""
) -> Measure:
    """Return an estimate with the 95 % interval that its standard error gives."""
    half = NORMAL_95 * float(error)
    return Measure(float(value), unit, float(value) - half, float(value) + half, note, label)


def trained_weights(
    trained: LogisticNeuron, true: Iterable[float], words: str = "true value"
) -> dict[str, Measure]:
    """Return the rows "theta_0", "theta_1" … : bias and weights after training, with true values.

    Parameters
    ----------
    trained : LogisticNeuron
    true : iterable of float
        Bias and weights that are to be recovered.
    words : str
        What these are, for the notes.
    """
    theta = np.append(trained.intercept_, trained.coef_)
    measures = {}
    for k, (value, error, aim) in enumerate(
        zip(theta, trained.standard_errors_, true, strict=True)
    ):
        label, note = f"Trained weight θ{chr(ord('₀') + k)}", f"{words} {signed(aim)}"
        measures[f"theta_{k}"] = with_error(value, error, label, note)
    return measures
