"""Leaky integrate-and-fire neurons of NEST."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from neurosim.interchange.nest.convert import nest_model
from neurosim.interchange.nest.receptors import (
    alpha_conductances,
    alpha_currents,
    exp_conductances,
    exp_currents,
)
from neurosim.models import (
    LIF,
    BiexpConductance,
    DeltaSynapse,
    EscapeRate,
    ExpCurrent,
    IntegrateAndFire,
)

if TYPE_CHECKING:
    from neurosim.interchange.nest.convert import Converted

NO_BOUND = -1.7976931348623157e308
"""NEST's value of a lower bound that is not set."""

MEMBRANE = {"C_m": 250.0, "E_L": -70.0, "V_m": -70.0, "V_th": -55.0, "t_ref": 2.0}
CURRENTS = MEMBRANE | {"V_reset": -70.0, "tau_m": 10.0}


def leaky(p: Any, tau_m: Any, **options: Any) -> LIF:
    """Return an integrate-and-fire neuron with the potentials of `p`.

    A neuron without the limits of `LIF` is returned where they are exceeded.
    """
    fires = p.V_th <= p.E_L or tau_m > 1e3
    kind = IntegrateAndFire if fires else LIF
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


SYNAPSES = {"tau_syn_ex": 2.0, "tau_syn_in": 2.0}


@nest_model("iaf_psc_exp", CURRENTS | SYNAPSES | {"rho": 0.01, "delta": 0.0})
def iaf_psc_exp(p: Any) -> Converted:
    """Convert a neuron with exponential currents, and escape noise if delta is above 0."""
    escape = EscapeRate(p.delta, 1e3 / p.rho, "exponential") if p.delta > 0.0 else None
    return leaky(p, p.tau_m, escape=escape), exp_currents(p)


@nest_model("iaf_psc_alpha", CURRENTS | SYNAPSES | {"V_min": -math.inf}, fixed=("V_min",))
def iaf_psc_alpha(p: Any) -> Converted:
    """Convert a neuron with alpha-function currents."""
    return leaky(p, p.tau_m), alpha_currents(p)


@nest_model(
    "iaf_psc_delta",
    CURRENTS | {"V_min": NO_BOUND, "refractory_input": False},
    fixed=("V_min", "refractory_input"),
)
def iaf_psc_delta(p: Any) -> Converted:
    """Convert a neuron with delta synapses; weights are in mV."""
    return leaky(p, p.tau_m), {"ex": DeltaSynapse(), "in": DeltaSynapse()}


@nest_model("iaf_psc_exp_multisynapse", {**CURRENTS, "tau_syn": (2.0,)})
def iaf_psc_exp_multisynapse(p: Any) -> Converted:
    """Convert a neuron with one exponential current for each receptor port."""
    return leaky(p, p.tau_m), {k: ExpCurrent(tau) for k, tau in enumerate(p.tau_syn, 1)}


CONDUCTANCES = MEMBRANE | {"V_reset": -60.0, "g_L": 16.6667, "E_ex": 0.0, "E_in": -85.0}
TAUS = {"tau_syn_ex": 0.2, "tau_syn_in": 2.0}
BETA = {"tau_rise_ex": 0.2, "tau_decay_ex": 0.2, "tau_rise_in": 2.0, "tau_decay_in": 2.0}


def _with_conductances(p: Any) -> LIF:
    """Return a neuron whose conductances are integrated by NEST's solver."""
    return leaky(p, p.C_m / p.g_L, method="gsl")


@nest_model("iaf_cond_exp", CONDUCTANCES | TAUS)
def iaf_cond_exp(p: Any) -> Converted:
    """Convert a neuron with exponential conductances."""
    return _with_conductances(p), exp_conductances(p)


@nest_model("iaf_cond_alpha", CONDUCTANCES | TAUS)
def iaf_cond_alpha(p: Any) -> Converted:
    """Convert a neuron with alpha-function conductances."""
    return _with_conductances(p), alpha_conductances(p)


@nest_model("iaf_cond_beta", CONDUCTANCES | BETA)
def iaf_cond_beta(p: Any) -> Converted:
    """Convert a neuron with conductances that rise and decay exponentially."""
    return _with_conductances(p), {
        "ex": BiexpConductance(p.tau_rise_ex, p.tau_decay_ex, p.E_ex, name="ex"),
        "in": BiexpConductance(p.tau_rise_in, p.tau_decay_in, p.E_in, name="in"),
    }
