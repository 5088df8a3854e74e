"""Connections given as sparse matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse

from neurosim.errors import NeurosimError
from neurosim.models.connection_rules import Explicit


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
    matrix: Any = rule if issparse(rule) else None
    for strength in (psp, weight):
        if issparse(strength) and rule is None:
            matrix = strength
        elif issparse(strength) and strength is not rule:
            raise NeurosimError(
                "A sparse matrix of strengths also defines the connections: leave out the rule, or "
                "give the same matrix"
            )
    if matrix is None:
        return rule, psp, weight
    if matrix.shape != shape:
        raise NeurosimError(
            f"The sparse matrix has shape {matrix.shape}; expected {shape}, a row per source and a "
            "column per target"
        )
    entries = matrix.tocoo()
    psp, weight = (np.asarray(entries.data) if issparse(x) else x for x in (psp, weight))
    return Explicit(entries.row, entries.col), psp, weight
