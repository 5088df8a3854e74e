"""Source of the equations of synapses.

They are integrated together with the equations of the neuron.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurosim.builder.codegen.model_functions import functions_of, gives_numbers, prefix_of
from neurosim.kernels.types import WORK_ROW
from neurosim.models.declare import SOMA, states_of
from neurosim.models.synapses.currents import InjectedCurrent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurosim.builder.codegen.model_source import Writer
    from neurosim.models.synapses import Synapse

SYNAPSES = """@function
def synapse_rates({x}p):
    \"""Return the derivatives of the states of all synapses.\"""
    {slopes}
    return {a}"""

CURRENT = """@function
def {name}(v, {x}p):
    \"""Return the current of all synapses (pA).\"""
    return {current}"""

RATES = """@function
def rates({all_x}, i, p):
    \"""Return the derivatives of the states of the neuron and of its synapses.\"""
    {neuron_a} = derivatives({neuron_x}, {currents}, p)
    {a} = synapse_rates({x}p)
    return {all_a}"""

RATES_ALONE = """@function
def rates({all_x}, i, p):
    \"""Return the derivatives of the states of a neuron without synapses.\"""
    return derivatives({all_x}, {currents}, p)"""

STIFFNESS = """@function
def stiffness({all_x}, p):
    \"""Return the rate at which synaptic conductances move v (per ms).\"""
    {neuron_a} = derivatives({neuron_x}, {currents}, p)
    {keep}
    {neuron_a} = derivatives({neuron_x}, {raised}, p)
    return {rate}"""

# For neurons that define `step`: the classical Runge-Kutta method.
STEP = """@called
def advance_synapses({x}h, p):
    \"""Advance the states of all synapses by h (ms).\"""
    s = 0.25 * h
    for _ in range(4):
        {a} = synapse_rates({x}p)
        {b} = synapse_rates({at_a}p)
        {c} = synapse_rates({at_b}p)
        {d} = synapse_rates({at_c}p)
        {add}
    return {x}"""

ARRIVING = "current[(points + {number}) * n + k]"

ADD_ACTIVE = """
for k in range(n):
    if not {held}:
        work[{row} + k] += current[(points + {number}) * n + k]
"""

INJECT = """
for k in range(n):
    work[{row} + k] = current[(points + {number}) * n + k]
"""

ARRIVE = """
for k in range(n):
    arriving = current[(points + {number}) * n + k]
    if arriving != 0.0:
        {set_p}
        {load}
        {new} = {prefix}arrive({x}arriving, p.synapse{number})
        {store}
"""


def _synapses(writer: Writer) -> Iterator[tuple[int, Synapse, str, list[int]]]:
    """Yield number, model, prefix and states of each synapse with states.

    The states are indices.
    """
    first = writer.n_neuron
    for number, port in enumerate(writer.ports):
        if states_of(type(port)):
            last = first + len(states_of(type(port)))
            prefix = prefix_of(writer.port_kinds.index(type(port)))
            yield number, port, prefix, list(range(first, last))
            first = last


def _each(form: str, indices: list[int]) -> str:
    """Format a template for each state, as arguments or as a tuple."""
    return "".join(form.format(j) + ", " for j in indices)


def _assigned(port: Synapse, method: str, letter: str, indices: list[int]) -> str:
    """Return the left-hand side of an assignment of the result of a synapse's method."""
    is_bare = len(indices) == 1 and method in gives_numbers(port)
    return f"{letter}{indices[0]}" if is_bare else _each(letter + "{}", indices)


def synapse_functions(writer: Writer) -> list[str]:
    """Return the source of the functions of synapses with equations.

    Without equations, there are none.
    """
    if not writer.has_synapses:
        if len(writer.compartments) == 1 or hasattr(writer.kind, "step"):
            return []
        return [RATES_ALONE.format(all_x=", ".join(writer.names), currents=currents_into(writer))]
    functions = []
    for number, kind in enumerate(writer.port_kinds):
        if kind.has_equations:
            functions += functions_of(kind, prefix_of(number))
    slopes: list[str] = []
    currents: dict[str, list[str]] = {}
    for number, port, prefix, indices in _synapses(writer):
        x = _each("x{}", indices)
        a = _assigned(port, "derivatives", "a", indices)
        slopes.append(f"{a} = {prefix}derivatives({x}p.synapse{number})")
        current = f"{prefix}current(v, {x}p.synapse{number})"
        currents.setdefault(_function_of(port), []).append(current)
    indices = list(range(writer.n_neuron, writer.n))
    pieces = {letter: _each(letter + "{}", indices) for letter in "abcd"}
    pieces["x"] = _each("x{}", indices)
    functions.append(SYNAPSES.format(slopes="\n    ".join(slopes), **pieces))
    for name, terms in currents.items():
        functions.append(CURRENT.format(name=name, current=" + ".join(terms), **pieces))
    if hasattr(writer.kind, "step"):
        for letter, reach in (("a", "0.5 * s"), ("b", "0.5 * s"), ("c", "s")):
            pieces[f"at_{letter}"] = _each(f"x{{0}} + {reach} * {letter}{{0}}", indices)
        add = "x{0} += s / 6.0 * (a{0} + 2.0 * b{0} + 2.0 * c{0} + d{0})"
        functions.append(STEP.format(add="; ".join(map(add.format, indices)), **pieces))
    else:
        neuron_x = ", ".join(writer.names[: writer.n_neuron])
        functions.append(
            RATES.format(
                neuron_x=neuron_x,
                neuron_a=writer.targets("a", "neuron derivatives"),
                all_x=", ".join(writer.names),
                all_a=_each("a{}", list(range(writer.n))),
                currents=currents_into(writer),
                **pieces,
            )
        )
    if writer.has_stiff_synapses:
        potentials = list(writer.compartments.values())
        before = ["a", *(f"b{j}" for j in potentials[1:])]
        rates = [f"abs(a{j} - {b})" for j, b in zip(potentials, before, strict=True)]
        functions.append(
            STIFFNESS.format(
                neuron_x=neuron_x,
                neuron_a=writer.targets("a", "neuron derivatives"),
                all_x=", ".join(writer.names),
                currents=currents_into(writer, ""),
                raised=currents_into(writer, "", " + 1.0"),
                keep="; ".join(f"{b} = a{j}" for j, b in zip(potentials, before, strict=True)),
                rate=rates[0] if len(rates) == 1 else f"max({', '.join(rates)})",
            )
        )
    return functions


def _function_of(port: Synapse) -> str:
    """Return the name of the function that returns the synaptic current into a compartment."""
    return "synaptic_current" + (f"_{port.compartment}" if port.compartment else "")


def currents_into(writer: Writer, injected: str = "i", change: str = "") -> str:
    """Return the currents into all compartments, as arguments.

    Parameters
    ----------
    writer : Writer
    injected : str
        The injected current into the soma.
    change : str
        Added to the potentials.
    """
    functions = {_function_of(port): port for _, port, _, _ in _synapses(writer)}
    x = _each("x{}", list(range(writer.n_neuron, writer.n)))
    arguments = []
    for name, state in writer.compartments.items():
        terms = [injected] if name == SOMA and injected else []
        for function, port in functions.items():
            if (port.compartment or SOMA) == name:
                terms.append(f"{function}(x{state}{change}, {x}p)")
        arguments.append(" + ".join(terms) or "0.0")
    return ", ".join(arguments)


def injections(writer: Writer) -> str:
    """Return the source code that reads injected currents at the start of a time step."""
    return "".join(
        INJECT.format(row=WORK_ROW * indices[0], number=number)
        for number, port, _, indices in _synapses(writer)
        if isinstance(port, InjectedCurrent)
    )


def arriving(writer: Writer) -> dict[int, list[str]]:
    """Return the synaptic input that is added to states at the end of a time step, by state."""
    added: dict[int, list[str]] = {}
    for number, port in enumerate(writer.ports):
        if port.has_equations and not states_of(type(port)) and not writer.freezes:
            state = writer.compartments[port.compartment or SOMA]  # moves the potential at once
            added.setdefault(state, []).append(ARRIVING.format(number=number))
    for number, port, _, indices in _synapses(writer):
        if not (isinstance(port, InjectedCurrent) or hasattr(port, "arrive")):
            added.setdefault(indices[0], []).append(ARRIVING.format(number=number))
    return added


def arrivals(writer: Writer) -> str:
    """Return the source code of other effects of synaptic input at the end of a time step."""
    text = ""
    for number, port in enumerate(writer.ports):
        if port.has_equations and not states_of(type(port)) and writer.freezes:
            row = WORK_ROW * writer.compartments[port.compartment or SOMA]
            text += ADD_ACTIVE.format(row=row, number=number, held=writer.is_held)
    for number, port, prefix, indices in _synapses(writer):
        if hasattr(port, "arrive") and not isinstance(port, InjectedCurrent):
            text += ARRIVE.format(
                number=number,
                set_p=writer.pieces["set_p"],
                load=writer.load(),
                store=writer.store(),
                new=_assigned(port, "arrive", "x", indices),
                prefix=prefix,
                x=_each("x{}", indices),
            )
    return text
