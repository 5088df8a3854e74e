"""What a benchmark is, and how one is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from neurosim.errors import NeurosimError
from neurosim.experiments.settings import nearest

if TYPE_CHECKING:
    from neurosim.network import Network

ENTRY_POINTS = "neurosim.benchmarks"
"""Entry-point group by which any distribution adds benchmarks."""


@dataclass(frozen=True)
class Benchmark:
    """A network to measure the simulator by.

    Attributes
    ----------
    name : str
        The name of its entry point.
    title : str
        One line.
    network : callable
        scale -> Network; the scale is the number of neurons relative to the network's own.
    scales : tuple of float
        Least and largest scale.
    warmup, span : float
        Simulated time (ms) before the clock runs, and while it runs.
    threads : int or None
        None leaves the number to the simulator.
    dt : float
        Step of the time grid (ms).
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
    """Return the benchmark of that name.

    Raises
    ------
    NeurosimError
        Where there is none; the sentence gives the nearest name.
    """
    installed = {entry_point.name: entry_point for entry_point in entry_points(group=ENTRY_POINTS)}
    if name not in installed:
        near = nearest(name, installed)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(installed) or 'none'}"
        raise NeurosimError(f"unknown benchmark {name!r}: {hint}")
    benchmark = installed[name].load()
    if not isinstance(benchmark, Benchmark):
        raise TypeError(f"entry point {name} is no Benchmark but {type(benchmark)}")
    return benchmark
