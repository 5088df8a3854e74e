"""Errors of integration methods, those of NEST and Brian2 included, on a grid of 0.1 ms.

python -m benchmarks.peers.errors

Neurons of the compared networks are simulated with each method and compared with SciPy's DOP853
with tolerances of 1e-10. The method "gsl" gives the spikes of NEST, see
`tests/oracle/test_nest_models.py`. Brian2 uses the formulas of "euler" and "exponential_euler".
All of them send and reset spikes at the end of a step; these delays add up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

import neurosim as ns
from neurosim.bench.networks.vogels_abbott import NEURON, adex, cobahh
from neurosim.engine.verification import reference_solution

DT, DURATION = 0.1, 500.0
# Conductance that a single spike opens (nS), and its time constant (ms).
PEAK, TAU = 40.0, 200.0
BY = {"adaptive": "neurosim's default", "rk4": "neurosim's default", "gsl": "NEST"}


@dataclass(frozen=True, eq=False)
class Opened(ns.NeuronModel):
    """An integrate-and-fire neuron with a conductance that is open at time 0."""

    v_rest: float = ns.parameter(NEURON.v_rest, "mV", -100.0, 0.0, "resting potential")
    v_threshold: float = ns.parameter(NEURON.v_threshold, "mV", -100.0, 0.0, "threshold")
    v_reset: float = ns.parameter(NEURON.v_reset, "mV", -100.0, 0.0, "potential after a spike")
    tau_m: float = ns.parameter(NEURON.tau_m, "ms", 1.0, 100.0, "time constant")
    c_m: float = ns.parameter(NEURON.c_m, "pF", 1.0, 1e3, "capacitance")
    tau: float = ns.parameter(TAU, "ms", 1.0, 1e3, "time constant of the conductance")
    t_ref: float = ns.parameter(NEURON.t_ref, "ms", 0.0, 100.0, "refractory period")

    v: ClassVar = ns.state("mV", "v_rest", "membrane potential")
    g: ClassVar = ns.state("nS", PEAK, "conductance")

    @staticmethod
    def derivatives(v, g, i, p):
        """Return dv/dt and dg/dt."""
        return (p.v_rest - v) / p.tau_m + (i - g * v) / p.c_m, -g / p.tau

    @staticmethod
    def spikes(v_before, v, g, p):
        """Return whether the neuron fires."""
        return v > p.v_threshold

    @staticmethod
    def reset(v, g, p):
        """Return the states after a spike."""
        return p.v_reset, g


def main() -> None:
    """Print the table."""
    print("| neuron | method | as in | spikes | largest error of a spike time (ms) |")
    print("|---|---|---|--:|--:|")
    for method in ("rk4", "gsl", "exponential_euler"):
        _print("integrate-and-fire, conductance", method, *_with_conductance(method))
    neurons = {
        "AdEx": (adex(1.0).populations[0].neuron, 500.0, ("adaptive", "gsl", "euler")),
        "Hodgkin-Huxley of Traub": (
            cobahh(1.0).populations[0].neuron, 500.0, ("rk4", "gsl", "exponential_euler")
        ),
    }  # fmt: skip
    for name, (neuron, current, methods) in neurons.items():
        for method in methods:
            found = replace(neuron, method=method).verify(current, DURATION, DT)
            _print(name, method, found.spike_times, found.reference_times)


def _with_conductance(method: str) -> tuple[np.ndarray, np.ndarray]:
    """Return spike times of a neuron whose synapse opens once, and those of the reference."""
    net = ns.Network()
    cell = net.add("cell", 1, replace(NEURON, method=method))
    net.drive(cell, ns.SpikeTimes([DT]), synapse=ns.ExpConductance(tau=TAU), weight=PEAK)
    simulated = ns.simulate(net, DURATION, dt=DT).spikes["cell"].times - DT
    return simulated, reference_solution(Opened(), 0.0, DURATION, np.empty(0))[1]


def _print(name: str, method: str, simulated: np.ndarray, reference: np.ndarray) -> None:
    """Print a row."""
    error = "other spikes"
    if len(simulated) == len(reference):
        error = f"{np.abs(simulated - reference).max():.3f}"
    print(f"| {name} | {method} | {BY.get(method, 'Brian2')} | {len(reference)} | {error} |")


if __name__ == "__main__":
    main()
