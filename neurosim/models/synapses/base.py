"""Base class of synapse models."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import check_initial_names, option, optional, states_of
from neurosim.models.equations import ALL, digest_of
from neurosim.models.quantity import typical
from neurosim.models.registry import Part, is_builtin
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurosim.models.neuron import Neuron
    from neurosim.models.short_term.base import ShortTermPlasticity

TYPICAL_REST = -65.0
"""Resting potential (mV) that stands for one that differs between neurons."""
ABOVE_REST = 10.0
"""Distance from rest (mV) at which a synapse without current at rest excites or inhibits."""


def _check_name(value: Any, name: str, *_: Any) -> str:
    """Return the name of a receptor, if it can precede the name of a state."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or "." in value:
        raise NeurosimError(f"{name} = {show(value)}: give a non-empty string without '.'")
    return value


@dataclass(frozen=True, eq=False)
class Synapse(Part, abstract=True):
    """Base class of synapse models, also of those that are written as equations.

    A subclass is a frozen dataclass. Its fields, declared by `neurosim.parameter`, are the
    parameters; its class variables, declared by `neurosim.state`, are the state variables. Static
    methods give the equations. They are integrated together with the equations of the neuron,
    by its method, and may use the same expressions as the equations of a `neurosim.NeuronModel`.

    ``derivatives(*states, p)``
        Time derivatives of all states (per ms): a number for one state, else a tuple.
    ``current(v, *states, p)``
        Synaptic current (pA) at the membrane potential `v` (mV). It is part of `i` of the neuron.
    ``arrive(*states, w, p)``
        Optional: all states after the arrival of spikes; `w` is the sum of their weights. Without
        this method the weight is added to the first state.

    `p` holds the parameters. Weights are in the unit of the first state. Spikes arrive at the end
    of a time step, after the integration.

    Every synapse has two options, which are keyword arguments:

    ``name``
        Name of the receptor, such as "ampa". States of the synapse are recorded by it, as in
        ``net.record(cell, "ampa.g")``. Synapses with different names are different receptors.
    ``compartment``
        Compartment of the neuron on which the synapse is, such as "dendrite"; None: the soma.
        `v` in `current` is the potential of this compartment. `Network.connect` and `Network.drive`
        set it.

    Class variable that a subclass may set:

    ``sign``
        1 if a positive weight excites, -1 if it inhibits. Default: the sign of the current at the
        resting potential after a spike; where there is none, 10 mV above rest. Dale's law and
        colours in figures depend on it.

    Examples
    --------
    A conductance that decays exponentially:

    >>> from dataclasses import dataclass
    >>> from typing import ClassVar
    >>> import neurosim as ns
    >>> @dataclass(frozen=True, eq=False)
    ... class ExpConductance(ns.Synapse):
    ...     "A conductance that jumps by its weight and decays exponentially."
    ...     tau: float = ns.parameter(2.0, "ms", 0.01, 1e4, "decay time constant")
    ...     e_rev: float = ns.parameter(0.0, "mV", -200.0, 200.0, "reversal potential")
    ...     g: ClassVar = ns.state("nS", 0.0, "conductance")
    ...     @staticmethod
    ...     def derivatives(g, p):
    ...         return -g / p.tau
    ...     @staticmethod
    ...     def current(v, g, p):
    ...         return g * (p.e_rev - v)
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> inhibition = ExpConductance(tau=8.0, e_rev=-80.0)
    >>> drive = net.drive(cell, ns.SpikeTimes([5.0]), synapse=inhibition, weight=4.0)
    >>> recording = net.record(cell, "g")
    """

    _: KW_ONLY
    name: str | None = option(None, help="name of the receptor", check=optional(_check_name))
    compartment: str | None = option(
        None, help="compartment of the neuron", check=optional(_check_name)
    )

    noun: ClassVar[str] = "a synapse model"
    unit: ClassVar[str] = "pA"
    """Unit of its weights."""
    is_current: ClassVar[bool] = True
    """Whether it injects a current; otherwise it moves the potential at once."""
    has_equations: ClassVar[bool] = False
    """Whether it declares states and equations."""
    couples: ClassVar[bool] = False
    """Whether it couples potentials in both directions instead of transmitting spikes."""
    between_neurons: ClassVar[bool] = False
    """Whether its presynaptic side must be a neuron of the network, not an input."""
    sign: ClassVar[int | None] = None
    signatures: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "derivatives": (ALL, "p"),
        "current": ("v", ALL, "p"),
        "arrive": (ALL, "w", "p"),
    }
    """Arguments of the methods that are compiled."""
    optional: ClassVar[tuple[str, ...]] = ("arrive",)
    options: ClassVar[tuple[str, ...]] = ("sign",)

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        super().__init_subclass__(abstract=abstract, **options)
        if states := states_of(cls):
            cls.has_equations = True
            cls.unit = next(iter(states.values())).unit

    def __post_init__(self) -> None:
        _check_class(type(self))
        super().__post_init__()

    @classmethod
    def digest(cls) -> str:
        """Return a hash of the equations and declarations of the class."""
        return digest_of(cls)

    @property
    def transmission(self) -> ShortTermPlasticity | None:
        """How the efficacy of a spike depends on earlier spikes of the presynaptic neuron."""
        return None

    @property
    def integrated(self) -> Synapse:
        """The synapse in the form that is integrated with the neuron.

        On other compartments than the soma, every synapse has equations.
        """
        return self if self.compartment is None else self.as_equations()

    def as_equations(self) -> Synapse:
        """Return the synapse in a form that has equations."""
        return self

    def chosen(self, *, is_pool: bool) -> Synapse:
        """Return the form of the synapse for a projection.

        Parameters
        ----------
        is_pool : bool
            Whether every source is connected to every target with one weight and delay.
        """
        return self

    def time_to_peak(self, neuron: Neuron) -> float:
        """Time from arrival to the peak of the PSP (ms)."""
        raise NeurosimError(f"the time to the peak of a {type(self).__name__} is not known")

    def psp_per_weight(self, neuron: Neuron) -> float:
        """Peak of the PSP (mV) for a weight of 1.

        Raises
        ------
        NeurosimError
            If it is unknown.
        """
        raise NeurosimError(
            f"the peak potential after a {type(self).__name__} is not proportional to its weight"
        )

    def initial_states(self) -> list[float]:
        """Return the states at time 0."""
        values = [state.initial for state in states_of(type(self)).values()]
        return [float(getattr(self, v) if isinstance(v, str) else v) for v in values]

    def effect_on(self, neuron: Neuron) -> int:
        """Return the sign of a positive weight's effect on a neuron.

        It is 1 if the weight excites, -1 if it inhibits, 0 if neither.
        """
        if self.sign is not None or not self.has_equations:
            return 1 if self.sign is None else self.sign
        try:
            v = typical(neuron.v_rest)
            v = TYPICAL_REST if math.isnan(v) else v
            return self._current_sign(v) or self._current_sign(v + ABOVE_REST)
        except NeurosimError:
            raise
        except Exception:
            # A mistake in the equations is reported with its line when the network is built.
            return 1

    def _current_sign(self, v: float) -> int:
        """Return the sign of the current (pA) that a spike evokes at a potential (mV)."""
        kind: Any = type(self)
        states = self.initial_states()
        rest = kind.current(v, *states, self)
        if hasattr(kind, "arrive"):
            states = list(np.atleast_1d(kind.arrive(*states, 1.0, self)))
        else:
            states[0] += 1.0
        for _ in states:  # the weight may reach the current through all states in turn
            slopes = np.atleast_1d(kind.derivatives(*states, self))
            states = [x + 1e-3 * slope for x, slope in zip(states, slopes, strict=True)]
        return int(np.sign(kind.current(v, *states, self) - rest))


def _check_class(kind: type[Synapse]) -> None:
    """Raise an error if the states, initial values or sign of a class are invalid."""
    if not states_of(kind) and not is_builtin(kind):
        raise NeurosimError(
            f"{kind.__name__} declares no state: a spike adds its weight to the first one, "
            'such as g: ClassVar = ns.state("nS", 0.0)'
        )
    if kind.sign not in (None, 1, -1):
        raise NeurosimError(f"{kind.__name__}.sign = {show(kind.sign)}: it must be 1 or -1")
    check_initial_names(kind)
