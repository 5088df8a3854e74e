from __future__ import annotations

import pytest


def test_the_neuron_rests_at_minus_70_and_its_spike_rises_to_plus_30_mv(command, tmp_path):
    found = command("run", "action-potential")["findings"]
    assert (found["rest_mv"], found["threshold_mv"], found["peak_mv"]) == (-70.0, -55.0, 30.0)
    figures = {path.name for path in tmp_path.glob("*.png")}
    assert figures == {f"action-potential-{name}.png" for name in ("potentials", "ion-channels")}


def test_at_exactly_minus_55_mv_the_neuron_stays_silent(command):
    found = command("run", "action-potential", "--no-plot")["findings"]
    assert found["fired_at_exactly_threshold"] is False
    assert found["highest_silent_mv"] == -55.0
    assert found["fired"] == [push > 15.0 for push in found["pushes_mv"]]


def test_the_smallest_number_above_15_mv_fires_the_neuron(command):
    above = "15.000000000000002"  # the next number after 15
    found = command("run", "action-potential", "--no-plot", "--set", f"pushes=15,{above}")
    assert found["findings"]["fired"] == [False, True]


def test_stronger_stimuli_evoke_the_same_action_potential(command):
    printed = command("run", "action-potential", "--no-plot", "--set", "pushes=15.1,20,100,200")
    assert printed["findings"]["fired"] == [True] * 4
    assert printed["findings"]["peaks_mv"] == [30.0] * 4
    assert printed["findings"]["distinct_spikes"] == 1


def test_below_threshold_the_response_is_as_high_as_the_stimulus(command):
    printed = command("run", "action-potential", "--no-plot", "--set", "pushes=1,2,4,8,14.5")
    assert printed["findings"]["peaks_mv"] == [-69.0, -68.0, -66.0, -62.0, -55.5]


def test_any_stimuli_can_be_drawn(command, tmp_path):
    command("run", "action-potential", "--set", "pushes=-20,3")
    command("run", "action-potential", "--set", "pushes=" + ",".join(map(str, range(10, 30))))
    assert len(list(tmp_path.glob("*.png"))) == 2


def test_hodgkin_huxley_neurons_fire_all_or_none_and_sodium_flows_first(command):
    found = command("run", "action-potential", "--no-plot", "--set", "pushes=6,7,10,20,40")
    found = found["findings"]
    # Hodgkin & Huxley (1952) computed instantaneous depolarisations: 6 mV fails, 7 mV succeeds.
    assert found["channels_fired"] == [False, True, True, True, True]
    silent, *peaks = found["channels_peaks_mv"]
    assert silent < -55.0
    assert min(peaks) > 35.0
    assert max(peaks) - min(peaks) < 5.0
    assert 0.5 < found["potassium_after_sodium_ms"] < 3.0
    # Sodium must carry at least the charge that depolarises 100 pF by 100 mV, potassium as much.
    assert found["sodium_in_pc"] > 10.0
    assert found["potassium_out_pc"] > found["sodium_in_pc"]


def test_integrate_and_fire_neuron_decides_as_the_threshold_unit(command, tmp_path):
    compared = command("compare", "action-potential")["comparison"]
    assert compared["agreement_neuron"] == 1.0
    assert compared["weakest_push_that_fires_neuron"] == 15.1
    assert compared["weakest_push_that_fires_channels"] == 10.0
    assert (tmp_path / "action-potential-comparison-all-or-none.png").exists()


@pytest.mark.parametrize(
    ("pushes", "words"), [("", "1 to 20"), ("5,300", "300 mV is outside -100 to 200 mV")]
)
def test_stimuli_out_of_range_are_refused(refused, pushes, words):
    assert words in refused("action-potential", "--set", f"pushes={pushes}")
