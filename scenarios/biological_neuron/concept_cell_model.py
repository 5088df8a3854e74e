"""Persons, what represents them, and a neuron that learns one of them by the times of spikes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

KINDS = ("picture", "drawing", "written name")
PERSONS = ("Marilyn Monroe", *(f"person {k}" for k in range(2, 9)))
UNITS, SHARED = 10, 2
"""Units that one representation excites, and how many of them the next person's excites too."""
PER_KIND = len(PERSONS) * (UNITS - SHARED)
INPUTS = len(KINDS) * PER_KIND
"""Units from which the concept cell hears."""
CELL = ns.LIF(t_ref=20.0)
EVERY, JITTER, TEACHER = 60.0, 4.0, 8.0
"""Time between presentations, over which a volley is spread, and until the teacher speaks (ms)."""
FIRST_PSP = 0.5
"""Strength of every synapse before learning (mV)."""
LOOKS = 30
"""Moments of the training at which the synapses are looked at."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    presentations: int = field(default=900, metadata={"help": "presentations to learn from"})
    carry: float = field(
        default=0.85, metadata={"help": "probability that a unit of a representation fires"}
    )
    stray: float = field(default=0.03, metadata={"help": "probability that any other unit fires"})
    strongest: float = field(
        default=3.0, metadata={"help": "strongest that a synapse can become", "unit": "mV"}
    )
    learning_rate: float = field(
        default=0.05, metadata={"help": "of the plasticity, as a share of the strongest"}
    )

    def __post_init__(self) -> None:
        for name, low, high in (
            ("presentations", 100, 100_000),
            ("carry", 0.0, 1.0),
            ("stray", 0.0, 0.5),
            ("strongest", 0.6, 20.0),
            ("learning_rate", 0.001, 0.5),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value:g} is outside {low} to {high}")


def assembly(person: int, kind: int) -> NDArray[np.intp]:
    """Return the units that a representation of a person excites."""
    return kind * PER_KIND + (person * (UNITS - SHARED) + np.arange(UNITS)) % PER_KIND


def carriers() -> NDArray[np.bool_]:
    """Return which inputs carry the person that is to be learned; shape (INPUTS,)."""
    carries = np.zeros(INPUTS, dtype=bool)
    for kind in range(len(KINDS)):
        carries[assembly(0, kind)] = True
    return carries


@dataclass(frozen=True, eq=False)
class Shown:
    """A sequence of presentations, one every 60 ms.

    Attributes
    ----------
    person, kind : (n,) ndarray of int
    active : (n, INPUTS) ndarray of bool
        Which units fire.
    jitter : (n, INPUTS) ndarray
        How long after the begin of the presentation (ms).
    """

    person: NDArray[np.intp]
    kind: NDArray[np.intp]
    active: NDArray[np.bool_]
    jitter: NDArray[np.float64]

    @classmethod
    def draw(
        cls,
        person: NDArray[np.intp],
        kind: NDArray[np.intp],
        settings: Settings,
        rng: np.random.Generator,
    ) -> Shown:
        """Draw who fires, and when."""
        chance = np.full((len(person), INPUTS), settings.stray)
        for row, who, how in zip(chance, person, kind, strict=True):
            row[assembly(who, how)] = settings.carry
        active = rng.random(chance.shape) < chance
        return cls(person, kind, active, JITTER * rng.random(chance.shape))

    @property
    def starts(self) -> NDArray[np.float64]:
        """When each presentation begins (ms)."""
        return 1.0 + EVERY * np.arange(float(len(self.person)))

    @property
    def marilyn(self) -> NDArray[np.bool_]:
        """Whether it shows her."""
        return self.person == 0

    def add_to(self, net: ns.Network) -> ns.Population:
        """Add the input units, which fire as they are told."""
        units = net.add("inputs", INPUTS, ns.LIF(t_ref=1.0))
        times = self.starts[:, np.newaxis] + self.jitter
        each = tuple(times[self.active[:, k], k] for k in range(INPUTS))
        net.drive(units, ns.SpikeTimes(each), psp=50.0)
        return units


def lesson(settings: Settings, seed: int) -> Shown:
    """Return what is learned from: Marilyn in every fourth presentation, in random order."""
    rng = np.random.default_rng([seed, 0])
    n = settings.presentations
    person = rng.integers(1, len(PERSONS), n)
    person[rng.random(n) < 0.25] = 0
    return Shown.draw(person, rng.integers(0, len(KINDS), n), settings, rng)


def examination(settings: Settings, seed: int, duration: float) -> Shown:
    """Return what is asked afterwards: all representations of all persons, again and again."""
    rng, cycle = np.random.default_rng([seed, 1]), len(PERSONS) * len(KINDS)
    repeats = int((duration - 1.0) / (EVERY * cycle))
    if repeats < 1:
        raise ns.NeurosimError(
            f"duration = {duration:g} ms is too short to show all {cycle} representations: give "
            f"at least {EVERY * cycle + 1.0:g} ms"
        )
    order = np.tile(np.arange(cycle), repeats)
    return Shown.draw(order // len(KINDS), order % len(KINDS), settings, rng)


@lru_cache(maxsize=4)
def learned(settings: Settings, seed: int, dt: float) -> tuple[NDArray, NDArray, NDArray]:
    """Let the cell learn by spike-timing dependent plasticity; the same every time.

    Whenever Marilyn is shown a teacher makes the cell fire. What fired shortly before grows, what
    fires within a longer time after shrinks, and in the mean so does what has no part in it.

    Returns
    -------
    psps : (INPUTS,) ndarray
        Strengths after learning (mV).
    times : (LOOKS,) ndarray
        ms.
    history : (LOOKS, INPUTS) ndarray
        Strengths on the way (mV).
    """
    shown, net = lesson(settings, seed), ns.Network()
    units = shown.add_to(net)
    cell = net.add("concept cell", 1, CELL)
    rule = ns.STDP(
        settings.strongest, settings.learning_rate, asymmetry=0.6, tau_plus=10.0, tau_minus=100.0
    )
    plastic = net.connect(units, cell, ns.AllToAll(), psp=FIRST_PSP, plasticity=rule)
    net.drive(cell, ns.SpikeTimes(shown.starts[shown.marilyn] + TEACHER), psp=20.0)
    simulation = ns.Simulation(net, dt=dt, seed=seed)
    steps = round(EVERY * settings.presentations / LOOKS / dt)
    history = []
    for _ in range(LOOKS):
        simulation.run(steps * dt)
        history.append(simulation.connections(plastic).weights)
    return history[-1], steps * dt * np.arange(1.0, LOOKS + 1.0), np.array(history)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe the examination: the same inputs to a cell that has learned and to a naive one."""
    shown = examination(settings, options.seed, options.duration)
    psps, _, _ = learned(settings, options.seed, options.dt)
    net = ns.Network()
    units = shown.add_to(net)
    for name, strengths in (("concept cell", psps), ("naive cell", np.full(INPUTS, FIRST_PSP))):
        cell = net.add(name, 1, CELL)
        net.connect(units, cell, ns.AllToAll(), psp=strengths[:, np.newaxis])
        net.record(cell, "v")
    return net


@lru_cache(maxsize=4)
def trained(settings: Settings, seed: int) -> bridge.LogisticNeuron:
    """Return the logistic neuron that gradient descent makes of the same lesson."""
    shown = lesson(settings, seed)
    ridge = 1.0 / len(shown.marilyn)
    neuron = bridge.LogisticNeuron(solver="gradient", ridge=ridge, max_iter=20_000)
    return neuron.fit(shown.active.astype(float), shown.marilyn)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the cells answered in the examination.

    Attributes
    ----------
    shown : Shown
    fired, naive : (n,) ndarray of bool
        Whether the concept cell, and the one that has not learned, fired at each presentation.
    logistic : LogisticNeuron
    psps : (INPUTS,) ndarray
        Strengths that the concept cell has learned (mV).
    times, history : ndarray
        As of `learned`.
    """

    shown: Shown
    fired: NDArray[np.bool_]
    naive: NDArray[np.bool_]
    logistic: bridge.LogisticNeuron
    psps: NDArray[np.float64]
    times: NDArray[np.float64]
    history: NDArray[np.float64]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Outcome:
        """Return what a run shows."""
        shown = examination(settings, result.seed, result.duration)

        def answered(name: str) -> NDArray[np.bool_]:
            place = np.searchsorted(shown.starts, result.spikes[name].times - 1e-9) - 1
            fired = np.zeros(len(shown.starts), dtype=bool)
            fired[place[place >= 0]] = True
            return fired

        psps, times, history = learned(settings, result.seed, result.dt)
        logistic = trained(settings, result.seed)
        cells = answered("concept cell"), answered("naive cell")
        return cls(shown, *cells, logistic, psps, times, history)

    @property
    def told(self) -> NDArray[np.bool_]:
        """Whether the logistic neuron takes each presentation for Marilyn."""
        return self.logistic.predict(self.shown.active.astype(float)).astype(bool)

    def shares(self, fired: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the share of presentations with a spike, by person and kind."""
        place = self.shown.person * len(KINDS) + self.shown.kind
        size = len(PERSONS) * len(KINDS)
        share = np.bincount(place, fired, size) / np.bincount(place, minlength=size)
        return share.reshape(len(PERSONS), len(KINDS))
