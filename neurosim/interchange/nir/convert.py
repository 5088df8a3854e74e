"""From a graph of NIR to a network, and from a network to a graph."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.interchange.libraries import library
from neurosim.interchange.nir.build import build_network
from neurosim.interchange.nir.file import read_graph, write_graph
from neurosim.interchange.nir.units import Units
from neurosim.interchange.nir.wiring import wire
from neurosim.network.checks import check_flag, check_integer, show

if TYPE_CHECKING:
    from neurosim.interchange.nir.network import NirNetwork
    from neurosim.network import Network

MOST_SYNAPSES = 5_000_000


def from_nir(
    graph: Any,
    *,
    dt: float | None = None,
    integration: str | None = None,
    mv_per_unit: float | None = None,
    v_zero: float | None = None,
    max_synapses: int = MOST_SYNAPSES,
) -> NirNetwork:
    """Make a network of a graph.

    LIF and CubaLIF nodes become populations; Affine, Linear, Conv1d, Conv2d, SumPool2d, AvgPool2d,
    Scale, Flatten and Delay nodes between them become synapses, those of weight 0 left out, biases
    constant currents, LI and CubaLI nodes silent neurons whose potential is recorded. Each layer
    runs a step or two later than the one before, which no spike does in NIR;
    `NirNetwork.outputs` takes that back. Round a loop a connection without Delay takes one step.

    Parameters
    ----------
    graph : nir.NIRGraph or path-like
        A graph, or a file of one.
    dt : float, optional
        Step of the time grid (ms). A spike of NIR is taken for a pulse of height 1 that lasts so
        long; simulators that write NIR mean the same, with a step that they do not write: 0.1 ms
        in snnTorch, usually 1 ms in Norse. Default: what `to_nir` noted in the graph, else 0.1.
    integration : {"exact", "euler"}, optional
        Whether NIR's equations are solved exactly, or by Euler's method as by snnTorch, Norse and
        others, which gives their spikes, step for step. Default: as noted, else exactly.
    mv_per_unit, v_zero : float, optional
        mV in a unit of the graph's potentials, and the potential (mV) that is 0 there. Default: as
        noted, else 1 and 0: numbers stay as they are.
    max_synapses : int
        How many there may be at most, those between linear nodes on the way among them.

    Returns
    -------
    NirNetwork

    Raises
    ------
    NeurosimError
        For a file that cannot be read, nodes that neurosim has not (IF and I, which never forget,
        and Threshold), parameters that a neuron cannot have, and shapes that do not fit.

    Examples
    --------
    >>> import nir, numpy as np
    >>> import neurosim as ns
    >>> one = np.ones(1)
    >>> cell = nir.LIF(tau=0.02 * one, r=200 * one, v_leak=0 * one, v_threshold=15 * one)
    >>> graph = nir.NIRGraph.from_list(nir.Linear(np.array([[10.0, 6.0]])), cell)
    >>> twin = from_nir(graph, dt=0.1)
    >>> duration = twin.drive_inputs([[1, 0], [0, 0], [1, 1]])
    >>> result = ns.simulate(twin.network, duration, dt=twin.dt)
    >>> twin.outputs(result)["output"].ravel().tolist()
    [0.0, 0.0, 1.0]
    """
    nir = library("nir")
    if isinstance(graph, (str, os.PathLike)):
        graph = read_graph(graph)
    if not isinstance(graph, nir.NIRGraph):
        raise NeurosimError(f"{show(graph)} is no graph: give a nir.NIRGraph or a file of one")
    check_integer(max_synapses, "max_synapses", 1, 2**31 - 1)
    units = Units.noted(
        graph.metadata,
        {"dt": dt, "integration": integration, "mv_per_unit": mv_per_unit, "v_zero": v_zero},
    )
    return build_network(wire(graph, units.dt_s, max_synapses), units)


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
    """Make a graph of a network.

    Populations become LIF nodes, or CubaLIF where their synapses are exponential currents,
    projections Linear nodes with a Delay behind each, constant currents onto LIF nodes biases. A
    population that only repeats the spikes it is given becomes an Input; so does every other drive
    by spikes, with a Linear node. Spikes that are given are no part of a graph.

    Parameters
    ----------
    network : Network
    dt : float
        Step of the time grid (ms), and length of a spike. snnTorch takes 0.1.
    integration : {"exact", "euler"}
        Whether the graph's equations give what neurosim computes where they are solved exactly, or
        where they are solved by Euler's method.
    mv_per_unit, v_zero : float
        mV in a unit of the graph's potentials, and the potential (mV) that is 0 there.
    seed : int
        Connections, strengths and delays that are random are those drawn with this seed.
    retime : bool
        Whether to let layers run ahead by what the delays before them have in common, so that
        Delay nodes, which few simulators know, remain only where spikes take ways of different
        length. A population's metadata then has the steps by which it is ahead.
    allow_loss : bool
        Whether what NIR cannot say may be left out, with a warning.

    Returns
    -------
    nir.NIRGraph
        Its metadata tell `from_nir` the four numbers.

    Raises
    ------
    NeurosimError
        Where NIR cannot say all of the network: names each thing that would be lost.

    Warns
    -----
    UserWarning
        Of what is left out.
    """
    from neurosim.interchange.nir.export import make_graph  # with the compiler behind it

    nir = library("nir")
    units = Units(dt, integration, mv_per_unit, v_zero)
    retime, allow_loss = check_flag(retime, "retime"), check_flag(allow_loss, "allow_loss")
    return make_graph(nir, network, units, seed=seed, retime=retime, allow_loss=allow_loss)


def save_nir(graph: Any, path: str | os.PathLike[str]) -> None:
    """Write a graph to a file, whole or not at all.

    Parameters
    ----------
    graph : nir.NIRGraph
        As `to_nir` makes it.
    path : path-like
        A file already there is replaced, but only by a whole new one.

    Raises
    ------
    NeurosimError
        Where the file cannot be written, or NIR cannot write the graph.
    """
    write_graph(graph, path)
