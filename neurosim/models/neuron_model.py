"""Base class of neuron models that are written as equations in plain Python."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import (
    SOMA,
    State,
    check_initial_names,
    one_of,
    option,
    optional,
    parameters_of,
    states_of,
)
from neurosim.models.equations import ALL, CURRENTS, currents_of, digest_of
from neurosim.models.escape import EscapeRate
from neurosim.models.linear_response import psp_per_weight
from neurosim.models.neuron import INTEGRATION, Neuron
from neurosim.models.quantity import is_uniform
from neurosim.utils.checks import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurosim.engine.verification import Verification
    from neurosim.models.synapses import Synapse

REFRACTORY = ("clamp", "ignore", "freeze")
"""What may happen during the refractory period."""
SPIKE_CHECKS = ("internal", "step")
"""When `spikes` may be evaluated."""
OPTIONS = (*INTEGRATION, "v_max", "refractory", "spike_check")
"""Class variables that belong to the equations."""


def _escape(value: Any, name: str, *_: Any) -> Any:
    """Return a value if it is an `EscapeRate`."""
    EscapeRate.require(value, f"{name} = ")
    return value


@dataclass(frozen=True, eq=False)
class NeuronModel(Neuron, abstract=True):
    """Base class of neuron models that are written as equations.

    A subclass is a frozen dataclass. Its fields, declared by `neurosim.parameter`, are the
    parameters; its class variables, declared by `neurosim.state`, are the state variables, of which
    the first is the membrane potential. Static methods give the equations. They are compiled by
    Numba when the model is first simulated, and may use arithmetic, comparisons, `if`, loops over
    `range`, `abs`, `min`, `max`, the functions of `math`, global numbers and functions of the same
    kind. `p` holds the parameters of a neuron.

    ``derivatives(v, *states, i, p)``
        Time derivatives of all states (per ms), as a tuple. `i` is the injected plus all synaptic
        current (pA) at that moment.
    ``spikes(v_before, v, *states, p)``
        Whether the neuron spikes. It is evaluated after every internal step of the integration;
        `v_before` is the potential before that step.
    ``reset(v, *states, p)``
        All states after a spike, as a tuple. A spike resets at once; integration continues from
        there to the end of the time step, at which the spike is sent.
    ``step(v, *states, i, jump, dt, p)``
        Instead of `derivatives`: all states one time step `dt` (ms) later. `i` is the current at
        the start of the step and `jump` the input of delta synapses in it (mV).
    ``after_step(v_before, v, *states, refractory, p)``
        Optional: all states after an internal step, if they also change in other ways than by the
        equations, for example by a lower bound of v.
    ``hazard(v, *states, p)``
        Optional: rate (spikes per ms) at which the neuron fires at random. In a time step dt it
        fires with probability 1 − exp(−rate·dt), decided at the end of the step. `spikes` may then
        be left out.
    ``excess(v, *states, p)``
        Optional: distance of v from the threshold (mV) for `escape`, if the threshold moves.
    ``stable(v, *states, h, p)``
        Optional, for "rk4" and "euler": whether an internal step of `h` (ms) is stable in this
        state. If not, the step is repeated by an exponential method with adaptive steps, which is
        always stable.

    A neuron has several compartments if states are declared with their names, such as
    ``v_dendrite: ClassVar = ns.state("mV", -70.0, compartment="dendrite")``. The first state is the
    potential of the soma. `derivatives` and `step` then receive the current into each compartment,
    in the order of the states: ``derivatives(v, v_dendrite, i, i_dendrite, p)``. `Network.connect`
    and `Network.drive` choose the compartment. Delta synapses onto other compartments than the soma
    add to their potentials at the end of a time step.

    The options of `Neuron`, which determine how the equations are integrated, are keyword
    arguments: ``AdEx(method="gsl")``. A subclass may set other defaults of them, such as
    ``method = "adaptive"``.

    Class variables that a subclass may set:

    ``v_max``
        Name of the parameter that bounds v inside `derivatives`.
    ``refractory``
        What happens for the time `t_ref` (ms) after a spike, if there is such a parameter. It is
        rounded to the nearest time step (halves up). "clamp": v is held at `v_reset`, and the other
        states are integrated. "ignore": all states are integrated, but `spikes` is not evaluated.
        "freeze": no state changes.
    ``threshold``
        Name of the parameter that `escape` softens, "v_threshold" by default.
    ``potentials``
        Names of parameters in mV whose values are refused if they look like volts.
    ``ascending``
        Pairs of names of parameters, such as ``(("v_reset", "v_peak"),)``, of which the first must
        be lower, because the neuron would fire without end. Distributions are truncated.
    ``psp_at_rest``
        Whether strengths can be given as `psp`, the peak of a small PSP at rest. False for models
        with ion channels, whose PSP depends on their state.
    ``spike_check``
        "internal": `spikes` is evaluated after every internal step. "step": it is evaluated once,
        at the end of each time step, and `v_before` is the potential at the start of that step.

    Every model has the keyword argument ``escape``, an `EscapeRate`: the neuron fires at random, at
    a rate that grows with the distance of v from the threshold. The threshold is then infinite in
    `spikes`; a neuron whose action potentials end at another potential still fires there.

    Examples
    --------
    A quadratic integrate-and-fire neuron:

    >>> from dataclasses import dataclass
    >>> from typing import ClassVar
    >>> import neurosim as ns
    >>> @dataclass(frozen=True, eq=False)
    ... class Quadratic(ns.NeuronModel):
    ...     "Quadratic integrate-and-fire neuron (Ermentrout & Kopell 1986)."
    ...     tau_m: float = ns.parameter(20.0, "ms", 0.1, 1e3, "membrane time constant")
    ...     v_reset: float = ns.parameter(-75.0, "mV", -200.0, 200.0, "potential after a spike")
    ...     v: ClassVar = ns.state("mV", -70.0, "membrane potential")
    ...     @staticmethod
    ...     def derivatives(v, i, p):
    ...         return ((v + 70.0) * (v + 50.0) / 20.0 + 0.08 * i) / p.tau_m
    ...     @staticmethod
    ...     def spikes(v_before, v, p):
    ...         return v > 30.0
    ...     @staticmethod
    ...     def reset(v, p):
    ...         return p.v_reset
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, Quadratic(tau_m=10.0))
    """

    v_max: ClassVar[str | None] = None
    refractory: ClassVar[str] = "clamp"
    spike_check: ClassVar[str] = "internal"
    psp_at_rest: ClassVar[bool] = True
    threshold: ClassVar[str] = "v_threshold"
    _: KW_ONLY
    escape: EscapeRate | None = option(
        None, help="random firing instead of a threshold", check=optional(_escape)
    )
    signatures: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "step": (ALL, CURRENTS, "jump", "dt", "p"),
        "derivatives": (ALL, CURRENTS, "p"),
        "spikes": ("v_before", ALL, "p"),
        "reset": (ALL, "p"),
        "hazard": (ALL, "p"),
        "excess": (ALL, "p"),
        "stable": (ALL, "h", "p"),
        "after_step": ("v_before", ALL, "refractory", "p"),
    }
    """Arguments of the methods that are compiled."""
    optional: ClassVar[tuple[str, ...]] = ("step", "hazard", "excess", "stable", "after_step")
    options: ClassVar[tuple[str, ...]] = OPTIONS

    def __post_init__(self) -> None:
        check_class(type(self))
        super().__post_init__()
        if self.escape is not None:
            _check_escape(type(self))

    def verify(
        self, current: float = 500.0, duration: float = 200.0, dt: float = 0.1
    ) -> Verification:
        """Compare one neuron on the time grid with an accurate solution by SciPy.

        Parameters
        ----------
        current : float
            Constant input (pA).
        duration, dt : float
            ms.

        Returns
        -------
        Verification
            Spike times of both solutions and the largest errors. `print` shows a summary.

        Raises
        ------
        NeurosimError
            If the model defines `step` instead of `derivatives`, fires at random, or one of its
            methods fails.
        """
        from neurosim.engine.verification import verify  # late: it needs the compiler

        return verify(self, current, duration, dt)

    def psp_per_weight(self, synapse: Synapse) -> float:
        """Return the peak of a small PSP at rest (mV) of a synapse with a weight of 1.

        Raises
        ------
        NeurosimError
            If it is unknown: the neurons differ, or have no stable resting state.
        """
        moves_soma = not synapse.is_current and synapse.compartment is None
        if moves_soma or synapse.couples:
            return synapse.psp_per_weight(self)
        if not self.psp_at_rest:
            self.check_psp()
        if not hasattr(type(self), "derivatives"):
            raise NeurosimError(f"{type(self).__name__} has no derivatives to find the PSP from")
        if not self.is_uniform:
            raise NeurosimError(f"the parameters of {type(self).__name__} differ between neurons")
        return psp_per_weight(self, synapse)

    @classmethod
    def declared_states(cls) -> dict[str, State]:
        """Return the declared states by name, with the membrane potential first."""
        return dict(states_of(cls))

    @classmethod
    def digest(cls) -> str:
        """Return a hash of the equations and declarations of the class."""
        return digest_of(cls)

    def initial_of(self, name: str, v: NDArray[np.float64]) -> Any:
        """Return the initial value of a state, given the initial potential v (mV)."""
        initial = states_of(type(self))[name].initial
        value = getattr(self, initial) if isinstance(initial, str) else initial
        return value(v) if callable(value) else value

    @property
    def v_rest(self) -> Any:
        """Initial potential of a population (mV); NaN if it differs between neurons."""
        value = self.initial_of(next(iter(states_of(type(self)))), np.empty(0))
        return float(value) if is_uniform(value) else math.nan


def _check_escape(kind: type[NeuronModel]) -> None:
    """Raise an error if neurons of a class cannot have escape noise."""
    name = kind.__name__
    if hasattr(kind, "hazard"):
        raise NeurosimError(
            f"{name} fires at random by its own hazard: leave out escape, and set the parameters "
            f"of {name} instead"
        )
    if kind.threshold not in parameters_of(kind):
        raise NeurosimError(
            f"{name} has no parameter {kind.threshold!r}, which escape noise would soften: set the "
            "class variable threshold to the name of a parameter, or define hazard"
        )


def _check_compartments(kind: type[NeuronModel]) -> None:
    """Raise an error if the declarations of compartments are invalid."""
    taken = {SOMA}
    for number, (name, declared) in enumerate(states_of(kind).items()):
        compartment, full_name = declared.compartment, f"{kind.__name__}.{name}"
        if compartment is None:
            continue
        if number == 0:
            raise NeurosimError(f"{full_name} is the potential of the soma: leave out compartment")
        if not isinstance(compartment, str) or not compartment.isidentifier():
            raise NeurosimError(
                f"{full_name}: compartment = {show(compartment)} is not a name such as 'dendrite'"
            )
        if compartment in taken:
            raise NeurosimError(
                f"{full_name} is a second potential of the compartment {compartment!r}: give each "
                "compartment one state"
            )
        if declared.unit != "mV":
            raise NeurosimError(
                f"{full_name} is a potential in {declared.unit or 'no unit'}: declare it in mV"
            )
        taken.add(compartment)
    used = [*states_of(kind), *parameters_of(kind)]
    for current in currents_of(kind)[1:]:
        if current in used:
            raise NeurosimError(
                f"{kind.__name__}.{current} has the name of the current into a compartment: choose "
                "another name"
            )


def check_class(kind: type[NeuronModel]) -> None:
    """Raise an error if the declarations of a class are invalid.

    Raises
    ------
    NeurosimError
    """
    name, parameters = kind.__name__, parameters_of(kind)
    if not states_of(kind):
        raise NeurosimError(
            f"{name} declares no state: the first one is the membrane potential, such as "
            'v: ClassVar = ns.state("mV", -70.0)'
        )
    for variable, known in {"refractory": REFRACTORY, "spike_check": SPIKE_CHECKS}.items():
        one_of(*known)(getattr(kind, variable), f"{name}.{variable}")
    if "t_ref" in parameters and kind.refractory == "clamp" and "v_reset" not in parameters:
        raise NeurosimError(
            f"{name} holds v at v_reset for t_ref, but has no parameter v_reset: declare it, or "
            'set refractory to "ignore" or "freeze"'
        )
    if kind.v_max is not None and kind.v_max not in parameters:
        raise NeurosimError(f"{name}.v_max = {show(kind.v_max)} is not a parameter of {name}")
    _check_compartments(kind)
    check_initial_names(kind)
