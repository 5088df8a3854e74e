"""A recurrent network whose every synapse is known: settings, wiring, spikes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

import neurosim as ns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

DELAYS = (1.0, 2.0)
"""Shortest and longest delay (ms)."""
WEAKEST, STRONGEST = 0.1, 10.0
"""mV, between which all strengths are kept."""
SHORTEST = 20_000.0
"""ms, the least to be had from any recording."""
POPULATIONS = ("exc", "inh")


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    excitatory: int = field(default=80, metadata={"help": "neurons that excite"})
    inhibitory: int = field(default=20, metadata={"help": "neurons that inhibit"})
    probability: float = field(
        default=0.15, metadata={"help": "share of the pairs of neurons that are connected"}
    )
    psp: float = field(
        default=1.0, metadata={"help": "median strength of an excitatory synapse", "unit": "mV"}
    )
    inhibition: float = field(
        default=2.0, metadata={"help": "how many times stronger inhibitory synapses are"}
    )
    spread: float = field(
        default=0.6, metadata={"help": "standard deviation of the strengths' logarithm"}
    )
    noise: Literal["membrane", "escape"] = field(
        default="membrane",
        metadata={"help": "white current into every membrane, or a soft threshold"},
    )
    sigma: float = field(
        default=3.0, metadata={"help": "standard deviation of the membrane noise", "unit": "mV"}
    )
    delta: float = field(
        default=2.0, metadata={"help": "width of the soft threshold", "unit": "mV"}
    )
    mean: float = field(
        default=-62.0, metadata={"help": "potential without spikes of the others", "unit": "mV"}
    )
    least: float = field(
        default=1.0, metadata={"help": "size of the synapses that must be found", "unit": "mV"}
    )
    fdr: float = field(
        default=0.01, metadata={"help": "share of false ones among the synapses called"}
    )

    def __post_init__(self) -> None:
        for name, unit, low, high in (
            ("excitatory", "", 2, 4000),
            ("inhibitory", "", 1, 1000),
            ("probability", "", 0.001, 0.9),
            ("psp", " mV", WEAKEST, STRONGEST),
            ("inhibition", "", 0.01, 100.0),
            ("spread", "", 0.0, 3.0),
            ("sigma", " mV", 0.1, 50.0),
            ("delta", " mV", 0.1, 50.0),
            ("mean", " mV", -100.0, 0.0),
            ("least", " mV", 0.0, STRONGEST),
            ("fdr", "", 1e-6, 0.5),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(
                    f"{name} = {value:g}{unit} is outside {low:g} to {high:g}{unit}"
                )

    @property
    def neurons(self) -> int:
        """Of both kinds, the excitatory ones first."""
        return self.excitatory + self.inhibitory

    @property
    def neuron(self) -> ns.LIF:
        """The spiking neuron."""
        if self.noise == "membrane":
            return ns.LIF()
        return ns.LIF(escape=ns.EscapeRate(self.delta, 10.0, "exponential"))


def wiring(settings: Settings, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw all synapses.

    Returns
    -------
    psps : (n, n) ndarray
        Peak of the postsynaptic potential (mV), row by presynaptic neuron; 0 for no synapse.
    delays : (n, n) ndarray
        ms.
    """
    rng = np.random.default_rng([seed, settings.neurons])
    shape = (settings.neurons, settings.neurons)
    exists = rng.random(shape) < settings.probability
    np.fill_diagonal(exists, False)
    excites = np.arange(settings.neurons) < settings.excitatory
    median = np.where(excites, settings.psp, settings.psp * settings.inhibition)
    strength = median[:, None] * np.exp(settings.spread * rng.standard_normal(shape))
    sign = np.where(excites, 1.0, -1.0)[:, None]
    psps = np.where(exists, sign * np.clip(strength, WEAKEST, STRONGEST), 0.0)
    return psps, rng.uniform(*DELAYS, shape)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe the network, synapse by synapse."""
    if options.duration < SHORTEST:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is below {SHORTEST:g} ms: synapses cannot be told "
            "from so few spikes"
        )
    psps, delays = wiring(settings, options.seed)
    neuron, net = settings.neuron, ns.Network()
    parts = [
        (net.add("exc", settings.excitatory, neuron), slice(0, settings.excitatory)),
        (net.add("inh", settings.inhibitory, neuron), slice(settings.excitatory, None)),
    ]
    current = (settings.mean - neuron.v_rest) / neuron.resistance
    for source, rows in parts:
        for target, columns in parts:
            block = psps[rows, columns]
            pairs = np.nonzero(block)
            if len(pairs[0]):
                delay = delays[rows, columns][pairs]
                net.connect(source, target, ns.Explicit(*pairs), psp=block[pairs], delay=delay)
    for target, _ in parts:
        net.drive(target, ns.ConstantCurrent(current))
        if settings.noise == "membrane":
            net.drive(target, ns.MembraneNoise(settings.sigma))
    return net


def spike_trains(result: ns.Result) -> list[NDArray[np.float64]]:
    """Return the spike times (ms) of every neuron, the excitatory ones first."""
    trains = [result.spikes[name] for name in POPULATIONS]
    return [each.of(neuron) for each in trains for neuron in each.recorded]


def lengths(duration: float) -> list[float]:
    """Return how much of the recording (ms) to learn from, from a twentieth up to all."""
    parts = [duration * share for share in (0.05, 0.1, 0.2, 0.5, 1.0)]
    return [length for length in parts if length >= SHORTEST]
