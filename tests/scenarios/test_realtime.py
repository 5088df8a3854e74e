"""A scenario in real time, from the command line."""

from __future__ import annotations

import time


def test_a_scenario_in_real_time_takes_its_duration_and_finds_the_same(command) -> None:
    scenario = ("psp-summation", "--duration", "300", "--no-plot")
    free = command("run", *scenario)
    started = time.perf_counter()
    paced = command("run", *scenario, "--realtime")
    assert time.perf_counter() - started >= 0.3
    assert paced["realtime"]["chunks"] == 15
    assert 0 <= paced["realtime"]["late_chunks"] <= 15
    assert free["realtime"] is None
    for reported in ("findings", "rates_hz"):
        assert paced[reported] == free[reported]
