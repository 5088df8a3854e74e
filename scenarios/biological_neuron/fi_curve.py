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
    if options.duration - settings.warmup < SHORTEST:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms leaves less than {SHORTEST:g} ms after the "
            f"warm-up of {settings.warmup:g} ms: give a longer duration"
        )
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
    currents = found["currents_pa"]
    return [
        f"{len(currents)} constant currents of {kit.signed(currents[0])} to {currents[-1]:,.0f} pA "
        f"were injected, each into one neuron without noise and {settings.repeats} neurons with "
        f"{settings.noise} noise.",
        f"Without noise, firing starts between {found['highest_silent_pa']:g} and "
        f"{found['lowest_firing_pa']:.4g} pA. The rheobase is {RHEOBASE:g} pA.",
        f"The highest rate is {found['max_rate_hz']:.1f} Hz. The refractory period of "
        f"{NEURON.t_ref:g} ms limits it to {LIMIT:g} Hz.",
        "Without noise, rates deviate from the analytic rate by up to "
        f"{found['noiseless_from_theory_hz']:.2g} Hz, because spike times are rounded up to whole "
        "time steps.",
        f"With noise, rates of currents up to {to_current(WIDE[1]):g} pA deviate from the analytic "
        f"rate by up to {found['noisy_from_theory_hz']:.2g} Hz.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the rates for weak currents, and for all currents up to the limit."""
    weak = np.linspace(0.0, to_current(WIDE[1]), 500)
    full = np.geomspace(50.0, settings.strongest, 500)
    left = kit.panel(
        _draw_rates, result, settings, weak, title="Weak currents", xlabel="current (pA)",
        ylabel="firing rate (Hz)",
    )  # fmt: skip
    right = kit.panel(
        _draw_rates, result, settings, full, title="All currents, logarithmic scale",
        xlabel="current (pA)", xscale="log", ylim=(-9.0, 218.0),
    )  # fmt: skip
    title = f"Noise smooths the onset of firing; refractoriness limits the rate to {LIMIT:g} Hz"
    return {"rates": kit.page(title, left, right, size=(9.0, 4.4), legend=2)}


def _draw_rates(axes: kit.Axes, result: ns.Result, settings: Settings, current: kit.Floats) -> None:
    """Draw simulated and analytic rates over a range of currents (pA)."""
    noiseless, noisy, error = measured(result, settings)
    mean, dots = to_potential(current), settings.currents
    inside = (dots >= current[0]) & (dots <= current[-1])
    analytic, deterministic = (
        settings.analytic(mean, result.dt),
        bridge.deterministic_rate(mean, NEURON),
    )
    axes.plot(current, analytic, color=kit.LOGISTIC, lw=4, alpha=0.6, label="analytic, with noise")
    axes.plot(current, deterministic, color="#E69F00", lw=2.2, label="analytic, without noise")
    _draw_simulated(axes, dots[inside], noisy[inside], error[inside])
    axes.plot(
        dots[inside], noiseless[inside], "o", ms=3, color="black", label="simulated, without noise"
    )
    axes.axvline(RHEOBASE, color="0.45", lw=0.9, ls=":")
    kit.label(axes, RHEOBASE, 0.9 * noisy[inside].max(), "rheobase", side="left")
    if noisy[inside].max() > 0.5 * LIMIT:
        axes.axhline(LIMIT, color="0.45", lw=0.9, ls="--")
        kit.label(axes, RHEOBASE, LIMIT + 6.0, f"1/t_ref = {LIMIT:g} Hz")


def _draw_simulated(
    axes: kit.Axes, current: kit.Floats, rate: kit.Floats, error: kit.Floats
) -> None:
    """Draw simulated rates with their 95 % intervals."""
    axes.errorbar(
        current, rate, bridge.NORMAL_95 * error, fmt="D", ms=3.5, capsize=2, color=kit.SPIKING,
        label="simulated, with noise, 95 % interval",
    )  # fmt: skip


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
    off = np.abs(rate - settings.analytic(mean, result.dt))[used]
    note, label = f"standard error ≤ {error[used].max():.2g} Hz", "Largest error, analytic rate"
    measures = {"largest_error_analytic": kit.Measure(off.max(), "Hz", note=note, label=label)}
    parameters = {}
    for key, span in (("near", NEAR), ("wide", WIDE)):
        mean, words = np.linspace(*span, 500), f"logistic {CURVES[key][1]}"
        analytic = settings.analytic(mean, result.dt)
        parameters[key] = fitted(mean, analytic)
        off = np.abs(logistic(mean, *parameters[key]) - analytic)
        note, label = f"at {kit.signed(mean[off.argmax()], 3)} mV", f"Largest error, {words}"
        measures[f"largest_error_{key}"] = kit.Measure(off.max(), "Hz", note=note, label=label)
        most, label = parameters[key][0], f"Maximum, {words}"
        measures[f"maximum_{key}"] = kit.Measure(most, "Hz", label=label)
    near, wide = (measures[f"largest_error_{key}"].value for key in ("near", "wide"))
    low, high = (measures[f"maximum_{key}"].value for key in ("near", "wide"))
    conclusion = (
        f"A logistic curve fits the rate within {near:.2g} Hz up to {kit.signed(NEAR[1])} mV, but "
        f"only within {wide:.2g} Hz up to {kit.signed(WIDE[1])} mV. Its maximum, {low:.0f} or "
        f"{high:.0f} Hz, depends on the range: it is not a property of the neuron."
    )
    drawings = {"rates": partial(_draw_comparison, result, settings, parameters)}
    title = "Firing rate against current: simulated, analytic and logistic"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_comparison(
    result: ns.Result, settings: Settings, parameters: dict[str, kit.Floats]
) -> kit.Figure:
    """Draw the rates with the logistic curves, and their errors."""
    _, rate, error = measured(result, settings)
    dots = settings.currents[to_potential(settings.currents) <= WIDE[1]]
    mean, end = np.linspace(*WIDE, 600), float(to_current(WIDE[1]))
    analytic = partial(settings.analytic, dt=result.dt)

    def draw(axes: kit.Axes, base: float) -> None:
        line = (1.0 - base) * analytic(mean)
        axes.plot(to_current(mean), line, color=kit.LOGISTIC, lw=4, alpha=0.6)
        values = rate[: len(dots)] - base * analytic(to_potential(dots))
        _draw_simulated(axes, dots, values, error[: len(dots)])
        for key, (colour, _) in CURVES.items():
            values = logistic(mean, *parameters[key]) - base * analytic(mean)
            axes.plot(to_current(mean), values, color=colour)
        axes.axvline(float(to_current(NEAR[1])), color="0.45", lw=0.9, ls=":")

    def draw_rates(axes: kit.Axes) -> None:
        draw(axes, 0.0)
        kit.label(axes, end, analytic(mean)[-1], "simulated (♦), analytic", kit.SPIKING)
        for key, (colour, words) in CURVES.items():
            value = logistic(mean, *parameters[key])[-1]
            kit.label(axes, end, value, f"logistic {words}", colour)
        axes.secondary_xaxis("top", functions=(to_potential, to_current)).set_xlabel(
            "mean free potential (mV)"
        )

    upper = kit.panel(draw_rates, ylabel="firing rate (Hz)", xlim=(-75.0, end))
    lower = kit.panel(
        draw, 1.0, xlabel="current (pA)", ylabel="difference from analytic (Hz)", ylim=(-10, 10)
    )
    return kit.page(
        "A logistic curve fits the rate at weak currents, but not over a wide range",
        upper, lower, columns=1, size=(8.4, 6.4), sharex=True, height_ratios=(3, 2),
    )  # fmt: skip


def warmup(settings: Settings) -> float:
    """Return the time that reported rates exclude (ms)."""
    return settings.warmup


scenario = kit.lesson(__name__, row="S29", lectures=("L1",), duration=2200.0)
