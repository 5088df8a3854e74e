"""Networks of threshold units with absolute inhibition, with or without loops.

A unit fires if and only if the sum of the weights of its active sources exceeds its threshold and
no source that vetoes it is active (W. S. McCulloch & W. Pitts, *A logical calculus of the ideas
immanent in nervous activity*, Bull. Math. Biophys. 5, 115 (1943)). McCulloch–Pitts units have
weights of 1; units with arbitrary weights are Rosenblatt's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.classics.boolean import binary
from bridge.utils.checks import as_float, as_floats
from neurosim import NeurosimError

# Largest number of different sums of weights of a unit.
MOST_SUMS = 2**16


@dataclass(frozen=True)
class ThresholdUnit:
    """Unit that fires if and only if Σ wⱼxⱼ > threshold and no veto is active.

    Sources are numbered over the whole network: inputs first, then units.

    Attributes
    ----------
    name : str
    sources : tuple of int
    weights : tuple of float
        One per source.
    threshold : float
        If negative, the unit fires in every window unless it is inhibited.
    vetoes : tuple of int
        Sources of absolute inhibition.

    Examples
    --------
    A majority of three inputs, and a conjunction with a veto:

    >>> from bridge.classics import ThresholdUnit
    >>> majority = ThresholdUnit("majority", (0, 1, 2), (1.0, 1.0, 1.0), threshold=1.5)
    >>> vetoed = ThresholdUnit("A & B & ¬C", (0, 1), (1.0, 1.0), threshold=1.5, vetoes=(2,))
    """

    name: str
    sources: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    threshold: float = 0.0
    vetoes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        weights = as_floats(self.weights, f"weights of unit {self.name!r}")
        if weights.shape != (len(self.sources),):
            raise NeurosimError(
                f"unit {self.name!r} has {len(self.sources)} sources and {weights.size} "
                "weights: give one weight per source"
            )
        threshold = as_float(self.threshold, f"threshold of unit {self.name!r}")
        if not np.isfinite([*weights, threshold]).all():
            raise NeurosimError(f"unit {self.name!r} has a weight or threshold that is not finite")

    @classmethod
    def mcculloch_pitts(
        cls,
        name: str,
        excitatory: tuple[int, ...] = (),
        inhibitory: tuple[int, ...] = (),
        *,
        threshold: int,
    ) -> ThresholdUnit:
        """Return a unit that fires when `threshold` or more excitatory sources are active.

        Any active inhibitory source vetoes it.
        """
        return cls(name, excitatory, (1.0,) * len(excitatory), threshold - 0.5, inhibitory)

    @cached_property
    def reachable(self) -> tuple[float, float]:
        """Largest sum without and smallest sum with a spike; ±inf if there is none."""
        sums = np.zeros(1)
        for weight in self.weights:
            sums = np.unique(np.concatenate([sums, sums + weight]))
            if len(sums) > MOST_SUMS:
                raise NeurosimError(
                    f"unit {self.name!r} has more than {MOST_SUMS:,} different sums of its "
                    f"{len(self.weights)} weights: round them, or use fewer sources"
                )
        low, high = sums[sums <= self.threshold], sums[sums > self.threshold]
        return float(low.max(initial=-np.inf)), float(high.min(initial=np.inf))


@dataclass(frozen=True)
class ThresholdNetwork:
    """Network of threshold units.

    Attributes
    ----------
    inputs : tuple of str
        Names of the inputs, the first sources.
    units : tuple of ThresholdUnit
    outputs : tuple of int
        Sources, that is inputs or units, that are outputs.

    Raises
    ------
    NeurosimError
        If a source does not exist.

    Examples
    --------
    >>> from bridge.classics import ThresholdNetwork, ThresholdUnit, truth_table
    >>> majority = ThresholdUnit("majority", (0, 1, 2), (1.0, 1.0, 1.0), threshold=1.5)
    >>> network = ThresholdNetwork(("A", "B", "C"), (majority,), outputs=(3,))
    >>> network.evaluate(truth_table(3)).ravel().astype(int).tolist()
    [0, 0, 0, 1, 0, 1, 1, 1]
    """

    inputs: tuple[str, ...]
    units: tuple[ThresholdUnit, ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        for unit in self.units:
            for source in (*unit.sources, *unit.vetoes):
                self._check(source, f"unit {unit.name!r}")
        for output in self.outputs:
            self._check(output, "an output")

    def _check(self, source: int, who: str) -> None:
        """Raise an error if a source does not exist."""
        if not 0 <= source < self.size:
            raise NeurosimError(
                f"{who} has source {source}: give 0 to {self.size - 1}, inputs first"
            )

    @property
    def size(self) -> int:
        """Number of inputs and units."""
        return len(self.inputs) + len(self.units)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of inputs and units."""
        return self.inputs + tuple(unit.name for unit in self.units)

    @cached_property
    def levels(self) -> NDArray[np.int64] | None:
        """Number of units on the longest path to each source; None if there is a loop.

        Inputs have level 0, units at least level 1; shape (size,).
        """
        units = enumerate(self.units, start=len(self.inputs))
        sources = {k: [*unit.sources, *unit.vetoes] for k, unit in units}
        levels = np.zeros(self.size, dtype=np.int64)
        try:
            for k in TopologicalSorter(sources).static_order():
                if k in sources:
                    levels[k] = 1 + levels[sources[k]].max(initial=0)
        except CycleError:
            return None
        return levels

    @cached_property
    def first_windows(self) -> NDArray[np.int64]:
        """Window in which each source responds to the first input.

        This is its level, or 1 in networks with loops.

        Shape (size,).
        """
        if self.levels is not None:
            return self.levels
        return (np.arange(self.size) >= len(self.inputs)).astype(np.int64)

    def run(self, inputs: ArrayLike) -> NDArray[np.bool_]:
        """Return the activity of inputs and units.

        Without loops, window k of a unit is the response to window k of the inputs, independent of
        other windows. With loops, the sources of a unit are the inputs in the same window and the
        units in the previous window.

        Parameters
        ----------
        inputs : (n_rows, n_windows, n_inputs) or (n_rows, n_inputs) array_like of 0 and 1
            Without the second axis there is one window.

        Returns
        -------
        (n_rows, n_windows, size) or (n_rows, size) ndarray of bool
        """
        given = binary(inputs, len(self.inputs))
        if given.ndim > 3:
            raise NeurosimError(
                f"inputs have shape {given.shape}: give (n_rows, n_windows, n_inputs)"
            )
        values = given[:, None] if given.ndim == 2 else given
        active = np.zeros((*values.shape[:2], self.size), dtype=bool)
        active[..., : len(self.inputs)] = values
        if self.levels is None:
            for window in range(values.shape[1]):
                sources = np.zeros_like(active[:, window])
                sources[:, : len(self.inputs)] = values[:, window]
                if window:
                    sources[:, len(self.inputs) :] = active[:, window - 1, len(self.inputs) :]
                for k, unit in enumerate(self.units, start=len(self.inputs)):
                    active[:, window, k] = answer(unit, sources)
        else:
            for k in np.argsort(self.levels, kind="stable")[len(self.inputs) :]:
                active[..., k] = answer(self.units[k - len(self.inputs)], active)
        return active if given.ndim == 3 else active[:, 0]

    def evaluate(self, inputs: ArrayLike) -> NDArray[np.bool_]:
        """Return the outputs, shape (n_rows, n_outputs); arguments as for `run`."""
        return self.run(inputs)[..., list(self.outputs)]


def answer(unit: ThresholdUnit, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether a unit fires for active sources of shape (..., size)."""
    total = active[..., list(unit.sources)] @ np.array(unit.weights, dtype=float)
    return (total > unit.threshold) & ~active[..., list(unit.vetoes)].any(axis=-1)
