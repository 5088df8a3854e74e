"""The cortical microcircuit model of Potjans & Diesmann: parameters and network.

T. C. Potjans & M. Diesmann, *The Cell-Type Specific Cortical Microcircuit: Relating Structure and
Activity in a Full-Scale Spiking Network Model*, Cerebral Cortex 24, 785 (2014). The initial
membrane potentials are those of the reference implementation, which shorten the initial transient.
"""

from __future__ import annotations

import numpy as np

import neurosim as ns

NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])

CONNECTION_PROBABILITY = np.array(
    [
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
        [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
    ]
)
"""Probability that a pair is connected at least once. Rows are targets, columns are sources."""

EXTERNAL_IN_DEGREE = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
EXTERNAL_RATE = 8.0
"""Rate of each external input (Hz)."""

NEURON = ns.LIF(v_rest=-65.0, v_threshold=-50.0, v_reset=-65.0, tau_m=10.0, c_m=250.0, t_ref=2.0)
SYNAPSE = ns.ExpCurrent(0.5)
PSP = 0.15
"""Mean PSP of an excitatory synapse (mV), doubled from L4E to L23E."""
INHIBITION = -4.0
"""Strength of inhibitory synapses relative to excitatory ones."""
PSP_SPREAD = 0.1
DELAY = (1.5, 0.75)
"""Mean delay of excitatory and inhibitory synapses (ms)."""
DELAY_SPREAD = 0.5

V_START_MEAN = np.array([-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43])
V_START_SD = np.array([5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48])
"""Mean and standard deviation of the initial membrane potential per population (mV)."""

PUBLISHED_RATES = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])
"""Firing rates of the reference implementation at full scale (Hz)."""


def synapse_numbers() -> np.ndarray:
    """Return the number of synapses at full scale, shape (target, source).

    Pairs are sampled with replacement. With K synapses between populations of N and M neurons, a
    pair is connected at least once with probability p = 1 − (1 − 1/(N·M))^K.
    """
    pairs = np.outer(SIZES, SIZES).astype(float)
    return np.rint(np.log1p(-CONNECTION_PROBABILITY) / np.log1p(-1.0 / pairs)).astype(int)


def mean_psps() -> np.ndarray:
    """Return the mean PSP (mV) of each projection, (target, source)."""
    psps = np.tile([PSP, INHIBITION * PSP], (len(NAMES), len(NAMES) // 2))
    psps[NAMES.index("L23E"), NAMES.index("L4E")] *= 2.0
    return psps


def missing_current(scale: float) -> np.ndarray:
    """Return constant currents (pA) that compensate the mean input lost by scaling.

    At scale s, in-degrees are multiplied by s and weights by 1/√s. This preserves the variance of
    the input and multiplies its mean by √s, so that a fraction 1 − √s of the full-scale mean is
    missing. Source: van Albada, Helias & Diesmann, PLoS Computational Biology 11, e1004490 (2015).
    """
    per_mv = 1.0 / SYNAPSE.psp_per_weight(NEURON)
    in_degrees = synapse_numbers() / SIZES[:, np.newaxis]
    recurrent = (mean_psps() * per_mv * in_degrees) @ PUBLISHED_RATES
    external = PSP * per_mv * EXTERNAL_IN_DEGREE * EXTERNAL_RATE
    return (1.0 - np.sqrt(scale)) * SYNAPSE.tau * 1e-3 * (recurrent + external)


def external_current() -> np.ndarray:
    """Return constant currents (pA) equal to the mean Poisson input at full scale."""
    per_mv = 1.0 / SYNAPSE.psp_per_weight(NEURON)
    return PSP * per_mv * EXTERNAL_IN_DEGREE * EXTERNAL_RATE * SYNAPSE.tau * 1e-3


def microcircuit(scale: float = 1.0, *, poisson: bool = True) -> ns.Network:
    """Return the microcircuit.

    Parameters
    ----------
    scale : float
        Fraction of the neurons and of the inputs of each neuron (0 < scale ≤ 1).
    poisson : bool
        If True, the external input is Poisson spikes, otherwise a constant current of equal mean.

    Returns
    -------
    Network
    """
    net = ns.Network()
    populations = [
        net.add(name, max(1, round(size * scale)), NEURON, v_init=ns.Normal(mean, sd))
        for name, size, mean, sd in zip(NAMES, SIZES, V_START_MEAN, V_START_SD, strict=True)
    ]
    weight_factor = 1.0 / np.sqrt(scale)
    numbers = np.rint(synapse_numbers() * scale * scale).astype(int)
    psps = mean_psps() * weight_factor
    for t, target in enumerate(populations):
        for s, source in enumerate(populations):
            if numbers[t, s] == 0:
                continue
            delay = DELAY[s % 2]
            net.connect(
                source,
                target,
                ns.FixedTotalNumber(int(numbers[t, s])),
                synapse=SYNAPSE,
                psp=ns.Normal(psps[t, s], PSP_SPREAD * abs(psps[t, s])),
                delay=ns.Normal(delay, DELAY_SPREAD * delay),
            )
    _drive(net, populations, scale, poisson=poisson)
    return net


def _drive(
    net: ns.Network, populations: list[ns.Population], scale: float, *, poisson: bool
) -> None:
    """Add the external input, and the compensation for downscaling."""
    currents = missing_current(scale)
    if poisson:
        rates = EXTERNAL_RATE * np.rint(EXTERNAL_IN_DEGREE * scale)
        for target, rate in zip(populations, rates, strict=True):
            psp = PSP / np.sqrt(scale)
            net.drive(target, ns.Poisson(float(rate)), synapse=SYNAPSE, psp=psp)
    else:
        # `missing_current` includes 1 − √s of the external mean; add the other √s.
        currents = currents + np.sqrt(scale) * external_current()
    for target, current in zip(populations, currents, strict=True):
        if current != 0.0:
            net.drive(target, ns.ConstantCurrent(float(current)))
