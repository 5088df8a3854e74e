"""Checks of what a user gives: one sentence that names the value, its range and the fix."""

from __future__ import annotations

import difflib
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def _hint(value: float, low: float, high: float, unit: str) -> str:
    """Guess the unit that was meant: seconds for ms, volts for mV, and the like."""
    for factor in (1e3, 1e-3):
        if low <= value * factor <= high and value != 0.0:
            return f": values are in {unit}; did you mean {value * factor:g}?"
    return f": values are in {unit}" if unit else ""


def _with_unit(value: float, unit: str) -> str:
    return f"{value:g} {unit}".rstrip()


def check_number(
    value: Any, what: str, unit: str, low: float = -np.inf, high: float = np.inf
) -> float:
    """Return `value` as a float if it is a finite number from `low` to `high`.

    Parameters
    ----------
    value : Any
    what : str
        Name of the quantity, such as ``"LIF.tau_m"``.
    unit : str
    low, high : float

    Raises
    ------
    NeurosimError
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise NeurosimError(
            f"{what} = {value!r} is not a number: give one in {unit or 'plain units'}"
        )
    value = float(value)
    if not np.isfinite(value):
        raise NeurosimError(
            f"{what} = {value} is not finite: give a number in {unit or 'plain units'}"
        )
    if not low <= value <= high:
        raise NeurosimError(
            f"{what} = {_with_unit(value, unit)} is outside {low:g} to {_with_unit(high, unit)}"
            + _hint(value, low, high, unit)
        )
    return value


def check_integer(value: Any, what: str, low: int, high: int = 2**31 - 1) -> int:
    """Return `value` as an int if it is a whole number from `low` to `high`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise NeurosimError(f"{what} = {value!r} is not a whole number")
    if not low <= value <= high:
        raise NeurosimError(f"{what} = {value} is outside {low} to {high}")
    return int(value)


def check_array(
    values: Any, what: str, unit: str, low: float = -np.inf, high: float = np.inf
) -> NDArray[np.float64]:
    """Return a read-only float64 copy of `values` if all are finite numbers in range."""
    try:
        array = np.array(values)
        if array.dtype.kind not in "iuf":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise NeurosimError(f"{what} is not an array of numbers: give numbers in {unit}") from None
    if array.size == 0:
        raise NeurosimError(f"{what} is empty: give at least one number")
    bad = ~np.isfinite(array)
    if bad.any():
        place = tuple(int(k) for k in np.argwhere(bad)[0])
        raise NeurosimError(
            f"{what} holds {array[place]} at {list(place)}: give finite numbers in {unit}"
        )
    for extreme in (float(array.min()), float(array.max())):
        check_number(extreme, what, unit, low, high)
    array.flags.writeable = False
    return array


def check_indices(values: Any, what: str, size: int | None = None) -> NDArray[np.int64]:
    """Return a read-only 1-D int64 copy of `values` if all are indices below `size`."""
    array = np.array(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise NeurosimError(f"{what} is not a 1-D array of whole numbers: give indices from 0")
    array = array.astype(np.int64)
    if array.size and (array.min() < 0 or (size is not None and array.max() >= size)):
        wrong = int(array.min()) if array.min() < 0 else int(array.max())
        top = "" if size is None else f" to {size - 1}"
        raise NeurosimError(f"{what} holds {wrong}: indices run from 0{top}")
    array.flags.writeable = False
    return array


def check_increasing(times: NDArray[np.float64], what: str) -> NDArray[np.float64]:
    """Return `times` if they are 1-D and strictly increase."""
    if times.ndim != 1:
        raise NeurosimError(f"{what} has shape {times.shape}: give a 1-D array of times in ms")
    falls = np.flatnonzero(np.diff(times) <= 0.0)
    if len(falls):
        k = int(falls[0])
        raise NeurosimError(
            f"{what} does not increase: {times[k + 1]:g} ms follows {times[k]:g} ms; sort them"
        )
    return times


def nearest_name(name: object, names: Iterable[str]) -> str:
    """Return a hint at the most similar name, else the list of all."""
    names = list(names)
    close = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names) or 'none'}"
