"""Write the source of a plasticity rule's row functions, and compile it."""

from __future__ import annotations

from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from numba import config

from neurosim.builder.codegen.model_code import compiled_module
from neurosim.builder.codegen.model_functions import functions_of, run_plain
from neurosim.builder.codegen.rule_check import check_rule
from neurosim.builder.codegen.rule_layout import RuleLayout
from neurosim.kernels import plasticity
from neurosim.models.declare import potentials_of, traces_of, variables_of

if TYPE_CHECKING:
    from neurosim.models import Plasticity

HELPERS = (
    "append_event",
    "bounded",
    "next_post",
    "next_signal",
    "not_negative",
    "post_nearest",
    "post_trace",
    "signal_at",
    "trace_after",
)
"""Functions of `kernels.plasticity` that row functions call."""

IMPORTS = f'''"""A plasticity rule, in the form that neurosim compiles."""

import math
from collections import namedtuple

from neurosim.kernels import model_math as mathematics
from neurosim.kernels.address import addressed
from neurosim.kernels.model_tools import function
from neurosim.kernels.plasticity import {", ".join(HELPERS)}
from neurosim.kernels.tables import tables_at

'''

HEADER = """# {name}
P = namedtuple("P", {fields!r})


{functions}
"""

TRANSMIT = '''

@addressed
def transmit_row(frame, first, stop, shift, now, row):
    """Transmit a presynaptic spike of step `now` through the synapses first ... stop - 1.

    A postsynaptic spike acts `shift` steps after it, on a time axis that is that of presynaptic
    spikes.
    """
    plastic, plasticity, state, rule = tables_at(frame)
    p = P({parameters})
    for k in range(first, stop):
        {load}
        {process}
        {at_pre}
        {result} = on_pre(w, {traces}p)
        w = {clip}(w)
        {store_all}
        plasticity.last_pre[k] = now
        plasticity.weights[k] = w * p.{scale}
        state.buffer[row + plastic.targets[k]] += plasticity.weights[k] * state.factor[0]
    return 0
'''

UPDATE = '''

@addressed
def update_row(frame, first, stop, shift, now, _):
    """Update the synapses first ... stop - 1 to step `now`."""
    plastic, plasticity, rule = tables_at(frame)
    p = P({parameters})
    for k in range(first, stop):
        {load}
        {process}
        {store}
        plasticity.weights[k] = w * p.{scale}
    return 0


@addressed
def mark_row(frame, first, stop, shift, horizon, _):
    """Mark the last spike that each synapse has used, and those after it up to step `horizon`."""
    plastic, plasticity, rule, needed = tables_at(frame)
    for k in range(first, stop):
        if plasticity.last_seen[k] >= 0:
            needed[plasticity.last_seen[k]] = True
        i = next_post(plasticity, plastic.post_ids[k], plasticity.last_seen[k])
        while i >= 0 and plasticity.steps[i] <= horizon:
            needed[i] = True
            i = plasticity.next_spike[i]
    return 0
'''

MARK = '''

@addressed
def mark_row(frame, first, stop, shift, horizon, _):
    """Mark the spikes up to step `horizon` that will change some synapses.

    This repeats the arithmetic of the next transmission. A spike long after the last presynaptic
    one may leave a weight as it is, because the sum rounds to the old value.
    """
    plastic, plasticity, rule, needed = tables_at(frame)
    p = P({parameters})
    for k in range(first, stop):
        {load}
        i = next_post(plasticity, plastic.post_ids[k], plasticity.last_seen[k])
        while i >= 0 and plasticity.steps[i] <= horizon:
            waited = plasticity.steps[i] + shift - last
            {new} = on_post(w, {at_post}p)
            new_w = {clip}(new_w)
            if {changed}:
                needed[i] = True
            {accept}
            i = plasticity.next_spike[i]
    return 0
'''

RECORD = '''

@addressed
def record_row(frame, number, t, first_fired, n_fired, _):
    """Store the potentials of the targets of a projection, and the steps with activity."""
    plastic, plasticity, state, fired, offsets, rule = tables_at(frame)
    p = P({parameters})
    projection, kept = plastic.projections[number], plasticity.potentials
    ring, left = kept.shape[1], kept.shape[2] - 1
    now, previous = t % ring, (t - 1) % ring
    for i in range(first_fired, n_fired):
        neuron = fired[i] - projection.first_target
        if 0 <= neuron < projection.n_targets:
            kept[projection.first_list + neuron, previous, left] = {spike_steps}
    for neuron in range(projection.n_targets):
        post = projection.first_list + neuron
        v = state.v[projection.first_v + neuron] + offsets[post]
        kept[post, now, left] = 0.0
        if kept[post, previous, left] > 0.0:
            v = {v_spike}
            kept[post, now, left] = kept[post, previous, left] - 1.0
        {filters}
        {potentials}
        if active({active}p):
            n = append_event(plasticity, post, t)
            {values}
    return 0
'''


def rule_functions(rule: Plasticity, plain: bool = False) -> Any:
    """Return the row functions of a rule as attributes.

    They are `transmit_row` and `mark_row`, and where the rule needs them `update_row` and
    `record_row`; others are None.

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
        found = vars(compiled_module(kind.__name__, IMPORTS + text))
    else:
        helpers = _plain_helpers()
        found = run_plain(kind, text, {name: helpers[name] for name in HELPERS})
    names = ("transmit_row", "mark_row", "update_row", "record_row")
    return SimpleNamespace(**{name: found.get(name) for name in names})


def _plain_helpers() -> dict[str, Any]:
    """Return the names of `kernels.plasticity`, with plain functions that call each other."""
    names = dict(vars(plasticity))
    for name, value in vars(plasticity).items():
        function = getattr(value, "py_func", value)
        if isinstance(function, FunctionType) and function.__module__ == plasticity.__name__:
            names[name] = FunctionType(function.__code__, names, name)
    return names


def _text(kind: type[Plasticity]) -> str:
    """Return the source of the row functions of a class of rules."""
    layout = RuleLayout(kind)
    parts = [HEADER, TRANSMIT, UPDATE if layout.is_continuous else MARK]
    if layout.potentials:
        parts.append(RECORD)
    return "".join(parts).format(
        name=f"{kind.__module__}.{kind.__qualname__}",
        fields=layout.fields,
        functions="\n\n\n".join(functions_of(kind)),
        parameters="".join(f"rule[{k}], " for k in range(len(layout.fields))),
        clip="bounded" if kind.bounded else "not_negative",
        scale=kind.scale,
        **_Writer(kind, layout).fragments(),
    )


class _Writer:
    """Writes the parts of the row functions that depend on the variables of a rule."""

    def __init__(self, kind: type[Plasticity], layout: RuleLayout) -> None:
        self._kind, self._layout = kind, layout
        self._traces, self._column = traces_of(kind), layout.synapse_columns.index
        # Values of a synapse that change at postsynaptic spikes are kept in variables.
        resets = [name for name in layout.pre if self._traces[name].reset]
        self._kept = {name: f"kept_{name}" for name in (*resets, *layout.states)}
        self._resets = [self._kept[name] for name in resets]
        self._states = [self._kept[name] for name in layout.states]

    def fragments(self) -> dict[str, str]:
        """Return the fragments by name."""
        layout = self._layout
        names = list(variables_of(self._kind))
        at_pre = {name: f"x_{name}" for name in (*layout.pre, *layout.post, *layout.signals)}
        at_pre |= self._at_pre_inline()
        return {
            "load": _lines(self._load(), 8),
            "process": _lines(self._process(), 8),
            "at_pre": _lines(self._at_pre(), 8),
            "traces": "".join(f"{at_pre[name]}, " for name in names),
            "result": self._result(),
            "store_all": _lines([*self._store_pre(), *self._store()], 8),
            "store": _lines(self._store(), 8),
            "at_post": self._arguments(self._at_post("waited")),
            "new": ", ".join(["new_w", *(f"new_{name}" for name in self._states)]),
            "changed": " or ".join(
                ["new_w != w", *(f"new_{name} != {name}" for name in self._states)]
                + [f"{name} != 0.0" for name in self._resets]
            ),
            "accept": _lines(
                ["w = new_w", *(f"{name} = new_{name}" for name in self._states)]
                + [f"{name} = 0.0" for name in self._resets],
                12,
            ),
            **self._recording(),
        }

    def _arguments(self, values: dict[str, str]) -> str:
        """Return the arguments of a method, from the expressions of all variables."""
        names = list(variables_of(self._kind))
        return "".join(f"{values[name]}, " for name in names)

    def _result(self) -> str:
        return ", ".join(["w", *self._states])

    def _rate(self, section: str, name: str) -> str:
        names = {"pre": self._layout.pre, "post": self._layout.post, "signal": self._layout.signals}
        return f"rule[{self._layout.column(section, names[section].index(name))}]"

    @property
    def _number(self) -> str:
        """Index of the projection."""
        return f"int(rule[{self._layout.column('number')}])"

    def _pre(self, name: str) -> str:
        """Return a presynaptic trace just after the last presynaptic spike."""
        return self._kept.get(name, f"plasticity.traces[k, {self._column(name)}]")

    def _load(self) -> list[str]:
        lines = [
            f"w, last = plasticity.weights[k] / p.{self._kind.scale}, plasticity.last_pre[k]",
            *(
                f"{kept} = plasticity.traces[k, {self._column(name)}]"
                for name, kept in self._kept.items()
            ),
        ]
        return lines

    def _at_post(self, waited: str) -> dict[str, str]:
        """Return the variables just before a postsynaptic spike, or a step with activity."""
        layout = self._layout
        found = dict(self._kept)
        for name in layout.pre:
            found[name] = f"{self._pre(name)} * math.exp(-{waited} * {self._rate('pre', name)})"
        for j, name in enumerate(layout.post):
            found[name] = f"plasticity.values[i, {j}] - 1.0"
        for j, name in enumerate(layout.potentials):
            found[name] = f"plasticity.values[i, {j}]"
        for name in layout.signals:
            found[name] = f"signal_at(plasticity, {self._number}, to, {self._rate('signal', name)})"
        return found

    def _process(self) -> list[str]:
        """Return the statements that process the postsynaptic spikes up to step `now`."""
        continuous = self._layout.is_continuous
        clip = "bounded" if self._kind.bounded else "not_negative"
        at = [f"at = int(plasticity.traces[k, {self._column('updated')}])"] if continuous else []
        event = [
            f"{self._result()} = on_post(w, {self._arguments(self._at_post('waited'))}p)",
            f"w = {clip}(w)",
            *(f"{name} = 0.0" for name in self._resets),
            "together += 1 if plasticity.steps[i] + shift == now else 0",
            "latest, i = i, plasticity.next_spike[i]",
        ]
        advance = self._advance(clip) if continuous else []
        return [
            *at,
            "latest, together = plasticity.last_seen[k], 0",
            "i = next_post(plasticity, plastic.post_ids[k], latest)",
            "while i >= 0 and plasticity.steps[i] + shift <= now:",
            *(f"    {line}" for line in (["to = plasticity.steps[i] + shift"] if advance else [])),
            *(f"    {line}" for line in advance),
            "    waited = plasticity.steps[i] + shift - last",
            *(f"    {line}" for line in event),
            *(["to = now"] if advance else []),
            *advance,
            "plasticity.last_seen[k] = latest",
        ]

    def _advance(self, clip: str) -> list[str]:
        """Return the statements that integrate the weight from step `at` to step `to`."""
        layout = self._layout
        if not hasattr(self._kind, "between"):
            return ["at = to"]
        found = dict(self._kept)
        for name in layout.pre:
            rate = self._rate("pre", name)
            found[name] = f"{self._pre(name)} * math.exp(-(at - last) * {rate})"
        for j, name in enumerate(layout.post):
            nearest = self._traces[name].nearest
            rate = self._rate("post", name)
            found[name] = f"trace_after(plasticity, latest, {j}, {nearest}, at - shift, {rate})"
        for name in layout.signals:
            found[name] = f"signal_at(plasticity, {self._number}, at, {self._rate('signal', name)})"
        until = f"next_signal(plasticity, {self._number}, at, to)" if layout.signals else "to"
        return [
            "while at < to:",
            f"    until = {until}",
            f"    {self._result()} = between(w, {self._arguments(found)}(until - at) * p.dt, p)",
            f"    w = {clip}(w)",
            "    at = until",
        ]

    def _at_pre(self) -> list[str]:
        """Return the statements that compute the variables just before a presynaptic spike."""
        layout, lines = self._layout, []
        for name in layout.pre:
            rate = self._rate("pre", name)
            lines.append(f"x_{name} = {self._pre(name)} * math.exp(-(now - last) * {rate})")
        for j, name in enumerate(layout.post):
            trace = "post_nearest" if self._traces[name].nearest else "post_trace"
            rate = self._rate("post", name)
            spikes = "latest, max(together, 1)"
            lines.append(f"x_{name} = {trace}(plasticity, {spikes}, {j}, now - shift, {rate})")
        for name in layout.signals:
            value = f"signal_at(plasticity, {self._number}, now, {self._rate('signal', name)})"
            lines.append(f"x_{name} = {value}")
        if layout.potentials:
            lines.append("post, ring = plastic.post_ids[k], plasticity.potentials.shape[1]")
        return lines

    def _at_pre_inline(self) -> dict[str, str]:
        """Return the expressions of variables without a name of their own at that time."""
        found = {name: self._kept[name] for name in self._layout.states}
        for j, name in enumerate(self._layout.potentials):
            lag = f"int(rule[{self._layout.column('lag', j)}])"
            # The potential just before the spike: that of the step before.
            found[name] = f"plasticity.potentials[post, (now - shift - 1 - {lag}) % ring, {j}]"
        return found

    def _store_pre(self) -> list[str]:
        """Return the statements that store the presynaptic traces."""
        added = {n: "1.0" if self._traces[n].nearest else f"x_{n} + 1.0" for n in self._layout.pre}
        return [f"{self._pre(name)} = {value}" for name, value in added.items()]

    def _store(self) -> list[str]:
        """Return the statements that store the other values of a synapse."""
        lines = [
            f"plasticity.traces[k, {self._column(name)}] = {kept}"
            for name, kept in self._kept.items()
        ]
        if self._layout.is_continuous:
            lines.append(f"plasticity.traces[k, {self._column('updated')}] = at")
        return lines

    def _recording(self) -> dict[str, str]:
        """Return the fragments of `record_row`."""
        filters, potentials = [], []
        for j, (name, declared) in enumerate(potentials_of(self._kind).items()):
            old, gain = f"kept[post, previous, {j}]", f"rule[{self._layout.column('gain', j)}]"
            value = "v" if declared.tau == 0.0 else f"{old} + (v - {old}) * {gain}"
            filters.append(f"kept[post, now, {j}] = {value}")
            lag = f"int(rule[{self._layout.column('lag', j)}])"
            potentials.append(f"x_{name} = kept[post, (t - {lag}) % ring, {j}]")
        names = self._layout.potentials
        spiking = {"v_spike", "t_spike"} <= set(self._layout.fields)
        values = [f"plasticity.values[n, {j}] = x_{name}" for j, name in enumerate(names)]
        return {
            "spike_steps": "math.floor(p.t_spike / p.dt + 0.5)" if spiking else "0.0",
            "v_spike": "p.v_spike" if spiking else "v",
            "filters": _lines(filters, 8),
            "potentials": _lines(potentials, 8),
            "active": "".join(f"x_{name}, " for name in names),
            "values": _lines(values, 12),
        }


def _lines(lines: list[str], indent: int) -> str:
    """Join statements that are indented by `indent` spaces."""
    return ("\n" + " " * indent).join(lines)
