"""The task of a worker: run one point of a sweep."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

import neurosim
from neurosim.errors import NeurosimError
from neurosim.experiments.catalogue import find_scenario, scenario_of_source
from neurosim.experiments.run import run_scenario
from neurosim.experiments.scenario import RunOptions

if TYPE_CHECKING:
    from neurosim.experiments.sweep.grid import Point

MAX_BYTES = 2**26
"""Largest size of a point's file (bytes)."""


def run_point(point: Point, threads: int, version: str) -> bytes:
    """Run a point.

    Parameters
    ----------
    point : Point
    threads : int
        Does not affect the findings.
    version : str
        Version of neurosim that the worker must have.

    Returns
    -------
    bytes
        JSON with the identity of the point and either `rates_hz` and `findings`, or the message
        `error` if neurosim rejected the point. Depends on the point alone.

    Raises
    ------
    NeurosimError
        If this worker cannot run the sweep.
    """
    if neurosim.__version__ != version:
        raise NeurosimError(
            f"a worker has neurosim {neurosim.__version__} instead of {version}: install the same "
            "version everywhere"
        )
    for file in point.models:
        file.load()
    with TemporaryDirectory() as folder:
        if point.file is None:
            scenario = find_scenario(point.scenario)
        else:
            scenario = scenario_of_source(point.scenario, point.file, Path(folder))
    settings = scenario.settings(**point.settings)
    options = RunOptions(point.duration, point.dt, point.seed, threads)
    try:
        # With several threads, sums of linear algebra would be rounded differently.
        with threadpool_limits(1):
            summary = run_scenario(scenario, settings, options).summary
        return _encode(point, {name: summary[name] for name in ("rates_hz", "findings")})
    except NeurosimError as error:
        # The temporary path differs from run to run.
        return _encode(point, {"error": str(error).replace(f"{folder}{os.sep}", "")})


def as_json(content: dict[str, Any]) -> bytes:
    """Return JSON data as the content of a file."""
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()


def _encode(point: Point, outcome: dict[str, object]) -> bytes:
    data = as_json(point.as_dict() | outcome)
    if len(data) > MAX_BYTES:
        raise NeurosimError(
            f"the findings take {len(data) / 1e6:,.0f} MB as text, the limit is "
            f"{MAX_BYTES / 1e6:,.0f} MB: choose settings with fewer findings"
        )
    return data
