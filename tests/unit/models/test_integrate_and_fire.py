"""IntegrateAndFire neurons: import and export as NIR, files, checkpoints, limits."""

from __future__ import annotations

import json
from pathlib import Path

import nir
import numpy as np
import pytest

import neurosim as ns
from neurosim.cli import main
from neurosim.models import IntegrateAndFire
from tests.nir_networks import H, euler, full, graph_of, graph_with, lif, outputs, pulses


def test_neurons_without_leak_and_readouts_are_exported(tmp_path: Path):
    graph, _ = graph_with(nir.IF(**full(r=3.0 / H, v_threshold=2.0, v_reset=-0.5)))
    graph.nodes["fc"].bias[:] = 0.0
    given = pulses()
    expected = outputs(graph, given)
    first = ns.from_nir(graph, v_zero=-70.0, mv_per_unit=2.0)
    again = ns.to_nir(first.network, v_zero=-60.0, mv_per_unit=4.0)
    ns.save_nir(again, tmp_path / "if.nir")
    read = nir.read(tmp_path / "if.nir")
    assert isinstance(read.nodes["a"], nir.IF)
    assert read.nodes["a"].v_threshold[0] == 1.0
    imported = ns.from_nir(read)
    result = ns.simulate(imported.network, imported.drive_inputs(given))
    # The Delay in the graph represents the step that spikes take in the network.
    assert np.array_equal(imported.spikes(result, "a")[1:], expected[:-1])
    one = np.ones(2)
    silent = graph_of(
        "input li out, input i out2, input cu out3",
        input=nir.Input(np.array([2])),
        li=nir.LI(tau=one, r=one, v_leak=one),
        i=nir.I(r=2 * one),
        cu=nir.CubaLI(tau_mem=0.1 * one, tau_syn=0.1 * one, r=one, v_leak=0 * one),
        **{name: nir.Output(np.array([2])) for name in ("out", "out2", "out3")},
    )
    network = ns.from_nir(silent, integration="euler").network
    with pytest.warns(UserWarning, match="the recording of v"):
        back = ns.to_nir(network, allow_loss=True, integration="euler")
    kinds = [type(back.nodes[name]).__name__ for name in ("li", "i", "cu")]
    assert kinds == ["LI", "I", "CubaLI"]
    assert np.allclose(back.nodes["li"].tau, 1.0, rtol=1e-9)


def test_losses_of_the_export_name_subtraction_and_factors():
    graph, _ = graph_with(lif(12.5 * H))
    imported = ns.from_nir(graph, reset="subtract")
    imported.drive_inputs(0.5 * pulses())
    with pytest.raises(ns.NeurosimError) as refused:
        ns.to_nir(imported.network)
    assert "the reset of 'a' by subtraction" in str(refused.value)
    assert "the factors of the SpikeTimes onto 'a'" in str(refused.value)


def test_the_command_has_an_option_for_the_reset(tmp_path: Path, capsys):
    graph, _ = graph_with(nir.IF(**full(r=1.0, v_threshold=1.0)))
    nir.write(tmp_path / "if.nir", graph)
    command = ["nir", str(tmp_path / "if.nir"), "--reset"]
    assert main([*command, "subtract", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["nodes"][1]["kind"] == "IF"
    assert main([*command, "zero"]) == 2
    assert "it is one of value, subtract" in capsys.readouterr().err


def test_a_simulation_with_reset_by_subtraction_can_be_saved(tmp_path: Path):
    graph, order = graph_with(nir.IF(**full(r=1.0, v_threshold=1.0)), recurrent=True)
    given = 0.5 * pulses()
    imported = ns.from_nir(graph, reset="subtract")
    duration = imported.drive_inputs(given)
    simulation = ns.Simulation(imported.network, dt=imported.dt)
    simulation.run(10.0)
    simulation.save(tmp_path / "half.h5")
    result = ns.Simulation.restore(tmp_path / "half.h5").run(duration - 10.0)
    expected = euler(graph, order, given, reset="subtract")
    assert np.array_equal(imported.outputs(result)["out"], expected)
    ns.save(result, tmp_path / "result.h5")
    assert ns.load(tmp_path / "result.h5").populations["a"].tau_m == np.inf


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"v_reset": 2.0, "v_threshold": 2.0}, "v_reset = 2 mV is not below v_threshold = 2 mV"),
        ({"tau_m": 0.0}, "tau_m = 0 must be above 0"),
        ({"tau_m": np.nan}, "tau_m = nan is not finite"),
        ({"c_m": np.inf}, "c_m = inf is not finite"),
        ({"v_threshold": -np.inf}, "v_threshold = -inf is not finite"),
        ({"subtract": -1.0}, "subtract = -1 mV is outside"),
        ({"subtract": 1.0, "t_ref": 1.0}, "t_ref must be 0"),
        ({"escape": 3}, "is not a soft threshold"),
    ],
)
def test_invalid_parameters_are_refused(changes: dict, message: str):
    with pytest.raises(ns.NeurosimError, match=message):
        IntegrateAndFire(**({"t_ref": 0.0} | changes))


def test_without_leak_there_is_no_peak_and_no_stationary_noise():
    net = ns.Network()
    cell = net.add("cell", 1, IntegrateAndFire(tau_m=np.inf))
    with pytest.raises(ns.NeurosimError, match="has no peak; give the strength as weight"):
        net.drive(cell, ns.Poisson(1.0), synapse=ns.ExpCurrent(5.0), psp=1.0)
    with pytest.raises(ns.NeurosimError, match="needs a leak, which 'cell'"):
        net.drive(cell, ns.MembraneNoise(1.0))
