"""Check a model's equations before compilation; errors name the file and line."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import inspect
import math
import numbers
import textwrap
import traceback
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameters_of, states_of
from neurosim.models.equations import (
    ALL,
    CURRENTS,
    FUNCTIONS,
    arguments_of,
    currents_of,
    helpers_of,
    location_of,
    lookup,
    methods_of,
)
from neurosim.models.quantity import is_uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from neurosim.models.neuron_model import NeuronModel
    from neurosim.models.registry import Part
    from neurosim.models.synapses import Synapse

SAMPLE = {
    "i": 0.0,
    "jump": 0.0,
    "dt": 0.1,
    "h": 0.01,
    "refractory": False,
    "v": -65.0,
    "w": 1.0,
}
"""Arguments of the trial calls, besides states and parameters."""

RESULTS: dict[str, tuple[str, ...]] = {
    "current": ("the current",),
    "hazard": ("the rate",),
    "excess": ("the excess",),
    "spikes": (),
    "stable": (),
}
"""Names of the numbers that methods return; empty for methods that return True or False."""

_REFUSED: dict[type[ast.AST], str] = {
    ast.Import: "an import",
    ast.ImportFrom: "an import",
    ast.Try: "try",
    ast.Raise: "raise",
    ast.With: "with",
    ast.Lambda: "a lambda",
    ast.FunctionDef: "a function inside a function",
    ast.ClassDef: "a class",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.List: "a list",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.JoinedStr: "a text",
    ast.Yield: "yield",
    ast.Await: "await",
    ast.Global: "global",
    ast.Nonlocal: "nonlocal",
    ast.Delete: "del",
}


def check_source(model: NeuronModel, synapses: Sequence[Synapse] = ()) -> None:
    """Raise an error if a method of a neuron model or its synapses does not compile.

    Raises
    ------
    NeurosimError
        The message begins with the file and line.
    """
    part: Any
    for part in (model, *synapses):
        check_functions(type(part))
        sample_results(part)


def check_functions(kind: type[Part]) -> None:
    """Raise an error if a method, or a function that it calls, does not compile.

    Raises
    ------
    NeurosimError
        The message begins with the file and line.
    """
    for name in methods_of(kind):
        check_method(kind, name)
    for helper in helpers_of([method_of(kind, name) for name in methods_of(kind)]):
        check_text(helper, f"{helper.__name__}, which {kind.__name__} calls,")


def method_of(kind: type[Part], name: str) -> Callable[..., Any]:
    """Return a method of a model as a plain function."""
    full_name = f"{kind.__name__}.{name}"
    attribute = inspect.getattr_static(kind, name, None)
    if attribute is None:
        needed = ", ".join(arguments_of(kind, name))
        raise NeurosimError(
            f"{kind.__name__} has no {name}: add `@staticmethod def {name}({needed})`"
        )
    if not isinstance(attribute, staticmethod):
        at = location_of(attribute) + ": " if inspect.isfunction(attribute) else ""
        raise NeurosimError(f"{at}{full_name} is not a static method: put @staticmethod above it")
    return attribute.__func__


def check_method(kind: type[Part], name: str) -> None:
    """Raise an error if a method has unexpected arguments or does not compile."""
    function, full_name = method_of(kind, name), f"{kind.__name__}.{name}"
    found, wanted = tuple(inspect.signature(function).parameters), arguments_of(kind, name)
    declared = "states" if states_of(kind) else "traces"
    if len(found) != len(wanted):
        raise NeurosimError(
            f"{location_of(function)}: {full_name} takes ({', '.join(found)}): with the declared "
            f"{declared} it must take ({', '.join(wanted)})"
        )
    check_text(function, full_name)


def check_text(function: Callable[..., Any], full_name: str) -> None:
    """Raise an error if a function uses Python that does not compile."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
    except OSError:
        raise NeurosimError(
            f"the source of {full_name} cannot be read: define the class in a file or a "
            "notebook cell"
        ) from None
    tree = ast.parse(text).body[0]
    shift = function.__code__.co_firstlineno - 1
    if not isinstance(tree, ast.FunctionDef):
        raise NeurosimError(f"{location_of(function)}: {full_name} is a lambda: write it with def")
    for line, fault in _faults(tree, function):
        raise NeurosimError(f"{location_of(function, line + shift)}: {full_name} {fault}")


def _faults(tree: ast.FunctionDef, function: Callable[..., Any]) -> Iterator[tuple[int, str]]:
    """Yield line and message for each construct that a function may not contain."""
    arguments = {a.arg for a in tree.args.args}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    local = arguments | {node.id for node in names if isinstance(node.ctx, ast.Store)}
    for node in (n for statement in tree.body for n in ast.walk(statement)):
        line = getattr(node, "lineno", 1)
        if type(node) in _REFUSED:
            yield line, f"contains {_REFUSED[type(node)]}, which models cannot use: write it out"
        elif isinstance(node, ast.Attribute):
            yield from _attribute_faults(node, function, arguments, local)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in local:
            yield from _name_faults(node, function)
    if not any(isinstance(node, ast.Return) and node.value for node in ast.walk(tree)):
        yield tree.lineno, "returns nothing: end it with a return"


def _attribute_faults(
    node: ast.Attribute, function: Callable[..., Any], arguments: set[str], local: set[str]
) -> Iterator[tuple[int, str]]:
    """Yield errors in an expression such as math.exp or p.tau_m."""
    base = node.value.id if isinstance(node.value, ast.Name) else None
    if base in arguments:
        return  # checked when the function is tried
    value = function.__globals__.get(base) if base and base not in local else None
    if value is math:
        if not hasattr(math, node.attr):
            yield node.lineno, f"uses math.{node.attr}, which does not exist"
    elif inspect.ismodule(value):
        yield (
            node.lineno,
            f"uses {value.__name__}.{node.attr}: the equations are those of one neuron; use the "
            f"functions of math, such as math.exp",
        )
    else:
        yield node.lineno, f"uses .{node.attr}: only p has attributes, the parameters"


def _name_faults(node: ast.Name, function: Callable[..., Any]) -> Iterator[tuple[int, str]]:
    """Yield errors in a global name."""
    found, value = lookup(node.id, function)
    if node.id == "math" and value is math:
        return
    if not found:
        yield node.lineno, f"uses {node.id!r}, which is not defined"
    elif value is getattr(builtins, node.id, None):
        if node.id not in FUNCTIONS:
            yield node.lineno, f"calls {node.id}: models can call {', '.join(FUNCTIONS)} and math"
    elif inspect.ismodule(value) or inspect.isfunction(value):
        return  # a module is reported with its attribute, a function is checked separately
    elif not isinstance(value, numbers.Real):
        yield (
            node.lineno,
            f"uses the global {node.id!r}, a {type(value).__name__}: only numbers and functions "
            "can be global; make it a parameter or write it out",
        )


def first_model(model: Any) -> Any:
    """Return a model with the parameters of the first neuron.

    Distributions are replaced by their means.
    """
    values = {name: getattr(model, name) for name in parameters_of(type(model))}
    first = {name: _first(value) for name, value in values.items() if not is_uniform(value)}
    return dataclasses.replace(model, **first)


def first_values(model: Part) -> Any:
    """Return the parameters of a model's first neuron, as passed to its methods."""
    first = first_model(model)
    return SimpleNamespace(**{name: getattr(first, name) for name in parameters_of(type(model))})


def first_states(model: Any) -> list[float]:
    """Return the initial states of a model's first neuron, or of a synapse."""
    if hasattr(model, "initial_states"):
        return model.initial_states()
    first, given = first_model(model), model.initial or {}
    states: list[float] = []
    for name in states_of(type(model)):
        value = given[name] if name in given else first.initial_of(name, np.array(states[:1]))
        states.append(_first(value))
    return states


def _first(value: Any) -> float:
    """Return the value of the first neuron, or the mean of a distribution."""
    if is_uniform(value):
        return float(value)
    return float(np.ravel(value)[0]) if isinstance(value, np.ndarray) else float(value.mean)


def sample_results(part: NeuronModel | Synapse) -> dict[str, Any]:
    """Call every method once as plain Python, and check the results.

    The arguments are those of the initial state.

    Raises
    ------
    NeurosimError
        If a method fails, or does not return the expected number of finite values.
    """
    kind, states = type(part), first_states(part)
    given = SAMPLE | {"v_before": states[0] if states else 0.0, "p": first_values(part)}
    sequences = {ALL: states, CURRENTS: [0.0] * len(currents_of(kind))}
    results = {}
    for name in methods_of(kind):
        parts = (sequences.get(item, [given.get(item)]) for item in kind.signatures[name])
        arguments = [value for part in parts for value in part]
        wanted = RESULTS.get(name, tuple(states_of(kind)))
        results[name] = sample(kind, name, arguments, wanted, "at the initial state")
    return results


def sample(
    kind: type[Part], name: str, arguments: Sequence[Any], wanted: Sequence[str], case: str
) -> Any:
    """Call one method as plain Python, and check the result.

    Parameters
    ----------
    kind : type of Part
    name : str
    arguments : sequence
    wanted : sequence of str
        Names of the numbers that it must return; none if it must return True or False.
    case : str
        The arguments in words.

    Raises
    ------
    NeurosimError
        The message begins with the file and line.
    """
    function = method_of(kind, name)
    try:
        result = function(*arguments)
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
        reason = str(error).replace("'types.SimpleNamespace' object", "p")
        raise NeurosimError(
            f"{location_of(function, line)}: {kind.__name__}.{name} fails {case} "
            f"({type(error).__name__}: {reason})"
        ) from None
    returns = f"{location_of(function)}: {kind.__name__}.{name} returns"
    if not wanted:
        if not isinstance(result, (bool, np.bool_)):
            raise NeurosimError(f"{returns} {result!r}: it must return True or False")
        return result
    values = result if isinstance(result, tuple) else (result,)
    if len(values) != len(wanted):
        noun = ("derivative" if name == "derivatives" else "value") + "s" * (len(values) != 1)
        raise NeurosimError(
            f"{returns} {len(values)} {noun}: it must return {len(wanted)}, for {', '.join(wanted)}"
        )
    if len(wanted) == 1 and tuple(wanted) != tuple(states_of(kind)):
        values = (result,)  # only a single state may be in a tuple
    for number, value in zip(wanted, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise NeurosimError(f"{returns} {value!r} for {number}: it must return a number")
        if not math.isfinite(value):
            raise NeurosimError(
                f"{returns} {value} for {number} {case}: check the equation and the parameters"
            )
    return result
