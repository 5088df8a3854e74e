"""Networks of threshold units with absolute inhibition, with loops or without.

A unit is all or none: it fires if and only if the weights of its active sources sum to more than
its threshold and none of the sources that veto it is active (W. S. McCulloch & W. Pitts, *A logical
calculus of the ideas immanent in nervous activity*, Bull. Math. Biophys. 5, 115 (1943)). Units of
that paper have weights of 1; with any weights they are Rosenblatt's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bridge.classics.boolean import binary
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MOST_SUMS = 2**16
"""Most different sums of weights that a unit may have."""


@dataclass(frozen=True)
class ThresholdUnit:
    """Fires if and only if Σ wⱼxⱼ > threshold and no source of a veto is active.

    Sources are numbered over the whole network, inputs first, units after them in order.

    Attributes
    ----------
    name : str
    sources : tuple of int
    weights : tuple of float
        One a source.
    threshold : float
        Below 0, the unit fires in every window unless it is held back.
    vetoes : tuple of int
        Sources of absolute inhibition.
    """

    name: str
    sources: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()
    threshold: float = 0.0
    vetoes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.weights):
            raise NeurosimError(
                f"unit {self.name!r} has {len(self.sources)} sources and {len(self.weights)} "
                "weights: give one weight a source"
            )
        if not np.isfinite([*self.weights, self.threshold]).all():
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
        """Largest sum that leaves the unit silent and smallest that fires it; ±inf if none does."""
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
    """Threshold units and what they are connected to.

    Attributes
    ----------
    inputs : tuple of str
        Names of the inputs, which are the first sources.
    units : tuple of ThresholdUnit
    outputs : tuple of int
        Sources that are read; a source is an input or a unit.

    Raises
    ------
    NeurosimError
        For a source that is not there.
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
        if not 0 <= source < self.size:
            raise NeurosimError(
                f"{who} has source {source}: sources run from 0 to {self.size - 1}, inputs first"
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
        """Units on the longest way from an input to each source; None where there is a loop.

        Inputs have level 0, units at least level 1; shape (size,).
        """
        n = len(self.inputs)
        levels = np.zeros(self.size, dtype=np.int64)
        levels[n:] = 1
        # A way without loop meets each unit once: what still rises after so many rounds is a loop.
        for _ in range(len(self.units) + 1):
            before = levels.copy()
            for k, unit in enumerate(self.units, start=n):
                sources = [*unit.sources, *unit.vetoes]
                levels[k] = 1 + levels[sources].max(initial=0)
            if (levels == before).all():
                return levels
        return None

    @cached_property
    def first_windows(self) -> NDArray[np.int64]:
        """Window in which each source answers the first input: its level; 1 where there are loops.

        Shape (size,).
        """
        if self.levels is not None:
            return self.levels
        return (np.arange(self.size) >= len(self.inputs)).astype(np.int64)

    def run(self, inputs: ArrayLike) -> NDArray[np.bool_]:
        """Return what inputs and units do.

        In a network without loops, window k of a unit is its answer to window k of the inputs, and
        windows do not depend on each other. In one with loops a unit hears in each window what the
        inputs do in it and what the units did in the window before.

        Parameters
        ----------
        inputs : (n_rows, n_windows, n_inputs) or (n_rows, n_inputs) array_like of 0 and 1
            Without the axis of windows there is one window.

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
                heard = np.zeros_like(active[:, window])
                heard[:, : len(self.inputs)] = values[:, window]
                if window:
                    heard[:, len(self.inputs) :] = active[:, window - 1, len(self.inputs) :]
                for k, unit in enumerate(self.units, start=len(self.inputs)):
                    active[:, window, k] = answer(unit, heard)
        else:
            for k in np.argsort(self.levels, kind="stable")[len(self.inputs) :]:
                active[..., k] = answer(self.units[k - len(self.inputs)], active)
        return active if given.ndim == 3 else active[:, 0]

    def evaluate(self, inputs: ArrayLike) -> NDArray[np.bool_]:
        """Return what the outputs do, shape (n_rows, n_outputs); arguments as of `run`."""
        return self.run(inputs)[..., list(self.outputs)]


def answer(unit: ThresholdUnit, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether a unit fires where sources are `active`, of shape (..., size)."""
    total = active[..., list(unit.sources)] @ np.array(unit.weights, dtype=float)
    return (total > unit.threshold) & ~active[..., list(unit.vetoes)].any(axis=-1)
