"""The steps of `neurosim demo`."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    words : str
        What is to be seen.
    assignments : tuple of str
        Settings as key=value.
    duration : float or None
        In ms; None: the scenario's.
    compare : bool
        Whether to set the logistic neuron beside it.
    """

    scenario: str
    words: str
    assignments: tuple[str, ...] = ()
    duration: float | None = None
    compare: bool = False


STEPS = (
    Step("psp-summation", "three synapses lift one neuron from rest, and not far enough"),
    Step("balanced-network", "12,500 neurons keep each other irregular", duration=300.0),
    Step(
        "two-synapse-neuron",
        "a neuron's firing beside the logistic neuron it is said to be",
        compare=True,
    ),
)


def run_demo(out: Path) -> bool:
    """Carry out the steps, each in its own folder in `out`, the comparison's table at the end.

    Returns
    -------
    bool
        Whether all were carried out; False after Ctrl-C.
    """
    pictures: list[str] = []
    for step in STEPS:
        report.say(f"{step.scenario}: {step.words}")
        order = RunRequest(step.scenario, step.assignments, step.duration, out=out / step.scenario)
        outcome = execute(replace(order, compare=step.compare))
        pictures += [path for path in outcome.summary["files"] if path.endswith(".png")]
        if outcome.comparison:
            report.print_comparison(outcome.comparison)
        if outcome.interrupted:
            report.say("cut short; what was recorded so far is saved")
            break
    report.say("the pictures are in")
    report.print_files(pictures)
    return not outcome.interrupted
