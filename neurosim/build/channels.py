"""Ion channels of one thread's neurons, and where their gates stand at the start."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from neurosim.kernels import Channels
from neurosim.kernels.types import (
    CHANNELS,
    E_K,
    E_L,
    E_NA,
    FIRST,
    G_K,
    G_L,
    G_NA,
    GROUP,
    LAST,
    MANNER,
    PER_C,
    V_REST,
)
from neurosim.network import HodgkinHuxley, steady_gates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.build.layout import Layout
    from neurosim.kernels import Neurons

LONGEST_PART = 0.0125
"""ms: the method of Runge and Kutta is then off by less than 1e-5 mV in an action potential."""


def _rates(neuron: HodgkinHuxley) -> NDArray[np.float64]:
    """Return the row of `Channels.rates` of a neuron."""
    row = np.zeros(8)
    row[[G_NA, G_K, G_L]] = np.array([neuron.g_na, neuron.g_k, neuron.g_l]) / neuron.c_m
    row[[E_NA, E_K, E_L]] = neuron.e_na, neuron.e_k, neuron.e_l
    row[V_REST], row[PER_C] = neuron.v_rest, 1.0 / neuron.c_m
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
    rates = np.zeros((len(manner), 8))
    for g, share in enumerate(layout.threads[thread].shares):
        neuron = layout.populations[share.population].neuron
        if isinstance(neuron, HodgkinHuxley):
            rates[g] = _rates(neuron)
    gates = np.where(
        manner == CHANNELS, 3 * (neurons.groups[:, LAST] - neurons.groups[:, FIRST]), 0
    )
    parts = math.ceil(dt / LONGEST_PART - 1e-9)
    return Channels(
        blocks=np.flatnonzero(manner[neurons.blocks[:, GROUP]] == CHANNELS),
        first_gate=np.cumsum(gates) - gates,
        rates=rates,
        substep=np.array([dt / parts, parts]),
    )


def starting_gates(
    neurons: Neurons, channels: Channels | None, v_start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the gates of neurons with ion channels at time 0: those of a potential that stands.

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
                gates.append(steady_gates(v).T.ravel())
    return np.concatenate(gates)
