"""The steps of `neurosim demo`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from neurosim.cli import report
from neurosim.cli.request import RunRequest
from neurosim.cli.run import execute

if TYPE_CHECKING:
    from pathlib import Path

STEPS = (
    (
        "three synapses depolarise a neuron, but not up to its threshold",
        RunRequest("psp-summation"),
    ),
    (
        "12,500 neurons with asynchronous irregular firing",
        RunRequest("balanced-network"),
    ),
    (
        "the firing probability of a neuron, compared with a logistic neuron",
        RunRequest("two-synapse-neuron", compare=True),
    ),
)
"""Message and request of each step."""


def run_demo(out: Path) -> bool:
    """Run the scenarios of the demo, saving each in a subfolder of `out`.

    Returns
    -------
    bool
        False if Ctrl-C interrupted a scenario.
    """
    figures: list[str] = []
    for message, request in STEPS:
        report.info(f"{request.name}: {message}")
        outcome = execute(replace(request, out=out / request.name))
        figures += [path for path in outcome.summary["files"] if path.endswith(".png")]
        if outcome.comparison:
            report.print_comparison(outcome.comparison)
        else:
            report.print_findings(outcome.run.scenario.title, outcome.summary)
        if outcome.interrupted:
            report.info("interrupted; the result so far is saved")
            break
    report.info("figures:")
    report.print_files(figures)
    return not outcome.interrupted
