"""One window of a neuron with two synapses, many times over: its settings, network and outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

import bridge
import neurosim as ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

NEURON = ns.LIF()
MOST_TRIALS = 2_000_000


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    psps: tuple[float, ...] = field(
        default=(3.0, -2.0),
        metadata={"help": "peak of the potential that one spike makes", "unit": "mV"},
    )
    sigma: float = field(
        default=3.0,
        metadata={
            "help": "standard deviation of the noise; a soft threshold gets the same slope",
            "unit": "mV",
        },
    )
    noise: Literal["window", "membrane", "escape"] = field(
        default="window",
        metadata={
            "help": "noise drawn once a window, fluctuating all through it, or a soft threshold"
        },
    )
    spikes: int = field(
        default=10, metadata={"help": "most spikes at a synapse: each gets from 0 to so many"}
    )
    repeats: int = field(
        default=400, metadata={"help": "trials, with noise, at each point of the plane"}
    )

    def __post_init__(self) -> None:
        if len(self.psps) != 2 or not all(abs(psp) <= 50.0 for psp in self.psps):
            raise ns.NeurosimError(
                f"psps = {', '.join(f'{psp:g}' for psp in self.psps)} mV: give two values from -50 "
                "to 50 mV"
            )
        if not 0.0 < self.sigma <= 50.0:
            raise ns.NeurosimError(
                f"sigma = {self.sigma:g} mV is outside 0 to 50 mV: give a positive spread"
            )
        if not 1 <= self.spikes <= 100:
            raise ns.NeurosimError(f"spikes = {self.spikes} is outside 1 to 100")
        if not 1 <= self.repeats <= MOST_TRIALS // (self.spikes + 1) ** 2:
            raise ns.NeurosimError(
                f"repeats = {self.repeats} at {(self.spikes + 1) ** 2} points: give at least 1, "
                f"and at most {MOST_TRIALS:,} trials in all"
            )

    @property
    def points(self) -> NDArray[np.float64]:
        """Spikes at each synapse for every point of the plane, the first running fastest."""
        counts = np.arange(self.spikes + 1.0)
        return np.stack(np.meshgrid(counts, counts), axis=-1).reshape(-1, 2)

    @property
    def trials(self) -> NDArray[np.float64]:
        """Spikes at each synapse in every trial, shape (n_trials, 2)."""
        return np.repeat(self.points, self.repeats, axis=0)

    def unit(self, window: float, dt: float) -> bridge.SpikingUnit:
        """Return the neuron with its synapses and its noise as the bridge has it.

        Parameters
        ----------
        window, dt : float
            Length of the window and of a step (ms).
        """
        noise: bridge.Noise = bridge.GaussianNoise(self.sigma)
        if self.noise == "escape":
            noise = bridge.EscapeNoise.of_slope(noise.beta)
        elif self.noise == "membrane":
            gap = bridge.threshold_distance(NEURON)
            noise = bridge.OrnsteinUhlenbeckNoise(self.sigma, window, NEURON.tau_m, gap, dt)
        return bridge.SpikingUnit(NEURON, np.array(self.psps), noise)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe one window of many equal neurons, each a trial of its own.

    A population without noise has a neuron for every point of the plane, one with noise has
    `repeats`. The spikes of both synapses arrive together, at the end of the first step.
    """
    net = ns.Network()
    noiseless = net.add("noiseless", len(settings.points), NEURON)
    unit = settings.unit(options.duration, options.dt)
    noisy = unit.add_to(net, "noisy", len(settings.trials), dt=options.dt)
    for population, activity in ((noiseless, settings.points), (noisy, settings.trials)):
        for synapse, psp in enumerate(settings.psps):
            for count in range(1, settings.spikes + 1):
                reached = np.flatnonzero(activity[:, synapse] == count)
                volley = ns.SpikeTimes(np.full(count, options.dt))
                net.drive(population, volley, ids=reached, psp=psp)
    return net


@dataclass(frozen=True, eq=False)
class Window:
    """What the neurons did.

    Attributes
    ----------
    excess : (n_points,) ndarray
        −15 + θ₁a₁ + θ₂a₂ (mV) of each point: how far the graded potential is above threshold.
    noiseless : (n_points,) ndarray of bool
        Whether the neuron without noise fired.
    fired : (n_trials,) ndarray of bool
        Whether the neuron with noise fired, by trial.
    unit : SpikingUnit
        The neuron with noise.
    """

    excess: NDArray[np.float64]
    noiseless: NDArray[np.bool_]
    fired: NDArray[np.bool_]
    unit: bridge.SpikingUnit

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Window:
        """Return what the neurons of a run did."""
        unit = settings.unit(result.duration, result.dt)
        # A soft threshold decides in every step: in that in which the spikes arrive, here.
        stop = 1.5 * result.dt if settings.noise == "escape" else np.inf
        fired = {name: trains.counts(stop=stop) > 0 for name, trains in result.spikes.items()}
        excess = np.round(unit.potential(settings.points) - unit.threshold_distance, 9)
        return cls(excess, fired["noiseless"], fired["noisy"], unit)

    @property
    def probability(self) -> NDArray[np.float64]:
        """Share of the trials at each point that fired, shape (n_points,)."""
        return self.fired.reshape(len(self.excess), -1).mean(axis=1)

    def pooled(self) -> tuple[NDArray[np.float64], NDArray, NDArray]:
        """Return the distinct values of `excess` with the spikes and trials at each."""
        excess, place = np.unique(self.excess, return_inverse=True)
        repeats = len(self.fired) // len(self.excess)
        return excess, repeats * np.bincount(place, self.probability), repeats * np.bincount(place)
