from __future__ import annotations

import pytest


def test_three_synapses_sum_to_minus_63_mV(command, tmp_path):
    printed = command("run", "psp-summation")
    assert printed["findings"]["peak_mv"] == -63.0
    assert printed["findings"]["fired"] is False
    assert printed["findings"]["peaks_alone_mv"] == [-6.0, 10.0, 3.0]
    assert (tmp_path / "psp-summation-potentials.png").exists()


def test_10_3_and_3_mv_reach_minus_54_mv_and_fire_the_neuron(command):
    found = command("run", "psp-summation", "--set", "psps=10,3,3")["findings"]
    assert found["graded_mv"] == -54.0
    assert found["fired"] is True
    assert found["peak_mv"] == 30.0
    assert found["spike_times_ms"] == [10.0]


def test_synapses_that_sum_to_the_threshold_leave_the_neuron_silent(command):
    found = command("run", "psp-summation", "--no-plot", "--set", "psps=10,8,-3")["findings"]
    assert found["peak_mv"] == -55.0
    assert found["fired"] is False


@pytest.mark.parametrize("synapse", ["exponential", "alpha"])
def test_peaks_of_one_kernel_add_exactly(command, synapse):
    found = command("run", "psp-summation", "--no-plot", "--set", f"synapse={synapse}")["findings"]
    # The rounding of 800 steps; potentials are a few mV.
    assert found["largest_error_of_sum_mv"] < 1e-12
    assert found["peak_mv"] == pytest.approx(-70.0 + sum(found["peaks_alone_mv"]), abs=1e-12)
    # Half a step off the peak at most: |V''|/2 · (0.05 ms)², with |V''| ≤ 7 mV / (τ_m τ_s) for the
    # exponential current at its peak, and less for the alpha current.
    assert found["peak_mv"] == pytest.approx(-63.0, abs=7.0 / (20.0 * 5.0) / 2.0 * 0.05**2)
    assert found["fired"] is False


@pytest.mark.parametrize("synapse", ["exponential", "alpha"])
def test_slow_synapses_fire_the_neuron_on_the_way_to_their_peak(command, synapse):
    assignments = ("--set", f"synapse={synapse}", "--set", "psps=10,3,3")
    found = command("run", "psp-summation", "--no-plot", *assignments)["findings"]
    assert found["fired"] is True
    assert found["spike_times_ms"][0] > 10.0


def test_presynaptic_neurons_have_one_sign_each(command):
    printed = command("run", "psp-summation", "--no-plot")
    assert set(printed["rates_hz"]) == {"neuron", "membrane", "exc", "inh"}
    assert printed["synapses"] == 9  # three onto the neuron, three alone, three together
    inhibitory = command("run", "psp-summation", "--no-plot", "--set", "psps=-6,-3")
    assert set(inhibitory["rates_hz"]) == {"neuron", "membrane", "inh"}
    assert inhibitory["findings"]["peak_mv"] == -79.0


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("psps=", "has 0 values: give 1 to 10, in mV"),
        ("tau=0", "tau = 0 ms is outside 0.1 to 1000 ms"),
        ("synapse=aplha", "did you mean 'alpha'"),
    ],
)
def test_settings_out_of_range_are_refused(refused, assignment, words):
    assert words in refused("psp-summation", "--set", assignment)


@pytest.mark.parametrize(("psps", "fires"), [("-6,10,3", False), ("10,3,3", True), ("12,3", False)])
def test_the_abstract_sum_decides_as_the_neuron_does(command, tmp_path, psps, fires):
    told = command("compare", "psp-summation", "--set", f"psps={psps}")["comparison"]
    assert told["agreement"] is True
    assert told["unit_fires"] is told["neuron_fired"] is fires
    assert told["score"] == pytest.approx(sum(map(float, psps.split(","))) - 15.0)
    assert told["difference"] < 1e-9
    assert (tmp_path / "psp-summation-comparison-sum.png").exists()
