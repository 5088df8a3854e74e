"""Networks made of NIR graphs, against NIR's equations."""

from __future__ import annotations

import nir
import numpy as np
import pytest

import neurosim as ns
from neurosim.interchange.nir.fields import SynapseBudget
from neurosim.interchange.nir.network import NirNetwork
from neurosim.interchange.nir.windows import Window
from tests import naive_nir
from tests.nir_networks import graph_of, neurons

H = 1e-4
"""Step (s); 0.1 ms."""
N = 12
BUDGET = SynapseBudget(10**6)


def cells(kind: str, n: int, random: np.random.Generator, **changes) -> nir.NIRNode:
    """Return neurons that leak to, reset to and fire at potentials of their own."""
    node = neurons(kind, n, H)
    node.v_leak = np.full(n, 0.25)
    node.v_threshold = np.full(n, 1.5)
    node.v_reset = np.full(n, -0.5)
    for field, values in changes.items():
        setattr(node, field, values)
    return node


def spikes(random: np.random.Generator, n_steps: int, n: int, rate: float = 0.15) -> np.ndarray:
    return (random.random((n_steps, n)) < rate).astype(float)


def simulated(graph: object, given: object, **options) -> tuple[NirNetwork, dict]:
    model = ns.from_nir(graph, **options)
    result = ns.simulate(model.network, model.drive_inputs(given), dt=model.dt)
    return model, model.outputs(result)


SHAPES = {
    "chain": ("input fc a m b out", "input fc a m b out"),
    "itself": ("input fc a m b out, a r a", "input fc r a m b out"),
    "skip": ("input fc a m b out, input skip b", "input fc skip a m b out"),
    "direct": ("input fc a a2 out", "input fc a a2 out"),
    "pair": ("input fc a m b out, b back a", "input fc m back a b out"),
    "late": ("input fc a m d b out, input skip b", "input fc skip a m d b out"),
    "late loop": ("input fc a m b out, b back d2 a", "input fc m b back d2 a out"),
}


@pytest.mark.parametrize("kind", ["lif", "cubalif"])
@pytest.mark.parametrize("shape", SHAPES)
def test_spikes_are_those_of_eulers_method(kind: str, shape: str):
    random = np.random.default_rng(2)
    edges, order = SHAPES[shape]

    def weight(n: int, m: int, mean: float = 0.1) -> np.ndarray:
        strength = random.normal(mean, 0.3, (n, m)) * (random.random((n, m)) < 0.7)
        return strength * (0.3 if kind == "cubalif" else 1.0)

    nodes = {
        "input": nir.Input(np.array([8])),
        "fc": nir.Affine(weight(N, 8, 0.2), random.normal(0.0, 0.05, N)),
        "a": cells(kind, N, random),
        "a2": cells(kind, N, random, v_threshold=np.full(N, 0.75)),
        "m": nir.Linear(weight(5, N, 0.4)),
        "skip": nir.Affine(weight(5, 8), random.normal(0.0, 0.05, 5)),
        "r": nir.Linear(weight(N, N, 0.0)),
        "back": nir.Linear(weight(N, 5, -0.2)),
        "d": nir.Delay(np.full(5, 7 * H)),
        "d2": nir.Delay(np.full(N, 1 * H)),
        "b": cells(kind, 5, random),
        "out": nir.Output(np.array([N if shape == "direct" else 5])),
    }
    graph = graph_of(edges, **{name: nodes[name] for name in order.split()})
    given = spikes(random, 300, 8)
    (expected,) = naive_nir.run(graph, order.split(), H, input=given).values()
    _, found = simulated(graph, given, dt=0.1, integration="euler")
    assert 20 < expected.sum() < expected.size / 2
    assert np.array_equal(found["out"], expected)


@pytest.mark.parametrize("kind", ["lif", "cubalif"])
def test_neurons_that_differ_become_populations(kind: str):
    random = np.random.default_rng(3)
    tau = np.where(np.arange(N) % 3 == 0, 12.5 * H, 20 * H)
    own = {"v_threshold": np.repeat([1.0, 1.5, 2.0, 1.5], 3), "r": 1.0 + random.random(N)}
    own |= {"tau": tau} if kind == "lif" else {"tau_mem": tau, "w_in": 3.0 + random.random(N)}
    own["r"] *= 10.0
    graph = graph_of(
        "input fc a out, a r a",
        input=nir.Input(np.array([8])),
        fc=nir.Affine(random.normal(0.1, 0.3, (N, 8)), random.normal(0.0, 0.05, N)),
        a=cells(kind, N, random, **own),
        r=nir.Linear(random.normal(0.0, 0.3, (N, N))),
        out=nir.Output(np.array([N])),
    )
    given = spikes(random, 300, 8)
    expected = naive_nir.run(graph, ["input", "fc", "r", "a", "out"], H, input=given)["out"]
    model, found = simulated(graph, given, dt=0.1, integration="euler")
    names = [population.name for population, _ in model.members["a"]]
    assert names[:2] == ["a[0]", "a[1]"]
    assert len(names) == 6
    assert expected.sum() > 50
    assert np.array_equal(found["out"], expected)


def test_potentials_of_read_neurons_are_those_of_eulers_method():
    random = np.random.default_rng(4)
    like = {"r": np.full(3, 2.0), "v_leak": np.full(3, 0.5)}
    graph = graph_of(
        "input fc a m li, a m cu, li out, cu out2, a m out3",
        input=nir.Input(np.array([8])),
        fc=nir.Linear(random.normal(0.1, 0.3, (N, 8))),
        a=cells("lif", N, random),
        m=nir.Affine(random.normal(0.0, 0.3, (3, N)), random.normal(0.0, 0.3, 3)),
        li=nir.LI(tau=np.full(3, 30 * H), **like),
        cu=nir.CubaLI(tau_mem=np.full(3, 30 * H), tau_syn=np.full(3, 9 * H), **like),
        out=nir.Output(np.array([3])),
        out2=nir.Output(np.array([3])),
        out3=nir.Output(np.array([3])),
    )
    given = spikes(random, 200, 8)
    order = ["input", "fc", "a", "m", "li", "cu", "out", "out2", "out3"]
    expected = naive_nir.run(graph, order, H, input=given)
    options = {"dt": 0.1, "integration": "euler", "mv_per_unit": 15.0, "v_zero": -70.0}
    model, found = simulated(graph, given, **options)
    assert model.late == {"input": 0, "a": 1, "li": 2, "cu": 3}
    for name, values in expected.items():
        assert values.std() > 0.01
        assert np.abs(found[name] - values).max() < 1e-12


def test_potentials_follow_nirs_equations_exactly():
    """Compare V of a CubaLI and an LI under pulses and a bias with the closed form."""
    tau, tau_s, r, w_in, w, b, dt = 0.02, 0.004, 3.0, 2.0, 40.0, 0.3, 1e-4
    one = np.ones(1)
    graph = graph_of(
        "input fc c oc, fc l ol",
        input=nir.Input(np.array([1])),
        fc=nir.Affine(w * np.ones((1, 1)), b * one),
        c=nir.CubaLI(tau_mem=tau * one, tau_syn=tau_s * one, r=r * one, v_leak=5 * one, w_in=w_in),
        l=nir.LI(tau=tau * one, r=r * one, v_leak=5 * one),
        oc=nir.Output(np.array([1])),
        ol=nir.Output(np.array([1])),
    )
    given = np.zeros((600, 1))
    given[[9, 70, 71, 300]] = 1.0
    _, found = simulated(graph, given, dt=0.1)
    t = dt * np.arange(1, 601)[:, None]
    since = t - dt * np.array([10, 71, 72, 301])

    def steps(response) -> np.ndarray:
        """A pulse is a step up at its begin and a step down at its end, one dt later."""
        begun, ended = np.maximum(since + dt, 0.0), np.maximum(since, 0.0)
        return (response(begun) - response(ended)).sum(axis=1, keepdims=True)

    def rise(t: np.ndarray) -> np.ndarray:
        return 1.0 - (tau * np.exp(-t / tau) - tau_s * np.exp(-t / tau_s)) / (tau - tau_s)

    cuba = 5.0 + r * w_in * (w * steps(rise) + b * rise(t))
    lif = 5.0 + r * (w * steps(lambda t: -np.expm1(-t / tau)) - b * np.expm1(-t / tau))
    assert np.abs(found["oc"] - cuba).max() < 1e-12
    assert np.abs(found["ol"] - lif).max() < 1e-12


def naive_conv(x: np.ndarray, weight: np.ndarray, stride, padding, dilation, groups) -> np.ndarray:
    padded = np.pad(x, [(0, 0), *((p, p) for p in padding)])
    span = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    size = [(n - m) // s + 1 for n, m, s in zip(padded.shape[1:], span, stride, strict=True)]
    out = np.zeros((len(weight), *size))
    per_in, per_out = weight.shape[1], len(weight) // groups
    for o, y, z in np.ndindex(*out.shape):
        first = o // per_out * per_in
        part = padded[
            first : first + per_in,
            y * stride[0] : y * stride[0] + span[0] : dilation[0],
            z * stride[1] : z * stride[1] + span[1] : dilation[1],
        ]
        out[o, y, z] = (weight[o] * part).sum()
    return out


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [((1, 1), (0, 0), (1, 1), 1), ((2, 1), (1, 2), (1, 2), 2), ((3, 2), (2, 0), (2, 1), 4)],
)
def test_convolution_is_the_sum_it_says(stride, padding, dilation, groups):
    random = np.random.default_rng(5)
    weight = random.normal(size=(8, 4 // groups, 3, 2))
    node = nir.Conv2d((9, 11), weight, stride, padding, dilation, groups, np.zeros(8))
    window = Window(node, (4, 9, 11))
    x = random.normal(size=(4, 9, 11))
    expected = naive_conv(x, weight, stride, padding, dilation, groups)
    assert window.out_shape == expected.shape
    assert np.allclose(window.matrix(BUDGET) @ x.ravel(), expected.ravel(), atol=1e-13)


def test_convolution_in_one_dimension_and_same_padding():
    random = np.random.default_rng(6)
    weight, x = random.normal(size=(2, 3, 4)), random.normal(size=(3, 10))
    node = nir.Conv1d(10, weight, 1, "same", 1, 1, np.zeros(2))
    window = Window(node, (3, 10))
    padded = np.pad(x, [(0, 0), (1, 2)])
    expected = [[(w * padded[:, k : k + 4]).sum() for k in range(10)] for w in weight]
    assert np.allclose(window.matrix(BUDGET) @ x.ravel(), np.ravel(expected), atol=1e-13)


@pytest.mark.parametrize(("kind", "scale"), [(nir.SumPool2d, 1.0), (nir.AvgPool2d, 1.0 / 6.0)])
def test_pooling_adds_and_averages(kind, scale):
    x = np.random.default_rng(7).normal(size=(3, 8, 9))
    node = kind(np.array([3, 2]), np.array([2, 2]), np.array([1, 0]))
    window = Window(node, (3, 8, 9))
    weight = np.full((3, 1, 3, 2), scale)
    expected = naive_conv(x, weight, (2, 2), (1, 0), (1, 1), 3)
    assert np.allclose(window.matrix(BUDGET) @ x.ravel(), expected.ravel(), atol=1e-13)


def test_a_convolutional_graph_spikes_as_its_matrices():
    random = np.random.default_rng(8)
    conv = nir.Conv2d((6, 6), random.normal(0.2, 0.4, (2, 1, 3, 3)), 1, 1, 1, 1, np.array([0.1, 0]))
    pool = nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0]))
    first, second = neurons("lif", 72, H), neurons("lif", 4, H)
    for field in ("tau", "r", "v_leak", "v_threshold", "v_reset"):
        setattr(first, field, getattr(first, field).reshape(2, 6, 6))
    last = nir.Linear(random.normal(0.1, 0.3, (4, 18)))
    graph = graph_of(
        "input scale conv first pool flat last second out",
        input=nir.Input(np.array([1, 6, 6])),
        scale=nir.Scale(np.full((1, 6, 6), 0.8)),
        conv=conv,
        first=first,
        pool=pool,
        flat=nir.Flatten(np.array([2, 3, 3]), 0, -1),
        last=last,
        second=second,
        out=nir.Output(np.array([4])),
    )
    into = Window(conv, (1, 6, 6)).matrix(BUDGET).toarray() * 0.8
    between = Window(pool, (2, 6, 6)).matrix(BUDGET).toarray()
    plain = graph_of(
        "input fc first m second out",
        input=nir.Input(np.array([36])),
        fc=nir.Affine(into, np.repeat([0.1, 0.0], 36)),
        first=neurons("lif", 72, H),
        m=nir.Linear(last.weight @ between),
        second=second,
        out=nir.Output(np.array([4])),
    )
    given = spikes(random, 200, 36)
    expected = naive_nir.run(plain, list(plain.nodes), H, input=given)["out"]
    model, found = simulated(graph, given.reshape(200, 1, 6, 6), dt=0.1, integration="euler")
    assert expected.sum() > 50
    assert np.array_equal(found["out"], expected)
    # Elements beyond the edge are no synapses.
    assert len(model.network.projections[0].rule.sources) == 2 * (9 * 16 + 6 * 16 + 4 * 4)


def test_graphs_within_graphs_are_part_of_them():
    inner = graph_of(
        "input a output, a r a",
        input=nir.Input(np.array([4])),
        a=neurons("lif", 4, H),
        r=nir.Linear(-0.3 * np.ones((4, 4))),
        output=nir.Output(np.array([4])),
    )
    outer = graph_of(
        "input fc in out",
        **{"input": nir.Input(np.array([4])), "fc": nir.Linear(0.6 * np.eye(4)), "in": inner},
        out=nir.Output(np.array([4])),
    )
    flat = graph_of(
        "input fc a out, a r a",
        input=outer.nodes["input"],
        fc=outer.nodes["fc"],
        a=inner.nodes["a"],
        r=inner.nodes["r"],
        out=outer.nodes["out"],
    )
    given = spikes(np.random.default_rng(9), 200, 4, 0.4)
    model, found = simulated(outer, given)
    assert found["out"].sum() > 20
    assert np.array_equal(found["out"], simulated(flat, given)[1]["out"])
    assert [population.name for population in model.network.populations] == ["input", "in.a"]


def test_delays_may_differ_within_a_node():
    steps = np.array([0, 3, 10])
    graph = graph_of(
        "input d a out",
        input=nir.Input(np.array([3])),
        d=nir.Delay(steps * H),
        a=neurons("lif", 3, H),
        out=nir.Output(np.array([3])),
    )
    given = np.zeros((20, 3))
    given[4] = 2.0 / 2.0
    graph.nodes["a"].v_threshold[:] = 0.5
    _, found = simulated(graph, given)
    assert np.argwhere(found["out"]).tolist() == [[4, 0], [7, 1], [14, 2]]


def test_several_inputs_and_live_spikes():
    graph = graph_of(
        "one fa a out, two fb a",
        one=nir.Input(np.array([2])),
        two=nir.Input(np.array([1])),
        fa=nir.Linear(np.array([[0.6, 0.6]])),
        fb=nir.Linear(np.array([[0.7]])),
        a=neurons("lif", 1, H),
        out=nir.Output(np.array([1])),
    )
    model = ns.from_nir(graph)
    one = np.array([[1, 0], [0, 0], [1, 1], [1, 0]])
    two = np.array([[0], [0], [0], [1]])
    duration = model.drive_inputs({"one": one, "two": two})
    result = ns.simulate(model.network, duration)
    assert model.outputs(result)["out"].ravel().tolist() == [0.0, 0.0, 1.0, 1.0]
    assert model.spikes(result, "one").tolist() == one.astype(bool).tolist()
    live = ns.from_nir(graph)
    drive = live.drive("two", ns.LiveSpikes())
    live.drive("one", ns.SpikeTimes([[], []]))

    def send(chunk) -> None:
        if chunk.start == 0.0:
            chunk.send(drive, [0], [1.0])

    result = ns.Simulation(live.network).stream(0.5, send, duration=2.0)
    assert np.argwhere(live.spikes(result, "two")).tolist() == [[9, 0]]
