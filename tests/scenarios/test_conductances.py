"""Reversal and shunting of synaptic conductances, and logistic neurons with a product term."""

from __future__ import annotations

import numpy as np
import pytest

RESISTANCE, TAU_M, TAU = 0.08, 20.0, 5.0  # GΩ, ms, ms


def potential(excitation: float, inhibition: float) -> float:
    """Largest depolarisation (mV) by two conductances (nS), by Euler steps of 1 µs."""
    h, v, peak = 1e-3, 0.0, 0.0
    decay = np.exp(-np.arange(0.0, 40.0, h) / TAU) * RESISTANCE
    for g in decay:
        v += h / TAU_M * (g * excitation * (70.0 - v) - g * inhibition * v - v)
        peak = max(peak, v)
    return peak


def test_the_inhibitory_psp_reverses_at_the_reversal_potential(command) -> None:
    found = command("run", "conductances", "--no-plot", "--set", "repeats=4")["findings"]
    assert found["reversal_mv"] == pytest.approx(-70.0, abs=1e-9)
    # A membrane under a conductance is linear in the distance from the reversal potential.
    assert found["psps_mv"][0] == pytest.approx(2.0 * found["psps_mv"][1], rel=1e-9)
    other = command("run", "conductances", "--no-plot", "--set", "repeats=4", "--set", "e_rev=-80")[
        "findings"
    ]
    assert other["psps_mv"][1] == pytest.approx(0.0, abs=1e-9)


def test_shunting_divides_and_a_current_subtracts(command) -> None:
    found = command("run", "conductances", "--no-plot", "--set", "repeats=4")["findings"]
    alone, shunted = np.array(found["epsps_mv"]), np.array(found["epsps_shunt_mv"])
    assert shunted[0] == pytest.approx(0.0, abs=1e-12)
    assert np.ptp(shunted[1:] / alone[1:]) < 0.05
    unit = 2.0 / (70.0 * 4.0 ** (-1.0 / 3.0) * RESISTANCE * 0.25)  # nS for a PSP of 2 mV
    for n in (1, 14):
        assert alone[n] == pytest.approx(potential(n * unit, 0.0), abs=5e-3)
        assert shunted[n] == pytest.approx(potential(n * unit, 160.0), abs=5e-3)
    assert found["less_half_mv"] == pytest.approx(found["less_all_mv"], rel=0.15)
    assert found["epsp_all_mv"] < 0.85 * found["sum_of_single_mv"]


@pytest.mark.parametrize("e_rev", [-90.0, -60.0])
def test_shunting_divides_epsps_whatever_its_reversal_potential(command, e_rev) -> None:
    found = command("run", "conductances", "--set", f"e_rev={e_rev:g}", "--no-plot")["findings"]
    assert 0.2 < found["fraction_one"] < found["fraction_all"] < 0.7


@pytest.mark.slow
def test_only_shunting_needs_the_product(command) -> None:
    rows = command("compare", "conductances", "--no-plot")["comparison"]
    assert rows["gain_shunt"]["low"] > 0.01
    assert abs(rows["gain_current"]["value"]) < 0.01
    assert rows["bits_shunt_product"]["value"] <= rows["bits_shunt_peak"]["value"] + 0.01
