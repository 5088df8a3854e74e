"""Write the parameters, states and traces of a model into its page, as the class declares them."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import math
import operator
import re
from typing import TYPE_CHECKING, Any

from numpydoc.docscrape import NumpyDocString

import neurosim as ns
from neurosim.models.declare import (
    BOUNDLESS,
    KEY,
    Parameter,
    potentials_of,
    signals_of,
    states_of,
    traces_of,
)
from neurosim.models.neuron import FIXED_STEPS, Neuron
from neurosim.models.registry import Part, address_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sphinx.application import Sphinx

NUMBER = r"−?-?[\d.,]*\d(?:e[+-]?\d+)?"
RANGE = re.compile(rf",? ?(?<![\w.])({NUMBER}) (?:to ({NUMBER})|or more)(?![\w])")
"""A range in a description, such as ", 0.1 to 1000"."""

TABLE = (".. list-table::", "   :header-rows: 1", "   :class: model", "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Replace the section "Parameters" of models, before numpydoc formats, and the signatures."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", _process, priority=400)
    app.connect("autodoc-process-signature", _signature)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}


def is_model(kind: Any) -> bool:
    """Return whether an object is a class that describes part of a network."""
    return (
        isinstance(kind, type)
        and issubclass(kind, Part)
        and Part.registry.get(address_of(kind)) is kind
    )


def hidden(module: str, name: str) -> str:
    """Return the members of a model that only implement the interface of its base class."""
    kind: Any = operator.attrgetter(name)(importlib.import_module(module))
    if not is_model(kind):
        return ""
    interface = {name for base in kind.__mro__[1:] for name in vars(base)}
    interface |= set(getattr(kind, "signatures", ()))
    return ", ".join(name for name in vars(kind) if name in interface)


def tables(kind: type[Part]) -> list[str]:
    """Return the declarations of a model as reStructuredText."""
    text: list[str] = []
    if rows := list(_parameters(kind)):
        text += _table("Parameters", ("Name", "Default", "Unit", "Range", "Description"), rows)
    if states := states_of(kind):
        rows = [
            (f"``{name}``", state.unit, _initial(state.initial), _sentence(state.help))
            for name, state in states.items()
        ]
        text += _table("State variables", ("Name", "Unit", "Initial value", "Description"), rows)
    if traces := traces_of(kind):
        rows = [
            (
                f"``{name}``",
                f"{trace.side}synaptic{', nearest' * trace.nearest}",
                _initial(trace.tau, " ms"),
            )
            for name, trace in traces.items()
        ]
        text += _table("Traces of spikes", ("Name", "Spikes", "Time constant"), rows)
    if signals := signals_of(kind):
        rows = [(f"``{name}``", _initial(one.tau, " ms")) for name, one in signals.items()]
        text += _table("Signals", ("Name", "Time constant"), rows)
    if potentials := potentials_of(kind):
        rows = [
            (f"``{name}``", _initial(one.tau, " ms"), _initial(one.delay, " ms"))
            for name, one in potentials.items()
        ]
        text += _table("Postsynaptic potentials", ("Name", "Time constant", "Delay"), rows)
    return text + _facts(kind)


def _parameters(kind: type[Part]) -> Iterable[tuple[str, ...]]:
    """Yield the rows of the table of parameters."""
    entries = NumpyDocString(kind.__doc__ or "")["Parameters"]
    described = {name: e for e in entries for name in e.name.split(", ")}
    for field in dataclasses.fields(kind):
        declared = field.metadata.get(KEY, Parameter("", -math.inf, math.inf, ""))
        entry = described.get(field.name)
        type_, text = (entry.type, " ".join(entry.desc)) if entry else ("", "")
        if not text or (declared.help and "," in entry.name):  # described with others
            text = declared.help
        if not (field.init and text):
            continue
        yield (
            f"``{field.name}``",
            _default(field),
            declared.unit.replace("*", "·"),
            _range(declared, str(field.type)),
            _description(type_, text, declared, issubclass(kind, Neuron)),
        )


def _default(field: dataclasses.Field) -> str:
    if field.default is not dataclasses.MISSING:
        value = field.default
        return _number(value) if isinstance(value, float) else f"``{value!r}``"
    return "*required*" if field.default_factory is dataclasses.MISSING else ""


def _range(declared: Parameter, annotated: str) -> str:
    """Return the allowed values."""
    if annotated.startswith("Literal["):
        choices = ast.literal_eval(annotated.removeprefix("Literal"))
        return ", ".join(f"``{choice!r}``" for choice in choices)
    low, high = declared.low, declared.high
    if abs(low) >= BOUNDLESS:
        return ""
    return f"{_number(low)} " + (f"to {_number(high)}" if high < BOUNDLESS else "or more")


def _number(value: float) -> str:
    return f"{value:,.7g}"


def _description(type_: str, text: str, declared: Parameter, is_neuron: bool) -> str:
    """Return a description without unit and range, which have their own columns."""
    text = text.replace(f" ({declared.unit})", "") if declared.unit else text
    text = RANGE.sub(lambda found: "" if _is_range(found, declared) else found.group(), text)
    text = re.sub(rf"^{re.escape(declared.unit)}[;,.] *", "", text) if declared.unit else text
    usual = is_neuron and type_.startswith("float")
    plain = type_ in ("", "float", "int", "bool", "str") or type_.startswith("{")
    before = "" if usual or plain else f"*{type_.replace('*', '')}.* "
    return before + _sentence(text.lstrip(" ,;:"))


def _is_range(found: re.Match[str], declared: Parameter) -> bool:
    """Return whether a range in a text is the declared one."""
    low, high = (float((n or "inf").replace(",", "").replace("−", "-")) for n in found.groups())
    return low == declared.low and (high == declared.high or min(high, declared.high) >= BOUNDLESS)


def _sentence(text: str) -> str:
    """Return a text with a full stop and, unless it starts with a symbol, a capital."""
    text = text.strip()
    if re.match(r"[a-z]+[ ,.]|[a-z]+$", text):
        text = text[0].upper() + text[1:]
    return text and text.removesuffix(".") + "."


def _initial(value: float | str, unit: str = "") -> str:
    return f"``{value}``" if isinstance(value, str) else f"{value:g}{unit}"


def _facts(kind: type[Part]) -> list[str]:
    """Return sentences on what follows from the class."""
    text = []
    if issubclass(kind, Neuron):
        recordable = ns.Network().add("cell", 1, kind()).recordables()
        names = (
            f"``{name}`` ({unit})" if unit else f"``{name}``" for name, unit in recordable.items()
        )
        text.append(f"Variables that can be recorded: {', '.join(names)}.")
        if issubclass(kind, ns.NeuronModel):
            text.append(_integration(kind))
        else:
            text.append(
                "Integration: exact at the time steps; with synapses that have equations as chosen "
                "by :ref:`options <options>`."
            )
    if issubclass(kind, ns.Synapse):
        text.append(f"Weights are in {kind.unit}.")
    return [line for sentence in text for line in (sentence, "")]


def _integration(kind: type[ns.NeuronModel]) -> str:
    """Return a sentence on the integration of a neuron model."""
    if hasattr(kind, "step"):
        return "Integration: one update per time step, defined by the model."
    steps = "adaptive steps"
    if kind.method in FIXED_STEPS:
        steps = f"steps of at most {kind.substep:g} ms"
    options = "``method`` and other :ref:`options <options>` change it."
    return f"Integration: ``{kind.method}``, in {steps}. {options}"


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table as reStructuredText, without columns that are empty."""
    kept = [k for k in range(len(header)) if any(row[k] for row in rows)]
    lines = [
        f".. rubric:: {title}",
        "",
        ".. list-table::",
        "   :header-rows: 1",
        "   :class: model",
        "",
    ]
    for row in (header, *rows):
        lines += [f"   {'*' if k == kept[0] else ' '} - {row[k]}" for k in kept]
    return [*lines, ""]


def _process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Replace the section on parameters in the docstring of a model."""
    if what != "class" or not is_model(obj):
        return
    underlines = [k for k, line in enumerate(lines) if re.fullmatch(r"-{3,}", line.strip())]
    starts = [k - 1 for k in underlines] + [len(lines)]
    at = next((k for k in starts[:-1] if lines[k].strip() == "Parameters"), starts[0])
    end = starts[starts.index(at) + 1] if at < len(lines) and lines[at] == "Parameters" else at
    del lines[at:end]
    first = min(starts[0], at)
    lines[first:first] = ["", *tables(obj)]


def _signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, arguments: str, returns: str
) -> tuple[str, None] | None:
    """Return the signature of a model, which Sphinx would read from `Neuron.__new__`."""
    if what != "class" or not is_model(obj):
        return None
    shown = inspect.signature(obj).parameters.values()
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in shown]
    return str(inspect.Signature(plain)), None
