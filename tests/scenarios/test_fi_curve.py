from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

import bridge
import neurosim as ns
from neurosim.scenario import RunOptions
from scenarios.biological_neuron.fi_curve import CURRENTS, Settings, measured, network, to_potential

SMALL = ("--duration", "700", "--set", "repeats=4")


def test_no_neuron_fires_faster_than_200_hz_and_none_below_rheobase(command, tmp_path):
    found = command("run", "fi-curve", *SMALL)["findings"]
    assert found["rheobase_pa"] == 187.5
    assert found["highest_silent_pa"] == 187.5
    assert found["lowest_firing_pa"] == 203.125
    assert 190.0 < found["max_rate_hz"] <= found["limit_hz"] == 200.0
    assert (tmp_path / "fi-curve-rates.png").exists()


def test_without_noise_the_rate_is_the_analytic_one_to_the_step(command):
    found = command("run", "fi-curve", *SMALL, "--no-plot")["findings"]
    exact = bridge.deterministic_rate(to_potential(found["currents_pa"]), ns.LIF())
    # Spike times are rounded up to the end of a step of 0.1 ms.
    steps = np.ceil(np.divide(1e4, exact, out=np.full_like(exact, np.inf), where=exact > 0) - 1e-9)
    # Rounding of spike times of up to 700 ms, at 200 Hz.
    assert found["rates_noiseless_hz"] == pytest.approx(1e4 / steps, abs=1e-9)
    # 0.1 ms of at least 5 ms.
    assert found["noiseless_from_theory_hz"] < 200.0 * 0.1 / 5.0


def test_with_noise_the_rate_is_the_analytic_one():
    settings = Settings(repeats=30)
    options = RunOptions(duration=1200.0)
    result = ns.simulate(network(settings, options), options.duration)
    _, rate, error = measured(result, settings)
    analytic = settings.analytic(to_potential(CURRENTS), result.dt)
    chosen = (analytic > 5.0) & (analytic < 60.0)
    deviation = (rate - analytic)[chosen] / error[chosen]
    # 20 currents, 29 degrees of freedom: an error rate of 2e-4.
    assert chosen.sum() == 20
    assert np.abs(deviation).max() < student.isf(5e-6, 29)


def test_the_logistic_curve_fits_weak_currents_and_fails_over_a_wide_range(command, tmp_path):
    compared = command("compare", "fi-curve", *SMALL)["comparison"]
    assert 4.7 < compared["largest_error_wide"] < 8.5
    assert 1.2 < compared["largest_error_near"] < 1.8
    # The fitted maximum depends on the range, so it is not a property of the neuron.
    assert compared["maximum_near"] < 40.0 < 75.0 < compared["maximum_wide"] < 85.0
    assert (tmp_path / "fi-curve-comparison-rates.png").exists()


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("sigma=0", "outside 0.1 to 50 mV"),
        ("repeats=1", "2 to"),
    ],
)
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("fi-curve", "--set", assignment)


def test_a_run_too_short_to_measure_rates_is_refused(refused):
    assert "less than 100 ms after the warm-up" in refused("fi-curve", "--duration", "250")
