"""Estimates of size and memory, without building the network."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder import build
from neurosim.builder.context import BuildContext
from neurosim.builder.layout import lay_out
from neurosim.builder.memory import check_recordings, expected_bytes
from neurosim.builder.projections import Projections
from neurosim.engine.estimate import estimate_resources, format_part
from neurosim.engine.mpi import Communicator
from neurosim.engine.threads import choose_threads
from tests.networks import everything, learning


def test_neurons_synapses_and_memory_equal_those_of_the_build():
    net = everything()
    estimate = estimate_resources(net, 100.0, 0.1)
    plan = build(net, dt=0.1, seed=1, threads=1)
    assert estimate.neurons == net.size
    # Four projections have exact numbers of synapses, two binomial ones.
    binomial = 83 * 82 * 0.2 * 0.8 + 43 * 21 * 0.2 * 0.8
    assert abs(plan.synapses.n_synapses - estimate.synapses) < 4.0 * np.sqrt(binomial)
    threads = choose_threads(net, None, Communicator())
    context = BuildContext(net, lay_out(net, threads), 0.1, 0, range(threads))
    projections = Projections(context)
    assert estimate.network_bytes == expected_bytes(projections)


def test_recordings_are_as_large_as_their_traces():
    net = everything()
    estimate = estimate_resources(net, 30.0, 0.1)
    result = ns.simulate(net, 30.0)
    assert estimate.recording_bytes == sum(t.values.nbytes for t in result.traces.values())
    assert {r["variable"] for r in estimate.recordings} == {v for _, v in result.traces}


@pytest.mark.parametrize("network", [everything, learning])
def test_an_estimate_is_json(network):
    kept = json.dumps(estimate_resources(network(), 10.0, 0.1).as_dict(), allow_nan=False)
    assert json.loads(kept)["neurons"] == network().size


def test_strengths_are_reported_as_psp_and_as_weight():
    net = ns.Network()
    cell = net.add("cell", 2, ns.LIF())
    net.connect(cell, cell, ns.AllToAll(), synapse=ns.ExpCurrent(2.0), psp=0.5)
    net.connect(cell, cell, ns.OneToOne(), weight=np.array([0.5, 1.5]))
    net.drive(cell, ns.Poisson(100.0), ids=[1], psp=2.0)
    first, second = estimate_resources(net, 1.0, 0.1).projections
    assert first["psp"] == "0.5 mV"
    assert first["weight"].endswith(" pA")
    assert second["psp"] == second["weight"] == "0.5, 1.5 mV"
    assert (first["synapses"], second["synapses"]) == (4.0, 2.0)
    drive = estimate_resources(net, 1.0, 0.1).drives[0]
    assert (drive["neurons"], drive["psp"]) == (1, "2 mV")


def test_a_network_beyond_the_memory_has_no_estimate():
    net = ns.Network()
    net.add("cell", 2**31 - 1, ns.LIF())
    estimate = estimate_resources(net, 1.0, 0.1)
    assert estimate.network_bytes is None
    with pytest.raises(ns.NeurosimError, match=r"about 128\.0 GiB for 2,147,483,647 neurons"):
        ns.Simulation(net)


def test_recordings_beyond_the_memory_are_refused(monkeypatch):
    net = everything()
    monkeypatch.setattr("neurosim.builder.memory.available_memory", lambda: 10**6)
    check_recordings(net, 100.0, 0.1)
    with pytest.raises(ns.NeurosimError, match="record fewer neurons"):
        check_recordings(net, 1e4, 0.1)


def test_parts_are_formatted_as_code():
    assert format_part(ns.LIF(tau_m=10.0)) == "LIF(tau_m=10)"
    assert format_part(ns.FixedInDegree(5, multapses=False)) == "FixedInDegree(5, multapses=False)"
    assert format_part(ns.Poisson(np.arange(9.0))) == "Poisson(9 values from 0 to 8)"
    assert format_part(ns.SpikeTimes([[1.0], [2.0]])) == "SpikeTimes(2 lists)"
    assert format_part(ns.Normal(1.5, 0.2, low=0.0)) == "Normal(1.5, 0.2, low=0)"
    assert format_part(ns.LIF(escape=ns.EscapeRate(2.0, 5.0))) == "LIF(escape=EscapeRate(2, 5))"
