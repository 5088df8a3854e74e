"""Parameters of neurons recovered from recordings of 10 s, and their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bridge
import neurosim as ns
from tests.unit.bridge.recordings.conftest import record

pytestmark = pytest.mark.slow

TRUE: dict[str, Any] = {
    "LIF": ns.LIF(tau_m=14.0, c_m=180.0, v_rest=-68.0, v_threshold=-52.0, v_reset=-62.0, t_ref=3.0),
    "AdEx": ns.AdEx(
        c_m=200.0, g_l=12.0, e_l=-68.0, v_th=-50.0, delta_t=2.5, a=3.0, b=60.0, tau_w=120.0,
        v_reset=-58.0, t_ref=2.0,
    ),
    "GIF": ns.GIF(
        g_l=5.0, c_m=100.0, e_l=-66.0, v_reset=-60.0, v_threshold=-48.0, delta_v=2.0, lambda_0=10.0,
        a_eta_2=20.0, a_eta_3=10.0, a_gamma_2=4.0, a_gamma_3=2.0,
    ),
}  # fmt: skip
START: dict[str, Any] = {
    "LIF": ns.LIF(t_ref=3.0),
    "AdEx": ns.AdEx(t_ref=2.0),
    "GIF": ns.GIF(lambda_0=10.0),
}
CURRENT = {"LIF": (220.0, 150.0), "AdEx": (300.0, 250.0), "GIF": (120.0, 80.0)}
FREE = {
    "GIF": (
        "g_l", "c_m", "e_l", "v_reset", "v_threshold", "delta_v", "a_eta_2", "a_eta_3", "a_gamma_2",
        "a_gamma_3",
    )
}  # fmt: skip


def fitted(name: str, seed: int) -> bridge.NeuronFit:
    """Fit a neuron to 10 s of its own potential with measurement noise."""
    data = record(TRUE[name], *CURRENT[name], 10_000.0, seed)
    # A seed of its own: the current was drawn with `seed`.
    voltage = data.noisy(np.random.default_rng([seed, 1]), 0.3)
    return bridge.fit_neuron(
        START[name], data.current, voltage=voltage, spikes=data.spikes, free=FREE.get(name)
    )


@pytest.mark.parametrize("name", TRUE)
def test_parameters_are_recovered_from_ten_seconds(name) -> None:
    fit = fitted(name, 1)
    for key, found in fit.parameters.items():
        # Chance of a value beyond 4 standard errors: 6e-4 for ten parameters.
        assert abs(found.value - getattr(TRUE[name], key)) < 4.0 * fit.standard_errors[key], key
    assert fit.coincidence > 0.9 * fit.reliability


@pytest.mark.parametrize("name", ["LIF", "GIF"])
def test_intervals_cover_in_95_percent(name) -> None:
    inside = [
        found.low <= getattr(TRUE[name], key) <= found.high
        for seed in range(10, 20)
        for key, found in fitted(name, seed).parameters.items()
    ]
    # At a coverage of 95 %, at most 1e-3 of such series have less than 84 % inside.
    assert np.mean(inside) > 0.84
