"""Base class of plasticity rules: weights that change with the times of spikes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.column import PerEdge, is_per_edge
from neurosim.models.declare import parameters_of
from neurosim.models.equations import ALL, POTENTIALS
from neurosim.models.quantity import is_distribution
from neurosim.models.registry import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.models.distributions import Distribution


class Plasticity(Part, abstract=True):
    """Base class of plasticity rules.

    A subclass is a frozen dataclass. Its fields, declared by `neurosim.parameter`, are the
    parameters, one of which is ``w_max``, the strongest weight with its sign. Its class variables
    are the quantities that the weight depends on:

    `neurosim.trace`
        A sum over presynaptic or postsynaptic spikes that decays exponentially.
    `neurosim.state`
        A variable of each synapse, such as an eligibility trace.
    `neurosim.signal`
        A signal that all synapses receive, such as reward. A rule has at most one.
    `neurosim.potential`
        The postsynaptic potential, or a low-pass filter of it.

    Static methods compute the new weight. They are compiled by Numba when the rule is first
    simulated, with the same restrictions as the equations of a `neurosim.NeuronModel`. They receive
    the relative weight (weight/w_max) and the class variables just before the spike, in order of
    declaration. `p` holds the parameters and the time step ``p.dt`` (ms).

    ``on_pre(w, *variables, p)``
        Relative weight after a presynaptic spike.
    ``on_post(w, *variables, p)``
        Relative weight after a postsynaptic spike.
    ``between(w, *variables, elapsed, p)``, optional
        Relative weight after `elapsed` ms without spikes, for weights that change continuously. The
        variables have their values at the beginning of this time.
    ``active(*potentials, p)``
        For rules with potentials: whether `on_post` is called in a time step. It is then called in
        these steps, not at spikes.

    A rule with states returns the weight, then the states. Returned weights are clipped to 0 to 1.
    The class variable ``scale`` names the parameter that is the unit of the relative weight,
    "w_max" by default. With ``bounded = False`` weights are clipped at 0 only.

    A presynaptic spike reaches the synapse after the axonal delay, a postsynaptic spike after the
    dendritic delay; see `neurosim.Network.connect`. Of spikes that arrive in the same step, the
    postsynaptic one is processed first, and the trace of neither contains the other. The exception
    are synapses without a dendritic delay: a spike that is evoked in the step of arrival follows
    the presynaptic one.

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
        "between": ("w", ALL, "elapsed", "p"),
        "active": (POTENTIALS, "p"),
    }
    """Arguments of the methods that are compiled."""
    optional: ClassVar[tuple[str, ...]] = ("between", "active")
    scale: ClassVar[str] = "w_max"
    """Parameter that is the unit of the relative weight, with the sign of the weights."""
    bounded: ClassVar[bool] = True
    """Whether relative weights are at most 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        declared = parameters_of(type(self)).get(self.scale)
        if declared is None:
            raise NeurosimError(
                f"{type(self).__name__} has no parameter {self.scale}, the unit of its weights: "
                f'add `{self.scale}: float = ns.parameter(help="strongest weight")`, or set scale'
            )
        if self.unit_weight == 0.0:
            raise NeurosimError(f"{self._scale} = 0: give the {declared.help}")

    @property
    def unit_weight(self) -> float:
        """Weight of relative weight 1."""
        return float(getattr(self, self.scale))

    @property
    def _scale(self) -> str:
        return f"{type(self).__name__}.{self.scale}"

    @property
    def extremes(self) -> tuple[float, float]:
        """Smallest and largest weight."""
        limit = self.unit_weight * (1.0 if self.bounded else math.inf)
        return min(0.0, limit), max(0.0, limit)

    @property
    def range(self) -> str:
        """Description of the range of the weights and of the fix of one outside, for messages."""
        if self.bounded:
            return f"0 to {self._scale} = {self.unit_weight:g}: raise {self.scale}, or lower the"
        return f"the range of {type(self).__name__}: as in {self._scale}, change the sign of the"

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
        (least, most), fix = self.extremes, f"{self.range} {name}"
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
