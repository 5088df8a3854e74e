"""Simulation of a population of neurons coupled by filters.

A spike adds its filters to the scores of the next bins, so the cost is spikes · neurons · lags +
bins · neurons. The random number of neuron i in bin t is that of escape noise in the engine, so the
network of `to_network` fires the same spikes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

import neurosim as ns
from bridge.recordings.glm.simulation_kernels import advance
from bridge.utils.warn import warn
from neurosim.builder.streams import stream_key

if TYPE_CHECKING:
    from bridge.recordings.glm.filtered_population import FilteredPopulation

# Name of the population in the network, which determines its random numbers.
POPULATION = "neurons"
# Bins since the last spike of a neuron that has not fired yet.
LONG_AGO = 2**62
# Bins between two tests for runaway activity.
CHUNK = 1000
# Runaway activity exceeds the expected rate by this factor, and this number of spikes per bin.
RUNAWAY_FACTOR = 10.0
RUNAWAY_SPIKES = 0.25


class Link(NamedTuple):
    """Probability of a bin without spikes, exp(−gain · g(score + shift)), and the spike count.

    Attributes
    ----------
    softplus : bool
        Whether g(x) is ln(1 + e^x); else it is e^x.
    counts : bool
        Whether a neuron can fire more than once in a bin.
    gain, shift : (n,) ndarray
    dispersion : (n,) ndarray
        Of negative binomial counts; 0 for Poisson counts.
    """

    softplus: bool
    counts: bool
    gain: NDArray[np.float64]
    shift: NDArray[np.float64]
    dispersion: NDArray[np.float64]

    @classmethod
    def of(cls, population: FilteredPopulation) -> Link:
        """Return the link of the family of a population."""
        family, alpha = population.family, population.dispersion
        if family.name == "negative_binomial":
            # ln(1 + αe^η)/α
            return cls(True, True, 1.0 / alpha, np.log(alpha), alpha)
        softplus, zero = family.link in ("logit", "softplus"), np.zeros(len(alpha))
        return cls(softplus, family.counts, zero + 1.0, zero, zero)


def simulate(
    population: FilteredPopulation, n_bins: int, seed: int, rates: NDArray[np.float64]
) -> ns.SpikeTrains:
    """Simulate a population for a number of bins, or until its activity runs away.

    `rates` are the expected spikes per bin.
    """
    n, limit = len(rates), runaway_limit(rates, population.refractory, population.family.counts)
    filters, history = _by_lag(population)
    link, key = Link.of(population), stream_key(seed, "escape", POPULATION)
    pending, last = np.zeros(filters.shape[1:]), np.full(n, -LONG_AGO)
    buffer = np.empty((CHUNK * n, 3), dtype=np.int64)
    found, stopped = [], n_bins
    for first in range(0, n_bins, CHUNK):
        size = min(CHUNK, n_bins - first)
        drive = population.drive_of(first, size)
        written = advance(
            *(filters, history, population.intercept, population.refractory, drive, link),
            *(key, first, size, pending, last, buffer),
        )
        found.append(np.repeat(buffer[:written, :2], buffer[:written, 2], axis=0))
        counts = np.bincount(found[-1][:, 1], minlength=n)
        runaway = (counts > limit * size) & (size == CHUNK)
        if runaway.any():
            stopped = first + size
            _warn_of_runaway(population, counts / size, rates, runaway, stopped, n_bins)
            break
    bins, ids = np.concatenate(found).T
    width = population.bin_width
    return ns.SpikeTrains(
        *((bins + 1) * width, ids, np.arange(n)),
        names=population.names,
        dt=width,
        t_start=0.0,
        t_stop=stopped * width,
    )


def _by_lag(population: FilteredPopulation) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return filters (source, lag, target), and the history of last spikes (neuron, lag)."""
    filters = population.filters
    if filters.shape[2] == 0:
        filters = np.zeros((*filters.shape[:2], 1))
    filters = np.array(filters.swapaxes(1, 2), order="C")
    if not population.last_spike_only:
        return filters, np.empty((len(filters), 0))
    same = np.arange(len(filters))
    history = filters[same, :, same].copy()
    filters[same, :, same] = 0.0
    return filters, history


def runaway_limit(
    rates: NDArray[np.float64], refractory: NDArray[np.int64], counts: bool
) -> NDArray[np.float64]:
    """Return the spikes per bin of runaway activity, given the expected ones, shape (n,)."""
    limit = np.maximum(RUNAWAY_FACTOR * rates, RUNAWAY_SPIKES)
    if counts:
        return limit
    # Activity saturates at the refractory period: half-way between that and the expected rate.
    highest = 1.0 / (1.0 + refractory)
    return np.where(rates < 0.5 * highest, np.minimum(limit, 0.5 * (rates + highest)), 1.0)


def _warn_of_runaway(
    population: FilteredPopulation,
    found: NDArray[np.float64],
    expected: NDArray[np.float64],
    runaway: NDArray[np.bool_],
    stopped: int,
    n_bins: int,
) -> None:
    """Warn that the simulation was stopped."""
    worst = int(np.argmax(np.where(runaway, found, -1.0)))
    name = worst if population.names is None else population.names[worst]
    width = population.bin_width
    warn(
        f"the simulation stopped at {stopped * width:g} of {n_bins * width:g} ms because its "
        f"activity runs away: {int(runaway.sum())} of {len(found)} neurons, neuron {name} at "
        f"{1e3 * found[worst] / width:.0f} Hz instead of {1e3 * expected[worst] / width:.3g} Hz; "
        "increase the penalty of the fit, or add a refractory period"
    )
