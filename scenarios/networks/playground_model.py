"""A neuron to play with: trials of random input, what it did in each, and its logistic twin."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logit

import bridge
import neurosim as ns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

LIMITS = {
    "psps": (-20.0, 20.0, " mV"),
    "inputs": (0.0, 1.0, ""),
    "v_threshold": (-65.0, -40.0, " mV"),
    "noise": (0.1, 5.0, " mV"),
    "trials": (100, 100_000, ""),
    "first_trial": (0, 10**12, ""),
}
"""Range and unit of each setting."""
MOST_SYNAPSES = 6
DRAWS = 8
"""Random numbers of a trial: one a synapse, the last for the noise."""
SECOND = 1000.0
"""How much of the trials is shown (ms): the last second."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    psps: tuple[float, ...] = field(
        default=(10.0, 7.0, 3.0, -6.0),
        metadata={"help": "what a spike at each synapse adds to the potential", "unit": "mV"},
    )
    inputs: tuple[float, ...] = field(
        default=(0.9, 0.7, 0.5, 0.3),
        metadata={"help": "probability that each synapse gets a spike in a trial"},
    )
    v_threshold: float = field(
        default=-55.0,
        metadata={"help": "threshold of the neuron; it rests at -70 mV", "unit": "mV"},
    )
    noise: float = field(
        default=2.0,
        metadata={
            "help": "scale of the logistic noise, drawn once a trial: the slope of its twin is "
            "1/noise",
            "unit": "mV",
        },
    )
    trials: int = field(default=4000, metadata={"help": "trials that are counted"})
    first_trial: int = field(
        default=0, metadata={"help": "trials that went before: with them the window goes on"}
    )
    window: bool = field(
        default=False,
        metadata={"help": "open a window to change all this with the mouse, before it is saved"},
    )

    def __post_init__(self) -> None:
        if not 2 <= len(self.psps) <= MOST_SYNAPSES:
            raise ns.NeurosimError(
                f"psps = {_listed(self.psps)} mV: give 2 to {MOST_SYNAPSES} values, one a synapse"
            )
        if len(self.inputs) != len(self.psps):
            raise ns.NeurosimError(
                f"inputs = {_listed(self.inputs)} are {len(self.inputs)} for {len(self.psps)} "
                "synapses: give one for each of psps"
            )
        for name, (low, high, unit) in LIMITS.items():
            given = getattr(self, name)
            for value in given if isinstance(given, tuple) else (given,):
                if not low <= value <= high:
                    raise ns.NeurosimError(
                        f"{name} = {value:g}{unit} is outside {low:g} to {high:g}{unit}"
                    )

    @property
    def unit(self) -> bridge.SpikingUnit:
        """The neuron as the bridge has it: logistic noise once a trial is a soft threshold."""
        neuron = ns.LIF(v_threshold=self.v_threshold)
        return bridge.SpikingUnit(neuron, np.array(self.psps), bridge.EscapeNoise(self.noise))

    def draw(self, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what comes to the neuron in each trial.

        The numbers of a trial depend on the seed and on its place among all trials alone: another
        strength, input, threshold or noise meets the same chances.

        Returns
        -------
        active : (n_trials, n) ndarray
            1 where a synapse gets a spike, 0 elsewhere.
        noise : (n_trials,) ndarray
            mV, from the logistic distribution.
        """
        # The generator makes four numbers with each step of its counter.
        counted = np.random.Philox(seed, counter=self.first_trial * DRAWS // 4)
        chance = np.random.Generator(counted).random((self.trials, DRAWS))
        active = chance[:, : len(self.psps)] < np.array(self.inputs)
        # 0 itself, which has no logit, becomes half of the smallest number above it.
        return active.astype(float), self.noise * logit(np.maximum(chance[:, -1], 2.0**-54))


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe one trial of many equal neurons; the last of them, a second's worth, are shown.

    All that comes to a neuron arrives at the end of the first step.
    """
    if not 20.0 <= options.duration <= 200.0:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is outside 20 to 200 ms: it is that of one trial"
        )
    unit = settings.unit
    active, noise = settings.draw(options.seed)
    net = ns.Network()
    neurons = net.add("neuron", settings.trials, unit.neuron)
    unit.present(net, neurons, active, at=options.dt)
    net.drive(neurons, ns.SpikeTimes([options.dt]), psp=noise)
    shown = int(SECOND // options.duration)
    net.record(neurons, "v", ids=np.arange(settings.trials - shown, settings.trials))
    return net


@dataclass(frozen=True, eq=False)
class Points:
    """Trials in which the input lifted the neuron to the same potential, taken together.

    Attributes
    ----------
    potential : (n_points,) ndarray
        Without the noise (mV).
    trials, spikes : (n_points,) ndarray
        Their numbers.
    probability : (n_points,) ndarray
        By the logistic unit.
    """

    potential: NDArray[np.float64]
    trials: NDArray[np.int64]
    spikes: NDArray[np.int64]
    probability: NDArray[np.float64]

    @property
    def share(self) -> NDArray[np.float64]:
        """Share of the trials with a spike."""
        return self.spikes / self.trials

    @property
    def interval(self) -> NDArray[np.float64]:
        """Its 95 % interval, shape (2, n_points)."""
        return np.stack(bridge.wilson_interval(self.spikes, self.trials))

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Whether the interval holds the logistic unit's probability."""
        low, high = self.interval
        return (low <= self.probability) & (self.probability <= high)


@dataclass(frozen=True, eq=False)
class Trials:
    """What the neuron did, and its logistic twin.

    Attributes
    ----------
    settings : Settings
    active : (n_trials, n) ndarray
        1 where a synapse got a spike, 0 elsewhere.
    fired : (n_trials,) ndarray of bool
    times : (n_times,) ndarray
        Of the samples within a trial (ms).
    traces : (n_times, n_shown) ndarray
        Membrane potential in the last trials (mV).
    period : float
        From one trial to the next (ms).
    """

    settings: Settings
    active: NDArray[np.float64]
    fired: NDArray[np.bool_]
    times: NDArray[np.float64]
    traces: NDArray[np.float64]
    period: float

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Trials:
        """Return what the neurons of a run did."""
        active, _ = settings.draw(result.seed)
        fired = result.spikes["neuron"].counts() > 0
        trace = result.traces["neuron", "v"]
        return cls(settings, active, fired, trace.times, trace.with_spikes(), result.duration)

    @cached_property
    def unit(self) -> bridge.SpikingUnit:
        """The spiking neuron."""
        return self.settings.unit

    @cached_property
    def logistic(self) -> bridge.LogisticUnit:
        """Its twin."""
        return bridge.to_logistic(self.unit)

    @property
    def shown(self) -> int:
        """Number of trials whose potential is known, the last ones."""
        return self.traces.shape[1]

    @cached_property
    def points(self) -> Points:
        """The trials by the potential that their input makes."""
        potential = np.round(self.unit.neuron.v_rest + self.unit.potential(self.active), 9)
        distinct, first, place, trials = np.unique(
            potential, return_index=True, return_inverse=True, return_counts=True
        )
        spikes = np.bincount(place[self.fired], minlength=len(distinct))
        return Points(distinct, trials, spikes, self.logistic.probability(self.active[first]))

    @property
    def count(self) -> bridge.Measure:
        """Share of all trials with a spike."""
        low, high = bridge.wilson_interval(self.fired.sum(), len(self.fired))
        note = f"of {len(self.fired):,} trials"
        return bridge.Measure(float(self.fired.mean()), "", float(low), float(high), note)

    @cached_property
    def expected(self) -> float:
        """Probability of a spike by the logistic unit, over all inputs that can come."""
        patterns = np.array(np.meshgrid(*[(0.0, 1.0)] * self.active.shape[1])).reshape(
            self.active.shape[1], -1
        )
        chance: Any = np.array(self.settings.inputs)[:, np.newaxis]
        weight = np.where(patterns > 0.0, chance, 1.0 - chance).prod(axis=0)
        return float(weight @ self.logistic.probability(patterns.T))
