"""Synapses that learn from the times of spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.network.checks import check_number, show
from neurosim.network.edges import Column
from neurosim.network.quantity import is_distribution

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.network.distributions import Distribution


@dataclass(frozen=True)
class STDP:
    """Spike-timing dependent plasticity of all pairs of spikes.

    With x = weight/w_max, a spike that follows a presynaptic one after Δ at the synapse adds
    λ (1 − x)^mu_plus e^(−Δ/tau_plus) to x, one that comes Δ before it takes α λ x^mu_minus
    e^(−Δ/tau_minus) off; x stays within 0 to 1. The delay of a synapse lies in the dendrite: a
    presynaptic spike is at the synapse at once, a postsynaptic one arrives there after the delay.
    Spikes that arrive in the same step do not pair.

    Parameters
    ----------
    w_max : float
        Strongest weight, in the unit and with the sign of the weights.
    learning_rate : float
        λ, 0 to 1.
    asymmetry : float
        α, 0 to 1000: how much stronger depression is.
    tau_plus, tau_minus : float
        Time constants of the two windows (ms), 0.1 to 10,000.
    mu_plus, mu_minus : float
        0 to 1: with 0 changes do not depend on the weight (additive), with 1 they do in proportion
        (multiplicative).

    Raises
    ------
    NeurosimError
        If a value is out of range.

    References
    ----------
    R. Gütig, R. Aharonov, S. Rotter & H. Sompolinsky, *Learning input correlations through
    nonlinear temporally asymmetric Hebbian plasticity*, J. Neurosci. 23, 3697 (2003).
    """

    w_max: float
    learning_rate: float = 0.01
    asymmetry: float = 1.0
    tau_plus: float = 20.0
    tau_minus: float = 20.0
    mu_plus: float = 0.0
    mu_minus: float = 0.0

    def __post_init__(self) -> None:
        ranges = {
            "w_max": ("", -1e9, 1e9),
            "learning_rate": ("", 0.0, 1.0),
            "asymmetry": ("", 0.0, 1e3),
            "tau_plus": ("ms", 0.1, 1e4),
            "tau_minus": ("ms", 0.1, 1e4),
            "mu_plus": ("", 0.0, 1.0),
            "mu_minus": ("", 0.0, 1.0),
        }
        for name, (unit, low, high) in ranges.items():
            value = check_number(getattr(self, name), f"STDP.{name}", unit, low, high)
            object.__setattr__(self, name, value)
        if self.w_max == 0.0:
            raise NeurosimError("STDP.w_max = 0: give the strongest weight, with its sign")


def within_plasticity(
    plasticity: object,
    weight: float | NDArray[np.float64] | Distribution | Column,
    given: object,
    what: str,
) -> float | NDArray[np.float64] | Distribution | Column:
    """Return the initial weights of plastic synapses.

    Parameters
    ----------
    plasticity : STDP or None
    weight : float, ndarray, distribution or Column
        In the synapse's unit. A distribution is truncated to the range of the plasticity.
    given : object
        The strength as the user gave it, for messages.
    what : str
        Its name, "psp" or "weight".

    Raises
    ------
    NeurosimError
        If `plasticity` is not a plasticity rule, or the weights lie outside its range.
    """
    if plasticity is None:
        return weight
    if not isinstance(plasticity, STDP):
        raise NeurosimError(f"plasticity = {show(plasticity)} is none: give STDP(w_max)")
    least, most = sorted((0.0, plasticity.w_max))
    fix = f"0 to STDP.w_max = {plasticity.w_max:g}: raise w_max, or lower the {what}"
    if is_distribution(weight):
        try:
            return weight.truncated(least, most)
        except NeurosimError:
            raise NeurosimError(
                f"{what} = {given} lies, as a weight, nearly always beyond {fix}"
            ) from None
    if isinstance(weight, Column):
        return weight  # to be checked when the file is read
    values = np.asarray(weight)
    outside = (values < least) | (values > most)
    if outside.any():
        wrong = f"weight = {values[outside][0]:g}"
        if what == "psp" and not np.array_equal(values, np.asarray(given)):
            wrong = f"psp = {np.asarray(given, float)[outside][0]:g} mV, a {wrong},"
        raise NeurosimError(f"{wrong} lies beyond {fix}")
    return weight
