"""Definition of a benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurosim.network import Network


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
