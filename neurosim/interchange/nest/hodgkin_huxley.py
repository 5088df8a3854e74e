"""Hodgkin-Huxley neurons of NEST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.interchange.nest.convert import nest_model
from neurosim.interchange.nest.receptors import alpha_currents, exp_conductances
from neurosim.models import HodgkinHuxley, HodgkinHuxleyTraub

if TYPE_CHECKING:
    from neurosim.interchange.nest.convert import Converted


DEFAULTS = {
    "C_m": 100.0,
    "g_Na": 12000.0,
    "g_K": 3600.0,
    "g_L": 30.0,
    "E_Na": 50.0,
    "E_K": -77.0,
    "E_L": -54.402,
    "t_ref": 2.0,
    "tau_syn_ex": 0.2,
    "tau_syn_in": 2.0,
    "V_m": -65.0,
    "Act_m": 0.05293248525724958,
    "Inact_h": 0.5961207535084603,
    "Act_n": 0.3176769140606974,
}


def _channels(p: Any) -> dict[str, Any]:
    """Return the parameters that both models have."""
    names = {"g_na": "g_Na", "g_k": "g_K", "g_l": "g_L", "e_na": "E_Na", "e_k": "E_K", "e_l": "E_L"}
    names |= {"c_m": "C_m", "t_ref": "t_ref"}
    return {ours: getattr(p, theirs) for ours, theirs in names.items()}


@nest_model("hh_psc_alpha", DEFAULTS)
def hh_psc_alpha(p: Any) -> Converted:
    """Convert a Hodgkin-Huxley neuron with alpha-function currents."""
    neuron = HodgkinHuxley(
        **_channels(p),
        method="gsl",
        error_control="y",
        initial={"v": p.V_m, "m": p.Act_m, "h": p.Inact_h, "n": p.Act_n},
    )
    return neuron, alpha_currents(p)


TRAUB = {
    "C_m": 200.0,
    "g_Na": 20000.0,
    "g_K": 6000.0,
    "g_L": 10.0,
    "E_Na": 50.0,
    "E_K": -90.0,
    "E_L": -60.0,
    "V_T": -63.0,
    "t_ref": 2.0,
    "tau_syn_ex": 5.0,
    "tau_syn_in": 10.0,
    "E_ex": 0.0,
    "E_in": -80.0,
    "V_m": None,
}


@nest_model("hh_cond_exp_traub", TRAUB)
def hh_cond_exp_traub(p: Any) -> Converted:
    """Convert a Hodgkin-Huxley neuron of the hippocampus with exponential conductances."""
    neuron = HodgkinHuxleyTraub(
        **_channels(p),
        v_t=p.V_T,
        method="gsl",
        initial=None if p.V_m is None else {"v": p.V_m},
    )
    return neuron, exp_conductances(p)
