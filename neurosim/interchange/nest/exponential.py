"""Adaptive exponential integrate-and-fire neurons of NEST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.interchange.nest.convert import nest_model
from neurosim.interchange.nest.receptors import (
    alpha_conductances,
    alpha_currents,
    exp_conductances,
    exp_currents,
)
from neurosim.models import AdEx, DeltaSynapse

if TYPE_CHECKING:
    from neurosim.interchange.nest.convert import Converted

DEFAULTS = {
    "C_m": 281.0,
    "g_L": 30.0,
    "E_L": -70.6,
    "V_th": -50.4,
    "Delta_T": 2.0,
    "V_reset": -60.0,
    "V_peak": 0.0,
    "a": 4.0,
    "b": 80.5,
    "tau_w": 144.0,
    "t_ref": 0.0,
    "V_m": -70.6,
    "w": 0.0,
    "gsl_error_tol": 1e-6,
}
TAUS = {"tau_syn_ex": 0.2, "tau_syn_in": 2.0}
REVERSALS = {"E_ex": 0.0, "E_in": -85.0}


def _adex(p: Any) -> AdEx:
    """Return the neuron with the parameters of `p`."""
    return AdEx(
        c_m=p.C_m,
        g_l=p.g_L,
        e_l=p.E_L,
        v_th=p.V_th,
        delta_t=p.Delta_T,
        v_reset=p.V_reset,
        v_peak=p.V_peak,
        a=p.a,
        b=p.b,
        tau_w=p.tau_w,
        t_ref=p.t_ref,
        method="gsl",
        tolerance=p.gsl_error_tol,
        initial={"v": p.V_m, "w": p.w},
    )


@nest_model("aeif_cond_exp", DEFAULTS | TAUS | REVERSALS)
def aeif_cond_exp(p: Any) -> Converted:
    """Convert a neuron with exponential conductances."""
    return _adex(p), exp_conductances(p)


@nest_model("aeif_cond_alpha", DEFAULTS | TAUS | REVERSALS)
def aeif_cond_alpha(p: Any) -> Converted:
    """Convert a neuron with alpha-function conductances."""
    return _adex(p), alpha_conductances(p)


@nest_model("aeif_psc_exp", DEFAULTS | TAUS)
def aeif_psc_exp(p: Any) -> Converted:
    """Convert a neuron with exponential currents."""
    return _adex(p), exp_currents(p)


@nest_model("aeif_psc_alpha", DEFAULTS | TAUS)
def aeif_psc_alpha(p: Any) -> Converted:
    """Convert a neuron with alpha-function currents."""
    return _adex(p), alpha_currents(p)


@nest_model("aeif_psc_delta", DEFAULTS | {"refractory_input": False}, fixed=("refractory_input",))
def aeif_psc_delta(p: Any) -> Converted:
    """Convert a neuron with delta synapses; weights are in mV."""
    return _adex(p), {"ex": DeltaSynapse(), "in": DeltaSynapse()}
