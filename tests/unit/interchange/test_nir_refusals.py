"""Graphs, arguments and results that are refused."""

from __future__ import annotations

import math

import nir
import numpy as np
import pytest

import neurosim as ns
from neurosim.utils import optional
from tests.nir_networks import graph_of, neurons

H = 1e-4
"""Step (s); 0.1 ms."""


def refusal(graph: object, **options) -> str:
    with pytest.raises(ns.NeurosimError) as refused:
        ns.from_nir(graph, **options)
    sentence = str(refused.value)
    assert "\n" not in sentence
    assert not sentence.endswith(".")
    return sentence


def small(**changes) -> nir.NIRGraph:
    """Return a graph of one neuron with other nodes or parameters."""
    nodes = {
        "input": nir.Input(np.array([2])),
        "fc": nir.Linear(np.ones((1, 2))),
        "a": neurons(changes.pop("kind", "lif"), 1, H),
        "out": nir.Output(np.array([1])),
    }
    for name, value in changes.items():
        if name in nodes:
            nodes[name] = value
        else:
            setattr(nodes["a"], name, value)
    return graph_of("input fc a out", **nodes)


class Unknown(nir.NIRNode):
    """A kind of node that neurosim does not have."""

    def __init__(self) -> None:
        self.input_type = self.output_type = {}


ONE = np.ones(1)
CONV = nir.Conv2d(None, np.ones((1, 1, 3, 3)), 1, 0, 1, 1, np.zeros(1))


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (small(a=Unknown()), r"cannot build 'a' \(Unknown\): replace it by Affine, "),
        (small(a=nir.Scale(ONE)), r"has no neurons"),
        (small(fc=nir.Linear(np.ones((1, 3)))), r"'fc': weight has shape \(1, 3\) and the signal"),
        (small(fc=nir.Linear(np.full((1, 2), np.nan))), r"'fc': weight holds NaN"),
        (small(fc=nir.Delay(np.full(2, 0.15 * H))), r"whole steps of dt = 0.1 ms.*0.015 ms"),
        (small(fc=nir.Delay(np.full(2, -H))), r"'fc': its delays"),
        (small(fc=CONV), r"needs a signal of 3 dimensions"),
        (small(input=nir.Input(np.array([0, 2]))), "'input': its shape is"),
        (small(tau=np.zeros(1)), r"'a': tau = 0 s must be above 0 s"),
        (small(v_threshold=-ONE), r"'a': v_reset = 0 is not below v_threshold = -1: .* lower"),
        (small(kind="cubalif", tau_syn=ONE * 50), r"'a': ExpCurrent.tau = 50000 ms is outside"),
        (small(r=ONE * 1e12), r"Node 'a': .*the options mv_per_unit and v_zero"),
        (small(r=np.ones(3)), r"'a': r has 3 values for 1 elements"),
        (small(r=np.array(["x"])), r"'a': r is not an array of numbers"),
        (graph_of("a b", a=neurons("lif", 1, H)), r"edge 'a' → 'b' does not lead"),
    ],
)
def test_unsupported_graphs_are_refused(graph, message: str):
    with pytest.raises(ns.NeurosimError, match=message):
        ns.from_nir(graph)
    refusal(graph)


def test_other_mistakes_are_refused():
    message = refusal(small(tau=0.9 * H * ONE), integration="euler")
    assert "tau = 9e-05 s is below the step of 0.0001 s" in message
    assert "reset = 'zero'; it is one of value, subtract" in refusal(small(), reset="zero")
    message = refusal(small(tau=H * ONE), integration="euler", reset="subtract_delayed")
    assert "tau = dt leaves none" in message
    assert "integration = 'rk4'" in refusal(small(), integration="rk4")
    assert "mv_per_unit = 0 mV is outside" in refusal(small(), mv_per_unit=0.0)
    assert "max_synapses = 3 synapses" in refusal(small(), max_synapses=3)
    assert "is not a graph" in refusal(nir.Linear(np.ones((1, 1))))
    weight = np.ones((1, 3))
    loop = graph_of("a b b, input c a out", **small().nodes, b=nir.Scale(ONE), c=nir.Scale(ONE))
    assert "loop without neurons" in refusal(loop)
    assert "'b' has no input" in refusal(
        graph_of("input fc a out, b a", **small().nodes, b=nir.Linear(weight))
    )
    own = small()
    own.nodes["g"] = own
    assert "nested graphs at more than 16 levels" in refusal(own)
    many = neurons("lif", 600, H)
    many.v_threshold = 1.0 + np.arange(600.0)
    graph = graph_of("i a", i=nir.Input(np.array([600])), a=many)
    assert "600 different sets of parameters" in refusal(graph)
    huge = graph_of("i a", i=nir.Input(np.array([10**9])), a=neurons("lif", 1, H))
    assert "max_synapses = 5,000,000" in refusal(huge)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[1, np.nan]], "holds NaN or infinity: give finite numbers"),
        ([[1, 0, 1]], r"shape \(1, 3\); they need \(n_steps, 2\)"),
        (np.zeros((0, 2)), r"shape \(0, 2\)"),
        ("spikes", "not an array of numbers"),
        ({"there": [[1, 0]]}, "no Input 'there': choose from input"),
        ({}, "arrays of"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(given, message: str):
    with pytest.raises(ns.NeurosimError, match=message):
        ns.from_nir(small()).drive_inputs(given)


def test_results_that_do_not_fit_are_refused():
    model = ns.from_nir(small())
    duration = model.drive_inputs([[1, 0]] * 5)
    other = ns.Network()
    other.add("cell", 1, ns.LIF())
    with pytest.raises(ns.NeurosimError, match="another network or step"):
        model.outputs(ns.simulate(other, 1.0))
    with pytest.raises(ns.NeurosimError, match="ends before the latest node, 1 steps late"):
        model.outputs(ns.simulate(model.network, 0.1))
    result = ns.simulate(model.network, duration)
    with pytest.raises(ns.NeurosimError, match="no spiking node 'out': choose from input, a"):
        model.spikes(result, "out")
    graded = ns.from_nir(small())
    result = ns.simulate(graded.network, graded.drive_inputs([[0.5, 0]]))
    with pytest.raises(ns.NeurosimError, match="'input' has graded values and no spikes"):
        graded.spikes(result, "input")


def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
):
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(optional, "import_module", missing)
    for call in (ns.from_nir, ns.to_nir):
        with pytest.raises(ns.NeurosimError, match="needs nir, which is not installed: python"):
            call(ns.Network())


def test_a_number_of_synapses_may_be_raised():
    random = np.random.default_rng(1)
    weight = random.permutation(np.repeat([0.0, 1.0], 600)).reshape(40, 30) * random.random(
        (40, 30)
    )
    graph = graph_of("i fc a", i=nir.Input(np.array([30])), fc=nir.Linear(weight),
                     a=neurons("lif", 40, H))  # fmt: skip
    model = ns.from_nir(graph, max_synapses=2000)
    (projection,) = model.network.projections
    assert len(projection.rule.sources) == np.count_nonzero(weight) == 600
    assert math.isclose(projection.delay, 0.1)
