"""Write the source of the efficacy of presynaptic spikes, and compile it."""

from __future__ import annotations

import math
import numbers
import traceback
from typing import TYPE_CHECKING, Any

from numba import config

from neurosim.builder.codegen.model_check import check_functions, first_values, method_of
from neurosim.builder.codegen.model_code import compiled_module
from neurosim.builder.codegen.model_functions import functions_of, run_plain
from neurosim.errors import NeurosimError
from neurosim.models.declare import parameters_of, states_of
from neurosim.models.equations import location_of

if TYPE_CHECKING:
    from neurosim.models import ShortTermPlasticity

IMPORTS = '''"""Short-term plasticity, in the form that neurosim compiles."""

import math
from collections import namedtuple

from neurosim.kernels import model_math as mathematics
from neurosim.kernels.address import addressed
from neurosim.kernels.model_tools import function
from neurosim.kernels.tables import tables_at

'''

TEXT = '''# {name}
P = namedtuple("P", {fields!r})


{functions}


@addressed
def transmit_spikes(frame, first, stop, t, _a, _b):
    """Compute the efficacy of the spikes first ... stop - 1 of the history, which are of step t."""
    table, state = tables_at(frame)
    number, n, base = table.number, table.n_sources, table.first_value
    for k in range(first, stop):
        i = state.history[k] - table.first_source
        if i < 0 or i >= n:
            continue
        state.reached[number + 1, k] = table.rows[state.history[k]]
        last = state.last_spike[table.first_spike + i]
        interval = (t - last) * table.dt[0] if last >= 0 else math.inf
        own = i if table.parameters.shape[1] > 1 else 0
        p = P({parameters})
        {result} = transmit({states}interval, p)
        {store}
        state.last_spike[table.first_spike + i] = t
        state.efficacy[number, k] = efficacy
        state.spike_steps[k] = t
    return 0
'''


def transmission_function(part: ShortTermPlasticity, plain: bool = False) -> Any:
    """Return the function that computes the efficacy of spikes.

    Parameters
    ----------
    part : ShortTermPlasticity
    plain : bool
        Whether to run the model as plain Python, so that `print` and a debugger work.
    """
    check_functions(type(part))
    for interval in (10.0, math.inf):
        _sample(part, interval)
    kind = type(part)
    text = _text(kind)
    if not (plain or config.DISABLE_JIT):
        return compiled_module(kind.__name__, IMPORTS + text).transmit_spikes
    return run_plain(kind, text, {})["transmit_spikes"]


def _text(kind: type[ShortTermPlasticity]) -> str:
    """Return the source of the function of a class."""
    fields, states = tuple(parameters_of(kind)), tuple(states_of(kind))
    places = [f"state.source_states[base + {j} * n + i]" for j in range(len(states))]
    return TEXT.format(
        name=f"{kind.__module__}.{kind.__qualname__}",
        fields=fields,
        functions="\n\n\n".join(functions_of(kind)),
        parameters="".join(f"table.parameters[{j}, own], " for j in range(len(fields))),
        result=", ".join(("efficacy", *(f"x{j}" for j in range(len(states))))),
        states="".join(f"{place}, " for place in places),
        store="; ".join(f"{place} = x{j}" for j, place in enumerate(places)) or "pass",
    )


def _sample(part: ShortTermPlasticity, interval: float) -> None:
    """Call `transmit` once as plain Python, and check the result."""
    kind, states = type(part), part.initial_states()
    function, full_name = method_of(kind, "transmit"), f"{type(part).__name__}.transmit"
    case = f"interval = {interval:g}"
    try:
        result = function(*states, interval, first_values(part))
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        reason = str(error).replace("'types.SimpleNamespace' object", "p")
        raise NeurosimError(
            f"{location_of(function, line)}: {full_name} fails for the initial states and {case} "
            f"({type(error).__name__}: {reason})"
        ) from None
    values = result if isinstance(result, tuple) else (result,)
    at, wanted = f"{location_of(function)}: {full_name}", ("the efficacy", *states_of(kind))
    if len(values) != len(wanted):
        raise NeurosimError(
            f"{at} returns {len(values)} values: it must return {len(wanted)}, {', '.join(wanted)}"
        )
    for name, value in zip(wanted, values, strict=True):
        number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not (number and math.isfinite(value)):
            raise NeurosimError(
                f"{at} returns {value!r} for {name} with the initial states and {case}: it must "
                "return a finite number"
            )
