"""A single neuron against NEST 3.10: spike times to the step, potentials to rounding."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns

DATA = Path(__file__).parent.parent / "data"
NEURON = ns.LIF(tau_m=10.0, t_ref=2.0)
EXCITATION = [10.0, 12.0, 12.1, 30.0, 31.0, 32.0, 33.0, 34.0, 35.0, 60.0, 60.5, 61.0]
INHIBITION = [20.0, 36.0, 62.0]


def _rows(name: str, models: tuple[str, ...]) -> list[dict[str, str]]:
    with open(DATA / name) as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return [row for row in rows if row["model"] in models]


@pytest.mark.parametrize("model", ["iaf_psc_exp", "iaf_psc_delta"])
def test_spike_times_under_constant_current_equal_nests_at_every_step(model: str) -> None:
    rows = _rows("nest_single_neuron.csv", (model,))
    assert len(rows) == 20
    net = ns.Network()
    cells = net.add("cells", len(rows), NEURON)
    net.drive(cells, ns.ConstantCurrent(np.array([float(row["I_pA"]) for row in rows])))
    spikes = ns.simulate(net, 1000.0).spikes["cells"]
    for i, row in enumerate(rows):
        expected = np.rint(np.array(row["spike_times_ms"].split(), float) / 0.1)
        steps = np.rint(spikes.of(i) / 0.1)
        assert np.array_equal(steps, expected), f"I = {row['I_pA']} pA"


@pytest.mark.parametrize(
    ("model", "excitatory", "inhibitory", "weights"),
    [
        ("iaf_psc_exp", ns.ExpCurrent(5.0), ns.ExpCurrent(10.0), (150.0, -200.0)),
        ("iaf_psc_delta", ns.DeltaSynapse(), ns.DeltaSynapse(), (4.0, -3.0)),
    ],
)
def test_potentials_under_given_spikes_equal_nests(model, excitatory, inhibitory, weights) -> None:
    rows = _rows("nest_psp.csv", (model,))
    expected = np.array([float(row["V_m"]) for row in rows])
    net = ns.Network()
    cell = net.add("cell", 1, NEURON)
    net.drive(cell, ns.SpikeTimes(EXCITATION), synapse=excitatory, weight=weights[0], delay=1.5)
    net.drive(cell, ns.SpikeTimes(INHIBITION), synapse=inhibitory, weight=weights[1], delay=1.5)
    net.record(cell, "v")
    result = ns.simulate(net, len(expected) * 0.1)
    trace = result.traces["cell", "v"]
    fired = np.rint(result.spikes["cell"].times / 0.1).astype(int) - 1
    assert np.all(trace.with_spikes(0)[fired] == NEURON.v_peak)
    assert np.abs(trace.of(0) - expected).max() < 1e-7
