"""A scenario in real time, from the command line."""

from __future__ import annotations


def test_a_scenario_in_real_time_has_the_same_findings(command) -> None:
    scenario = ("psp-summation", "--duration", "300", "--no-plot")
    free = command("run", *scenario)
    paced = command("run", *scenario, "--realtime")
    assert paced["realtime"]["chunks"] == 15
    assert 0 <= paced["realtime"]["late_chunks"] <= 15
    assert free["realtime"] is None
    for reported in ("findings", "rates_hz"):
        assert paced[reported] == free[reported]
