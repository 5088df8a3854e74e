"""Neurons fitted to a recording of a neuron with ion channels."""

from __future__ import annotations

import numpy as np
import pytest

from scenarios.recordings.fit_a_neuron import nearby


def test_recording_is_described(command) -> None:
    found = command("run", "fit-a-neuron", "--no-plot", "--duration", "3000")["findings"]
    assert 10.0 < found["rate_hz"] < 60.0
    assert found["shortest_interval_ms"] > 4.0


def test_windows_of_lags_contain_the_spikes_of_a_model() -> None:
    windows = np.array(nearby(np.array([5.0]), 100, 0.1))
    assert windows.sum(axis=0).max() == 1.0
    # The spike is in step 49; the window of lags 0 to 0.2 ms has the steps that begin before it.
    assert np.flatnonzero(windows[6]).tolist() == [48, 49]


@pytest.mark.slow
def test_adex_predicts_more_than_lif_and_the_logistic_neuron(command) -> None:
    found = command("compare", "fit-a-neuron", "--no-plot")["comparison"]
    assert found["coincidence_adex"] > found["coincidence_lif"] > 0.6
    assert found["coincidence_adex"] > 0.85
    assert found["gain_adex"]["value"] > found["gain_lif"]["value"]
    assert found["gain_adex"]["low"] > 0.0
