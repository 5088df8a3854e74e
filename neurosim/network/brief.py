"""Short descriptions of parts of a network."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.utils.checks import show
from neurosim.utils.table import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray


def brief(value: Any) -> str:
    """Return a part with the parameters that differ from their defaults, on one line."""
    if isinstance(value, np.ndarray):
        return f"array of {value.size}" if value.size != 1 else f"[{brief(value.flat[0])}]"
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return show(value)
    changed = (
        f"{field.name}={brief(given)}"
        for field in dataclasses.fields(value)
        if field.init and not _is_default(given := getattr(value, field.name), field)
    )
    arguments = ", ".join(changed)
    name = type(value).__name__
    text = f"{name}({arguments})" if arguments else name
    return text if len(text) <= 80 else f"{name}(…)"


def _is_default(value: Any, field: dataclasses.Field[Any]) -> bool:
    """Whether a field has its default value."""
    if field.default_factory is not dataclasses.MISSING:
        return bool(np.array_equal(value, field.default_factory()))
    return value is field.default or (np.ndim(value) == 0 and bool(value == field.default))


def strength(value: Any, unit: str) -> str:
    """Return a weight or a delay with its unit; for an array its range."""
    if isinstance(value, np.ndarray) and value.size:
        low, high = f"{value.min():.4g}", f"{value.max():.4g}"
        return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"
    if isinstance(value, (float, int)):
        return f"{value:.4g} {unit}"
    return f"{brief(value)} {unit}"


def sampled(interval: float | None) -> str:
    """Return a sampling interval (ms) as text."""
    return "every step" if interval is None else f"every {interval:g} ms"


def neurons(name: str, ids: NDArray[np.int64] | None) -> str:
    """Return a population's name, after the number of selected neurons.

    None means all neurons.
    """
    return repr(name) if ids is None else f"{counted(len(ids), 'neuron')} of {name!r}"
