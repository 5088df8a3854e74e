"""What a spike does to the score of a neuron it reaches, over time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim import NeurosimError


@dataclass(frozen=True)
class SynapticKernel:
    """A sum of exponentials with peak 1 that begins a delay after the spike.

    Membrane noise forgets a kick sooner than the membrane does: what it leaves of the chance to
    fire fades within about half the membrane's time constant, so 10 ms serve a membrane of 20 ms.
    With a soft threshold (escape noise) the kernel is the postsynaptic potential's own.

    Attributes
    ----------
    taus : tuple of float
        Time constants (ms).
    shares : tuple of float, optional
        How much of each; equal if not given. Scaled so that the kernel's peak is 1.
    delay : float
        From a spike to the first bin it acts in (ms), at least one bin.
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
            raise NeurosimError(f"SynapticKernel.shares = {self.shares} never rise above 0")
        object.__setattr__(self, "taus", tuple(taus.tolist()))
        object.__setattr__(self, "shares", tuple((shares / peak).tolist()))

    def decays(self, width: float) -> NDArray[np.float64]:
        """Factors by which the exponentials fall from one bin of `width` ms to the next."""
        return np.exp(-width / np.array(self.taus))

    def delay_bins(self, width: float) -> int:
        """Delay in whole bins of `width` ms, at least one: nothing acts in its own bin."""
        return max(1, round(self.delay / width))

    def values(self, lags: ArrayLike) -> NDArray[np.float64]:
        """Kernel at times (ms) after the delay, 0 before."""
        lags = np.asarray(lags, dtype=float)[..., None]
        fallen = np.exp(-np.maximum(lags, 0.0) / np.array(self.taus))
        return np.where(lags[..., 0] >= 0, fallen @ np.array(self.shares), 0.0)

    @property
    def area(self) -> float:
        """Integral over time (ms)."""
        return float(np.dot(self.taus, self.shares))
