"""The examples of the README run as printed, and its numbers and links are right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurosim import analysis

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the names that the examples define, run one after another in an empty folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("readme"))
        found: dict[str, Any] = {}
        for block in BLOCKS:
            exec(block, found)
        assert Path("network.png").stat().st_size > 10_000
    return found


def test_first_network_is_balanced(names: dict[str, Any]) -> None:
    result = names["result"]
    cv = np.nanmean(analysis.cv_isi(result.spikes["exc"], start=200.0))
    assert analysis.mean_rate(result, "exc", start=200.0) == pytest.approx(8.2, abs=0.05)
    assert cv == pytest.approx(0.91, abs=0.005)
    assert "fire at 8 Hz" in README
    assert "exc fires at 8.2 Hz, with a CV of 0.91" in README


def test_first_network_has_physiological_potentials(names: dict[str, Any]) -> None:
    net, exc = names["net"].copy(), names["exc"]
    net.record(exc, "v", ids=range(50))
    potentials = names["ns"].simulate(net, 1000.0, seed=1).traces["exc", "v"].values
    assert potentials.min() > -90.0


def test_logistic_neuron_recovers_the_synapses(names: dict[str, Any]) -> None:
    neuron, spiking = names["neuron"], names["spiking"]
    assert neuron.psp_ == pytest.approx([12.1, 8.4, -6.3], abs=0.05)
    low, high = neuron.psp_interval_.T
    assert ((low < spiking.psps) & (spiking.psps < high)).all()
    assert names["to_logistic"](spiking).coef == pytest.approx([6.0, 4.0, -3.0])


def test_notebook_has_the_code_of_the_readme() -> None:
    notebook = json.loads((ROOT / "docs" / "quickstart.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert ["".join(cell["source"]) for cell in code] == [block.rstrip("\n") for block in BLOCKS]
    assert not any(cell["outputs"] for cell in code)


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_to_files(target: str) -> None:
    assert (ROOT / target).exists()
