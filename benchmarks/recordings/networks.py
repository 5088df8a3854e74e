"""Networks of integrate-and-fire neurons with known synapses, and their spikes.

80 % of the neurons are excitatory. Each synapse has one of three time constants, and a delay of 1
to 4 ms. The neurons have membrane noise, and constant currents for which they
fire at about 3 to 15 Hz. Optionally, all of them receive the same slow noise current.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

import neurosim as ns
from bridge.neuron.rates import siegert_rate

TAUS = (2.0, 5.0, 10.0)
"""Time constants of synaptic currents (ms)."""
DELAYS = (1.0, 4.0)
"""Range of delays (ms)."""
RATES = (3.0, 15.0)
"""Range of mean-field rates (Hz)."""
EXCITATORY = 0.8
NOISE = 3.0
"""Standard deviation of the membrane noise (mV)."""
PSP, SPREAD, INHIBITION = 0.5, 0.6, 2.0
"""Median PSP of excitatory synapses (mV), sd of its logarithm, and the relative inhibitory PSP."""
SLOWNESS = 0.4
"""Variance of white noise that gives the rates of synaptic noise, relative to its own variance."""
STRONGEST = 5.0
"""Largest PSP (mV)."""
IN_DEGREE = 15
"""Mean number of synapses onto a neuron, which have at most half of the neurons as sources."""
DT = 0.5
"""Time step (ms)."""
INTERVAL = 1.0
"""Sampling interval of the shared current (ms)."""


@dataclass(frozen=True)
class Kind:
    """Size of a recording, and the input that its neurons share.

    Attributes
    ----------
    neurons : int
    minutes : float
    shared : float
        Standard deviation of the depolarisation by the shared current (mV).
    tau : float
        Correlation time of the shared current (ms).
    """

    neurons: int = 50
    minutes: float = 10.0
    shared: float = 0.0
    tau: float = 2000.0

    @property
    def duration(self) -> float:
        """ms."""
        return 60e3 * self.minutes

    @property
    def label(self) -> str:
        """Words for tables."""
        shared = f", {self.shared:g} mV shared, {self.tau:g} ms" if self.shared else ""
        return f"{self.neurons} × {self.minutes:g} min{shared}"


@dataclass(frozen=True, eq=False)
class Synapses:
    """Matrices of shape (n, n); rows are presynaptic neurons, the excitatory ones first.

    Attributes
    ----------
    psps : ndarray
        Peaks of PSPs (mV), 0 for no synapse.
    delays : ndarray
        ms.
    kinds : ndarray of int
        Index into `TAUS`.
    """

    psps: NDArray[np.float64]
    delays: NDArray[np.float64]
    kinds: NDArray[np.int64]


def draw_synapses(n: int, seed: int) -> Synapses:
    """Draw the synapses of n neurons."""
    rng, shape = np.random.default_rng([seed, n]), (n, n)
    exists = rng.random(shape) < min(0.5, IN_DEGREE / n)
    np.fill_diagonal(exists, False)
    sign = np.where(np.arange(n) < round(EXCITATORY * n), 1.0, -INHIBITION)[:, None]
    strength = PSP * np.exp(SPREAD * rng.standard_normal(shape))
    psps = np.where(exists, np.clip(sign * strength, -STRONGEST, STRONGEST), 0.0)
    return Synapses(psps, rng.uniform(*DELAYS, shape), rng.integers(len(TAUS), size=shape))


def network(kind: Kind, seed: int) -> ns.Network:
    """Return the network of a seed; its population is called "cells"."""
    n, neuron, net = kind.neurons, ns.LIF(), ns.Network()
    synapses = draw_synapses(n, seed)
    rng = np.random.default_rng([seed, n, 1])
    rates = RATES[0] * (RATES[1] / RATES[0]) ** rng.random(n)
    cells = net.add("cells", n, neuron, dale=False)
    mean, variance = np.zeros(n), np.full(n, NOISE**2 + kind.shared**2)
    for index, tau in enumerate(TAUS):
        synapse = ns.ExpCurrent(tau)
        psps = np.where(synapses.kinds == index, synapses.psps, 0.0)
        pairs = np.nonzero(psps)
        delays = synapses.delays[pairs]
        net.connect(
            *(cells, cells, ns.Explicit(*pairs)), synapse=synapse, psp=psps[pairs], delay=delays
        )
        area, square = _integrals(neuron, synapse)
        mean += 1e-3 * area * (rates @ psps)
        variance += SLOWNESS * 1e-3 * square * (rates @ psps**2)
    target = [
        _mean_for(rate, sd, neuron) for rate, sd in zip(rates, np.sqrt(variance), strict=True)
    ]
    net.drive(cells, ns.ConstantCurrent((target - mean - neuron.v_rest) / neuron.resistance))
    net.drive(cells, ns.MembraneNoise(NOISE))
    if kind.shared:
        current = shared_depolarisation(kind, seed) / neuron.resistance
        net.drive(cells, ns.CurrentWaveform(current, INTERVAL))
    return net


def shared_depolarisation(kind: Kind, seed: int) -> NDArray[np.float64]:
    """Return an Ornstein–Uhlenbeck process (mV) with one value per `INTERVAL`."""
    rng = np.random.default_rng([seed, kind.neurons, 2])
    kept = np.exp(-INTERVAL / kind.tau)
    noise = rng.standard_normal(round(kind.duration / INTERVAL))
    noise[1:] *= np.sqrt(1.0 - kept**2)
    return kind.shared * lfilter([1.0], [1.0, -kept], noise)


def record(kind: Kind, seed: int, threads: int = 1) -> list[NDArray[np.float64]]:
    """Simulate the network of a seed and return the spike times of each neuron (ms)."""
    net = network(kind, seed)
    result = ns.simulate(net, kind.duration, dt=DT, seed=seed, threads=threads)
    return result.spikes["cells"].by_neuron()


def _integrals(neuron: ns.LIF, synapse: ns.ExpCurrent) -> tuple[float, float]:
    """Return the integrals of a PSP with peak 1 (ms) and of its square (ms)."""
    tau_m, tau_s = neuron.tau_m, synapse.tau
    peak = synapse.time_to_peak(neuron)
    height = np.exp(-peak / tau_m) - np.exp(-peak / tau_s)
    square = (tau_m - tau_s) ** 2 / (2.0 * (tau_m + tau_s))
    return (tau_m - tau_s) / height, square / height**2


def _mean_for(rate: float, sd: float, neuron: ns.LIF) -> float:
    """Return the mean potential (mV) that gives a rate (Hz) with white noise of a given sd."""
    means = np.linspace(neuron.v_threshold - 8.0 * sd, neuron.v_threshold + 2.0 * sd, 400)
    return float(np.interp(rate, siegert_rate(means, sd, neuron, dt=DT), means))
