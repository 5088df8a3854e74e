"""Integer codes for compiled functions; separate because Numba is slow to import."""

from __future__ import annotations

# Loss of one trial.
CROSS_ENTROPY, SQUARED, SQUARED_RELU, PERCEPTRON = range(4)
# Weights of z zᵀ in a sum: Gauss-Newton curvature, exact curvature, squared slope of the loss.
HESSIAN, EXACT, SCORES = range(3)
