"""Neurons of NEST that adapt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.interchange.nest.convert import nest_model
from neurosim.interchange.nest.receptors import exp_conductances, exp_currents
from neurosim.models import AMAT2, GLIF, MAT2, AdaptingLIF, AlphaCurrent

if TYPE_CHECKING:
    from neurosim.interchange.nest.convert import Converted

MAT = {"E_L": -70.0, "V_m": -70.0, "t_ref": 2.0, "tau_syn_ex": 1.0, "tau_syn_in": 3.0}
MAT |= {"tau_1": 10.0, "tau_2": 200.0}
AFTER_SPIKE = {
    "asc_init": (0.0, 0.0),
    "asc_decay": (0.003, 0.1),
    "asc_amps": (-9.18, -198.94),
    "asc_r": (1.0, 1.0),
}
"""NEST's defaults of the lists of after-spike currents."""


def _mat(kind: type[Any], p: Any, **own: float) -> Converted:
    neuron = kind(
        e_l=p.E_L,
        omega=p.omega,
        alpha_1=p.alpha_1,
        alpha_2=p.alpha_2,
        tau_1=p.tau_1,
        tau_2=p.tau_2,
        tau_m=p.tau_m,
        c_m=p.C_m,
        t_ref=p.t_ref,
        initial={"v": p.V_m},
        **own,
    )
    return neuron, exp_currents(p)


@nest_model(
    "mat2_psc_exp",
    MAT | {"C_m": 100.0, "tau_m": 5.0, "alpha_1": 37.0, "alpha_2": 2.0, "omega": -51.0},
)
def mat2_psc_exp(p: Any) -> Converted:
    """Convert a neuron with an adaptive threshold and exponential currents."""
    return _mat(MAT2, p)


@nest_model(
    "amat2_psc_exp",
    MAT
    | {
        "C_m": 200.0,
        "tau_m": 10.0,
        "alpha_1": 10.0,
        "alpha_2": 0.0,
        "omega": -65.0,
        "beta": 0.0,
        "tau_v": 5.0,
    },
)
def amat2_psc_exp(p: Any) -> Converted:
    """Convert a neuron whose threshold also follows the potential."""
    return _mat(AMAT2, p, beta=p.beta, tau_v=p.tau_v)


@nest_model(
    "glif_psc",
    AFTER_SPIKE
    | {
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
    },
)
def glif_psc(p: Any) -> Converted:
    """Convert a generalised integrate-and-fire neuron with alpha-function currents."""
    lists = [(*getattr(p, name), 0.0, 0.0)[:2] for name in AFTER_SPIKE]
    for name in AFTER_SPIKE:
        if len(getattr(p, name)) > 2:
            raise NeurosimError(
                f"glif_psc with {len(getattr(p, name))} values of {name} cannot be converted: GLIF "
                "has two after-spike currents"
            )
    start, decay, jump, keep = lists
    start = start if p.after_spike_currents else (0.0, 0.0)
    neuron = GLIF(
        g_l=p.g,
        e_l=p.E_L,
        v_threshold=p.V_th,
        c_m=p.C_m,
        t_ref=p.t_ref,
        v_reset=p.V_reset,
        reset_rules=p.spike_dependent_threshold,
        after_spike_currents=p.after_spike_currents,
        adapting_threshold=p.adapting_threshold,
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
    return neuron, {k: AlphaCurrent(tau) for k, tau in enumerate(p.tau_syn, 1)}


@nest_model(
    "iaf_cond_exp_sfa_rr",
    {
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
    },
)
def iaf_cond_exp_sfa_rr(p: Any) -> Converted:
    """Convert an adapting neuron with exponential conductances."""
    neuron = AdaptingLIF(
        c_m=p.C_m,
        g_l=p.g_L,
        e_l=p.E_L,
        v_threshold=p.V_th,
        v_reset=p.V_reset,
        t_ref=p.t_ref,
        e_sfa=p.E_sfa,
        q_sfa=p.q_sfa,
        tau_sfa=p.tau_sfa,
        e_rr=p.E_rr,
        q_rr=p.q_rr,
        tau_rr=p.tau_rr,
        method="gsl",
        initial={"v": p.V_m},
    )
    return neuron, exp_conductances(p)
