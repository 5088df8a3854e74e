"""Excitation and inhibition in balance: four states of a random network.

12,500 leaky integrate-and-fire neurons receive synapses from a random tenth of all excitatory and
of all inhibitory neurons, and external Poisson spikes. The relative strength of inhibition g and
the external drive decide between four states:

AI, asynchronous irregular: neurons fire irregularly, with little synchrony. SR, synchronous
regular: all neurons fire together, like clocks. SI-fast and SI-slow, synchronous irregular: the
population oscillates, while single neurons fire irregularly and skip most cycles.

The rate of the asynchronous state follows from a self-consistent mean-field theory. The comparison
describes a neuron in the network by a logistic neuron whose input is the membrane potential. Model
A of N. Brunel, Journal of Computational Neuroscience 8, 183 (2000); the states are those of its
figure 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from scipy.optimize import brentq

import bridge
import neurosim as ns
from scenarios import _kit as kit

# Strength of inhibition g, drive ν_ext/ν_thr, and name of each state.
STATES = {
    "AI": (5.0, 2.0, "asynchronous irregular"),
    "SR": (3.0, 2.0, "synchronous regular"),
    "SI-fast": (6.0, 4.0, "synchronous irregular, fast"),
    "SI-slow": (4.5, 0.9, "synchronous irregular, slow"),
}
# In the paper the threshold is 20 mV and the reset 10 mV above rest.
NEURON = ns.LIF(v_rest=-70.0, v_threshold=-50.0, v_reset=-60.0, tau_m=20.0, t_ref=2.0)
# Synaptic delay (ms).
DELAY = 1.5
# Neurons whose potential is recorded.
RECORDED = 50


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    regime: Literal["AI", "SR", "SI-fast", "SI-slow"] = kit.setting("AI", help="state")
    neurons: int = kit.setting(12500, "", 250, 1_000_000, "neurons, 80 % of them excitatory")
    warmup: float = kit.setting(200.0, "ms", 0.0, 1e5, "time excluded at the start")

    @property
    def inhibition(self) -> float:
        """Strength of an inhibitory synapse relative to an excitatory one, g."""
        return STATES[self.regime][0]

    @property
    def in_degrees(self) -> tuple[int, int]:
        """Excitatory and inhibitory synapses onto each neuron: a tenth of each population."""
        excitatory = round(0.08 * self.neurons)
        return excitatory, excitatory // 4

    @property
    def psp(self) -> float:
        """PSP of an excitatory synapse (mV): 0.1 mV in a network of the size of the paper."""
        return 100.0 / self.in_degrees[0]

    @property
    def external_rate(self) -> float:
        """Rate of all external spikes onto a neuron (Hz)."""
        distance = NEURON.v_threshold - NEURON.v_rest
        return STATES[self.regime][1] * 1e3 * distance / (self.psp * NEURON.tau_m)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect an excitatory and an inhibitory population at random, with fixed in-degrees."""
    c_exc, c_inh = settings.in_degrees
    net = ns.Network()
    exc = net.add("exc", settings.neurons * 4 // 5, NEURON)
    inh = net.add("inh", settings.neurons // 5, NEURON)
    for target in (exc, inh):
        net.connect(exc, target, ns.FixedInDegree(c_exc), psp=settings.psp, delay=DELAY)
        psp = -settings.inhibition * settings.psp
        net.connect(inh, target, ns.FixedInDegree(c_inh), psp=psp, delay=DELAY)
        net.drive(target, ns.Poisson(settings.external_rate), psp=settings.psp)
    net.record(exc, "v", ids=range(min(RECORDED, exc.size)))
    return net


def stationary_rate(settings: Settings) -> float:
    """Return the self-consistent rate of the asynchronous state (Hz).

    Mean and variance of the input follow from the rate, and the rate from them by Siegert's
    formula: Brunel (2000), eqs. 4, 5 and 21.
    """
    c_exc, c_inh = settings.in_degrees
    g, tau, psp = settings.inhibition, NEURON.tau_m * 1e-3, settings.psp

    def excess(rate: float) -> float:
        spikes = settings.external_rate + c_exc * rate
        mean = NEURON.v_rest + tau * psp * (spikes - g * c_inh * rate)
        variance = 0.5 * tau * psp**2 * (spikes + g**2 * c_inh * rate)
        return float(bridge.siegert_rate(mean, np.sqrt(variance), NEURON)) - rate

    return float(brentq(excess, 0.0, 1e3 / NEURON.t_ref))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure rate, irregularity, synchrony and rhythm."""
    start, analysis = settings.warmup, ns.analysis
    cv = np.concatenate([analysis.cv_isi(trains, start) for trains in result.spikes.values()])
    sizes = np.array([population.size for population in result.populations.values()])
    rates = np.array([analysis.mean_rate(result, name, start) for name in result.populations])
    exc = result.spikes["exc"]
    return {
        "regime": settings.regime,
        "g": settings.inhibition,
        "external_over_threshold": STATES[settings.regime][1],
        "rate_hz": float(rates @ sizes / sizes.sum()),
        "asynchronous_theory_hz": stationary_rate(settings),
        "cv": kit.known_mean(cv),
        "fano_factor_1ms": analysis.fano_factor(exc, result.duration, start=start),
        "peak_frequency_hz": analysis.peak_frequency(exc, result.duration, start=start),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the activity of the network and compare its rate with theory."""
    synapses = settings.neurons * sum(settings.in_degrees)
    return kit.sentences(
        found,
        f"{settings.neurons:,} neurons with {synapses:,} random synapses in the "
        f"{STATES[settings.regime][2]} ({settings.regime}) state: inhibition g = {{g:g}}, external "
        "drive {external_over_threshold:g} times the threshold drive.",
        "The mean firing rate is {rate_hz:.1f} Hz. Mean-field theory of the asynchronous state "
        "predicts {asynchronous_theory_hz:.1f} Hz.",
        "The CV of inter-spike intervals is {cv:.2f} (0: regular, 1: as irregular as a Poisson "
        "process).",
        "The Fano factor of the spike count of the excitatory population in 1-ms bins is "
        f"{{fano_factor_1ms:,.0f}} (1: independent neurons; {settings.neurons * 4 // 5:,}: all "
        "fire together).",
        "The strongest rhythm of the population is at {peak_frequency_hz:.0f} Hz.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the raster and the population rate, one neuron, and the distributions."""
    stop = result.duration
    start = max(min(settings.warmup, stop - 100.0), 0.0)
    window = 100.0 if settings.regime in ("SR", "SI-fast") else 250.0
    span: kit.Options = {"start": start, "stop": min(start + window, stop)}
    title = f"{STATES[settings.regime][2].capitalize()} state: g = {settings.inhibition:g}"
    raster = ns.plot.raster(result, **span, bin_ms=0.5, max_neurons=250, title=title)
    potential = ns.plot.voltage_trace(
        result, "exc", 0, **span, title="Strong excitation and inhibition nearly cancel"
    )
    spread = ns.plot.rates_and_cv(result, start=start, title="Rates and irregularity of neurons")
    return {"raster": raster, "potential": potential, "spread": spread}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the firing of neurons with a logistic function of their potential."""
    soft = bridge.SoftThreshold.of(result, "exc", start=settings.warmup)
    found = findings(result, settings)
    measures = kit.rows(
        found,
        ("bits_per_spike", "Information of the potential on spikes", soft.bits_per_spike),
        ("beta", "Slope β", soft.beta),
        ("half_mv", "Potential with probability 1/2", soft.half),
        ("threshold_mv", "Threshold", NEURON.v_threshold),
        ("rate_hz", "Firing rate, simulated"),
        ("asynchronous_theory_hz", "Firing rate, mean-field theory"),
    )
    conclusion = (
        f"The input of the next millisecond acts as noise: the sharp threshold at "
        f"{kit.signed(NEURON.v_threshold)} mV becomes a logistic function of the potential that "
        f"rises from 12 % to 88 % within {4.0 / soft.beta.value:.1f} mV."
    )
    chart = kit.threshold_panel(soft, NEURON.v_threshold, legend="upper left")
    drawing = partial(kit.page, "Synaptic noise makes the threshold soft", chart)
    title = "A neuron in the network, and a logistic neuron with its membrane potential as input"
    return kit.Comparison(title, measures, {"threshold": drawing}, conclusion)


def warmup(settings: Settings) -> float:
    """Return the time that reported rates exclude (ms)."""
    return settings.warmup


scenario = kit.lesson(__name__, duration=1200.0)
