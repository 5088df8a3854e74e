"""Convert a neurosim network to plain numbers that every simulator can use."""

from __future__ import annotations

from typing import Any

import numpy as np

import neurosim as ns
from benchmarks.peers.protocol import (
    NetworkDict,
    PartDict,
    PoissonDict,
    PopulationDict,
    ProjectionDict,
    ValueDict,
)
from neurosim.models.declare import parameters_of
from neurosim.models.quantity import is_distribution

RULES = ("FixedInDegree", "FixedTotalNumber", "FixedProbability", "AllToAll")
NEURONS = ("LIF", "AdEx", "HodgkinHuxleyTraub", "Izhikevich")
SYNAPSES = ("DeltaSynapse", "ExpCurrent", "ExpConductance")
SHORT_TERM = ("TsodyksMarkram",)
_INTEGRATION = ("method", "substep")


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
    noise: dict[str, PartDict] = {}
    poisson: list[PoissonDict] = []
    for drive in net.drives:
        source, target = drive.input, drive.target.name
        if drive.ids is not None:
            raise TypeError(f"the comparison does not support {drive!r}")
        if isinstance(source, ns.ConstantCurrent):
            currents[target] += float(source.amplitude)
        elif isinstance(source, ns.WhiteNoiseCurrent):
            noise[target] = _part(source, ("WhiteNoiseCurrent",))
        elif isinstance(source, ns.Poisson):
            strength: Any = drive.weight
            poisson.append(
                {
                    "target": target,
                    "rate": float(source.rate),
                    "synapse": _part(drive.synapse, SYNAPSES),
                    "weight": float(strength),
                }
            )
        else:
            raise TypeError(f"the comparison does not support {source!r}")
    return {
        "dt": dt,
        "populations": [
            _population(p, currents[p.name], noise.get(p.name)) for p in net.populations
        ],
        "projections": [_projection(p, dt) for p in net.projections],
        "poisson": poisson,
    }


def _population(
    population: ns.Population, current: float, noise: PartDict | None
) -> PopulationDict:
    neuron = population.neuron
    start = neuron.v_rest if population.v_init is None else population.v_init
    return {
        "name": population.name,
        "size": population.size,
        "neuron": _part(neuron, NEURONS),
        "integration": {name: getattr(neuron, name) for name in _INTEGRATION},
        "v_init": _value_dict(start),
        "initial": {name: _value_dict(value) for name, value in population.initial.items()},
        "current": current,
        "noise": noise,
    }


def _projection(projection: ns.Projection, dt: float) -> ProjectionDict:
    rule, delay = projection.rule, projection.delay
    if type(rule).__name__ not in RULES:
        raise TypeError(f"the comparison does not support {rule!r}")
    if isinstance(delay, (ns.Normal, ns.Uniform)):
        # Delays that would round to zero steps are redrawn, as in neurosim and in the reference
        # implementation of the microcircuit in NEST.
        delay = delay.truncated(dt / 2.0, np.inf)
    if projection.plasticity is not None:
        raise TypeError(f"the comparison does not support {projection.plasticity!r}")
    short_term = projection.short_term
    return {
        "source": projection.source.name,
        "target": projection.target.name,
        "rule": type(rule).__name__,  # type: ignore[typeddict-item]
        "n": getattr(rule, "p", getattr(rule, "n", 0.0)),
        "synapse": _part(projection.synapse, SYNAPSES),
        "short_term": None if short_term is None else _part(short_term, SHORT_TERM),
        "weight": _value_dict(projection.weight),
        "delay": _value_dict(delay),
    }


def _part(part: Any, supported: tuple[str, ...]) -> PartDict:
    """Return the class and the parameters of a part."""
    if type(part).__name__ not in supported:
        raise TypeError(f"the comparison does not support {part!r}")
    values = {name: getattr(part, name) for name in parameters_of(type(part))}
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            values[name] = value.tolist()
        elif is_distribution(value):
            raise TypeError(f"the comparison does not support {name} = {value!r}")
    return {"model": type(part).__name__, "values": values}


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
        synapses[p.source.name] += p.rule.expected_synapses(*p.ends.shape, n_common=p.ends.n_common)
    return {p.name: synapses[p.name] / p.size for p in net.populations}
