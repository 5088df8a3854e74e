"""Neurons in a ring, as spiking ones and as threshold units; loops with noise, loops cut short."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

NEURON = ns.LIF()
GAP = bridge.threshold_distance(NEURON)
KICKS, STOP = (50.0, 350.0), 250.0
"""When the loop is kicked, and when inhibition reaches all of it (ms)."""
PAIRS = np.arange(1.0, 10.5, 0.5)
"""Time around loops of two neurons (ms)."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    neurons: int = field(default=8, metadata={"help": "neurons in the loop"})
    delay: float = field(default=5.0, metadata={"help": "from each to the next", "unit": "ms"})
    psp: float = field(default=20.0, metadata={"help": "strength of a synapse", "unit": "mV"})
    inhibition: float = field(
        default=-20.0, metadata={"help": "strength of the inhibitory kick", "unit": "mV"}
    )
    sigma: float = field(
        default=3.0, metadata={"help": "noise of the potentials in noisy loops", "unit": "mV"}
    )
    trials: int = field(default=1000, metadata={"help": "noisy loops"})

    def __post_init__(self) -> None:
        for name, low, high, unit in (
            ("neurons", 2, 100, ""),
            ("delay", 0.5, 20, " ms"),
            ("psp", 15.1, 100, " mV"),
            ("inhibition", -100, -0.1, " mV"),
            ("sigma", 0.1, 5, " mV"),
            ("trials", 10, 100_000, ""),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value:g}{unit} is outside {low} to {high}{unit}")
        if not 40.0 <= self.period <= 150.0:
            raise ns.NeurosimError(
                f"neurons = {self.neurons} times delay = {self.delay:g} ms makes a loop of "
                f"{self.period:g} ms: it must take 40 to 150 ms, as long as a potential remembers"
            )
        if self.neurons * self.trials > 1_000_000:
            raise ns.NeurosimError(
                f"neurons = {self.neurons} times trials = {self.trials} is above 1,000,000: lower "
                "one"
            )

    @property
    def period(self) -> float:
        """How long a pulse takes around the loop (ms)."""
        return self.neurons * self.delay

    @property
    def veto(self) -> float:
        """Longest lead (ms) at which inhibition still keeps the pulse under the threshold."""
        if self.psp + self.inhibition > GAP:
            return 0.0
        decayed = NEURON.tau_m * float(np.log(-self.inhibition / (self.psp - GAP)))
        return min(decayed, self.period - NEURON.t_ref)

    @property
    def leads(self) -> NDArray[np.float64]:
        """How long before the pulse an inhibitory spike comes to one neuron of a loop (ms)."""
        return np.arange(-5.0, self.veto + 4.9, 0.5)


def ring(loops: int, size: int) -> ns.Explicit:
    """Return the connections of each neuron to the next, in loops side by side."""
    ids = np.arange(loops * size)
    return ns.Explicit(ids, ids - ids % size + (ids + 1) % size)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe the loop, loops stopped at one neuron, loops of two neurons, and noisy loops."""
    if options.duration < KICKS[0] + 2.5 * settings.period:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms ends before two rounds of the loop: give at least "
            f"{KICKS[0] + 2.5 * settings.period:g} ms"
        )
    size, kick = settings.neurons, 1.5 * GAP
    net = ns.Network()
    loop = net.add("loop", size, NEURON)
    net.connect(loop, loop, ring(1, size), psp=settings.psp, delay=settings.delay)
    net.drive(loop, ns.SpikeTimes(KICKS), ids=[0], psp=kick)
    net.drive(loop, ns.SpikeTimes([STOP]), psp=settings.inhibition)
    net.record(loop, "v", ids=[0, size // 2])

    leads = settings.leads
    stopped = net.add("stopped", size * len(leads), NEURON)
    net.connect(stopped, stopped, ring(len(leads), size), psp=settings.psp, delay=settings.delay)
    first = size * np.arange(len(leads))
    net.drive(stopped, ns.SpikeTimes([KICKS[0]]), ids=first, psp=kick)
    times = tuple(np.array([time]) for time in KICKS[0] + 2.0 * settings.period - leads)
    net.drive(stopped, ns.SpikeTimes(times), ids=first, psp=settings.inhibition)

    pairs = net.add("pairs", 2 * len(PAIRS), NEURON)
    net.connect(pairs, pairs, ring(len(PAIRS), 2), psp=settings.psp, delay=np.repeat(PAIRS / 2, 2))
    first = 2 * np.arange(len(PAIRS))
    net.drive(pairs, ns.SpikeTimes([KICKS[0]]), ids=first, psp=kick)

    rest = ns.Normal(NEURON.v_rest, settings.sigma)
    noisy = net.add("noisy", size * settings.trials, NEURON, v_init=rest)
    rule = ring(settings.trials, size)
    net.connect(noisy, noisy, rule, psp=settings.psp, delay=settings.delay)
    net.drive(noisy, ns.MembraneNoise(settings.sigma))
    first = size * np.arange(settings.trials)
    net.drive(noisy, ns.SpikeTimes([KICKS[0]]), ids=first, psp=2.0 * GAP)
    return net


def abstract_loop(settings: Settings, duration: float) -> NDArray[np.bool_]:
    """Return which threshold unit of the loop is active in which step; (n_steps, n_units).

    A unit is active if its input exceeds 15 mV; the step is the delay, and the first is the kick.
    """
    steps = 1 + int((duration - KICKS[0]) / settings.delay + 1e-9)
    given = np.zeros((steps, settings.neurons))
    for time, psp in [*((kick, 1.5 * GAP) for kick in KICKS), (STOP, settings.inhibition)]:
        step = int(np.ceil((time - KICKS[0]) / settings.delay - 1e-9))
        if step < steps:
            given[step, : 1 if psp > 0.0 else None] += psp
    fires, active = bridge.find_activation("step"), np.zeros((steps, settings.neurons))
    for step in range(steps):
        before = active[step - 1] if step else np.zeros(settings.neurons)
        active[step] = fires(settings.psp * np.roll(before, 1) + given[step] - GAP)
    return active > 0.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the loops did.

    Attributes
    ----------
    spiking, abstract : (n_steps, n_units) ndarray of bool
        Who fired in each step of the loop without noise.
    stopped : (n_leads,) ndarray of bool
        Whether inhibition of one neuron, by lead, ended the reverberation.
    lasting : (n_pairs,) ndarray of bool
        Whether loops of two neurons, by the time around them, still reverberate at the end.
    passed, chances : int
        How often a pulse in a noisy loop was handed on, and how often it could have been.
    alive_until : (trials,) ndarray
        Last spike of each noisy loop (ms).
    """

    spiking: NDArray[np.bool_]
    abstract: NDArray[np.bool_]
    stopped: NDArray[np.bool_]
    lasting: NDArray[np.bool_]
    passed: int
    chances: int
    alive_until: NDArray[np.float64]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Outcome:
        """Return what a run shows."""
        abstract = abstract_loop(settings, result.duration)
        trains, spiking = result.spikes["loop"], np.zeros_like(abstract)
        step = np.rint((trains.times - KICKS[0]) / settings.delay).astype(int)
        inside = (step >= 0) & (step < len(spiking))
        spiking[step[inside], trains.ids[inside]] = True

        size, end = settings.neurons, KICKS[0] + 2.0 * settings.period
        stopped = _last(result, "stopped", size) < end + 0.5 * settings.period
        lasting = _last(result, "pairs", 2) > result.duration - PAIRS - 1.0
        alive = _last(result, "noisy", size)
        # A pulse of which the next spike would come after the end had no chance.
        trains = result.spikes["noisy"]
        late = settings.delay + 0.5 * NEURON.tau_m
        chances = int((trains.times <= result.duration - late).sum())
        ended = int((alive <= result.duration - late).sum())
        return cls(spiking, abstract, stopped, lasting, chances - ended, chances, alive)


def _last(result: ns.Result, name: str, size: int) -> NDArray[np.float64]:
    """Return the last spike of each loop (ms), 0 where there is none."""
    trains = result.spikes[name]
    last = np.zeros(result.populations[name].size // size)
    np.maximum.at(last, trains.ids // size, trains.times)
    return last
