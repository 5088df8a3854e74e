"""Filters of all pairs of neurons, from coefficients of basis functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def filters(basis: Floats, own: Floats, coupling: Floats, history: Floats) -> Floats:
    """Return the effect 1, 2, … bins after a spike, shape (n, n, n_lags).

    Parameters
    ----------
    basis, own : (n_lags, n_functions) and (n_own_lags, n_history) ndarray
        Basis functions of the coupling and of own spikes.
    coupling : (n, n, n_functions) ndarray
        Coefficients from neuron to neuron; the diagonal is not used.
    history : (n, n_history) ndarray
        Coefficients of own spikes.
    """
    found = np.zeros((*coupling.shape[:2], max(len(basis), len(own))))
    found[:, :, : len(basis)] = coupling @ basis.T
    return _with_own(found, history @ own.T)


def errors(basis: Floats, own: Floats, coupling: Floats, history: Floats) -> Floats:
    """Return the standard errors of `filters`, from the covariances of the coefficients."""
    found = np.zeros((*coupling.shape[:2], max(len(basis), len(own))))
    variance = np.einsum("lk,jikm,lm->jil", basis, coupling, basis, optimize=True)
    found[:, :, : len(basis)] = np.sqrt(np.maximum(variance, 0.0))
    variance = np.einsum("lk,jkm,lm->jl", own, history, own, optimize=True)
    return _with_own(found, np.sqrt(np.maximum(variance, 0.0)))


def _with_own(found: Floats, own: Floats) -> Floats:
    """Write the effects of own spikes to the diagonal."""
    diagonal = np.arange(len(found))
    found[diagonal, diagonal] = 0.0
    found[diagonal, diagonal, : own.shape[1]] = own
    return found
