"""Neurons of NEST that adapt."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from neurosim.errors import NeurosimError
from neurosim.interchange.nest.model import (
    NestModel,
    conductances,
    currents,
    delta_synapses,
    ports,
    renamed,
)
from neurosim.models import (
    AMAT2,
    GLIF,
    MAT2,
    AdaptingLIF,
    AdEx,
    AlphaConductance,
    AlphaCurrent,
    ExpConductance,
    ExpCurrent,
    Izhikevich,
)

MAT = {"E_L": -70.0, "V_m": -70.0, "t_ref": 2.0, "tau_syn_ex": 1.0, "tau_syn_in": 3.0}
MAT |= {"tau_1": 10.0, "tau_2": 200.0}
MAT_2 = MAT | {"C_m": 100.0, "tau_m": 5.0, "alpha_1": 37.0, "alpha_2": 2.0, "omega": -51.0}
AMAT_2 = MAT | {
    "C_m": 200.0,
    "tau_m": 10.0,
    "alpha_1": 10.0,
    "alpha_2": 0.0,
    "omega": -65.0,
    "beta": 0.0,
    "tau_v": 5.0,
}
AFTER_SPIKE = {
    "asc_init": (0.0, 0.0),
    "asc_decay": (0.003, 0.1),
    "asc_amps": (-9.18, -198.94),
    "asc_r": (1.0, 1.0),
}
"""NEST's defaults of the lists of after-spike currents."""
GENERALISED = AFTER_SPIKE | {
    "g": 9.43,
    "E_L": -78.85,
    "V_m": -78.85,
    "V_th": -51.68,
    "C_m": 58.72,
    "t_ref": 3.75,
    "V_reset": -78.85,
    "th_spike_add": 0.37,
    "th_spike_decay": 0.009,
    "voltage_reset_fraction": 0.2,
    "voltage_reset_add": 18.51,
    "th_voltage_index": 0.005,
    "th_voltage_decay": 0.09,
    "tau_syn": (2.0,),
    "spike_dependent_threshold": False,
    "after_spike_currents": False,
    "adapting_threshold": False,
}
ADAPTING_LIF = {
    "C_m": 289.5,
    "g_L": 28.95,
    "E_L": -70.0,
    "V_m": -70.0,
    "V_th": -57.0,
    "V_reset": -70.0,
    "t_ref": 0.5,
    "E_ex": 0.0,
    "E_in": -75.0,
    "tau_syn_ex": 1.5,
    "tau_syn_in": 10.0,
    "E_sfa": -70.0,
    "tau_sfa": 110.0,
    "q_sfa": 14.48,
    "E_rr": -70.0,
    "tau_rr": 1.97,
    "q_rr": 3214.0,
}
ADEX = {
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
IZHIKEVICH = {
    "a": 0.02,
    "b": 0.2,
    "c": -65.0,
    "d": 8.0,
    "V_th": 30.0,
    "V_min": -math.inf,
    "consistent_integration": True,
    "V_m": -65.0,
    "U_m": -13.0,
}
NO_BOUND = -1e300
"""Lower bounds below this value mean that there is none."""


def _mat(p: Any, kind: type[MAT2 | AMAT2]) -> MAT2 | AMAT2:
    """Return a neuron with an adaptive threshold."""
    return renamed(kind, p, initial={"v": p.V_m})


def _glif(p: Any) -> GLIF:
    """Return a generalised integrate-and-fire neuron."""
    for name in AFTER_SPIKE:
        if len(getattr(p, name)) > 2:
            raise NeurosimError(
                f"glif_psc with {len(getattr(p, name))} values of {name} cannot be converted: GLIF "
                "has two after-spike currents"
            )
    start, decay, jump, keep = ((*getattr(p, name), 0.0, 0.0)[:2] for name in AFTER_SPIKE)
    start = start if p.after_spike_currents else (0.0, 0.0)
    return renamed(
        GLIF,
        p,
        g_l=p.g,
        v_threshold=p.V_th,
        reset_rules=p.spike_dependent_threshold,
        reset_fraction=p.voltage_reset_fraction,
        reset_add=p.voltage_reset_add,
        theta_s_add=p.th_spike_add,
        decay_s=p.th_spike_decay,
        jump_1=jump[0],
        jump_2=jump[1],
        decay_1=decay[0],
        decay_2=decay[1],
        keep_1=keep[0],
        keep_2=keep[1],
        slope_v=p.th_voltage_index,
        decay_v=p.th_voltage_decay,
        as_nest=True,
        initial={"v": p.V_m, "a_1": start[0], "a_2": start[1]},
    )


def _adapting_lif(p: Any) -> AdaptingLIF:
    """Return a neuron with spike-frequency adaptation and relative refractoriness."""
    return renamed(AdaptingLIF, p, v_threshold=p.V_th, method="gsl", initial={"v": p.V_m})


def _adex(p: Any) -> AdEx:
    """Return an adaptive exponential integrate-and-fire neuron."""
    initial = {"v": p.V_m, "w": p.w}
    return renamed(AdEx, p, method="gsl", tolerance=p.gsl_error_tol, initial=initial)


def _izhikevich(p: Any) -> Izhikevich:
    """Return Izhikevich's neuron."""
    v_min = -math.inf if p.V_min < NO_BOUND else p.V_min
    return renamed(Izhikevich, p, v_peak=p.V_th, v_min=v_min, initial={"v": p.V_m, "u": p.U_m})


ADAPTING = {
    "mat2_psc_exp": NestModel(partial(_mat, kind=MAT2), currents(ExpCurrent), MAT_2),
    "amat2_psc_exp": NestModel(partial(_mat, kind=AMAT2), currents(ExpCurrent), AMAT_2),
    "glif_psc": NestModel(_glif, ports(AlphaCurrent), GENERALISED),
    "iaf_cond_exp_sfa_rr": NestModel(_adapting_lif, conductances(ExpConductance), ADAPTING_LIF),
    "aeif_cond_exp": NestModel(_adex, conductances(ExpConductance), ADEX | TAUS | REVERSALS),
    "aeif_cond_alpha": NestModel(_adex, conductances(AlphaConductance), ADEX | TAUS | REVERSALS),
    "aeif_psc_exp": NestModel(_adex, currents(ExpCurrent), ADEX | TAUS),
    "aeif_psc_alpha": NestModel(_adex, currents(AlphaCurrent), ADEX | TAUS),
    "aeif_psc_delta": NestModel(
        _adex, delta_synapses, ADEX | {"refractory_input": False}, ("refractory_input",)
    ),
    "izhikevich": NestModel(_izhikevich, delta_synapses, IZHIKEVICH),
}
