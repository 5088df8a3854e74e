"""Base class of plasticity rules: weights that change with the times of spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.column import PerEdge, is_per_edge
from neurosim.models.equations import ALL
from neurosim.models.quantity import is_distribution
from neurosim.models.registry import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.models.distributions import Distribution


class Plasticity(Part, abstract=True):
    """Base class of plasticity rules.

    A subclass is a frozen dataclass. Its fields, declared by `neurosim.parameter`, are the
    parameters, one of which is ``w_max``, the strongest weight with its sign. Its class variables,
    declared by `neurosim.trace`, are sums over presynaptic or postsynaptic spikes that decay
    exponentially. Two static methods compute the new weight. They are compiled by Numba when the
    rule is first simulated, with the same restrictions as the equations of a
    `neurosim.NeuronModel`.

    ``on_pre(w, *traces, p)``
        Relative weight (weight/w_max) after a presynaptic spike.
    ``on_post(w, *traces, p)``
        Relative weight after a postsynaptic spike.

    Both receive the relative weight and all traces just before the spike, in order of declaration;
    `p` holds the parameters. Returned weights are clipped to 0 to 1.

    Delays are dendritic: a presynaptic spike reaches the synapse immediately, a postsynaptic spike
    after the delay. Of spikes that arrive in the same step, the postsynaptic one is processed
    first, and the trace of neither contains the other.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from typing import ClassVar
    >>> import neurosim as ns
    >>> @dataclass(frozen=True)
    ... class Hebb(ns.Plasticity):
    ...     "Potentiation by postsynaptic spikes that follow presynaptic ones."
    ...     w_max: float = ns.parameter(help="strongest weight")
    ...     rate: float = ns.parameter(0.01, "", 0.0, 1.0, "learning rate")
    ...     tau: float = ns.parameter(20.0, "ms", 0.1, 1e4, "time constant")
    ...     x: ClassVar = ns.trace("pre", "tau")
    ...
    ...     @staticmethod
    ...     def on_pre(w, x, p):
    ...         return w
    ...
    ...     @staticmethod
    ...     def on_post(w, x, p):
    ...         return w + p.rate * (1.0 - w) * x
    >>> Hebb(w_max=2.0).rate
    0.01
    """

    noun: ClassVar[str] = "a plasticity rule"
    signatures: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "on_pre": ("w", ALL, "p"),
        "on_post": ("w", ALL, "p"),
    }
    """Arguments of the methods that are compiled."""
    optional: ClassVar[tuple[str, ...]] = ()
    w_max: float

    def check_initial(
        self,
        weight: float | NDArray[np.float64] | Distribution | PerEdge,
        given: object,
        name: str,
    ) -> float | NDArray[np.float64] | Distribution | PerEdge:
        """Return checked initial weights of plastic synapses.

        Parameters
        ----------
        weight : float, ndarray, distribution or Column
            In the synapse's unit. A distribution is truncated to the range of the plasticity.
        given : object
            The strength given by the user, for messages.
        name : str
            "psp" or "weight".

        Raises
        ------
        NeurosimError
            If the weights lie outside the range of the rule.
        """
        least, most = sorted((0.0, self.w_max))
        fix = f"0 to {type(self).__name__}.w_max = {self.w_max:g}: raise w_max, or lower the {name}"
        if is_distribution(weight):
            try:
                return weight.truncated(least, most)
            except NeurosimError:
                raise NeurosimError(
                    f"{name} = {given}, as a weight, lies almost entirely outside {fix}"
                ) from None
        if is_per_edge(weight):
            return weight  # checked when the file is read
        values = np.asarray(weight)
        outside = (values < least) | (values > most)
        if outside.any():
            wrong = f"weight = {values[outside][0]:g}"
            if name == "psp" and not np.array_equal(values, np.asarray(given)):
                wrong = f"psp = {np.asarray(given, float)[outside][0]:g} mV, a {wrong},"
            raise NeurosimError(f"{wrong} is outside {fix}")
        return weight
