"""Figures and tables in notebooks that are executed by Jupyter."""

from __future__ import annotations

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

RESULT = """
import numpy as np
import neurosim as ns
info = ns.PopulationInfo("exc", 3, -70.0, -55.0, -70.0, 30.0, 20.0, 5.0, 1)
trains = ns.SpikeTrains([10.0, 20.0, 30.0], [0, 1, 2], np.arange(3))
trace = ns.Trace(np.arange(1.0, 50.0), np.full((49, 1), -70.0), [0], "mV")
result = ns.Result(0.1, 50.0, 1, {"exc": info}, {"exc": trains}, {("exc", "v"): trace})
"""
CELLS = {
    "result.plot()": ["image"],
    "figure = result.plot()": ["image"],
    "figure": ["image"],
    "figure.show()": ["image"],
    "figure = result.plot(); figure": ["image"],
    "ns.plot.raster(result)\nns.plot.voltage_trace(result, 'exc')": ["2 Axes", "1 Axes"],
    "ns.plot.raster(result, ['inh'])": ["error"],
    "import matplotlib.pyplot as plt\nfigure = result.plot()\nplt.show()": ["image"],
    "plt.get_fignums()": ["[]"],
    "from neurosim.plot.display import unmanaged\nwith unmanaged(): result.plot()": [],
    "for k in range(16): axes = ns.plot.panels(ns.plot.figure(2, 2))": ["1 Axes"] * 16,
    "ns.utils.html.image(result.plot(), 'a <b>')": ["data:image/png;base64"],
    "result": ["<table>"],
    "result.summary()": ["<table>"],
}
"""Cells, and what each of their outputs contains."""


def outputs(cell: dict) -> list[str]:
    """Return the outputs of a cell as text."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {})
        image = "image" if "image/png" in data else ""
        found.append(f"{output.output_type} {image} {data} {output.get('text', '')}")
    return found


@pytest.mark.filterwarnings("default")
@pytest.mark.slow
@pytest.mark.parametrize("first", ["pass", "%matplotlib inline"])
def test_each_figure_is_displayed_once(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)
    sources = [RESULT, first, *CELLS]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    nbclient.NotebookClient(notebook, timeout=120, allow_errors=True).execute()
    assert [cell.outputs for cell in notebook.cells[:2]] == [[], []]
    for cell, expected in zip(notebook.cells[2:], CELLS.values(), strict=True):
        found = outputs(cell)
        assert len(found) == len(expected), cell.source
        assert all(part in text for part, text in zip(expected, found, strict=True)), cell.source


@pytest.mark.filterwarnings("default")
def test_a_figure_is_displayed_with_a_backend_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")
    sources = [RESULT, "result.plot()", "result.plot().show()"]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    nbclient.NotebookClient(notebook, timeout=120).execute()
    for cell in notebook.cells[1:]:
        assert [set(output.data) for output in cell.outputs] == [{"text/plain", "image/png"}]
