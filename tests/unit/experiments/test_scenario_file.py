"""Networks and runs described by scenario files."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import neurosim as ns
from neurosim.experiments.settings import parse_settings, settings_of
from neurosim.experiments.toml.schema import fields_of
from neurosim.network.data import to_data
from neurosim.scenario import RunOptions, Scenario, find_scenario, run, run_scenario
from tests.networks import bits, everything, learning
from tests.toml import scenario_file

ONE = """
duration = 50
[populations.cell]
size = 1
neuron = "LIF"
[[inputs]]
to = "cell"
type = "ConstantCurrent"
amplitude = 300
[[recordings]]
of = "cell"
variable = "v"
"""


@pytest.fixture
def read(tmp_path: Path):
    def make(text: str, name: str = "my.toml") -> Scenario:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return find_scenario(str(tmp_path / name))

    return make


def network_of(scenario: Scenario) -> ns.Network:
    options = RunOptions(scenario.duration, scenario.dt, scenario.seed)
    return scenario.network(scenario.settings(), options)


def same(one: ns.Network, other: ns.Network) -> bool:
    """Whether all parts of two networks have the same fields, bit for bit."""
    (tree, arrays), (other_tree, other_arrays) = to_data(one), to_data(other)
    return tree == other_tree and all(
        a.dtype == b.dtype and np.array_equal(a, b)
        for a, b in zip(arrays, other_arrays, strict=True)
    )


@pytest.mark.parametrize("network", [everything, learning])
def test_a_network_of_all_parts_comes_through_a_file(read, network):
    described = network()
    dale = described.populations[0].dale
    scenario = read(scenario_file(described, 40.0, dt=0.1, seed=5, dale=dale))
    assert same(network_of(scenario), described)
    direct = ns.simulate(described, 40.0, dt=0.1, seed=5)
    options = RunOptions(scenario.duration, scenario.dt, scenario.seed)
    assert bits(run_scenario(scenario, scenario.settings(), options).result) == bits(direct)


SIZES = st.integers(1, 12)
TAUS = st.floats(0.5, 50.0)
RATES = st.floats(0.0, 2000.0)


@st.composite
def spreads(draw: st.DrawFn, sign: float) -> float | ns.Normal | ns.Uniform | ns.LogNormal:
    mean, sd = sign * draw(st.floats(0.1, 5.0)), draw(st.floats(0.01, 1.0))
    low, high = sorted((mean, mean + sign * sd))
    laws = (mean, ns.Normal(mean, sd), ns.LogNormal(mean, sd), ns.Uniform(low, high))
    return draw(st.sampled_from(laws))


@st.composite
def rules(draw: st.DrawFn, sources: int, targets: int) -> object:
    n = draw(st.integers(0, 5))
    edges = st.tuples(st.integers(0, sources - 1), st.integers(0, targets - 1))
    listed = np.array(draw(st.lists(edges, max_size=6)), np.int64).reshape(-1, 2)
    choices = [
        ns.AllToAll(draw(st.booleans())),
        ns.FixedProbability(draw(st.floats(0.0, 1.0))),
        ns.FixedInDegree(n),
        ns.FixedOutDegree(n),
        ns.FixedTotalNumber(n),
        ns.Explicit(listed[:, 0], listed[:, 1]),
    ]
    return draw(st.sampled_from(choices + [ns.OneToOne()] * (sources == targets)))


@st.composite
def networks(draw: st.DrawFn) -> ns.Network:
    net = ns.Network()
    names = draw(st.lists(st.from_regex(r"\A[\wäß][\w +-]{0,8}\Z"), min_size=1, max_size=3))
    for name in dict.fromkeys(names):
        neuron = ns.LIF(
            tau_m=draw(TAUS),
            t_ref=draw(st.sampled_from([0.0, 0.3, 2.0])),
            v_reset=draw(st.floats(-80.0, -56.0)),
            escape=draw(st.none() | st.builds(ns.EscapeRate, TAUS, TAUS)),
        )
        size = draw(SIZES)
        each = np.linspace(-70.0, -60.0, size)
        v_init = draw(st.sampled_from([None, -60.0, ns.Uniform(-70.0, -60.0), each]))
        net.add(name, size, neuron, v_init=v_init)
    population = st.sampled_from(net.populations)
    synapse = st.sampled_from([ns.DeltaSynapse()]) | st.builds(ns.ExpCurrent, TAUS)
    sign = {p.name: draw(st.sampled_from([-1.0, 1.0])) for p in net.populations}
    for _ in range(draw(st.integers(0, 3))):
        source, target = draw(population), draw(population)
        net.connect(
            source,
            target,
            draw(rules(source.size, target.size)),
            synapse=draw(synapse),
            weight=draw(spreads(sign[source.name])),
            delay=draw(st.floats(0.1, 5.0)),
        )
    for target in net.populations:
        rate = draw(RATES | st.just(np.linspace(0.0, 900.0, target.size)))
        net.drive(target, ns.Poisson(rate), synapse=draw(synapse), psp=draw(TAUS))
        net.record(target, draw(st.sampled_from(["v", "i_syn"])), ids=[target.size - 1])
    return net


@given(networks())
@settings(max_examples=25)
@pytest.mark.filterwarnings("ignore:.* obeys Dale's law:UserWarning")
def test_any_network_comes_through_a_file(tmp_path_factory, described: ns.Network):
    path = tmp_path_factory.mktemp("any") / "any.toml"
    path.write_text(scenario_file(described, 3.0, seed=9), encoding="utf-8")
    scenario = find_scenario(str(path))
    assert same(network_of(scenario), described)
    assert bits(run(str(path)).result) == bits(ns.simulate(described, 3.0, seed=9))


def test_a_part_without_options_is_its_name(read):
    assert network_of(read(ONE)).populations[0].neuron == ns.LIF()
    table = network_of(read(ONE.replace('"LIF"', '{type = "LIF"}')))
    assert same(table, network_of(read(ONE)))


def test_a_part_may_be_a_table_of_its_own(read):
    text = ONE.replace('neuron = "LIF"', "") + '[populations.cell.neuron]\ntype = "LIF"\ntau_m = 9'
    assert network_of(read(text)).populations[0].neuron == ns.LIF(tau_m=9.0)


def test_parameters_of_neurons_may_differ(read):
    given = '{type = "LIF", tau_m = {type = "Normal", mean = 15.0, sd = 2.0}, c_m = [200.0]}'
    neuron = network_of(read(ONE.replace('"LIF"', given))).populations[0].neuron
    assert neuron == ns.LIF(tau_m=ns.Normal(15.0, 2.0), c_m=[200.0])
    for wrong, words in (
        ("[200.0, 0.2]", r":\d+: LIF.c_m = 0.2 pF is outside .* did you mean 200"),
        ("[200.0, 300.0]", r":\d+: LIF.c_m of population 'cell' has 2 values for 1 neurons"),
        ('{type = "Normal", mean = 0.2, sd = 0.01}', r":\d+: LIF.c_m = Normal.* almost no values"),
    ):
        with pytest.raises(ns.NeurosimError, match=words):
            read(ONE.replace('"LIF"', f'{{type = "LIF", c_m = {wrong}}}'))


def test_a_file_without_analysis_is_drawn_by_what_it_records(tmp_path):
    (tmp_path / "one.toml").write_text(ONE)
    ran = run(str(tmp_path / "one.toml"))
    assert set(ran.figures) == {"raster", "traces-cell"}
    assert ran.findings["rate_hz"]["cell"] == pytest.approx(
        len(ran.result.spikes["cell"]) / 50.0 * 1e3
    )
    (tmp_path / "one.toml").write_text(ONE.partition("[[recordings]]")[0])
    assert set(run(str(tmp_path / "one.toml")).figures) == {"raster"}


def test_settings_are_the_numbers_that_a_file_states(read):
    scenario = read(ONE)
    known = settings_of(scenario.settings)
    assert {name: s.default for name, s in known.items()} == {
        "populations.cell.size": 1,
        "inputs.0.amplitude": 300.0,
    }
    assert known["populations.cell.size"].kind is int
    assert known["inputs.0.amplitude"].unit == "pA"
    changed = parse_settings(scenario.settings, ["inputs.0.amplitude=50"])
    network = scenario.network(changed, RunOptions(50.0))
    assert network.drives[0].input.amplitude == 50.0
    assert network_of(scenario).drives[0].input.amplitude == 300.0


def test_a_flag_of_a_neuron_is_a_setting(read):
    text = """
duration = 10.0
[populations.cells]
size = 1
neuron = {type = "GLIF", reset_rules = true, escape = {type = "EscapeRate", delta = 2.0, tau = 5.0}}
"""
    scenario = read(text)
    for word, value in (("true", True), ("false", False)):
        changed = parse_settings(
            scenario.settings, [f"populations.cells.neuron.reset_rules={word}"]
        )
        neuron = scenario.network(changed, RunOptions(10.0)).populations[0].neuron
        assert neuron == ns.GLIF(reset_rules=value, escape=ns.EscapeRate(2.0, 5.0))


def test_settings_of_a_population_with_a_hyphen(read):
    scenario = read(ONE.replace("populations.cell", "populations.L-4").replace('"cell"', '"L-4"'))
    changed = parse_settings(scenario.settings, ["populations.L-4.size=3"])
    assert scenario.network(changed, RunOptions(50.0)).size == 3


def test_a_file_says_duration_grid_and_seed(read):
    scenario = read("seed = 7\ndt = 0.5\n" + ONE)
    assert (scenario.duration, scenario.dt, scenario.seed) == (50.0, 0.5, 7)
    assert scenario.name == scenario.title == "my"


def test_a_byte_order_mark_and_windows_lines_are_no_mistakes(tmp_path):
    (tmp_path / "my.toml").write_bytes(b"\xef\xbb\xbf" + ONE.replace("\n", "\r\n").encode())
    assert network_of(find_scenario(str(tmp_path / "my.toml"))).size == 1


def test_of_pictures_of_one_kind_each_has_a_name(tmp_path):
    figures = '\n[analysis]\nfigures = ["raster", {type = "raster", stop = 20}, "traces"]\n'
    (tmp_path / "one.toml").write_text(ONE + figures)
    assert list(run(str(tmp_path / "one.toml")).figures) == ["raster", "raster-2", "traces-cell"]


def test_a_lone_dollar_in_a_title_is_a_dollar(tmp_path):
    (tmp_path / "one.toml").write_text('title = "5 $ a spike"\n' + ONE)
    figure = run(str(tmp_path / "one.toml")).figures["raster"]
    figure.canvas.draw()
    assert figure.get_suptitle() == r"5 \$ a spike"


def test_keys_units_and_meanings_come_from_the_parts():
    fields = fields_of(ns.LIF)
    assert set(fields) == {
        "v_rest", "v_threshold", "v_reset", "v_peak", "tau_m", "c_m", "t_ref", "escape",
        "method", "substep", "tolerance", "error_control", "initial",
    }  # fmt: skip
    assert fields["tau_m"].declared.unit == "ms"
    assert fields["tau_m"].declared.help == "membrane time constant"
    assert fields["escape"].parts == {"EscapeRate": ns.EscapeRate}
    assert fields_of(ns.ExpCurrent)["tau"].required
    assert not fields_of(ns.Network.connect)["delay"].required
    known = {"Normal", "Uniform", "LogNormal", "Linear", "Gaussian", "ExponentialDecay"}
    assert set(fields_of(ns.Network.connect)["psp"].parts) == known


def test_every_number_of_every_part_is_explained():
    from neurosim.experiments.toml.head import Analysis, Head
    from neurosim.experiments.toml.schema import named_parts
    from neurosim.models.registry import is_builtin

    for part in filter(is_builtin, [*named_parts().values(), Analysis, Head]):
        for field in fields_of(part).values():
            assert field.declared.help or field.kind not in (int, float), (
                f"{part.__name__}.{field.name}"
            )
