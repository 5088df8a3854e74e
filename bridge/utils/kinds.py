"""Numbers by which compiled code is told what to compute; apart, for it is slow to import."""

from __future__ import annotations

CROSS_ENTROPY, SQUARED, SQUARED_RELU, PERCEPTRON = range(4)
"""Losses of one trial."""
HESSIAN, EXACT, SCORES = range(3)
"""By what a pass weighs z zᵀ: the Gauss-Newton curvature of the trial's loss, its exact curvature,
its squared slope."""
