"""A NIR graph as a network of neurosim, fed and read in the graph's own terms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.network import LIF, SpikeTimes
from neurosim.network.checks import nearest_name, show

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurosim.interchange.nir.units import Units
    from neurosim.interchange.nir.wiring import Wiring
    from neurosim.network import Drive, Network, Population
    from neurosim.network.inputs import SpikeInput
    from neurosim.recording import Result

RELAY = LIF(t_ref=0.0)
"""A neuron that repeats the spikes that it is given: an element of an Input."""
RELAYED = 2.0 * (RELAY.v_threshold - RELAY.v_rest)
"""Strength of these (mV): each makes the neuron fire at once, and nothing of it is left."""


@dataclass(frozen=True, eq=False)
class NirNetwork:
    """A network made of a NIR graph. Made by `from_nir`.

    Attributes
    ----------
    network : Network
        Each Input and each LIF or CubaLIF node is a population of the node's name; a node whose
        neurons differ in parameters is several, named ``name[0]``, ``name[1]``...
    units : Units
        How the graph's numbers were read.
    late : mapping of str to int
        By how many steps the spikes of each node come later than in the graph.
    wiring : Wiring
        Who hears whom.
    members : mapping of str to sequence of (Population, (n,) ndarray of int64)
        The populations of each node, with the elements of the node that they are.
    """

    network: Network
    units: Units
    late: Mapping[str, int]
    wiring: Wiring
    members: Mapping[str, Sequence[tuple[Population, NDArray[np.int64]]]]

    @property
    def inputs(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes of the graph's Inputs, by name."""
        return self.wiring.inputs

    @property
    def dt(self) -> float:
        """Step with which the network is to be simulated (ms)."""
        return self.units.dt

    @property
    def latest(self) -> int:
        """Steps by which the latest node is late."""
        return max(self.late.values())

    def drive(self, name: str, input: SpikeInput) -> Drive:
        """Let an Input take spikes from anywhere.

        Parameters
        ----------
        name : str
            Of the Input.
        input : Poisson, SpikeTimes or LiveSpikes
            For each of its elements, in C order. A spike at t is one of the step that ends at t.

        Raises
        ------
        NeurosimError
        """
        return self.network.drive(self._input(name), input, psp=RELAYED)

    def drive_inputs(self, spikes: ArrayLike | Mapping[str, ArrayLike]) -> float:
        """Give the Inputs their spikes, one row a step.

        Parameters
        ----------
        spikes : (n_steps, ...) array_like, or mapping of str to such
            0 or 1 for each element of the Input; by name of the Input where there are several.

        Returns
        -------
        float
            For how long to simulate (ms) until the last node has answered the last step.

        Raises
        ------
        NeurosimError
            For shapes that do not fit, and values other than 0 and 1.
        """
        given: Mapping[str, Any] = spikes if isinstance(spikes, Mapping) else {}
        if not isinstance(spikes, Mapping):
            if len(self.inputs) != 1:
                raise NeurosimError(
                    f"The graph has the inputs {', '.join(self.inputs) or 'none'}: give a mapping "
                    "from their names to arrays"
                )
            given = dict.fromkeys(self.inputs, spikes)
        rows = {name: self._rows(name, values) for name, values in given.items()}
        lengths = {len(values) for values in rows.values()}
        if len(lengths) != 1:
            raise NeurosimError(
                f"spikes has arrays of {sorted(lengths)} steps: give all the same number of rows"
            )
        for name, values in rows.items():
            steps = np.arange(1, len(values) + 1)
            times = [steps[column] * self.dt for column in values.T]
            self.drive(name, SpikeTimes(times))
        return (lengths.pop() + self.latest) * self.dt

    def spikes(self, result: Result, name: str) -> NDArray[np.bool_]:
        """Return the spikes of a node, one row a step of the graph.

        Parameters
        ----------
        result : Result
        name : str
            Of an LIF, CubaLIF or Input.

        Returns
        -------
        (n_steps, ...) ndarray of bool
            As many rows as were given to `drive_inputs`.

        Raises
        ------
        NeurosimError
        """
        spiking = [node for node in self.members if not self.wiring.is_read(node)]
        if name not in spiking:
            raise NeurosimError(f"No node {name!r} fires: {nearest_name(name, spiking)}")
        found = self._activity(result, name, self._n_steps(result))
        return found.reshape(len(found), *self.wiring.shapes[name]).astype(bool)

    def outputs(self, result: Result) -> dict[str, NDArray[np.float64]]:
        """Return what comes out of the graph, one row a step.

        Parameters
        ----------
        result : Result
            Of the network, simulated in steps of `dt`.

        Returns
        -------
        dict of str to (n_steps, ...) ndarray of float64
            By Output: spikes as 0 and 1, potentials of LI and CubaLI nodes in the graph's unit,
            what linear nodes make of either. As many rows as were given to `drive_inputs`.

        Raises
        ------
        NeurosimError
            If the result is of another network or step, too short, or an LI node has left the range
            in which neurosim can follow it.
        """
        found = {}
        activity: dict[str, NDArray[np.float64]] = {}
        n_steps = self._n_steps(result)
        for name, shape in self.wiring.outputs.items():
            total = np.zeros((n_steps, math.prod(shape)))
            for (source, delay), matrix in self.wiring.heard[name].items():
                if delay >= n_steps:
                    continue
                if source is None:
                    total[delay:] += matrix.toarray().ravel()
                    continue
                if source not in activity:
                    activity[source] = self._activity(result, source, n_steps)
                heard = activity[source][: n_steps - delay]
                total[delay:] += (matrix @ heard.T).T
            found[name] = total.reshape(n_steps, *shape)
        return found

    def _input(self, name: str) -> Population:
        if name not in self.inputs:
            raise NeurosimError(
                f"The graph has no Input {name!r}: {nearest_name(name, self.inputs)}"
            )
        return self.members[name][0][0]

    def _rows(self, name: str, values: Any) -> NDArray[np.bool_]:
        """Return the spikes for an Input, (n_steps, n_elements)."""
        size = self._input(name).size
        try:
            array = np.asarray(values)
            if array.dtype.kind not in "biuf" or array.ndim < 1:
                raise TypeError
        except (TypeError, ValueError):
            raise NeurosimError(f"spikes of {name!r} are no array of 0 and 1") from None
        fits = math.prod(array.shape[1:]) == size
        if not fits or not len(array):
            shape = ", ".join(map(str, self.inputs[name]))
            raise NeurosimError(
                f"spikes of {name!r} have shape {array.shape}; they need (n_steps, {shape})"
            )
        wrong = array[(array != 0) & (array != 1)]
        if len(wrong):
            raise NeurosimError(
                f"spikes of {name!r} hold {show(wrong[0].item())}: give 0 and 1 alone, for an "
                "Input repeats spikes"
            )
        return array.reshape(len(array), size).astype(bool)

    def _n_steps(self, result: Result) -> int:
        """Return how many steps of the graph a result covers."""
        own = {population.name for population in self.network.populations}
        if own != set(result.populations) or not math.isclose(result.dt, self.dt, rel_tol=1e-9):
            raise NeurosimError(
                f"The result is of another network or step: simulate this one with dt = {self.dt:g}"
            )
        n_steps = round(result.duration / self.dt) - self.latest
        if n_steps < 1:
            raise NeurosimError(
                f"The result of {result.duration:g} ms ends before the latest node, {self.latest} "
                "steps late, has answered: simulate longer"
            )
        return n_steps

    def _activity(self, result: Result, name: str, n_steps: int) -> NDArray[np.float64]:
        """Return what a node gives, (n_steps, n_elements)."""
        late = self.late[name]
        found = np.zeros((n_steps, self.wiring.size(name)))
        for population, ids in self.members[name]:
            spikes = result.spikes[population.name]
            steps = np.rint(spikes.times / self.dt).astype(np.int64) - 1 - late
            if self.wiring.is_read(name):
                if len(spikes):
                    raise NeurosimError(
                        f"Node {name!r} rose above {population.neuron.v_threshold:g} mV, where "
                        "neurosim cannot follow: give from_nir a smaller mv_per_unit"
                    )
                trace = result.traces[population.name, "v"].values[late : late + n_steps]
                found[:, ids] = (trace - self.units.v_zero) / self.units.mv_per_unit
            else:
                inside = (steps >= 0) & (steps < n_steps)
                found[steps[inside], ids[spikes.ids[inside]]] = 1.0
        return found
