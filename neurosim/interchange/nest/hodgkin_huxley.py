"""Hodgkin-Huxley neurons of NEST."""

from __future__ import annotations

from typing import Any

from neurosim.interchange.nest.model import NestModel, conductances, currents, renamed
from neurosim.models import AlphaCurrent, ExpConductance, HodgkinHuxley, HodgkinHuxleyTraub

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


def _hodgkin_huxley(p: Any) -> HodgkinHuxley:
    """Return a neuron whose error is controlled as in NEST."""
    initial = {"v": p.V_m, "m": p.Act_m, "h": p.Inact_h, "n": p.Act_n}
    return renamed(HodgkinHuxley, p, method="gsl", error_control="y", initial=initial)


def _traub(p: Any) -> HodgkinHuxleyTraub:
    """Return a neuron of the hippocampus; it starts at its resting potential by default."""
    initial = None if p.V_m is None else {"v": p.V_m}
    return renamed(HodgkinHuxleyTraub, p, method="gsl", initial=initial)


HODGKIN_HUXLEY = {
    "hh_psc_alpha": NestModel(_hodgkin_huxley, currents(AlphaCurrent), DEFAULTS),
    "hh_cond_exp_traub": NestModel(_traub, conductances(ExpConductance), TRAUB),
}
