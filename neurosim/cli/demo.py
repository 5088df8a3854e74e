"""The steps of `neurosim demo`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurosim.cli import report
from neurosim.cli.request import RunRequest
from neurosim.cli.run import execute

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One scenario of the demonstration.

    Attributes
    ----------
    scenario : str
    message : str
        One line about the scenario.
    assignments : tuple of str
        Settings as key=value.
    duration : float or None
        ms; None: as in the scenario.
    compare : bool
        Whether to compare with the logistic neuron.
    """

    scenario: str
    message: str
    assignments: tuple[str, ...] = ()
    duration: float | None = None
    compare: bool = False


STEPS = (
    Step("psp-summation", "three synapses depolarise a neuron, but not up to its threshold"),
    Step("balanced-network", "12,500 neurons with asynchronous irregular firing", duration=300.0),
    Step(
        "two-synapse-neuron",
        "the firing probability of a neuron, compared with a logistic neuron",
        compare=True,
    ),
)


def run_demo(out: Path) -> bool:
    """Run the steps, each in its subfolder of `out`.

    Returns
    -------
    bool
        False if Ctrl-C interrupted a step.
    """
    figures: list[str] = []
    for step in STEPS:
        report.say(f"{step.scenario}: {step.message}")
        request = RunRequest(
            step.scenario,
            step.assignments,
            step.duration,
            out=out / step.scenario,
            compare=step.compare,
        )
        outcome = execute(request)
        figures += [path for path in outcome.summary["files"] if path.endswith(".png")]
        if outcome.comparison:
            report.print_comparison(outcome.comparison)
        if outcome.interrupted:
            report.say("interrupted; the result so far is saved")
            break
    report.say("figures:")
    report.print_files(figures)
    return not outcome.interrupted
