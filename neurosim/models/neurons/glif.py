"""Generalised leaky integrate-and-fire neurons of the Allen Institute."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from neurosim.models.declare import parameter, state
from neurosim.models.equations import ALL
from neurosim.models.neuron_model import NeuronModel
from neurosim.utils.checks import check_integer


@dataclass(frozen=True, eq=False)
class GLIF(NeuronModel):
    """Generalised leaky integrate-and-fire neuron, levels 1 to 5.

    C dV/dt = −g_l (V − e_l) + A₁ + A₂ + I. The neuron spikes when V is above the threshold
    v_threshold + θ_s + θ_v. All states are constant during the refractory period. The levels add
    mechanisms:

    ===== ============================================================================
    Level Mechanism
    ===== ============================================================================
    1     Leaky integrate-and-fire: a spike sets V to v_reset.
    2     `reset_rules`: a spike sets V to e_l + reset_fraction·(V − e_l) + reset_add
          and raises θ_s by theta_s_add; dθ_s/dt = −decay_s·θ_s.
    3     `after_spike_currents`: a spike sets A_k to
          jump_k + keep_k·A_k·exp(−decay_k·t_ref); dA_k/dt = −decay_k·A_k.
    4     `reset_rules` and `after_spike_currents`.
    5     Level 4 and `adapting_threshold`: dθ_v/dt = slope_v·(V − e_l) − decay_v·θ_v.
    ===== ============================================================================

    `GLIF.of_level` returns the model of a level.

    Notes
    -----
    V in the rule of the reset is that at the start of the time step in which the neuron spikes.
    θ_s decays during the refractory period, by the factor exp(−decay_s·t_ref) at the spike.
    Integrated exactly. With `as_nest`, the approximations of NEST's glif_psc are made: after-spike
    currents enter V by their mean over the time step, and synaptic currents act on θ_v only through
    the potential at the start of the step.

    References
    ----------
    C. Teeter et al., *Generalized leaky integrate-and-fire models classify multiple neuron types*,
    Nat. Commun. 9:709 (2018).

    Examples
    --------
    After-spike currents make the intervals longer:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.GLIF.of_level(3))
    >>> drive = net.drive(cell, ns.ConstantCurrent(400.0))
    >>> recording = net.record(cell, "a_1")
    >>> spikes = ns.simulate(net, 200.0).spikes["cell"].times
    """

    g_l: Any = parameter(9.43, "nS", 1e-3, 1e5, "leak conductance")
    e_l: Any = parameter(-78.85, "mV", -200.0, 200.0, "resting potential")
    v_threshold: Any = parameter(-51.68, "mV", -200.0, 200.0, "threshold at rest")
    c_m: Any = parameter(58.72, "pF", 1.0, 1e5, "membrane capacitance")
    t_ref: Any = parameter(3.75, "ms", 0.0, 1e3, "refractory period")
    v_reset: Any = parameter(-78.85, "mV", -200.0, 200.0, "potential after a spike, level 1 and 3")
    reset_rules: bool = parameter(
        False, help="whether a spike resets V by a rule and raises the threshold"
    )
    after_spike_currents: bool = parameter(False, help="whether spikes cause currents")
    adapting_threshold: bool = parameter(False, help="whether the threshold follows V")
    reset_fraction: Any = parameter(0.2, "", -1e3, 1e3, "fraction of V − e_l kept at a spike")
    reset_add: Any = parameter(18.51, "mV", -1e3, 1e3, "potential added at a spike")
    theta_s_add: Any = parameter(0.37, "mV", -1e3, 1e3, "jump of theta_s at a spike")
    decay_s: Any = parameter(0.009, "1/ms", 0.0, 1e3, "decay rate of theta_s")
    jump_1: Any = parameter(-9.18, "pA", -1e5, 1e5, "jump of a_1 at a spike")
    jump_2: Any = parameter(-198.94, "pA", -1e5, 1e5, "jump of a_2 at a spike")
    decay_1: Any = parameter(0.003, "1/ms", 0.0, 1e3, "decay rate of a_1")
    decay_2: Any = parameter(0.1, "1/ms", 0.0, 1e3, "decay rate of a_2")
    keep_1: Any = parameter(1.0, "", 0.0, 1.0, "fraction of a_1 kept at a spike")
    keep_2: Any = parameter(1.0, "", 0.0, 1.0, "fraction of a_2 kept at a spike")
    slope_v: Any = parameter(0.005, "1/ms", -1e3, 1e3, "growth rate of theta_v with V")
    decay_v: Any = parameter(0.09, "1/ms", 0.0, 1e3, "decay rate of theta_v")
    as_nest: bool = parameter(False, help="whether to make the approximations of NEST")

    v: ClassVar = state("mV", "e_l", "membrane potential")
    theta_s: ClassVar = state("mV", 0.0, "part of the threshold that spikes raise")
    theta_v: ClassVar = state("mV", 0.0, "part of the threshold that follows V")
    a_1: ClassVar = state("pA", 0.0, "first after-spike current")
    a_2: ClassVar = state("pA", 0.0, "second after-spike current")
    method = "exact"
    refractory: ClassVar[str] = "freeze"
    potentials: ClassVar = ("e_l", "v_threshold", "v_reset")
    signatures: ClassVar = {**NeuronModel.signatures, "reset": ("v_before", ALL, "p")}

    @classmethod
    def of_level(cls, level: int, **parameters: Any) -> GLIF:
        """Return the model of a level, 1 to 5.

        Parameters
        ----------
        level : int
        **parameters
            Those of `GLIF` other than the flags of the level.

        Raises
        ------
        NeurosimError
        """
        level = check_integer(level, "level", 1, 5)
        return cls(
            reset_rules=level in (2, 4, 5),
            after_spike_currents=level >= 3,
            adapting_threshold=level == 5,
            **parameters,
        )

    @staticmethod
    def derivatives(v, theta_s, theta_v, a_1, a_2, i, p):
        dv = (p.g_l * (p.e_l - v) + a_1 + a_2 + i) / p.c_m
        follow = p.adapting_threshold * p.slope_v * (v - p.e_l)
        return (
            dv,
            -p.decay_s * theta_s,
            follow - p.decay_v * theta_v,
            -p.decay_1 * a_1,
            -p.decay_2 * a_2,
        )

    @staticmethod
    def discretise(step, dt, p):
        """Change the exact propagator of a time step to that of NEST's glif_psc."""
        if p.as_nest:
            for current, decay in (("a_1", p.decay_1), ("a_2", p.decay_2)):
                mean = -math.expm1(-decay * dt) / (decay * dt) if decay > 0.0 else 1.0
                for row in ("v", "theta_v"):
                    step[row, current] = mean * step[row, "i"]
            for row, column in step:
                if row == "theta_v" and column.startswith(("current", "rise")):
                    step[row, column] = 0.0

    @staticmethod
    def excess(v, theta_s, theta_v, a_1, a_2, p):
        return v - p.v_threshold - theta_s - theta_v

    @staticmethod
    def spikes(v_before, v, theta_s, theta_v, a_1, a_2, p):
        return v > p.v_threshold + theta_s + theta_v

    @staticmethod
    def reset(v_before, v, theta_s, theta_v, a_1, a_2, p):
        v = p.v_reset
        if p.reset_rules > 0.0:
            v = p.e_l + p.reset_fraction * (v_before - p.e_l) + p.reset_add
            theta_s = theta_s * math.exp(-p.decay_s * p.t_ref) + p.theta_s_add
        if p.after_spike_currents > 0.0:
            a_1 = p.jump_1 + p.keep_1 * a_1 * math.exp(-p.decay_1 * p.t_ref)
            a_2 = p.jump_2 + p.keep_2 * a_2 * math.exp(-p.decay_2 * p.t_ref)
        return v, theta_s, theta_v, a_1, a_2
