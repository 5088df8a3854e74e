"""Graded input and convolutional networks, against independent solutions."""

from __future__ import annotations

from pathlib import Path

import nir
import numpy as np
import pytest
from scipy.linalg import expm
from scipy.signal import correlate2d

import neurosim as ns
from tests.nir_networks import (
    N_IN,
    H,
    cuba,
    euler,
    full,
    graph_of,
    graph_with,
    lif,
    neurons,
    outputs,
    pulses,
)


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("name", ["lif", "cuba", "no synaptic memory", "IF", "several"])
def test_graded_input_is_held_for_a_step(name: str, recurrent: bool):
    node = {
        "lif": lif(12.5 * H),
        "cuba": cuba(12.5 * H, 5 * H, 3.0),
        "no synaptic memory": cuba(12.5 * H, H),
        "IF": nir.IF(**full(r=1.0, v_threshold=1.0)),
        "several": lif(12.5 * H),
    }[name]
    if name == "several":
        node.v_threshold[::2] = 1.5
    graph, order = graph_with(node, scale=0.5, recurrent=recurrent)
    random = np.random.default_rng(6)
    for given in (
        random.normal(0.3, 0.7, (200, N_IN)),
        random.integers(0, 4, (200, N_IN)),
        np.where(random.random((200, N_IN)) < 0.3, 0.5, 0.0),
    ):
        expected = euler(graph, order, given)
        assert expected.sum() > 10
        assert np.array_equal(outputs(graph, given, integration="euler"), expected)


def test_graded_input_solved_exactly():
    tau, tau_s, r, w_in, one = 0.02, 0.004, 3.0, 2.0, np.ones(1)
    graph = graph_of(
        "input c oc, input l ol, input d i oi, input o",
        input=nir.Input(np.array([1])),
        c=nir.CubaLI(tau_mem=tau * one, tau_syn=tau_s * one, r=r * one, v_leak=one, w_in=w_in),
        l=nir.LI(tau=tau * one, r=1e4 * one, v_leak=one),
        d=nir.Delay(2 * H * one),
        i=nir.I(r=50.0 * one),
        **{name: nir.Output(np.array([1])) for name in ("oc", "ol", "oi", "o")},
    )
    given = np.random.default_rng(7).normal(0.0, 40.0, (300, 1))
    model = ns.from_nir(graph, dt=0.1)
    result = ns.simulate(model.network, model.drive_inputs(given), dt=model.dt)
    found = model.outputs(result)
    rates = np.array([[-1 / tau_s, 0, w_in / tau_s], [r / tau, -1 / tau, 0], [0, 0, 0]])
    over, state, v, expected = expm(rates * H), np.zeros(3), 1.0, []
    for x in given[:, 0]:
        state = over @ [*state[:2], x]
        v = 1.0 + (v - 1.0) * np.exp(-H / tau) - 1e4 * x * np.expm1(-H / tau)
        expected.append([1.0 + state[1], v])
    assert np.max(expected) > 300.0  # potentials of nodes that are read have no limit
    both = np.hstack([found["oc"], found["ol"]])
    assert np.abs(both - expected).max() < 1e-9
    late = np.vstack([np.zeros((2, 1)), given[:-2]])
    assert np.abs(found["oi"] - 50.0 * H * np.cumsum(late, axis=0)).max() < 1e-12
    assert np.array_equal(found["o"], given)


def test_graded_input_and_spikes_may_be_given_one_after_the_other():
    graph, order = graph_with(lif(12.5 * H), scale=0.4)
    first, second = pulses(1), 0.5 * pulses(2, 200)
    model = ns.from_nir(graph, integration="euler")
    duration = model.drive_inputs(first)
    model.drive_inputs(second)
    model.drive_inputs(second)
    result = ns.simulate(model.network, duration)
    total = first.copy()
    total[:200] += 2 * second
    assert np.array_equal(model.outputs(result)["out"], euler(graph, order, total))


def test_a_convolutional_network_of_ifs(tmp_path: Path):
    """The kinds of node of spiking networks for images, with counts as input."""
    random = np.random.default_rng(8)
    kernel = random.normal(0.1, 0.3, (3, 2, 3, 3)).astype(np.float32)
    weight = random.normal(0.2, 0.3, (4, 3 * 2 * 2)).astype(np.float32)
    bias = random.normal(0.0, 0.02, 4)

    def layer(*shape: int) -> nir.IF:
        return nir.IF(r=np.ones(shape), v_threshold=np.ones(shape))

    graph = nir.NIRGraph.from_list(
        nir.Input(np.array([2, 8, 8])),
        nir.Conv2d((8, 8), kernel, 1, 0, 1, 1, np.zeros(3)),
        layer(3, 6, 6),
        nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        layer(3, 3, 3),
        nir.AvgPool2d(np.array([2, 2]), np.array([1, 1]), np.array([0, 0])),
        nir.Flatten(np.array([3, 2, 2]), 0, -1),
        nir.Affine(weight, bias),
        layer(4),
    )
    nir.write(tmp_path / "cnn.nir", graph)
    given = random.integers(0, 3, (60, 2, 8, 8)) * (random.random((60, 2, 8, 8)) < 0.3)
    potentials = [np.zeros((3, 6, 6)), np.zeros((3, 3, 3)), np.zeros(4)]

    def fire(k: int, x: np.ndarray) -> np.ndarray:
        v = potentials[k] + x
        potentials[k] = v - (v > 1.0)
        return (v > 1.0).astype(float)

    expected = []
    for x in given:
        conv = [sum(map(correlate2d, x, k, ["valid"] * 2)) for k in kernel.astype(float)]
        x = fire(0, np.array(conv)).reshape(3, 3, 2, 3, 2).sum(axis=(2, 4))
        x = fire(1, x)
        x = np.array([correlate2d(plane, np.full((2, 2), 0.25), "valid") for plane in x])
        expected.append(fire(2, weight.astype(float) @ x.ravel() + bias))
    assert np.sum(expected) > 40
    assert np.array_equal(outputs(tmp_path / "cnn.nir", given, reset="subtract"), expected)


def test_potentials_that_are_read_do_not_drive_neurons():
    one = np.ones(1)
    graph = graph_of(
        "input a b out",
        input=nir.Input(np.array([1])),
        a=nir.LI(tau=one, r=one, v_leak=0 * one),
        b=neurons("lif", 1, H),
        out=nir.Output(np.array([1])),
    )
    with pytest.raises(ns.NeurosimError, match=r"'b' receives the potential of 'a': .* Output"):
        ns.from_nir(graph)


def test_more_graded_input_than_fits_in_memory_is_refused(monkeypatch: pytest.MonkeyPatch):
    graph, _ = graph_with(lif(12.5 * H))
    model = ns.from_nir(graph)
    before = model.network.drives
    monkeypatch.setattr("neurosim.interchange.nir.network.MAX_GRADED", 100)
    with pytest.raises(ns.NeurosimError, match=r"reaches 12 neurons, .*: give at most 8 steps"):
        model.drive_inputs(np.full((9, 8), 0.5))
    assert model.network.drives == before
    model.drive_inputs(np.full((8, 8), 0.5))
