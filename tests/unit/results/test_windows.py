from __future__ import annotations

import math

import numpy as np
import pytest

import neurosim as ns
from neurosim import analysis, plot
from neurosim.results import PopulationInfo
from neurosim.results.windows import bin_index, inside

STEPS = (0.001, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.7, 1.0)


def clock(dt: float, steps: np.ndarray) -> ns.SpikeTrains:
    """One neuron that fires in the given steps, as the engine stores its times."""
    times = np.multiply(steps, dt, dtype=float)
    ids = np.zeros(len(times), np.int64)
    return ns.SpikeTrains(times, ids, [0], dt=dt, t_start=0.0, t_stop=float(steps.max()) * dt)


@pytest.mark.parametrize("dt", STEPS)
def test_a_decimal_edge_never_loses_or_gains_a_spike(dt: float) -> None:
    steps = np.arange(1, 2001)
    trains = clock(dt, steps)
    for last in range(1, 2000, 7):
        # As a user would write the edge: few digits.
        edge = float(f"{last * dt:.6g}")
        assert trains.counts(0.0, edge) == [last]
        assert trains.counts(edge, 2000 * dt) == [2000 - last]
        assert analysis.rates(trains, 0.0, edge)[0] * edge / 1e3 == pytest.approx(last)


@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("per_bin", [1, 3, 10])
def test_every_bin_of_whole_steps_counts_as_many(dt: float, per_bin: int) -> None:
    steps = np.arange(1, 3001)
    trains, width = clock(dt, steps), float(f"{per_bin * dt:.6g}")
    _, rate = analysis.population_rate(trains, 3000 * dt, bin_ms=width)
    assert len(rate) == 3000 // per_bin
    assert rate * width / 1e3 == pytest.approx(np.full(len(rate), per_bin))


def test_bins_of_times_off_a_grid_include_their_upper_edge() -> None:
    times = np.array([0.1, 0.3, 0.30000000000000004, 0.3000001, 0.6, 3 * 0.3])
    assert bin_index(times, 0.3).tolist() == [0, 0, 0, 1, 1, 2]
    assert inside(times, 0.3, 0.6).tolist() == [False, False, False, True, True, False]


def test_long_bins_do_not_blur_their_edges() -> None:
    """The tolerance is a fraction of a step, not of a bin."""
    trains = clock(0.1, np.array([9_999_999, 10_000_000, 10_000_001]))
    assert bin_index(trains.times, 1e6, dt=0.1).tolist() == [0, 0, 1]


def simulated(duration: float = 100.0) -> ns.Result:
    net = ns.Network()
    cell = net.add("cell", 2, ns.LIF(t_ref=0.0))
    net.drive(cell, ns.SpikeTimes(([0.3, 50.0, duration], [10.0])), psp=20.0)
    net.record(cell, "v")
    return ns.simulate(net, duration)


def test_a_spike_at_the_end_of_the_run_counts() -> None:
    trains = simulated().spikes["cell"]
    assert trains.times[-1] == 100.0
    assert trains.counts(0.0, 100.0).tolist() == [3, 1]
    assert trains.counts(0.0, 0.3).tolist() == [1, 0]
    assert trains.counts(0.3, 50.0).tolist() == [1, 1]
    assert analysis.population_rate(trains, 100.0)[1][-1] == 500.0


@pytest.mark.parametrize(
    "measure",
    [
        lambda r: analysis.mean_rate(r, "cell", 0.0, 1000.0),
        lambda r: analysis.mean_rate(r, "cell", -5.0, 50.0),
        lambda r: analysis.rates(r.spikes["cell"], 0.0, 100.2),
        lambda r: analysis.cv_isi(r.spikes["cell"], 0.0, 200.0),
        lambda r: analysis.population_rate(r.spikes["cell"], 200.0),
        lambda r: analysis.fano_factor(r.spikes["cell"], 200.0),
        lambda r: analysis.peak_frequency(r.spikes["cell"], 200.0),
        lambda r: analysis.correlations(r.spikes["cell"], 200.0),
        lambda r: analysis.potentials(r, "cell", 0.0, 200.0),
        lambda r: r.spikes["cell"].counts(0.0, 200.0),
        lambda r: plot.raster(r, stop=200.0),
        lambda r: plot.voltage_trace(r, "cell", stop=200.0),
    ],
)
def test_a_window_beyond_the_run_is_refused(measure) -> None:
    with pytest.raises(ns.NeurosimError, match="goes beyond the recording: give times from 0 to"):
        measure(simulated())


@pytest.mark.parametrize("window", [(50.0, 50.0), (60.0, 50.0), (float("nan"), 50.0), ("0", 50.0)])
def test_an_empty_window_is_refused(window) -> None:
    with pytest.raises(ns.NeurosimError, match=r"give start < stop|not a number"):
        simulated().spikes["cell"].counts(*window)


def test_the_mean_potential_does_not_depend_on_the_sampling_interval() -> None:
    """A regularly firing neuron whose period is not a multiple of the intervals.

    Over 10 s the samples of a coarse grid fall on all phases of the period, so that their mean is
    that of the fine grid within a few hundredths of a millivolt.
    """
    means = {}
    for interval in (0.1, 1.0, 5.0, 10.0):
        net = ns.Network()
        cell = net.add("cell", 1, ns.LIF())
        net.drive(cell, ns.ConstantCurrent(342.7))
        net.record(cell, "v", interval=interval)
        result = ns.simulate(net, 10_000.0)
        means[interval] = analysis.potentials(result, "cell").mean()
    assert len(result.spikes["cell"]) > 300
    assert max(means.values()) - min(means.values()) < 0.1


def test_constant_trains_have_no_correlation() -> None:
    regular, rare = np.arange(1.0, 100.0, 2.0), [3.0, 4.0, 50.0]
    times = np.concatenate([regular, rare])
    ids = np.repeat([0, 1], [len(regular), len(rare)])
    trains = ns.SpikeTrains(times, ids, [0, 1, 2])
    assert analysis.correlations(trains, 100.0).shape == (0,)
    both = ns.SpikeTrains(np.tile(regular, 2), np.repeat([0, 1], len(regular)), [0, 1])
    assert analysis.correlations(both, 100.0).shape == (0,)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda r: plot.raster(r, max_neurons=0), "max_neurons = 0 is outside 1"),
        (lambda r: plot.voltage_trace(r, "cell", []), "neurons is empty"),
        (lambda r: plot.voltage_trace(r, "cel"), "did you mean 'cell'"),
        (lambda r: plot.raster(r, ["cel"]), "did you mean 'cell'"),
        (lambda r: analysis.correlations(r.spikes["cell"], 100.0, n_neurons=-1), "n_neurons = -1"),
        (lambda r: analysis.mean_rate(r, "cel"), "did you mean 'cell'"),
        (lambda r: analysis.potentials(r, "cel"), "did you mean 'cell'"),
        (lambda r: analysis.population_rate(r.spikes["cell"], 100.0, bin_ms=0.0), "bin_ms = 0"),
        (lambda r: analysis.population_rate(r.spikes["cell"], 100.0, bin_ms=200.0), "is longer"),
        (lambda r: r.spikes["cell"].of(99), "neuron 99 was not recorded; recorded neurons: 0, 1"),
        (lambda r: r.spikes["cell"].of(-1), "neuron -1 was not recorded"),
        (
            lambda r: r.traces["cell", "v"].of(99),
            "neuron 99 was not recorded; recorded neurons: 0, 1",
        ),
        (lambda r: r.traces["cell", "v"].with_spikes(7), "neuron 7 was not recorded"),
    ],
)
def test_missing_data_is_refused_in_a_sentence(call, sentence: str) -> None:
    with pytest.raises(ns.NeurosimError, match=sentence):
        call(simulated())


def test_a_raster_of_half_a_millisecond_is_drawn() -> None:
    net = ns.Network()
    net.add("cell", 1, ns.LIF())
    assert plot.raster(ns.simulate(net, 0.5)).axes


def test_a_neuron_whose_spikes_were_not_recorded_is_not_silent() -> None:
    net = ns.Network()
    cells = net.add("cells", 5, ns.LIF())
    net.drive(cells, ns.ConstantCurrent(400.0))
    net.record(cells, "spikes", ids=[2, 4])
    trains = ns.simulate(net, 50.0).spikes["cells"]
    assert len(trains.of(2)) > 1
    with pytest.raises(ns.NeurosimError, match="neuron 0 was not recorded; recorded neurons: 2, 4"):
        trains.of(0)


def test_potentials_need_no_recorded_spikes() -> None:
    info = PopulationInfo("cell", 2, -70.0, -55.0, -70.0, math.nan, 20.0, 2.0, 1)
    trace = ns.Trace([1.0, 2.0], [[-70.0, -69.0], [-68.0, -67.0]], [0, 1], "mV")
    result = ns.Result(1.0, 2.0, 0, {"cell": info}, {}, {("cell", "v"): trace})
    assert analysis.potentials(result, "cell").tolist() == [-70.0, -69.0, -68.0, -67.0]
    (axes,) = plot.potential_histogram(result).axes
    assert axes.get_ylabel() == "density (1/mV)"
    assert plot.voltage_trace(result, "cell").axes
