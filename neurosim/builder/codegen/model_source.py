"""Write the source of a model's block function: equations, integration method, spikes and reset.

The block function advances consecutive neurons of one population by one time step. Its source is
plain Python. Numba compiles it, and with compilation switched off Python runs the same text.

Neurons are advanced together, one internal step after another, so that the compiler can put
several into one instruction. What they need lies in rows of the array `work`: the states, the
parameters where neurons differ in them, and so on.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_check import check_source
from neurosim.builder.codegen.model_functions import functions_of, gives_numbers, prefix_of
from neurosim.builder.codegen.model_methods import METHODS, Method
from neurosim.builder.codegen.model_split import split_source
from neurosim.kernels.types import ALPHA, WORK_ROW
from neurosim.models.declare import parameters_of, states_of
from neurosim.models.equations import methods_of
from neurosim.models.quantity import is_uniform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurosim.models.neuron_model import NeuronModel
    from neurosim.models.synapses import Synapse

HEADER = 4
"""Numbers before the parameters: internal steps, their length (ms), points of the current, and the
distance between the parameters of two neurons."""
ROWS = ("held", "before", "spiked", "unstable")
"""Rows of `work` after the states: whether a neuron is refractory, its potential before the present
internal step, whether it has spiked in this time step, whether its internal step was unstable."""

IMPORTS = '''"""A neuron model, in the form that neurosim compiles."""

import math
from collections import namedtuple

from numba import carray, cfunc

from neurosim.kernels import model_math as mathematics
from neurosim.kernels.model_tools import SIGNATURE, called, current_at, function, slope_ratio

'''

TEXT = '''# {name}
{types}


{functions}


@called
def ask(n, only_jumped, jump, params, work):
    """Reset the neurons that spike, and note it in `work`."""
    stride = int(params[3])
    {common}
    for k in range(n):
        if work[{held} + k] > 0.0 or (only_jumped > 0.0 and jump[k] == 0.0):
            continue
        {own}
        {load}
        if spikes(work[{before} + k], {own_x}, p):
            {own_x_reset} = reset({own_x}, p)
            {store}
            work[{spiked} + k] = 1.0
            work[{held} + k] = 1.0 if params[{header} + k * stride] > 0.0 else 0.0


@called
def block(n, v, states, current, jump, params, until, work, t):
    """Advance n neurons by one time step.

    `jump` holds the input of delta synapses (mV), and afterwards 1 for neurons that spiked, else 0.
    Return the number of neurons that spiked.
    """
    n_internal, h, points, stride = int(params[0]), params[1], int(params[2]), int(params[3])
    {common}
    for k in range(n):
        {fetch}
        work[{held} + k] = 1.0 if until[k] >= t else 0.0
        work[{spiked} + k] = 0.0
{body}
    count = 0
    for k in range(n):
        {keep}
        jump[k] = work[{spiked} + k]
        if work[{spiked} + k] > 0.0:
            until[k] = t + int(params[{header} + k * stride])
            count += 1
    return count


'''

ENTRY = '''@cfunc(SIGNATURE, cache=True, error_model="numpy", nopython=True)
def entry(n, v, states, current, jump, params, until, work, t):
    """Make arrays of the addresses that the time loop passes."""
    head = carray(params, {header})
    points, stride = int(head[2]), int(head[3])
    return block(
        n,
        carray(v, n),
        carray(states, n * {n_states}),
        carray(current, n * (points + {n_synapses})),
        carray(jump, n),
        carray(params, {header} + 1 + {n_parameters} + (n - 1) * stride),
        carray(until, n),
        carray(work, {n_work}),
        t,
    )
'''

SLOPES = '''@called
def slopes({x}, i, p):
    """Return the derivatives, where they need not be computed for several neurons at once."""
    return {rates}({x}, i, p)'''

RATES = '''@function
def synapse_rates({x}, p):
    """Return the derivatives of the states of synapses."""
    {slopes}
    return {a}


@function
def synaptic_current(v, {x}, p):
    """Return the current of synapses (pA)."""
    return {current}'''

ALL_RATES = '''@function
def rates({x}, i, p):
    """Return the derivatives of the states of a neuron and of its synapses."""
    {own_a} = derivatives({own_x}, i + synaptic_current(x0, {synapse_x}, p), p)
    {synapse_a} = synapse_rates({synapse_x}, p)
    return {a}'''

RELAX_SYNAPSES = '''@called
def advance_synapses({x}, h, p):
    """Advance the states of synapses by h (ms), where the neuron has a step of its own."""
    s = 0.25 * h
    for _ in range(4):
        {a} = synapse_rates({x}, p)
        {b} = synapse_rates({half_a}, p)
        {c} = synapse_rates({half_b}, p)
        {d} = synapse_rates({whole_c}, p)
        {add}
    return {x_}'''

ADD_ARRIVING = """
for k in range(n):
    work[{row} + k] += current[(points + {number}) * n + k]
"""

ARRIVE = """
for k in range(n):
    arriving = current[(points + {number}) * n + k]
    if arriving != 0.0:
        {own}
        {load}
        {x} = {prefix}arrive({x_}, arriving, p.synapse{number})
        {store}
"""

AT_END = """
for k in range(n):
    work[{before} + k] = v[k]
ask(n, 0.0, jump, params, work)
"""

JUMP = """
jumped = False
for k in range(n):
    work[{before} + k] = work[k]
    push = jump[k]{unless_held}
    work[k] += push
    jumped |= push != 0.0
if jumped:
    {after}
"""

AFTER_JUMP = """for k in range(n):
    if jump[k] != 0.0:
        {own}
        {load}
        {own_x_after} = after_step(work[{before} + k], {own_x}, work[{held} + k] > 0.0, p)
        {store}"""


def source_of(
    model: NeuronModel, ports: Sequence[int] = (), synapses: Sequence[Synapse] = ()
) -> tuple[str, str]:
    """Return the source of a model's block function, and of its entry by address.

    It depends on the classes, on whether the neurons have the same parameters, and, for methods
    that integrate synaptic currents, on their kinds; not on values.

    Parameters
    ----------
    model : NeuronModel
    ports : sequence of int
        Kind of each port whose synaptic current the method integrates: `EXPONENTIAL` or `ALPHA`.
    synapses : sequence of Synapse
        Synapses whose equations are integrated with those of the neuron.
    """
    check_source(model, synapses)
    return Writer(model, ports, synapses).source()


def hidden_states(kind: type[NeuronModel]) -> int:
    """Return how many values per neuron the integration method keeps beside the states."""
    return int(not hasattr(kind, "step") and METHODS[kind.method].is_adaptive)


def internal_steps(kind: type[NeuronModel], dt: float) -> int:
    """Return into how many internal steps a time step is divided."""
    if hasattr(kind, "step") or METHODS[kind.method].carries_currents:
        return 1
    longest = 0.05 if METHODS[kind.method].is_adaptive else kind.substep
    return max(1, math.ceil(dt / longest - 1e-9))


def work_rows(model: NeuronModel, synapses: Sequence[Synapse] = ()) -> int:
    """Return how many rows of `work` a model's block function uses."""
    return Writer(model, (), synapses).n_rows


class Writer:
    """Parts of the source that depend on states, parameters and options of a model's class."""

    def __init__(
        self, model: NeuronModel, ports: Sequence[int] = (), synapses: Sequence[Synapse] = ()
    ) -> None:
        self._ports, self.synapses = ports, synapses
        self.kind = type(model)
        self.fields = tuple(parameters_of(self.kind))
        self.is_uniform = all(is_uniform(getattr(model, name)) for name in self.fields)
        self.n_own = len(states_of(self.kind))
        self.n = self.n_own + sum(len(states_of(type(synapse))) for synapse in synapses)
        self.m = self.n - 1 + hidden_states(self.kind)
        self.names = [f"x{j}" for j in range(self.n)]
        self.numbers = gives_numbers(model)
        self.kinds = list(dict.fromkeys(map(type, synapses)))
        self.n_parameters = len(self.fields) + sum(
            len(parameters_of(type(synapse))) for synapse in synapses
        )

    @property
    def currents(self) -> list[tuple[str, int | None]]:
        """Variables of synaptic currents: their time constant, and which other one they grow by."""
        found: list[tuple[str, int | None]] = []
        for p, kind in enumerate(self._ports):
            tau = f"params[{HEADER + 1 + self.n_parameters + p} + k * stride]"
            own = self.n + len(found)
            found += [(tau, own + 1), (tau, None)] if kind == ALPHA else [(tau, None)]
        return found

    @property
    def flowing(self) -> list[int]:
        """Numbers of the variables that are currents, in the vector of states and currents."""
        numbers, n = [], self.n
        for kind in self._ports:
            numbers.append(n)
            n += 2 if kind == ALPHA else 1
        return numbers

    @property
    def method(self) -> Method:
        """Method of integration."""
        return METHODS["own" if hasattr(self.kind, "step") else self.kind.method]

    @property
    def n_rows(self) -> int:
        """Rows of `work`: states, new states, what the method needs, `ROWS`, parameters."""
        return self._first_parameter + (0 if self.is_uniform else self.n_parameters)

    @property
    def _first_row(self) -> int:
        """First of `ROWS`."""
        return self.n * (2 + self.method.n_rows)

    @property
    def _first_parameter(self) -> int:
        """First row of the parameters, where neurons differ in them."""
        return self._first_row + len(ROWS)

    def row(self, name: str) -> int:
        """Return where a row of `work` begins."""
        return WORK_ROW * (self._first_row + ROWS.index(name))

    @property
    def rows(self) -> dict[str, int]:
        """Where each of `ROWS` begins."""
        return {name: self.row(name) for name in ROWS}

    def at(self, name: str) -> str:
        """Return the element of a row for neuron k."""
        return f"work[{self.row(name)} + k]"

    @property
    def pieces(self) -> dict[str, object]:
        """Pieces of text that several templates use."""
        first = HEADER + 1
        given = [f"params[{first + c}]" for c in range(self.n_parameters)]
        return self.rows | {
            "header": HEADER,
            "x": ", ".join(self.names),
            "load": self.load(),
            "store": self.store(),
            "rates": "rates" if self.synapses else "derivatives",
            "own_x": ", ".join(self.names[: self.n_own]),
            "own_x_reset": self.targets("x", "reset"),
            "own_x_after": self.targets("x", "after_step"),
            "common": f"p = {self.parameters(given)}" if self.is_uniform else "pass",
            "own": self.own(),
        }

    def own(self) -> str:
        """Return the line that gives the parameters of neuron k."""
        if self.is_uniform:
            return "pass"
        rows = range(self._first_parameter, self.n_rows)
        return "p = " + self.parameters([f"work[{WORK_ROW * row} + k]" for row in rows])

    def parameters(self, values: list[str]) -> str:
        """Return the expression of all parameters, of which `values` are the expressions."""
        arguments, first = values[: len(self.fields)], len(self.fields)
        for synapse in self.synapses:
            n = len(parameters_of(type(synapse)))
            number = self.kinds.index(type(synapse))
            arguments.append(f"P{number}({', '.join(values[first : first + n])})")
            first += n
        return f"P({', '.join(arguments)})"

    def types(self) -> str:
        """Return the definitions of the types of the parameters."""
        fields = self.fields + tuple(f"synapse{k}" for k in range(len(self.synapses)))
        lines = [f'P = namedtuple("P", {fields!r})']
        for k, kind in enumerate(self.kinds):
            lines.append(f'P{k} = namedtuple("P{k}", {tuple(parameters_of(kind))!r})')
        return "\n".join(lines)

    def states_of_synapses(self, letter: str = "x") -> list[list[str]]:
        """Return the names of the states of each synapse."""
        found, first = [], self.n_own
        for synapse in self.synapses:
            last = first + len(states_of(type(synapse)))
            found.append([f"{letter}{j}" for j in range(first, last)])
            first = last
        return found

    def load(self, letter: str = "x", first: int = 0) -> str:
        """Return the line that reads one row for each state at neuron k, from row `first` on."""
        return "; ".join(f"{letter}{j} = work[{WORK_ROW * (first + j)} + k]" for j in range(self.n))

    def store(self, letter: str = "x", first: int = 0) -> str:
        """Return the line that writes one row for each state at neuron k, from row `first` on."""
        return "; ".join(f"work[{WORK_ROW * (first + j)} + k] = {letter}{j}" for j in range(self.n))

    def targets(self, letter: str, method: str) -> str:
        """Return the left-hand side of an assignment of what a method returns."""
        n = self.n if method == "derivatives" else self.n_own
        names = ", ".join(f"{letter}{j}" for j in range(n))
        return names + ("," if n == 1 and method not in self.numbers else "")

    def point(self, values: list[str]) -> str:
        """Return arguments at a point of state space, with v bounded by `v_max`."""
        if self.kind.v_max:
            values = [f"min({values[0]}, p.{self.kind.v_max})", *values[1:]]
        return ", ".join(values)

    @property
    def clamps(self) -> bool:
        """Whether v is held at `v_reset` in the refractory period."""
        return self.kind.refractory == "clamp" and "t_ref" in self.fields

    @property
    def freezes(self) -> bool:
        """Whether nothing moves in the refractory period."""
        return self.kind.refractory == "freeze" and "t_ref" in self.fields

    def hold(self, letter: str = "x") -> str:
        """Return the line that holds v at `v_reset` in the refractory period."""
        return f"{letter}0 = p.v_reset if held else {letter}0" if self.clamps else "pass"

    def still(self, letter: str) -> str:
        """Return the line that stops what does not move in the refractory period."""
        n = self.n_own if self.freezes and self.synapses else int(self.clamps)
        return "; ".join(f"{letter}{j} = 0.0 if held else {letter}{j}" for j in range(n)) or "pass"

    def freeze(self, letter: str = "y") -> str:
        """Return the line that keeps the neuron's states in the refractory period."""
        if not self.freezes:
            return "pass"
        return "; ".join(f"{letter}{j} = x{j} if held else {letter}{j}" for j in range(self.n_own))

    def source(self) -> tuple[str, str]:
        """Return the source of the block function and of its entry."""
        pieces, fetch = self.pieces, ["work[k] = v[k]"]
        fetch += [f"work[{WORK_ROW * (j + 1)} + k] = states[{self.m} * k + {j}]"
                  for j in range(self.n - 1)]  # fmt: skip
        keep = ["v[k] = work[k]"]
        keep += [f"states[{self.m} * k + {j}] = work[{WORK_ROW * (j + 1)} + k]"
                 for j in range(self.n - 1)]  # fmt: skip
        if not self.is_uniform:
            first = self._first_parameter
            fetch += [
                f"work[{WORK_ROW * (first + c)} + k] = params[{HEADER + 1 + c} + k * stride]"
                for c in range(self.n_parameters)
            ]
        text = TEXT.format(
            name=" with ".join(kind.__qualname__ for kind in (self.kind, *self.kinds)),
            types=self.types(),
            functions=self._functions(),
            fetch="; ".join(fetch),
            keep="; ".join(keep),
            body=textwrap.indent(self._body(), "    "),
            **pieces,
        )
        entry = ENTRY.format(
            header=HEADER,
            n_states=self.m,
            n_parameters=self.n_parameters + len(self._ports),
            n_synapses=len(self.synapses),
            n_work=WORK_ROW * self.n_rows,
        )
        return text, entry

    def _functions(self) -> str:
        """Return the functions of the model and its synapses, and those of the method."""
        functions = functions_of(self.kind)
        pieces = self.pieces
        if self.synapses:
            functions += self._synapse_functions()
        if not hasattr(self.kind, "step"):
            functions.append(SLOPES.format(**pieces))
        if "stable" in methods_of(self.kind):
            functions.append(split_source(self))
        return "\n\n\n".join(functions)

    def _synapse_functions(self) -> list[str]:
        """Return the functions of the synapses."""
        functions = []
        for k, kind in enumerate(self.kinds):
            functions += functions_of(kind, prefix_of(k))
        slopes, currents, states = [], [], self.states_of_synapses()
        for k, (synapse, own) in enumerate(zip(self.synapses, states, strict=True)):
            prefix, x = prefix_of(self.kinds.index(type(synapse))), ", ".join(own)
            a = self._assigned(synapse, "derivatives", [name.replace("x", "a") for name in own])
            slopes.append(f"{a} = {prefix}derivatives({x}, p.synapse{k})")
            currents.append(f"{prefix}current(v, {x}, p.synapse{k})")

        def listed(letter: str, form: str = "{0}{1}") -> str:
            return ", ".join(form.format(letter, j) for j in range(self.n_own, self.n))

        comma = "," if self.n == self.n_own + 1 else ""
        names = {letter: listed(letter) + comma for letter in "abcd"}
        pieces = self.pieces | {"synapse_x": listed("x"), "synapse_a": names["a"]}
        functions.append(
            RATES.format(
                x=listed("x"), a=names["a"], slopes="\n    ".join(slopes),
                current=" + ".join(currents),
            )
        )  # fmt: skip
        if hasattr(self.kind, "step"):
            weighted = "x{0} += s / 6.0 * (a{0} + 2.0 * b{0} + 2.0 * c{0} + d{0})"
            functions.append(
                RELAX_SYNAPSES.format(
                    **names,
                    x=listed("x"),
                    x_=listed("x") + comma,
                    half_a=listed("a", "x{1} + 0.5 * s * {0}{1}"),
                    half_b=listed("b", "x{1} + 0.5 * s * {0}{1}"),
                    whole_c=listed("c", "x{1} + s * {0}{1}"),
                    add="; ".join(weighted.format(j) for j in range(self.n_own, self.n)),
                )
            )
        else:
            own_a = ", ".join(f"a{j}" for j in range(self.n_own))
            own_a += "," if self.n_own == 1 and "derivatives" not in self.numbers else ""
            a = ", ".join(f"a{j}" for j in range(self.n))
            functions.append(ALL_RATES.format(**pieces, a=a, own_a=own_a))
        return functions

    def _assigned(self, synapse: Synapse, method: str, names: list[str]) -> str:
        """Return the left-hand side of an assignment of what a synapse's method returns."""
        bare = len(names) == 1 and method in gives_numbers(synapse)
        return names[0] if bare else ", ".join(names) + ","

    def _arrivals(self) -> str:
        """Return the lines that add what arrives at synapses at the end of the step."""
        text = ""
        for k, (synapse, own) in enumerate(
            zip(self.synapses, self.states_of_synapses(), strict=True)
        ):
            if hasattr(synapse, "arrive"):
                prefix = prefix_of(self.kinds.index(type(synapse)))
                x = self._assigned(synapse, "arrive", own)
                text += ARRIVE.format(
                    number=k, own=self.own(), load=self.load(), store=self.store(), x=x,
                    x_=", ".join(own), prefix=prefix,
                )  # fmt: skip
            else:
                text += ADD_ARRIVING.format(row=WORK_ROW * int(own[0][1:]), number=k)
        return text

    def _body(self) -> str:
        """Return the lines that advance all neurons of a block."""
        body = self.method.source(self)
        if self.kind.spike_check == "step":
            body += AT_END.format(**self.pieces)
        if self.method.takes_jump:
            return body + self._arrivals()
        after = "pass"
        if "after_step" in methods_of(self.kind):
            after = AFTER_JUMP.format(**self.pieces)
        elif self.kind.spike_check == "internal":
            after = "ask(n, 1.0, jump, params, work)"
        held = f" if {self.at('held')} == 0.0 else 0.0" if self.clamps or self.freezes else ""
        return (
            body
            + JUMP.format(
                unless_held=held, after=textwrap.indent(after, "    ").strip(), **self.pieces
            )
            + self._arrivals()
        )
