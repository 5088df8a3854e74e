"""From threshold logic to spikes: one spike, one window, and the same answers.

An abstract unit that is active in a window is a neuron that fires once in it. Spikes travel for one
window from each level to the next, and for as many as they pass where they skip some: so all that a
neuron is to hear in a window arrives in one step, inhibition with excitation, and is summed before
the threshold is tested. A source that inhibits as well as excites is two neurons that hear the
same, one of each kind (Dale's law).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from bridge.classics.boolean import binary
from bridge.classics.threshold import ThresholdNetwork
from bridge.neuron.unit import threshold_gap
from bridge.spiking.strengths import strengths
from bridge.utils.checks import as_float, require_kind, require_neuron
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.classics.threshold import ThresholdUnit
    from bridge.spiking.strengths import Strengths

ONSET = 1.0
"""When the first inputs fire (ms)."""
PAUSE = 5.0
"""Window beyond the refractory period, where nothing asks for a longer one (ms)."""


@dataclass(frozen=True, eq=False)
class SpikingCircuit:
    """A threshold network as spiking neurons, a copy of it for every row of inputs.

    Attributes
    ----------
    logic : ThresholdNetwork
    inputs : (n_rows, n_windows, n_inputs) ndarray of bool
        One window each where the axis of windows is left out.
    window : float
        ms, a multiple of the step. Default: as short as the neuron allows, in whole ms.
    neuron : LIF
        Of all units; it returns to rest after a spike.
    name : str
        Of the excitatory population; that of the inhibitory one adds " inh".

    Raises
    ------
    NeurosimError
        For inputs that are not 0 and 1, a window so short that one leaks into the next, and a
        neuron that does not fit.

    Examples
    --------
    >>> from bridge.classics import compile_expressions, truth_table
    >>> circuit = SpikingCircuit(compile_expressions("A & ~B | C"), truth_table(3))
    >>> circuit.run()[:, 0].astype(int).tolist()
    [0, 1, 0, 1, 1, 1, 0, 1]
    """

    logic: ThresholdNetwork
    inputs: NDArray[np.bool_]
    window: float = 0.0
    neuron: ns.LIF = field(default_factory=ns.LIF)
    name: str = "circuit"

    def __post_init__(self) -> None:
        require_kind(self.logic, ThresholdNetwork, "logic", "ThresholdNetwork")
        require_neuron(self.neuron, "neuron")
        as_float(self.window, "window")
        inputs = binary(self.inputs, len(self.logic.inputs))
        inputs = inputs[:, None] if inputs.ndim == 2 else inputs
        if inputs.ndim != 3 or not inputs.size:
            raise NeurosimError(
                f"inputs have shape {inputs.shape}: give (n_rows, n_windows, n_inputs), none 0"
            )
        object.__setattr__(self, "inputs", inputs)
        if self.neuron.v_reset != self.neuron.v_rest or self.neuron.escape:
            raise NeurosimError(
                "the neuron of a circuit must return to rest after a spike, v_reset = v_rest, and "
                "have a sharp threshold"
            )
        least = self.least_window
        if not self.window:
            object.__setattr__(self, "window", least)
        elif self.window < least and self.n_windows > 1:
            raise NeurosimError(
                f"window = {self.window:g} ms is too short for the potential to come back to rest: "
                f"give {least:g} ms or more"
            )

    @property
    def n_rows(self) -> int:
        """Copies of the network."""
        return len(self.inputs)

    @property
    def n_windows(self) -> int:
        """Windows with inputs."""
        return self.inputs.shape[1]

    @property
    def duration(self) -> float:
        """Time (ms) until the last unit has answered the last input."""
        last = self.logic.first_windows.max(initial=0) + self.n_windows
        return ONSET + float(last) * self.window

    @property
    def least_window(self) -> float:
        """Window (ms) after which what is left of earlier ones is below half of every margin.

        What is left never exceeds deepest·q/(1 − q), with q = exp(−window/τ).
        """
        needed = self.neuron.t_ref + PAUSE
        if self.n_windows > 1:
            for own in self._strengths:
                longest = self.neuron.tau_m * math.log1p(2.0 * own.deepest / own.margin)
                needed = max(needed, longest)
        return float(math.ceil(needed))

    @cached_property
    def _strengths(self) -> tuple[Strengths, ...]:
        return tuple(strengths(unit, self.neuron) for unit in self.logic.units)

    @cached_property
    def _twins(self) -> NDArray[np.int64]:
        """Place of each source's inhibitory twin among these, −1 for a source without one."""
        inhibits = np.zeros(self.logic.size, dtype=bool)
        for unit in self.logic.units:
            negative = [s for s, w in zip(unit.sources, unit.weights, strict=True) if w < 0.0]
            inhibits[[*negative, *unit.vetoes]] = True
        return np.where(inhibits, np.cumsum(inhibits) - 1, -1)

    def ids(self, source: int) -> NDArray[np.int64]:
        """Return the excitatory neurons of a source, one a row of inputs."""
        return source * self.n_rows + np.arange(self.n_rows)

    def time(self, source: int, window: int = 0) -> float:
        """Return when a source answers a window of the inputs (ms)."""
        return ONSET + float(self.logic.first_windows[source] + window) * self.window

    def network(self) -> ns.Network:
        """Return a network of the circuit alone."""
        net = ns.Network()
        self.add_to(net)
        return net

    def add_to(self, network: ns.Network) -> ns.Population:
        """Add the circuit, with its inputs, to a network; return the excitatory population."""
        exc = network.add(self.name, self.logic.size * self.n_rows, self.neuron)
        populations = [exc]
        if (self._twins >= 0).any():
            size = (self._twins.max() + 1) * self.n_rows
            populations.append(network.add(f"{self.name} inh", int(size), self.neuron))
        for kind, source in enumerate(populations):
            for target_kind, target in enumerate(populations):
                self._connect(network, kind, source, target_kind, target)
        for kind, target in enumerate(populations):
            self._drive(network, kind, target)
        return exc

    def _neurons(self, sources: ArrayLike, kind: int) -> NDArray[np.int64]:
        """Return the neurons of sources, by source and row; excitatory ones are of kind 0."""
        places = np.asarray(sources, dtype=np.int64)
        places = self._twins[places] if kind else places
        return (places[:, None] * self.n_rows + np.arange(self.n_rows)).ravel()

    def _connect(
        self,
        network: ns.Network,
        kind: int,
        source: ns.Population,
        target_kind: int,
        target: ns.Population,
    ) -> None:
        """Connect what excites, or what inhibits, to the neurons of one kind."""
        edges = np.array(
            [
                (heard, k, psp)
                for k, unit, own in self._units(target_kind)
                for heard, psp in [
                    *zip(unit.sources, own.psps, strict=True),
                    *((veto, own.veto) for veto in unit.vetoes),
                ]
                if (psp < 0.0 if kind else psp > 0.0)
            ]
        ).reshape(-1, 3)
        if not len(edges):
            return
        heard, hearing = edges[:, 0].astype(int), edges[:, 1].astype(int)
        first = self.logic.first_windows
        # Where there are loops every way takes one window.
        ways = 1 if self.logic.levels is None else first[hearing] - first[heard]
        delays = np.repeat(np.broadcast_to(ways * self.window, len(edges)), self.n_rows)
        rule = ns.Explicit(self._neurons(heard, kind), self._neurons(hearing, target_kind))
        network.connect(source, target, rule, psp=np.repeat(edges[:, 2], self.n_rows), delay=delays)

    def _units(self, kind: int) -> list[tuple[int, ThresholdUnit, Strengths]]:
        """Return place, unit and strengths of the units that have a neuron of a kind."""
        units = zip(self.logic.units, self._strengths, strict=True)
        return [
            (k, unit, own)
            for k, (unit, own) in enumerate(units, start=len(self.logic.inputs))
            if not kind or self._twins[k] >= 0
        ]

    def _drive(self, network: ns.Network, kind: int, target: ns.Population) -> None:
        """Let the inputs fire, and the clock come to those that need it."""
        n = len(self.logic.inputs)
        own = [k for k in range(n) if not kind or self._twins[k] >= 0]
        times = [
            ONSET + self.window * np.flatnonzero(self.inputs[row, :, k])
            for k in own
            for row in range(self.n_rows)
        ]
        fires = np.flatnonzero([len(each) for each in times])
        if len(fires):
            ids = self._neurons(own, kind)[fires]
            spikes = ns.SpikeTimes([times[k] for k in fires])
            network.drive(target, spikes, ids=ids, psp=2.0 * threshold_gap(self.neuron))
        clocked = [(k, unit.clock) for k, _, unit in self._units(kind) if unit.clock]
        for level in {int(self.logic.first_windows[k]) for k, _ in clocked}:
            now = [(k, psp) for k, psp in clocked if self.logic.first_windows[k] == level]
            psps = np.repeat([psp for _, psp in now], self.n_rows)
            ticks = ONSET + self.window * (level + np.arange(self.n_windows))
            ids = self._neurons([k for k, _ in now], kind)
            network.drive(target, ns.SpikeTimes(ticks), ids=ids, psp=psps)

    def check_step(self, dt: float) -> None:
        """Refuse a step (ms) on whose grid not all that belongs together arrives together."""
        for what, span in (("first spikes at", ONSET), ("window of", self.window)):
            steps = span / dt
            if abs(steps - round(steps)) > 1e-6 or steps < 0.5:
                raise NeurosimError(
                    f"dt = {dt:g} ms does not divide the {what} {span:g} ms: give 0.1 ms, or "
                    "another step that does"
                )

    def fired(self, result: ns.Result) -> NDArray[np.bool_]:
        """Return in which windows each source fired, as `ThresholdNetwork.run` has it.

        Returns
        -------
        (n_rows, n_windows, size) ndarray of bool
        """
        self.check_step(result.dt)
        trains = result.spikes[self.name]
        sources, rows = np.divmod(trains.ids, self.n_rows)
        windows = np.floor((trains.times - ONSET) / self.window + 1e-6).astype(int)
        windows -= self.logic.first_windows[sources]
        inside = (windows >= 0) & (windows < self.n_windows)
        found = np.zeros((self.n_rows, self.n_windows, self.logic.size), dtype=bool)
        found[rows[inside], windows[inside], sources[inside]] = True
        return found

    def outputs(self, result: ns.Result) -> NDArray[np.bool_]:
        """Return what the outputs did in the last window, shape (n_rows, n_outputs)."""
        return self.fired(result)[:, -1, list(self.logic.outputs)]

    def run(self, *, dt: float = 0.1, threads: int | None = None) -> NDArray[np.bool_]:
        """Simulate the circuit alone and return its outputs in the last window."""
        self.check_step(dt)
        return self.outputs(ns.simulate(self.network(), self.duration, dt=dt, threads=threads))
