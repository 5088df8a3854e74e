"""Integrate-and-fire neurons as equations, for synapses that have equations too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter, parameters_of, state
from neurosim.models.neuron import INTEGRATION
from neurosim.models.neuron_model import NeuronModel
from neurosim.models.quantity import bounds_of, or_infinity

if TYPE_CHECKING:
    from neurosim.models.neurons.lif import LIF


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
    v: ClassVar = state("mV", "v_rest", "membrane potential")

    @staticmethod
    def derivatives(v, i, p):
        return (p.v_rest - v) / p.tau_m + i / p.c_m

    @staticmethod
    def spikes(v_before, v, p):
        return v > p.v_threshold

    @staticmethod
    def reset(v, p):
        return p.v_reset


def lif_equations(neuron: LIF, subject: str) -> LIFEquations:
    """Return the equations of an integrate-and-fire neuron.

    Parameters
    ----------
    neuron : LIF
    subject : str
        Start of error messages, such as "'exc' receives ExpConductance".

    Raises
    ------
    NeurosimError
        If the neuron has a reset by subtraction.
    """
    if bounds_of(getattr(neuron, "subtract", 0.0))[1] > 0.0:
        raise NeurosimError(
            f"{subject}, which cannot be combined with reset by subtraction: leave out subtract, "
            "or use ExpCurrent or AlphaCurrent"
        )
    names = (*INTEGRATION, *parameters_of(LIFEquations), "escape")
    return LIFEquations(**{name: getattr(neuron, name) for name in names})
