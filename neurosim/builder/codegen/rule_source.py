"""Write the source of a plasticity rule's row functions, and compile it."""

from __future__ import annotations

from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from neurosim.builder.codegen.model_code import addressed_functions
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

IMPORTS = f"from neurosim.kernels.plasticity import {', '.join(HELPERS)}\n"

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
    layout = RuleLayout(kind)
    found = addressed_functions(
        kind,
        layout.fields,
        _text(kind, layout),
        imports=IMPORTS,
        tools=_plain_helpers(),
        plain=plain,
    )
    names = ("transmit_row", "mark_row", "update_row", "record_row")
    return SimpleNamespace(**{name: found.get(name) for name in names})


def _plain_helpers() -> dict[str, Any]:
    """Return the functions of `kernels.plasticity` in `HELPERS` as plain Python."""
    names = dict(vars(plasticity))
    for name, value in vars(plasticity).items():
        function = getattr(value, "py_func", value)
        if isinstance(function, FunctionType) and function.__module__ == plasticity.__name__:
            names[name] = FunctionType(function.__code__, names, name)  # they call each other
    return {name: names[name] for name in HELPERS}


def _text(kind: type[Plasticity], layout: RuleLayout) -> str:
    """Return the source of the row functions of a class of rules."""
    parts = [TRANSMIT, UPDATE if layout.is_continuous else MARK]
    if layout.potentials:
        parts.append(RECORD)
    return "".join(parts).format(
        parameters="".join(f"rule[{k}], " for k in range(len(layout.fields))),
        scale=kind.scale,
        **_Writer(kind, layout).fragments(),
    )


class _Writer:
    """Writes the parts of the row functions that depend on the variables of a rule."""

    def __init__(self, kind: type[Plasticity], layout: RuleLayout) -> None:
        self._kind, self._layout = kind, layout
        self._clip = "bounded" if kind.bounded else "not_negative"
        self._traces = traces_of(kind)
        self._place = {
            name: f"plasticity.traces[k, {column}]"
            for column, name in enumerate(layout.synapse_columns)
        }
        # Values of a synapse that change at postsynaptic spikes are kept in variables.
        resets = [name for name in layout.pre if self._traces[name].reset]
        self._kept = {name: f"kept_{name}" for name in (*resets, *layout.states)}
        self._clear = [f"{self._kept[name]} = 0.0" for name in resets]
        self._resets = [self._kept[name] for name in resets]
        self._states = [self._kept[name] for name in layout.states]
        self._result = ", ".join(["w", *self._states])

    def fragments(self) -> dict[str, str]:
        """Return the fragments by name."""
        store = [f"{self._place[name]} = {kept}" for name, kept in self._kept.items()]
        store += [f"{self._place['updated']} = at"] if self._layout.is_continuous else []
        at_pre, arguments = self._before_pre()
        return {
            "clip": self._clip,
            "load": _lines(self._load(), 8),
            "process": _lines(self._process(), 8),
            "at_pre": _lines(at_pre, 8),
            "traces": arguments,
            "result": self._result,
            "store_all": _lines([*self._store_pre(), *store], 8),
            "store": _lines(store, 8),
            "at_post": self._before_post(),
            "new": ", ".join(["new_w", *(f"new_{name}" for name in self._states)]),
            "changed": " or ".join(
                ["new_w != w", *(f"new_{name} != {name}" for name in self._states)]
                + [f"{name} != 0.0" for name in self._resets]
            ),
            "accept": _lines(
                ["w = new_w", *(f"{name} = new_{name}" for name in self._states), *self._clear], 12
            ),
            **self._recording(),
        }

    def _arguments(self, values: dict[str, str]) -> str:
        """Return the arguments of a method, from the expressions of all variables."""
        return "".join(f"{values[name]}, " for name in variables_of(self._kind))

    def _rule(self, section: str, k: int = 0) -> str:
        """Return a number of the rule."""
        return f"rule[{self._layout.column(section, k)}]"

    @property
    def _number(self) -> str:
        """Index of the projection."""
        return f"int({self._rule('number')})"

    def _pre(self, name: str) -> str:
        """Return a presynaptic trace just after the last presynaptic spike."""
        return self._kept.get(name, self._place[name])

    def _load(self) -> list[str]:
        first = f"w, last = plasticity.weights[k] / p.{self._kind.scale}, plasticity.last_pre[k]"
        return [first, *(f"{kept} = {self._place[name]}" for name, kept in self._kept.items())]

    def _values(self, step: str, since: str, post: str, potential: str = "") -> dict[str, str]:
        """Return the expressions of all variables at a step.

        `since` is the number of steps since the last presynaptic spike. `post` and `potential` are
        forms of postsynaptic traces and of potentials.
        """
        layout, found = self._layout, dict(self._kept)
        for j, name in enumerate(layout.pre):
            found[name] = f"{self._pre(name)} * math.exp(-{since} * {self._rule('pre', j)})"
        for j, name in enumerate(layout.post):
            nearest, rate = self._traces[name].nearest, self._rule("post", j)
            trace = "post_nearest" if nearest else "post_trace"
            found[name] = post.format(j=j, rate=rate, nearest=nearest, trace=trace)
        for j, name in enumerate(layout.potentials):
            found[name] = potential.format(j=j, lag=f"int({self._rule('lag', j)})")
        for j, name in enumerate(layout.signals):
            rate = self._rule("signal", j)
            found[name] = f"signal_at(plasticity, {self._number}, {step}, {rate})"
        return found

    def _before_post(self) -> str:
        """Return the variables just before a postsynaptic spike, or a step with activity."""
        stored = "plasticity.values[i, {j}]"
        return self._arguments(self._values("to", "waited", f"{stored} - 1.0", stored))

    def _before_pre(self) -> tuple[list[str], str]:
        """Return statements and arguments: the variables just before a presynaptic spike."""
        layout = self._layout
        post = "{trace}(plasticity, latest, max(together, 1), {j}, now - shift, {rate})"
        # The potential just before the spike: that of the step before.
        potential = "plasticity.potentials[post, (now - shift - 1 - {lag}) % ring, {j}]"
        values = self._values("now", "(now - last)", post, potential)
        named = {name: f"x_{name}" for name in (*layout.pre, *layout.post, *layout.signals)}
        lines = [f"{x} = {values[name]}" for name, x in named.items()]
        if layout.potentials:
            lines.append("post, ring = plastic.post_ids[k], plasticity.potentials.shape[1]")
        return lines, self._arguments(values | named)

    def _process(self) -> list[str]:
        """Return the statements that process the postsynaptic spikes up to step `now`."""
        advance = self._advance() if self._layout.is_continuous else []
        event = [
            *(["to = plasticity.steps[i] + shift", *advance] if advance else []),
            "waited = plasticity.steps[i] + shift - last",
            f"{self._result} = on_post(w, {self._before_post()}p)",
            f"w = {self._clip}(w)",
            *self._clear,
            "together += 1 if plasticity.steps[i] + shift == now else 0",
            "latest, i = i, plasticity.next_spike[i]",
        ]
        return [
            *([f"at = int({self._place['updated']})"] if advance else []),
            "latest, together = plasticity.last_seen[k], 0",
            "i = next_post(plasticity, plastic.post_ids[k], latest)",
            "while i >= 0 and plasticity.steps[i] + shift <= now:",
            *(f"    {line}" for line in event),
            *(["to = now", *advance] if advance else []),
            "plasticity.last_seen[k] = latest",
        ]

    def _advance(self) -> list[str]:
        """Return the statements that integrate the weight from step `at` to step `to`."""
        if not hasattr(self._kind, "between"):
            return ["at = to"]
        post = "trace_after(plasticity, latest, {j}, {nearest}, at - shift, {rate})"
        arguments = self._arguments(self._values("at", "(at - last)", post))
        until = f"next_signal(plasticity, {self._number}, at, to)" if self._layout.signals else "to"
        return [
            "while at < to:",
            f"    until = {until}",
            f"    {self._result} = between(w, {arguments}(until - at) * p.dt, p)",
            f"    w = {self._clip}(w)",
            "    at = until",
        ]

    def _store_pre(self) -> list[str]:
        """Return the statements that store the presynaptic traces."""
        added = {n: "1.0" if self._traces[n].nearest else f"x_{n} + 1.0" for n in self._layout.pre}
        return [f"{self._pre(name)} = {value}" for name, value in added.items()]

    def _recording(self) -> dict[str, str]:
        """Return the fragments of `record_row`."""
        filters, potentials, values = [], [], []
        for j, (name, declared) in enumerate(potentials_of(self._kind).items()):
            old = f"kept[post, previous, {j}]"
            value = "v" if declared.tau == 0.0 else f"{old} + (v - {old}) * {self._rule('gain', j)}"
            filters.append(f"kept[post, now, {j}] = {value}")
            potentials.append(
                f"x_{name} = kept[post, (t - int({self._rule('lag', j)})) % ring, {j}]"
            )
            values.append(f"plasticity.values[n, {j}] = x_{name}")
        spiking = {"v_spike", "t_spike"} <= set(self._layout.fields)
        return {
            "spike_steps": "math.floor(p.t_spike / p.dt + 0.5)" if spiking else "0.0",
            "v_spike": "p.v_spike" if spiking else "v",
            "filters": _lines(filters, 8),
            "potentials": _lines(potentials, 8),
            "active": "".join(f"x_{name}, " for name in self._layout.potentials),
            "values": _lines(values, 12),
        }


def _lines(lines: list[str], indent: int) -> str:
    """Join statements that are indented by `indent` spaces."""
    return ("\n" + " " * indent).join(lines)
