"""Convert a network to a NIR graph."""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.grid import check_dt, to_steps
from neurosim.builder.streams import check_seed
from neurosim.errors import NeurosimError
from neurosim.interchange.nir.exportable import exportable
from neurosim.interchange.nir.parameters import IMPULSE
from neurosim.interchange.nir.synapses import draw
from neurosim.interchange.nir.timing import in_loops, run_ahead
from neurosim.interchange.nir.units import tidy
from neurosim.models import ExpCurrent, SpikeTimes
from neurosim.network import Network
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.interchange.nir.exportable import Exportable
    from neurosim.interchange.nir.synapses import Bundle
    from neurosim.interchange.nir.units import Units
    from neurosim.models import Neuron
    from neurosim.network import Drive

MOST_BYTES = 2**26
"""Of all weights: NIR keeps those that are 0 as well."""
TOLD = 20
"""Losses that a sentence names."""


def make_graph(
    nir: Any,
    network: Network,
    units: Units,
    *,
    seed: int,
    retime: bool,
    allow_loss: bool,
) -> Any:
    """Make a graph, as `to_nir` tells."""
    if not isinstance(network, Network):
        raise NeurosimError(f"{show(network)} is no network: give a Network")
    check_dt(units.dt), check_seed(seed)
    said = exportable(network)
    if not said.network.populations:
        raise NeurosimError(
            "The network has no population that NIR can say: add one of LIF neurons"
        )
    maker = _Maker(nir, units, said)
    if maker.losses:
        _refuse_or_warn(maker.losses, allow_loss)
    for bundle in draw(said.network, units.dt, seed):
        maker.add_synapses(bundle)
    for drive in said.drives:
        maker.add_input(drive)
    return maker.graph(retime)


def _refuse_or_warn(losses: list[str], allow_loss: bool) -> None:
    listed = "; ".join(losses[:TOLD])
    if len(losses) > TOLD:
        listed += f"; and {len(losses) - TOLD} more"
    if not allow_loss:
        raise NeurosimError(
            f"NIR cannot say all of this network, and would lose: {listed}. Take these out of the "
            "network, or allow the loss (allow_loss=True, --allow-loss)"
        )
    warnings.warn(f"NIR cannot say all of this network; lost are: {listed}", UserWarning, 4)


class _Maker:
    """Puts a graph together.

    Parameters
    ----------
    nir : module
    units : Units
    said : Exportable
    """

    def __init__(self, nir: Any, units: Units, said: Exportable) -> None:
        self.nir, self.units, self.said = nir, units, said
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        self.losses = list(said.losses)
        self.bytes = 0
        self.joined: list[tuple[str, str, int, NDArray[np.float64]]] = []
        self.biases: dict[str, NDArray[np.float64]] = {}
        self.gains: dict[str, float] = {}
        self.inputs: list[str] = []
        for population in said.network.populations:
            name, size = population.name, population.size
            if name in said.relays:
                self.nodes[name] = nir.Input(np.array([size]))
                self.inputs.append(name)
            else:
                self._add_neurons(name, size, population.neuron)

    def room(self, *shape: int) -> NDArray[np.float64]:
        """Return zeros, if there is room for them."""
        self.bytes += 8 * shape[0] * shape[1]
        if self.bytes > MOST_BYTES:
            raise NeurosimError(
                f"NIR keeps a weight for every pair of neurons and delay, here more than "
                f"{MOST_BYTES // 2**20} MiB of them: export a smaller network, or one of fewer "
                "delays"
            )
        return np.zeros(shape)

    def join(self, source: str, target: str, delay: int, weights: NDArray[np.float64]) -> None:
        """Note a connection with weights (n_targets, n_sources) or (n,), and a delay in steps."""
        # A current moves V a step after it has come; under Euler's method in the same step.
        delay += self.units.euler and self._synaptic(target)
        self.joined.append((source, target, delay, weights * self.gains[target]))

    def add_synapses(self, bundle: Bundle) -> None:
        """Note synapses; those of each neuron onto the one of its number as a vector."""
        source, target = bundle.source, bundle.target
        own = source.size == target.size and np.array_equal(bundle.sources, bundle.targets)
        weights = self.room(target.size, 1 if own else source.size)
        np.add.at(weights, (bundle.targets, bundle.sources * (not own)), bundle.weights)
        weights = weights[:, 0] if own else weights
        self.join(source.name, target.name, bundle.delay, weights)

    def add_input(self, drive: Drive) -> None:
        """Let spikes that are given to neurons come from an Input."""
        target = drive.target
        ids = np.arange(target.size) if drive.ids is None else drive.ids
        alike = type(drive.input) is SpikeTimes and not isinstance(drive.input.times, tuple)
        weights = self.room(target.size, 1 if alike else len(ids))
        assert drive.weight is not None
        weights[ids, 0 if alike else np.arange(len(ids))] = drive.weight
        assert drive.delay is not None
        name = self._new("input")
        self.nodes[name] = self.nir.Input(np.array([weights.shape[1]]))
        self.inputs.append(name)
        self.join(name, target.name, int(to_steps(drive.delay, self.units.dt)), weights)

    def graph(self, retime: bool) -> Any:
        """Return the graph."""
        names = [(source, target) for source, target, _, _ in self.joined]
        looped = in_loops(names) if retime else [False] * len(names)
        ahead = dict.fromkeys(self.nodes, 0)
        if retime:
            # Within a loop a step is left over, which NIR need not tell.
            spare = [way[2] - loop for way, loop in zip(self.joined, looped, strict=True)]
            ahead = run_ahead(self.nodes, names, spare, {*self.inputs, *self.biases})
        for name, steps in ahead.items():
            if steps:
                self.nodes[name].metadata["ahead_steps"] = steps
        for (source, target, delay, weights), loop in zip(self.joined, looped, strict=True):
            left = delay + ahead[source] - ahead[target]
            left -= loop and left == 1
            self._link(source, target, left, weights)
        for target, bias in self.biases.items():
            name = self._new("constant")
            self.nodes[name] = self.nir.Input(np.array([1]))
            self._affine(name, target, self.room(len(bias), 1), bias)
        self._add_outputs()
        noted = {f"neurosim_{key}": value for key, value in asdict(self.units).items()}
        return self.nir.NIRGraph(self.nodes, self.edges, metadata=noted, type_check=False)

    def _synaptic(self, name: str) -> bool:
        return getattr(self.said.synapses.get(name), "is_current", False)

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
        kind = "LIF" if leaky else "IF"
        synapse = self.said.synapses.get(name)
        impulse = False
        if type(synapse) is ExpCurrent:
            kind, tau_s, impulse = "CubaLIF", synapse.tau, not units.euler
            if units.euler:
                self.gains[name] *= float(units.rise(neuron.tau_m, tau_s)) / neuron.c_m
            else:  # the graph's current is in pA
                self.gains[name] = 1.0
                values["r"] = tidy(neuron.resistance / units.mv_per_unit)
            tau_syn = units.seconds(tau_s)
            values |= {"tau_mem": tau, "tau_syn": tau_syn, "w_in": tidy(tau_syn / units.dt_s)}
        elif leaky:
            values["tau"] = tau
        else:
            del values["v_leak"]
        if math.isinf(neuron.v_threshold):
            kind = kind.replace("IF", "I")
            del values["v_threshold"], values["v_reset"]
        fields = {key: np.full(size, value) for key, value in values.items()}
        self.nodes[name] = getattr(self.nir, kind)(**fields)
        if impulse:
            self.nodes[name].metadata[IMPULSE] = 1
        current = self.said.currents.get(name)
        if current is None or not current.any():
            return
        if self._synaptic(name):
            self.losses.append(f"the constant current onto {name!r}: a CubaLIF would filter it")
        else:
            per_pa = neuron.resistance if leaky else 1e3 / neuron.c_m
            self.biases[name] = current * per_pa / (values["r"] * units.mv_per_unit)

    def _gain(self, tau: float) -> float:
        """Return what a constant input of 1/r adds to v in a step."""
        x = self.units.dt_s / tau
        if not x:
            return self.units.dt_s
        return x if self.units.euler else -math.expm1(-x)

    def _link(self, source: str, target: str, delay: int, weights: NDArray[np.float64]) -> None:
        """Lead from one node to another, over weights and, where there is one, a delay."""
        if not delay and target in self.biases and weights.ndim == 2:
            self._affine(source, target, weights, self.biases.pop(target))
            return
        name = self._new(f"{source}_to_{target}")
        self.nodes[name] = (
            self.nir.Linear(weights) if weights.ndim == 2 else self.nir.Scale(weights)
        )
        self.edges.append((source, name))
        if delay:
            late = self._new(f"{name}_delay")
            self.nodes[late] = self.nir.Delay(np.full(len(weights), delay * self.units.dt_s))
            self.edges.append((name, late))
            name = late
        self.edges.append((name, target))

    def _affine(
        self, source: str, target: str, weights: NDArray[np.float64], bias: NDArray[np.float64]
    ) -> None:
        name = self._new(f"{source}_to_{target}")
        self.nodes[name] = self.nir.Affine(weights, bias)
        self.edges += [(source, name), (name, target)]

    def _add_outputs(self) -> None:
        """Let out the spikes of populations that lead to no other, or else of all."""
        input_matrices = {source for source, target, _, _ in self.joined if source != target}
        own = [p for p in self.said.network.populations if p.name not in self.said.relays]
        for population in [p for p in own if p.name not in input_matrices] or own:
            name = self._new("output")
            self.nodes[name] = self.nir.Output(np.array([population.size]))
            self.edges.append((population.name, name))

    def _new(self, name: str) -> str:
        """Return a name that no node has."""
        found, k = name, 0
        while found in self.nodes:
            k += 1
            found = f"{name}_{k}"
        return found
