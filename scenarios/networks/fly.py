"""The brain of a fruit fly: its neuron, connectomes in files, and random networks in their place.

The neuron model and the numbers are those of P. K. Shiu et al., Nature 634, 210 (2024).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

import neurosim as ns

if TYPE_CHECKING:
    from scenarios import _kit as kit

# Numbers of the FlyWire connectome, version 783. A connection has one or more synapses.
NEURONS, CONNECTIONS, SYNAPSES = 138_639, 15_091_983, 54.5e6
# Jump of g (mV) by one synapse.
PER_SYNAPSE = 0.275
# ms.
DELAY = 1.8
# Jump of g (mV) by an external spike, after which its target fires about 3 ms later.
EXTERNAL = 250.0 * PER_SYNAPSE
# Fraction of the neurons that excite.
EXCITATORY = 0.6
# Number of neurons with external input, and of neurons that these excite.
SENSORY, CORE = 20, 380
# Columns of the published tables. The last one is the signed number of synapses.
COLUMNS = ("Presynaptic_ID", "Postsynaptic_ID", "Excitatory x Connectivity")


@dataclass(frozen=True, eq=False)
class FlyNeuron(ns.NeuronModel):
    """Integrate-and-fire neuron whose synaptic input is reset by a spike.

    Below threshold tau_m dv/dt = v_rest + g − v and tau_syn dg/dt = −g. A spike of a delta synapse
    changes g. A spike of the neuron sets v to v_rest and g to 0. Both are constant during the
    refractory period, in which input still changes g.
    """

    v_rest: Any = ns.parameter(-52.0, "mV", -200.0, 200.0, "resting potential, and reset")
    v_threshold: Any = ns.parameter(-45.0, "mV", -200.0, 200.0, "the neuron fires above it")
    tau_m: Any = ns.parameter(20.0, "ms", 0.1, 1e3, "membrane time constant")
    tau_syn: Any = ns.parameter(5.0, "ms", 0.1, 1e3, "time constant of g, not tau_m")
    t_ref: Any = ns.parameter(2.2, "ms", 0.0, 1e3, "refractory period")
    v: ClassVar = ns.state("mV", "v_rest", "membrane potential")
    g: ClassVar = ns.state("mV", 0.0, "synaptic input")
    held: ClassVar = ns.state("ms", 0.0, "rest of the refractory period")
    refractory: ClassVar[str] = "ignore"

    @staticmethod
    def step(
        v: float, g: float, held: float, i: float, jump: float, dt: float, p: Any
    ) -> tuple[float, float, float]:
        """Advance the states exactly, unless the neuron is refractory."""
        free = held < 0.5 * dt
        membrane, synapse = math.exp(-dt / p.tau_m), math.exp(-dt / p.tau_syn)
        ratio = p.tau_syn / (p.tau_m - p.tau_syn)
        new = p.v_rest + (v - p.v_rest) * membrane + g * ratio * (membrane - synapse)
        v = new if free else v
        g = g * synapse if free else g
        return v, g + jump, 0.0 if free else held - dt

    @staticmethod
    def spikes(v_before: float, v: float, g: float, held: float, p: Any) -> bool:
        """Return whether the potential is above the threshold."""
        return bool(v > p.v_threshold)

    @staticmethod
    def reset(v: float, g: float, held: float, p: Any) -> tuple[float, float, float]:
        """Return the states after a spike."""
        return p.v_rest, 0.0, p.t_ref


def stand_in(scale: float = 1.0) -> ns.Network:
    """Return a random network with the numbers of neurons and synapses of the connectome.

    Most neurons are silent, as in the experiments of the paper: the external input excites a core
    of neurons.

    Parameters
    ----------
    scale : float
        Number of silent neurons, and of their synapses, relative to the fly.
    """
    net = ns.Network()
    silent = round((NEURONS - SENSORY - CORE) * scale)
    exciting = round(silent * EXCITATORY)
    sizes = {"sensory": SENSORY, "core": CORE, "exc": exciting, "inh": silent - exciting}
    populations = [net.add(name, size, FlyNeuron()) for name, size in sizes.items()]
    for source in populations:
        sign = -1.0 if source.name == "inh" else 1.0
        jump = sign * PER_SYNAPSE * SYNAPSES / CONNECTIONS
        weight = ns.LogNormal(jump, abs(jump))
        for target in populations:
            n = round(CONNECTIONS / NEURONS * target.size * source.size / net.size)
            net.connect(source, target, ns.FixedTotalNumber(n), weight=weight, delay=DELAY)
    sensory, core = populations[:2]
    net.connect(sensory, core, ns.AllToAll(), weight=PER_SYNAPSE * 4.0, delay=DELAY)
    net.drive(sensory, ns.Poisson(150.0), weight=EXTERNAL)
    return net


class Connectome(NamedTuple):
    """Neurons and their connections."""

    ids: kit.Integers
    """Distinct ids in ascending order."""
    sources: kit.Integers
    targets: kit.Integers
    """Indices into the ids."""
    jumps: kit.Floats
    """Jump of g by a spike, for each connection (mV)."""

    def indices(self, text: str, name: str) -> kit.Integers:
        """Return the indices of neurons listed by id; `name` is the setting, for errors."""
        try:
            wanted = np.unique(np.array(text.replace(",", " ").split(), dtype=np.int64))
        except (ValueError, OverflowError):
            raise ns.NeurosimError(
                f"{name} = {text!r} is not a list of ids such as 12,34"
            ) from None
        unknown = wanted[~np.isin(wanted, self.ids)]
        if len(unknown):
            raise ns.NeurosimError(
                f"{name} contains {unknown[0]}, which is not among the {len(self.ids):,} neurons: "
                f"their ids are between {self.ids[0]} and {self.ids[-1]}"
            )
        return np.searchsorted(self.ids, wanted)

    def strongest(self, sources: kit.Integers, n: int) -> kit.Integers:
        """Return the n other neurons with the strongest direct input from some neurons."""
        direct = np.isin(self.sources, sources)
        strength = np.bincount(self.targets[direct], self.jumps[direct], len(self.ids))
        others = np.setdiff1d(np.arange(len(self.ids)), sources)
        return np.sort(others[np.argsort(-strength[others], kind="stable")[:n]])

    def add_to(
        self, net: ns.Network, name: str, activated: kit.Integers, silenced: kit.Integers
    ) -> ns.Population:
        """Add the brain to a network; silenced neurons have no outgoing synapses.

        Activated neurons have no refractory period, as in the paper.
        """
        t_ref = np.full(len(self.ids), FlyNeuron().t_ref)
        t_ref[activated] = 0.0
        kept = ~np.isin(self.sources, silenced)
        pairs = ns.Explicit(self.sources[kept], self.targets[kept])
        brain = net.add(name, len(self.ids), FlyNeuron(t_ref=t_ref))
        net.connect(brain, brain, pairs, weight=self.jumps[kept], delay=DELAY)
        return brain


def read_connectome(path: str) -> Connectome:
    """Read a table of connections, parquet or CSV, with the columns of Shiu et al."""
    import pyarrow as arrow
    from pyarrow import csv, parquet

    try:
        table = parquet.read_table(path) if path.endswith(".parquet") else csv.read_csv(path)
        missing = [name for name in COLUMNS if name not in table.column_names]
        if not missing:
            kinds = (arrow.int64(), arrow.int64(), arrow.float64())
            schema = arrow.schema(list(zip(COLUMNS, kinds, strict=True)))
            table = table.select(COLUMNS).drop_null().cast(schema)
    except (OSError, arrow.ArrowException) as error:
        raise ns.NeurosimError(
            f"{path} cannot be read ({str(error).splitlines()[0]}): give a parquet or CSV table"
        ) from None
    if missing:
        raise ns.NeurosimError(
            f"{path} has no column {missing[0]!r}: the columns must be {', '.join(COLUMNS)}"
        )
    # Hashing is several times as fast as sorting, by np.unique, of the ids of all connections.
    pre, post, synapses = table.columns
    ends = arrow.chunked_array([*pre.chunks, *post.chunks], arrow.int64()).combine_chunks()
    encoded = ends.dictionary_encode()
    ids, order = np.unique(encoded.dictionary.to_numpy(), return_inverse=True)
    indices = order[encoded.indices.to_numpy()]
    jumps = synapses.to_numpy() * PER_SYNAPSE
    return Connectome(ids, indices[: len(pre)], indices[len(pre) :], jumps)


def random_connectome(scale: float, seed: int) -> Connectome:
    """Return the connections of `stand_in`. Neurons 0 to 19 have the external input."""
    net = stand_in(scale)
    sizes = {population.name: population.size for population in net.populations}
    first = dict(zip(sizes, np.cumsum([0, *sizes.values()]).tolist(), strict=False))
    simulation = ns.Simulation(net, seed=seed)
    parts = [simulation.connections(projection) for projection in net.projections]
    return Connectome(
        np.arange(net.size),
        np.concatenate([part.sources + first[part.source] for part in parts]),
        np.concatenate([part.targets + first[part.target] for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )
