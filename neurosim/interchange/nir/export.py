"""Convert a network to a NIR graph."""

from __future__ import annotations

import math
from dataclasses import asdict
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.connections import drawn_connections
from neurosim.builder.context import BuildContext
from neurosim.builder.grid import check_dt, to_steps
from neurosim.builder.layout import lay_out
from neurosim.builder.memory import check_memory
from neurosim.builder.projections import Projections
from neurosim.builder.streams import check_seed
from neurosim.builder.synapses import PRECISE
from neurosim.errors import NeurosimError
from neurosim.interchange.nir.build import in_loops, shortest
from neurosim.interchange.nir.exportable import Exportable
from neurosim.interchange.nir.neurons import IMPULSE
from neurosim.interchange.nir.units import tidy
from neurosim.models import ExpCurrent, SpikeTimes
from neurosim.network import Network
from neurosim.utils.checks import show
from neurosim.utils.warn import warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurosim.interchange.nir.units import Units
    from neurosim.models import Neuron
    from neurosim.network import Drive

MAX_BYTES = 2**26
"""Size of all weights: NIR stores those that are 0 as well."""
MAX_LISTED = 20
"""Losses that a message lists."""


def make_graph(
    nir: Any, network: Network, units: Units, *, seed: int, retime: bool, allow_loss: bool
) -> Any:
    """Convert a network to a graph, as documented in `to_nir`."""
    if not isinstance(network, Network):
        raise NeurosimError(f"{show(network)} is not a network: give a Network")
    check_dt(units.dt), check_seed(seed)
    exportable = Exportable(network)
    if not exportable.network.populations:
        raise NeurosimError(
            "The network has no population that NIR can represent: add one of LIF neurons"
        )
    maker = _GraphMaker(nir, units, exportable)
    lost = exportable.unsupported
    if lost:
        listed = "; ".join(lost[:MAX_LISTED])
        listed += f"; and {len(lost) - MAX_LISTED} more" if len(lost) > MAX_LISTED else ""
        if not allow_loss:
            raise NeurosimError(
                f"NIR cannot represent parts of this network: {listed}. Remove them from the "
                "network, or allow the loss (allow_loss=True, --allow-loss)"
            )
        message = f"NIR cannot represent parts of this network; left out: {listed}"
        warn(message)
    for (source, target, delay), synapses in _draw(exportable.network, units.dt, seed):
        maker.add_synapses(source, target, delay, *synapses)
    for drive in exportable.drives:
        maker.add_input(drive)
    return maker.graph(retime)


def _draw(
    network: Network, dt: float, seed: int
) -> Iterator[tuple[tuple[int, int, int], list[NDArray]]]:
    """Draw the synapses of a network as in a simulation.

    Returns source and target population (index) and delay (steps), each with the sources, targets
    and weights of the synapses.
    """
    projections = Projections(BuildContext(network, lay_out(network, 1), dt, seed, range(1)))
    check_memory(projections)
    weight_type = np.float64 if sum(projections.expected) <= PRECISE else np.float32
    index = {population: k for k, population in enumerate(network.populations)}
    bundles: dict[tuple[int, int, int], list[list[NDArray]]] = {}
    for number, projection in enumerate(network.projections):
        found = drawn_connections(network, number, dt, seed, weight_type)
        ends = index[projection.source], index[projection.target]
        for delay in np.unique(found["delays"]).tolist():
            chosen = found["delays"] == delay
            part = [found[key][chosen] for key in ("sources", "targets", "weights")]
            bundles.setdefault((*ends, delay), []).append(part)
    for key in sorted(bundles):
        yield key, [np.concatenate(column) for column in zip(*bundles[key], strict=True)]


class _GraphMaker:
    """Assembles a graph.

    Parameters
    ----------
    nir : module
    units : Units
    exportable : Exportable
    """

    def __init__(self, nir: Any, units: Units, exportable: Exportable) -> None:
        self.nir, self.units, self.exportable = nir, units, exportable
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.bytes = 0
        self.connections: list[tuple[str, str, int, NDArray[np.float64]]] = []
        self.biases: dict[str, NDArray[np.float64]] = {}
        self.gains: dict[str, float] = {}
        self.inputs: list[str] = []
        for population in exportable.network.populations:
            name, size = population.name, population.size
            if name in exportable.relays:
                self._add_input(name, size)
            else:
                self._add_neurons(name, size, population.neuron)

    def zeros(self, *shape: int) -> NDArray[np.float64]:
        """Return a matrix of zeros, unless all weights together take too much memory."""
        self.bytes += 8 * shape[0] * shape[1]
        if self.bytes > MAX_BYTES:
            raise NeurosimError(
                f"NIR stores a weight for every pair of neurons and delay, here more than "
                f"{MAX_BYTES // 2**20} MiB of them: export a smaller network, or one with fewer "
                "delays"
            )
        return np.zeros(shape)

    def connect(self, source: str, target: str, delay: int, weights: NDArray[np.float64]) -> None:
        """Add a connection with a delay in steps.

        The weights have shape (n_targets, n_sources) or (n,).
        """
        # A current moves V one step after it arrives; under Euler's method in the same step.
        delay += self.units.euler and self._is_synaptic(target)
        self.connections.append((source, target, delay, weights * self.gains[target]))

    def add_synapses(
        self,
        source: int,
        target: int,
        delay: int,
        sources: NDArray,
        targets: NDArray,
        values: NDArray,
    ) -> None:
        """Add synapses between two populations; one-to-one synapses become a vector."""
        before, after = (self.exportable.network.populations[k] for k in (source, target))
        diagonal = before.size == after.size and np.array_equal(sources, targets)
        weights = self.zeros(after.size, 1 if diagonal else before.size)
        np.add.at(weights, (targets, sources * (not diagonal)), values)
        self.connect(before.name, after.name, delay, weights[:, 0] if diagonal else weights)

    def add_input(self, drive: Drive) -> None:
        """Convert a drive by spikes to an Input and its weights."""
        target = drive.target
        ids = np.arange(target.size) if drive.ids is None else drive.ids
        shared = type(drive.input) is SpikeTimes and not isinstance(drive.input.times, tuple)
        weights = self.zeros(target.size, 1 if shared else len(ids))
        assert drive.weight is not None
        assert drive.delay is not None
        weights[ids, 0 if shared else np.arange(len(ids))] = drive.weight
        name = self._add_input(self._new("input"), weights.shape[1])
        self.connect(name, target.name, int(to_steps(drive.delay, self.units.dt)), weights)

    def graph(self, retime: bool) -> Any:
        """Return the graph."""
        edges = [(source, target) for source, target, _, _ in self.connections]
        looped = in_loops(edges) if retime else [False] * len(edges)
        ahead = self._run_ahead(looped) if retime else dict.fromkeys(self.nodes, 0)
        for name, steps in ahead.items():
            if steps:
                self.nodes[name].metadata["ahead_steps"] = steps
        for (source, target, delay, weights), loop in zip(self.connections, looped, strict=True):
            left = delay + ahead[source] - ahead[target]
            left -= loop and left == 1
            self._link(source, target, weights, left)
        for target, bias in self.biases.items():
            name = self._new("constant")
            self.nodes[name] = self.nir.Input(np.array([1]))
            self._link(name, target, self.zeros(len(bias), 1), bias=bias)
        self._add_outputs()
        metadata = {f"neurosim_{key}": value for key, value in asdict(self.units).items()}
        return self.nir.NIRGraph(self.nodes, self.edges, metadata=metadata, type_check=False)

    def _run_ahead(self, looped: list[bool]) -> dict[str, int]:
        """Return the largest number of steps by which each node can run ahead.

        No delay may become negative. Inputs and nodes with a constant input start at 0. In a loop
        a connection keeps a delay of one step, which NIR does not store.
        """
        lengths = [
            (source, target, delay - loop)
            for (source, target, delay, _), loop in zip(self.connections, looped, strict=True)
        ]
        fixed = {*self.inputs, *self.biases}
        start = {name: 0 if name in fixed else math.inf for name in self.nodes}
        ahead = shortest(start, lengths)
        # Nodes that no input reaches stay at 0.
        reached = {name: 0 if math.isinf(steps) else steps for name, steps in ahead.items()}
        return {name: int(steps) for name, steps in shortest(reached, lengths).items()}

    def _is_synaptic(self, name: str) -> bool:
        """Whether a population receives spikes through a synaptic current."""
        return getattr(self.exportable.synapses.get(name), "is_current", False)

    def _add_input(self, name: str, size: int) -> str:
        """Add an Input, and return its name."""
        self.nodes[name] = self.nir.Input(np.array([size]))
        self.inputs.append(name)
        return name

    def _add_neurons(self, name: str, size: int, neuron: Neuron) -> None:
        """Add a node of neurons, and store the factor from strengths to weights."""
        units = self.units
        leaky = math.isfinite(neuron.tau_m)
        tau = units.seconds(neuron.tau_m)
        v_leak = units.units(neuron.v_rest)
        v_zero = 0.0 if leaky else v_leak  # a node without leak starts at 0
        values = {
            "v_leak": v_leak,
            "v_threshold": tidy(units.units(neuron.v_threshold) - v_zero),
            "v_reset": tidy(units.units(neuron.v_reset) - v_zero),
            "r": tidy(1.0 / self._gain(tau)),
        }
        self.gains[name] = 1.0 / units.mv_per_unit
        kind, metadata = "LIF" if leaky else "IF", {}
        synapse = self.exportable.synapses.get(name)
        if type(synapse) is ExpCurrent:
            kind = "CubaLIF"
            if units.euler:
                self.gains[name] *= float(units.rise(neuron.tau_m, synapse.tau)) / neuron.c_m
            else:  # the current of the graph is in pA
                self.gains[name], metadata = 1.0, {IMPULSE: 1}
                values["r"] = tidy(neuron.resistance / units.mv_per_unit)
            tau_syn = units.seconds(synapse.tau)
            values |= {"tau_mem": tau, "tau_syn": tau_syn, "w_in": tidy(tau_syn / units.dt_s)}
        elif leaky:
            values["tau"] = tau
        else:
            del values["v_leak"]
        if math.isinf(neuron.v_threshold):
            kind = kind.replace("IF", "I")
            del values["v_threshold"], values["v_reset"]
        fields = {key: np.full(size, value) for key, value in values.items()}
        self.nodes[name] = getattr(self.nir, kind)(**fields, metadata=metadata)
        current = self.exportable.currents.get(name)
        if current is None or not current.any():
            return
        if self._is_synaptic(name):
            self.exportable.unsupported.append(
                f"the constant current onto {name!r}: a CubaLIF would filter it"
            )
        else:
            per_pa = neuron.resistance if leaky else 1e3 / neuron.c_m
            self.biases[name] = current * per_pa / (values["r"] * units.mv_per_unit)

    def _gain(self, tau: float) -> float:
        """Return the change of v in a step by a constant input of 1/r."""
        x = self.units.dt_s / tau
        if not x:
            return self.units.dt_s
        return x if self.units.euler else -math.expm1(-x)

    def _link(
        self,
        source: str,
        target: str,
        weights: NDArray[np.float64],
        delay: int = 0,
        bias: NDArray[np.float64] | None = None,
    ) -> None:
        """Connect two nodes through weights.

        The bias of the target is included if it is not used yet.
        """
        if bias is None and not delay and weights.ndim == 2:
            bias = self.biases.pop(target, None)
        names = [source, self._new(f"{source}_to_{target}")]
        if bias is not None:
            self.nodes[names[1]] = self.nir.Affine(weights, bias)
        else:
            kind = self.nir.Linear if weights.ndim == 2 else self.nir.Scale
            self.nodes[names[1]] = kind(weights)
        if delay:
            names.append(self._new(f"{names[1]}_delay"))
            self.nodes[names[2]] = self.nir.Delay(np.full(len(weights), delay * self.units.dt_s))
        self.edges += zip(names, [*names[1:], target], strict=True)

    def _add_outputs(self) -> None:
        """Add an Output for each population without targets or, if there is none, for all."""
        sources = {source for source, target, _, _ in self.connections if source != target}
        populations = self.exportable.network.populations
        neurons = [p for p in populations if p.name not in self.exportable.relays]
        for population in [p for p in neurons if p.name not in sources] or neurons:
            name = self._new("output")
            self.nodes[name] = self.nir.Output(np.array([population.size]))
            self.edges.append((population.name, name))

    def _new(self, name: str) -> str:
        """Return a name that no node has."""
        numbered = (f"{name}_{k}" if k else name for k in count())
        return next(name for name in numbered if name not in self.nodes)
