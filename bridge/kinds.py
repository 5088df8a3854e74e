"""Numbers by which compiled code is told what to compute; apart, for it is slow to import."""

from __future__ import annotations

CROSS_ENTROPY, SQUARED, SQUARED_RELU, PERCEPTRON = range(4)
"""Losses of one trial."""
GRADIENT, HESSIAN, EXACT, SCORES = range(4)
"""What a pass sums beside loss and gradient: nothing, or z zᵀ times the Gauss-Newton curvature, the
exact curvature or the squared slope of the trial's loss."""
