"""Networks of abstract neurons: layers, loop-free graphs, and their gradient by the chain rule."""

from __future__ import annotations

from bridge.networks.estimator import NetworkClassifier
from bridge.networks.graph import Unit, in_levels, neuron_graph
from bridge.networks.imported import network_of
from bridge.networks.layer import Layer
from bridge.networks.network import LayeredNetwork

__all__ = [
    "Layer",
    "LayeredNetwork",
    "NetworkClassifier",
    "Unit",
    "in_levels",
    "network_of",
    "neuron_graph",
]
