"""Methods of models that are compiled, and the global names that they use."""

from __future__ import annotations

import builtins
import dis
import inspect
import numbers
from typing import TYPE_CHECKING, Any

from neurosim.errors import NeurosimError
from neurosim.models.declare import (
    SOMA,
    compartments_of,
    parameters_of,
    potentials_of,
    states_of,
    variables_of,
)
from neurosim.models.registry import hash_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FUNCTIONS = ("abs", "bool", "float", "int", "max", "min", "pow", "range", "round")
"""Built-in functions that compile."""

ALL = "*"
"""In a signature: everything declared besides parameters, in order."""
POTENTIALS = "*potentials"
"""In a signature: all declared potentials, in order."""
CURRENTS = "*currents"
"""In a signature: the current into each compartment."""


def methods_of(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the compiled methods of a class."""
    names = [name for name in kind.signatures if name not in kind.optional or hasattr(kind, name)]
    replaced = {"derivatives": "step" in names}
    replaced["spikes"] = "hazard" in names and not hasattr(kind, "spikes")
    return tuple(name for name in names if not replaced.get(name))


def arguments_of(kind: type[Any], method: str) -> tuple[str, ...]:
    """Return the names of the arguments of a method."""
    declared = {
        ALL: tuple(variables_of(kind)),
        POTENTIALS: tuple(potentials_of(kind)),
        CURRENTS: currents_of(kind),
    }
    return tuple(name for item in kind.signatures[method] for name in declared.get(item, (item,)))


def currents_of(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the currents into the compartments of a neuron model."""
    return tuple("i" if name == SOMA else f"i_{name}" for name in compartments_of(kind))


def digest_of(kind: type[Any]) -> str:
    """Return a hash of the equations and declarations of a class."""
    methods = [getattr(kind, name) for name in methods_of(kind) if hasattr(kind, name)]
    functions = [*methods, *helpers_of(methods)]
    equations = [(inspect.getsource(function), constants_of(function)) for function in functions]
    options = {name: getattr(kind, name) for name in kind.options}
    return hash_of(equations, options, parameters_of(kind), states_of(kind))


def location_of(function: Callable[..., Any], line: int | None = None) -> str:
    """Return "file:line" of a line of a function, as the beginning of a message."""
    code = function.__code__
    return f"{code.co_filename}:{line or code.co_firstlineno}"


def lookup(name: str, function: Callable[..., Any]) -> tuple[bool, Any]:
    """Return whether a global or enclosing name is defined, and its value."""
    enclosed = inspect.getclosurevars(function)
    for scope in (enclosed.nonlocals, function.__globals__, vars(builtins)):
        if name in scope:
            return True, scope[name]
    return False, None


def names_in(function: Callable[..., Any]) -> set[str]:
    """Return the global and enclosing names that a function uses."""
    # `co_names` also holds the names of attributes, such as those of parameters.
    instructions = dis.get_instructions(function)
    used = {item.argval for item in instructions if item.opname == "LOAD_GLOBAL"}
    return used | set(function.__code__.co_freevars)


def constants_of(function: Callable[..., Any]) -> dict[str, float | int | bool]:
    """Return the global numbers that a function uses; they are compiled as constants."""
    names = names_in(function) - set(FUNCTIONS)
    found = {name: lookup(name, function)[1] for name in names}
    return {
        name: value if isinstance(value, (bool, int)) else float(value)
        for name, value in found.items()
        if isinstance(value, numbers.Real)
    }


def helpers_of(functions: Iterable[Callable[..., Any]]) -> list[Callable[..., Any]]:
    """Return the user's functions that some functions call, callees first."""
    found: list[Callable[..., Any]] = []

    def visit(function: Callable[..., Any], callers: tuple[Callable[..., Any], ...]) -> None:
        for name in sorted(names_in(function)):
            value = lookup(name, function)[1]
            if not inspect.isfunction(value) or value in found:
                continue
            if value in (function, *callers):
                raise NeurosimError(
                    f"{location_of(value)}: {name} calls itself, which models cannot do: use a loop"
                )
            visit(value, (function, *callers))
            found.append(value)

    for function in functions:
        visit(function, ())
    return found
