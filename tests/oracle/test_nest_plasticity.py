"""Plastic synapses against those of NEST."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns

DATA = Path(__file__).parents[1] / "data"
PAIRS = json.loads((DATA / "nest_stdp.json").read_text())["cases"]
RULES = json.loads((DATA / "nest_models.json").read_text())["plasticity"]
RULE = ("w_max", "learning_rate", "asymmetry", "tau_plus", "tau_minus", "mu_plus", "mu_minus")
GUETIG = {
    "Wmax": "w_max",
    "lambda": "learning_rate",
    "alpha": "asymmetry",
    "mu_plus": "mu_plus",
    "mu_minus": "mu_minus",
    "tau_plus": "tau_plus",
}
RELAY = ns.LIF(t_ref=0.0)
"""Fires with every input spike of 20 mV."""
HIGH = ns.LIF(t_ref=0.0, v_threshold=100.0, v_peak=110.0)
"""Fires with input spikes of 200 mV only."""


def rule_of(model: str, given: dict[str, float]) -> ns.Plasticity:
    """Return the rule that equals a synapse model of NEST."""
    p, w_max = dict(given), given.get("Wmax", 1.0)
    if model == "vogels_sprekeler_synapse":
        tau = p["tau"]
        return ns.VogelsSprekeler(
            w_max, learning_rate=p["eta"] / w_max, tau=tau, rate=p["alpha"] / (2e-3 * tau)
        )
    if model == "stdp_triplet_synapse":
        names = {"a2_plus": "Aplus", "a2_minus": "Aminus"}
        names |= {"a3_plus": "Aplus_triplet", "a3_minus": "Aminus_triplet"}
        amplitudes = {name: p[own] / w_max for name, own in names.items()}
        taus = {"tau_plus": p["tau_plus"], "tau_x": p["tau_plus_triplet"]}
        # Properties of NEST's neuron.
        return ns.TripletSTDP(w_max, **amplitudes, **taus, tau_minus=20.0, tau_y=110.0)
    if model == "stdp_pl_synapse_hom":
        return ns.PowerLawSTDP(1.0, p["lambda"], p["alpha"], p["tau_plus"], mu=p["mu"])
    guetig = {own: p[name] for name, own in GUETIG.items()}
    if model == "stdp_synapse":
        return ns.STDP(**guetig)
    if model == "stdp_nn_pre_centered_synapse":
        return ns.PreCentredSTDP(**guetig)
    kinds = {"stdp_nn_symm_synapse": ns.NearestSTDP, "stdp_nn_restr_synapse": ns.RestrictedSTDP}
    return kinds[model](**guetig, spike_at_start=True)


def network_of(
    rule: ns.Plasticity, pre: np.ndarray, post: np.ndarray, weight: float, delay: float
) -> tuple[ns.Network, ns.Projection]:
    """Return two neurons that fire at given times, and the synapse between them."""
    net = ns.Network()
    a, b = net.add("pre", 1, RELAY), net.add("post", 1, HIGH)
    net.drive(a, ns.SpikeTimes(pre), psp=20.0)
    net.drive(b, ns.SpikeTimes(post), psp=200.0)
    return net, net.connect(
        a, b, ns.OneToOne(), synapse=ns.ExpCurrent(2.0), weight=weight, delay=delay, plasticity=rule
    )


@pytest.mark.parametrize("k", range(len(RULES)), ids=lambda k: f"{RULES[k]['model']}-{k // 7}")
def test_weights_equal_those_of_nest(k: int) -> None:
    case = RULES[k]
    rule = rule_of(case["model"], case["params"])
    # The times are those of generators; the neurons fire 1 ms later.
    pre, post = (np.array(case[side]) + 1.0 for side in ("pre", "post"))
    net, synapse = network_of(rule, pre, post, case["w0"], case["delay"])
    simulation, found = ns.Simulation(net), []
    for _ in case["weights"]:
        result = simulation.run(case["sample_every_ms"])
        found.append(simulation.connections(synapse).weights[0])
    assert result.spikes["pre"].times == pytest.approx(pre)
    assert result.spikes["post"].times == pytest.approx(post)
    assert np.abs(np.array(found) - case["weights"]).max() < 1e-9
    assert np.ptp(case["weights"]) > 0.01


def test_the_phantom_spike_of_nest_matters() -> None:
    case = next(case for case in RULES if case["model"] == "stdp_nn_symm_synapse")
    found = []
    for phantom in (True, False):
        guetig = {own: case["params"][name] for name, own in GUETIG.items()}
        rule = ns.NearestSTDP(**guetig, spike_at_start=phantom)
        net, synapse = network_of(rule, np.array([60.0]), np.array([20.0]), 100.0, 1.0)
        simulation = ns.Simulation(net)
        simulation.run(80.0)
        found.append(simulation.connections(synapse).weights[0])
    gained = 200.0 * case["params"]["lambda"] * np.exp(-21.0 / case["params"]["tau_plus"])
    assert found[0] - found[1] == pytest.approx(gained, rel=1e-12)


@pytest.mark.parametrize("case", PAIRS, ids=["additive", "multiplicative", "mixed", "late"])
def test_every_transmitted_weight_is_nests(case: dict) -> None:
    rule = ns.STDP(**{name: case[name] for name in RULE})
    net, synapse = network_of(rule, case["pre"], case["post"], case["w0"], case["delay"])
    simulation, whole = ns.Simulation(net), ns.Simulation(net)
    found, now = [], 0
    for time in case["pre"]:
        arrived = round((time + case["delay"]) / 0.1)
        result = simulation.run((arrived - now) * 0.1)
        now = arrived
        found.append(float(simulation.connections(synapse).weights[0]))
    assert result.spikes["pre"].times == pytest.approx(case["pre"])
    fired = result.spikes["post"].times
    assert fired == pytest.approx(case["post"][: len(fired)])
    assert np.abs(np.array(found) - case["weights"]).max() < 1e-9
    whole.run(1100.0)
    assert whole.connections(synapse).weights[0] == pytest.approx(case["weights"][-1], abs=1e-9)
