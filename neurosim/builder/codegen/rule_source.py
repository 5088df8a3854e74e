"""Write the source of a plasticity rule's row functions, and compile it."""

from __future__ import annotations

import math
from collections import namedtuple
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from numba import config

from neurosim.builder.codegen.model_code import compiled_module
from neurosim.builder.codegen.model_functions import functions_of, plain_functions
from neurosim.builder.codegen.rule_check import check_rule
from neurosim.kernels import model_math, plasticity
from neurosim.models.declare import parameters_of, traces_of

if TYPE_CHECKING:
    from neurosim.models import Plasticity

IMPORTS = '''"""A plasticity rule, in the form that neurosim compiles."""

import math
from collections import namedtuple

from neurosim.kernels import model_math as mathematics
from neurosim.kernels.address import addressed
from neurosim.kernels.model_tools import function
from neurosim.kernels.plasticity import bounded, next_post, post_trace
from neurosim.kernels.tables import tables_at

'''

TEXT = '''# {name}
P = namedtuple("P", {fields!r})


{functions}


@addressed
def transmit_row(frame, first, stop, delay, now, row):
    """Transmit a presynaptic spike of step `now` through the synapses first ... stop - 1."""
    plastic, plasticity, state, rule = tables_at(frame)
    p = P({parameters})
    for k in range(first, stop):
        w, last = plasticity.weights[k] / p.w_max, plasticity.last_pre[k]
        latest = plasticity.last_seen[k]
        i = next_post(plasticity, plastic.post_ids[k], latest)
        while i >= 0 and plasticity.steps[i] <= now - delay:
            waited = plasticity.steps[i] + delay - last
            w = bounded(on_post(w, {at_post}p))
            latest, i = i, plasticity.next_spike[i]
        plasticity.last_seen[k] = latest
        {at_pre}
        w = bounded(on_pre(w, {traces}p))
        {store}
        plasticity.last_pre[k] = now
        plasticity.weights[k] = w * p.w_max
        state.buffer[row + plastic.targets[k]] += plasticity.weights[k]
    return 0


@addressed
def mark_row(frame, first, stop, delay, horizon, _):
    """Mark the spikes up to step `horizon` that will change the weights of some synapses.

    This repeats the arithmetic of the next transmission. A spike long after the last presynaptic
    one may leave a weight as it is, because the sum rounds to the old value.
    """
    plastic, plasticity, rule, needed = tables_at(frame)
    p = P({parameters})
    for k in range(first, stop):
        w, last = plasticity.weights[k] / p.w_max, plasticity.last_pre[k]
        i = next_post(plasticity, plastic.post_ids[k], plasticity.last_seen[k])
        while i >= 0 and plasticity.steps[i] <= horizon:
            waited = plasticity.steps[i] + delay - last
            changed = bounded(on_post(w, {at_post}p))
            if changed != w:
                needed[i] = True
            w, i = changed, plasticity.next_spike[i]
    return 0
'''


def rule_functions(rule: Plasticity, plain: bool = False) -> Any:
    """Return the functions `transmit_row` and `mark_row` of a rule, as attributes.

    Parameters
    ----------
    rule : Plasticity
    plain : bool
        Whether to run the rule as plain Python, so that `print` and a debugger work.
    """
    check_rule(rule)
    kind = type(rule)
    text = _text(kind)
    if not (plain or config.DISABLE_JIT):
        return compiled_module(kind.__name__, IMPORTS + text)
    names: dict[str, Any] = {
        "math": math,
        "mathematics": model_math,
        "namedtuple": namedtuple,
        "addressed": lambda function: function,
        "function": lambda function: function,
        "tables_at": lambda frame: frame.tables,
    }
    helpers = (plasticity.bounded, plasticity.next_post, plasticity.post_trace)
    names |= {f.__name__: getattr(f, "py_func", f) for f in helpers}
    exec(compile(text, f"<{kind.__name__}>", "exec"), names)  # the text of the user's class
    names |= plain_functions(kind)
    return SimpleNamespace(transmit_row=names["transmit_row"], mark_row=names["mark_row"])


def _text(kind: type[Plasticity]) -> str:
    """Return the source of the row functions of a class of rules."""
    fields, traces = tuple(parameters_of(kind)), traces_of(kind)
    pre = [name for name, trace in traces.items() if trace.side == "pre"]
    post = [name for name, trace in traces.items() if trace.side == "post"]
    rates = {name: len(fields) + k for k, name in enumerate((*pre, *post))}
    at_post, at_pre, store = {}, [], []
    for j, name in enumerate(pre):
        rate = f"rule[{rates[name]}]"
        at_post[name] = f"plasticity.traces[k, {j}] * math.exp(-waited * {rate})"
        at_pre.append(f"x_{name} = plasticity.traces[k, {j}] * math.exp(-(now - last) * {rate})")
        store.append(f"plasticity.traces[k, {j}] = x_{name} + 1.0")
    for j, name in enumerate(post):
        at_post[name] = f"plasticity.values[i, {j}] - 1.0"
        at_pre.append(
            f"x_{name} = post_trace(plasticity, latest, {j}, now - delay, rule[{rates[name]}])"
        )
    lines = "\n        ".join
    return TEXT.format(
        name=f"{kind.__module__}.{kind.__qualname__}",
        fields=fields,
        functions="\n\n\n".join(functions_of(kind)),
        parameters="".join(f"rule[{k}], " for k in range(len(fields))),
        traces="".join(f"x_{name}, " for name in traces),
        at_post="".join(f"{at_post[name]}, " for name in traces),
        at_pre=lines(at_pre),
        store=lines(store),
    )
