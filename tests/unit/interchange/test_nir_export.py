"""Networks as NIR graphs, and back."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import h5py
import nir
import numpy as np
import pytest
import scipy.sparse

import neurosim as ns
from neurosim.cli import main
from tests.nir_networks import native, native_network

N_STEPS = 1000
SIZES = {"a": 30, "b": 20}


def tangled(kind: str) -> tuple[ns.Network, np.ndarray]:
    """Return a network of loops and delays, and the spikes it is given, (n_steps, 30)."""
    random = np.random.default_rng(1)
    exponential = kind == "exponential"
    synapse = ns.ExpCurrent(5.0) if exponential else ns.DeltaSynapse()
    strength = 150.0 if exponential else 3.0
    net = ns.Network(dale=False)
    a = net.add("a", 30, ns.LIF(t_ref=0.0, c_m=200.0, v_reset=-65.0, tau_m=17.3))
    b = net.add("b", 20, ns.LIF(t_ref=0.0, tau_m=10.0))

    def connect(source, target, rule, weight, delay) -> None:
        net.connect(source, target, rule, synapse=synapse, weight=weight, delay=delay)

    some = (random.random((30, 20)) < 0.4) * random.normal(strength, strength, (30, 20))
    connect(a, b, None, scipy.sparse.csr_array(some), 1.5)
    connect(b, a, ns.AllToAll(), random.normal(-strength / 10, strength / 3, (20, 30)), 2.0)
    connect(a, a, ns.AllToAll(), random.normal(0.0, strength / 10, (30, 30)), 0.1)
    connect(a, a, ns.OneToOne(), -strength, random.integers(1, 5, 30) * 0.3)
    if not exponential:
        net.drive(a, ns.ConstantCurrent(100.0 + 200.0 * random.random(30)))
    given = random.random((N_STEPS, 30)) < 0.06
    times = [(np.flatnonzero(column) + 1) * 0.1 for column in given.T]
    net.drive(a, ns.SpikeTimes(times), synapse=synapse, weight=2.0 * strength)
    return net, given


def grid(trains: ns.SpikeTrains, size: int, n_steps: int = N_STEPS) -> np.ndarray:
    fired = np.zeros((n_steps, size), bool)
    steps = np.rint(trains.times / 0.1).astype(int) - 1
    inside = steps < n_steps
    fired[steps[inside], trains.ids[inside]] = True
    return fired


@pytest.mark.parametrize("retime", [False, True])
@pytest.mark.parametrize("integration", ["exact", "euler"])
@pytest.mark.parametrize("kind", ["delta", "exponential"])
def test_a_network_comes_back_spike_by_spike(tmp_path: Path, kind, integration, retime):
    net, given = tangled(kind)
    expected = ns.simulate(net, N_STEPS * 0.1)
    options = {"integration": integration, "retime": retime}
    graph = ns.to_nir(net, v_zero=-70.0, mv_per_unit=15.0, **options)
    ns.save_nir(graph, tmp_path / "net.nir")
    # `nir.read` checks the graph.
    model = ns.from_nir(nir.read(tmp_path / "net.nir"))
    result = ns.simulate(model.network, model.drive_inputs(given))
    for name, size in SIZES.items():
        ahead = graph.nodes[name].metadata.get("ahead_steps", 0)
        before = grid(expected.spikes[name], size)[ahead:]
        assert before.sum() > 300
        assert np.array_equal(model.spikes(result, name)[: N_STEPS - ahead], before)


def test_parameters_come_back_to_the_bit(tmp_path: Path):
    net = ns.Network(dale=False)
    given = net.add("given", 3, ns.LIF(t_ref=0.0))
    neuron = ns.LIF(-71.3, -54.7, -66.1, tau_m=13.7, c_m=187.0, t_ref=0.0)
    cell = net.add("cell", 3, neuron)
    weight = np.random.default_rng(1).normal(0.0, 100.0, (3, 3))
    net.connect(given, cell, ns.AllToAll(), synapse=ns.ExpCurrent(4.35), weight=weight, delay=1.7)
    net.drive(given, ns.LiveSpikes(), psp=100.0)
    ns.save_nir(ns.to_nir(net), tmp_path / "net.nir")
    model = ns.from_nir(tmp_path / "net.nir")
    assert model.network["cell"].neuron == neuron
    (projection,) = model.network.projections
    assert projection.synapse == ns.ExpCurrent(4.35)
    assert projection.delay == pytest.approx(1.7, abs=1e-12)
    back = np.zeros((3, 3))
    back[projection.rule.sources, projection.rule.targets] = projection.weight
    assert np.array_equal(back, weight)
    assert dict(model.late) == {"given": 0, "cell": 0}


def test_the_delay_of_an_input_is_rounded_as_in_a_simulation():
    """Halves of a step go to the later one."""

    def delays(delay: float) -> list[float]:
        net = ns.Network()
        cell = net.add("cell", 1, ns.LIF(t_ref=0.0))
        net.drive(cell, ns.LiveSpikes(), psp=5.0, delay=delay)
        nodes = ns.to_nir(net, retime=False).nodes.values()
        return [float(node.delay[0]) for node in nodes if isinstance(node, nir.Delay)]

    assert delays(0.25) == delays(0.3)
    assert delays(0.2) != delays(0.3)
    assert delays(0.35) == delays(0.4)


def test_a_threshold_that_is_reached_exactly_is_not_exceeded():
    """Three synapses of 5 mV reach 15 mV and do not exceed it, before and after the conversion."""
    for psp, fires in ((5.0, 0), (5.0 + 1e-12, 1)):
        net = ns.Network()
        given = net.add("given", 3, ns.LIF(t_ref=0.0))
        cell = net.add("cell", 1, ns.LIF(tau_m=7.7, t_ref=0.0))
        net.connect(given, cell, ns.AllToAll(), psp=psp, delay=1.3)
        net.drive(given, ns.LiveSpikes(), psp=100.0)
        model = ns.from_nir(ns.to_nir(net))
        result = ns.simulate(model.network, model.drive_inputs(np.ones((1, 3))) + 2.0)
        assert model.outputs(result)["output"].sum() == fires


def test_retiming_takes_the_delays_out_of_a_chain():
    graph = native("lif")
    assert sorted({type(node).__name__ for node in graph.nodes.values()}) == [
        "Input",
        "LIF",
        "Linear",
        "Output",
    ]
    ahead = [graph.nodes[name].metadata["ahead_steps"] for name in ("first", "second")]
    assert ahead == [15, 30]
    late = native("cubalif").nodes["second"].metadata["ahead_steps"]
    assert late == 32


def test_random_networks_are_those_of_the_seed():
    net = ns.Network()
    exc = net.add("exc", 60, ns.LIF(t_ref=0.0, tau_m=10.0))
    net.connect(exc, exc, ns.FixedProbability(0.2), psp=ns.Normal(0.6, 0.2),
                delay=ns.Uniform(0.5, 2.0))  # fmt: skip
    given = np.random.default_rng(3).random((N_STEPS, 60)) < 0.02
    times = [(np.flatnonzero(column) + 1) * 0.1 for column in given.T]
    net.drive(exc, ns.SpikeTimes(times), psp=8.0)
    expected = ns.simulate(net, N_STEPS * 0.1, seed=4)
    with pytest.warns(UserWarning, match=r"the randomness of 'exc' → 'exc'"):
        graph = ns.to_nir(net, seed=4, allow_loss=True)
    model = ns.from_nir(graph)
    result = ns.simulate(model.network, model.drive_inputs(given))
    before = grid(expected.spikes["exc"], 60)
    assert before.sum() > 300
    assert np.array_equal(model.spikes(result, "exc"), before)


def unsupported() -> tuple[ns.Network, list[str]]:
    """Return a network with everything that NIR lacks, and the message for each."""
    net = ns.Network(dale=False)
    a = net.add("a", 4, ns.LIF(v_peak=40.0))
    b = net.add("b", 4, ns.LIF(t_ref=0.0, escape=ns.EscapeRate(1.0, 1.0)), v_init=-60.0)
    c = net.add("c", 4, ns.LIF(t_ref=0.0))
    h = net.add("h", 1, ns.HodgkinHuxley())
    all_of_them = ns.AllToAll()
    net.connect(h, a, all_of_them, psp=1.0)
    net.connect(a, b, all_of_them, psp=1.0)
    net.connect(a, b, all_of_them, psp=1.0, synapse=ns.ExpCurrent(3.0))
    net.connect(a, b, all_of_them, psp=1.0, synapse=ns.AlphaCurrent(3.0))
    net.connect(b, a, ns.FixedInDegree(2), psp=1.0)
    net.connect(b, a, all_of_them, psp=1.0, delay=ns.Uniform(1.0, 2.0))
    net.connect(c, a, all_of_them, psp=0.5, plasticity=ns.STDP(w_max=1.0))
    net.connect(a, c, all_of_them, psp=0.5, synapse=ns.ExpCurrent(3.0))
    net.drive(a, ns.Poisson(10.0), psp=1.0)
    net.drive(a, ns.MembraneNoise(1.0))
    net.drive(a, ns.StepCurrent([1.0], [10.0]))
    net.drive(b, ns.LiveCurrent())
    net.drive(c, ns.ConstantCurrent(5.0))
    net.record(a, "v")
    return net, [
        "the refractory period of 'a' (5 ms)",
        "v_peak of 'a' (40 mV)",
        "the escape noise of 'b'",
        "the initial potentials of 'b' (it starts at rest)",
        "the HodgkinHuxley neurons 'h' and their synapses",
        "the synapses 'a' → 'b', through ExpCurrent(tau=3.0): other spikes reach it through "
        "DeltaSynapse()",
        "the synapses 'a' → 'b': NIR has no alpha current",
        "the randomness of 'b' → 'a' (it is drawn with the seed)",
        "the randomness of 'b' → 'a' (it is drawn with the seed)",
        "the plasticity of 'c' → 'a' (it keeps its initial weights)",
        "the rates of the Poisson onto 'a' (it becomes an Input)",
        "the MembraneNoise onto 'a'",
        "the StepCurrent onto 'a'",
        "the LiveCurrent onto 'b'",
        "the recording of v of 'a'",
        "the constant current onto 'c': a CubaLIF would filter it",
    ]


def test_unsupported_parts_are_listed():
    net, losses = unsupported()
    with pytest.raises(ns.NeurosimError) as refused:
        ns.to_nir(net)
    message = str(refused.value)
    assert message.count("\n") == 0
    listed = message.removeprefix("NIR cannot represent parts of this network: ")
    listed, _, fix = listed.partition(". ")
    assert sorted(listed.split("; ")) == sorted(losses)
    assert "allow_loss=True" in fix
    with pytest.warns(UserWarning, match="left out") as warned:
        graph = ns.to_nir(net, allow_loss=True)
    assert warned[0].filename == __file__
    assert sorted(str(warned[0].message).partition("left out: ")[2].split("; ")) == sorted(losses)
    model = ns.from_nir(graph)
    assert {"a", "b", "c"} < {population.name for population in model.network.populations}
    # The rest is exported without loss.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ns.to_nir(model.network)


def test_a_long_list_of_losses_is_cut():
    net = ns.Network()
    for k in range(30):
        net.add(f"p{k}", 1, ns.LIF())
    with pytest.raises(ns.NeurosimError, match="; and 10 more"):
        ns.to_nir(net)


def test_mistakes_are_refused(tmp_path: Path):
    with pytest.raises(ns.NeurosimError, match="is not a network"):
        ns.to_nir(3)
    with pytest.raises(ns.NeurosimError, match="no population that NIR can represent"):
        ns.to_nir(ns.Network())
    net = native_network("lif")
    with pytest.raises(ns.NeurosimError, match="dt = 0 ms is outside"):
        ns.to_nir(net, dt=0.0)
    with pytest.raises(ns.NeurosimError, match="retime = 1 is neither"):
        ns.to_nir(net, retime=1)
    big = ns.Network()
    one = big.add("one", 3000, ns.LIF(t_ref=0.0))
    big.connect(one, one, ns.Explicit([0], [1]), psp=1.0)
    with pytest.raises(ns.NeurosimError, match="more than 64 MiB of them"):
        ns.to_nir(big)
    with pytest.raises(ns.NeurosimError, match="cannot be written"):
        ns.save_nir(native("lif"), tmp_path / "none" / "a.nir")
    with pytest.raises(ns.NeurosimError, match="NIR cannot write"):
        ns.save_nir(3, tmp_path / "a.nir")
    assert list(tmp_path.iterdir()) == []


def test_the_same_network_gives_the_same_bytes(tmp_path: Path):
    for name in ("one", "two"):
        ns.save_nir(native("cubalif"), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_arguments_override_the_metadata(tmp_path: Path):
    ns.save_nir(ns.to_nir(native_network("lif"), dt=0.5, v_zero=-70.0), tmp_path / "a.nir")
    noted = ns.from_nir(nir.read(tmp_path / "a.nir"))
    assert (noted.dt, noted.units.v_zero) == (0.5, -70.0)
    assert noted.network["first"].neuron.v_rest == -70.0
    given = ns.from_nir(nir.read(tmp_path / "a.nir"), dt=0.1, v_zero=-60.0)
    assert given.dt == 0.1
    assert given.network["first"].neuron.v_threshold == -45.0
    with h5py.File(tmp_path / "a.nir", "r+") as file:
        del file["node/metadata/neurosim_dt"]
        file["node/metadata/neurosim_dt"] = "soon"
    with pytest.raises(ns.NeurosimError, match="dt = 'soon' is not a number"):
        ns.from_nir(tmp_path / "a.nir")


def test_the_commands_export_show_and_run(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["export-nir", "mcculloch-pitts", "--out", "gates.nir"]
    assert main(arguments) == 2
    assert "the refractory period of 'gates' (5 ms)" in capsys.readouterr().err
    assert not Path("gates.nir").exists()
    assert main([*arguments, "--allow-loss"]) == 0
    assert "left out: the refractory period" in capsys.readouterr().err
    assert main(["nir", "gates.nir", "--mv-per-unit", "1"]) == 0
    assert re.search(r"gates +LIF +\d+ +\d steps? +gates", capsys.readouterr().out)
    ns.save_nir(native("lif"), "chain.nir")
    Path("in.csv").write_text("population,neuron,time_ms\ngiven,0,1.0\ngiven,9,1.0\ngiven,3,2.0\n")
    assert main(["nir", "chain.nir", "--spikes", "in.csv", "--out", "there", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["integration"] == "euler"
    assert [node["late_steps"] for node in shown["nodes"]] == [0, 1, 2]
    assert shown["spikes"]["given"] == 3
    assert len(ns.load("there/result.h5").spikes["given"]) == 3
    Path("in.csv").write_text("population,neuron,time_ms\ngiven,10,1.0\n")
    assert main(["nir", "chain.nir", "--spikes", "in.csv"]) == 2
    assert "has a neuron 10, but this Input has only 10 elements" in capsys.readouterr().err
    assert main(["nir", "in.csv"]) == 2
    assert "in.csv: it is not an HDF5 file" in capsys.readouterr().err
