"""Escape noise: stochastic firing instead of a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from neurosim.models.declare import one_of, parameter
from neurosim.models.registry import Part

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LINKS = ("softplus", "exponential")
"""Functions of the potential for the rate."""


@dataclass(frozen=True)
class EscapeRate(Part):
    """Escape noise: a potential-dependent firing rate replaces the threshold.

    With x = (V − v_threshold)/delta the rate is ln(1 + e^x)/tau for the link "softplus" and e^x/tau
    for "exponential". In a step dt the neuron fires with probability 1 − exp(−rate·dt). With
    tau = dt and "softplus" this probability is σ(x): every step is a trial of a logistic neuron.

    Parameters
    ----------
    delta : float
        Width of the threshold (mV), 0.001 to 1000.
    tau : float
        Time scale of the rate (ms), 0.001 to 1,000,000. At the threshold the rate is ln 2/tau for
        "softplus" and 1/tau for "exponential".
    link : {"softplus", "exponential"}

    Raises
    ------
    NeurosimError
        If a value is out of range or the link is unknown.

    References
    ----------
    W. Gerstner, W. M. Kistler, R. Naud & L. Paninski, *Neuronal Dynamics*, Cambridge University
    Press (2014), section 9.1.

    Examples
    --------
    Where the potential equals the threshold, the neuron fires in half of the steps:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> escape = ns.EscapeRate(delta=2.0, tau=0.1)
    >>> float(1.0 - np.exp(-escape.rate(0.0) * 0.1))
    0.5
    >>> neuron = ns.LIF(escape=escape)
    """

    noun: ClassVar[str] = "a soft threshold"
    delta: float = parameter(unit="mV", low=1e-3, high=1e3, help="width of the threshold")
    tau: float = parameter(unit="ms", low=1e-3, high=1e6, help="time scale of the rate")
    link: Literal["softplus", "exponential"] = parameter(
        "softplus", help="how the rate depends on the potential", check=one_of(*LINKS)
    )

    def rate(self, excess: ArrayLike) -> NDArray[np.float64]:
        """Return the rate (spikes per ms) at potentials `excess` mV above the threshold.

        Parameters
        ----------
        excess : array_like
            V − v_threshold (mV).

        Returns
        -------
        ndarray
            Same shape as `excess`.
        """
        x = np.asarray(excess, dtype=float) / self.delta
        link = np.logaddexp(0.0, x) if self.link == "softplus" else np.exp(np.minimum(x, 700.0))
        return link / self.tau
