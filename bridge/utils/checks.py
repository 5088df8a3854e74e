"""Checks of arguments: errors name the argument, its value and the allowed values."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim import LIF, NeurosimError
from neurosim.utils.checks import show


def as_floats(values: Any, name: str, unit: str = "") -> NDArray[np.float64]:
    """Return real numbers as an array of floats; NaN and infinity are allowed.

    Masked values become NaN. Quantities and time differences are converted to the unit, if given.
    """
    values = _in_unit(values, name, unit)
    try:
        if np.iscomplexobj(values) or np.asarray(values).dtype.kind == "M":
            raise TypeError
        if isinstance(values, np.ma.MaskedArray):
            return np.asarray(np.ma.filled(values.astype(float), np.nan))
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise NeurosimError(
            f"{name} must be an array of real numbers with rows of equal length, not {show(values)}"
        ) from None


def _in_unit(values: Any, name: str, unit: str) -> Any:
    """Return the magnitude of a quantity or time difference in a unit; other values unchanged."""
    if unit and hasattr(values, "rescale"):
        try:
            return values.rescale(unit).magnitude
        except (ValueError, LookupError, AttributeError):
            raise NeurosimError(
                f"{name} is in {getattr(values, 'dimensionality', 'another unit')}: give {unit}"
            ) from None
    if unit == "ms" and getattr(getattr(values, "dtype", None), "kind", "") == "m":
        return np.asarray(values) / np.timedelta64(1, "ms")
    return values


def finite_vector(values: ArrayLike, name: str, unit: str = "") -> NDArray[np.float64]:
    """Return a read-only copy of a 1-D array of finite numbers."""
    vector = np.array(as_floats(values, name))
    if vector.ndim != 1 or not np.isfinite(vector).all():
        in_unit = f" in {unit}" if unit else ""
        raise NeurosimError(f"{name} must be a 1-D array of finite numbers{in_unit}")
    vector.flags.writeable = False
    return vector


def as_float(value: Any, name: str, unit: str = "") -> float:
    """Return a real number as a float; NaN and infinity are allowed."""
    value = _in_unit(value, name, unit)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise NeurosimError(f"{name} = {show(value)} is not a number")
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def finite(value: Any, name: str, unit: str = "", low: float = -math.inf) -> float:
    """Return a finite number that is at least `low` as a float."""
    value = as_float(value, name, unit)
    if not (math.isfinite(value) and value >= low):
        bound = f" of at least {low:g}" if low > -math.inf else ""
        raise NeurosimError(f"{name} = {_with(unit, value)} is not a finite number{bound}")
    return value


def positive(value: Any, name: str, unit: str = "") -> float:
    """Return a finite number above 0 as a float."""
    value = as_float(value, name, unit)
    if not (math.isfinite(value) and value > 0):
        zero = _with(unit, 0.0)
        raise NeurosimError(f"{name} = {_with(unit, value)} is not a finite number above {zero}")
    return value


def _with(unit: str, value: float) -> str:
    return f"{value:g} {unit}".rstrip()


def as_integer(value: Any, name: str, low: float = -math.inf) -> int:
    """Convert a whole number to int; raise an error if it is less than `low`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise NeurosimError(f"{name} = {show(value)} is not a whole number")
    if value < low:
        raise NeurosimError(f"{name} = {value} is below {low:g}")
    return int(value)


def as_flag(value: Any, name: str) -> bool:
    """Return True or False; 0 and 1 are allowed."""
    if not isinstance(value, (bool, np.bool_, int)) or value not in (0, 1):
        raise NeurosimError(f"{name} = {show(value)} is neither True nor False")
    return bool(value)


def require_choice(value: Any, name: str, choices: Any) -> None:
    """Raise an error if a value is not one of some strings."""
    if not isinstance(value, str) or value not in choices:
        raise NeurosimError(
            f"{name} = {show(value)} is unknown: give one of {', '.join(map(str, choices))}"
        )


def require_type(value: Any, types: type | tuple[type, ...], name: str, expected: str) -> None:
    """Raise an error if a value is not an instance of `types`."""
    if not isinstance(value, types):
        raise NeurosimError(f"{name} must be {expected}, not {show(value)}")


def require_neuron(value: Any, name: str) -> None:
    """Raise an error if a value is not a LIF neuron with scalar parameters."""
    require_type(value, LIF, name, "a LIF neuron")
    if not value.is_uniform:
        raise NeurosimError(
            f"{name} = {show(value)} has parameters that differ between neurons: give scalars"
        )


def require_reset_to_rest(value: Any, user: str) -> None:
    """Raise an error if a value is not a LIF neuron that is reset to rest, without escape noise."""
    require_neuron(value, "neuron")
    if value.v_reset != value.v_rest or value.escape is not None:
        raise NeurosimError(f"the neuron of {user} needs v_reset = v_rest and no escape")


def generator(seed: Any) -> np.random.Generator:
    """Return the random generator of a seed."""
    if seed is None or isinstance(seed, (np.random.Generator, np.random.SeedSequence)):
        return np.random.default_rng(seed)
    return np.random.default_rng(as_integer(seed, "seed", 0))
