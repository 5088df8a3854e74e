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
NAMES = {"neuron": "integrate-and-fire", "channels": "Hodgkin–Huxley"}
ARRIVAL = 10.0
"""Time of the stimulus (ms)."""
SODIUM, POTASSIUM = "#E69F00", "#56B4E9"


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    pushes: tuple[float, ...] = kit.setting(
        (5.0, 10.0, 15.0, 15.1, 20.0, 40.0), "mV", -200.0, 200.0,
        "depolarisation by each stimulus", length=(1, 100),
    )  # fmt: skip


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Stimulate one neuron of each model with each strength."""
    net = ns.Network()
    for name, model in (("neuron", NEURON), ("channels", SQUID)):
        neurons = net.add(name, len(settings.pushes), model)
        net.drive(neurons, ns.SpikeTimes([ARRIVAL]), psp=np.array(settings.pushes))
        net.record(neurons, "v")
    for gate in "mhn":
        net.record(neurons, gate)
    return net


def conductances(result: ns.Result, neuron: int) -> kit.Floats:
    """Return the conductances of the sodium and the potassium channels (µS), shape (2, n_times)."""
    m, h, n = (result.traces["channels", gate].of(neuron) for gate in "mhn")
    return 1e-3 * np.array([SQUID.g_na * m**3 * h, SQUID.g_k * n**4])


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure rest, peaks and spikes, and the ions that flow during one action potential."""
    trace, pushes = result.traces["neuron", "v"], np.array(settings.pushes)
    potentials, after = trace.with_spikes(), trace.times >= ARRIVAL
    peaks, fired = potentials.max(axis=0), result.spikes["neuron"].counts() > 0
    exact = pushes == bridge.threshold_distance(NEURON)
    v, shown = result.traces["channels", "v"], shown_neuron(result, settings)
    opened, reversal = conductances(result, shown), np.array([[SQUID.e_na], [SQUID.e_k]])
    sodium, potassium = (opened * (v.of(shown) - reversal)).sum(axis=1) * result.dt
    return {
        "rest_mv": trace.values[trace.times < ARRIVAL].mean(),
        "threshold_mv": NEURON.v_threshold,
        "peak_mv": peaks.max(),
        "pushes_mv": pushes,
        "peaks_mv": peaks,
        "fired": fired,
        "fired_at_exactly_threshold": fired[exact].any() if exact.any() else None,
        "highest_silent_mv": peaks[~fired].max(initial=NEURON.v_rest),
        "distinct_spikes": len(np.unique(potentials[after][:, fired].T, axis=0)),
        "channels_fired": result.spikes["channels"].counts() > 0,
        "channels_peaks_mv": v.values.max(axis=0),
        "sodium_in_pc": -sodium,
        "potassium_out_pc": potassium,
        "potassium_after_sodium_ms": np.diff(v.times[opened.argmax(axis=1)])[0],
    }


def shown_neuron(result: ns.Result, settings: Settings) -> int:
    """Return the Hodgkin–Huxley neuron with the weakest stimulus that fires, or the strongest."""
    order = np.argsort(settings.pushes, kind="stable")
    fired = order[result.spikes["channels"].counts()[order] > 0]
    return int(fired[0] if len(fired) else order[-1])


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the responses of both neurons, and the flow of ions."""
    return [
        f"{len(settings.pushes)} neurons of each model, at rest, received one stimulus each.",
        "Integrate-and-fire (rest −70 mV, threshold −55 mV): "
        + _outcome(settings, found["fired"], found["peaks_mv"]),
        f"Hodgkin–Huxley (rest {kit.signed(SQUID.v_rest, 3)} mV, no fixed threshold): "
        + _outcome(settings, found["channels_fired"], found["channels_peaks_mv"]),
        "After the weakest stimulus that fires a Hodgkin–Huxley neuron, "
        f"{found['sodium_in_pc']:.0f} pC of sodium flow in and {found['potassium_out_pc']:.0f} pC "
        "of potassium flow out. The potassium conductance peaks "
        f"{found['potassium_after_sodium_ms']:.1f} ms after the sodium conductance.",
    ]


def _outcome(settings: Settings, fired: kit.Bools, peaks: kit.Floats) -> str:
    """Return which stimuli evoke action potentials, and the peak potentials."""
    pushes, parts = np.array(settings.pushes), []
    for outcome, words in ((False, "no action potential"), (True, "an action potential")):
        chosen = np.array(fired) == outcome
        if chosen.any():
            stimuli, heights = _span(pushes[chosen]), _span(np.array(peaks)[chosen])
            parts += [f"stimuli of {stimuli} evoke {words} (peak {heights})"]
    return ", ".join(parts) + "."


def _span(values: kit.Floats) -> str:
    """Return the smallest and the largest value (mV)."""
    ends = (kit.signed(value, 3, plus=True) for value in (values.min(), values.max()))
    return " to ".join(dict.fromkeys(ends)) + " mV"


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the responses of both neurons, and the ion channels during one action potential."""
    left = kit.panel(
        _draw_integrate_and_fire, result, settings, ylabel="membrane potential (mV)",
        xlabel="time (ms)", xlim=(ARRIVAL - 6.0, ARRIVAL + 30.0),
        title="Integrate-and-fire: threshold and reset",
    )  # fmt: skip
    right = kit.panel(
        _draw_hodgkin_huxley, result, settings, xlabel="time (ms)",
        xlim=(ARRIVAL - 2.0, ARRIVAL + 10.0), title="Hodgkin–Huxley: ion channels",
    )  # fmt: skip
    title = "Weak stimuli evoke graded responses, stronger ones the same action potential"
    return {
        "potentials": kit.page(title, left, right, size=(9.0, 4.2), sharey=True),
        "ion-channels": _draw_channels(result, settings),
    }


def _draw_integrate_and_fire(axes: kit.Axes, result: ns.Result, settings: Settings) -> None:
    """Draw the potentials of all integrate-and-fire neurons over each other."""
    trace, fired = result.traces["neuron", "v"], result.spikes["neuron"].counts() > 0
    potentials, pushes = trace.with_spikes(), np.array(settings.pushes)
    for chosen, colour, y, text in (
        (~fired, "black", -40.0, "graded responses"),
        (fired, kit.SPIKING, 15.0, "spikes (drawn up to +30 mV)"),
    ):
        axes.plot(trace.times, potentials[:, chosen], color=colour)
        if chosen.any():
            kit.label(axes, ARRIVAL, y, f"{_span(pushes[chosen])}:\n{text}", colour)
    kit.draw_levels(axes, result.populations["neuron"])


def _draw_hodgkin_huxley(axes: kit.Axes, result: ns.Result, settings: Settings) -> None:
    """Draw the potentials of all Hodgkin–Huxley neurons over each other."""
    trace, fired = result.traces["channels", "v"], result.spikes["channels"].counts() > 0
    for neuron, push in enumerate(settings.pushes):
        v, text = trace.of(neuron), f"{kit.signed(push, plus=True)} mV"
        axes.plot(trace.times, v, color=kit.SPIKING if fired[neuron] else "black")
        if neuron == shown_neuron(result, settings):
            kit.label(axes, trace.times[v.argmax()], v.max(), text)
        elif push == max(settings.pushes):
            kit.label(axes, trace.times[v.argmax()], v.max(), text, side="left")


def _draw_channels(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw potential, gates and conductances in one Hodgkin–Huxley neuron."""
    shown = shown_neuron(result, settings)
    v, m, h, n = (result.traces["channels", name].of(shown) for name in "vmhn")
    times, (sodium, potassium) = result.traces["channels", "v"].times, conductances(result, shown)

    peak = times[v.argmax()]

    def draw(axes: kit.Axes, *curves: tuple[kit.Floats, str, str, str, float]) -> None:
        for values, colour, line, text, after_peak in curves:
            axes.plot(times, values, color=colour, ls=line)
            time = peak + after_peak
            kit.label(axes, time, float(np.interp(time, times, values)), text, side="above")
        axes.margins(y=0.18)

    push = kit.signed(settings.pushes[shown], plus=True)
    return kit.page(
        "Sodium channels depolarise the membrane, potassium channels repolarise it",
        kit.panel(
            draw, (v, "black", "-", "", 0.0), ylabel="potential (mV)",
            title=f"Membrane potential, with a stimulus of {push} mV at {ARRIVAL:g} ms",
        ),
        kit.panel(
            draw, (m, SODIUM, "-", "m: Na⁺ activation", 0.5),
            (h, SODIUM, "--", "h: Na⁺ inactivation", -2.2),
            (n, POTASSIUM, "-", "n: K⁺ activation", 5.0), ylabel="gate", title="Gates",
        ),
        kit.panel(
            draw, (sodium, SODIUM, "-", "Na⁺", 0.1), (potassium, POTASSIUM, "-", "K⁺", 2.0),
            title="Conductances", ylabel="conductance (µS)", xlabel="time (ms)",
            xlim=(ARRIVAL - 2.0, peak + 10.0),
        ),
        columns=1, size=(7.8, 6.6), sharex=True, height_ratios=(1.2, 1.0, 1.0),
    )  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare both neurons with a unit that is active if the stimulus is above 15 mV."""
    pushes = np.array(settings.pushes)
    active = pushes > bridge.threshold_distance(NEURON)
    fired = {name: result.spikes[name].counts() > 0 for name in NAMES}
    measures: dict[str, kit.Measure] = {}
    for name, words in NAMES.items():
        agreed, of = (fired[name] == active).mean(), f"of {len(pushes)} stimuli"
        weakest = pushes[fired[name]].min(initial=np.inf)
        measures |= kit.rows(
            {},
            (f"agreement_{name}", f"Same decision: {words} | {of}", agreed),
            (f"weakest_push_that_fires_{name}", f"Weakest effective (mV): {words}", weakest),
        )
    same = "the same" if (fired["neuron"] == active).all() else "different"
    conclusion = (
        f"The integrate-and-fire neuron and the threshold unit make {same} decisions. "
        "Ion channels make responses all or none without a fixed threshold."
    )
    drawings = {"all-or-none": partial(_draw_decisions, result, pushes)}
    title = "All or none: integrate-and-fire, ion channels and a threshold unit"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_decisions(result: ns.Result, pushes: kit.Floats) -> kit.Figure:
    """Draw the height of each response, and the step of the threshold unit."""
    distance = bridge.threshold_distance(NEURON)
    corners = [min(0.0, pushes.min()), distance, distance, max(pushes.max(), 2.0 * distance)]
    layers = [kit.curve(corners, [0, 0, 100, 100], "threshold unit × 100", **kit.ABSTRACT)]
    for (name, words), marker in zip(NAMES.items(), "oD", strict=True):
        height = result.traces[name, "v"].with_spikes().max(axis=0)
        height = height - result.populations[name].v_rest
        look = {"ls": "", "marker": marker, "mfc": "none", "ms": 7, "color": kit.SPIKING}
        layers.append(kit.curve(pushes, height, words, **look))
    chart = kit.chart(
        *layers,
        legend="center right",
        xlabel="depolarisation by the stimulus (mV)",
        ylabel="peak above rest (mV)",
    )
    title = "Both neurons and the threshold unit respond all or none"
    return kit.page(title, chart, size=(7.4, 4.2))


scenario = kit.lesson(__name__, row="S1", lectures=("L0", "L1", "L4"), duration=60.0)
