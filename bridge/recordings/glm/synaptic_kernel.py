"""Known time course of the effect of a spike on the score of a postsynaptic neuron."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.recordings.glm.bases import Basis
from neurosim import NeurosimError

# Fraction of the peak below which a kernel is cut off.
NEGLIGIBLE = 1e-4


@dataclass(frozen=True)
class SynapticKernel:
    """A sum of exponentials with peak 1 that starts after a delay.

    With membrane noise the effect of an input on the firing probability decays with about half the
    membrane time constant: use 10 ms for a membrane of 20 ms. With a soft threshold (escape noise)
    the kernel is the postsynaptic potential.

    Attributes
    ----------
    taus : tuple of float
        Time constants (ms).
    shares : tuple of float, optional
        Amplitudes, equal by default; scaled to a peak of 1.
    delay : float
        Delay from a spike to its first effect (ms), at least one bin.

    Examples
    --------
    The kernel of a synapse onto a membrane with a time constant of 20 ms:

    >>> from bridge.inference import SynapticKernel
    >>> kernel = SynapticKernel(taus=(10.0,), delay=1.5)

    A kernel that rises in 2 ms and decays in 10 ms:

    >>> kernel = SynapticKernel(taus=(10.0, 2.0), shares=(1.0, -1.0))
    """

    taus: tuple[float, ...] = (10.0,)
    shares: tuple[float, ...] = ()
    delay: float = 1.0

    def __post_init__(self) -> None:
        taus = np.atleast_1d(np.asarray(self.taus, dtype=float))
        shares = np.asarray(self.shares if len(self.shares) else np.ones(len(taus)), dtype=float)
        if not (1 <= len(taus) <= 8 and np.isfinite(taus).all() and (taus > 0).all()):
            raise NeurosimError(
                f"SynapticKernel.taus = {self.taus} ms: give one to eight finite times above 0 ms"
            )
        if shares.shape != taus.shape or not np.isfinite(shares).all():
            raise NeurosimError(
                f"SynapticKernel.shares = {self.shares}: give a finite number for each of the "
                f"{len(taus)} time constants"
            )
        if not (math.isfinite(self.delay) and self.delay >= 0):
            raise NeurosimError(
                f"SynapticKernel.delay = {self.delay:g} ms is not a finite time from 0 ms"
            )
        lags = np.linspace(0.0, 5.0 * taus.max(), 2001)[:, None]
        peak = float((shares * np.exp(-lags / taus)).sum(axis=1).max())
        if peak <= 1e-9 * np.abs(shares).sum():
            raise NeurosimError(f"SynapticKernel.shares = {self.shares} are never positive in sum")
        object.__setattr__(self, "taus", tuple(taus.tolist()))
        object.__setattr__(self, "shares", tuple((shares / peak).tolist()))

    def delay_bins(self, width: float) -> int:
        """Return the delay in bins of `width` ms, at least 1."""
        return max(1, round(self.delay / width))

    def values(self, lags: ArrayLike) -> NDArray[np.float64]:
        """Return the kernel at times (ms) after the delay, 0 before."""
        lags = np.asarray(lags, dtype=float)[..., None]
        fallen = np.exp(-np.maximum(lags, 0.0) / np.array(self.taus))
        return np.where(lags[..., 0] >= 0, fallen @ np.array(self.shares), 0.0)

    @property
    def area(self) -> float:
        """Integral over time (ms)."""
        return float(np.dot(self.taus, self.shares))


@dataclass(frozen=True)
class KernelBasis(Basis):
    """A single basis function: a synaptic kernel.

    Attributes
    ----------
    kernel : SynapticKernel

    Examples
    --------
    >>> from bridge.recordings import KernelBasis, SynapticKernel
    >>> KernelBasis(SynapticKernel((10.0,), delay=2.0)).matrix(1.0)[:3, 0].round(3).tolist()
    [0.0, 1.0, 0.905]
    """

    kernel: SynapticKernel

    @property
    def length(self) -> float:  # type: ignore[override]
        """Lag (ms) after which the kernel is negligible."""
        times = np.linspace(0.0, 20.0 * max(self.kernel.taus), 4001)
        last = times[np.flatnonzero(np.abs(self.kernel.values(times)) > NEGLIGIBLE)[-1]]
        return self.kernel.delay + float(last)

    def values(self, lags: ArrayLike) -> NDArray[np.float64]:
        """Return the kernel at lags (ms), shape (n_lags, 1)."""
        return self.kernel.values(np.asarray(lags, dtype=float) - self.kernel.delay)[:, None]

    def matrix(self, width: float) -> NDArray[np.float64]:
        """Return the kernel 1, 2, … bins of `width` ms after a spike, shape (n_lags, 1)."""
        delay = self.kernel.delay_bins(width)
        n_lags = max(delay, math.ceil((self.length - self.kernel.delay) / width) + delay)
        since = width * (np.arange(1, n_lags + 1) - delay)
        return np.ascontiguousarray(self.kernel.values(since)[:, None])
