"""Integer codes for compiled functions; separate because Numba is slow to import."""

from __future__ import annotations

CROSS_ENTROPY, SQUARED, SQUARED_RELU, PERCEPTRON = range(4)
"""Loss of one trial."""
HESSIAN, EXACT, SCORES = range(3)
"""Weights of z zᵀ in a sum: Gauss-Newton curvature, exact curvature, squared slope of the loss."""
