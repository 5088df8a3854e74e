"""Gap junctions: conductances between the membranes of two neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from neurosim.models.declare import state
from neurosim.models.synapses.base import Synapse

if TYPE_CHECKING:
    from neurosim.models.neuron import Neuron


@dataclass(frozen=True)
class GapJunction(Synapse):
    """Gap junction: an electrical synapse, which conducts in both directions.

    The current into neuron i is Σ g_ij (V_j − V_i) over its gap junctions; the weight g (nS) is
    their conductance. Each connection drawn by the rule is one junction between two neurons, and
    several between the same two add up. Self-connections have no effect. Gap junctions have no
    delay, and cannot be plastic or transmit the spikes of an input.

    Notes
    -----
    Within a time step V_i is integrated together with the other equations of its neuron, and V_j is
    extrapolated linearly from its last two values, or held after a spike. The error is of second
    order in dt where potentials are continuous, and of first order where delta synapses or resets
    move them. This is stable while the conductances of a neuron add up to at most C/dt: 2500 nS for
    250 pF and 0.1 ms. Threads exchange potentials in every step. Several processes must run on one
    machine.

    References
    ----------
    J. Hahne et al., *A unified framework for spiking and gap-junction interactions in distributed
    neuronal network simulations*, Front. Neuroinform. 9, 22 (2015).

    Examples
    --------
    A current into one of two coupled neurons also depolarises the other:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 2, ns.LIF())
    >>> junction = net.connect(
    ...     cells[:1], cells[1:], ns.AllToAll(), synapse=ns.GapJunction(), weight=12.5
    ... )
    >>> drive = net.drive(cells[:1], ns.ConstantCurrent(150.0))
    >>> recording = net.record(cells, "v")
    >>> ns.simulate(net, 200.0).traces["cells", "v"].values[-1].round(2)
    array([-62., -66.])
    """

    couples = True
    between_neurons = True
    g: ClassVar = state("nS", 0.0, "conductance of all gap junctions of the neuron")
    drive: ClassVar = state("pA", 0.0, "sum of conductance times potential of the other neurons")
    slope: ClassVar = state("pA/ms", 0.0, "rate of change of `drive` in the present time step")
    change: ClassVar = state("mV", 0.0, "change of the potential in the last time step")

    @staticmethod
    def derivatives(g, drive, slope, change, p):
        return 0.0, slope, 0.0, 0.0

    @staticmethod
    def current(v, g, drive, slope, change, p):
        return drive - g * v

    def effect_on(self, neuron: Neuron) -> int:
        """Return 0: a gap junction excites or inhibits, depending on both potentials."""
        return 0
