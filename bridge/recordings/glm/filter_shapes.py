"""Filters of all pairs of neurons, from coefficients of basis functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def filters(basis: Floats, history_basis: Floats, coupling: Floats, history: Floats) -> Floats:
    """Return the effect of a spike 1, 2, … bins later, shape (n, n, n_lags).

    Parameters
    ----------
    basis : (n_lags, n_functions) ndarray
        Basis functions of the coupling.
    history_basis : (n_history_lags, n_history) ndarray
        Basis functions of the spike history.
    coupling : (n, n, n_functions) ndarray
        Coefficients from neuron to neuron; the diagonal is not used.
    history : (n, n_history) ndarray
        Coefficients of the spike history.
    """
    return _combined(coupling @ basis.T, history @ history_basis.T)


def errors(basis: Floats, history_basis: Floats, coupling: Floats, history: Floats) -> Floats:
    """Return the standard errors of `filters`, from the covariances of the coefficients."""
    between = np.einsum("lk,jikm,lm->jil", basis, coupling, basis, optimize=True)
    within = np.einsum("lk,jkm,lm->jl", history_basis, history, history_basis, optimize=True)
    return np.sqrt(np.maximum(_combined(between, within), 0.0))


def _combined(between: Floats, within: Floats) -> Floats:
    """Return values between neurons, with those of the spike history on the diagonal."""
    n, _, n_lags = between.shape
    found = np.zeros((n, n, max(n_lags, within.shape[1])))
    found[:, :, :n_lags] = between
    diagonal = np.arange(n)
    found[diagonal, diagonal] = 0.0
    found[diagonal, diagonal, : within.shape[1]] = within
    return found
