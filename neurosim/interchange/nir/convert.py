"""Convert NIR graphs to networks, and networks to NIR graphs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.build import build_network
from neurosim.interchange.nir.file import read_graph
from neurosim.interchange.nir.flat_graph import flatten
from neurosim.interchange.nir.units import Units
from neurosim.utils.checks import check_flag, check_integer, show
from neurosim.utils.optional import require

if TYPE_CHECKING:
    from neurosim.interchange.nir.network import NirNetwork
    from neurosim.network import Network

MAX_SYNAPSES = 5_000_000


def from_nir(
    graph: Any,
    *,
    dt: float | None = None,
    integration: str | None = None,
    mv_per_unit: float | None = None,
    v_zero: float | None = None,
    reset: str | None = None,
    max_synapses: int = MAX_SYNAPSES,
) -> NirNetwork:
    """Build a network from a NIR graph.

    LIF, CubaLIF, IF and Threshold nodes become populations. LI, CubaLI and I nodes become neurons
    that never fire and whose potential is recorded. Affine, Linear, Conv1d, Conv2d, SumPool2d,
    AvgPool2d, Scale, Flatten and Delay nodes between them become sparse synapses, and biases
    become constant currents. Each layer runs one or two steps later than the one before, because a
    spike takes at least one step; `NirNetwork.outputs` removes these delays. In a loop a
    connection without Delay takes one step.

    Parameters
    ----------
    graph : nir.NIRGraph or path-like
        A graph or a NIR file.
    dt : float, optional
        Step of the time grid (ms). A spike is a pulse of height 1 that lasts for one step. The
        simulators that write NIR assume the same, with a step that NIR does not store: 0.1 ms in
        snnTorch, usually 1 ms in Norse. Default: the step that `to_nir` noted in the graph, else
        0.1.
    integration : {"exact", "euler"}, optional
        Solve NIR's equations exactly, or by Euler's method as snnTorch, Norse and others do, which
        gives their spikes step for step. Default: as noted, else "exact".
    mv_per_unit, v_zero : float, optional
        mV per unit of the graph's potentials, and the potential (mV) at 0 in the graph. Default: as
        noted, else 1 and 0, so that numbers are unchanged.
    reset : {"value", "subtract", "subtract_delayed"}, optional
        Effect of a spike on the potential, which NIR does not specify: "value" sets it to v_reset;
        "subtract" lowers it by v_threshold − v_reset, as in Sinabs and in snnTorch with
        ``reset_delay=False``; "subtract_delayed" lowers it in the next step, after the leak, as in
        snnTorch by default. Default: as noted, else "value".
    max_synapses : int
        Maximum number of synapses, including those of linear nodes that are multiplied together.

    Returns
    -------
    NirNetwork

    Raises
    ------
    NeurosimError
        If the file cannot be read, a kind of node is unknown, a parameter is out of range for a
        neuron, or shapes do not match.

    Notes
    -----
    An IF integrates v' = r·I, so that a spike adds r·w·dt. If r is 1 in a whole IF or I node, a
    spike adds w: Sinabs, Norse and snnTorch use this convention, independent of their step.

    A neuron whose v_leak is above its threshold fires without input. It starts at v_reset, every
    other neuron at v_leak.

    Examples
    --------
    >>> import nir, numpy as np
    >>> import neurosim as ns
    >>> one = np.ones(1)
    >>> cell = nir.LIF(tau=0.02 * one, r=200 * one, v_leak=0 * one, v_threshold=15 * one)
    >>> graph = nir.NIRGraph.from_list(nir.Linear(np.array([[10.0, 6.0]])), cell)
    >>> found = from_nir(graph, dt=0.1)
    >>> duration = found.drive_inputs([[1, 0], [0, 0], [1, 1]])
    >>> result = ns.simulate(found.network, duration, dt=found.dt)
    >>> found.outputs(result)["output"].ravel().tolist()
    [0.0, 0.0, 1.0]
    """
    nir = require("nir", "from_nir")
    if isinstance(graph, (str, os.PathLike)):
        graph = read_graph(graph)
    if not isinstance(graph, nir.NIRGraph):
        raise NeurosimError(
            f"{show(graph)} is not a graph: give a nir.NIRGraph or a file that holds one"
        )
    check_integer(max_synapses, "max_synapses", 1, 2**31 - 1)
    units = Units.noted(
        graph.metadata,
        dt=dt,
        integration=integration,
        mv_per_unit=mv_per_unit,
        v_zero=v_zero,
        reset=reset,
    )
    return build_network(flatten(graph, units.dt_s, max_synapses), units)


def to_nir(
    network: Network,
    *,
    dt: float = 0.1,
    integration: str = "exact",
    mv_per_unit: float = 1.0,
    v_zero: float = 0.0,
    seed: int = 1,
    retime: bool = False,
    allow_loss: bool = False,
) -> Any:
    """Convert a network to a NIR graph.

    Populations become LIF nodes, or CubaLIF if their synapses are exponential currents, IF without
    leak, and LI or I if they never fire. Projections become Linear nodes followed by a Delay,
    constant currents onto LIF nodes become biases. A population that only repeats its input spikes
    becomes an Input, and so does every other drive by spikes, with a Linear node. The graph does
    not contain the spikes themselves.

    Parameters
    ----------
    network : Network
    dt : float
        Step of the time grid (ms), and length of a spike. snnTorch assumes 0.1.
    integration : {"exact", "euler"}
        Method with which another simulator of the graph computes the spikes of the network. With
        "exact" the currents of a CubaLIF jump at the end of the step of a spike, as in neurosim;
        its metadata say so. A simulator that ignores the metadata lets them rise in that step.
    mv_per_unit, v_zero : float
        mV per unit of the graph's potentials, and the potential (mV) at 0 in the graph.
    seed : int
        Seed for random connections, strengths and delays.
    retime : bool
        Whether to omit the delay that all inputs of a layer have in common, so that the layer runs
        ahead. Delay nodes, which few simulators support, then remain only if paths differ in
        delay. The metadata of each node store the number of steps by which it is ahead.
    allow_loss : bool
        Whether to omit, with a warning, parts that NIR cannot represent.

    Returns
    -------
    nir.NIRGraph
        Its metadata store dt, integration, mv_per_unit and v_zero for `from_nir`.

    Raises
    ------
    NeurosimError
        If NIR cannot represent the whole network. The message lists each unsupported part.

    Warns
    -----
    UserWarning
        Lists the omitted parts.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> neuron = ns.LIF(t_ref=0.0)
    >>> pre, post = net.add("pre", 3, neuron), net.add("post", 2, neuron)
    >>> projection = net.connect(pre, post, ns.AllToAll(), weight=5.0, delay=1.0)
    >>> graph = ns.to_nir(net)
    >>> sorted(type(node).__name__ for node in graph.nodes.values())
    ['Delay', 'Input', 'LIF', 'Linear', 'Output']
    """
    from neurosim.interchange.nir.export import make_graph  # imports the compiler

    nir = require("nir", "to_nir")
    units = Units(dt, integration, mv_per_unit, v_zero)
    retime, allow_loss = check_flag(retime, "retime"), check_flag(allow_loss, "allow_loss")
    return make_graph(nir, network, units, seed=seed, retime=retime, allow_loss=allow_loss)
