"""Quantities of neurons: a number, one value per neuron, or a distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.distributions import Distribution
from neurosim.utils.checks import check_array, check_number, is_scalar

if TYPE_CHECKING:
    from typing_extensions import TypeIs


def check_quantity(value: Any, name: str, unit: str, low: float, high: float) -> Any:
    """Return a number, one number per neuron, or a distribution within a range.

    One number per neuron is a 1-D array.

    Raises
    ------
    NeurosimError
    """
    if is_distribution(value):
        try:
            return value.truncated(low, high)
        except NeurosimError:
            raise NeurosimError(
                f"{name} = {value} has almost no values from {low:g} to {high:g} {unit}"
            ) from None
    if is_scalar(value):
        return check_number(value, name, unit, low, high)
    array = check_array(value, name, unit, low, high)
    if array.ndim != 1:
        raise NeurosimError(
            f"{name} has shape {array.shape}: give a number, or a 1-D array with one per neuron"
        )
    return array


def check_extent(value: Distribution, name: str, unit: str, low: float, high: float) -> None:
    """Raise an error if a distribution has values outside a range.

    Raises
    ------
    NeurosimError
    """
    least, most = value.extent
    if not low <= least <= most <= high:
        raise NeurosimError(
            f"{name} = {value} extends from {least:g} to {most:g} {unit}, outside {low:g} to "
            f"{high:g} {unit}: reduce its spread, or set bounds"
        )


def or_infinity(value: Any, name: str, unit: str, low: float, high: float) -> Any:
    """Return a quantity in range, or +infinity."""
    infinite = isinstance(value, (float, np.floating)) and value == math.inf
    return math.inf if infinite else check_quantity(value, name, unit, low, high)


def bounds_of(value: Any) -> tuple[float, float]:
    """Return the lowest and highest value of a quantity among neurons."""
    if isinstance(value, np.ndarray):
        return float(value.min()), float(value.max())
    return (value, value) if is_uniform(value) else value.extent


def typical(value: Any) -> float:
    """Return a typical value of a quantity.

    It is the number itself, the mean of a distribution, or the value of largest size.
    """
    return float(value.mean) if is_distribution(value) else max(bounds_of(value), key=abs)


def is_distribution(value: object) -> TypeIs[Distribution]:
    """Whether a quantity is drawn from a distribution."""
    return isinstance(value, Distribution)


def is_uniform(value: Any) -> bool:
    """Whether a quantity is the same for all neurons."""
    return not (isinstance(value, np.ndarray) or is_distribution(value))
