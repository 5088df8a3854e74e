"""A network of spiking neurons that fires with the probabilities of a fitted model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from bridge.neuron.filtered import connect_filter, memoryless_neuron
from bridge.neuron.unit import threshold_distance
from bridge.recordings.glm.simulation import Link
from bridge.utils.checks import positive
from neurosim import NeurosimError

if TYPE_CHECKING:
    from bridge.recordings.glm.filtered_population import FilteredPopulation


def network(model: FilteredPopulation, beta: float | None, name: str) -> ns.Network:
    """Return the network of `FilteredPopulation.to_network`."""
    if model.last_spike_only:
        raise NeurosimError(
            "delta synapses add the effects of all past spikes, but in this model only the last one"
            " acts: fit it with another history basis"
        )
    width, link = model.bin_width, Link.of(model)
    neuron = memoryless_neuron(width)
    distance = threshold_distance(neuron)
    beta = _default_slope(model, distance) if beta is None else positive(beta, "beta", "per mV")
    escape = ns.EscapeRate(
        *(1.0 / beta, width / _common_gain(link)),
        "softplus" if link.softplus else "exponential",
    )
    net = ns.Network()
    cells = net.add(
        name,
        len(model.intercept),
        replace(neuron, escape=escape, t_ref=_refractory(model)),
        dale=False,
    )
    # The score is beta · (V − v_threshold) − shift, and 1 pA depolarises by 1 mV.
    current = distance + (model.intercept + link.shift) / beta
    net.drive(cells, ns.ConstantCurrent(current))
    if len(model.drive):
        net.drive(cells, ns.CurrentWaveform(model.drive / beta, width))
    connect_filter(net, cells, cells, model.filters / beta, width=width)
    return net


def _default_slope(model: FilteredPopulation, distance: float) -> float:
    """Return the slope for which the mean intercept is the resting potential."""
    mean = float(model.intercept.mean())
    if mean >= 0:
        raise NeurosimError(
            f"the mean intercept is {mean:g}, not below 0: the neurons fire at rest, and their "
            "scale in mV is undetermined; give beta (per mV)"
        )
    return -mean / distance


def _common_gain(link: Link) -> float:
    """Return the gain of the link, which all neurons of a population share."""
    if np.ptp(link.gain) > 1e-9 * link.gain[0]:
        raise NeurosimError(
            f"dispersions from {link.dispersion.min():.3g} to {link.dispersion.max():.3g}: the "
            "neurons of a network need the same one; fit Poisson or Bernoulli neurons"
        )
    return float(link.gain[0])


def _refractory(model: FilteredPopulation) -> float | np.ndarray:
    """Return the refractory period (ms), one number if it is the same for all neurons."""
    periods = model.bin_width * model.refractory
    return float(periods[0]) if (periods == periods[0]).all() else periods
