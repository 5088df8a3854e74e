"""Source of the methods of a class and of the functions that they call."""

from __future__ import annotations

import ast
import copy
import inspect
import math
import textwrap
from collections import namedtuple
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from neurosim.builder.codegen.model_check import sample_results
from neurosim.kernels import model_math
from neurosim.models.equations import constants_of, helpers_of, methods_of, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from neurosim.models.neuron_model import NeuronModel
    from neurosim.models.registry import Part
    from neurosim.models.synapses import Synapse

PORTABLE = ("cosh", "exp", "expm1", "log", "log1p", "pow", "sinh", "tanh")
"""Functions of `math` that `model_math` replaces."""


def indented(lines: str, depth: int) -> str:
    """Indent lines that replace a placeholder."""
    return textwrap.indent(lines.strip(), " " * 4 * depth).strip()


def prefix_of(number: int) -> str:
    """Return the prefix of the functions of a class of synapses."""
    return f"synapse{number}_"


def functions_of(kind: type[Part], prefix: str = "") -> list[str]:
    """Return the sources of the functions used by a model's block function.

    Helpers come first.

    Their names get the prefix.
    """
    methods = [getattr(kind, name) for name in methods_of(kind)]
    helpers = helpers_of(methods)
    renamed = {helper.__name__: prefix + helper.__name__ for helper in helpers} if prefix else {}
    return [_source(function, renamed, prefix) for function in (*helpers, *methods)]


def gives_numbers(part: NeuronModel | Synapse) -> set[str]:
    """Return the methods that return a number, as parts with one state may."""
    return {name for name, result in sample_results(part).items() if not isinstance(result, tuple)}


def plain_functions(
    kind: type[Part], prefix: str = "", replaced: Mapping[str, Any] | None = None
) -> dict[str, Callable[..., Any]]:
    """Return the functions of a class as plain Python.

    `replaced` are global names that they use instead of their own. Default: portable mathematics.
    """
    if replaced is None:
        names = {name: getattr(model_math, name) for name in PORTABLE}
        names = {name: getattr(function, "py_func", function) for name, function in names.items()}
        replaced = {"math": SimpleNamespace(**vars(math) | names)}
    methods = [getattr(kind, name) for name in methods_of(kind)]
    found: dict[str, Callable[..., Any]] = {}
    for function in (*helpers_of(methods), *methods):
        scope = {**function.__globals__, **replaced, **found}
        found[function.__name__] = FunctionType(
            function.__code__, scope, function.__name__, None, function.__closure__
        )
    return {prefix + name: function for name, function in found.items()}


def run_plain(kind: type[Part], text: str, tools: Mapping[str, Any]) -> dict[str, Any]:
    """Run generated source as plain Python, with the functions of a class; return its names.

    Parameters
    ----------
    kind : type
        The class from which the source was generated.
    text : str
        Source without its imports.
    tools : mapping of str to object
        What it imports, besides what every generated module imports.
    """
    names: dict[str, Any] = {
        "math": math,
        "mathematics": model_math,
        "namedtuple": namedtuple,
        "addressed": _undecorated,
        "called": _undecorated,
        "function": _undecorated,
        "tables_at": lambda frame: frame.tables,
        **tools,
    }
    exec(compile(text, f"<{kind.__name__}>", "exec"), names)  # the text of the user's class
    return names | plain_functions(kind)


def _undecorated(function: Callable[..., Any]) -> Callable[..., Any]:
    """Stand for a decorator that compiles."""
    return function


def _source(function: Callable[..., Any], renamed: dict[str, str], prefix: str) -> str:
    """Return a function's source with literal numbers and portable mathematics.

    Global numbers are replaced by their values.
    """
    node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(node, ast.FunctionDef)
    names = {name: new for name, new in renamed.items() if name in names_in(function)}
    node = _Rewrite(constants_of(function), names).visit(copy.deepcopy(node))
    node.name = prefix + function.__name__  # a copy may have another name than its source
    node.decorator_list = [ast.Name("function", ast.Load())]
    node.returns = None
    for argument in node.args.args:
        argument.annotation = None
    if ast.get_docstring(node) and len(node.body) > 1:
        node.body = node.body[1:]
    return ast.unparse(ast.fix_missing_locations(node))


class _Rewrite(ast.NodeTransformer):
    """Insert global numbers, rename functions and replace `math` functions.

    The replacements are portable.
    """

    def __init__(self, constants: dict[str, Any], renamed: dict[str, str]) -> None:
        self._constants, self._renamed = constants, renamed

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a global number, or the name of a function."""
        if isinstance(node.ctx, ast.Load) and node.id in self._constants:
            return ast.copy_location(ast.Constant(self._constants[node.id]), node)
        node.id = self._renamed.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Replace a function of `math`."""
        self.generic_visit(node)
        is_math = isinstance(node.value, ast.Name) and node.value.id == "math"
        if is_math and node.attr in PORTABLE:
            name = ast.Name("mathematics", ast.Load())
            return ast.copy_location(ast.Attribute(name, node.attr, ast.Load()), node)
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Replace a power whose exponent is not a small whole number."""
        self.generic_visit(node)
        exponent = node.right
        whole = isinstance(exponent, ast.Constant) and isinstance(exponent.value, int)
        if not isinstance(node.op, ast.Pow) or whole:
            return node
        name = ast.Attribute(ast.Name("mathematics", ast.Load()), "pow", ast.Load())
        return ast.copy_location(ast.Call(name, [node.left, node.right], []), node)
