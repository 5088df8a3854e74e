"""The firing rate as a function of the input current.

Neurons receive constant currents from far below to far above the rheobase of 187.5 pA, some of them
with noise. Without noise, firing starts abruptly at the rheobase. With noise, the rate rises
smoothly. The refractory period of 5 ms limits it to 200 Hz, so the rate saturates, as a logistic
function does.

Simulated rates are shown with the analytic ones (Siegert 1951, for membrane noise). The comparison
fits logistic curves to the rates. They fit well at weak currents. No logistic curve fits a wide
range of currents, because the rate approaches its limit much more slowly than a logistic function.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import curve_fit
from scipy.special import expit

import bridge
import neurosim as ns
from neurosim.analysis import rates
from scenarios import _kit as kit

NEURON = ns.LIF()
RHEOBASE = bridge.threshold_distance(NEURON) / NEURON.resistance
LIMIT = 1e3 / NEURON.t_ref
"""Highest rate that the refractory period allows (Hz)."""
SHORTEST = 100.0
"""Shortest time in which rates are measured (ms)."""
WIDE, NEAR = (-75.0, -20.0), (-75.0, -50.0)
"""Ranges of the mean free potential to which logistic curves are fitted (mV)."""
CURVES = {
    "wide": ("#E69F00", f"fitted up to {kit.signed(WIDE[1])} mV"),
    "near": (kit.TRAINED, f"fitted up to {kit.signed(NEAR[1])} mV"),
}
"""Colour and name of each logistic curve."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    sigma: float = kit.setting(
        3.0, "mV", 0.1, 50.0, "standard deviation of the free membrane potential due to noise"
    )
    noise: Literal["membrane", "escape"] = kit.setting(
        "membrane", help="noise of the membrane potential, or escape noise of the same slope"
    )
    strongest: float = kit.setting(20000.0, "pA", 1e3, 1e5, "strongest current")
    repeats: int = kit.setting(30, "", 2, 10_000, "neurons with noise at each current")
    warmup: float = kit.setting(200.0, "ms", 0.0, 1e5, "time before rates are measured")

    @property
    def neuron(self) -> ns.LIF:
        """The neuron with noise; membrane noise is added as input."""
        if self.noise == "membrane":
            return NEURON
        delta = 1.0 / bridge.GaussianNoise(self.sigma).beta
        return replace(NEURON, escape=ns.EscapeRate(delta, NEURON.t_ref))

    @property
    def currents(self) -> kit.Floats:
        """Currents (pA): evenly spaced for mean potentials in `WIDE`, then geometrically."""
        even = to_current(np.arange(WIDE[0], WIDE[1] + 0.5, 1.25))
        return np.append(even, np.geomspace(even[-1], self.strongest, 16)[1:])

    def analytic(self, mean: kit.Floats, dt: float) -> kit.Floats:
        """Return the analytic rate (Hz) with noise, simulated in steps of dt (ms).

        Siegert's rate for membrane noise, that of renewal theory for escape noise.
        """
        if self.noise == "membrane":
            return bridge.siegert_rate(mean, self.sigma, NEURON, dt=dt)
        return bridge.escape_rate(mean, self.neuron, dt=dt)


def to_potential(current: ArrayLike) -> kit.Floats:
    """Return the mean free potential (mV) for a current (pA)."""
    return NEURON.v_rest + NEURON.resistance * np.asarray(current)


def to_current(mean: ArrayLike) -> kit.Floats:
    """Return the current (pA) for a mean free potential (mV)."""
    return (np.asarray(mean) - NEURON.v_rest) / NEURON.resistance


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add one neuron without noise and several with noise for each current."""
    needed = settings.warmup + SHORTEST
    kit.require_duration(options, needed, "leaves less than 100 ms after the warm-up")
    net, currents = ns.Network(), settings.currents
    noiseless = net.add("noiseless", len(currents), NEURON)
    noisy = net.add("noisy", len(currents) * settings.repeats, settings.neuron)
    net.drive(noiseless, ns.ConstantCurrent(currents))
    net.drive(noisy, ns.ConstantCurrent(np.repeat(currents, settings.repeats)))
    if settings.noise == "membrane":
        net.drive(noisy, ns.MembraneNoise(settings.sigma))
    return net


def measured(result: ns.Result, settings: Settings) -> tuple[kit.Floats, kit.Floats, kit.Floats]:
    """Return the rate without noise, the rate with noise and its standard error (Hz).

    The rate of the regular spikes without noise is the inverse of the mean interval, because
    counting would round it.
    """
    trains = result.spikes["noiseless"]
    times = [trains.of(k) for k in range(len(settings.currents))]
    noiseless = [1e3 * (len(t) - 1) / (t[-1] - t[0]) if len(t) > 1 else 0.0 for t in times]
    each = rates(result.spikes["noisy"], settings.warmup, result.duration)
    each = each.reshape(len(noiseless), -1)
    error = each.std(axis=1, ddof=1) / np.sqrt(settings.repeats)
    return np.array(noiseless), each.mean(axis=1), error


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure where firing starts, the highest rate, and the error of the analytic rates."""
    current, (noiseless, noisy, _) = settings.currents, measured(result, settings)
    mean = to_potential(current)
    deviation = np.abs(noisy - settings.analytic(mean, result.dt))
    return {
        "rheobase_pa": RHEOBASE,
        "highest_silent_pa": current[noiseless == 0.0].max(initial=-np.inf),
        "lowest_firing_pa": current[noiseless > 0.0].min(initial=np.inf),
        "limit_hz": LIMIT,
        "max_rate_hz": max(noiseless.max(), noisy.max()),
        "noiseless_from_theory_hz": np.abs(
            noiseless - bridge.deterministic_rate(mean, NEURON)
        ).max(),
        "noisy_from_theory_hz": deviation[mean <= WIDE[1]].max(),
        "currents_pa": current,
        "rates_noiseless_hz": noiseless,
        "rates_noisy_hz": noisy,
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State where firing starts, where it saturates, and how well theory predicts it."""
    return kit.sentences(
        found,
        f"{len(settings.currents)} constant currents of {settings.currents[0]:g} to "
        f"{settings.strongest:,.0f} pA were injected, each into one neuron without noise and "
        f"{settings.repeats} neurons with {settings.noise} noise.",
        "Without noise, firing starts between {highest_silent_pa:g} and {lowest_firing_pa:.4g} pA. "
        "The rheobase is {rheobase_pa:g} pA.",
        "The highest rate is {max_rate_hz:.1f} Hz. The refractory period of 5 ms limits it to "
        "{limit_hz:g} Hz.",
        "Without noise, rates deviate from the analytic rate by up to "
        "{noiseless_from_theory_hz:.2g} Hz, because spike times are whole time steps.",
        "With noise, rates of weak currents deviate from the analytic rate by up to "
        "{noisy_from_theory_hz:.2g} Hz.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the rates for weak currents, and for all currents up to the limit."""
    noiseless, noisy, error = measured(result, settings)

    def curves(current: kit.Floats) -> list[kit.Layer]:
        mean, dots = to_potential(current), settings.currents
        inside = (dots >= current[0]) & (dots <= current[-1])
        without, silent = bridge.deterministic_rate(mean, NEURON), {"color": "black", "ms": 3}
        return [
            kit.curve(current, settings.analytic(mean, result.dt), "analytic, with noise",
                      **kit.ABSTRACT),
            kit.curve(current, without, "analytic, without noise", color="#E69F00", lw=2.2),
            simulated(dots[inside], noisy[inside], error[inside]),
            kit.curve(dots[inside], noiseless[inside], "simulated, without noise", ls="",
                      marker="o", **silent),
            kit.curve([RHEOBASE] * 2, [0.0, 0.9 * noisy[inside].max()], text="rheobase",
                      side="left", color="0.45", ls=":"),
        ]  # fmt: skip

    weak = np.linspace(0.0, to_current(WIDE[1]), 500)
    full = np.geomspace(50.0, settings.strongest, 500)
    page = kit.page(
        f"Noise smooths the onset of firing; refractoriness limits the rate to {LIMIT:g} Hz",
        kit.chart(*curves(weak), title="Weak currents", xlabel="current (pA)",
                  ylabel="firing rate (Hz)"),
        kit.chart(*curves(full), kit.level(LIMIT, f"1/t_ref = {LIMIT:g} Hz", 300.0),
                  title="All currents, logarithmic scale", xlabel="current (pA)", xscale="log",
                  ylim=(-9.0, 218.0)),
        size=(9.0, 4.4), legend=2,
    )  # fmt: skip
    return {"rates": page}


def simulated(current: kit.Floats, rate: kit.Floats, error: kit.Floats) -> kit.Layer:
    """Return simulated rates with their 95 % intervals."""
    half, label = bridge.NORMAL_95 * error, "simulated, with noise, 95 % interval"
    return lambda axes: axes.errorbar(
        current, rate, half, fmt="D", ms=3.5, capsize=2, color=kit.SPIKING, label=label
    )


def logistic(mean: kit.Floats, maximum: float, intercept: float, slope: float) -> kit.Floats:
    """Return maximum · σ(intercept + slope · (mean − threshold)) (Hz)."""
    return maximum * expit(intercept + slope * (mean - NEURON.v_threshold))


def fitted(mean: kit.Floats, rate: kit.Floats) -> kit.Floats:
    """Return the parameters of the logistic curve that fits rates (Hz) by least squares."""
    start = (rate.max(), 0.0, 0.2)
    return curve_fit(logistic, mean, rate, p0=start, maxfev=10_000)[0]


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare simulated rates with analytic ones, and these with logistic curves."""
    mean, (_, rate, error) = to_potential(settings.currents), measured(result, settings)
    used = mean <= WIDE[1]
    off = np.abs(rate - settings.analytic(mean, result.dt))[used].max()
    note = f"standard error ≤ {error[used].max():.2g} Hz"
    rows = [("largest_error_analytic", f"Largest error (Hz), analytic rate | {note}", off)]
    parameters = {}
    for key, span in (("near", NEAR), ("wide", WIDE)):
        line, words = np.linspace(*span, 500), f"(Hz), logistic {CURVES[key][1]}"
        analytic = settings.analytic(line, result.dt)
        parameters[key] = fitted(line, analytic)
        off = np.abs(logistic(line, *parameters[key]) - analytic).max()
        rows.append((f"largest_error_{key}", f"Largest error {words}", off))
        rows.append((f"maximum_{key}", f"Maximum {words}", parameters[key][0]))
    measures = kit.rows({}, *rows)
    near, wide = (measures[f"largest_error_{key}"].value for key in ("near", "wide"))
    low, high = (measures[f"maximum_{key}"].value for key in ("near", "wide"))
    conclusion = (
        f"A logistic curve fits the rate within {near:.2g} Hz up to {kit.signed(NEAR[1])} mV, but "
        f"only within {wide:.2g} Hz up to {kit.signed(WIDE[1])} mV. Its maximum, {low:.0f} or "
        f"{high:.0f} Hz, depends on the range: it is not a property of the neuron."
    )
    dots, line = settings.currents[used], np.linspace(*WIDE, 600)
    analytic = settings.analytic(line, result.dt)
    curves = [
        kit.curve(to_current(line), logistic(line, *parameters[key]), f"logistic {words}",
                  color=colour)
        for key, (colour, words) in CURVES.items()
    ]  # fmt: skip
    rates_of = kit.chart(
        kit.curve(to_current(line), analytic, "analytic", **kit.ABSTRACT), *curves,
        simulated(dots, rate[used], error[used]), xlabel="current (pA)", ylabel="firing rate (Hz)",
        legend="upper left",
    )  # fmt: skip
    message = "A logistic curve fits the rate at weak currents, but not over a wide range"
    drawings = {"rates": partial(kit.page, message, rates_of, size=(8.4, 4.8))}
    title = "Firing rate against current: simulated, analytic and logistic"
    return kit.Comparison(title, measures, drawings, conclusion)


def warmup(settings: Settings) -> float:
    """Return the time that reported rates exclude (ms)."""
    return settings.warmup


scenario = kit.lesson(__name__, row="S29", lectures=("L1",), duration=2200.0)
