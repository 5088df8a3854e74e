"""A sparse random network of excitatory and inhibitory neurons, in its four regimes."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import brentq

import neurosim as ns
from bridge import siegert_rate
from neurosim.analysis import cv_isi, fano_factor, mean_rate, peak_frequency
from neurosim.scenario import RunOptions, Scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REGIMES = MappingProxyType(
    {"SR": (3.0, 2.0), "SI-fast": (6.0, 4.0), "AI": (5.0, 2.0), "SI-slow": (4.5, 0.9)}
)
"""Relative strength of inhibition g and drive ν_ext/ν_thr of each panel of Brunel's figure 8."""

# Brunel measures potentials from rest: threshold 20 mV, reset 10 mV above it.
NEURON = ns.LIF(v_rest=-70.0, v_threshold=-50.0, v_reset=-60.0, tau_m=20.0, t_ref=2.0)
PSP = 0.1
"""mV, of an excitatory synapse."""
DELAY = 1.5
"""ms."""
EPSILON = 0.1
"""Share of each population that a neuron receives synapses from."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    regime: Literal["AI", "SR", "SI-fast", "SI-slow"] = field(
        default="AI",
        metadata={
            "help": "asynchronous irregular, synchronous regular, synchronous irregular with fast "
            "or with slow oscillations"
        },
    )
    neurons: int = field(
        default=12500, metadata={"help": "neurons in all, four fifths of them excitatory"}
    )
    warmup: float = field(
        default=200.0, metadata={"help": "time before the first measurement", "unit": "ms"}
    )

    def __post_init__(self) -> None:
        if not 100 <= self.neurons <= 10**6 or self.neurons % 50:
            raise ns.NeurosimError(
                f"neurons = {self.neurons} is not a multiple of 50 from 100 to 1000000: a fifth of "
                "them inhibit, and each receives synapses from a tenth of either kind"
            )
        if not 0.0 <= self.warmup <= 1e5:
            raise ns.NeurosimError(
                f"warmup = {self.warmup:g} ms is outside 0 to 100000 ms: give a time in ms"
            )

    @property
    def inhibition(self) -> float:
        """g, the strength of an inhibitory synapse relative to an excitatory one."""
        return REGIMES[self.regime][0]

    @property
    def in_degrees(self) -> tuple[int, int]:
        """Excitatory and inhibitory synapses onto each neuron."""
        excitatory = round(EPSILON * 0.8 * self.neurons)
        return excitatory, excitatory // 4

    @property
    def psp(self) -> float:
        """PSP (mV) of an excitatory synapse; in a smaller network larger, so that C·J is kept."""
        return PSP * 1000.0 / self.in_degrees[0]

    @property
    def external_rate(self) -> float:
        """Rate (Hz) of all external spikes onto a neuron together."""
        gap = NEURON.v_threshold - NEURON.v_rest
        threshold_rate = gap / (self.psp * NEURON.tau_m) * 1e3
        return REGIMES[self.regime][1] * threshold_rate


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe the network (Brunel 2000, model A)."""
    c_exc, c_inh = settings.in_degrees
    net = ns.Network()
    exc = net.add("exc", settings.neurons * 4 // 5, NEURON)
    inh = net.add("inh", settings.neurons // 5, NEURON)
    for target in (exc, inh):
        net.connect(exc, target, ns.FixedInDegree(c_exc), psp=settings.psp, delay=DELAY)
        psp = -settings.inhibition * settings.psp
        net.connect(inh, target, ns.FixedInDegree(c_inh), psp=psp, delay=DELAY)
        net.drive(target, ns.Poisson(settings.external_rate), psp=settings.psp)
    net.record(exc, "v", ids=[0])
    return net


def stationary_rate(settings: Settings) -> float:
    """Return the rate (Hz) of the asynchronous state: what goes in must come out.

    Mean and variance of the input follow from the rate, the rate from them by Siegert's formula:
    Brunel (2000), eqs. 4, 5 and 21.
    """
    c_exc, c_inh = settings.in_degrees
    g, tau, j = settings.inhibition, NEURON.tau_m * 1e-3, settings.psp

    def surplus(rate: float) -> float:
        spikes = settings.external_rate + c_exc * rate
        mean = NEURON.v_rest + tau * j * (spikes - g * c_inh * rate)
        variance = 0.5 * tau * j * j * (spikes + g * g * c_inh * rate)
        return float(siegert_rate(mean, np.sqrt(variance), NEURON)) - rate

    return float(brentq(surplus, 0.0, 1e3 / NEURON.t_ref))


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure what tells the regimes apart: rate, irregularity, synchrony, rhythm."""
    start = settings.warmup
    cv = np.concatenate([cv_isi(trains, start) for trains in result.spikes.values()])
    sizes = np.array([p.size for p in result.populations.values()])
    rates = np.array([mean_rate(result, name, start) for name in result.populations])
    exc = result.spikes["exc"]
    return {
        "regime": settings.regime,
        "g": settings.inhibition,
        "external_over_threshold": REGIMES[settings.regime][1],
        "rate_hz": float(rates @ sizes / sizes.sum()),
        "asynchronous_theory_hz": stationary_rate(settings),
        "cv": float(np.nanmean(cv)) if np.isfinite(cv).any() else None,
        "fano_factor_1ms": fano_factor(exc, result.duration, start=start),
        "peak_frequency_hz": peak_frequency(exc, result.duration, start=start),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the raster with the population rate, one neuron, and how rates and CVs are spread."""
    from neurosim import plot

    stop = result.duration
    start = max(min(settings.warmup, stop - 100.0), 0.0)
    window = 100.0 if settings.regime in ("SR", "SI-fast") else 250.0
    title = (
        f"{settings.regime}: g = {settings.inhibition:g}, drive = {REGIMES[settings.regime][1]:g}"
    )
    end = min(start + window, stop)
    return {
        "raster": plot.raster(
            result, start=start, stop=end, bin_ms=0.5, max_neurons=250, title=title
        ),
        "potential": plot.voltage_trace(result, "exc", 0, start=start, stop=end, title=title),
        "spread": plot.rates_and_cv(result, start=start, title=title),
    }


scenario = Scenario(
    name="balanced-network",
    title="Excitation and inhibition in balance: four ways to fire together",
    group="Networks",
    description=(
        "12,500 leaky integrate-and-fire neurons, each receiving synapses from a random tenth of "
        "the excitatory and of the inhibitory ones, and Poisson spikes from outside. By the "
        "strength of inhibition and of the drive the network fires in four ways: asynchronously "
        "and irregularly (AI), in lockstep and regularly (SR), irregularly with a fast or with a "
        "slow common rhythm (SI-fast, SI-slow). N. Brunel, Dynamics of sparsely connected networks "
        "of excitatory and inhibitory spiking neurons, Journal of Computational Neuroscience 8, "
        "183 (2000), figure 8."
    ),
    settings=Settings,
    duration=1200.0,
    network=network,
    findings=findings,
    figures=figures,
    warmup=lambda settings: settings.warmup,
)
