"""Slow drives of all neurons of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bridge.inference.baseline import FEWEST_KNOTS
from bridge.inference.covariates import SlowRates
from bridge.inference.drive import SlowDrive
from bridge.inference.observation import absence, counts_by_segment
from bridge.inference.shared import SharedDrives

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.inference.observation import Observation
    from bridge.inference.own_past import OwnPast
    from bridge.inference.trains import BinnedTrains

FINEST = 200.0
"""Longest segment (ms) in which the presence of neurons is resolved."""


@dataclass(frozen=True, eq=False)
class Drives:
    """Slow drives of all neurons, in segments of `spacing` bins.

    Attributes
    ----------
    spacing : int
    stride : int or None
        Segments from one knot of the neurons' baselines to the next; None for no baseline.
    found : SharedDrives
    n_segments : int
    absent : (n_segments, n) ndarray, optional
        Fraction of each segment in which each neuron is absent.
    """

    spacing: int
    stride: int | None
    found: SharedDrives
    n_segments: int
    absent: NDArray[np.float64] | None

    @classmethod
    def of(
        cls,
        trains: BinnedTrains,
        observation: Observation,
        shared: float | None,
        baseline: float | None,
    ) -> Drives:
        """Estimate the drives; `shared` and `baseline` in ms, as `infer_synapses` has them."""
        finest = FINEST if shared is None else shared
        finest = min(finest, finest if baseline is None else baseline)
        spacing = max(1, min(round(finest / trains.width), trains.n_bins))
        n_segments = -(-trains.n_bins // spacing)
        stride = None if baseline is None else max(1, round(baseline / trains.width / spacing))
        if stride is not None and n_segments < FEWEST_KNOTS * stride:
            stride = None
        found = SharedDrives([], np.empty((0, 0)))
        if shared is not None and n_segments >= FEWEST_KNOTS:
            found = SharedDrives.of(*counts_by_segment(trains, observation, spacing))
        return cls(spacing, stride, found, n_segments, absence(observation, spacing))

    @property
    def slow_rates(self) -> SlowRates | None:
        """Rates of the neurons that follow from the shared drives, None where there are none."""
        rates = self.found.rates
        if rates is None:
            return None
        return SlowRates(self.spacing, rates if self.absent is None else rates * (1 - self.absent))

    def of_neuron(self, index: int, past: OwnPast) -> SlowDrive | None:
        """Return the slow covariates of one neuron, None where there are none."""
        shared = self.found.for_neuron(index)
        if not shared.size:
            shared = np.empty((self.n_segments, 0))
            if self.stride is None and self.absent is None:
                return None
        return SlowDrive.of(past, self.spacing, shared, self.stride)
