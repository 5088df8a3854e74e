"""Check a plasticity rule before compilation; errors name the file and line."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_check import check_functions, sample
from neurosim.errors import NeurosimError
from neurosim.models.declare import (
    parameters_of,
    potentials_of,
    signals_of,
    states_of,
    traces_of,
)
from neurosim.models.equations import arguments_of, methods_of

if TYPE_CHECKING:
    from neurosim.models import Plasticity

SIDES = ("pre", "post")


def check_rule(rule: Plasticity) -> None:
    """Raise an error if a plasticity rule does not compile.

    Raises
    ------
    NeurosimError
        The message begins with the file and line.
    """
    kind = type(rule)
    _check_variables(kind)
    check_functions(kind)
    for name in methods_of(kind):
        _sample(rule, name)


def _check_variables(kind: type[Plasticity]) -> None:
    """Raise an error if the variables of a rule contradict each other."""
    traces, potentials, signals = traces_of(kind), potentials_of(kind), signals_of(kind)
    for name, trace in traces.items():
        if trace.side not in SIDES:
            raise NeurosimError(
                f"{kind.__name__}.{name} is a trace of {trace.side!r}: it must be of 'pre' or "
                "'post', whose spikes it counts"
            )
        if trace.side == "post" and (trace.reset or trace.initial != 0.0):
            raise NeurosimError(
                f"{kind.__name__}.{name} is a trace of 'post': reset and initial are options of "
                "traces of 'pre'"
            )
        _check_number(kind, name, "starts at", trace.initial)
        _check_tau(kind, name, trace.tau)
    for name, state in states_of(kind).items():
        _check_number(kind, name, "starts at", state.initial)
    for name, signal in signals.items():
        _check_tau(kind, name, signal.tau)
    for name, potential in potentials.items():
        _check_number(kind, name, "is delayed by", potential.delay)
        if potential.tau != 0.0:
            _check_tau(kind, name, potential.tau)
    if len(signals) > 1:
        raise NeurosimError(
            f"{kind.__name__} has the signals {', '.join(signals)}: a rule has one at most"
        )
    if potentials and any(trace.side == "post" for trace in traces.values()):
        raise NeurosimError(
            f"{kind.__name__} has potentials and traces of 'post': a rule depends on one of them"
        )
    if potentials and (signals or hasattr(kind, "between")):
        raise NeurosimError(
            f"{kind.__name__} has potentials: it can have neither a signal nor the method between"
        )
    if bool(potentials) != hasattr(kind, "active"):
        needed = ", ".join((*potentials, "p"))
        raise NeurosimError(
            f"{kind.__name__} has {'no method active' if potentials else 'no potentials'}: declare "
            f"ns.potential(...) and `@staticmethod def active({needed})`, or neither"
        )


def _check_tau(kind: type[Plasticity], name: str, tau: float | str) -> None:
    """Raise an error if a time constant is unknown or not positive."""
    if isinstance(tau, str):
        _check_number(kind, name, "decays with", tau, "a time constant (ms)")
    elif not tau > 0.0:
        raise NeurosimError(
            f"{kind.__name__}.{name} decays with tau = {tau:g} ms: it must be above 0"
        )


def _check_number(
    kind: type[Plasticity], name: str, verb: str, value: float | str, noun: str = "a number"
) -> None:
    """Raise an error if a value is the name of an unknown parameter."""
    if isinstance(value, str) and value not in parameters_of(kind):
        known = ", ".join(parameters_of(kind))
        raise NeurosimError(
            f"{kind.__name__}.{name} {verb} {value!r}, which is not a parameter: give {noun} or "
            f"one of {known}"
        )


def _sample(rule: Plasticity, name: str) -> None:
    """Call a method of a rule once and check the result."""
    kind = type(rule)
    p = SimpleNamespace(**{name: getattr(rule, name) for name in parameters_of(kind)}, dt=0.1)
    given = {"w": 0.5, "elapsed": 1.0, "p": p} | dict.fromkeys(potentials_of(kind), -60.0)
    arguments = [given.get(argument, 1.0) for argument in arguments_of(kind, name)]
    if name == "active":
        sample(kind, name, arguments, (), "with potentials of -60 mV")
    else:
        wanted = ("the new relative weight", *states_of(kind))
        sample(kind, name, arguments, wanted, "with w = 0.5 and traces of 1")
