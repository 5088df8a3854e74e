"""The classic abstract units: threshold logic, perceptron, Hebb's rule, Hopfield, radial units."""

from __future__ import annotations

from bridge.classics.boolean import Expression, parse, random_expression, truth_table
from bridge.classics.compiler import compile_expressions
from bridge.classics.hebb import hebb, oja, principal_component
from bridge.classics.hopfield import (
    HopfieldNetwork,
    corrupt,
    random_patterns,
    retrieval_overlap,
)
from bridge.classics.perceptron import (
    Perceptron,
    largest_margin,
    mistake_bound,
    train_perceptron,
)
from bridge.classics.radial import RadialUnit, radial_network, with_square
from bridge.classics.threshold import ThresholdNetwork, ThresholdUnit

__all__ = [
    "Expression",
    "HopfieldNetwork",
    "Perceptron",
    "RadialUnit",
    "ThresholdNetwork",
    "ThresholdUnit",
    "compile_expressions",
    "corrupt",
    "hebb",
    "largest_margin",
    "mistake_bound",
    "oja",
    "parse",
    "principal_component",
    "radial_network",
    "random_expression",
    "random_patterns",
    "retrieval_overlap",
    "train_perceptron",
    "truth_table",
    "with_square",
]
