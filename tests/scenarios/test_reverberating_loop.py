from __future__ import annotations

import numpy as np
import pytest

from scenarios.biological_neuron.reverberating_loop import Settings, threshold_loop


def test_one_stimulus_turns_the_loop_on_and_inhibition_off(command):
    found = command("run", "reverberating-loop", "--no-plot")["findings"]
    assert found["silent_before_kick"]
    assert found["spikes_while_on"] == 40  # 200 ms, one every 5
    assert found["period_ms"] == pytest.approx(40.0, abs=1e-9)
    assert found["spikes_while_off"] == 0
    assert found["on_again"]


def test_neurons_behave_like_threshold_units_except_for_refractoriness(command, tmp_path):
    compared = command("compare", "reverberating-loop")["comparison"]
    assert compared["agreement"] == 1.0
    assert compared["shortest_lasting_loop_ms"] == 5.5
    assert (tmp_path / "reverberating-loop-comparison-limits.png").exists()


def test_one_threshold_unit_after_another_is_active():
    active = threshold_loop(Settings(neurons=9), 400.0)
    assert (active[:40].sum(axis=1) == 1).all()
    assert (active[:40].argmax(axis=1) == np.arange(40) % 9).all()
    assert not active[40:60].any()
    assert active[60, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "psp=15"), "outside 15.1 to 30 mV"),
        (("--set", "neurons=2"), "outside 8 to 30"),
        (("--duration", "100"), "two rounds"),
    ],
)
def test_invalid_loops_are_refused(refused, arguments, words):
    assert words in refused("reverberating-loop", *arguments)
