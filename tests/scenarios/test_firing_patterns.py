"""Firing patterns of neurons with a second variable, and what their past tells about them."""

from __future__ import annotations

import pytest

import neurosim as ns
from scenarios.biological_neuron.firing_patterns import PATTERNS, statistics


def test_each_neuron_has_the_firing_pattern_of_the_papers(command) -> None:
    found = command("run", "firing-patterns", "--no-plot", "--set", "neurons=4")["findings"]
    kinds = {
        "regular": {"tonic", "fast spiking", "resonator"},
        "adapting": {"adapting", "regular spiking", "low-threshold spiking"},
        "accelerating": {"delayed accelerating"},
        "initial burst": {"initial burst", "intrinsically bursting"},
        "bursting": {"regular bursting", "delayed regular bursting", "chattering"},
        "transient": {"transient"},
        "irregular": {"irregular"},
    }
    for kind, names in kinds.items():
        assert {name for name in PATTERNS if found[name]["kind"] == kind} == names
    latency = {name: found[name]["latency_ms"] for name in ns.AdEx.PATTERNS}
    assert min(latency["delayed accelerating"], latency["delayed regular bursting"]) > 30.0
    # SciPy's LSODA with tolerance 1e-10: a cycle of ten intervals, nine when rounded.
    assert found["irregular"]["distinct_intervals"] == 9


def test_statistics_of_two_bursts() -> None:
    found = statistics([10.0, 12.0, 15.0, 45.0, 47.0, 50.0, 80.0], 100.0)
    assert found["rate_hz"] == 70.0
    assert found["latency_ms"] == 10.0
    assert found["bursts"] == 2
    assert found["last_over_first"] == 15.0


@pytest.mark.slow
def test_earlier_spikes_matter_to_adaptation_and_bursts(command) -> None:
    found = command("compare", "firing-patterns", "--no-plot")["comparison"]
    bits = {key: one["value"] for key, one in found.items()}
    for name in (name.replace(" ", "_") for name in PATTERNS):
        assert bits[f"current_{name}"] < bits[f"last_{name}"] < bits[f"all_{name}"]
    gain = {name: bits[f"all_{name}"] - bits[f"last_{name}"] for name in ("tonic", "adapting")}
    assert gain["adapting"] > 1.5 * gain["tonic"]
    assert bits["current_tonic"] < 0.15 * bits["all_tonic"]
    assert bits["all_initial_burst"] > 1.7 * bits["last_initial_burst"]
