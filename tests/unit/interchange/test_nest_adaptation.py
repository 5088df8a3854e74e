"""Conversion of NEST's adapting neurons."""

from __future__ import annotations

import pytest

import neurosim as ns


def test_lists_of_after_spike_currents_may_be_shorter() -> None:
    params = {"asc_init": [5.0], "asc_decay": [0.01], "asc_amps": [-20.0], "asc_r": [0.5]}
    neuron, synapses = ns.from_nest(
        "glif_psc", params | {"after_spike_currents": True, "tau_syn": [2.0, 9.0]}
    )
    assert (neuron.jump_1, neuron.keep_1, neuron.decay_1) == (-20.0, 0.5, 0.01)
    assert (neuron.jump_2, neuron.initial["a_1"], neuron.initial["a_2"]) == (0.0, 5.0, 0.0)
    assert synapses == {1: ns.AlphaCurrent(2.0), 2: ns.AlphaCurrent(9.0)}


def test_more_after_spike_currents_are_refused() -> None:
    with pytest.raises(ns.NeurosimError, match=r"glif_psc with 3 values of asc_amps .* has two"):
        ns.from_nest("glif_psc", {"asc_amps": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize(
    ("model", "neuron"),
    [
        ("mat2_psc_exp", ns.MAT2(initial={"v": -70.0})),
        ("amat2_psc_exp", ns.AMAT2(initial={"v": -70.0})),
        ("glif_psc", ns.GLIF(as_nest=True, initial={"v": -78.85, "a_1": 0.0, "a_2": 0.0})),
        ("iaf_cond_exp_sfa_rr", ns.AdaptingLIF(method="gsl", initial={"v": -70.0})),
    ],
)
def test_defaults_of_nest_are_those_of_the_models(model: str, neuron: ns.Neuron) -> None:
    assert ns.from_nest(model)[0] == neuron
