"""Hopfield's memory: patterns that a network falls back into.

J. J. Hopfield, *Neural networks and physical systems with emergent collective computational
abilities*, PNAS 79, 2554 (1982). For its capacity: D. J. Amit, H. Gutfreund & H. Sompolinsky,
*Statistical mechanics of neural networks near saturation*, Ann. Phys. 173, 30 (1987); R. J.
McEliece, E. C. Posner, E. R. Rodemich & S. S. Venkatesh, *The capacity of the Hopfield associative
memory*, IEEE Trans. Inf. Theory 33, 461 (1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bridge.utils.checks import as_floats, as_integer, generator
from neurosim import NeurosimError
from neurosim.utils.compilation import compiled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CAPACITY = 0.138
"""Patterns per unit above which memory fails, in the limit of many units (Amit et al. 1987)."""


@dataclass(frozen=True, eq=False)
class HopfieldNetwork:
    """Units of ±1 that take the sign of Σ wᵢⱼsⱼ, where wᵢⱼ = Σ_μ ξᵢ^μ ξⱼ^μ / N and wᵢᵢ = 0.

    Attributes
    ----------
    patterns : (p, N) ndarray of ±1
        ξ^μ.

    Examples
    --------
    >>> memory = HopfieldNetwork([[1, 1, 1, -1, -1, -1]])
    >>> states, _ = memory.recall([[-1, 1, 1, -1, -1, -1]])
    >>> states.astype(int).tolist()
    [[1, 1, 1, -1, -1, -1]]
    """

    patterns: NDArray[np.float64]

    def __post_init__(self) -> None:
        patterns = np.array(as_floats(self.patterns, "patterns"))
        if patterns.ndim != 2 or not patterns.size or not (np.abs(patterns) == 1.0).all():
            raise NeurosimError("HopfieldNetwork.patterns: give one row of −1 and 1 a pattern")
        patterns.flags.writeable = False
        object.__setattr__(self, "patterns", patterns)

    @property
    def size(self) -> int:
        """Number of units, N."""
        return self.patterns.shape[1]

    @cached_property
    def couplings(self) -> NDArray[np.float64]:
        """N·wᵢⱼ, whole numbers, so that sums are exact; shape (N, N)."""
        couplings = self.patterns.T @ self.patterns
        np.fill_diagonal(couplings, 0.0)
        return couplings

    @property
    def weights(self) -> NDArray[np.float64]:
        """wᵢⱼ, shape (N, N)."""
        return self.couplings / self.size

    def energy(self, states: ArrayLike) -> NDArray[np.float64]:
        """Return −½ Σ wᵢⱼ sᵢ sⱼ for states of shape (..., N)."""
        states = as_floats(states, "states")
        return -0.5 * ((states @ self.couplings) * states).sum(axis=-1) / self.size

    def overlap(self, states: ArrayLike) -> NDArray[np.float64]:
        """Return Σ sᵢ ξᵢ^μ / N with every pattern for states of shape (..., N); shape (..., p)."""
        return as_floats(states, "states") @ self.patterns.T / self.size

    def is_fixed(self, states: ArrayLike) -> NDArray[np.bool_]:
        """Return whether no unit would change, for states of shape (..., N)."""
        states = as_floats(states, "states")
        return np.asarray(((states @ self.couplings) * states >= 0.0).all(axis=-1))

    def recall(
        self, states: ArrayLike, *, seed: int = 1, max_sweeps: int = 100
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Let one unit after the other take the sign of its field, until none changes.

        A unit whose field is 0 stays as it is.

        Parameters
        ----------
        states : (n, N) array_like of ±1
            To begin with; each row is a run of its own.
        seed : int
            Of the order, which is new in every sweep.
        max_sweeps : int
            So many times every unit is updated at most.

        Returns
        -------
        states : (n, N) ndarray
        energies : (n_sweeps + 1, n) ndarray
            At the beginning and after each sweep.
        """
        states = np.array(as_floats(states, "states"))
        if states.ndim != 2 or states.shape[1] != self.size:
            raise NeurosimError(
                f"states have shape {states.shape}: give one row of {self.size} units a run"
            )
        max_sweeps = as_integer(max_sweeps, "max_sweeps", 1)
        rng = generator(seed)
        fields = states @ self.couplings
        energies = [self.energy(states)]
        for _ in range(max_sweeps):
            changes = _sweep(self.couplings, fields, states, rng.permutation(self.size))
            energies.append(-0.5 * (states * fields).sum(axis=1) / self.size)
            if not changes:
                break
        return states, np.array(energies)


@compiled()
def _sweep(couplings, fields, states, order):  # type: ignore[no-untyped-def]
    """Let each unit take the sign of its field in turn; return how many changed."""
    changes = 0
    for row in range(len(states)):
        for unit in order:
            field = fields[row, unit]
            if field * states[row, unit] < 0.0:
                states[row, unit] = -states[row, unit]
                turned = 2.0 * states[row, unit]
                for other in range(len(order)):
                    fields[row, other] += turned * couplings[unit, other]
                changes += 1
    return changes


def random_patterns(
    rng: np.random.Generator, n_patterns: int, size: int, *, balanced: bool = False
) -> NDArray[np.float64]:
    """Return patterns of ±1, either with equal probability; shape (n_patterns, size).

    With `balanced`, every pattern has as many of one as of the other, up to one unit.
    """
    if balanced:
        half = np.where(np.arange(size) < size // 2, 1.0, -1.0)
        return rng.permuted(np.tile(half, (n_patterns, 1)), axis=1)
    return rng.choice([-1.0, 1.0], (n_patterns, size))


def corrupt(
    rng: np.random.Generator, patterns: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Return patterns with the sign of a share of units turned, others in each pattern."""
    n_patterns, size = patterns.shape
    turned = np.arange(size) < round(share * size)
    return np.where(rng.permuted(np.tile(turned, (n_patterns, 1)), axis=1), -patterns, patterns)


def retrieval_overlap(
    rng: np.random.Generator, size: int, n_patterns: int, *, share: float = 0.0, most: int = 20
) -> float:
    """Return the mean overlap with random patterns that recall ends in, begun at them.

    Parameters
    ----------
    rng : Generator
    size, n_patterns : int
        N and p.
    share : float
        Share of units that are turned before recall.
    most : int
        So many of the patterns are tried at most.
    """
    memory = HopfieldNetwork(random_patterns(rng, n_patterns, size))
    cues = corrupt(rng, memory.patterns[:most], share)
    states, _ = memory.recall(cues, seed=int(rng.integers(2**31)), max_sweeps=40)
    return float(np.diagonal(memory.overlap(states)).mean())
