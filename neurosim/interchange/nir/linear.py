"""Linear nodes of a NIR graph as sparse matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import array_of, per_element
from neurosim.interchange.nir.windows import POOLS, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from neurosim.interchange.nir.fields import SynapseBudget

    Matrix = scipy.sparse.csr_array
    Signal = Mapping[tuple[str | None, int], Matrix]
    """Matrix for each source and each delay (steps). The source None is the constant 1."""

PORTS = {"Input", "Output"}
LINEAR = {"Affine", "Linear", "Scale", "Conv1d", "Conv2d", "Flatten", "Delay", *PORTS, *POOLS}
"""Kinds of node that are linear in the signal; ports of nested graphs do not change it."""
TOLERANCE = 1e-6
"""Largest deviation of a delay from whole steps (steps) that counts as rounding."""
MAX_DELAY = 10**6
"""Steps."""


def output_shape(node: Any, given: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the output of a linear node for a signal of the given shape."""
    kind = type(node).__name__
    if kind in ("Linear", "Affine"):
        return array_of(node, "weight").shape[:1]
    if kind in ("Conv1d", "Conv2d", *POOLS):
        return Window(node, given).out_shape
    if kind != "Flatten":
        return given
    n = len(given)
    ends = (int(array_of(node, end).ravel()[0]) for end in ("start_dim", "end_dim"))
    first, last = (k + n if k < 0 else min(k, n - 1) for k in ends)
    if not 0 <= first <= last:
        raise NeurosimError(f"it cannot flatten a signal of shape {given}")
    return (*given[:first], math.prod(given[first : last + 1]), *given[last + 1 :])


def apply(
    node: Any, given: tuple[int, ...], signal: Signal, dt: float, budget: SynapseBudget
) -> Signal:
    """Return the output of a linear node.

    Parameters
    ----------
    node : nir.NIRNode
    given : tuple of int
        Shape of the signal.
    signal : Signal
    dt : float
        s.
    budget : SynapseBudget

    Raises
    ------
    NeurosimError
        If shapes do not fit, values are out of range, or the budget is exceeded.
    """
    kind, size = type(node).__name__, math.prod(given)
    if kind == "Flatten" or kind in PORTS:
        return signal
    if kind == "Delay":
        delay = per_element(node, "delay", size)
        return _delayed(delay, signal, dt, budget)
    n_repeats = 1
    if kind == "Scale":
        matrix = scipy.sparse.diags_array(per_element(node, "scale", size)).tocsr()
    elif kind in ("Linear", "Affine"):
        weight = array_of(node, "weight")
        if weight.ndim != 2 or weight.shape[1] != size:
            raise NeurosimError(
                f"weight has shape {weight.shape} and the signal has shape {given}; it needs a row "
                "per output and a column per input"
            )
        budget.take(int(np.count_nonzero(weight)))
        matrix = scipy.sparse.csr_array(weight)
    else:
        window = Window(node, given)
        matrix, n_repeats = window.matrix(budget), math.prod(window.out_shape[1:])
    found = dict(_product(matrix, signal, budget))
    if getattr(node, "bias", None) is not None:
        bias = array_of(node, "bias").ravel()
        if bias.size * n_repeats != matrix.shape[0]:
            n = matrix.shape[0] // n_repeats
            raise NeurosimError(f"bias has {bias.size} values; it needs {n}")
        if bias.any():
            constant = scipy.sparse.csr_array(np.repeat(bias, n_repeats)[:, None])
            return total([found, {(None, 0): constant}])
    return found


def total(signals: Iterable[Signal]) -> Signal:
    """Return the sum of signals."""
    found: dict[tuple[str | None, int], Matrix] = {}
    for signal in signals:
        for key, matrix in signal.items():
            found[key] = found[key] + matrix if key in found else matrix
    return found


def _product(matrix: Matrix, signal: Signal, budget: SynapseBudget) -> Signal:
    """Return a matrix times a signal."""
    found = {}
    n_entries = np.bincount(matrix.indices, minlength=matrix.shape[1])
    for key, term in signal.items():
        n = term.shape[0]
        if n == term.shape[1] == term.nnz and (term.diagonal() == 1.0).all():  # identity
            found[key] = matrix
            continue
        budget.take(int(n_entries @ np.diff(term.indptr)))
        found[key] = matrix @ term
        found[key].eliminate_zeros()
    return found


def _delayed(
    delay: NDArray[np.float64], signal: Signal, dt: float, budget: SynapseBudget
) -> Signal:
    """Return a signal whose elements are delayed (s)."""
    steps = delay / dt
    whole = np.rint(steps)
    wrong = (np.abs(steps - whole) > TOLERANCE) | (whole < 0) | (whole > MAX_DELAY)
    if wrong.any():
        raise NeurosimError(
            f"its delays must be whole steps of dt = {dt * 1e3:g} ms from 0 to {MAX_DELAY:,}, and "
            f"one is {delay[wrong][0] * 1e3:g} ms"
        )
    parts = []
    for step in np.unique(whole).astype(int).tolist():
        chosen = scipy.sparse.diags_array((whole == step).astype(float)).tocsr()
        chosen.eliminate_zeros()
        product = _product(chosen, signal, budget).items()
        parts.append({(source, late + step): term for (source, late), term in product if term.nnz})
    return total(parts)
