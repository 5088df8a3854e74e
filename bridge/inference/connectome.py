"""The synapses that were recovered, and which of them to believe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import false_discovery_control, truncnorm

from bridge.measures import NORMAL_95
from neurosim import NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.inference.kernel import SynapticKernel

CENTRE = 1.5
"""|z| up to which scores are taken to be those of absent synapses."""


@dataclass(frozen=True, eq=False)
class Connectome:
    """Synapses between neurons, row by presynaptic and column by postsynaptic neuron.

    NaN stands for what was not or cannot be fitted: a neuron onto itself, onto those not asked for
    or with too few spikes, and from silent ones.

    Attributes
    ----------
    weights : (n, n) ndarray
        Change of the postsynaptic log-odds to fire in a bin, at the peak of the kernel.
    standard_errors : (n, n) ndarray
        Of the weights, given the data and the prior.
    z : (n, n) ndarray
        Weights over their standard deviation were there no synapse: near N(0, 1) for absent ones.
    intercepts : (n,) ndarray
        Log-odds to fire in a bin, long after the last spike and without the others'.
    cross_entropy : (n,) ndarray
        Of each neuron's spikes (nats, all bins together): of two kernels, that with the smaller
        sum describes a recording better.
    rates : (n,) ndarray
        Firing rates (Hz).
    neurons : (n,) ndarray of int
        What each neuron is called.
    kernel : SynapticKernel
    bin_width : float
        ms.
    prior_sd : float
        Spread of the weights before the data; infinite where there was no ridge.
    evaluations : (n,) ndarray of int
        Passes over the recording that each neuron took.
    converged : (n,) ndarray of bool
    """

    weights: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    z: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    cross_entropy: NDArray[np.float64]
    rates: NDArray[np.float64]
    neurons: NDArray[np.int64]
    kernel: SynapticKernel
    bin_width: float
    prior_sd: float
    evaluations: NDArray[np.int64]
    converged: NDArray[np.bool_]

    @cached_property
    def null_sd(self) -> float:
        """Spread of z among absent synapses, from the small |z| alone.

        Maximum likelihood of a normal law cut at |z| = 1.5 (Efron 2004, J. Am. Stat. Assoc. 99:96).
        Above 1 where the model leaves something unexplained; never below 1.
        """
        small = self.z[np.abs(self.z) <= CENTRE]
        if len(small) < 50:
            return 1.0
        found = float(np.mean(small**2))

        def surplus(sd: float) -> float:
            return float(truncnorm.var(-CENTRE / sd, CENTRE / sd, scale=sd)) - found

        if surplus(1.0) >= 0.0:
            return 1.0
        return float(brentq(surplus, 1.0, 10.0)) if surplus(10.0) > 0.0 else 10.0

    @property
    def p_values(self) -> NDArray[np.float64]:
        """Chance of so large a |z| without a synapse, two-sided, its spread being `null_sd`."""
        return 2.0 * ndtr(-np.abs(self.z) / self.null_sd)

    def called(self, fdr: float = 0.01) -> NDArray[np.bool_]:
        """Return which synapses are called present, at a share of `fdr` false ones among them.

        Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57:289; shape (n, n), False where unknown.
        """
        if not 0.0 < fdr < 1.0:
            raise NeurosimError(f"fdr = {fdr:g} is outside 0 to 1: give a share of false calls")
        known = np.isfinite(self.z)
        called = np.zeros(self.z.shape, dtype=bool)
        if known.any():
            called[known] = false_discovery_control(self.p_values[known]) <= fdr
        return called

    @property
    def signs(self) -> NDArray[np.int8]:
        """+1 for excitatory, −1 for inhibitory, 0 for unknown; shape (n, n)."""
        return np.sign(np.nan_to_num(self.weights)).astype(np.int8)

    @property
    def interval(self) -> NDArray[np.float64]:
        """95 % intervals of the weights, shape (n, n, 2)."""
        half = NORMAL_95 * self.standard_errors
        return np.stack([self.weights - half, self.weights + half], axis=-1)

    def psps(self, beta: ArrayLike) -> NDArray[np.float64]:
        """Return the strengths in mV, shape (n, n).

        Parameters
        ----------
        beta : float or (n,) array_like
            Log-odds per mV of each postsynaptic neuron: 1/Δ for escape noise, `membrane_beta` for
            membrane noise. Intervals are those of the weights, divided likewise.
        """
        beta = np.asarray(beta, dtype=float)
        if beta.shape not in ((), (len(self.neurons),)) or (beta <= 0).any():
            raise NeurosimError(
                f"beta of shape {beta.shape}: give one number above 0 per mV, or one for each of "
                f"the {len(self.neurons)} neurons"
            )
        return self.weights / beta
