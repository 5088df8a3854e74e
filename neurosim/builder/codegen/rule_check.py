"""Check a plasticity rule before compilation; errors name the file and line."""

from __future__ import annotations

import math
import numbers
import traceback
from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_check import check_functions, first_values, method_of
from neurosim.errors import NeurosimError
from neurosim.models.declare import parameters_of, traces_of
from neurosim.models.equations import location_of, methods_of

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
    _check_traces(kind)
    check_functions(kind)
    for name in methods_of(kind):
        _sample(rule, name)


def _check_traces(kind: type[Plasticity]) -> None:
    """Raise an error if the spikes or the time constant of a trace are unknown."""
    for name, trace in traces_of(kind).items():
        if trace.side not in SIDES:
            raise NeurosimError(
                f"{kind.__name__}.{name} is a trace of {trace.side!r}: it must be of 'pre' or "
                "'post', whose spikes it counts"
            )
        if isinstance(trace.tau, str) and trace.tau not in parameters_of(kind):
            known = ", ".join(parameters_of(kind))
            raise NeurosimError(
                f"{kind.__name__}.{name} decays with {trace.tau!r}, which is not a parameter: "
                f"give a time constant (ms) or one of {known}"
            )
        if not isinstance(trace.tau, str) and not trace.tau > 0.0:
            raise NeurosimError(
                f"{kind.__name__}.{name} decays with tau = {trace.tau:g} ms: it must be above 0"
            )


def _sample(rule: Plasticity, name: str) -> None:
    """Call a function of a rule once and check the result."""
    kind = type(rule)
    function, full_name = method_of(kind, name), f"{kind.__name__}.{name}"
    try:
        result = function(0.5, *[1.0] * len(traces_of(kind)), first_values(rule))
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        reason = str(error).replace("'types.SimpleNamespace' object", "p")
        raise NeurosimError(
            f"{location_of(function, line)}: {full_name} fails for w = 0.5 and traces of 1 "
            f"({type(error).__name__}: {reason})"
        ) from None
    at = f"{location_of(function)}: {full_name}"
    if isinstance(result, bool) or not isinstance(result, numbers.Real):
        raise NeurosimError(f"{at} returns {result!r}: it must return the new relative weight")
    if not math.isfinite(result):
        raise NeurosimError(
            f"{at} returns {result} for w = 0.5 and traces of 1: check the rule and its parameters"
        )
