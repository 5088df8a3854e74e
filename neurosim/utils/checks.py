"""Checks of user input.

Errors are one sentence with the value, the allowed range and the fix.
"""

from __future__ import annotations

import difflib
import math
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


Array = Any
"""Type of a field that accepts array_like and holds a checked, read-only array."""
MAX_LISTED = 12
"""Largest number of choices in a hint."""


def show(value: object) -> str:
    """Return `repr(value)` on one line, at most 80 characters long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _hint(value: float, low: float, high: float, unit: str) -> str:
    """Suggest the value in the right unit.

    The value may have been given in s, V or F instead of ms, mV or pF.
    """
    factors = {"": (), "pA": (1e3, 1e-3, 1e12), "pF": (1e3, 1e-3, 1e12)}
    for factor in factors.get(unit, (1e3, 1e-3)):
        if low <= value * factor <= high and value != 0.0:
            return f": values are in {unit}; did you mean {value * factor:g}?"
    return f": values are in {unit}" if unit else ""


def as_float(value: Any) -> float:
    """Return a real number as a float.

    A float32 is read as its shortest decimal: np.float32(0.1) is 0.1, not 0.10000000149.
    """
    try:
        short = isinstance(value, np.floating) and value.dtype.itemsize < 8
        return float(str(value)) if short else float(value)
    except OverflowError:  # an int or a fraction above 1.8e308
        return math.inf if value > 0 else -math.inf


def widen(array: NDArray) -> NDArray[np.float64]:
    """Return numbers as float64; each float32 as in `as_float`."""
    exact = wide = array.astype(np.float64)
    if array.dtype.kind != "f" or array.dtype.itemsize >= 8:
        return wide
    with np.errstate(all="ignore"):
        for digits_kept in (9, 8, 7, 6):  # nine digits always suffice; use as few as possible
            decimals = digits_kept - 1 - np.floor(np.log10(np.abs(exact)))
            up, down = 10.0 ** np.maximum(decimals, 0.0), 10.0 ** np.maximum(-decimals, 0.0)
            decimal = np.rint(exact * up / down) * down / up
            wide = np.where(decimal.astype(array.dtype) == array, decimal, wide)
    return wide


def digits(value: float, *others: float) -> str:
    """Return a number with as few digits as distinguish it from others."""
    for precision in range(6, 17):
        text = f"{value:.{precision}g}"
        if all(other == value or f"{other:.{precision}g}" != text for other in others):
            return text
    return repr(value)


def _with_unit(value: float, unit: str) -> str:
    """Return a number with its unit, in short form if that is exact."""
    short = f"{value:g}"
    return f"{short if float(short) == value else repr(value)} {unit}".rstrip()


def check_number(
    value: Any, name: str, unit: str, low: float = -np.inf, high: float = np.inf
) -> float:
    """Return `value` as a float if it is a finite number from `low` to `high`.

    Parameters
    ----------
    value : Any
    name : str
        Name of the quantity, such as ``"LIF.tau_m"``.
    unit : str
    low, high : float

    Raises
    ------
    NeurosimError
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise NeurosimError(
            f"{name} = {show(value)} is not a number: give one in {unit or 'plain units'}"
        )
    value = as_float(value)
    if not np.isfinite(value):
        raise NeurosimError(
            f"{name} = {value} is not finite: give a number in {unit or 'plain units'}"
        )
    if not low <= value <= high:
        raise NeurosimError(
            f"{name} = {_with_unit(value, unit)} is outside {low:g} to {_with_unit(high, unit)}"
            + _hint(value, low, high, unit)
        )
    return value


def check_integer(value: Any, name: str, low: int, high: int = 2**31 - 1) -> int:
    """Return `value` as an int if it is a whole number from `low` to `high`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        whole = isinstance(value, (float, np.floating)) and float(value).is_integer()
        fix = f"write {int(value)}" if whole else "give one, such as 100"
        raise NeurosimError(f"{name} = {show(value)} is not a whole number: {fix}")
    if not low <= value <= high:
        raise NeurosimError(f"{name} = {value} is outside {low} to {high}")
    return int(value)


def check_flag(value: Any, name: str) -> bool:
    """Return `value` as a bool if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise NeurosimError(f"{name} = {show(value)} is neither True nor False")
    return bool(value)


def is_scalar(value: object) -> bool:
    """Return whether `value` is neither an array nor a sequence."""
    if isinstance(value, (str, bytes)) or getattr(value, "ndim", None) == 0:
        return True
    return not hasattr(value, "__len__")


def check_array(
    values: Any,
    name: str,
    unit: str,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    empty: bool = False,
) -> NDArray[np.float64]:
    """Return a read-only float64 copy of `values` if all are finite numbers in range.

    Parameters
    ----------
    values : Any
    name : str
        Name of the quantity, such as ``"StepCurrent.times"``.
    unit : str
    low, high : float
    empty : bool
        Whether the array may be empty.

    Raises
    ------
    NeurosimError
    """
    try:
        array = np.array(values)
        if array.dtype.kind not in "iuf":
            raise TypeError
        array = widen(array)
    except (TypeError, ValueError):
        raise NeurosimError(
            f"{name} is not an array of numbers, or its rows differ in length: give numbers in "
            f"{unit}"
        ) from None
    array.flags.writeable = False
    if array.size == 0:
        if empty:
            return array
        raise NeurosimError(f"{name} is empty: give at least one number")
    bad = ~np.isfinite(array)
    if bad.any():
        index = tuple(int(k) for k in np.argwhere(bad)[0])
        raise NeurosimError(
            f"{name} holds {array[index]} at {list(index)}: give finite numbers"
            + (f" in {unit}" if unit else "")
        )
    for extreme in (float(array.min()), float(array.max())):
        check_number(extreme, name, unit, low, high)
    return array


def check_indices(
    values: Any, name: str, size: int | None = None, *, copy: bool = True
) -> NDArray[np.int64]:
    """Return `values` as a 1-D int64 array of indices below `size`.

    A copy is read-only.
    """
    try:
        array = np.array(values) if copy else np.asarray(values)
    except ValueError:  # rows of unequal length
        array = np.empty((0, 0))
    if array.dtype.kind == "f" and (array == np.rint(array)).all() and (abs(array) < 2**53).all():
        array = array.astype(np.int64)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise NeurosimError(f"{name} is not a 1-D array of whole numbers: give indices from 0")
    array = array.astype(np.int64, copy=False)
    if array.size and (array.min() < 0 or (size is not None and array.max() >= size)):
        wrong = int(array.min()) if array.min() < 0 else int(array.max())
        top = "" if size is None else f" to {size - 1}"
        raise NeurosimError(f"{name} holds {wrong}: indices run from 0{top}")
    if copy:
        array.flags.writeable = False
    return array


def check_increasing(times: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Return `times` if they are 1-D and strictly increase."""
    if times.ndim != 1:
        raise NeurosimError(f"{name} has shape {times.shape}: give a 1-D array of times in ms")
    falls = np.flatnonzero(np.diff(times) <= 0.0)
    if len(falls):
        k = int(falls[0])
        raise NeurosimError(
            f"{name} does not increase: {times[k + 1]:g} ms follows {times[k]:g} ms; sort them"
        )
    return times


def nearest(word: object, choices: Iterable[str]) -> str | None:
    """Return the most similar choice, ignoring case, or None if none is similar."""
    by_folded = {choice.casefold(): choice for choice in choices}
    matches = difflib.get_close_matches(str(word).casefold(), by_folded, n=1)
    return by_folded[matches[0]] if matches else None


def suggest(word: object, choices: Iterable[str]) -> str:
    """Return a hint with the most similar choice, or else a list of choices."""
    choices = list(choices)
    if near := nearest(word, choices):
        return f"did you mean {near!r}?"
    more = ", …" if len(choices) > MAX_LISTED else ""
    return f"choose from {', '.join(choices[:MAX_LISTED])}{more}" if choices else "there are none"
