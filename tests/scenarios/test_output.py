"""What `run` and `compare` print for every scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurosim.cli import report
from neurosim.cli.request import RunRequest
from neurosim.cli.run import execute
from neurosim.scenario import all_scenarios

SHORT: dict[str, tuple[tuple[str, ...], float | None]] = {
    "balanced-network": (("neurons=5000",), 600.0),
    "connectome": ((), 60_000.0),
    "cortical-column": (("scale=0.05",), 2000.0),
    "grasshopper": ((), 10_000.0),
    "real-time-budget": (("scale=0.01",), None),
}
"""Settings and durations (ms) that shorten long scenarios."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [scenario.name for scenario in all_scenarios()])
@pytest.mark.filterwarnings("default")
def test_the_output_fits_on_a_screen_and_states_findings(tmp_path: Path, capsys, name: str):
    settings, duration = SHORT.get(name, ((), None))
    outcome = execute(RunRequest(name, settings, duration, out=tmp_path / name, compare=True))
    capsys.readouterr()

    report.print_findings(outcome.run.scenario.title, outcome.summary)
    report.print_saved(outcome.summary)
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) <= 25
    assert all(len(line) <= 100 for line in printed[:-2])
    assert 3 <= len(outcome.summary["report"]) - 1 <= 8
    assert all(sentence.endswith(".") for sentence in outcome.summary["report"])

    assert outcome.comparison is not None
    report.print_comparison(outcome.comparison)
    report.print_saved(outcome.summary)
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) <= 20
    assert len(outcome.comparison.rows) <= 12
    assert outcome.comparison.conclusion.endswith(".")
