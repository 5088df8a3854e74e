"""What a user gives as numbers or as one of a kind, or a sentence that says what to give."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim import LIF, NeurosimError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 60
"""Characters of a value that a sentence has room for."""


def as_floats(values: Any, what: str) -> NDArray[np.float64]:
    """Return values as an array of floats; refuse words, complex numbers and ragged rows."""
    try:
        if np.iscomplexobj(values):
            raise TypeError
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise NeurosimError(
            f"{what} must be numbers, in rows of one length: {shown(values)} is not"
        ) from None


def as_float(value: Any, what: str) -> float:
    """Return a number as a float, infinite or NaN too; refuse anything else."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise NeurosimError(f"{what} = {shown(value)} is not a number")
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def as_integer(value: Any, what: str, low: float = -math.inf) -> int:
    """Return a whole number from `low`; refuse anything else."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise NeurosimError(f"{what} = {shown(value)} is not a whole number")
    if value < low:
        raise NeurosimError(f"{what} = {value} is below {low:g}")
    return int(value)


def generator(seed: Any) -> np.random.Generator:
    """Return numpy's generator of a seed; refuse what is none."""
    if seed is None or isinstance(seed, (np.random.Generator, np.random.SeedSequence)):
        return np.random.default_rng(seed)
    return np.random.default_rng(as_integer(seed, "seed", 0))


def require_kind(value: Any, kinds: type | tuple[type, ...], what: str, give: str) -> None:
    """Refuse what is of another class than asked for."""
    if not isinstance(value, kinds):
        raise NeurosimError(f"{what} = {shown(value)} is no {give}: give one")


def require_neuron(value: Any, what: str) -> None:
    """Refuse what is not a LIF neuron, or stands for neurons of different parameters."""
    require_kind(value, LIF, what, "LIF neuron")
    if not value.is_uniform:
        raise NeurosimError(
            f"{what} = {shown(value)} has parameters that differ between neurons: give numbers"
        )


def one_of(value: Any, names: Any) -> bool:
    """Return whether a value is one of some names; what is no text is none of them."""
    return isinstance(value, str) and value in names


def shown(value: Any) -> str:
    """Return `repr(value)` on one line, shortened."""
    text = " ".join(repr(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
