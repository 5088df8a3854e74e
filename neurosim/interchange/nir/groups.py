"""The neurons of a NIR node, grouped by parameters."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.parameters import (
    READOUTS,
    SYNAPTIC,
    Parameters,
    direct_input,
    synaptic_input,
)
from neurosim.interchange.nir.units import tidied
from neurosim.models.lif import LIF, IntegrateAndFire
from neurosim.models.synapses import DeltaSynapse, ExpCurrent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.interchange.nir.units import Units
    from neurosim.models.synapses import Synapse

    Response = list[tuple[Synapse, NDArray[np.float64]]]
    """Synapses through which an input acts, each with its strength per neuron (mV or pA)."""

PEAK = 30.0
"""Height of an action potential in plots (mV), at least."""


@dataclass(frozen=True, eq=False)
class Group:
    """Neurons of a node that have all parameters in common.

    Attributes
    ----------
    ids : (n,) ndarray of int64
        Elements of the node.
    neuron : LIF
    synapse : DeltaSynapse or ExpCurrent
    per_weight : (n,) ndarray of float64
        Strength (mV or pA) of a synapse of weight 1.
    jump : (n,) ndarray of float64
        Potential (mV) that a spike of weight 1 adds at once, beside its effect through `synapse`.
    per_constant : (n,) ndarray of float64
        Injected current (pA) that stands for a constant input of 1.
    missing : (n,) ndarray of float64
        Synaptic current (pA) by which a constant input of 1 falls short of that at first.
    rise, kept : float
        Potential (mV) that a synaptic current of 1 pA adds within a step, and the fraction of the
        current left after it.
    """

    ids: NDArray[np.int64]
    neuron: LIF
    synapse: Synapse
    per_weight: NDArray[np.float64]
    jump: NDArray[np.float64]
    per_constant: NDArray[np.float64]
    missing: NDArray[np.float64]
    rise: float
    kept: float

    @property
    def synaptic(self) -> bool:
        """Whether spikes act through a synaptic current."""
        return self.synapse.is_current

    def response(self, *, late: bool = False) -> Response:
        """Return how an input of 1 that lasts for one step acts.

        Parameters
        ----------
        late : bool
            Whether it arrives one step late, so that the effect of that step is to be made up for.
        """
        if late and self.synaptic:
            return self.decayed(self.per_weight)
        own: Response = [(self.synapse, self.per_weight)]
        return [(DeltaSynapse(), self.jump), *own] if self.jump.any() else own

    def decayed(self, current: NDArray[np.float64]) -> Response:
        """Return the response that replaces synaptic currents which began one step ago."""
        return [(DeltaSynapse(), self.rise * current), (self.synapse, self.kept * current)]


def groups_of(node: Any, name: str, size: int, units: Units) -> list[Group]:
    """Return the neurons of a node, grouped by parameters.

    Raises
    ------
    NeurosimError
        For parameters that a neuron of neurosim cannot have; names the node.
    """
    try:
        return _groups(node, name, size, units)
    except NeurosimError as error:
        told = str(error)
        if "mV" in told:
            told += (
                f" (1 unit of the graph is {units.mv_per_unit:g} mV: the options mv_per_unit and "
                "v_zero change that)"
            )
        raise NeurosimError(told if repr(name) in told else f"Node {name!r}: {told}") from None


def _groups(node: Any, name: str, size: int, units: Units) -> list[Group]:
    kind = type(node).__name__
    if kind == "Threshold":
        units = replace(units, integration="euler")
    own = Parameters(node, name, size, units)
    tau_m = units.ms(own.tau, "tau")
    rest, top, low = units.mv(own.v_leak), units.mv(own.threshold), units.mv(own.v_reset)
    lowered = np.zeros(size)
    if kind not in READOUTS | {"Threshold"}:
        lowered = _lowered(top - low, units.decay(own.tau, "tau"), units)
    into = (synaptic_input if kind in SYNAPTIC else direct_input)(own, tau_m, units)
    models = np.stack([tau_m, rest, top, low, lowered, into.c_m, into.tau_s], axis=1)
    found, places = models[:1], np.zeros(size, int)
    if (models != models[0]).any():
        found, places = np.unique(models, axis=0, return_inverse=True)
    groups = []
    for k, (tm, *values, c, ts) in enumerate(found.tolist()):
        ids = np.flatnonzero(places.ravel() == k)
        # Injected pA for a constant input of 1; without leak `held` is the slope in mV per second.
        per_pa = tm / c if math.isfinite(tm) else 1e3 / c
        groups.append(
            Group(
                ids,
                _neuron(tm, c, *values),
                ExpCurrent(ts) if ts else DeltaSynapse(),
                into.per_weight[ids],
                into.jump[ids],
                into.held[ids] / per_pa,
                into.missing[ids],
                float(units.rise(tm, ts)) / c if ts else 0.0,
                math.exp(-units.dt / ts) if ts else 0.0,
            )
        )
    return groups


def _neuron(tau_m: float, c_m: float, rest: float, top: float, low: float, lowered: float) -> LIF:
    """Return a neuron, a LIF where its ranges allow one."""
    peak = max(PEAK, top) if math.isfinite(top) else PEAK
    values = (rest, top, low, peak, tau_m, c_m, 0.0)
    if not lowered:
        with suppress(NeurosimError):
            return LIF(*values)
    return IntegrateAndFire(*values, subtract=lowered)


def _lowered(
    depth: NDArray[np.float64], decay: NDArray[np.float64], units: Units
) -> NDArray[np.float64]:
    """Return the potential (mV) that a spike subtracts; 0 where it sets V to the reset."""
    if units.reset == "value":
        return np.zeros_like(depth)
    if units.reset == "subtract":
        return tidied(depth)
    if not decay.all():
        raise NeurosimError(
            "reset = 'subtract_delayed' lowers the potential that is left after the leak, and "
            "tau = dt leaves none: give reset = 'subtract'"
        )
    # Subtracted before the leak, as here, it has to be larger.
    return tidied(depth / decay)
