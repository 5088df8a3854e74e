"""Source of a model's block function.

It has the equations, the integration method, the spike condition and the reset.

The block function advances consecutive neurons of one population by one time step. Its source is
plain Python. Numba compiles it, and with compilation switched off Python runs the same text.

The neurons of a block are advanced together, one internal step after another, so that the compiler
can vectorise the code. Their data are stored in rows of the array `work`: states, parameters that
differ between neurons, and so on.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from neurosim.builder.codegen.escape_source import fires_at_random, random_spikes, spike_functions
from neurosim.builder.codegen.model_check import check_source, first_values
from neurosim.builder.codegen.model_functions import functions_of, gives_numbers
from neurosim.builder.codegen.model_methods import METHODS, Method
from neurosim.builder.codegen.model_one_by_one import attempt
from neurosim.builder.codegen.model_split import split_source
from neurosim.builder.codegen.synapse_source import (
    arrivals,
    arriving,
    injections,
    synapse_functions,
)
from neurosim.builder.linear import linear_system, propagator_entries, synaptic_propagators
from neurosim.builder.propagators import port_kind
from neurosim.kernels.types import ALPHA, EXPONENTIAL, MOST_SPIKES, WORK_ROW
from neurosim.models.declare import compartments_of, parameters_of, states_of
from neurosim.models.equations import ALL, methods_of
from neurosim.models.quantity import is_uniform

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neurosim.builder.linear import Entry
    from neurosim.models.neuron_model import NeuronModel
    from neurosim.models.synapses import Synapse

HEADER = 3
"""Numbers before the parameters: internal steps, their length (ms), and points of the current. Then
follow the refractory period and all parameters, one number each, or a row of neurons each."""
ROWS = ("held", "before", "spiked", "unstable", "random")
"""Rows of `work` after the states: whether a neuron is refractory, its potential before the present
internal step, its number of spikes in this time step, whether its internal step was unstable or too
inaccurate and is yet to be repeated, whether it spikes at random."""

IMPORTS = '''"""A neuron model, in the form that neurosim compiles."""

import math
from collections import namedtuple

from numba import cfunc

from neurosim.kernels import model_math as mathematics
from neurosim.kernels.model_tools import SIGNATURE, called, current_at, function
from neurosim.kernels.model_tools import larger, slope_ratio
from neurosim.kernels.model_tools import FIFTH, OFF, STAGES

'''

TEXT = '''# {name}
{types}


{functions}


@called
def ask(n, only_jumped, jump, params, work):
    """Reset the neurons that spike, and note it in `work`."""
    {common}
    for k in range(n):
        if {is_held} or (only_jumped > 0.0 and jump[k] == 0.0):
            continue
        {skip_rejected}
        {set_p}
        {load}
        if fires(work[{before} + k], {neuron_x}, p):
            {spike}


{entry}
def block(n, v, states, current, jump, params, until, work, t):
    """Advance n neurons by one time step.

    Return the number of neurons that spiked. `jump` holds the input of delta synapses (mV), and
    afterwards the number of spikes of each neuron, if any spiked.
    """
    n_internal, h, points = int(params[0]), params[1], int(params[2])
    {common}
{body}
    count = 0
    for k in range(n):
        {keep}
        {count}
    {count_found}
    if count:
        for k in range(n):
            jump[k] = min(work[{spiked} + k], {most_spikes}.0)
            if work[{spiked} + k] > 0.0:
                # Too many spikes stop the run, which reports a potential that is not finite.
                v[k] = v[k] if jump[k] == work[{spiked} + k] else math.nan
                until[k] = t + int({refractory})
    return count


'''

ESCAPE = ("delta", "tau")
"""Parameters of `EscapeRate` that are numbers."""

COUNT = "count += 1 if work[{spiked} + k] > 0.0 else 0"

COUNT_FOUND = """if n_found:
        for k in range(n):
            count += 1 if work[{spiked} + k] > 0.0 else 0"""

FETCH = """
for k in range(n):
    {fetch}
    {begin}
"""

SKIP_REJECTED = """if work[{unstable} + k] > 0.0:  # not advanced yet
            continue"""

ENTRY = '@cfunc(SIGNATURE, cache=True, error_model="numpy", nopython=True)'
"""Decorator of the block function, which gets addresses."""

SPIKE = """v_before = work[{before} + k]
{x_reset} = {reset}
{store}
work[{spiked} + k] += 1.0
{hold_spiking}"""

SLOPES = '''@called
def slopes({x}, i, p):
    """Return the derivatives, where they need not be computed for several neurons at once."""
    return {rates}({x}, i, p)'''

AT_END = """
n_found = 0
for k in range(n):
    {set_p}
    {load}
    work[{before} + k] = v[k]
    n_found += 1 if fires(v[k], {neuron_x}, p) else 0
if n_found:
    ask(n, 0.0, jump, params, work)
"""

JUMP = """
n_jumped = 0
for k in range(n):
    work[{before} + k] = work[k]
    push = {push}
    work[k] += push
    n_jumped += 1 if push != 0.0 else 0
if n_jumped:
    {after}
"""

AFTER_JUMP = """for k in range(n):
    if jump[k] != 0.0:
        {set_p}
        {load}
        {x_after} = after_step(work[{before} + k], {neuron_x}, {is_held}, p)
        {store}"""


def source_of(model: NeuronModel, ports: Sequence[Synapse] = (), is_single: bool = False) -> str:
    """Return the source of a model's block function.

    It depends on the classes, the options of the integration, and on which parameters are the same
    for all neurons, not on their values.

    Parameters
    ----------
    model : NeuronModel
    ports : sequence of Synapse
        Synapse models that are integrated with the neuron: those with equations, and for "gsl" the
        built-in currents.
    is_single : bool
        Whether a time step is one internal step.
    """
    check_source(model, [port for port in ports if port.has_equations])
    return Writer(model, ports, is_single).source()


def method_of(model: NeuronModel) -> Method:
    """Return the method of integration of a model."""
    return METHODS["step" if hasattr(model, "step") else model.method]


def hidden_states(model: NeuronModel) -> int:
    """Return the number of extra values per neuron that the method stores."""
    method = method_of(model)
    return int(method.is_adaptive and method.carries_currents)


def carried_variables(ports: Sequence[Synapse]) -> int:
    """Return the number of variables of the currents that a method integrates with the states."""
    sizes = {EXPONENTIAL: 1, ALPHA: 2}
    return sum(sizes.get(port_kind(port), 0) for port in ports)


def internal_steps(model: NeuronModel, dt: float) -> int:
    """Return the number of internal steps in a time step."""
    method = method_of(model)
    if method.takes_jump or method.carries_currents:
        return 1
    if method.is_adaptive:  # an even number: the current is needed at quarters of a time step
        return 2 * max(1, math.ceil(dt / 0.1 - 1e-9))
    return max(1, math.ceil(dt / model.substep - 1e-9))


def current_points(
    model: NeuronModel, ports: Sequence[Synapse], n_internal: int, is_constant: bool
) -> int:
    """Return the number of points in a time step at which a block function gets the current.

    A single one suffices if the current is constant during a time step. If the method integrates
    the synaptic currents, their variables are counted as further points.
    """
    method = method_of(model)
    if method.carries_currents:
        return 1 + carried_variables(ports)
    is_constant = is_constant and method.has_fixed_steps
    return 1 if is_constant or method is METHODS["step"] else 2 * n_internal + 1


def _without_idle_lines(text: str) -> str:
    """Return source without `pass` where other lines of the block follow or precede it."""
    lines = text.split("\n")
    kept: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        depth = len(line) - len(line.lstrip())
        more = following.startswith(" " * depth) and following.strip()
        if line.strip() != "pass" or not (more or not kept[-1].rstrip().endswith(":")):
            kept.append(line)
    return "\n".join(kept)


class Writer:
    """Parts of the source that depend on the class of the model.

    They depend on its states, parameters and options.

    Parameters
    ----------
    model : NeuronModel
    ports : sequence of Synapse
        See `source_of`.
    is_single : bool
        See `source_of`.
    """

    def __init__(
        self, model: NeuronModel, ports: Sequence[Synapse] = (), is_single: bool = False
    ) -> None:
        self.model, self.kind, self.ports, self.is_single = model, type(model), ports, is_single
        self.port_kinds: list[type[Synapse]] = list(dict.fromkeys(map(type, ports)))
        self.fields = tuple(parameters_of(self.kind))
        self.n_parameters = sum(len(parameters_of(kind)) for kind in (self.kind, *map(type, ports)))
        self.n_parameters += 0 if model.escape is None else len(ESCAPE)
        self.is_uniform = all(is_uniform(getattr(model, name)) for name in self.fields)
        self.n_neuron = len(states_of(self.kind))
        self.compartments = compartments_of(self.kind)
        self.n = self.n_neuron + sum(len(states_of(type(port))) for port in ports)
        self.m = self.n - 1 + hidden_states(model)
        self.names = [f"x{j}" for j in range(self.n)]
        self.numbers = gives_numbers(model)
        self.escape = model.escape
        self.is_random = fires_at_random(model)
        self.method = method_of(model)
        self.entries: list[Entry] = []
        if self.method is METHODS["exact"]:
            system = linear_system(model, first_values(model), ports)
            self.entries, self.n_variables = (
                propagator_entries(system, self.clamps),
                len(system.names),
            )
        elif self.method.has_fixed_steps:
            self.entries = list(synaptic_propagators(ports, self.n_neuron, 1.0))
        rows = {entry.row for entry in self.entries}
        self.exact = [j for j in range(self.n) if j in rows]
        self.moving = [j for j in range(self.n) if j not in rows]

    @property
    def p_fields(self) -> tuple[str, ...]:
        """Names of what `p` holds: parameters of the neuron, its synapses and its escape noise."""
        ports = tuple(f"synapse{k}" for k in range(len(self.ports)))
        return self.fields + ports + (() if self.escape is None else ("escape",))

    @property
    def spike(self) -> str:
        """Lines that reset neuron k after a spike, and note the spike in `work`."""
        return SPIKE.format(**self.pieces)

    def has(self, method: str) -> bool:
        """Whether the model has an optional method."""
        return method in methods_of(self.kind)

    @property
    def has_synapses(self) -> bool:
        """Whether there are synapses with equations."""
        return self.n > self.n_neuron

    @property
    def checks_stability(self) -> bool:
        """Whether unstable internal steps are repeated by another method.

        Synaptic conductances can make any neuron unstable.
        """
        return self.has("stable") or self.has_stiff_synapses

    @property
    def has_stiff_synapses(self) -> bool:
        """Whether synapses with equations are integrated by an explicit method."""
        return self.has_synapses and self.method.is_explicit

    @property
    def n_rows(self) -> int:
        """Number of rows of `work`: states, slopes, `ROWS`."""
        return self._first_row + len(ROWS)

    @property
    def n_values(self) -> int:
        """Number of values per neuron in `params`: its parameters, and elements of a propagator."""
        return self.n_parameters + len(self.entries)

    def value(self, c: int) -> str:
        """Return the expression of value c of neuron k; value −1 is its refractory period."""
        if self.is_uniform:
            return f"params[{HEADER + 1 + c}]"
        if c in self.shared:
            return f"value{c}"
        return f"params[{HEADER + WORK_ROW * (1 + c)} + k]"

    @property
    def shared(self) -> list[int]:
        """Numbers of the values that are stored for each neuron, but equal in all of them."""
        if self.is_uniform:
            return []
        differ = {
            c for c, name in enumerate(self.fields) if not is_uniform(getattr(self.model, name))
        }
        last = self.n_values if self.method.has_fixed_steps else self.n_parameters
        return [c for c in range(last) if c not in differ]

    def shared_values(self) -> str:
        """Return the line that reads the values in `shared`, once for all neurons."""
        values = (f"value{c} = params[{HEADER + WORK_ROW * (1 + c)}]" for c in self.shared)
        return "; ".join(values) or "pass"

    @property
    def _first_row(self) -> int:
        """Index of the first of `ROWS`."""
        return self.slope_row(self.method.n_slopes)

    def slope_row(self, number: int) -> int:
        """Return the index of the first row of the slopes of a stage."""
        carried = carried_variables(self.ports) if self.method.carries_currents else 0
        return self.n + number * (self.n + carried)

    def row(self, name: str) -> int:
        """Return the offset of a row of `work`."""
        return WORK_ROW * (self._first_row + ROWS.index(name))

    @property
    def rows(self) -> dict[str, int]:
        """Offset of each of `ROWS`."""
        return {name: self.row(name) for name in ROWS}

    def at(self, name: str) -> str:
        """Return the element of a row for neuron k."""
        return f"work[{self.row(name)} + k]"

    @property
    def pieces(self) -> dict[str, object]:
        """Pieces of source code for the placeholders that several templates share."""
        return self.rows | {
            "refractory": self.value(-1),
            "most_spikes": MOST_SPIKES,
            "x": ", ".join(self.names),
            "load": self.load(),
            "store": self.store(),
            "y": ", ".join(f"y{j}" for j in range(self.n)),
            "y_": ", ".join(f"y{j}" for j in range(self.n)) + ("," if self.n == 1 else ""),
            "store_y": self.store("y"),
            "rates": "rates" if self.has_synapses or len(self.compartments) > 1 else "derivatives",
            "neuron_x": ", ".join(self.names[: self.n_neuron]),
            "x_reset": self.targets("x", "reset"),
            "reset": self.call("reset"),
            "x_after": self.targets("x", "after_step"),
            "common": self.parameters() if self.is_uniform else self.shared_values(),
            "is_held": self.is_held,
            "hold_spiking": self.hold_spiking(),
            "set_p": "pass" if self.is_uniform else self.parameters(),
        }

    def parameters(self) -> str:
        """Return the line that sets `p` to the parameters of neuron k."""
        rest = map(self.value, range(self.n_parameters))
        arguments = [next(rest) for _ in self.fields]
        for port in self.ports:
            values_of_port = ", ".join(next(rest) for _ in parameters_of(type(port)))
            arguments.append(f"P{self.port_kinds.index(type(port))}({values_of_port})")
        if self.escape is not None:
            arguments.append(f"Escape({', '.join(next(rest) for _ in ESCAPE)})")
        return f"p = P({', '.join(arguments)})"

    def types(self) -> str:
        """Return the definitions of the types of the parameters."""
        named = {"P": self.p_fields}
        named |= {f"P{k}": tuple(parameters_of(kind)) for k, kind in enumerate(self.port_kinds)}
        named |= {} if self.escape is None else {"Escape": ESCAPE}
        return "\n".join(
            f'{name} = namedtuple("{name}", {fields})' for name, fields in named.items()
        )

    def load(self, letter: str = "x", states: Iterable[int] | None = None) -> str:
        """Return a line that reads one row per state at neuron k. Default: all states."""
        states = range(self.n) if states is None else states
        return "; ".join(f"{letter}{j} = work[{WORK_ROW * j} + k]" for j in states)

    def store(self, letter: str = "x") -> str:
        """Return a line that writes one row per state at neuron k."""
        return "; ".join(f"work[{WORK_ROW * j} + k] = {letter}{j}" for j in range(self.n))

    def propagate(self, target: str, source: str) -> str:
        """Return the line that advances the states in `exact` by their propagator."""
        sums: dict[int, list[str]] = {}
        for e, entry in enumerate(self.entries, self.n_parameters):
            term = f"{self.value(e)} * {source}{entry.column}"
            sums.setdefault(entry.row, []).append(term)
        lines = (f"{target}{j} = {' + '.join(terms)}" for j, terms in sums.items())
        return "; ".join(lines) or "pass"

    def targets(self, letter: str, method: str) -> str:
        """Return the left-hand side of an assignment of the result of a method."""
        n = self.n if method == "derivatives" else self.n_neuron
        names = ", ".join(f"{letter}{j}" for j in range(n))
        bare = method.rpartition(" ")[2] in self.numbers
        return names + ("," if n == 1 and not bare else "")

    def call(self, method: str) -> str:
        """Return the call of a method with the states of neuron k."""
        states = ", ".join(self.names[: self.n_neuron])
        arguments = (states if name == ALL else name for name in self.kind.signatures[method])
        return f"{method}({', '.join(arguments)})"

    def point(self, values: list[str]) -> str:
        """Return arguments at a point of state space, with v bounded by `v_max`."""
        if self.kind.v_max:
            values = [f"min({values[0]}, p.{self.kind.v_max})", *values[1:]]
        return ", ".join(values)

    @property
    def neuron_y(self) -> str:
        """The new states of the neuron, as arguments."""
        return ", ".join(f"y{j}" for j in range(self.n_neuron))

    @property
    def clamps(self) -> bool:
        """Whether v is held at `v_reset` in the refractory period."""
        return self.kind.refractory == "clamp" and "t_ref" in self.fields

    @property
    def freezes(self) -> bool:
        """Whether all states are constant during the refractory period."""
        return self.kind.refractory == "freeze" and "t_ref" in self.fields

    @property
    def has_refractory_period(self) -> bool:
        """Whether neurons can be refractory."""
        return "t_ref" in self.fields or hasattr(self.kind, "t_ref")

    @property
    def is_held(self) -> str:
        """The condition that neuron k is refractory."""
        return f"({self.at('held')} > 0.0)" if self.has_refractory_period else "False"

    def hold_spiking(self) -> str:
        """Return the line that makes neuron k refractory after a spike."""
        if not self.has_refractory_period:
            return "pass"
        return f"{self.at('held')} = 1.0 if {self.value(-1)} > 0.0 else 0.0"

    @property
    def fuses_fetch(self) -> bool:
        """Whether the loop of the only internal step also fetches the states."""
        fixed = self.is_single and self.method.has_fixed_steps
        return (fixed or self.method is METHODS["step"]) and not injections(self)

    @property
    def fuses_step(self) -> bool:
        """Whether this loop also adds the jumps and evaluates the spike condition."""
        others = self.has("after_step") or self.has("stable") or self.freezes or self.is_random
        simple = self.kind.spike_check == "step" and not others
        return simple and self.fuses_fetch and self.method is not METHODS["step"]

    def begin(self) -> str:
        """Return the line that sets the `ROWS` of neuron k at the start of a time step."""
        lines = [f"{self.at('spiked')} = 0.0"]
        if self.has_refractory_period:
            lines.append(f"{self.at('held')} = 1.0 if until[k] >= t else 0.0")
        return "; ".join(lines)

    def fetch(self) -> str:
        """Return the line that reads the states of neuron k from the arrays of a block."""
        return "; ".join(f"x{j} = {x}" for j, x in enumerate(self.stored()))

    def stored(self) -> list[str]:
        """Return the elements of the arrays of a block that store the states of neuron k."""
        return ["v[k]", *(f"states[{self.m} * k + {j}]" for j in range(self.n - 1))]

    def hold(self, letter: str = "x") -> str:
        """Return the line that holds v at `v_reset` in the refractory period."""
        return f"{letter}0 = p.v_reset if held else {letter}0" if self.clamps else "pass"

    def jump(self) -> str:
        """Return the input of delta synapses (mV), which refractory neurons do not receive."""
        if self.clamps or self.freezes:
            return f"jump[k] if not {self.is_held} else 0.0"
        return "jump[k]"

    def slopes(self, letter: str, values: list[str], current: str, more: str = "pass") -> str:
        """Return the lines that compute all slopes at a point of state space; `more` follows."""
        target, rates = self.targets(letter, "derivatives"), self.pieces["rates"]
        line = f"{target} = {rates}({self.point(values)}, {current}, p)"
        return "\n".join([line, more, self.still(letter)])

    def still(self, letter: str) -> str:
        """Return the line that sets slopes to 0 in the refractory period."""
        n = self.n_neuron if self.freezes and self.has_synapses else int(self.clamps)
        return "; ".join(f"{letter}{j} = 0.0 if held else {letter}{j}" for j in range(n)) or "pass"

    def freeze(self, letter: str = "y") -> str:
        """Return the line that keeps the neuron's states in the refractory period."""
        if not self.freezes:
            return "pass"
        return "; ".join(
            f"{letter}{j} = x{j} if held else {letter}{j}" for j in range(self.n_neuron)
        )

    def source(self) -> str:
        """Return the source of the block function."""
        added = arriving(self)
        keep = [
            " + ".join([f"{place} = work[{WORK_ROW * j} + k]", *added.get(j, ())])
            for j, place in enumerate(self.stored())
        ]
        skip = SKIP_REJECTED if self.method is METHODS["adaptive"] else "pass"
        pieces = self.pieces
        text = TEXT.format(
            entry=ENTRY,
            name=" with ".join(kind.__qualname__ for kind in (self.kind, *self.port_kinds)),
            types=self.types(),
            functions=self._functions(),
            skip_rejected=skip.format(**pieces),
            keep="; ".join(keep),
            count="pass" if self.fuses_step else COUNT.format(**pieces),
            count_found=COUNT_FOUND.format(**pieces) if self.fuses_step else "pass",
            body=textwrap.indent(self._body(), "    "),
            spike=textwrap.indent(self.spike, " " * 12).strip(),
            **pieces,
        )
        return _without_idle_lines(text)

    def _functions(self) -> str:
        """Return the functions of the model and its synapses, and those of the method."""
        functions = functions_of(self.kind) + spike_functions(self) + synapse_functions(self)
        if not hasattr(self.kind, "step"):
            functions.append(SLOPES.format(**self.pieces))
        if self.checks_stability:
            functions.append(split_source(self))
        if self.method is METHODS["adaptive"]:
            functions.append(attempt(self))
        return "\n\n\n".join(functions)

    def _body(self) -> str:
        """Return the lines that advance all neurons of a block."""
        body = "" if self.fuses_fetch else self._fetch() + injections(self)
        body += self.method.source(self)
        if not (self.method.takes_jump or self.fuses_step):
            body += self._jump()
        if self.kind.spike_check == "step" and not self.fuses_step:
            body += AT_END.format(**self.pieces)
        if self.is_random:
            body += random_spikes(self)
        return body + arrivals(self)

    def _fetch(self) -> str:
        """Return the lines that copy the states of all neurons to `work`."""
        fetch = (f"work[{WORK_ROW * j} + k] = {place}" for j, place in enumerate(self.stored()))
        return FETCH.format(fetch="; ".join(fetch), begin=self.begin())

    def _jump(self) -> str:
        """Return the lines that apply the input of delta synapses."""
        after = "pass"
        if self.has("after_step"):
            after = AFTER_JUMP.format(**self.pieces)
        elif self.kind.spike_check == "internal":
            after = "ask(n, 1.0, jump, params, work)"
        return JUMP.format(
            push=self.jump(), after=textwrap.indent(after, "    ").strip(), **self.pieces
        )
