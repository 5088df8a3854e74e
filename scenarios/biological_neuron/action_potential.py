"""The action potential is all or none.

Equal neurons rest at −70 mV. Each receives one brief stimulus, which depolarises it by 5 to 40 mV.
Up to the threshold of −55 mV the response is graded: the potential rises by the size of the
stimulus and decays. At exactly −55 mV the neuron is still silent. Strictly above, it fires, and a
stronger stimulus gives the same action potential.

An integrate-and-fire neuron detects the threshold crossing, and its action potential up to +30 mV
is only drawn. Therefore the same stimuli are given to Hodgkin–Huxley neurons, whose ion channels
generate the action potential: sodium channels open and depolarise the membrane, then they
inactivate, and potassium channels open and repolarise it. These neurons have no sharp threshold,
but they too fire all or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit

NEURON, SQUID = ns.LIF(), ns.HodgkinHuxley()
NAMES = {"neuron": "Integrate-and-fire", "channels": "Hodgkin–Huxley"}
DISTANCE = bridge.threshold_distance(NEURON)
# Time of the stimulus (ms).
ARRIVAL = 10.0
SODIUM, POTASSIUM = "#E69F00", "#56B4E9"


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    pushes: tuple[float, ...] = kit.setting(
        (5.0, 10.0, 15.0, 15.1, 20.0, 40.0), "mV", -100.0, 200.0,
        "depolarisation by each stimulus", length=(1, 20),
    )  # fmt: skip


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Stimulate one neuron of each model with each strength."""
    net = ns.Network()
    for name, model in zip(NAMES, (NEURON, SQUID), strict=True):
        neurons = net.add(name, len(settings.pushes), model)
        net.drive(neurons, ns.SpikeTimes([ARRIVAL]), psp=np.array(settings.pushes))
        net.record(neurons, "v")
    for gate in "mhn":
        net.record(neurons, gate)
    return net


def responses(result: ns.Result, name: str) -> tuple[kit.Floats, kit.Bools]:
    """Return potentials with drawn spikes, shape (n_times, n_neurons), and which neurons fired."""
    return result.traces[name, "v"].with_spikes(), result.spikes[name].counts() > 0


def shown_neuron(result: ns.Result, settings: Settings) -> int:
    """Return the Hodgkin–Huxley neuron with the weakest stimulus that fires, or the first one."""
    _, fired = responses(result, "channels")
    return int(np.where(fired, settings.pushes, np.inf).argmin())


def conductances(result: ns.Result, neuron: int) -> kit.Floats:
    """Return the conductances of the sodium and the potassium channels (µS), shape (2, n_times)."""
    m, h, n = (result.traces["channels", gate].of(neuron) for gate in "mhn")
    return 1e-3 * np.array([SQUID.g_na * m**3 * h, SQUID.g_k * n**4])


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure rest, peaks and spikes, and the ions that flow during one action potential."""
    v, fired = responses(result, "neuron")
    v_channels, channels_fired = responses(result, "channels")
    times, peaks = result.traces["neuron", "v"].times, v.max(axis=0)
    after, exact = times >= ARRIVAL, np.array(settings.pushes) == DISTANCE
    shown = shown_neuron(result, settings)
    opened, reversal = conductances(result, shown), np.array([[SQUID.e_na], [SQUID.e_k]])
    sodium, potassium = (opened * (v_channels[:, shown] - reversal)).sum(axis=1) * result.dt
    return {
        "rest_mv": v[~after].mean(),
        "threshold_mv": NEURON.v_threshold,
        "peak_mv": peaks.max(),
        "pushes_mv": settings.pushes,
        "peaks_mv": peaks,
        "fired": fired,
        "fired_at_exactly_threshold": fired[exact].any(),
        "highest_silent_mv": peaks[~fired].max(initial=NEURON.v_rest),
        "distinct_spikes": len(np.unique(v[after][:, fired].T, axis=0)),
        "channels_fired": channels_fired,
        "channels_peaks_mv": v_channels.max(axis=0),
        "shown_push_mv": settings.pushes[shown],
        "sodium_in_pc": -sodium,
        "potassium_out_pc": potassium,
        "potassium_after_sodium_ms": np.diff(times[opened.argmax(axis=1)])[0],
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the responses of both neurons, and the flow of ions."""
    stimuli, peaks, channels_peaks = (
        kit.listed(kit.signed(value, 3, plus=True) for value in found[key])
        for key in ("pushes_mv", "peaks_mv", "channels_peaks_mv")
    )
    return kit.sentences(
        found,
        f"Stimuli of {stimuli} mV were given to one neuron of each model, at rest.",
        f"Integrate-and-fire neurons (rest −70 mV, threshold −55 mV) peak at {peaks} mV: graded up "
        "to the threshold, all or none above.",
        f"Hodgkin–Huxley neurons (rest {SQUID.v_rest:.0f} mV, no fixed threshold) peak at "
        f"{channels_peaks} mV.",
        "After a stimulus of {shown_push_mv:+g} mV, {sodium_in_pc:.0f} pC of sodium flow into a "
        "Hodgkin–Huxley neuron and {potassium_out_pc:.0f} pC of potassium flow out. The potassium "
        "conductance peaks {potassium_after_sodium_ms:.1f} ms after the sodium conductance.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the responses of both neurons, and the ion channels during one action potential."""
    shown, times = shown_neuron(result, settings), result.traces["neuron", "v"].times
    window: kit.Options = {"xlabel": "time (ms)", "xlim": (ARRIVAL - 4.0, ARRIVAL + 20.0)}
    panels = []
    for name, words in NAMES.items():
        v, fired = responses(result, name)
        curves = [
            kit.curve(times, v[:, ~fired], "no action potential", color="black"),
            kit.curve(times, v[:, fired], "action potential", color=kit.SPIKING),
        ]
        if name == "neuron":
            curves.append(kit.level(NEURON.v_threshold, "threshold −55 mV", ARRIVAL + 14.0))
        panels.append(kit.chart(*curves, title=words, **window))
    panels[0].labels["ylabel"] = "membrane potential (mV)"
    v, m, h, n = (result.traces["channels", name].of(shown) for name in "vmhn")
    sodium, potassium = conductances(result, shown)
    return {
        "potentials": kit.page(
            "Weak stimuli evoke graded responses, stronger ones the same action potential",
            *panels, size=(9.0, 4.2), sharey=True, legend=2,
        ),
        "ion-channels": kit.page(
            "Sodium channels depolarise the membrane, potassium channels repolarise it",
            kit.chart(
                kit.curve(times, v, color="black"), ylabel="potential (mV)",
                title=f"A stimulus of {settings.pushes[shown]:g} mV at {ARRIVAL:g} ms",
            ),
            kit.chart(
                kit.curve(times, m, "m: Na⁺ activation", color=SODIUM),
                kit.curve(times, h, "h: Na⁺ inactivation", color=SODIUM, ls="--"),
                kit.curve(times, n, "n: K⁺ activation", color=POTASSIUM),
                ylabel="gate", legend="upper right",
            ),
            kit.chart(
                kit.curve(times, sodium, "Na⁺", color=SODIUM),
                kit.curve(times, potassium, "K⁺", color=POTASSIUM),
                ylabel="conductance (µS)", legend="upper right", **window,
            ),
            columns=1, size=(7.8, 6.6), sharex=True, height_ratios=(1.2, 1.0, 1.0),
        ),
    }  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare both neurons with a unit that is active if the stimulus is above 15 mV."""
    pushes = np.array(settings.pushes)
    active, line = pushes > DISTANCE, np.linspace(-5.0, 45.0, 501)
    measures: dict[str, kit.Measure] = {}
    layers = [kit.curve(line, 100.0 * (line > DISTANCE), "threshold unit × 100", **kit.ABSTRACT)]
    for (name, words), marker in zip(NAMES.items(), "oD", strict=True):
        v, fired = responses(result, name)
        measures |= kit.rows(
            {},
            (f"agreement_{name}", f"{words}: same decision | of {len(pushes)} stimuli",
             (fired == active).mean()),
            (f"weakest_push_that_fires_{name}", f"{words}: weakest effective (mV)",
             pushes[fired].min() if fired.any() else np.nan),
        )  # fmt: skip
        look: kit.Options = {"ls": "", "marker": marker, "mfc": "none", "ms": 7}
        heights = v.max(axis=0) - result.populations[name].v_rest
        layers.append(kit.curve(pushes, heights, words, color=kit.SPIKING, **look))
    chart = kit.chart(
        *layers, legend="center right", xlabel="depolarisation by the stimulus (mV)",
        ylabel="peak above rest (mV)",
    )  # fmt: skip
    message = "Both neurons and the threshold unit respond all or none"
    drawings = {"all-or-none": partial(kit.page, message, chart, size=(7.4, 4.2))}
    same = "the same" if measures["agreement_neuron"].value == 1.0 else "different"
    conclusion = (
        f"The integrate-and-fire neuron and the threshold unit make {same} decisions. "
        "Ion channels make responses all or none without a fixed threshold."
    )
    title = "All or none: integrate-and-fire, ion channels and a threshold unit"
    return kit.Comparison(title, measures, drawings, conclusion)


scenario = kit.lesson(__name__, row="S1", lectures=("L0", "L1", "L4"), duration=60.0)
