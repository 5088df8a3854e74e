"""Numbers in sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def signed(value: float, digits: int = 8, *, plus: bool = False) -> str:
    """Return a number with at most `digits` digits and a true minus sign.

    Examples
    --------
    >>> signed(-6.0), signed(10.0, plus=True)
    ('−6', '+10')
    """
    return f"{value:{'+' if plus else ''}.{digits}g}".replace("-", "−")


def weighted_sum(
    constant: float, weights: Iterable[float], names: Iterable[str], digits: int = 8
) -> str:
    """Return a weighted sum as a formula.

    Examples
    --------
    >>> weighted_sum(1.0, [3.0, -2.0], ["x₁", "x₂"])
    '1 + 3 x₁ − 2 x₂'
    """
    text = signed(constant, digits)
    for weight, name in zip(weights, names, strict=True):
        text += f" {'−' if weight < 0 else '+'} {abs(weight):.{digits}g} {name}"
    return text


def listed(words: Iterable[str]) -> str:
    """Return words as an enumeration.

    Examples
    --------
    >>> listed(["−6", "+10", "+3"])
    '−6, +10 and +3'
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def estimate(value: float, interval: ArrayLike, unit: str = "", digits: int = 3) -> str:
    """Return an estimate with its 95 % interval.

    Examples
    --------
    >>> estimate(0.2693, (0.2551, 0.2834))
    '0.269 (95 % interval 0.255 to 0.283)'
    """
    low, high = np.asarray(interval, dtype=float)
    unit = f" {unit}" if unit else ""
    text = f"{value:.{digits}f}{unit} (95 % interval {low:.{digits}f} to {high:.{digits}f})"
    return text.replace("-", "−")


def sentences(found: Mapping[str, Any], *templates: str, **others: Any) -> list[str]:
    """Return sentences with values in place of their names, and true minus signs.

    Parameters
    ----------
    found : mapping of str to object
        Values by name, usually the findings. None and NaN are printed as "undefined".
    *templates : str
        Sentences with names in braces, as for ``str.format``.
    **others
        More values by name.

    Examples
    --------
    >>> sentences({"v_mv": -63.0}, "The potential reaches {v_mv:g} mV after {n} PSPs.", n=3)
    ['The potential reaches −63 mV after 3 PSPs.']
    >>> sentences({"cv": None}, "The CV is {cv:.2f}.")
    ['The CV is undefined.']
    """
    values = _with_nan({**found, **others})
    texts = [re.sub(r"\bnan%?(?!\w)", "undefined", text.format_map(values)) for text in templates]
    return [re.sub(r"(?<![\w-])-(?=\d)", "−", text) for text in texts]


def _with_nan(value: Any) -> Any:
    """Return a value with NaN in place of None, also within lists and dicts."""
    if isinstance(value, Mapping):
        return {key: _with_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_nan(one) for one in value]
    return math.nan if value is None else value
