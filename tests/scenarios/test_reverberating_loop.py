from __future__ import annotations

import numpy as np
import pytest

from scenarios.biological_neuron.reverberating_loop_model import Settings, abstract_loop


def test_one_kick_turns_the_loop_on_and_inhibition_off(command):
    found = command("run", "reverberating-loop", "--no-plot")["findings"]
    assert found["silent_before_kick"]
    assert found["spikes_while_on"] == 40  # 200 ms, one every 5
    assert found["period_ms"] == pytest.approx(found["loop_ms"], abs=1e-9)
    assert found["spikes_while_off"] == 0
    assert found["on_again"]


def test_neurons_do_what_threshold_units_do_until_time_matters(command, tmp_path):
    told = command("compare", "reverberating-loop")["comparison"]
    assert told["agreement"] == 1.0
    assert told["active_steps"] > 60
    # 20 ln(20/5) = 27.7 ms, tried every half.
    assert told["longest_veto"] == 27.5
    assert told["shortest_lasting_loop"] == 5.5
    handed = told["handed_on_in_noise"]
    # The law is 0.9637; four standard errors, 6e-5.
    error = (handed["high"] - handed["low"]) / 3.92
    assert abs(handed["value"] - 0.9637) < 4.0 * error
    for name in ("loop", "limits"):
        assert (tmp_path / f"reverberating-loop-comparison-{name}.png").exists()


def test_threshold_units_hand_the_pulse_on():
    active = abstract_loop(Settings(neurons=8, delay=6.0), 400.0)
    assert (active[:34].sum(axis=1) == 1).all()
    assert (active[:34].argmax(axis=1) == np.arange(34) % 8).all()
    assert not active[34:50].any()
    assert active[50, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "psp=15"), "outside 15.1 to 100 mV"),
        (("--set", "neurons=2"), "40 to 150 ms"),
        (("--set", "trials=100000", "--set", "neurons=20"), "above 1,000,000"),
        (("--duration", "100"), "two rounds"),
    ],
)
def test_what_is_no_loop_is_refused(refused, arguments, words):
    assert words in refused("reverberating-loop", *arguments)
