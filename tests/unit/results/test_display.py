"""Results as text, tables, DataFrames and figures."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.utils.frozen import FrozenMapping
from neurosim.utils.html import table
from neurosim.utils.table import MAX_LINES, Summary, Table


def info(name: str, size: int, sign: int = 1) -> ns.PopulationInfo:
    return ns.PopulationInfo(name, size, -70.0, -55.0, -70.0, 30.0, 20.0, 5.0, sign)


@pytest.fixture
def result() -> ns.Result:
    """Two neurons that fire at 10 and 20 Hz, and one, silent, in another population."""
    first, second = np.arange(1, 11) * 100.0, np.arange(1, 21) * 50.0
    times = np.concatenate([first, second])
    trains = ns.SpikeTrains(times, np.repeat([0, 1], [10, 20]), [0, 1])
    trace = ns.Trace([0.5, 1.0], [[-70.0, -69.0], [-68.0, -67.0]], [1, 0], "mV")
    return ns.Result(
        dt=0.1,
        duration=1000.0,
        seed=1,
        populations={"exc": info("exc", 2), "<b>": info("<b>", 1, -1)},
        spikes={"exc": trains, "<b>": ns.SpikeTrains([], [], [0])},
        traces={("exc", "v"): trace},
    )


def many(n: int) -> ns.Result:
    """A result with many populations, traces and measurements."""
    names = [f"population {k}" for k in range(n)]
    trace = ns.Trace([1.0], [[0.0]], [0], "mV")
    return ns.Result(
        dt=0.1,
        duration=100.0,
        seed=1,
        populations={name: info(name, 1) for name in names},
        spikes={name: ns.SpikeTrains([1.0], [0], [0]) for name in names},
        traces={(name, "v"): trace for name in names},
        measured={name: np.arange(1000.0) for name in names},
    )


def test_a_result_is_displayed_in_one_line(result: ns.Result) -> None:
    assert repr(result) == (
        "<Result: 1,000 ms, 3 neurons in 2 populations (exc 15 Hz, <b> 0 Hz), 30 spikes>"
    )
    assert repr(result.spikes["exc"]) == "<SpikeTrains: 30 spikes of 2 neurons, 50 to 1,000 ms>"
    assert repr(result.spikes["<b>"]) == "<SpikeTrains: 0 spikes of 1 neuron>"
    trace = result.traces["exc", "v"]
    assert repr(trace) == "<Trace: 2 samples of 2 neurons (mV), 0.5 to 1 ms>"
    stats = ns.RunStats(10, 1, 2, 0.25, 0.5, 0.1, interrupted=True, events=1000)
    assert repr(stats) == (
        "<RunStats: 10 neurons, 1 synapse, 1,000 synaptic events, built in 0.25 s, simulated in "
        "0.5 s, 2 threads, interrupted>"
    )
    assert repr(ns.RunStats(10, 1)) == "<RunStats: 10 neurons, 1 synapse, 0 synaptic events>"


def test_results_that_are_empty_are_displayed() -> None:
    empty = ns.Result(0.1, 0.0, 1, {"exc": info("exc", 2)}, {"exc": ns.SpikeTrains([], [], [0])})
    assert repr(empty) == "<Result: 0 ms, 2 neurons in 1 population (exc), 0 spikes>"
    assert empty.summary()["spikes"] == [0]
    unrecorded = ns.Result(
        0.1, 9.0, 1, {"exc": info("exc", 2)}, {"exc": ns.SpikeTrains([], [], [])}
    )
    assert repr(unrecorded) == "<Result: 9 ms, 2 neurons in 1 population (exc), 0 spikes>"
    assert "–" in repr(unrecorded.summary())


def test_large_results_are_displayed_in_a_few_lines() -> None:
    result = many(100)
    assert len(repr(result)) < 160
    for part in (result.summary(), result.spikes, result.traces, result.measured):
        assert 20 < len(repr(part).splitlines()) <= MAX_LINES
    assert repr(result.summary()).splitlines()[-1] == "… and 63 more"
    assert result._repr_html_().count("<tr>") == 38


def test_the_summary_has_a_row_per_population(result: ns.Result) -> None:
    summary = result.summary()
    assert summary["population"] == ["exc", "<b>"]
    assert summary["rate (Hz)"] == [15.0, 0.0]
    assert summary["CV of intervals"][0] == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(summary["CV of intervals"][1])
    assert summary["spikes"] == [30, 0]
    assert summary["recorded"] == ["v", ""]
    assert result.summary(start=500.0)["spikes"] == [15, 0]
    assert repr(summary).splitlines()[2].split() == ["exc", "2", "15", "0", "30", "v"]
    assert "recorded" not in replace(result, traces={}).summary().columns
    with pytest.raises(ns.NeurosimError, match="1000"):
        result.summary(stop=2000.0)


def test_spikes_and_traces_are_tables_of_the_first_neurons_in_notebooks(result: ns.Result) -> None:
    spikes = result.spikes["exc"]._repr_html_()
    assert [part in spikes for part in ("first (ms)", ">10<", ">20<", ">50<")] == [True] * 4
    assert ">–<" in result.spikes["<b>"]._repr_html_()
    assert ">-67<" in result.traces["exc", "v"]._repr_html_()
    many = ns.SpikeTrains([], [], np.arange(50))._repr_html_()
    assert many.count("<tr>") == 11
    assert many.endswith("… and 40 more")
    empty = ns.Trace([], np.empty((0, 2)), [0, 1], "mV")._repr_html_()
    assert "Trace: 0 samples of 2 neurons" in empty


def test_names_are_escaped_in_html(result: ns.Result) -> None:
    assert "&lt;b&gt;" in result._repr_html_()
    assert "<b>" not in result._repr_html_().split("</p>")[1]
    assert table(["a"], [["<i>"]]).count("&lt;i&gt;") == 1


def test_several_tables_fit_on_a_page() -> None:
    rows = tuple((f"row {k}", k) for k in range(100))
    tables = {name: Table("", (name, "number"), rows) for name in "abcd"}
    summary = Summary("title", tables)
    assert len(repr(summary).splitlines()) <= MAX_LINES
    assert repr(summary).count("… and 95 more") == 4
    assert summary._repr_html_().count("… and 95 more") == 4
    assert summary["b"] is tables["b"]
    assert summary._ipython_key_completions_() == list("abcd")
    assert tables["b"]._ipython_key_completions_() == ["b", "number"]
    with pytest.raises(ns.NeurosimError, match="unknown table 'e': choose from a, b, c, d"):
        summary["e"]
    with pytest.raises(ns.NeurosimError, match="unknown column 'numbers': did you mean 'number'"):
        tables["b"]["numbers"]


def test_spikes_as_a_dataframe(result: ns.Result) -> None:
    pytest.importorskip("pandas")
    frame = result.spikes["exc"].to_dataframe()
    assert list(frame.columns) == ["time", "neuron"]
    assert np.array_equal(frame["time"], result.spikes["exc"].times)
    whole = result.to_dataframe()
    assert list(whole.columns) == ["population", "time", "neuron"]
    assert whole.groupby("population", observed=False).size().to_dict() == {"exc": 30, "<b>": 0}
    assert len(many(0).to_dataframe()) == 0
    assert list(result.summary().to_dataframe()["neurons"]) == [2, 1]


def test_traces_as_a_dataframe_and_an_array_with_labels(result: ns.Result) -> None:
    pytest.importorskip("pandas")
    trace = result.traces["exc", "v"]
    frame = trace.to_dataframe()
    assert frame.index.name == "time"
    assert frame.loc[0.5, 1] == -70.0
    assert frame.attrs == {"unit": "mV"}
    frame.iloc[0, 0] = 0.0
    assert trace.values[0, 0] == -70.0
    pytest.importorskip("xarray")
    array = trace.to_xarray()
    assert array.dims == ("time", "neuron")
    assert float(array.sel(time=1.0, neuron=0)) == -67.0
    assert (array.attrs, array.time.attrs) == ({"units": "mV"}, {"units": "ms"})


def test_a_missing_package_is_named(result: ns.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "xarray", None)
    trace = result.traces["exc", "v"]
    for convert in (result.to_dataframe, result.spikes["exc"].to_dataframe, trace.to_dataframe):
        with pytest.raises(ns.NeurosimError, match=r"to_dataframe needs pandas, .* pip install"):
            convert()
    with pytest.raises(ns.NeurosimError, match=r"to_xarray needs xarray, .* pip install xarray"):
        trace.to_xarray()


def test_a_result_is_plotted_with_its_potentials(result: ns.Result) -> None:
    labels = [axes.get_ylabel() for axes in result.plot(title="all").axes]
    assert labels == ["neurons"] + ["membrane\npotential (mV)"] * 2
    (rates,) = [axes for axes in many(6).plot().axes if "rate" in axes.get_ylabel()]
    assert len(rates.lines) == 1
    (axes,) = result.plot(["<b>"], start=100.0, stop=200.0).axes
    assert axes.get_xlim() == (100.0, 200.0)
    with pytest.raises(ns.NeurosimError, match="unknown population 'inh'"):
        result.plot(["inh"])


def test_keys_are_completed() -> None:
    mapping = FrozenMapping({("exc", "v"): 1, "exc": 2})
    assert mapping._ipython_key_completions_() == [("exc", "v"), "exc"]
