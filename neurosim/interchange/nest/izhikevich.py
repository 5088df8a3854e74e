"""Izhikevich's neuron of NEST."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from neurosim.interchange.nest.convert import nest_model
from neurosim.models import DeltaSynapse, Izhikevich

if TYPE_CHECKING:
    from neurosim.interchange.nest.convert import Converted

DEFAULTS = {
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
"""Lower bounds below this one are none."""


@nest_model("izhikevich", DEFAULTS)
def izhikevich(p: Any) -> Converted:
    """Convert a neuron with delta synapses; weights are in mV."""
    neuron = Izhikevich(
        a=p.a,
        b=p.b,
        c=p.c,
        d=p.d,
        v_peak=p.V_th,
        v_min=-math.inf if p.V_min < NO_BOUND else p.V_min,
        consistent_integration=p.consistent_integration,
        initial={"v": p.V_m, "u": p.U_m},
    )
    return neuron, {"ex": DeltaSynapse(), "in": DeltaSynapse()}
