"""Checks of the potentials of a neuron: unit (mV, not V) and order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.quantity import bounds_of, check_extent, is_distribution, typical
from neurosim.utils.checks import check_array, check_number, is_scalar

IN_VOLTS = 0.2
"""Potentials (mV) of smaller magnitude are assumed to be volts."""
LIMITS = ("mV", -1e4, 1e4)
"""Unit and range of initial potentials."""


def check_potentials(value: Any, label: str, size: int | None = None) -> Any:
    """Return checked initial potentials of one neuron or of all neurons of a population.

    Parameters
    ----------
    value : float, (size,) array_like or distribution
    label : str
        Name of the potentials in messages.
    size : int, optional
        Number of neurons, if it is known.

    Raises
    ------
    NeurosimError
    """
    if is_distribution(value):
        check_extent(value, label, *LIMITS)
        return value
    if is_scalar(value):
        return check_number(value, label, *LIMITS)
    array = check_array(value, label, *LIMITS)
    if array.ndim != 1 or (size is not None and array.shape != (size,)):
        raise NeurosimError(f"{label} has shape {array.shape}; expected ({size or 'size'},)")
    return array


def check_volts(neuron: Any, *names: str) -> None:
    """Raise an error if potentials are probably in volts.

    These are values such as −0.07, or potentials that are all within ±0.2.

    Raises
    ------
    NeurosimError
    """
    potentials = {name: typical(getattr(neuron, name)) for name in names}
    all_small = max(map(abs, potentials.values()), default=0.0) < IN_VOLTS
    for name, v in potentials.items():
        if -IN_VOLTS < v <= -0.01 or (all_small and v != 0.0):
            raise NeurosimError(
                f"{type(neuron).__name__}.{name} = {v:g} mV: values are in mV, and these look like "
                f"volts; did you mean {v * 1e3:g}?"
            )


def keep_order(neuron: Any, lower: str, upper: str) -> tuple[float, float] | None:
    """Truncate distributions so that the parameter `lower` stays below `upper`.

    Parameters
    ----------
    neuron : Neuron
    lower, upper : str
        Names of parameters. If one of them is a distribution, it is truncated.

    Returns
    -------
    tuple of float, or None
        Two values of a neuron that are equal or out of order; None if there are none.

    Raises
    ------
    NeurosimError
        If almost nothing of a distribution is left, and for arrays of different length.
    """
    low, high = getattr(neuron, lower), getattr(neuron, upper)
    if is_distribution(high) and not is_distribution(low):
        _truncate(neuron, upper, (bounds_of(low)[1], math.inf), f"above {lower}")
    elif is_distribution(low) and not is_distribution(high):
        _truncate(neuron, lower, (-math.inf, bounds_of(high)[0]), f"below {upper}")
    elif is_distribution(low):
        (_, most), (least, _) = bounds_of(low), bounds_of(high)
        return (most, least) if most > least else None
    else:
        return _first_out_of_order(neuron, lower, upper)
    return None


def check_order(neuron: Any, lower: str, upper: str) -> None:
    """Raise an error if the parameter `lower`, of a reset or of rest, is not below `upper`.

    Distributions are truncated as by `keep_order`.

    Raises
    ------
    NeurosimError
    """
    if wrong := keep_order(neuron, lower, upper):
        raise NeurosimError(
            f"{type(neuron).__name__}.{lower} = {wrong[0]:g} mV is not below {upper} = "
            f"{wrong[1]:g} mV: the neuron would fire without end"
        )


def _truncate(neuron: Any, name: str, bounds: tuple[float, float], where: str) -> None:
    value = getattr(neuron, name)
    try:
        object.__setattr__(neuron, name, value.truncated(*bounds))
    except NeurosimError:
        raise NeurosimError(
            f"{type(neuron).__name__}.{name} = {value} has almost no values {where}"
        ) from None


def _first_out_of_order(neuron: Any, lower: str, upper: str) -> tuple[float, float] | None:
    """Return the values of the first neuron with equal or unordered values."""
    low, high = np.atleast_1d(getattr(neuron, lower)), np.atleast_1d(getattr(neuron, upper))
    if len(low) != len(high) and min(len(low), len(high)) > 1:
        raise NeurosimError(
            f"{type(neuron).__name__}.{lower} has {len(low)} values and {upper} {len(high)}: give "
            "one per neuron"
        )
    low, high = np.broadcast_arrays(low, high)
    wrong = np.flatnonzero(low >= high)
    return (float(low[wrong[0]]), float(high[wrong[0]])) if len(wrong) else None
