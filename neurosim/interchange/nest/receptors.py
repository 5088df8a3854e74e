"""Receptors that several models of NEST share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.models import AlphaConductance, AlphaCurrent, ExpConductance, ExpCurrent

if TYPE_CHECKING:
    from neurosim.models import Synapse

    Synapses = dict[str | int, Synapse]


def exp_currents(p: Any) -> Synapses:
    """Return an excitatory and an inhibitory current that decay exponentially."""
    return {"ex": ExpCurrent(p.tau_syn_ex), "in": ExpCurrent(p.tau_syn_in)}


def alpha_currents(p: Any) -> Synapses:
    """Return an excitatory and an inhibitory current with the course of an alpha function."""
    return {"ex": AlphaCurrent(p.tau_syn_ex), "in": AlphaCurrent(p.tau_syn_in)}


def exp_conductances(p: Any) -> Synapses:
    """Return an excitatory and an inhibitory conductance that decay exponentially."""
    return {
        "ex": ExpConductance(p.tau_syn_ex, p.E_ex, name="ex"),
        "in": ExpConductance(p.tau_syn_in, p.E_in, name="in"),
    }


def alpha_conductances(p: Any) -> Synapses:
    """Return an excitatory and an inhibitory conductance with the course of an alpha function."""
    return {
        "ex": AlphaConductance(p.tau_syn_ex, p.E_ex, name="ex"),
        "in": AlphaConductance(p.tau_syn_in, p.E_in, name="in"),
    }
