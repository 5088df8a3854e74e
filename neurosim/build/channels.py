"""Ion channels of one thread's neurons, and where their gates stand at the start."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from neurosim.kernels import Channels
from neurosim.kernels.channels import SPIKE
from neurosim.kernels.types import (
    CHANNELS,
    E_K,
    E_L,
    E_NA,
    FIRST,
    G_K,
    G_L,
    G_NA,
    GATES,
    GROUP,
    LAST,
    MANNER,
    MOST_G,
    PER_C,
    V_HIGH,
    V_LOW,
    V_REST,
)
from neurosim.network import HodgkinHuxley, gate_rates, steady_gates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.build.layout import Layout
    from neurosim.kernels import Neurons

LONGEST_PART = 0.0125
"""ms: the method of Runge and Kutta is then off by less than 1e-5 mV in an action potential."""
STABLE = 2.785
"""Largest rate times step at which the method of Runge and Kutta is stable."""


def _stable_range(substep: float) -> list[float]:
    """Return the lowest and highest potential (mV) at which no gate is too fast for a step (ms)."""

    def excess(v: float) -> float:
        return float(gate_rates(v).sum(axis=0).max()) * substep - STABLE

    # The largest rate is 4 per ms at -65 mV, and grows both ways.
    return [brentq(excess, -65.0, -500.0), brentq(excess, 0.0, 100.0 * STABLE / substep)]


def _rates(neuron: HodgkinHuxley, substep: float) -> NDArray[np.float64]:
    """Return the row of `Channels.rates` of a neuron, for parts of a step (ms)."""
    row = np.zeros(11)
    row[[G_NA, G_K, G_L]] = np.array([neuron.g_na, neuron.g_k, neuron.g_l]) / neuron.c_m
    row[[E_NA, E_K, E_L]] = neuron.e_na, neuron.e_k, neuron.e_l
    row[V_REST], row[PER_C] = neuron.v_rest, 1.0 / neuron.c_m
    row[[V_LOW, V_HIGH]] = np.array(_stable_range(substep)) - neuron.v_rest
    reachable = row[[G_NA, G_K, G_L]].sum() * substep >= STABLE
    row[MOST_G] = STABLE / substep if reachable else math.inf
    return row


def channel_tables(layout: Layout, neurons: Neurons, thread: int, dt: float) -> Channels | None:
    """Lay out the ion channels of one thread's neurons; None where no neuron has any.

    Parameters
    ----------
    layout : Layout
    neurons : Neurons
        Of the thread.
    thread : int
    dt : float
        ms.
    """
    manner = neurons.firing[:, MANNER]
    if not (manner == CHANNELS).any():
        return None
    parts = math.ceil(dt / LONGEST_PART - 1e-9)
    rates = np.zeros((len(manner), 11))
    for g, share in enumerate(layout.threads[thread].shares):
        neuron = layout.populations[share.population].neuron
        if isinstance(neuron, HodgkinHuxley):
            rates[g] = _rates(neuron, dt / parts)
    gates = np.where(
        manner == CHANNELS, GATES * (neurons.groups[:, LAST] - neurons.groups[:, FIRST]), 0
    )
    return Channels(
        blocks=np.flatnonzero(manner[neurons.blocks[:, GROUP]] == CHANNELS),
        first_gate=np.cumsum(gates) - gates,
        rates=rates,
        substep=np.array([dt / parts, parts]),
    )


def starting_gates(
    neurons: Neurons, channels: Channels | None, v_start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return `State.gates` at time 0: the gates in their steady state at the initial potential.

    Parameters
    ----------
    neurons : Neurons
    channels : Channels or None
    v_start : (n_local,) ndarray
        Relative to rest (mV).
    """
    gates = [np.empty(0)]
    if channels is not None:
        for firing, group, row in zip(neurons.firing, neurons.groups, channels.rates, strict=True):
            if firing[MANNER] == CHANNELS:
                v = v_start[group[FIRST] : group[LAST]] + row[V_REST]
                # As in NEST, a neuron that starts above 0 mV spikes when V falls.
                gates.append(np.vstack([steady_gates(v), v >= SPIKE]).T.ravel())
    return np.concatenate(gates)
