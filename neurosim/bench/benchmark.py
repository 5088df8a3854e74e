"""Definition of a benchmark, and search among the installed ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError
from neurosim.utils.checks import suggest

if TYPE_CHECKING:
    from neurosim.network import Network

ENTRY_POINTS = "neurosim.benchmarks"
"""Entry-point group through which packages provide benchmarks."""


@dataclass(frozen=True)
class Benchmark:
    """A network whose simulation speed is measured.

    Attributes
    ----------
    name : str
        Name of the entry point.
    title : str
        One line.
    network : callable
        scale -> Network; the scale is the number of neurons relative to the original network.
    scales : tuple of float
        Smallest and largest scale.
    warmup, span : float
        Simulated time (ms) before the measurement, and of the measurement.
    threads : int or None
        None: chosen by the simulator.
    dt : float
        Time step (ms).
    """

    name: str
    title: str
    network: Callable[[float], Network]
    scales: tuple[float, float]
    warmup: float
    span: float
    threads: int | None = None
    dt: float = 0.1


def find_benchmark(name: str) -> Benchmark:
    """Return a benchmark by name.

    Raises
    ------
    NeurosimError
        If there is none, with the most similar name.
    """
    installed = {entry_point.name: entry_point for entry_point in entry_points(group=ENTRY_POINTS)}
    if name not in installed:
        raise NeurosimError(f"unknown benchmark {name!r}: {suggest(name, installed)}")
    benchmark = installed[name].load()
    if not isinstance(benchmark, Benchmark):
        raise TypeError(f"entry point {name} is not a Benchmark but a {type(benchmark).__name__}")
    return benchmark
