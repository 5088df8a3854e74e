"""Spikes in the phase plane: a second variable decides where the potential goes.

A neuron with two variables is a point in the plane of its membrane potential v and its recovery
variable w. On one curve, the nullcline of v, the potential does not change, on the other w does
not. Where they cross is a fixed point. The adaptive exponential neuron (AdEx) has two: the rest,
and a saddle, beyond which the potential rises by itself. The neuron of FitzHugh and Nagumo has one.
Its spike is a long way round the plane, and its threshold is not sharp. A current shifts the
nullcline of v upwards until the rest becomes unstable. FitzHugh–Nagumo neurons fire slightly
earlier, because rest and oscillation are both stable there.

The class ``FitzHughNagumo`` in the source is a complete model. Users write equations of their own
in the same way. The comparison predicts the spikes of the next millisecond by a logistic
function of v. AdEx neurons are reset after a spike, so that v is enough. In the other neuron v
rises and falls through the same values, and w tells the difference. R. FitzHugh, Biophysical
Journal 1, 445 (1961); rheobase of AdEx: R. Naud et al., Biological Cybernetics 99, 335 (2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import lambertw, logit

import bridge
import neurosim as ns
from scenarios import _kit as kit

# Rate of w (per ms) and coefficients of its equation, as in the paper.
RATE, OFFSET, LEAK = 0.08, 0.7, 0.8


@dataclass(frozen=True, eq=False)
class FitzHughNagumo(ns.NeuronModel):
    """Neuron of FitzHugh and Nagumo, in mV and ms."""

    resistance: Any = ns.parameter(0.08, "GΩ", 1e-6, 1e3, "input resistance")
    unit: Any = ns.parameter(35.0, "mV", 1.0, 1e3, "potential that corresponds to x = 1")
    middle: Any = ns.parameter(-28.0, "mV", -200.0, 200.0, "potential that corresponds to x = 0")

    v: ClassVar = ns.state("mV", -70.0, "membrane potential")
    w: ClassVar = ns.state("mV", -21.9, "recovery variable")

    @staticmethod
    def derivatives(v: float, w: float, i: float, p: Any) -> tuple[float, float]:
        """Return the time derivatives of v and w."""
        x = (v - p.middle) / p.unit
        dv = p.unit * (x - x * x * x / 3.0) - w + p.resistance * i
        return dv, RATE * (p.unit * (x + OFFSET) - LEAK * w)

    @staticmethod
    def spikes(v_before: float, v: float, w: float, p: Any) -> bool:
        """Return whether v rises through 0 mV."""
        return v_before < 0.0 <= v

    @staticmethod
    def reset(v: float, w: float, p: Any) -> tuple[float, float]:
        """Return v and w: a spike changes neither."""
        return v, w


ADEX, FITZHUGH = ns.AdEx(), FitzHughNagumo()


def adex_points() -> tuple[float, float, float]:
    """Return rest and saddle without input (mV), and the rheobase (pA).

    At the rheobase the rest becomes unstable (Naud et al. 2008).
    """
    argument = -np.exp((ADEX.e_l - ADEX.v_th) / ADEX.delta_t) / (1.0 + ADEX.a / ADEX.g_l)
    rest, saddle = (ADEX.e_l - ADEX.delta_t * lambertw(argument, k).real for k in (0, -1))
    ratio = ADEX.c_m / ADEX.g_l / ADEX.tau_w
    distance = ADEX.v_th - ADEX.e_l - ADEX.delta_t + ADEX.delta_t * np.log1p(ratio)
    rheobase = (ADEX.g_l + ADEX.a) * distance + ADEX.delta_t * (ADEX.a - ADEX.g_l * ratio)
    return rest, saddle, rheobase


def fitzhugh_points() -> tuple[float, float]:
    """Return the rest without input (mV), a root of a cubic equation, and the rheobase (pA).

    At the rheobase the trace of the linearised equations is 0.
    """
    roots = np.roots([1.0 / 3.0, 0.0, 1.0 / LEAK - 1.0, OFFSET / LEAK])
    x = -np.sqrt(1.0 - RATE * LEAK)
    rheobase = FITZHUGH.unit * ((x + OFFSET) / LEAK - x + x**3 / 3.0) / FITZHUGH.resistance
    return FITZHUGH.middle + FITZHUGH.unit * roots[np.isreal(roots)].real[0], rheobase


V, W = "membrane potential v (mV)", "recovery variable w"
# Title, model, rest (mV), rheobase (pA), two stimuli (mV), and w with its unit.
REST, SADDLE, RHEOBASE = adex_points()
EXAMPLES: dict[str, Any] = {
    "adex": ("AdEx", ADEX, REST, RHEOBASE, (24.0, 26.0), f"{W} (pA)"),
    "fitzhugh": ("FitzHugh–Nagumo", FITZHUGH, *fitzhugh_points(), (18.0, 28.0), f"{W} (mV)"),
}
# Constant currents minus the rheobase (pA), time of the stimuli, and time excluded (ms).
STEPS, PUSH, ONSET = np.arange(-4.5, 5.0), 10.0, 300.0
TITLE = "Where w differs between rise and fall of v, a prediction needs both"


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    noise: float = kit.setting(0.4, "", 0.2, 3.0, "standard deviation of the noise over rheobase")
    neurons: int = kit.setting(40, "", 4, 1000, "neurons with noise of each model")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Stimulate neurons at rest, inject currents close to the rheobase, and inject noise."""
    kit.require_duration(options, 1000.0, "is too short for spikes close to the rheobase")
    net = ns.Network()
    for name, (_, model, _, rheobase, stimuli, _) in EXAMPLES.items():
        stimulated = net.add(f"{name}_stimulated", 2, model)
        driven = net.add(f"{name}_driven", len(STEPS), model)
        noisy = net.add(f"{name}_noisy", settings.neurons, model)
        net.drive(stimulated, ns.SpikeTimes([PUSH]), psp=np.array(stimuli))
        net.drive(driven, ns.ConstantCurrent(rheobase + STEPS))
        sigma, mean = settings.noise * rheobase, 0.9 * rheobase
        net.drive(noisy, ns.OrnsteinUhlenbeckCurrent(sigma, tau=5.0, mean=mean))
        for variable in "vw":
            net.record(stimulated, variable)
            net.record(noisy, variable, interval=1.0)
    return net


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Compare rest and rheobase with closed forms, and state which stimuli evoke a spike."""
    found: kit.Findings = {"adex_saddle_mv": SADDLE, "adex_distance_mv": SADDLE - REST}
    for name, (_, _, rest, rheobase, _, _) in EXAMPLES.items():
        late = ns.analysis.rates(result.spikes[f"{name}_driven"], ONSET, result.duration) > 0.0
        last = result.traces[f"{name}_stimulated", "v"].values[-1]
        found[f"{name}_rest_mv"], found[f"{name}_rheobase_pa"] = rest, rheobase
        found[f"{name}_rest_error_mv"] = np.abs(last - rest).max()
        found[f"{name}_onset_pa"] = (rheobase + STEPS)[late].min(initial=np.inf)
        found[f"{name}_fired"] = result.spikes[f"{name}_stimulated"].counts() > 0
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State fixed points, thresholds and rheobase."""
    return kit.sentences(
        found,
        "AdEx and FitzHugh–Nagumo neurons received brief stimuli, constant currents and noise.",
        "AdEx: the saddle is {adex_distance_mv:.1f} mV above the rest of {adex_rest_mv:.1f} mV. A "
        "stimulus of 24 mV decays, one of 26 mV evokes a spike.",
        "AdEx: the rest becomes unstable at {adex_rheobase_pa:.1f} pA. Neurons fire repeatedly "
        "from {adex_onset_pa:.1f} pA.",
        "FitzHugh–Nagumo: the rest of {fitzhugh_rest_mv:.1f} mV becomes unstable at "
        "{fitzhugh_rheobase_pa:.1f} pA. Neurons fire repeatedly from {fitzhugh_onset_pa:.1f} pA.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the phase plane of each model, and the potentials beside it."""
    panels = []
    for name, (title, model, _, _, _, label) in EXAMPLES.items():
        v, w = (result.traces[f"{name}_stimulated", variable] for variable in "vw")
        plane, course, shown = [], [], v.times > PUSH
        for k, text, colour in ((0, "weak", "black"), (1, "strong", kit.SPIKING)):
            x = np.where(np.diff(v.of(k), prepend=REST) < -10.0, np.nan, v.of(k))  # cut at resets
            plane.append(kit.curve(x[shown], w.of(k)[shown], f"{text} stimulus", color=colour))
            course.append(kit.curve(v.times, v.with_spikes(k), color=colour))
        plane.append(kit.layer(_draw_flow, model))
        panels += [
            kit.chart(*plane, title=title, xlabel=V, ylabel=label),
            kit.chart(*course, title=title, xlabel="time (ms)", ylabel=V, xlim=(0.0, 100.0)),
        ]
    title = "A stimulus beyond the threshold takes the neuron a long way round the plane"
    return {"planes": kit.page(title, *panels, columns=2, size=(9.5, 7.6), legend=6)}


def _draw_flow(axes: kit.Axes, model: ns.NeuronModel) -> None:
    """Draw the flow without input, both nullclines, and the threshold."""
    if model is ADEX:
        axes.plot(SADDLE, ADEX.a * (SADDLE - ADEX.e_l), "ko", label="saddle", zorder=5)
    v, w = np.meshgrid(np.linspace(*axes.get_xlim(), 120), np.linspace(*axes.get_ylim(), 120))
    axes.autoscale(False)
    dv, dw = np.vectorize(lambda v, w: model.derivatives(v, w, 0.0, model))(v, w)
    axes.streamplot(v, w, dv, dw, color="0.8", density=0.8, linewidth=0.7, arrowsize=0.7, zorder=0)
    for variable, colour, slope in (("v", "#E69F00", dv), ("w", "#56B4E9", dw)):
        axes.contour(v, w, slope, levels=[0.0], colors=colour, linewidths=2.0)
        axes.plot([], [], color=colour, lw=2.0, label=f"nullcline of {variable}")


def predict(result: ns.Result, name: str) -> tuple[kit.Floats, kit.Bools, Any, list[kit.Measure]]:
    """Train logistic neurons with v, and with v and w, on one half of the neurons.

    Returns the states of the other half, whether they fire within 1 ms, the logistic neuron with
    both inputs, and the bits per spike of each.
    """
    trains, times = result.spikes[name], result.traces[name, "v"].times
    used = (times >= ONSET) & (times < result.duration)
    states = np.stack([result.traces[name, x].values[used].T for x in "vw"], axis=-1)
    counts = [bridge.bin_spikes(trains.of(k), result.duration) for k in range(len(states))]
    fired = np.array(counts)[:, np.rint(times[used]).astype(int)] > 0
    half, bits = len(states) // 2, []
    train, test = (part.reshape(-1, 2) for part in (states[:half], states[half:]))
    outcome, blocks = fired[half:].ravel(), np.arange(len(test)) // 50
    for n in (1, 2):
        neuron = bridge.LogisticNeuron().fit(train[:, :n], fired[:half].ravel())
        bits.append(bridge.bits_per_spike(outcome, neuron.predict_proba(test[:, :n])[:, 1], blocks))
    return test, outcome, neuron, bits


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare logistic neurons that have v, or v and w, as inputs."""
    measures, panels = {}, []
    for name, (title, _, _, _, _, label) in EXAMPLES.items():
        *drawn, (alone, both) = predict(result, f"{name}_noisy")
        measures[f"bits_{name}_v"] = alone.labelled(f"{title}: v", "on test data")
        measures[f"bits_{name}_v_w"] = both.labelled(f"{title}: v and w", "on test data")
        panels.append(kit.panel(_draw_states, *drawn, title=title, xlabel=V, ylabel=label))
    adex, adex_w, fitzhugh, fitzhugh_w = (one.value for one in measures.values())
    conclusion = (
        "The potential of an AdEx neuron is enough, because it is reset after a spike: w adds "
        f"{max(adex_w - adex, 0.0):.2f} bits per spike. In a FitzHugh–Nagumo neuron it passes the "
        f"same values up and down: w raises this from {fitzhugh:.1f} to {fitzhugh_w:.1f}."
    )
    title = "Spikes of the next millisecond, predicted by logistic neurons"
    drawings = {"states": lambda: kit.page(TITLE, *panels, size=(9.0, 4.2), legend=3)}
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_states(axes: kit.Axes, states: kit.Floats, fired: kit.Bools, neuron: Any) -> None:
    """Draw states with and without a spike, and where the logistic neuron predicts 10 %."""
    axes.plot(*states[~fired][::10].T, ".", ms=1.5, color="0.75", label="no spike")
    axes.plot(*states[fired].T, ".", ms=3.0, color=kit.SPIKING, label="spike within 1 ms")
    b, (b_v, b_w), w = neuron.intercept_[0], neuron.coef_[0], states[fired, 1].mean()
    look: kit.Options = {"color": kit.TRAINED, "label": "logistic neuron of v and w predicts 10 %"}
    axes.axline(((logit(0.1) - b - b_w * w) / b_v, w), slope=-b_v / b_w, lw=2, **look)


scenario = kit.lesson(__name__, duration=2000.0, source="FitzHugh (1961), Naud et al. (2008)")
