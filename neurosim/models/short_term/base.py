"""Base class of short-term plasticity: synapses whose efficacy depends on earlier spikes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameters_of, states_of
from neurosim.models.equations import ALL
from neurosim.models.quantity import check_quantity
from neurosim.models.registry import Part

if TYPE_CHECKING:
    from collections.abc import Mapping


class ShortTermPlasticity(Part, abstract=True):
    """Base class of short-term plasticity.

    All synapses of a presynaptic neuron in a projection have the same efficacy, a function of the
    times of its spikes. It is computed once per presynaptic spike, and multiplies the weight of
    each synapse.

    A subclass is a frozen dataclass. Its fields, declared by `neurosim.parameter`, are the
    parameters: numbers, arrays with one value per neuron of the source population, or
    distributions. Its class variables, declared by `neurosim.state`, are the state variables of a
    presynaptic neuron. One static method is compiled by Numba when the model is first simulated,
    with the same restrictions as the equations of a `neurosim.NeuronModel`.

    ``transmit(*states, interval, p)``
        Efficacy of a spike, and all states after it, as a tuple. `interval` is the time (ms) since
        the previous spike of the neuron, infinite at its first spike; `states` are those after the
        previous spike; `p` holds the parameters.

    Examples
    --------
    Each spike reduces the efficacy of the next ones:

    >>> import math
    >>> from dataclasses import dataclass
    >>> from typing import ClassVar
    >>> import neurosim as ns
    >>> @dataclass(frozen=True, eq=False)
    ... class Fatigue(ns.ShortTermPlasticity):
    ...     "Efficacy that is reduced by each spike and recovers exponentially."
    ...     loss: float = ns.parameter(0.2, "", 0.0, 1.0, "fraction lost by a spike")
    ...     tau: float = ns.parameter(100.0, "ms", 0.1, 1e5, "time constant of the recovery")
    ...     efficacy: ClassVar = ns.state("", 1.0, "efficacy after the last spike")
    ...     @staticmethod
    ...     def transmit(efficacy, interval, p):
    ...         now = 1.0 - (1.0 - efficacy) * math.exp(-interval / p.tau)
    ...         return now, now * (1.0 - p.loss)
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 80, ns.LIF()), net.add("inh", 20, ns.LIF())
    >>> rule = ns.FixedProbability(0.1)
    >>> projection = net.connect(exc, inh, rule, psp=0.5, short_term=Fatigue(loss=0.4))
    """

    noun: ClassVar[str] = "a model of short-term plasticity"
    check_value: ClassVar[Any] = staticmethod(check_quantity)
    signatures: ClassVar[Mapping[str, tuple[str, ...]]] = {"transmit": (ALL, "interval", "p")}
    """Arguments of the method that is compiled."""
    optional: ClassVar[tuple[str, ...]] = ()

    def initial_states(self) -> list[float]:
        """Return the states before the first spike."""
        return [float(state.initial) for state in states_of(type(self)).values()]

    def check_size(self, size: int, source: str) -> None:
        """Raise an error if the length of an array is not the number of source neurons.

        Parameters
        ----------
        size : int
        source : str
            Name of the source population, for messages.
        """
        for name in parameters_of(type(self)):
            value = getattr(self, name)
            if isinstance(value, np.ndarray) and value.shape != (size,):
                raise NeurosimError(
                    f"{type(self).__name__}.{name} has {len(value)} values for the {size} neurons "
                    f"of {source!r}: give one per neuron of the source population"
                )
