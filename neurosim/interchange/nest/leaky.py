"""Leaky integrate-and-fire neurons of NEST."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

from neurosim.interchange.nest.model import NestModel, conductances, currents, delta_synapses, ports
from neurosim.models import (
    LIF,
    AlphaConductance,
    AlphaCurrent,
    ApproximateNMDA,
    BiexpConductance,
    EscapeRate,
    ExactNMDA,
    ExpConductance,
    ExpCurrent,
    IntegrateAndFire,
)

if TYPE_CHECKING:
    from neurosim.interchange.nest.model import Synapses

NO_BOUND = -1.7976931348623157e308
"""NEST's value of a lower bound that is not set."""

MEMBRANE = {"C_m": 250.0, "E_L": -70.0, "V_m": -70.0, "V_th": -55.0, "t_ref": 2.0}
CURRENTS = MEMBRANE | {"V_reset": -70.0, "tau_m": 10.0}
SYNAPSES = {"tau_syn_ex": 2.0, "tau_syn_in": 2.0}
CONDUCTANCES = MEMBRANE | {"V_reset": -60.0, "g_L": 16.6667, "E_ex": 0.0, "E_in": -85.0}
TAUS = {"tau_syn_ex": 0.2, "tau_syn_in": 2.0}
BETA = {"tau_rise_ex": 0.2, "tau_decay_ex": 0.2, "tau_rise_in": 2.0, "tau_decay_in": 2.0}
NMDA = MEMBRANE | {
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


def _leaky(p: Any) -> LIF:
    """Return an integrate-and-fire neuron, without the limits of `LIF` where they are exceeded.

    Conductances are integrated by NEST's solver.
    """
    options: dict[str, Any] = {}
    if hasattr(p, "g_L"):
        tau_m, options["method"] = p.C_m / p.g_L, "gsl"
    else:
        tau_m = p.tau_m
    if getattr(p, "delta", 0.0) > 0.0:
        options["escape"] = EscapeRate(p.delta, 1e3 / p.rho, "exponential")
    kind = IntegrateAndFire if p.V_th <= p.E_L or tau_m > 1e3 else LIF
    return kind(
        v_rest=p.E_L,
        v_threshold=p.V_th,
        v_reset=p.V_reset,
        tau_m=tau_m,
        c_m=p.C_m,
        t_ref=p.t_ref,
        v_peak=max(30.0, p.V_th),
        initial=None if p.V_m == p.E_L else {"v": p.V_m},
        **options,
    )


def _nmda(p: Any, kind: type[ApproximateNMDA | ExactNMDA]) -> Synapses:
    """Return receptors by name; the gating variables of NMDA jump, or follow their equations."""
    return {
        "AMPA": ExpConductance(p.tau_AMPA, p.E_ex, name="AMPA"),
        "GABA": ExpConductance(p.tau_GABA, p.E_in, name="GABA"),
        "NMDA": kind(p.tau_rise_NMDA, p.tau_decay_NMDA, p.alpha, p.conc_Mg2, p.E_ex, name="NMDA"),
    }


LEAKY = {
    "iaf_psc_exp": NestModel(
        _leaky, currents(ExpCurrent), CURRENTS | SYNAPSES | {"rho": 0.01, "delta": 0.0}
    ),
    "iaf_psc_alpha": NestModel(
        _leaky, currents(AlphaCurrent), CURRENTS | SYNAPSES | {"V_min": -math.inf}, ("V_min",)
    ),
    "iaf_psc_delta": NestModel(
        _leaky,
        delta_synapses,
        CURRENTS | {"V_min": NO_BOUND, "refractory_input": False},
        ("V_min", "refractory_input"),
    ),
    "iaf_psc_exp_multisynapse": NestModel(
        _leaky, ports(ExpCurrent), CURRENTS | {"tau_syn": (2.0,)}
    ),
    "iaf_cond_exp": NestModel(_leaky, conductances(ExpConductance), CONDUCTANCES | TAUS),
    "iaf_cond_alpha": NestModel(_leaky, conductances(AlphaConductance), CONDUCTANCES | TAUS),
    "iaf_cond_beta": NestModel(
        _leaky, conductances(BiexpConductance, "tau_rise", "tau_decay"), CONDUCTANCES | BETA
    ),
    "iaf_bw_2001": NestModel(_leaky, partial(_nmda, kind=ApproximateNMDA), NMDA),
    "iaf_bw_2001_exact": NestModel(_leaky, partial(_nmda, kind=ExactNMDA), NMDA),
}
