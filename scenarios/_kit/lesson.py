"""Scenarios made from the parts of their modules."""

from __future__ import annotations

import sys
from typing import Any

import neurosim as ns
from neurosim.scenario import RunOptions, Scenario
from scenarios._kit.lectures import lectures as lecturers

# Heading in the list of scenarios, by package.
GROUPS = {
    "biological_neuron": "The biological neuron",
    "artificial_neuron": "One artificial neuron",
    "logic_and_learning": "Thresholds, logic and learning rules",
    "networks": "Networks",
    "recordings": "Recordings",
}
REQUIRED = ("Settings", "network", "findings", "figures")
OPTIONAL = ("report", "compare", "simulate", "warmup", "adjust")


def lesson(
    module: str,
    *,
    duration: float,
    dt: float = 0.1,
    row: str = "",
    lectures: tuple[str, ...] = (),
    source: str = "",
) -> Scenario[Any]:
    """Return the scenario that a module describes.

    Title and description are the docstring of the module, and the other parts have the names that
    they have in `Scenario`: the class ``Settings`` and the functions ``network``, ``findings`` and
    ``figures``, and if they exist ``report``, ``compare``, ``simulate``, ``warmup`` and ``adjust``.
    The scenario is named like the module, and its group is that of the package.

    Parameters
    ----------
    module : str
        ``__name__`` of the module; call this function at the end of it.
    duration, dt : float
        Defaults (ms).
    row : str
        Row in the table of lecture topics, such as "S2".
    lectures : tuple of str
        Lectures that teach it, such as ("L0", "L1").
    source : str
        Where it comes from, if not from lectures.

    Raises
    ------
    NeurosimError
        If a part is missing.
    """
    parts = vars(sys.modules[module])
    missing = [part for part in ("__doc__", *REQUIRED) if parts.get(part) is None]
    if missing:
        raise ns.NeurosimError(f"the scenario {module} does not define {', '.join(missing)}")
    package, name = module.split(".")[-2:]
    functions = {part: parts[part] for part in (*REQUIRED[1:], *OPTIONAL) if part in parts}
    return Scenario(
        name=name.replace("_", "-"),
        text=parts["__doc__"],
        row=row,
        source=source or lecturers(*lectures),
        group=GROUPS.get(package, package.replace("_", " ").capitalize()),
        settings=parts["Settings"],
        duration=duration,
        dt=dt,
        **functions,
    )


def simulation(net: ns.Network, options: RunOptions, progress: bool | None) -> ns.Simulation:
    """Return a simulation with the options of a run, for the function ``simulate``."""
    return ns.Simulation(
        net, dt=options.dt, seed=options.seed, threads=options.threads, profile=options.profile,
        progress=progress,
    )  # fmt: skip
