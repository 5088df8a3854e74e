"""A notebook with the first steps of a new user: every picture appears, and no output is long."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"
MAX_LINES = 40
TRACE = """
cell = (small := ns.Network()).add("cell", 1, ns.LIF())
small.drive(cell, ns.ConstantCurrent(300.0))
small.record(cell, "v")
trace = ns.simulate(small, 200.0)
ns.plot.voltage_trace(trace, "cell")
"""
SCENARIO = """
from neurosim.scenario import run
done = run("two-synapse-neuron")
print(*done.report, sep="\\n")
for figure in done.figures.values():
    figure.show()
len(done.figures)
"""
COMPARISON = """
for measure, value, note in done.comparison.rows:
    print(f"{measure}: {value} {note}")
for figure in done.comparison.figures().values():
    figure.show()
len(done.comparison.figures())
"""
PLOTS = ("ns.plot.raster(result, start=800.0)", TRACE)
"""Cells with one picture each."""
COUNTED = (SCENARIO, COMPARISON)
"""Cells that show several pictures, and end with their number."""
REPRESENTED = ("net", "exc", "net.projections", "result", "result.spikes['exc']", "trace", "done")
"""Objects that a user looks at."""


def readme() -> list[str]:
    """Return the Python code of the README, which can be run from top to bottom."""
    text = README.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def images(cell: Any) -> int:
    """Return the number of pictures below a cell."""
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


def longest(cell: Any) -> int:
    """Return the number of lines of the longest text below a cell."""
    texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs]
    return max((len(text.splitlines()) for text in texts), default=0)


@pytest.mark.filterwarnings("default")
def test_first_steps_show_every_picture_and_no_long_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MPLBACKEND", raising=False)
    sources = [*readme(), *PLOTS, *COUNTED, *REPRESENTED]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, sources)))
    nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    cells = {cell.source: cell for cell in notebook.cells}
    assert images(cells[readme()[0]]) == 1
    for source in PLOTS:
        assert images(cells[source]) == 1, source
    for source in COUNTED:
        number = int(cells[source].outputs[-1]["data"]["text/plain"])
        assert images(cells[source]) == number > 0, source
    for name in REPRESENTED:
        assert cells[name].outputs, name
    assert {cell.source: n for cell in notebook.cells if (n := longest(cell)) > MAX_LINES} == {}
