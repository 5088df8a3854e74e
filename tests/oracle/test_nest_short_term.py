"""Short-term plasticity equals NEST's tsodyks2_synapse and tsodyks_synapse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurosim as ns

CASES = json.loads((Path(__file__).parents[1] / "data" / "nest_models.json").read_text())[
    "short_term"
]


def model(case: dict[str, Any]) -> ns.ShortTermPlasticity:
    """Return the model of a case."""
    p = case["params"]
    given = {"u": p["U"], "tau_rec": p["tau_rec"], "tau_fac": p["tau_fac"]}
    if case["model"] == "tsodyks2_synapse":
        return ns.TsodyksMarkram(**given)
    return ns.TsodyksUzielMarkram(**given, tau_psc=p["tau_psc"])


@pytest.mark.parametrize("plastic", [False, True])
@pytest.mark.parametrize("case", CASES, ids=[f"{c['model']}{k}" for k, c in enumerate(CASES)])
def test_amplitudes_equal_nest(case: dict[str, Any], plastic: bool) -> None:
    net = ns.Network()
    pre, post = net.add("pre", 1, ns.LIF(t_ref=0.0)), net.add("post", 1, ns.LIF())
    net.drive(pre, ns.SpikeTimes(case["spikes"]), psp=30.0)
    constant = ns.STDP(w_max=2 * case["weight"], learning_rate=0.0)
    net.connect(
        pre,
        post,
        ns.OneToOne(),
        synapse=ns.ExpCurrent(2.0),
        weight=case["weight"],
        delay=1.5,
        short_term=model(case),
        plasticity=constant if plastic else None,
    )
    net.record(post, "i_syn")
    current = ns.simulate(net, 1100.0).traces["post", "i_syn"].values[:, 0]
    arrived = current - np.append(0.0, current[:-1]) * np.exp(-0.1 / 2.0)
    steps = np.round(np.array(case["spikes"]) / 0.1).astype(int) - 1 + 15
    assert len(steps) == len(case["amplitude"])
    np.testing.assert_allclose(arrived[steps], case["amplitude"], atol=1e-9)
    assert np.abs(np.delete(arrived, steps)).max() < 1e-9
