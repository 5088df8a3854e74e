"""Neurons of NEST with NMDA receptors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.interchange.nest.convert import nest_model
from neurosim.interchange.nest.leaky import MEMBRANE, leaky
from neurosim.models import ApproximateNMDA, ExactNMDA, ExpConductance

if TYPE_CHECKING:
    from neurosim.interchange.nest.convert import Converted

DEFAULTS = MEMBRANE | {
    "C_m": 500.0,
    "V_reset": -60.0,
    "g_L": 25.0,
    "E_ex": 0.0,
    "E_in": -70.0,
    "tau_AMPA": 2.0,
    "tau_GABA": 5.0,
    "tau_rise_NMDA": 2.0,
    "tau_decay_NMDA": 100.0,
    "alpha": 0.5,
    "conc_Mg2": 1.0,
}


def _convert(p: Any, form: type[ApproximateNMDA | ExactNMDA]) -> Converted:
    """Return the neuron, and its receptors by name."""
    nmda = form(p.tau_rise_NMDA, p.tau_decay_NMDA, p.alpha, p.conc_Mg2, p.E_ex, name="NMDA")
    return leaky(p, p.C_m / p.g_L, method="gsl"), {
        "AMPA": ExpConductance(p.tau_AMPA, p.E_ex, name="AMPA"),
        "GABA": ExpConductance(p.tau_GABA, p.E_in, name="GABA"),
        "NMDA": nmda,
    }


@nest_model("iaf_bw_2001", DEFAULTS)
def iaf_bw_2001(p: Any) -> Converted:
    """Convert a neuron whose NMDA gating variables jump at spikes."""
    return _convert(p, ApproximateNMDA)


@nest_model("iaf_bw_2001_exact", DEFAULTS)
def iaf_bw_2001_exact(p: Any) -> Converted:
    """Convert a neuron whose NMDA gating variables follow their equations."""
    return _convert(p, ExactNMDA)
