"""The bridge: a spiking neuron in millivolts and the logistic neuron it is said to be."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge import classics, datasets, spiking
    from bridge.activations import ACTIVATIONS, Activation, find_activation
    from bridge.bounds import Validity, validity
    from bridge.coincidence import coincidence_factor
    from bridge.comparison import Comparison, prediction_measures
    from bridge.descent import Descent, accelerated_descent, gradient_descent, newton, quasi_newton
    from bridge.features import (
        bin_means,
        bin_spikes,
        blocked_folds,
        lagged,
        out_of_fold_probability,
        spike_history,
    )
    from bridge.filtered import FilteredTwin, connect_filter
    from bridge.logistic import LogisticNeuron
    from bridge.mapping import LogisticUnit, to_logistic, to_spiking
    from bridge.measures import (
        NORMAL_95,
        Measure,
        Reliability,
        agreement,
        auc,
        bits_per_spike,
        brier_score,
        cross_entropy,
        reliability_curve,
        wilson_interval,
    )
    from bridge.networks import (
        Layer,
        LayeredNetwork,
        NetworkClassifier,
        Unit,
        in_levels,
        neuron_graph,
    )
    from bridge.noise import (
        EscapeNoise,
        GaussianNoise,
        Noise,
        OrnsteinUhlenbeckNoise,
        nearest_logistic,
        window_probability,
    )
    from bridge.plot import decision_plane, psp_plot, reliability_plot
    from bridge.rates import deterministic_rate, escape_rate, siegert_rate
    from bridge.separation import SeparableDataWarning
    from bridge.spiking import SpikingCircuit
    from bridge.spiking.strengths import Strengths, strengths
    from bridge.stochastic import stochastic_descent
    from bridge.unit import SpikingUnit, threshold_gap
    from bridge.worlds import compare_worlds

# Imported when first asked for: scikit-learn and the compiler take a second, and most of those who
# simulate need neither.
_MODULES = {
    "activations": (
        "ACTIVATIONS",
        "Activation",
        "find_activation",
    ),
    "coincidence": ("coincidence_factor",),
    "comparison": (
        "Comparison",
        "prediction_measures",
    ),
    "descent": (
        "Descent",
        "accelerated_descent",
        "gradient_descent",
        "newton",
        "quasi_newton",
    ),
    "features": (
        "bin_means",
        "bin_spikes",
        "blocked_folds",
        "lagged",
        "out_of_fold_probability",
        "spike_history",
    ),
    "filtered": (
        "FilteredTwin",
        "connect_filter",
    ),
    "logistic": ("LogisticNeuron",),
    "mapping": (
        "LogisticUnit",
        "to_logistic",
        "to_spiking",
    ),
    "measures": (
        "Measure",
        "NORMAL_95",
        "Reliability",
        "agreement",
        "auc",
        "bits_per_spike",
        "brier_score",
        "cross_entropy",
        "reliability_curve",
        "wilson_interval",
    ),
    "networks": (
        "Layer",
        "LayeredNetwork",
        "NetworkClassifier",
        "Unit",
        "in_levels",
        "neuron_graph",
    ),
    "noise": (
        "EscapeNoise",
        "GaussianNoise",
        "Noise",
        "OrnsteinUhlenbeckNoise",
        "nearest_logistic",
        "window_probability",
    ),
    "plot": (
        "decision_plane",
        "psp_plot",
        "reliability_plot",
    ),
    "rates": (
        "deterministic_rate",
        "escape_rate",
        "siegert_rate",
    ),
    "separation": ("SeparableDataWarning",),
    "spiking": (
        "SpikingCircuit",
        "Strengths",
        "strengths",
    ),
    "stochastic": ("stochastic_descent",),
    "unit": (
        "SpikingUnit",
        "threshold_gap",
    ),
    "bounds": (
        "Validity",
        "validity",
    ),
    "worlds": ("compare_worlds",),
}
_LATE = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ACTIVATIONS",
    "NORMAL_95",
    "Activation",
    "Comparison",
    "Descent",
    "EscapeNoise",
    "FilteredTwin",
    "GaussianNoise",
    "Layer",
    "LayeredNetwork",
    "LogisticNeuron",
    "LogisticUnit",
    "Measure",
    "NetworkClassifier",
    "Noise",
    "OrnsteinUhlenbeckNoise",
    "Reliability",
    "SeparableDataWarning",
    "SpikingCircuit",
    "SpikingUnit",
    "Strengths",
    "Unit",
    "Validity",
    "accelerated_descent",
    "agreement",
    "auc",
    "bin_means",
    "bin_spikes",
    "bits_per_spike",
    "blocked_folds",
    "brier_score",
    "classics",
    "coincidence_factor",
    "compare_worlds",
    "connect_filter",
    "cross_entropy",
    "datasets",
    "decision_plane",
    "deterministic_rate",
    "escape_rate",
    "find_activation",
    "gradient_descent",
    "in_levels",
    "lagged",
    "nearest_logistic",
    "neuron_graph",
    "newton",
    "out_of_fold_probability",
    "prediction_measures",
    "psp_plot",
    "quasi_newton",
    "reliability_curve",
    "reliability_plot",
    "siegert_rate",
    "spike_history",
    "spiking",
    "stochastic_descent",
    "strengths",
    "threshold_gap",
    "to_logistic",
    "to_spiking",
    "validity",
    "wilson_interval",
    "window_probability",
]


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(f"bridge.{_LATE[name]}"), name)
    if name in ("classics", "datasets", "spiking"):
        return import_module(f"bridge.{name}")
    raise AttributeError(f"module 'bridge' has no attribute {name!r}")
