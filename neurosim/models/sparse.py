"""Connections given as sparse matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from neurosim.errors import NeurosimError
from neurosim.models.connection_rules import Explicit

if TYPE_CHECKING:
    from numpy.typing import NDArray


def is_sparse(value: object) -> bool:
    """Whether `value` is a scipy sparse matrix or array."""
    return scipy.sparse.issparse(value)


def from_sparse(matrix: Any, shape: tuple[int, int]) -> tuple[Explicit, NDArray]:
    """Return the connections stored in a sparse matrix (source, target), and their values."""
    if matrix.shape != shape:
        raise NeurosimError(
            f"The sparse matrix has shape {matrix.shape}; expected {shape}, a row per source and a "
            "column per target"
        )
    entries = matrix.tocoo()
    return Explicit(entries.row, entries.col), np.asarray(entries.data)


def expand_sparse(rule: Any, psp: Any, weight: Any, shape: tuple[int, int]) -> tuple[Any, Any, Any]:
    """Convert sparse matrices to an explicit rule and an array of strengths.

    Parameters
    ----------
    rule, psp, weight : Any
        Arguments of `Network.connect`.
    shape : tuple of int
        Number of sources and targets.

    Returns
    -------
    rule, psp, weight : Any
        The same, without sparse matrices.

    Raises
    ------
    NeurosimError
    """
    pattern = rule if is_sparse(rule) else None
    for strength in (psp, weight):
        if is_sparse(strength) and rule is None:
            pattern = strength
        elif is_sparse(strength) and strength is not rule:
            raise NeurosimError(
                "A sparse matrix of strengths also defines the connections: leave out the rule, or "
                "give the same matrix"
            )
    if pattern is None:
        return rule, psp, weight
    explicit, values = from_sparse(pattern, shape)
    psp = values if is_sparse(psp) else psp
    weight = values if is_sparse(weight) else weight
    return explicit, psp, weight
