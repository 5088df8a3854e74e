"""Convert a neurosim network to plain numbers that every simulator can use."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

import neurosim as ns
from benchmarks.peers.protocol import (
    NetworkDict,
    PoissonDict,
    PopulationDict,
    ProjectionDict,
    ValueDict,
)

RULES = (ns.FixedInDegree, ns.FixedTotalNumber, ns.FixedProbability)


def describe(net: ns.Network, dt: float) -> NetworkDict:
    """Return a description of a network as plain numbers.

    Parameters
    ----------
    net : Network
    dt : float
        Time step (ms).

    Raises
    ------
    TypeError
        If the network uses features that the comparison does not support in all simulators.
    """
    currents = dict.fromkeys((p.name for p in net.populations), 0.0)
    poisson: list[PoissonDict] = []
    for drive in net.drives:
        source, target = drive.input, drive.target.name
        if drive.ids is not None or not isinstance(source, (ns.ConstantCurrent, ns.Poisson)):
            raise TypeError(f"the comparison does not support {source!r}")
        if isinstance(source, ns.ConstantCurrent):
            currents[target] += float(source.amplitude)
            continue
        strength: Any = drive.weight
        poisson.append(
            {
                "target": target,
                "rate": float(source.rate),
                "tau": _tau(drive.synapse),
                "weight": float(strength),
            }
        )
    return {
        "dt": dt,
        "populations": [_population(p, currents[p.name]) for p in net.populations],
        "projections": [_projection(p, dt) for p in net.projections],
        "poisson": poisson,
    }


def _population(population: ns.Population, current: float) -> PopulationDict:
    neuron = population.neuron
    start = neuron.v_rest if population.v_init is None else population.v_init
    return {
        "name": population.name,
        "size": population.size,
        "neuron": {field.name: getattr(neuron, field.name) for field in fields(neuron)},
        "v_init": _value_dict(start),
        "current": current,
    }


def _projection(projection: ns.Projection, dt: float) -> ProjectionDict:
    rule, delay = projection.rule, projection.delay
    if not isinstance(rule, RULES):
        raise TypeError(f"the comparison does not support {rule!r}")
    if isinstance(delay, (ns.Normal, ns.Uniform)):
        # Delays that would round to zero steps are redrawn, as in neurosim and in the reference
        # implementation of the microcircuit in NEST.
        delay = delay.truncated(dt / 2.0, np.inf)
    return {
        "source": projection.source.name,
        "target": projection.target.name,
        "rule": type(rule).__name__,  # type: ignore[typeddict-item]
        "n": rule.p if isinstance(rule, ns.FixedProbability) else rule.n,
        "tau": _tau(projection.synapse),
        "weight": _value_dict(projection.weight),
        "delay": _value_dict(delay),
    }


def _tau(synapse: object) -> float | None:
    if isinstance(synapse, ns.DeltaSynapse):
        return None
    if isinstance(synapse, ns.ExpCurrent):
        return synapse.tau
    raise TypeError(f"the comparison does not support {synapse!r}")


def _value_dict(value: object) -> ValueDict:
    if isinstance(value, (ns.Normal, ns.Uniform)):
        low, high = (
            value.bounds
        )  # Infinity is not valid JSON, but Python's json module reads and writes it.
        if isinstance(value, ns.Uniform):
            return {"kind": "uniform", "low": low, "high": high}
        return {"kind": "normal", "mean": value.mean, "sd": value.sd, "low": low, "high": high}
    if isinstance(value, (int, float)):
        return {"kind": "constant", "value": float(value)}
    raise TypeError(f"the comparison does not support {value!r}")


def out_degrees(net: ns.Network) -> dict[str, float]:
    """Return the mean number of outgoing synapses per neuron of each population."""
    synapses = dict.fromkeys((p.name for p in net.populations), 0.0)
    for p in net.projections:
        rule, pairs = p.rule, p.source.size * p.target.size
        if isinstance(rule, ns.FixedProbability):
            synapses[p.source.name] += rule.p * pairs
        elif isinstance(rule, ns.FixedInDegree):
            synapses[p.source.name] += rule.n * p.target.size
        elif isinstance(rule, ns.FixedTotalNumber):
            synapses[p.source.name] += rule.n
    return {p.name: synapses[p.name] / p.size for p in net.populations}
