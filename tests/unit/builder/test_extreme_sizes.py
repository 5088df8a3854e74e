"""Readable data and networks of extreme sizes: done in time, or refused before memory runs out."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.analysis import correlations, fano_factor, peak_frequency, population_rate
from neurosim.builder.delays import MOST_DELAYS, TAIL, delay_law
from neurosim.cli import main
from neurosim.engine.estimate import estimate_resources
from neurosim.models.distributions import Distribution
from neurosim.plot import raster
from neurosim.results import SpikeTrains

FAR = 1e12
"""ms: 32 years."""


def trains(n_spikes: int, n_neurons: int, duration: float) -> SpikeTrains:
    generator = np.random.default_rng(1)
    times = np.sort(generator.uniform(0.0, duration, n_spikes)).round(1)
    return SpikeTrains(times, generator.integers(0, n_neurons, n_spikes), np.arange(n_neurons))


def test_measures_of_few_bins_are_those_of_all_bins():
    spikes = trains(3_000, 5, 1_000.0)
    bins = np.ceil(spikes.times / 2.0 - 1e-6).astype(int) - 1
    counts = np.zeros((5, 500))
    np.add.at(counts, (spikes.ids, bins), 1)
    total = counts.sum(axis=0)
    assert fano_factor(spikes, 1_000.0, bin_ms=2.0) == pytest.approx(
        total.var() / total.mean(), rel=1e-12
    )
    expected = np.corrcoef(counts)[np.triu_indices(5, 1)]
    assert correlations(spikes, 1_000.0, bin_ms=2.0) == pytest.approx(expected, abs=1e-12)


def test_measures_are_sized_by_spikes_and_not_by_time():
    spikes = trains(2_000, 4, FAR)
    # Rare spikes are independent of one another, in this many bins nearly without chance.
    assert fano_factor(spikes, FAR) == pytest.approx(1.0, abs=1e-6)
    assert correlations(spikes, FAR) == pytest.approx(np.zeros(6), abs=1e-6)
    for measure in (population_rate, peak_frequency):
        with pytest.raises(
            ns.NeurosimError, match=r"\de\+12 bins of .* in 1e\+12 ms .* larger bin"
        ):
            measure(spikes, FAR)


def test_spikes_of_32_years_are_imported_and_drawn(tmp_path: Path, capsys):
    (tmp_path / "a.csv").write_text("neuron,time_ms\n0,250000000000\n0,1000000000000\n1,1e11\n")
    out = tmp_path / "out"
    assert main(["import", str(tmp_path / "a.csv"), "--json", "--out", str(out)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["duration_ms"] == FAR
    assert (out / "imported-spikes.png").stat().st_size > 1_000
    figure = raster(ns.load(out / "result.h5"))
    rate = figure.axes[1].lines[0]
    # Three spikes of two neurons, whatever the width of the bins.
    width = np.diff(rate.get_xdata()[:2])[0] / 1e3
    assert rate.get_ydata().sum() * width == pytest.approx(1.5)


@pytest.mark.slow
def test_a_thousand_populations_are_listed_in_a_short_table(tmp_path: Path, capsys):
    rows = "".join(f"p{k},{k % 3},{(k + 1) / 10:.1f}\n" for k in range(1_000))
    (tmp_path / "a.csv").write_text("population,neuron,time_ms\n" + rows)
    out = tmp_path / "out"
    command = ["import", str(tmp_path / "a.csv"), "--no-plot", "--out", str(out)]
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "… 940 more" in said
    assert said.count("\n") < 70
    axes = raster(ns.load(out / "result.h5")).axes[0]
    assert len(axes.get_yticklabels()) <= 20
    assert sum(len(line.get_xdata()) for line in axes.lines) == 1_000


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "vote", "--duration", "1e12"),
        ("run", "psp-summation", "--dt", "1e-6"),
        ("show", "psp-summation", "--dt", "1e-6"),
        ("run", "psp-summation", "--dt", "1e-300"),
        ("run", "vote", "--duration", "1e300"),
    ],
)
def test_times_that_no_run_can_have_are_refused(tmp_path: Path, capsys, arguments):
    out = () if arguments[0] == "show" else ("--out", str(tmp_path))
    assert main([*arguments, *out]) == 2
    assert capsys.readouterr().err.count("\n") == 1


TOML = """
title = "Extreme"
duration = 10.0
dt = 0.001
[populations.cells]
size = {size}
neuron = {{type = "LIF"}}
[[connections]]
from = "cells"
to = "cells"
rule = {{type = "{rule}"}}
psp = 0.1
delay = {{type = "Uniform", low = 0.1, high = {high}}}
"""


@pytest.mark.parametrize("command", ["show", "run"])
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"size": 10**8, "rule": "AllToAll", "high": 1.0}, "GiB for 1e+16 synapses"),
        ({"size": 3, "rule": "OneToOne", "high": 90_000.0}, "89,999,901 different values in steps"),
    ],
)
def test_sizes_are_checked_before_anything_is_built(
    tmp_path: Path, capsys, command: str, values: dict[str, object], said: str
):
    path = tmp_path / "extreme.toml"
    path.write_text(TOML.format(**values))
    out = () if command == "show" else ("--out", str(tmp_path / "out"))
    assert main([command, str(path), *out]) == 2
    assert said in capsys.readouterr().err


def test_an_inventory_makes_no_table_of_delays(monkeypatch: pytest.MonkeyPatch):
    net = ns.Network()
    cells = net.add("cells", 10**7, ns.LIF())
    net.connect(cells, cells, ns.OneToOne(), psp=0.1, delay=ns.Uniform(0.1, 1_500.0))
    monkeypatch.setattr("neurosim.builder.delays.delay_law", lambda *_: pytest.fail("a table"))
    assert estimate_resources(net, 10.0, 0.001).network_bytes is None
    with pytest.raises(ns.NeurosimError, match=r"by their 1,499,901 different delays of up to"):
        ns.Simulation(net, dt=0.001)


def law_by_definition(law: Distribution, dt: float) -> tuple[list[int], list[float]]:
    """Return delays and cumulative probabilities one by one, until the tail is cut off."""
    law = law.truncated(dt / 2.0, np.inf)
    low, high = law.quantiles()
    steps = [max(1, round(max(law.low, dt / 2.0) / dt))]
    found = [(law.cdf((steps[0] + 0.5) * dt) - low) / (high - low)]
    while found[-1] < 1.0 - TAIL:
        steps.append(steps[-1] + 1)
        found.append((law.cdf((steps[-1] + 0.5) * dt) - low) / (high - low))
    found[-1] = 1.0
    return steps, found


@pytest.mark.parametrize(
    "law",
    [
        ns.Uniform(0.2, 7.3),
        ns.Uniform(0.0, 0.9),
        ns.Normal(1.5, 0.75),
        ns.Normal(1.5, 0.0),
        ns.Normal(2.0, 1.0, low=1.0, high=2.6),
        ns.LogNormal(2.0, 1.5),
        ns.LogNormal(2.0, 1.5, high=3.0),
    ],
)
@pytest.mark.parametrize("dt", [0.1, 0.03, 1.0])
def test_the_law_of_delays_is_that_by_definition_bit_for_bit(law: Distribution, dt: float):
    steps, cumulative = delay_law(law, dt)
    assert (steps.tolist(), cumulative.tolist()) == law_by_definition(law, dt)


def test_the_most_delays_are_those_that_are_said():
    net = ns.Network()
    cells = net.add("cells", 3, ns.LIF())
    high = (MOST_DELAYS + 100) * 0.001
    net.connect(cells, cells, ns.OneToOne(), psp=0.1, delay=ns.Uniform(0.1, high))
    with pytest.raises(ns.NeurosimError, match=f"more than {MOST_DELAYS:,}: narrow their distri"):
        estimate_resources(net, 10.0, 0.001)
    assert math.isfinite(estimate_resources(net, 10.0, 0.01).recording_bytes)
