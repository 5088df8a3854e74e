from __future__ import annotations

import io
import pickle
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

import neurosim as ns
from neurosim import plot
from neurosim.analysis import mean_rate
from neurosim.errors import NeurosimError
from neurosim.plot.overview import bin_width
from neurosim.results import PopulationInfo, Result, SpikeTrains, Trace


def info(name: str, size: int, sign: int) -> PopulationInfo:
    return PopulationInfo(name, size, -70.0, -55.0, -70.0, 30.0, 20.0, 5.0, sign)


def trains(size: int, n_spikes: int, duration: float = 200.0) -> SpikeTrains:
    random = np.random.default_rng(size)
    times = np.sort(random.integers(1, int(duration * 10) + 1, n_spikes)) * 0.1
    return SpikeTrains(times, random.integers(0, size, n_spikes), np.arange(size))


def traced() -> Result:
    """Neurons 4 and 7 of "exc" with potential, input and currents; neuron 4 fires at 50 ms."""
    times = np.arange(1, 1001) * 0.1
    v = np.full((1000, 2), -70.0)
    v[500, 0] = 30.0
    exc, inh = np.zeros((1000, 2)), np.zeros((1000, 2))
    exc[[100, 200, 300], 0] = 5.0
    inh[[150, 250], 0] = -2.0
    ids = np.array([4, 7])
    variables = {"v": v, "input_exc": exc, "input_inh": inh, "i_exc": 9 * exc, "i_inh": 9 * inh}
    return Result(
        dt=0.1,
        duration=100.0,
        seed=1,
        populations={"exc": info("exc", 9, 1)},
        spikes={"exc": SpikeTrains(np.array([50.1]), np.array([4]), np.arange(9))},
        traces={("exc", name): Trace(times, x, ids, "") for name, x in variables.items()},
    )


def balanced(size: int = 4000) -> Result:
    return Result(
        dt=0.1,
        duration=200.0,
        seed=1,
        populations={"exc": info("exc", size, 1), "inh": info("inh", size // 4, -1)},
        spikes={"exc": trains(size, 5 * size), "inh": trains(size // 4, size)},
    )


def layers() -> Result:
    sizes = {"L2/3E": 4000, "L2/3I": 90, "L4E": 60, "L5I": 30, "L6E": 20}
    infos = {name: info(name, size, 1 if "E" in name else -1) for name, size in sizes.items()}
    spikes = {name: trains(size, 3 * size) for name, size in sizes.items()}
    return Result(dt=0.1, duration=200.0, seed=1, populations=infos, spikes=spikes)


def rendered(figure):
    figure.savefig(io.BytesIO(), format="png", dpi=50)
    return figure


def test_the_potential_shows_spike_threshold_and_rest():
    (axes,) = rendered(plot.voltage_trace(traced(), "exc")).axes[:1]
    assert max(axes.lines[0].get_ydata()) == 30.0
    levels = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert levels == [-55.0, -70.0]
    assert [text.get_text() for text in axes.texts] == [
        "threshold −55 mV",
        "rest −70 mV",
    ]
    assert axes.get_ylim()[1] > 30.0


def test_input_is_marked_below_the_potential_in_its_colour():
    figure = rendered(plot.voltage_trace(traced(), "exc", 4))
    marks = [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]
    assert [to_hex(c.get_color()[0]).upper() for c in marks] == [plot.EXCITATORY, plot.INHIBITORY]
    assert [[round(s[0][0], 1) for s in c.get_segments()] for c in marks] == [
        [10.1, 20.1, 30.1],
        [15.1, 25.1],
    ]
    assert max(s[:, 1].max() for c in marks for s in c.get_segments()) < -70.0
    assert min(figure.axes[0].get_yticks()) > -80.0


def test_each_neuron_has_its_panel_and_the_currents_theirs():
    figure = rendered(plot.voltage_trace(traced(), "exc", [4, 7], currents=True, title="two"))
    assert len(figure.axes) == 3
    assert figure.axes[2].get_ylabel() == "current (pA)"
    assert figure.axes[2].get_xlabel() == "time (ms)"
    assert len({axes.get_xlim() for axes in figure.axes}) == 1


def test_a_window_cuts_the_potential():
    (axes,) = plot.voltage_trace(traced(), "exc", 4, start=20.0, stop=40.0).axes
    assert axes.get_xlim() == (20.0, 40.0)
    assert axes.lines[0].get_xdata().min() >= 20.0
    assert axes.lines[0].get_xdata().max() <= 40.0


def test_what_was_not_recorded_is_named():
    with pytest.raises(NeurosimError, match="'v' of population 'inh' was not recorded"):
        plot.voltage_trace(balanced(), "inh")
    with pytest.raises(NeurosimError, match="unknown population 'inh': choose from exc"):
        plot.voltage_trace(traced(), "inh")
    with pytest.raises(NeurosimError, match=r"neuron 5 was not recorded; recorded neurons: 4, 7"):
        plot.voltage_trace(traced(), "exc", 5)
    with pytest.raises(NeurosimError, match="unknown population 'pyr': choose from exc, inh"):
        plot.raster(balanced(), ["pyr"])
    with pytest.raises(NeurosimError, match="unknown population 'pyr': choose from exc, inh"):
        mean_rate(balanced(), "pyr")


def test_every_spike_lies_in_the_band_of_its_population():
    figure = rendered(plot.raster(balanced(400)))
    exc, inh = (line for line in figure.axes[0].lines if line.get_marker() == ".")
    assert len(exc.get_xdata()) == 2000
    assert len(inh.get_xdata()) == 400
    assert max(exc.get_ydata()) < 400 <= min(inh.get_ydata())
    assert exc.get_color() == plot.EXCITATORY
    assert inh.get_color() == plot.INHIBITORY
    assert figure.axes[0].get_ylabel() == "neurons"


def test_a_raster_of_some_of_the_neurons_says_so():
    figure = rendered(plot.raster(balanced(4000), max_neurons=500))
    exc = figure.axes[0].lines[0]
    assert figure.axes[0].get_ylabel() == "neurons (every 10th)"
    assert len(np.unique(exc.get_ydata())) <= 400
    assert len(exc.get_xdata()) == np.count_nonzero(balanced(4000).spikes["exc"].ids % 10 == 0)


def test_the_rate_under_a_raster_integrates_to_the_spikes_per_neuron():
    figure = plot.raster(balanced(400), bin_ms=2.0)
    for line, n_per_neuron in zip(figure.axes[1].lines, (5.0, 4.0), strict=True):
        assert np.sum(line.get_ydata()) * 2.0 / 1e3 == pytest.approx(n_per_neuron)


def test_names_of_small_populations_do_not_overlap():
    figure = plot.raster(layers())
    FigureCanvasAgg(figure).draw()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    found = sorted(boxes, key=lambda box: box.y0)
    assert len(found) == 5
    assert all(below.y1 <= above.y0 + 1.0 for below, above in pairwise(found))


def test_histograms_sum_to_one_and_share_the_colours():
    figure = rendered(plot.rates_and_cv(balanced(400), title="rates"))
    assert [axes.get_xlabel() for axes in figure.axes] == [
        "firing rate (Hz)",
        "CV of inter-spike intervals",
    ]
    for axes in figure.axes:
        outlines = [patch for patch in axes.patches if hasattr(patch, "get_data")]
        assert len(outlines) == 2
        for outline in outlines:
            assert 0.99 <= outline.get_data().values.sum() <= 1.0


def test_silence_is_drawn_too():
    silent = Result(
        dt=0.1,
        duration=100.0,
        seed=1,
        populations={"exc": info("exc", 3, 0)},
        spikes={"exc": SpikeTrains(np.empty(0), np.empty(0, np.int64), np.arange(3))},
    )
    rendered(plot.raster(silent))
    rendered(plot.rates_and_cv(silent))


def test_drawing_leaves_the_settings_of_matplotlib_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    rendered(plot.raster(balanced(40)))
    assert dict(mpl.rcParams) == before


def test_curves_and_bars_without_a_colour_take_those_of_the_palette():
    (axes,) = plot.panels(plot.figure())
    expected = [*plot.PALETTE, plot.EXCITATORY, plot.INHIBITORY]
    curves = axes.plot([0.0, 1.0], np.ones((2, len(expected))))
    bars = [axes.bar(0.0, 1.0).patches[0] for _ in expected]
    assert [to_hex(curve.get_color()).upper() for curve in curves] == expected
    assert [to_hex(bar.get_facecolor()).upper() for bar in bars] == expected


def test_windows_that_end_after_ten_seconds_are_labelled_in_seconds():
    trains = SpikeTrains([5.0, 11_950.0], [0, 0], [0])
    long = Result(0.1, 12_000.0, 1, {"exc": info("exc", 1, 1)}, {"exc": trains})
    for axes in rendered(plot.raster(long, start=11_900.0)).axes:
        assert axes.get_xlim() == (11_900.0, 12_000.0)
    assert axes.get_xlabel() == "time (s)"
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert (labels[0], labels[-1]) == ("11.9", "12")
    for axes in rendered(plot.raster(long, stop=10_000.0)).axes:
        assert axes.get_xlim() == (0.0, 10_000.0)
    assert axes.get_xlabel() == "time (ms)"
    pickle.dumps(plot.raster(long))


def test_a_label_states_that_spikes_are_drawn():
    times = np.arange(1.0, 101.0)
    trains = SpikeTrains([50.0], [0], [0])
    trace = Trace(times, np.full((100, 1), -70.0), [0], "mV", trains, 30.0)
    populations, spikes = {"exc": info("exc", 1, 1)}, {"exc": trains}
    result = Result(0.1, 100.0, 1, populations, spikes, {("exc", "v"): trace})
    drawn = "spikes drawn\nto +30 mV"
    (axes,) = rendered(plot.voltage_trace(result, "exc")).axes
    assert drawn in [text.get_text() for text in axes.texts]
    (axes,) = rendered(plot.voltage_trace(result, "exc", stop=40.0)).axes
    assert drawn not in [text.get_text() for text in axes.texts]


def test_the_overview_draws_potentials_of_as_many_populations_as_possible():
    trace = Trace([1.0, 2.0], np.zeros((2, 4)), np.arange(4), "mV")
    names = ("a", "b")
    populations = {name: info(name, 4, 1) for name in names}
    spikes = {name: SpikeTrains(np.arange(1.0, 9.0), [0] * 8, np.arange(4)) for name in names}
    traces = {(name, "v"): trace for name in names}
    result = Result(0.1, 10.0, 1, populations, spikes, traces)
    figure = rendered(plot.overview(result, title="all"))
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["", "", "a, neuron 0", "a, neuron 1", "b, neuron 0"]
    assert figure.get_suptitle() == "all"
    assert figure.axes[1].get_ylabel() == "firing rate (Hz)"


@pytest.mark.parametrize(
    ("span", "width"), [(0.5, 0.5), (400.0, 1.0), (401.0, 2.0), (4000.0, 10.0), (6e5, 2000.0)]
)
def test_the_bins_of_the_overview_are_round_and_not_too_many(span, width):
    assert bin_width(span) == width


@pytest.mark.parametrize(
    ("n_spikes", "label"),
    [(20_000, "neurons"), (40_000, "neurons (every 2nd)"), (10**6, "neurons (every 8th)")],
)
def test_the_overview_of_many_spikes_shows_some_of_the_neurons(n_spikes, label):
    populations, spikes = {"exc": info("exc", 400, 1)}, {"exc": trains(400, n_spikes)}
    figure = plot.overview(Result(0.1, 200.0, 1, populations, spikes))
    assert figure.axes[0].get_ylabel() == label


@pytest.mark.parametrize("bin_ms", [0.0, -1.0, float("nan"), 1e6])
def test_bins_out_of_range_are_refused(bin_ms: float):
    with pytest.raises(ns.NeurosimError, match="bin_ms ="):
        plot.raster(_small_result(), bin_ms=bin_ms)


def test_one_population_may_be_given_by_its_name():
    figure = plot.raster(_small_result(), "cells")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["cells"]


def _small_result() -> ns.Result:
    """Return a run of 20 ms of one population."""
    net = ns.Network()
    net.drive(net.add("cells", 5, ns.LIF()), ns.Poisson(2000.0), psp=1.0)
    return ns.simulate(net, 20.0)
