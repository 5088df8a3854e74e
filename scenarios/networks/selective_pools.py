"""Cortical networks of LIF neurons with selective pools (Brunel & Wang 2001)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import neurosim as ns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PYRAMIDAL = ns.LIF(
    v_rest=-70.0, v_threshold=-50.0, v_reset=-55.0, tau_m=20.0, c_m=500.0, t_ref=2.0, substep=0.25
)
INTERNEURON = ns.LIF(
    v_rest=-70.0, v_threshold=-50.0, v_reset=-55.0, tau_m=10.0, c_m=200.0, t_ref=1.0, substep=0.25
)
AMPA = ns.ExpConductance(tau=2.0, name="ampa")
NMDA = ns.NMDA(name="nmda")
# Synaptic delay (ms).
DELAY = 0.5
# Rate of all external spikes onto a neuron (Hz).
BACKGROUND = 2400.0

# Conductances onto an excitatory and onto an inhibitory neuron (nS).
Pair = tuple[float, float]


@dataclass(frozen=True)
class Cortex:
    """Parameters of a network with selective pools.

    Attributes
    ----------
    neurons : int
        80 % are excitatory.
    fraction : float
        Fraction of the excitatory neurons in each selective pool.
    w_plus : float
        Strength of synapses within a selective pool, relative to unselective synapses.
    external, ampa, nmda, gaba : (float, float)
        Conductances.
    tau_gaba : float
        Decay time constant of inhibition (ms).
    scale : float
        Factor of the recurrent conductances, which keeps their sum in networks of another size.
    """

    neurons: int
    fraction: float
    w_plus: float
    external: Pair
    ampa: Pair
    nmda: Pair
    gaba: Pair
    tau_gaba: float
    scale: float = 1.0

    @property
    def w_minus(self) -> float:
        """Relative strength of synapses from other neurons onto a selective pool.

        With it the mean strength onto each neuron is 1.
        """
        return 1.0 - self.fraction * (self.w_plus - 1.0) / (1.0 - self.fraction)

    def add_to(
        self, net: ns.Network, selective: Sequence[str], prefix: str = ""
    ) -> dict[str, ns.Population]:
        """Add selective pools, the population "other" and the population "inh", all-to-all.

        Parameters
        ----------
        net : Network
        selective : sequence of str
            Names of the selective pools.
        prefix : str
            Precedes the names of populations in `net`.

        Returns
        -------
        dict of str to Population
            By name without prefix.
        """
        n_exc = round(0.8 * self.neurons)
        size = round(self.fraction * n_exc)
        sizes = dict.fromkeys(selective, size)
        sizes |= {"other": n_exc - size * len(selective), "inh": self.neurons - n_exc}
        gaba = ns.ExpConductance(tau=self.tau_gaba, e_rev=-70.0, name="gaba")
        pools = {}
        for name, n in sizes.items():
            neuron = INTERNEURON if name == "inh" else PYRAMIDAL
            pools[name] = net.add(prefix + name, n, neuron, v_init=ns.Uniform(-60.0, -50.0))
        for target, population in pools.items():
            onto = int(target == "inh")
            weight = self.external[onto]
            net.drive(population, ns.Poisson(BACKGROUND), synapse=AMPA, weight=weight)
            for source, sources in pools.items():
                relative, synapses = self.scale, [(AMPA, self.ampa), (NMDA, self.nmda)]
                if source == "inh":
                    synapses = [(gaba, self.gaba)]
                elif target in selective:
                    relative *= self.w_plus if source == target else self.w_minus
                for synapse, conductance in synapses:
                    if conductance[onto]:
                        net.connect(
                            sources, population, ns.AllToAll(), synapse=synapse, delay=DELAY,
                            weight=relative * conductance[onto],
                        )  # fmt: skip
        return pools


def draw_pool_spikes(
    axes: Axes, result: ns.Result, colours: Mapping[str, str], *, stop: float, ms: float = 2.0
) -> None:
    """Draw the spikes of populations in their colours, the first one at the bottom.

    Parameters
    ----------
    axes : Axes
        The unit of time is s.
    result : Result
    colours : mapping of str to str
        Colour of each population.
    stop : float
        End (ms).
    ms : float
        Size of a dot.
    """
    size = 0
    for name, colour in colours.items():
        trains = result.spikes[name]
        shown = trains.inside(0.0, stop)
        axes.plot(trains.times[shown] / 1e3, size + trains.ids[shown], ".", ms=ms, color=colour)
        size += result.populations[name].size
    axes.set(xlim=(0.0, stop / 1e3), ylim=(0, size), ylabel="neuron")


def draw_pool_rates(
    axes: Axes,
    result: ns.Result,
    colours: Mapping[str, str],
    labels: Mapping[str, str],
    *,
    stop: float,
    bin_ms: float,
) -> None:
    """Draw the firing rates of populations in their colours; arguments as `draw_pool_spikes`."""
    for name, colour in colours.items():
        times, rate = ns.analysis.population_rate(result.spikes[name], stop, bin_ms=bin_ms)
        axes.plot(times / 1e3, rate, color=colour, label=labels[name], lw=1.8)
    axes.set(xlim=(0.0, stop / 1e3), xlabel="time (s)", ylabel="firing rate (Hz)")


def shade(axes: Axes, intervals: Iterable[tuple[float, float]], colour: str = "0.92") -> None:
    """Shade intervals of time, given in ms."""
    for start, stop in intervals:
        axes.axvspan(start / 1e3, stop / 1e3, color=colour, lw=0, zorder=0)
