"""Escape noise of models with equations: the same random numbers as for linear neurons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

import neurosim as ns
from neurosim.builder.codegen.model_source import source_of
from neurosim.models.declare import parameters_of
from neurosim.models.registry import is_builtin, kinds_of
from tests.unit.builder.test_exact import Conductance
from tests.unit.builder.test_models import AdEx, Leaky

SOFT = ns.EscapeRate(2.0, 4.0)
SHARP = ns.EscapeRate(1e-3, 1e-3, "exponential")


@dataclass(frozen=True, eq=False)
class Fickle(ns.NeuronModel):
    """A neuron with a hazard of its own, and no threshold."""

    rate: float = ns.parameter(0.05, "1/ms", -1e3, 1e30, "rate of spikes")
    v: ClassVar = ns.state("mV", -65.0, "membrane potential")

    @staticmethod
    def derivatives(v, i, p):
        return 0.0 * v

    @staticmethod
    def hazard(v, p):
        return p.rate

    @staticmethod
    def reset(v, p):
        return v + 1.0


class SoftAdEx(AdEx):
    """AdEx with escape noise at the threshold of its exponential."""

    threshold = "v_t"


def _spikes(neuron: Any, current: float = 180.0, n: int = 60, **options: Any) -> ns.SpikeTrains:
    net = ns.Network()
    cells = net.add("cells", n, neuron)
    net.drive(cells, ns.ConstantCurrent(current))
    if options.pop("with_conductance", False):
        net.drive(cells, ns.SpikeTimes([5.0]), synapse=Conductance(), weight=1e-9)
    return ns.simulate(net, options.pop("duration", 100.0), **options).spikes["cells"]


def _same(one: ns.SpikeTrains, other: ns.SpikeTrains) -> bool:
    return np.array_equal(one.times, other.times) and np.array_equal(one.ids, other.ids)


@pytest.mark.parametrize("link", ["softplus", "exponential"])
def test_a_model_spikes_as_the_linear_neuron_of_the_same_equation(link: Any) -> None:
    escape = ns.EscapeRate(2.0, 4.0, link)
    linear = _spikes(ns.LIF(escape=escape))
    assert len(linear) > 100
    assert _same(linear, _spikes(Leaky(escape=escape)))
    assert _same(linear, _spikes(Leaky(escape=escape, tau_m=np.full(60, 20.0)), threads=2))
    assert _same(linear, _spikes(ns.LIF(escape=escape), with_conductance=True))
    early = linear.times <= 10.0
    plain = _spikes(Leaky(escape=escape), duration=10.0, debug=True)
    assert np.array_equal(plain.times, linear.times[early])


@pytest.mark.slow
@pytest.mark.parametrize(
    "neuron",
    [
        Leaky(),
        ns.MAT2(omega=-60.0),
        ns.AMAT2(omega=-60.0, beta=0.2),
        ns.GLIF.of_level(5, v_threshold=-65.0),
        ns.AdaptingLIF(),
    ],
    ids=lambda neuron: type(neuron).__name__,
)
def test_a_narrow_and_fast_threshold_is_the_deterministic_one(neuron: Any) -> None:
    plain, sharp = (_spikes(n, 900.0, n=1) for n in (neuron, replace(neuron, escape=SHARP)))
    assert len(plain) == len(sharp) > 4
    # A spike within a time step resets the neuron there, a random one at the end of the step.
    late = 0.11 if neuron.method == "rk4" else 1e-9
    assert np.abs(plain.times - sharp.times).max() < late


@pytest.mark.slow
@pytest.mark.parametrize("method", ["rk4", "adaptive", "gsl"])
def test_escape_noise_below_the_peak_makes_spikes_earlier(method: Any) -> None:
    neuron = SoftAdEx(method=method)
    plain, sharp = (_spikes(n, 900.0, n=1) for n in (neuron, replace(neuron, escape=SHARP)))
    assert sharp.times[0] < plain.times[0] - 1.0
    assert len(sharp) > len(plain) > 3


@pytest.mark.slow
def test_a_soft_threshold_out_of_reach_leaves_the_peak() -> None:
    plain = _spikes(AdEx(), 800.0, n=2)
    assert len(plain) > 4
    never = SoftAdEx(escape=ns.EscapeRate(1e3, 1e6))
    assert _same(plain, _spikes(never, 800.0, n=2))


def test_threads_pieces_and_restores_change_no_bit(tmp_path) -> None:
    def network() -> ns.Network:
        net = ns.Network()
        cells = net.add("cells", 300, ns.MAT2(omega=-60.0, escape=SOFT))
        net.drive(cells, ns.ConstantCurrent(300.0))
        net.connect(cells, cells, ns.FixedInDegree(5), weight=40.0, synapse=ns.ExpCurrent(2.0))
        return net

    whole = ns.simulate(network(), 60.0, threads=1).spikes["cells"]
    assert len(whole) > 300
    simulation = ns.Simulation(network(), threads=3)
    simulation.run(20.3)
    simulation.save(tmp_path / "state.h5")
    assert _same(whole, simulation.run(39.7).spikes["cells"])
    restored = ns.Simulation.restore(tmp_path / "state.h5", threads=2)
    assert _same(whole, restored.run(39.7).spikes["cells"])


def test_a_hazard_needs_no_spike_condition() -> None:
    trains = _spikes(Fickle(rate=1e30), n=3, duration=2.0)
    assert np.array_equal(trains.counts(), [20, 20, 20])  # in every step
    assert len(_spikes(Fickle(rate=-1.0), n=3)) == len(_spikes(Fickle(rate=0.0), n=3)) == 0


def test_models_without_noise_draw_no_random_numbers() -> None:
    assert "hazard" not in source_of(Leaky())
    assert "hazard" in source_of(Leaky(escape=SOFT))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Fickle(escape=SOFT), "Fickle fires at random by its own hazard: leave out escape"),
        (lambda: AdEx(escape=SOFT), "AdEx has no parameter 'v_threshold', which escape noise"),
        (lambda: Leaky(escape=2.0), "Leaky.escape = 2.0 is not a soft threshold: give EscapeRate"),
        (lambda: Fickle().verify(), "Fickle fires at random: only a deterministic model"),
        (lambda: Leaky(escape=SOFT).verify(), "Leaky fires at random"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(ns.NeurosimError, match=sentence):
        make()


SOFTENED = [
    kind
    for kind in kinds_of(ns.NeuronModel).values()
    if is_builtin(kind) and kind.threshold in parameters_of(kind) and not hasattr(kind, "hazard")
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", SOFTENED, ids=lambda kind: kind.__name__)
def test_every_model_with_a_threshold_can_fire_at_random(kind: type[Any]) -> None:
    net = ns.Network()
    cells = net.add("cells", 20, kind(escape=ns.EscapeRate(2.0, 2.0)))
    strength = 8.0 if kind.__name__ == "Izhikevich" else 600.0
    net.drive(cells, ns.ConstantCurrent(strength))
    net.record(cells, "v")
    result = ns.simulate(net, 100.0)
    assert np.isfinite(result.traces["cells", "v"].values).all()
    firsts = [result.spikes["cells"].of(i)[0] for i in range(20)]
    assert len(set(firsts)) > 1
