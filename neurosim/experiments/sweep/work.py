"""What a worker does: one point of a sweep, from its description to the text of its file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

import neurosim
from neurosim.errors import NeurosimError
from neurosim.experiments.scenario import (
    RunOptions,
    find_scenario,
    run_scenario,
    scenario_of_source,
)

if TYPE_CHECKING:
    from neurosim.experiments.scenario import Scenario
    from neurosim.experiments.sweep.grid import Point

LARGEST = 2**26
"""Most bytes of a point's file."""


def run_point(point: Point, threads: int, version: str) -> bytes:
    """Run a point.

    Parameters
    ----------
    point : Point
    threads : int
        What is computed does not depend on it.
    version : str
        The version of neurosim that must be found here.

    Returns
    -------
    bytes
        JSON: what identifies the point, with `rates_hz` and `findings`, or with `error`, the
        sentence by which neurosim refused it. It depends on nothing but the point.

    Raises
    ------
    NeurosimError
        Where this worker cannot run the sweep at all.
    """
    if neurosim.__version__ != version:
        raise NeurosimError(
            f"a worker has neurosim {neurosim.__version__} and not {version}: install the same "
            "version everywhere"
        )
    with TemporaryDirectory() as folder:
        scenario = _scenario(point, Path(folder))
    settings = scenario.settings(**point.settings)
    options = RunOptions(point.duration, point.dt, point.seed, threads)
    try:
        # One thread for linear algebra: its sums would be rounded differently by several.
        with threadpool_limits(1):
            summary = run_scenario(scenario, settings, options).summary
        return _text(point, {name: summary[name] for name in ("rates_hz", "findings")})
    except NeurosimError as error:
        # Where a file has been read tells nobody anything, and is different every time.
        return _text(point, {"error": str(error).replace(f"{folder}{os.sep}", "")})


def _scenario(point: Point, folder: Path) -> Scenario[Any]:
    """Return the scenario of a point, read from a file in `folder` if it is one."""
    if point.file is None:
        return find_scenario(point.scenario)
    return scenario_of_source(point.scenario, point.file, folder)


def as_json(content: dict[str, Any]) -> bytes:
    """Return plain data as the JSON of the sweep's files."""
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()


def _text(point: Point, outcome: dict[str, object]) -> bytes:
    data = as_json(point.as_dict() | outcome)
    if len(data) > LARGEST:
        raise NeurosimError(
            f"the findings take {len(data) / 1e6:,.0f} MB as text, {LARGEST / 1e6:,.0f} MB are the "
            "most: take settings with fewer of them"
        )
    return data
