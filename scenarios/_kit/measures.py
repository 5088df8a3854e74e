"""Rows of comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge import NORMAL_95, Measure

UNITS = {"mv": "mV", "hz": "Hz", "ms": "ms", "s": "s"}
"""Unit of a measure, by the last word of its key."""


def rows(values: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Measure]:
    """Return labelled measures: the rows that a comparison shows.

    Parameters
    ----------
    values : mapping of str to Measure or number
        The unit of a number follows from the last word of its key, as in "rate_hz".
    labels : mapping of str to str
        Labels by key, in the order of the rows. A note may follow after " | ".

    Examples
    --------
    >>> found = {"rate_hz": 12.5, "error": 0.02}
    >>> shown = rows(found, {"error": "Largest error | of 25 inputs", "rate_hz": "Firing rate"})
    >>> [(one.label, one.text, one.note) for one in shown.values()]
    [('Largest error', '0.02', 'of 25 inputs'), ('Firing rate', '12.5 Hz', '')]
    """
    found = {}
    for key, text in labels.items():
        value, (name, _, note) = values[key], text.partition(" | ")
        if not isinstance(value, Measure):
            value = Measure(value, UNITS.get(key.rpartition("_")[2], ""))
        found[key] = value.labelled(name, note or None)
    return found


def with_error(
    value: float, error: float, label: str = "", note: str = "", *, unit: str = ""
) -> Measure:
    """Return an estimate with the 95 % interval that its standard error gives."""
    half = NORMAL_95 * float(error)
    return Measure(float(value), unit, float(value) - half, float(value) + half, note, label)
