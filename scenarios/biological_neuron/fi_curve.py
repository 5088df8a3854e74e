"""The firing rate as a function of the input current.

Neurons receive constant currents from far below to far above the rheobase of 187.5 pA, some of them
with noise. Without noise, firing starts abruptly at the rheobase. With noise, the rate rises
smoothly. The refractory period of 5 ms limits it to 200 Hz, so the rate saturates, as a logistic
function does.

Simulated rates are shown with the analytic ones (Siegert 1951). The comparison
fits logistic curves to the rates. They fit well at weak currents. No logistic curve fits a wide
range of currents, because the rate approaches its limit much more slowly than a logistic function.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

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
# Highest rate that the refractory period allows (Hz).
LIMIT = 1e3 / NEURON.t_ref
# Time before rates are measured, and shortest time in which they are measured (ms).
WARMUP, SHORTEST = 200.0, 100.0
# Logistic curves: highest mean potential to which they are fitted (mV), colour and name.
FITS = {
    "near": (-50.0, kit.TRAINED, "fitted up to −50 mV"),
    "wide": (-20.0, "#E69F00", "fitted up to −20 mV"),
}


def to_potential(current: ArrayLike) -> kit.Floats:
    """Return the mean free potential (mV) for a current (pA)."""
    return NEURON.v_rest + NEURON.resistance * np.asarray(current)


def to_current(mean: ArrayLike) -> kit.Floats:
    """Return the current (pA) for a mean free potential (mV)."""
    return (np.asarray(mean) - NEURON.v_rest) / NEURON.resistance


WEAK = to_current(np.arange(-75.0, -19.5, 1.25))
# Currents (pA): evenly spaced for mean potentials up to −20 mV, then geometrically.
CURRENTS = np.append(WEAK, np.geomspace(WEAK[-1], 20_000.0, 16)[1:])


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    sigma: float = kit.setting(
        3.0, "mV", 0.1, 50.0, "standard deviation of the free membrane potential due to noise"
    )
    repeats: int = kit.setting(30, "", 2, 1000, "neurons with noise at each current")

    def analytic(self, mean: kit.Floats, dt: float) -> kit.Floats:
        """Return Siegert's rate (Hz) with noise, simulated in steps of dt (ms)."""
        return bridge.siegert_rate(mean, self.sigma, NEURON, dt=dt)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add one neuron without noise and several with noise for each current."""
    needed = WARMUP + SHORTEST
    kit.require_duration(options, needed, "leaves less than 100 ms after the warm-up")
    net = ns.Network()
    noiseless = net.add("noiseless", len(CURRENTS), NEURON)
    noisy = net.add("noisy", len(CURRENTS) * settings.repeats, NEURON)
    net.drive(noiseless, ns.ConstantCurrent(CURRENTS))
    net.drive(noisy, ns.ConstantCurrent(np.repeat(CURRENTS, settings.repeats)))
    net.drive(noisy, ns.MembraneNoise(settings.sigma))
    return net


def measured(result: ns.Result, settings: Settings) -> tuple[kit.Floats, kit.Floats, kit.Floats]:
    """Return the rate without noise, the rate with noise and its standard error (Hz).

    The rate of the regular spikes without noise is the inverse of the mean interval, because
    counting would round it.
    """
    times = [result.spikes["noiseless"].of(k) for k in range(len(CURRENTS))]
    noiseless = [1e3 * (len(t) - 1) / (t[-1] - t[0]) if len(t) > 1 else 0.0 for t in times]
    each = rates(result.spikes["noisy"], WARMUP, result.duration).reshape(len(CURRENTS), -1)
    error = each.std(axis=1, ddof=1) / np.sqrt(settings.repeats)
    return np.array(noiseless), each.mean(axis=1), error


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure where firing starts, the highest rate, and the error of the analytic rates."""
    (noiseless, noisy, _), mean = measured(result, settings), to_potential(CURRENTS)
    error = np.abs(noiseless - bridge.deterministic_rate(mean, NEURON))
    noisy_error = np.abs(noisy - settings.analytic(mean, result.dt))
    return {
        "rheobase_pa": RHEOBASE,
        "highest_silent_pa": CURRENTS[noiseless == 0.0].max(),
        "lowest_firing_pa": CURRENTS[noiseless > 0.0].min(),
        "limit_hz": LIMIT,
        "max_rate_hz": max(noiseless.max(), noisy.max()),
        "noiseless_from_theory_hz": error.max(),
        "noisy_from_theory_hz": noisy_error[: len(WEAK)].max(),
        "currents_pa": CURRENTS,
        "rates_noiseless_hz": noiseless,
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State where firing starts, where it saturates, and how well theory predicts it."""
    return kit.sentences(
        found,
        f"{len(CURRENTS)} constant currents of {CURRENTS[0]:g} to {CURRENTS[-1]:,.0f} pA were "
        f"injected, each into one neuron without noise and {settings.repeats} neurons with noise.",
        "Without noise, firing starts between {highest_silent_pa:g} and {lowest_firing_pa:.4g} pA. "
        "The rheobase is {rheobase_pa:g} pA.",
        "The highest rate is {max_rate_hz:.1f} Hz. The refractory period of 5 ms limits it to "
        "{limit_hz:g} Hz.",
        "Without noise, rates deviate from the analytic rate by up to "
        "{noiseless_from_theory_hz:.2g} Hz, because spike times are whole time steps.",
        "With noise, rates of weak currents deviate from the analytic rate by up to "
        "{noisy_from_theory_hz:.2g} Hz.",
    )


def simulated(rate: kit.Floats, error: kit.Floats) -> kit.Layer:
    """Return simulated rates with their 95 % intervals."""
    half, label = bridge.NORMAL_95 * error, "simulated, with noise, 95 % interval"
    return lambda axes: axes.errorbar(
        CURRENTS, rate, half, fmt="D", ms=3.5, capsize=2, color=kit.SPIKING, label=label
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the rates for weak currents, and for all currents up to the limit."""
    noiseless, noisy, error = measured(result, settings)
    line = np.append(np.linspace(0.0, WEAK[-1], 500), np.geomspace(WEAK[-1], CURRENTS[-1], 200))
    mean, dots = to_potential(line), {"color": "black", "ls": "", "marker": "o", "ms": 3}
    smooth, sharp = settings.analytic(mean, result.dt), bridge.deterministic_rate(mean, NEURON)
    curves = [
        kit.curve(line, smooth, "analytic, with noise", **kit.ABSTRACT),
        kit.curve(line, sharp, "analytic, without noise", color="#E69F00", lw=2.2),
        simulated(noisy, error),
        kit.curve(CURRENTS, noiseless, "simulated, without noise", **dots),
        kit.curve([RHEOBASE] * 2, [0, 70], text="rheobase", side="left", color="0.45", ls=":"),
    ]
    return {"rates": kit.page(
        f"Noise smooths the onset of firing; refractoriness limits the rate to {LIMIT:g} Hz",
        kit.chart(*curves, title="Weak currents", xlabel="current (pA)",
                  ylabel="firing rate (Hz)", xlim=(0.0, WEAK[-1]), ylim=(-3.0, 90.0)),
        kit.chart(*curves, kit.level(LIMIT, f"1/t_ref = {LIMIT:g} Hz", 300.0),
                  title="All currents, logarithmic scale", xlabel="current (pA)", xscale="log",
                  xlim=(50.0, None), ylim=(-9.0, 218.0)),
        size=(9.0, 4.4), legend=2,
    )}  # fmt: skip


def logistic(mean: kit.Floats, maximum: float, intercept: float, slope: float) -> kit.Floats:
    """Return maximum · σ(intercept + slope · (mean − threshold)) (Hz)."""
    return maximum * expit(intercept + slope * (mean - NEURON.v_threshold))


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare simulated rates with analytic ones, and these with logistic curves."""
    _, rate, error = measured(result, settings)
    found, line = findings(result, settings), np.linspace(-75.0, -20.0, 600)
    analytic = settings.analytic(line, result.dt)
    rows = [(
        "largest_error_analytic", "Largest error (Hz), analytic rate | standard error ≤ "
        f"{error[: len(WEAK)].max():.2g} Hz", found["noisy_from_theory_hz"],
    )]  # fmt: skip
    curves = [kit.curve(to_current(line), analytic, "analytic", **kit.ABSTRACT)]
    for key, (highest, colour, words) in FITS.items():
        used = line <= highest
        start = (analytic[used].max(), 0.0, 0.2)
        parameters = curve_fit(logistic, line[used], analytic[used], start, maxfev=10_000)[0]
        fitted = logistic(line, *parameters)
        off = np.abs(fitted - analytic)[used].max()
        rows.append((f"largest_error_{key}", f"Largest error (Hz), logistic {words}", off))
        rows.append((f"maximum_{key}", f"Maximum (Hz), logistic {words}", parameters[0]))
        curves.append(kit.curve(to_current(line), fitted, f"logistic {words}", color=colour))
    measures = kit.rows({}, *rows)
    near, low, wide, high = (measure.value for measure in list(measures.values())[1:])
    conclusion = (
        f"A logistic curve fits the rate within {near:.2g} Hz up to −50 mV, but only within "
        f"{wide:.2g} Hz up to −20 mV. Its maximum, {low:.0f} or {high:.0f} Hz, depends on the "
        "range: it is not a property of the neuron."
    )
    chart = kit.chart(
        *curves, simulated(rate, error), xlabel="current (pA)", ylabel="firing rate (Hz)",
        xlim=WEAK[[0, -1]], ylim=(-3.0, 90.0), legend="upper left",
    )  # fmt: skip
    message = "A logistic curve fits the rate at weak currents, but not over a wide range"
    drawing = partial(kit.page, message, chart, size=(8.4, 4.8))
    title = "Firing rate against current: simulated, analytic and logistic"
    return kit.Comparison(title, measures, {"rates": drawing}, conclusion)


def warmup(settings: Settings) -> float:
    """Return the time that reported rates exclude (ms)."""
    return WARMUP


scenario = kit.lesson(__name__, row="S29", lectures=("L1",), duration=2200.0)
