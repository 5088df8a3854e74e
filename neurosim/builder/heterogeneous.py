"""Integrate-and-fire neurons whose parameters differ within a population."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.builder.layout import NOISE
from neurosim.builder.parameters import drawn_neuron, refractory_of
from neurosim.builder.propagators import (
    filter_of_current,
    link_of,
    membrane_factors,
    noise_per_step,
)
from neurosim.kernels import Heterogeneous
from neurosim.kernels.types import SpikeMechanism
from neurosim.models import LIF

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from neurosim.builder.context import BuildContext
    from neurosim.kernels import Neurons


def _neuron_values(neuron: LIF, dt: float) -> dict[str, Any]:
    """Return the values per neuron of a population, by field of `Heterogeneous`."""
    p_vv, p_vi = np.vectorize(membrane_factors)(neuron.tau_m, neuron.c_m, dt)
    threshold = neuron.v_threshold - neuron.v_rest
    return {
        "p_vv": p_vv,
        "p_vi": p_vi,
        "threshold": threshold if neuron.escape is None else math.inf,
        "soft_threshold": threshold,
        "reset": neuron.v_reset - neuron.v_rest,
        "subtract": getattr(neuron, "subtract", 0.0),
        "refractory": refractory_of(neuron, dt),
    }


def _port_values(neuron: LIF, port: Hashable, dt: float) -> dict[str, Any]:
    """Return the values per neuron of a port, by field of `Heterogeneous`."""
    factors = np.vectorize(filter_of_current, excluded=[0])
    p_vs, p_vr = factors(port, neuron.tau_m, neuron.c_m, dt)
    # Noise is drawn with a standard deviation of sigma times 1.
    factor = np.vectorize(noise_per_step)(neuron.tau_m, dt) if port == NOISE else 1.0
    return {"p_vs": p_vs, "p_vr": p_vr, "factor": factor}


def heterogeneous_tables(
    context: BuildContext, thread: int, neurons: Neurons
) -> Heterogeneous | None:
    """Lay out the heterogeneous neurons of one thread; None without such neurons.

    Parameters
    ----------
    context : BuildContext
    thread : int
    neurons : Neurons
        Neurons of the thread.
    """
    dt = context.dt
    chosen = neurons.groups["mechanism"] == SpikeMechanism.HETEROGENEOUS
    if not chosen.any():
        return None
    first, first_port, links = np.zeros((3, len(chosen)), np.int64)
    columns: dict[str, list[NDArray[np.float64]]] = {
        name: [] for name in Heterogeneous._fields[Heterogeneous._fields.index("p_vv") :]
    }
    for g, local in enumerate(context.parts(thread)):
        if not chosen[g]:
            continue
        population = context.layout.populations[local.population]
        neuron: Any = drawn_neuron(population, context.seed)
        first[g], first_port[g] = (sum(map(len, columns[name])) for name in ("p_vv", "p_vs"))
        links[g] = link_of(neuron)
        found = [_neuron_values(neuron, dt), *(_port_values(neuron, p, dt) for p in local.slots)]
        for name, value in (item for values in found for item in values.items()):
            whole = np.broadcast_to(np.asarray(value, float), population.size)
            columns[name].append(whole[local.start : local.stop])
    return Heterogeneous(
        blocks=np.flatnonzero(chosen[neurons.blocks["group"]]),
        first_value=first,
        first_port_value=first_port,
        links=links,
        **{name: np.concatenate(parts) for name, parts in columns.items()},
    )
