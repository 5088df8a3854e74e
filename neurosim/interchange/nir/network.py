"""Networks built from NIR graphs, with input and output in terms of the graph."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.interchange.nir.fields import as_numbers
from neurosim.models import LIF, SpikeTimes
from neurosim.utils.checks import suggest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurosim.interchange.nir.flat_graph import FlatGraph
    from neurosim.interchange.nir.linear import Matrix
    from neurosim.interchange.nir.neurons import Response
    from neurosim.interchange.nir.units import Units
    from neurosim.models import Input
    from neurosim.network import Drive, Network, Population
    from neurosim.results import Result

RELAY = LIF(t_ref=0.0)
"""Neuron that repeats its input spikes: an element of an Input."""
RELAY_PSP = 2.0 * (RELAY.v_threshold - RELAY.v_rest)
"""Strength of these spikes (mV): each makes the relay fire at once, without aftereffect."""
MAX_GRADED = 2**26
"""Values of graded input, steps times targets: about 2 GiB."""


@dataclass(frozen=True, eq=False)
class InputPath:
    """Connection from an Input to a population.

    Attributes
    ----------
    source : str
    target : Population
    matrix : sparse array (n_targets, n_elements)
    response : list of (Synapse, (n_targets,) ndarray)
        Effect of an input of 1 that lasts for one step.
    delay : float
        ms.
    """

    source: str
    target: Population
    matrix: Matrix
    response: Response
    delay: float


@dataclass(frozen=True, eq=False, repr=False)
class NirNetwork:
    """A network built from a NIR graph by `from_nir`.

    Attributes
    ----------
    network : Network
        Each Input and each node of neurons is a population with the name of the node. A node whose
        neurons differ in parameters becomes several, named ``name[0]``, ``name[1]``...
    units : Units
        Time step, solver, unit of potentials and reset.
    late : mapping of str to int
        Steps by which the spikes of each node come later than in the graph.
    graph : FlatGraph
        Nodes of the graph and the connections between them.
    members : mapping of str to sequence of (Population, (n,) ndarray of int64)
        Populations of each node, each with the elements of the node that it represents.
    input_paths : sequence of InputPath
        Connections from the Inputs.
    graded : dict of str to (n_steps, n_elements) ndarray
        Graded values given to Inputs by `drive_inputs`.
    """

    network: Network
    units: Units
    late: Mapping[str, int]
    graph: FlatGraph
    members: Mapping[str, Sequence[tuple[Population, NDArray[np.int64]]]]
    input_paths: Sequence[InputPath] = ()
    graded: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __repr__(self) -> str:
        inputs, outputs = (list(names) for names in (self.inputs, self.graph.outputs))
        return f"<NirNetwork: inputs {inputs}, outputs {outputs}, {self.network!r}>"

    @property
    def inputs(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the graph's Inputs, by name."""
        return self.graph.inputs

    @property
    def dt(self) -> float:
        """Step for the simulation of the network (ms)."""
        return self.units.dt

    @property
    def latest(self) -> int:
        """Largest number of steps by which a node is late."""
        return max(self.late.values())

    def drive(self, name: str, input: Input) -> Drive:
        """Drive an Input with spikes from any source.

        Parameters
        ----------
        name : str
            Name of the Input.
        input : Poisson, SpikeTimes or LiveSpikes
            Spikes of each of its elements, in C order. A spike at t belongs to the step that ends
            at t.

        Raises
        ------
        NeurosimError
        """
        return self.network.drive(self._input(name), input, psp=RELAY_PSP)

    def drive_inputs(self, spikes: ArrayLike | Mapping[str, ArrayLike]) -> float:
        """Set the values of the Inputs, one row per step.

        Parameters
        ----------
        spikes : (n_steps, ...) array_like, or mapping of str to array_like
            One value per step for each element of the Input; a mapping by name if there are several
            Inputs. Arrays of 0 and 1 are spikes. Other numbers, such as 0.5, counts or negative
            ones, are graded input that is constant during the step: it reaches the neurons
            directly, and the Input does not fire.

        Returns
        -------
        float
            Duration (ms) to simulate, so that the last node has processed the last step.

        Raises
        ------
        NeurosimError
            If shapes do not match, or values are not finite.
        """
        if not isinstance(spikes, Mapping):
            if len(self.inputs) != 1:
                raise NeurosimError(
                    f"The graph has the inputs {', '.join(self.inputs) or 'none'}: give a mapping "
                    "from their names to arrays"
                )
            spikes = dict.fromkeys(self.inputs, spikes)
        rows = {name: self._rows(name, values) for name, values in spikes.items()}
        lengths = {len(values) for values in rows.values()}
        if len(lengths) != 1:
            raise NeurosimError(
                f"spikes has arrays of {sorted(lengths)} steps: give all the same number of rows"
            )
        for name, values in rows.items():
            if ((values != 0.0) & (values != 1.0)).any():
                self._drive_graded(name, values)
                continue
            times = [(np.flatnonzero(column) + 1) * self.dt for column in values.T]
            self.drive(name, SpikeTimes(times))
        return (lengths.pop() + self.latest) * self.dt

    def spikes(self, result: Result, name: str) -> NDArray[np.bool_]:
        """Return the spikes of a node, one row per step of the graph.

        Parameters
        ----------
        result : Result
        name : str
            Name of a node of spiking neurons or of an Input.

        Returns
        -------
        (n_steps, ...) ndarray of bool
            As many rows as were given to `drive_inputs`.

        Raises
        ------
        NeurosimError
            If the node does not fire, or the result is not one of this network.
        """
        spiking = [node for node in self.members if not self.graph.is_readout(node)]
        if name not in spiking:
            raise NeurosimError(f"There is no spiking node {name!r}: {suggest(name, spiking)}")
        if name in self.graded:
            raise NeurosimError(f"Input {name!r} has graded values and no spikes")
        found = self._activity(result, name, self._n_steps(result))
        return found.reshape(len(found), *self.graph.shapes[name]).astype(bool)

    def outputs(self, result: Result) -> dict[str, NDArray[np.float64]]:
        """Return the outputs of the graph, one row per step.

        Parameters
        ----------
        result : Result
            Result of the network, simulated with the step `dt`.

        Returns
        -------
        dict of str to (n_steps, ...) ndarray of float64
            For each Output: spikes as 0 and 1, potentials of LI, CubaLI and I nodes in the unit of
            the graph, and linear functions of either. As many rows as were given to `drive_inputs`.

        Raises
        ------
        NeurosimError
            If the result is of another network or step, or too short.
        """
        found = {}
        n_steps = self._n_steps(result)
        activity = cache(partial(self._activity, result, n_steps=n_steps))
        for name, shape in self.graph.outputs.items():
            total = np.zeros((n_steps, math.prod(shape)))
            for (source, delay), matrix in self.graph.input_matrices[name].items():
                if delay >= n_steps:
                    continue
                if source is None:
                    total[delay:] += matrix.toarray().ravel()
                    continue
                total[delay:] += (matrix @ activity(source)[: n_steps - delay].T).T
            found[name] = total.reshape(n_steps, *shape)
        return found

    def _input(self, name: str) -> Population:
        """Return the population of an Input."""
        if name not in self.inputs:
            raise NeurosimError(f"The graph has no Input {name!r}: {suggest(name, self.inputs)}")
        return self.members[name][0][0]

    def _drive_graded(self, name: str, values: NDArray[np.float64]) -> None:
        """Drive the targets of an Input with values (n_steps, n_elements)."""
        times = np.arange(1, len(values) + 1) * self.dt
        paths = [path for path in self.input_paths if path.source == name]
        n_targets = sum(path.matrix.shape[0] for path in paths)
        if len(values) * n_targets > MAX_GRADED:
            raise NeurosimError(
                f"Graded input of {len(values):,} steps reaches {n_targets:,} neurons, which makes "
                f"more than {MAX_GRADED:,} values: give at most {MAX_GRADED // n_targets:,} steps"
            )
        for path in paths:
            reached = path.matrix @ values.T
            present = [row != 0.0 for row in reached]
            events = SpikeTimes(
                [times[here] for here in present],
                [row[here] for row, here in zip(reached, present, strict=True)],
            )
            for synapse, strength in path.response:
                self.network.drive(
                    path.target, events, synapse=synapse, weight=strength, delay=path.delay
                )
        before = self.graded.get(name, values[:0])
        longest = np.zeros((max(len(before), len(values)), values.shape[1]))
        longest[: len(before)] += before
        longest[: len(values)] += values
        self.graded[name] = longest

    def _rows(self, name: str, values: Any) -> NDArray[np.float64]:
        """Return the values for an Input, (n_steps, n_elements)."""
        size = self._input(name).size
        array = as_numbers(values, f"input {name!r}")
        if not array.size or math.prod(array.shape[1:]) != size:
            shape = ", ".join(map(str, self.inputs[name]))
            raise NeurosimError(
                f"spikes of {name!r} have shape {array.shape}; they need (n_steps, {shape})"
            )
        return array.reshape(-1, size)

    def _n_steps(self, result: Result) -> int:
        """Return the number of steps of the graph that a result covers."""
        names = {population.name for population in self.network.populations}
        if names != set(result.populations) or not math.isclose(result.dt, self.dt, rel_tol=1e-9):
            raise NeurosimError(
                f"The result is of another network or step: simulate this one with dt = {self.dt:g}"
            )
        n_steps = round(result.duration / self.dt) - self.latest
        if n_steps < 1:
            raise NeurosimError(
                f"The result of {result.duration:g} ms ends before the latest node, {self.latest} "
                "steps late, has processed the first step: simulate longer"
            )
        return n_steps

    def _activity(self, result: Result, name: str, n_steps: int) -> NDArray[np.float64]:
        """Return the output of a node, (n_steps, n_elements)."""
        late = self.late[name]
        found = np.zeros((n_steps, self.graph.size(name)))
        values = self.graded.get(name, found)[:n_steps]
        found[: len(values)] = values
        for population, ids in self.members[name]:
            if self.graph.is_readout(name):
                trace = result.traces[population.name, "v"].values[late : late + n_steps]
                found[:, ids] = (trace - self.units.v_zero) / self.units.mv_per_unit
                continue
            spikes = result.spikes[population.name]
            steps = np.rint(spikes.times / self.dt).astype(np.int64) - 1 - late
            inside = (steps >= 0) & (steps < n_steps)
            found[steps[inside], ids[spikes.ids[inside]]] += 1.0
        return found
