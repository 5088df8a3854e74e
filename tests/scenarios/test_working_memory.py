"""A network that remembers a cue with NMDA synapses, and loses it without."""

from __future__ import annotations

import pytest

SMALL = ("--set", "neurons=500", "--duration", "3200", "--no-plot")


@pytest.mark.slow
def test_nmda_keeps_the_memory_until_inhibition_ends_it_and_ampa_loses_it(command) -> None:
    found = command("run", "working-memory", *SMALL)["findings"]
    assert found["cued_before_hz"] < 8.0
    assert found["cued_late_hz"] > 10.0 > 5.0 > found["other_late_hz"]
    assert found["cued_after_hz"] < 8.0
    assert found["fast_cued_cue_hz"] > 4.0
    assert found["fast_cued_late_hz"] < 3.0


def test_potential_predicts_the_spikes_in_both_networks(command) -> None:
    found = command("compare", "working-memory", *SMALL)["comparison"]
    assert found["nmda_bits"]["value"] > 2.0
    assert found["nmda_half_mv"] == pytest.approx(-50.1, abs=0.3)
