"""Write the source of the efficacy of presynaptic spikes, and compile it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from neurosim.builder.codegen.model_check import check_functions, first_values, sample
from neurosim.builder.codegen.model_code import addressed_functions
from neurosim.models.declare import parameters_of, states_of

if TYPE_CHECKING:
    from neurosim.models import ShortTermPlasticity

TEXT = '''

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
        column = i if table.parameters.shape[1] > 1 else 0
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
    kind = type(part)
    fields, states = parameters_of(kind), states_of(kind)
    check_functions(kind)
    for interval in (10.0, math.inf):
        arguments = (*part.initial_states(), interval, first_values(part))
        case = f"with the initial states and interval = {interval:g}"
        sample(kind, "transmit", arguments, ("the efficacy", *states), case)
    stored = [f"state.source_states[base + {j} * n + i]" for j in range(len(states))]
    text = TEXT.format(
        parameters="".join(f"table.parameters[{j}, column], " for j in range(len(fields))),
        result=", ".join(("efficacy", *(f"x{j}" for j in range(len(states))))),
        states="".join(f"{x}, " for x in stored),
        store="; ".join(f"{x} = x{j}" for j, x in enumerate(stored)) or "pass",
    )
    return addressed_functions(kind, tuple(fields), text, plain=plain)["transmit_spikes"]
