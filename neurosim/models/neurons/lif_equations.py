"""Integrate-and-fire neurons as equations, for synapses that have equations too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, parameters_of, state
from neurosim.models.neuron import INTEGRATION
from neurosim.models.neuron_model import NeuronModel
from neurosim.models.quantity import or_infinity


# Not registered, because networks and scenario files never name it.
@dataclass(frozen=True, eq=False)
class LIFEquations(NeuronModel, abstract=True):
    """The equations of a `LIF` with the same parameters."""

    v_rest: Any = parameter(-70.0, "mV", help="resting potential")
    v_threshold: Any = parameter(
        -55.0, "mV", help="the neuron fires when V is above it", check=or_infinity
    )
    v_reset: Any = parameter(-70.0, "mV", help="potential after a spike")
    v_peak: Any = parameter(30.0, "mV", help="peak of spikes in figures")
    tau_m: Any = parameter(20.0, "ms", help="membrane time constant", check=or_infinity)
    c_m: Any = parameter(250.0, "pF", help="membrane capacitance")
    t_ref: Any = parameter(5.0, "ms", help="absolute refractory period")
    subtract: Any = parameter(0.0, "mV", help="decrease of V at a spike")
    v: ClassVar = state("mV", "v_rest", "membrane potential")
    spike_check: ClassVar = "step"

    @staticmethod
    def derivatives(v, i, p):
        return (p.v_rest - v) * (1.0 / p.tau_m) + i * (1.0 / p.c_m)

    @staticmethod
    def spikes(v_before, v, p):
        return v > p.v_threshold

    @staticmethod
    def reset(v, p):
        return v - p.subtract if p.subtract > 0.0 else p.v_reset


@dataclass(frozen=True, eq=False)
class BoundedLIFEquations(LIFEquations, abstract=True):
    """The same with V bounded by the threshold inside the equations, as in NEST."""

    v_max: ClassVar = "v_threshold"


def lif_equations(neuron: Any) -> LIFEquations:
    """Return the equations of an integrate-and-fire neuron."""
    bounded = neuron.method == "gsl" and neuron.escape is None
    kind: type[LIFEquations] = BoundedLIFEquations if bounded else LIFEquations
    names = (*INTEGRATION, *parameters_of(kind), "escape")
    return kind(**{name: getattr(neuron, name) for name in names if hasattr(neuron, name)})
