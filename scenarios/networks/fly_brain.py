"""The brain of a fly: activate some neurons, silence others, and see which ones respond.

P. K. Shiu et al., Nature 634, 210 (2024), simulated all neurons of the brain of a fruit fly with
the synapses of its connectome. Every neuron is the same integrate-and-fire neuron, and every
synapse is equally strong, positive or negative by its transmitter. Some neurons are activated: they
fire like a Poisson process, as taste neurons fire in response to sugar. The rates of all others
follow. A neuron is silenced by removing its synapses. Neurons that then fire less were driven by
it, directly or through others.

Here the intact and the silenced brain run side by side and receive the same external spikes, so
that all differences are due to silencing. ``connectivity`` is the path of a table that the authors
publish, such as Connectivity_783.parquet; ``activate`` and ``silence`` are root ids of FlyWire.
Without a table a random network replaces the connectome. It has as many synapses per neuron, but no
circuits: nearly all neurons that respond are those that the activated ones excite directly.

The comparison describes responding neurons by logistic neurons whose inputs are the synaptic input,
the membrane potential, or both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit
from scenarios.networks import fly

NEURON = fly.FlyNeuron()
# Neurons of the random network that excite many others.
SENSORY = ",".join(map(str, range(fly.SENSORY)))
# Number of most active neurons in means, and of neurons whose state is recorded.
TOP = 20
# Length of the blocks of training and test data (ms).
BLOCK = 50.0
# Name of the input of each logistic neuron, and its columns of the states.
INPUTS = {"g": ("synaptic input", [0]), "v": ("membrane potential", [1]), "both": ("both", [0, 1])}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    connectivity: str = kit.setting("", help="path of the table of connections, parquet or CSV")
    activate: str = kit.setting(SENSORY, help="ids of the activated neurons, such as 12,34")
    silence: str = kit.setting("0,1,2,3,4", help="ids of the silenced neurons")
    rate: float = kit.setting(150.0, "Hz", 1.0, 400.0, "rate of the activated neurons")
    scale: float = kit.setting(0.1, "", 0.01, 1.0, "size of the random network, relative to a fly")


@lru_cache(maxsize=1)
def experiment(settings: Settings, seed: int) -> tuple[fly.Connectome, kit.Integers, kit.Integers]:
    """Return the connectome, and the indices of the activated and of the silenced neurons."""
    path = settings.connectivity
    found = fly.read_connectome(path) if path else fly.random_connectome(settings.scale, seed)
    activated = found.indices(settings.activate, "activate")
    if not len(activated):
        raise ns.NeurosimError("activate is empty: give the ids of some neurons, such as 12,34")
    return found, activated, found.indices(settings.silence, "silence")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add the intact and the silenced brain, and activate the same neurons in both."""
    connectome, activated, silenced = experiment(settings, options.seed)
    rng = np.random.default_rng([options.seed, len(connectome.ids)])
    counts = rng.poisson(settings.rate * options.duration / 1e3, len(activated))
    spikes = ns.SpikeTimes([rng.uniform(0.0, options.duration, n) for n in counts])
    # As in the paper, an activated neuron fires at each external spike, here in the next step.
    kick = 2.0 * (NEURON.v_threshold - NEURON.v_rest) * NEURON.tau_m / options.dt
    net = ns.Network(dale=False)
    for name, removed in (("intact", silenced[:0]), ("silenced", silenced)):
        brain = connectome.add_to(net, name, activated, removed)
        net.drive(brain, spikes, ids=activated, weight=kick)
    for state in ("v", "g"):
        net.record(
            net.populations[0], state, ids=connectome.strongest(activated, TOP), interval=1.0
        )
    return net


def activity(result: ns.Result, settings: Settings) -> tuple[kit.Integers, kit.Floats]:
    """Return the neurons that are not activated, the most active first, and rates of all neurons.

    Returns
    -------
    downstream : (n_downstream,) ndarray
        Indices, in order of the rate in the intact brain.
    rates : (2, n) ndarray
        In the intact and in the silenced brain (Hz).
    """
    connectome, activated, _ = experiment(settings, result.seed)
    spikes, n = result.spikes.values(), len(connectome.ids)
    rates = np.array([np.bincount(one.ids, minlength=n) * 1e3 / result.duration for one in spikes])
    order = np.lexsort((-rates[1], -rates[0]))
    return order[~np.isin(order, activated)], rates


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure activity and the effect of silencing."""
    (ids, sources, *_), activated, silenced = experiment(settings, result.seed)
    downstream, rates = activity(result, settings)
    intact, cut = rates[:, downstream]
    return {
        "neurons": len(ids),
        "connections": len(sources),
        "activated": len(activated),
        "activated_hz": float(rates[0, activated].mean()),
        "silenced": len(silenced),
        "active_intact": int((intact > 0.0).sum()),
        "active_silenced": int((cut > 0.0).sum()),
        "top_ids": ids[downstream[:TOP]].tolist(),
        "top_intact_hz": float(intact[:TOP].mean()),
        "top_silenced_hz": float(cut[:TOP].mean()),
        "change": float((cut.sum() - intact.sum()) / max(intact.sum(), 1.0)),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State what was simulated, which neurons respond, and the effect of silencing."""
    random = f"A random network in place of the connectome, at scale {settings.scale:g} of a fly"
    return kit.sentences(
        found,
        "{subject}: {neurons:,} neurons and {connections:,} connections.",
        "{activated} activated neurons fire at {activated_hz:.0f} Hz. Of the others, "
        "{active_intact:,} respond.",
        "The {n} most active, {top_ids[0]} above all, fire at {top_intact_hz:.1f} Hz on average.",
        "With {silenced} neurons silenced, {active_silenced:,} respond, and the same {n} fire at "
        "{top_silenced_hz:.1f} Hz. The number of downstream spikes changes by {change:+.0%}.",
        subject=f"The connectome in {settings.connectivity}" if settings.connectivity else random,
        n=len(found["top_ids"]),
    )[: None if found["active_intact"] else 2]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the spikes in both brains, and the rates of responding neurons."""
    downstream, rates = activity(result, settings)
    intact, cut = (brain[brain > 0.0] for brain in rates[:, downstream])
    spikes = partial(kit.panel, _draw_spikes, result, settings)
    intact_spikes = spikes("intact", title="Intact brain")
    cut_spikes = spikes("silenced", title="Synapses of silenced neurons cut", yticks=[])
    sorted_rates = kit.chart(
        kit.curve(np.arange(1, len(intact) + 1), intact, "intact", color="black"),
        kit.curve(np.arange(1, len(cut) + 1), -np.sort(-cut), "silenced", color=kit.SPIKING),
        title="Responding neurons", xlabel="downstream neurons, by rate",
        ylabel="firing rate (Hz)", legend="upper right",
    )  # fmt: skip
    title = "Silencing changes the activity of downstream neurons by {change:+.0%}"
    (title,) = kit.sentences(findings(result, settings), title)
    return {"activity": kit.page(title, intact_spikes, cut_spikes, sorted_rates, size=(11.0, 4.2))}


def _draw_spikes(axes: kit.Axes, result: ns.Result, settings: Settings, name: str) -> None:
    """Draw the spikes of the activated neurons above those of the most active others."""
    trains, first, centres = result.spikes[name], 0, []
    _, activated, silenced = experiment(settings, result.seed)
    groups = silenced, np.setdiff1d(activated, silenced), activity(result, settings)[0][: 2 * TOP]
    for ids, colour in zip(groups, ("0.65", "black", kit.SPIKING), strict=True):
        rows = np.full(result.populations[name].size, -1)
        rows[ids] = first + np.arange(len(ids))
        y = rows[trains.ids]
        axes.plot(trains.times[y >= 0], y[y >= 0], "|", color=colour, ms=3.5)
        centres.append(first + 0.5 * len(ids))
        first += len(ids)
    axes.set_yticks(centres, ("to be\nsilenced", "activated", "most\nactive\nothers"))
    axes.set(xlim=(result.duration - 250.0, result.duration), ylim=(first, -1), xlabel="time (ms)")


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Train logistic neurons on even blocks of time in the intact brain, and test on odd ones."""
    v, g = (result.traces["intact", state] for state in ("v", "g"))
    trains, edges = result.spikes["intact"], v.times + 1e-6
    counts = [np.histogram(trains.of(neuron), edges)[0] for neuron in v.ids]
    fired = np.stack(counts, axis=1).ravel() > 0
    blocks = np.repeat(v.times[:-1] // BLOCK, len(v.ids))
    states = np.stack([g.values[:-1].ravel(), v.values[:-1].ravel()], axis=1)
    test = blocks % 2 == 1
    measures: dict[str, kit.Measure] = {}
    for key, (text, columns) in INPUTS.items():
        neuron = bridge.LogisticNeuron().fit(states[~test][:, columns], fired[~test])
        chance = neuron.predict_proba(states[test][:, columns])[:, 1]
        bits = bridge.bits_per_spike(fired[test], chance, blocks[test])
        measures[f"bits_{key}"] = bits.labelled(f"Information: {text}", "on test data")
    later = NEURON.step(NEURON.v_rest, 1.0, 0.0, 0.0, 0.0, 1.0, NEURON)[0] - NEURON.v_rest
    ratio, exact = np.divide(*neuron.coef_[0]), later * np.exp(1.0 / NEURON.tau_m)
    measures["ratio"] = kit.Measure(ratio, label="Weight of g / weight of v")
    measures["exact"] = kit.Measure(exact, label="Effect of g / effect of v on v 1 ms later")
    conclusion = (
        f"Synaptic input alone has {measures['bits_g'].value:.1f} of the "
        f"{measures['bits_both'].value:.1f} bits per spike of potential and input together. The "
        f"ratio of their trained weights is {ratio:.3f}, by the equations {exact:.3f}."
    )
    title = "Spikes within 1 ms, predicted by logistic neurons with the state as input"
    drawings = {"states": partial(_draw_states, states[test], fired[test], neuron)}
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_states(states: kit.Floats, fired: kit.Bools, neuron: bridge.LogisticNeuron) -> kit.Figure:
    """Draw states before a spike and other states, and the line of probability 1/2."""
    g = np.array([0.0, states[:, 0].max()])
    v = -(neuron.intercept_[0] + neuron.coef_[0, 0] * g) / neuron.coef_[0, 1]
    (g_0, v_0), (g_1, v_1) = states[~fired].T, states[fired].T
    body = kit.chart(
        kit.curve(g_0, v_0, "no spike within 1 ms", color="0.75", ls="", marker=".", ms=2),
        kit.curve(g_1, v_1, "spike within 1 ms", color=kit.SPIKING, ls="", marker=".", ms=4),
        kit.curve(g, v, "probability 1/2, trained", **kit.FITTED),
        xlabel="synaptic input g (mV)", ylabel="membrane potential v (mV)",
    )  # fmt: skip
    return kit.page("A straight line separates the states before a spike from others", body,
                    size=(6.4, 4.4), legend=3)  # fmt: skip


scenario = kit.lesson(__name__, duration=1000.0, source="Shiu et al., Nature 634, 210 (2024)")
