"""Conversion of threshold logic to spiking neurons.

A unit that is active in a time window is a neuron that fires once in it. A spike arrives one window
later per level of the circuit, so that all inputs of a neuron in a window arrive in the same step
and are summed before the threshold is tested. A source that both excites and inhibits is
represented by an excitatory and an inhibitory neuron with the same inputs (Dale's law).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

import neurosim as ns
from bridge.classics.boolean import binary
from bridge.classics.threshold import ThresholdNetwork, ThresholdUnit
from bridge.neuron.unit import threshold_distance
from bridge.utils.checks import as_float, positive, require_reset_to_rest, require_type
from neurosim import NeurosimError

# Time of the first input spikes (ms).
ONSET = 1.0
# Part of the default window after the refractory period (ms).
PAUSE = 5.0
# Smallest distance of sums from the threshold, relative to the sum of the weights.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Strengths:
    """Synapses of a neuron that represents a threshold unit.

    Attributes
    ----------
    psps : tuple of float
        One per source (mV).
    clock : float
        PSP (mV) of an external spike in each window; 0 if none is needed.
    veto : float
        PSP (mV) of each source that vetoes, which outweighs all excitation.
    margin : float
        Smallest distance of the sum of PSPs from the threshold (mV).
    deepest : float
        Largest deviation of the potential from rest without a spike (mV).

    Examples
    --------
    >>> from bridge import strengths
    >>> from bridge.classics import ThresholdUnit
    >>> majority = ThresholdUnit("majority", (0, 1, 2), (1.0, 1.0, 1.0), 1.5)
    >>> found = strengths(majority)
    >>> found.psps, found.margin
    ((10.0, 10.0, 10.0), 5.0)
    """

    psps: tuple[float, ...]
    clock: float
    veto: float
    margin: float
    deepest: float


def strengths(unit: ThresholdUnit, neuron: ns.LIF | None = None) -> Strengths:
    """Return synapses that make a resting neuron fire if and only if its unit does.

    The threshold T of the unit is first moved to the middle between the two nearest sums of
    weights. For T > 0 a weight w becomes a PSP of d·w/T with d = v_threshold − v_rest; otherwise a
    clock input is added.

    Parameters
    ----------
    unit : ThresholdUnit
    neuron : LIF, optional
        Default: `LIF()`.

    Raises
    ------
    NeurosimError
        If a sum of weights is so close to the threshold that rounding decides.

    Examples
    --------
    >>> from bridge.classics import ThresholdUnit
    >>> strengths(ThresholdUnit.mcculloch_pitts("A & ¬B", (0,), (1,), threshold=1)).psps
    (30.0,)
    """
    distance = threshold_distance(ns.LIF() if neuron is None else neuron)
    silent, firing = unit.reachable
    scale = sum(map(abs, unit.weights)) or 1.0
    if firing - silent < TOLERANCE * scale:
        raise NeurosimError(
            f"unit {unit.name!r}: sums of its weights come within {firing - silent:g} of its "
            f"threshold {unit.threshold:g}; use whole numbers, or move the threshold"
        )
    if math.isinf(silent):  # fires for all inputs
        silent = firing - 2.0 * scale
    if math.isinf(firing):
        firing = silent + 2.0 * scale
    threshold, half = 0.5 * (silent + firing), 0.5 * (firing - silent)
    # A threshold that is small compared to the weights, or negative, needs a clock.
    per_weight = distance / threshold if threshold > 0.25 * half else 0.5 * distance / half
    clock = distance - per_weight * threshold if threshold <= 0.25 * half else 0.0
    psps = tuple(per_weight * weight for weight in unit.weights)
    excitation = clock + sum(psp for psp in psps if psp > 0.0)
    inhibition = sum(psp for psp in psps if psp < 0.0)
    veto = -max(excitation, distance)
    deepest = max(distance, len(unit.vetoes) * -veto - inhibition)
    return Strengths(psps, clock, veto, per_weight * half, deepest)


@dataclass(frozen=True, eq=False)
class SpikingCircuit:
    """A threshold network as spiking neurons, with one copy per row of inputs.

    Attributes
    ----------
    logic : ThresholdNetwork
    inputs : (n_rows, n_windows, n_inputs) ndarray of bool
        Without the second axis there is one window.
    window : float
        Window (ms), a multiple of the step. Default: the shortest possible in whole ms.
    neuron : LIF
        Neuron of all units; its reset potential must be the resting potential.
    name : str
        Name of the excitatory population. The name of the inhibitory population has the suffix
        " inh".

    Raises
    ------
    NeurosimError
        If inputs are not 0 and 1, the window is too short, or the neuron is unsuitable.

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
        require_type(self.logic, ThresholdNetwork, "logic", "a ThresholdNetwork")
        require_reset_to_rest(self.neuron, "a circuit")
        as_float(self.window, "window")
        inputs = binary(self.inputs, len(self.logic.inputs))
        inputs = inputs[:, None] if inputs.ndim == 2 else inputs
        if inputs.ndim != 3 or not inputs.size:
            raise NeurosimError(
                f"inputs have shape {inputs.shape}: give (n_rows, n_windows, n_inputs), not empty"
            )
        object.__setattr__(self, "inputs", inputs)
        least = self.least_window
        if not self.window:
            object.__setattr__(self, "window", least)
        elif self.window < least and self.n_windows > 1:
            raise NeurosimError(
                f"window = {self.window:g} ms is too short for the potential to return to rest: "
                f"give {least:g} ms or more"
            )

    @property
    def n_rows(self) -> int:
        """Number of copies of the network."""
        return len(self.inputs)

    @property
    def n_windows(self) -> int:
        """Number of windows with inputs."""
        return self.inputs.shape[1]

    @property
    def duration(self) -> float:
        """Time at which the last unit has responded to the last input (ms)."""
        last = self.logic.first_windows.max(initial=0) + self.n_windows
        return ONSET + float(last) * self.window

    @property
    def least_window(self) -> float:
        """Window (ms) after which the remaining potential is below half of every margin.

        The remainder is at most deepest·q/(1 − q), with q = exp(−window/τ).
        """
        needed = self.neuron.t_ref + PAUSE
        if self.n_windows > 1:
            for one in self._strengths:
                decay = self.neuron.tau_m * math.log1p(2.0 * one.deepest / one.margin)
                needed = max(needed, decay)
        return float(math.ceil(needed))

    @cached_property
    def _strengths(self) -> tuple[Strengths, ...]:
        return tuple(strengths(unit, self.neuron) for unit in self.logic.units)

    @cached_property
    def _indices(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Index of the excitatory and of the inhibitory neuron of each source, −1 if none."""
        inhibits = np.zeros(self.logic.size, dtype=bool)
        for unit in self.logic.units:
            negative = [s for s, w in zip(unit.sources, unit.weights, strict=True) if w < 0.0]
            inhibits[[*negative, *unit.vetoes]] = True
        return np.arange(len(inhibits)), np.where(inhibits, np.cumsum(inhibits) - 1, -1)

    def ids(self, source: int) -> NDArray[np.int64]:
        """Return the excitatory neurons of a source, one per row of inputs."""
        return source * self.n_rows + np.arange(self.n_rows)

    def time(self, source: int, window: int = 0) -> float:
        """Return the time at which a source responds to a window of the inputs (ms)."""
        return ONSET + float(self.logic.first_windows[source] + window) * self.window

    def network(self) -> ns.Network:
        """Return a network that consists of the circuit."""
        net = ns.Network()
        self.add_to(net)
        return net

    def add_to(self, network: ns.Network) -> ns.Population:
        """Add the circuit and its inputs to a network; return the excitatory population."""
        populations = []
        for name, indices in zip((self.name, f"{self.name} inh"), self._indices, strict=True):
            if size := int(indices.max() + 1) * self.n_rows:
                populations.append(network.add(name, size, self.neuron))
        kinds = range(len(populations))
        for source, target in product(kinds, kinds):
            self._connect(network, populations, source, target)
        for kind in kinds:
            self._drive(network, kind, populations[kind])
        return populations[0]

    def _neurons(self, sources: ArrayLike, kind: int) -> NDArray[np.int64]:
        """Return the excitatory (kind 0) or inhibitory (1) neurons by source and row."""
        indices = self._indices[kind][np.asarray(sources, dtype=np.int64)]
        return (indices[:, None] * self.n_rows + np.arange(self.n_rows)).ravel()

    def _connect(
        self, network: ns.Network, populations: list[ns.Population], source: int, target: int
    ) -> None:
        """Connect one kind of source neurons to one kind of target neurons."""
        edges = np.array(
            [
                (pre, k, psp)
                for k, unit, one in self._units(target)
                for pre, psp in [
                    *zip(unit.sources, one.psps, strict=True),
                    *((veto, one.veto) for veto in unit.vetoes),
                ]
                if (psp < 0.0 if source else psp > 0.0)
            ]
        ).reshape(-1, 3)
        if not len(edges):
            return
        pre, post = edges[:, 0].astype(int), edges[:, 1].astype(int)
        first = self.logic.first_windows
        # In circuits with loops every connection takes one window.
        windows = 1 if self.logic.levels is None else first[post] - first[pre]
        delays = np.repeat(np.broadcast_to(windows * self.window, len(edges)), self.n_rows)
        rule = ns.Explicit(self._neurons(pre, source), self._neurons(post, target))
        psps = np.repeat(edges[:, 2], self.n_rows)
        network.connect(populations[source], populations[target], rule, psp=psps, delay=delays)

    def _units(self, kind: int) -> list[tuple[int, ThresholdUnit, Strengths]]:
        """Return index, unit and synapses of the units with a neuron of a kind."""
        units = zip(self.logic.units, self._strengths, strict=True)
        return [
            (k, unit, one)
            for k, (unit, one) in enumerate(units, start=len(self.logic.inputs))
            if self._indices[kind][k] >= 0
        ]

    def _drive(self, network: ns.Network, kind: int, target: ns.Population) -> None:
        """Add the input spikes, and the clock of the units that need it."""
        inputs = np.flatnonzero(self._indices[kind][: len(self.logic.inputs)] >= 0)
        times = [
            ONSET + self.window * np.flatnonzero(self.inputs[row, :, k])
            for k in inputs
            for row in range(self.n_rows)
        ]
        fires = np.flatnonzero([len(each) for each in times])
        if len(fires):
            ids = self._neurons(inputs, kind)[fires]
            spikes = ns.SpikeTimes([times[k] for k in fires])
            network.drive(target, spikes, ids=ids, psp=2.0 * threshold_distance(self.neuron))
        clocked = [(k, one.clock) for k, _, one in self._units(kind) if one.clock]
        for level in {int(self.logic.first_windows[k]) for k, _ in clocked}:
            now = [(k, psp) for k, psp in clocked if self.logic.first_windows[k] == level]
            psps = np.repeat([psp for _, psp in now], self.n_rows)
            ticks = ONSET + self.window * (level + np.arange(self.n_windows))
            ids = self._neurons([k for k, _ in now], kind)
            network.drive(target, ns.SpikeTimes(ticks), ids=ids, psp=psps)

    def check_step(self, dt: float) -> None:
        """Raise an error if spikes and windows are not on the grid of the step (ms)."""
        for what, span in (("first spikes at", ONSET), ("window of", self.window)):
            steps = span / positive(dt, "dt", "ms")
            if abs(steps - round(steps)) > 1e-6 or steps < 0.5:
                raise NeurosimError(
                    f"dt = {dt:g} ms does not divide the {what} {span:g} ms: give 0.1 ms, or "
                    "another step that does"
                )

    def fired(self, result: ns.Result) -> NDArray[np.bool_]:
        """Return whether each source fired in each window, as `ThresholdNetwork.run`.

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
        """Return the outputs in the last window, shape (n_rows, n_outputs)."""
        return self.fired(result)[:, -1, list(self.logic.outputs)]

    def run(self, *, dt: float = 0.1, threads: int | None = None) -> NDArray[np.bool_]:
        """Simulate the circuit and return its outputs in the last window."""
        self.check_step(dt)
        return self.outputs(ns.simulate(self.network(), self.duration, dt=dt, threads=threads))
