"""Conversion of NEST's models: what is accepted, and what is refused in one sentence."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

import neurosim as ns
from neurosim.interchange.nest.convert import MODELS


@pytest.mark.parametrize(
    ("model", "params", "words"),
    [
        ("iaf_cond_expp", {}, "NEST model 'iaf_cond_expp' is unknown: did you mean 'iaf_cond_exp'"),
        (3, {}, "NEST model 3 is unknown: choose from"),
        ("aeif_cond_exp", {"Delta_t": 2.0}, "has no parameter 'Delta_t': did you mean 'Delta_T'"),
        ("aeif_cond_exp", {"g_L": float("nan")}, "g_l = nan is not finite"),
        ("iaf_cond_exp", {"tau_syn_ex": -1.0}, "tau = -1 ms is outside 0.01 to 10000 ms"),
        ("iaf_cond_exp", {"I_e": 100.0}, "I_e = 100.0 is an input: leave it out"),
        ("iaf_cond_exp", [1.0], r"params = \[1.0\] is not a dict: give values by name"),
    ],
)
def test_what_cannot_be_converted_is_refused(model: Any, params: Any, words: str) -> None:
    with pytest.raises(ns.NeurosimError, match=words) as caught:
        ns.from_nest(model, params)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["ten", None, [1.0, 2.0], [[]], {}, 0, 0.0, 1e999, object()])
def test_unusual_values_of_any_parameter_are_converted_or_refused(value: Any) -> None:
    for model, entry in MODELS.items():
        for name in ("I_e", *entry.defaults):
            with suppress(ns.NeurosimError):
                ns.from_nest(model, {name: value})


def test_params_may_be_a_series_and_initial_values_are_kept() -> None:
    pandas = pytest.importorskip("pandas")
    given = pandas.Series({"g_L": 20.0, "C_m": 200, "V_m": -65.0, "w": 40.0})
    neuron, synapses = ns.from_nest("aeif_cond_exp", given)
    assert (neuron.g_l, neuron.c_m) == (20.0, 200.0)
    assert set(synapses) == {"ex", "in"}
    net = ns.Network()
    cell = net.add("cell", 1, neuron)
    for state in ("v", "w"):
        net.record(cell, state)
    traces = ns.simulate(net, 0.1).traces
    assert traces["cell", "v"].values[0, 0] == pytest.approx(-65.0, abs=0.5)
    assert traces["cell", "w"].values[0, 0] == pytest.approx(40.0, abs=0.5)


def test_a_gap_junction_has_no_psp() -> None:
    net = ns.Network()
    cells = net.add("cells", 2, ns.AdEx())
    with pytest.raises(ns.NeurosimError, match=r"psp = 1\.0: (?!AdEx has no stable)"):
        net.connect(cells, cells, ns.AllToAll(), synapse=ns.GapJunction(), psp=1.0)
