"""What the linear nodes of a NIR graph do to a signal, as sparse matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import array_of
from neurosim.interchange.nir.windows import POOLS, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from neurosim.interchange.nir.fields import Room

    Matrix = scipy.sparse.csr_array
    Terms = Mapping[tuple[str | None, int], Matrix]
    """A signal: for each source, and each delay in steps, what it adds. None is the constant 1."""

PORTS = {"Input", "Output"}
LINEAR = {"Affine", "Linear", "Scale", "Conv1d", "Conv2d", "Flatten", "Delay", *PORTS, *POOLS}
"""Kinds of node that are linear in the signal; ports of graphs within graphs leave it as it is."""
ON_GRID = 1e-6
"""By how much of a step a delay may be off, for rounding."""
LONGEST_DELAY = 10**6
"""Steps."""


def out_shape(node: Any, name: str, given: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of what a linear node makes of a signal of the shape given."""
    kind = type(node).__name__
    if kind in ("Linear", "Affine"):
        return (array_of(node, "weight", name).shape[0],)
    if kind in ("Conv1d", "Conv2d", *POOLS):
        return Window(node, name, given).out_shape
    if kind == "Flatten":
        n = len(given)
        first, last = (
            int(array_of(node, field, name).ravel()[0]) for field in ("start_dim", "end_dim")
        )
        first, last = (k + n if k < 0 else min(k, n - 1) for k in (first, last))
        if not 0 <= first <= last:
            raise NeurosimError(f"Node {name!r} cannot flatten a signal of shape {given}")
        return (*given[:first], math.prod(given[first : last + 1]), *given[last + 1 :])
    return given


def apply(
    node: Any, name: str, given: tuple[int, ...], terms: Terms, dt: float, room: Room
) -> Terms:
    """Return what a linear node makes of a signal.

    Parameters
    ----------
    node : nir.NIRNode
    name : str
    given : tuple of int
        Shape of the signal.
    terms : Terms
    dt : float
        s.
    room : Room

    Raises
    ------
    NeurosimError
        Where shapes do not fit, values are out of range, or the room does not suffice.
    """
    kind = type(node).__name__
    if kind == "Flatten" or kind in PORTS:
        return terms
    if kind == "Delay":
        return _delayed(_per_element(node, "delay", name, given), terms, name, dt, room)
    if kind == "Scale":
        scale = _per_element(node, "scale", name, given)
        return _times(scipy.sparse.diags_array(scale).tocsr(), terms, name, room)
    if kind in ("Linear", "Affine"):
        matrix, bias = _dense(node, name, given, room), np.zeros(0)
        if kind == "Affine":
            bias = _bias(node, name, len(array_of(node, "weight", name)))
    else:
        window = Window(node, name, given)
        matrix, bias = window.matrix(room), np.zeros(0)
        if kind not in POOLS:
            channels, *area = window.out_shape
            bias = np.repeat(_bias(node, name, channels), math.prod(area))
    input_matrices = dict(_times(matrix, terms, name, room))
    if bias.any():
        constant = scipy.sparse.csr_array(bias[:, None])
        input_matrices[None, 0] = (
            input_matrices[None, 0] + constant if (None, 0) in input_matrices else constant
        )
    return input_matrices


def identity(n: int, name: str, room: Room) -> Matrix:
    """Return what leaves a signal of n elements as it is."""
    room.take(n, name)
    return scipy.sparse.eye_array(n, format="csr")


def summed(signals: Sequence[Terms]) -> Terms:
    """Return the sum of signals."""
    total: dict[tuple[str | None, int], Matrix] = {}
    for terms in signals:
        for key, matrix in terms.items():
            total[key] = total[key] + matrix if key in total else matrix
    return total


def _per_element(node: Any, field: str, name: str, given: tuple[int, ...]) -> NDArray[np.float64]:
    values, size = array_of(node, field, name).ravel(), math.prod(given)
    if values.size not in (1, size):
        raise NeurosimError(
            f"Node {name!r}: {field} has {values.size} values and the signal has {size}"
        )
    return np.array(np.broadcast_to(values, size))


def _bias(node: Any, name: str, n: int) -> NDArray[np.float64]:
    if node.bias is None:
        return np.zeros(n)
    bias = array_of(node, "bias", name).ravel()
    if bias.size != n:
        raise NeurosimError(f"Node {name!r}: bias has {bias.size} values; it needs {n}")
    return bias


def _dense(node: Any, name: str, given: tuple[int, ...], room: Room) -> Matrix:
    weight = array_of(node, "weight", name)
    if weight.ndim != 2 or weight.shape[1] != math.prod(given):
        raise NeurosimError(
            f"Node {name!r}: weight has shape {weight.shape} and the signal has shape {given}; it "
            "needs a row per output and a column per input"
        )
    room.take(int(np.count_nonzero(weight)), name)
    return scipy.sparse.csr_array(weight)


def _times(matrix: Matrix, terms: Terms, name: str, room: Room) -> Terms:
    found = {}
    columns = np.bincount(matrix.indices, minlength=matrix.shape[1])
    for key, term in terms.items():
        if _is_identity(term):
            found[key] = matrix
            continue
        room.take(int(columns @ np.diff(term.indptr)), name)
        product = matrix @ term
        product.eliminate_zeros()
        found[key] = product
    return found


def _is_identity(matrix: Matrix) -> bool:
    n = matrix.shape[0]
    if not matrix.shape[1] == matrix.nnz == n:
        return False
    places, columns = np.arange(n + 1), np.arange(n)
    same = (matrix.indptr == places).all() and (matrix.indices == columns).all()
    return bool(same and (matrix.data == 1.0).all())


def _delayed(delay: NDArray[np.float64], terms: Terms, name: str, dt: float, room: Room) -> Terms:
    steps = delay / dt
    whole = np.rint(steps)
    wrong = (np.abs(steps - whole) > ON_GRID) | (whole < 0) | (whole > LONGEST_DELAY)
    if wrong.any():
        raise NeurosimError(
            f"Node {name!r}: its delays must be whole steps of dt = {dt * 1e3:g} ms from 0 to "
            f"{LONGEST_DELAY:,}: {delay[wrong][0] * 1e3:g} ms is among them"
        )
    parts = []
    for step in np.unique(whole).astype(int).tolist():
        chosen = scipy.sparse.diags_array((whole == step).astype(float)).tocsr()
        chosen.eliminate_zeros()
        parts.append(
            {
                (source, late + step): term
                for (source, late), term in _times(chosen, terms, name, room).items()
                if term.nnz
            }
        )
    return summed(parts)
