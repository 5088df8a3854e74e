"""Neurons that learn from correlated and independent inputs, by Hebb's rule in two forms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from bridge.classics import hebb, oja, principal_component

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

GROUPS = {"correlated": "inputs that fire together", "independent": "inputs that fire alone"}
RULES = ("hebb", "stdp")
"""Potentiation alone, and potentiation with depression."""
NEURONS = 10
"""Neurons that learn by each rule, from weights of their own to begin with."""
JITTER = 2.0
"""By how much spikes that come of one event are late (ms, mean)."""
SAMPLES = 60
"""How often the weights are looked at."""
BIN, ETA = 20.0, 0.002
"""Bin in which the abstract unit counts spikes (ms), and its learning rate."""
MOST_SPIKES = 5_000_000


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    synapses: int = field(default=50, metadata={"help": "inputs of each group"})
    rate: float = field(default=15.0, metadata={"help": "of each input", "unit": "Hz"})
    correlation: float = field(
        default=0.5, metadata={"help": "share of spikes that two correlated inputs have in common"}
    )
    psp_max: float = field(
        default=1.0, metadata={"help": "strongest synapse the rule allows", "unit": "mV"}
    )
    learning_rate: float = field(
        default=0.01, metadata={"help": "change by one pair of spikes, as a share of psp_max"}
    )
    asymmetry: float = field(
        default=1.1, metadata={"help": "how much stronger depression is than potentiation"}
    )

    def __post_init__(self) -> None:
        for name, low, high, unit in (
            ("synapses", 2, 500, ""),
            ("rate", 1.0, 100.0, " Hz"),
            ("correlation", 0.01, 1.0, ""),
            ("psp_max", 0.01, 15.0, " mV"),
            ("learning_rate", 1e-5, 0.2, ""),
            ("asymmetry", 0.1, 10.0, ""),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ns.NeurosimError(f"{name} = {value:g}{unit} is outside {low:g} to {high:g}")

    def rule(self, name: str) -> ns.STDP:
        """Return the plasticity of a rule."""
        asymmetry = self.asymmetry if name == "stdp" else 0.0
        return ns.STDP(self.psp_max, learning_rate=self.learning_rate, asymmetry=asymmetry)


def spike_times(settings: Settings, duration: float, seed: int) -> dict[str, list[NDArray]]:
    """Draw the spikes of all inputs (ms), on whole ms, by group.

    Correlated inputs each take part in a share of common events, and every input has one mean rate.
    """
    n, rate, share = settings.synapses, 1e-3 * settings.rate, settings.correlation
    if 2.0 * n * rate * duration > MOST_SPIKES:
        raise ns.NeurosimError(
            f"duration = {duration:g} ms brings {2.0 * n * rate * duration:,.0f} spikes of inputs: "
            f"{MOST_SPIKES:,} are the most; shorten it, or lower synapses or rate"
        )
    rng = np.random.default_rng(seed)
    events = rng.uniform(0.0, duration, rng.poisson(rate / share * duration))
    correlated = [events[rng.random(len(events)) < share] for _ in range(n)]
    correlated = [times + rng.exponential(JITTER, len(times)) for times in correlated]
    alone = [rng.uniform(0.0, duration, rng.poisson(rate * duration)) for _ in range(n)]
    return {
        group: [np.unique(np.ceil(times[times < duration - 1.0])) for times in trains]
        for group, trains in zip(GROUPS, (correlated, alone), strict=True)
    }


def describe(
    settings: Settings, options: RunOptions
) -> tuple[ns.Network, dict[tuple[str, str], ns.Projection]]:
    """Describe inputs and the neurons that learn from them; return the plastic projections too."""
    net = ns.Network()
    spikes = spike_times(settings, options.duration, options.seed)
    groups = {group: net.add(group, settings.synapses, ns.LIF(t_ref=1.0)) for group in GROUPS}
    for group, population in groups.items():
        net.drive(population, ns.SpikeTimes(spikes[group]), psp=30.0)
    plastic = {}
    for name in RULES:
        learner = net.add(name, NEURONS, ns.LIF())
        for group, population in groups.items():
            plastic[name, group] = net.connect(
                population,
                learner,
                ns.AllToAll(),
                psp=ns.Uniform(0.3 * settings.psp_max, 0.7 * settings.psp_max),
                plasticity=settings.rule(name),
            )
    return net, plastic


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe the network."""
    return describe(settings, options)[0]


def simulate(settings: Settings, options: RunOptions, progress: bool | None) -> ns.Result:
    """Run the network, and look at the weights again and again."""
    step = round(options.duration / SAMPLES / options.dt) * options.dt
    if step <= 0.0:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is too short to look at the weights {SAMPLES} "
            f"times: give {SAMPLES * options.dt:g} ms or more"
        )
    net, plastic = describe(settings, options)
    simulation = ns.Simulation(
        net,
        dt=options.dt,
        seed=options.seed,
        threads=options.threads,
        progress=progress,
        profile=options.profile,
    )
    times: list[float] = [0.0]
    looks = {
        key: [simulation.connections(projection).weights] for key, projection in plastic.items()
    }

    def look(chunk: ns.Chunk) -> None:
        times.append(chunk.stop)
        for key, projection in plastic.items():
            looks[key].append(simulation.connections(projection).weights)

    result = simulation.stream(step, look, duration=options.duration, realtime=options.realtime)
    measured = {f"{name}_{group}": np.concatenate(own) for (name, group), own in looks.items()}
    return replace(result, measured=measured | {"times": np.array(times)})


@dataclass(frozen=True, eq=False)
class Course:
    """How weights went, in both worlds.

    Attributes
    ----------
    result : Result
    settings : Settings
    """

    result: ns.Result
    settings: Settings

    @property
    def times(self) -> NDArray[np.float64]:
        """When the weights were looked at (s)."""
        return 1e-3 * self.result.measured["times"]

    def weights(self, rule: str, group: str) -> NDArray[np.float64]:
        """Return weights (mV), shape (n_times, n_synapses, NEURONS)."""
        found = self.result.measured[f"{rule}_{group}"]
        return found.reshape(len(self.times), self.settings.synapses, NEURONS)

    def final(self, rule: str) -> NDArray[np.float64]:
        """Return weights (mV) at the end, the mean of all neurons, correlated inputs first."""
        return np.concatenate([self.weights(rule, group)[-1].mean(axis=1) for group in GROUPS])

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """Spikes of all inputs in each bin less their mean, shape (n_bins, n_inputs)."""
        bins = BIN * np.arange(int(self.result.duration / BIN) + 1)
        inputs = np.arange(self.settings.synapses + 1)
        trains = [self.result.spikes[group] for group in GROUPS]
        counts = [np.histogram2d(each.times, each.ids, [bins, inputs])[0] for each in trains]
        joined = np.concatenate(counts, axis=1)
        return joined - joined.mean(axis=0)

    @cached_property
    def hebb(self) -> NDArray[np.float64]:
        """Weights of the abstract unit by Hebb's rule, shape (n_bins + 1, n_inputs)."""
        return hebb(self.counts, ETA)

    @cached_property
    def oja(self) -> NDArray[np.float64]:
        """The same by Oja's rule."""
        return oja(self.counts, ETA)

    @cached_property
    def component(self) -> NDArray[np.float64]:
        """First principal component of the counts."""
        return principal_component(self.counts)

    @property
    def learned(self) -> NDArray[np.float64]:
        """Oja's weights, the mean of the second half of the run."""
        return self.oja[len(self.oja) // 2 :].mean(axis=0)
