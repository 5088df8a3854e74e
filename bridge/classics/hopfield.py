"""Hopfield network: an associative memory.

J. J. Hopfield, *Neural networks and physical systems with emergent collective computational
abilities*, PNAS 79, 2554 (1982). For its capacity: D. J. Amit, H. Gutfreund & H. Sompolinsky,
*Statistical mechanics of neural networks near saturation*, Ann. Phys. 173, 30 (1987); R. J.
McEliece, E. C. Posner, E. R. Rodemich & S. S. Venkatesh, *The capacity of the Hopfield associative
memory*, IEEE Trans. Inf. Theory 33, 461 (1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.utils.checks import as_floats, as_integer, generator
from neurosim import NeurosimError
from neurosim.utils.compilation import compiled
from neurosim.utils.renamed import with_old_argument

# Largest number of patterns per unit, in the limit of many units (Amit et al. 1987).
CAPACITY = 0.138


@dataclass(frozen=True, eq=False)
class HopfieldNetwork:
    """Hopfield network of units ±1 with Hebbian weights.

    Units are updated to the sign of Σ wᵢⱼsⱼ, with wᵢⱼ = Σ_μ ξᵢ^μ ξⱼ^μ / N and wᵢᵢ = 0.

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
            raise NeurosimError(
                "HopfieldNetwork.patterns must contain only −1 and 1, one row per pattern"
            )
        patterns.flags.writeable = False
        object.__setattr__(self, "patterns", patterns)

    @property
    def size(self) -> int:
        """Number of units, N."""
        return self.patterns.shape[1]

    @cached_property
    def couplings(self) -> NDArray[np.float64]:
        """N·wᵢⱼ, whole numbers with exact sums, shape (N, N)."""
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
        """Return the overlap Σ sᵢ ξᵢ^μ / N with each pattern.

        The states have shape (..., N), the overlaps shape (..., p).
        """
        return as_floats(states, "states") @ self.patterns.T / self.size

    def is_fixed(self, states: ArrayLike) -> NDArray[np.bool_]:
        """Return whether states of shape (..., N) are fixed points."""
        states = as_floats(states, "states")
        return np.asarray(((states @ self.couplings) * states >= 0.0).all(axis=-1))

    def recall(
        self, states: ArrayLike, *, seed: int = 1, max_sweeps: int = 100
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Update the units one after the other until none changes.

        A unit with field 0 is not changed.

        Parameters
        ----------
        states : (n, N) array_like of ±1
            Initial states, one row per run.
        seed : int
            Seed of the order of updates, which differs in every sweep.
        max_sweeps : int
            Largest number of updates of every unit.

        Returns
        -------
        states : (n, N) ndarray
        energies : (n_sweeps + 1, n) ndarray
            Initial energies and energies after each sweep.
        """
        states = np.array(as_floats(states, "states"))
        if states.ndim != 2 or states.shape[1] != self.size:
            raise NeurosimError(
                f"states have shape {states.shape}: give one row of {self.size} units per run"
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
    """Update each unit to the sign of its field; return the number of changes."""
    changes = 0
    for row in range(len(states)):
        for unit in order:
            field = fields[row, unit]
            if field * states[row, unit] < 0.0:
                states[row, unit] = -states[row, unit]
                change = 2.0 * states[row, unit]
                for other in range(len(order)):
                    fields[row, other] += change * couplings[unit, other]
                changes += 1
    return changes


def random_patterns(
    rng: np.random.Generator, n_patterns: int, size: int, *, balanced: bool = False
) -> NDArray[np.float64]:
    """Return random patterns of ±1, shape (n_patterns, size).

    With `balanced`, every pattern has equal numbers of both values, up to one unit.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.classics import random_patterns
    >>> patterns = random_patterns(np.random.default_rng(1), 3, 100, balanced=True)
    >>> patterns.shape, patterns.sum(axis=1).tolist()
    ((3, 100), [0.0, 0.0, 0.0])
    """
    if balanced:
        half = np.where(np.arange(size) < size // 2, 1.0, -1.0)
        return rng.permuted(np.tile(half, (n_patterns, 1)), axis=1)
    return rng.choice([-1.0, 1.0], (n_patterns, size))


@with_old_argument("share", "fraction")
def corrupt(
    rng: np.random.Generator, patterns: NDArray[np.float64], fraction: float
) -> NDArray[np.float64]:
    """Return patterns in which the sign of a random fraction of units is inverted.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge.classics import corrupt, random_patterns
    >>> rng = np.random.default_rng(1)
    >>> patterns = random_patterns(rng, 2, 100)
    >>> int((corrupt(rng, patterns, 0.1) != patterns).sum())
    20
    """
    n_patterns, size = patterns.shape
    inverted = np.arange(size) < round(fraction * size)
    return np.where(rng.permuted(np.tile(inverted, (n_patterns, 1)), axis=1), -patterns, patterns)


@with_old_argument("share", "fraction")
def retrieval_overlap(
    rng: np.random.Generator, size: int, n_patterns: int, *, fraction: float = 0.0, most: int = 20
) -> float:
    """Return the mean overlap with stored random patterns after recall.

    Parameters
    ----------
    rng : Generator
    size, n_patterns : int
        N and p.
    fraction : float
        Fraction of units inverted before recall.
    most : int
        Largest number of patterns to recall.

    Examples
    --------
    A few patterns are recalled from noisy versions:

    >>> import numpy as np
    >>> from bridge.classics import retrieval_overlap
    >>> round(retrieval_overlap(np.random.default_rng(1), 200, 5, fraction=0.1), 2)
    1.0
    """
    memory = HopfieldNetwork(random_patterns(rng, n_patterns, size))
    cues = corrupt(rng, memory.patterns[:most], fraction)
    states, _ = memory.recall(cues, seed=int(rng.integers(2**31)), max_sweeps=40)
    return float(np.diagonal(memory.overlap(states)).mean())
