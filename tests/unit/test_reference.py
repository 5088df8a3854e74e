"""The reference documentation lists every public name, each with an example."""

from __future__ import annotations

import importlib
import inspect
import math
import re
import sys
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import neurosim as ns
from neurosim.models.declare import parameters_of
from neurosim.models.registry import Part, is_builtin

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MODULES = (
    "neurosim",
    "neurosim.analysis",
    "neurosim.plot",
    "neurosim.scenario",
    "neurosim.sweep",
    "bridge",
    "bridge.classics",
    "bridge.inference",
    "bridge.networks",
    "bridge.recordings",
    "bridge.spiking",
)
DEPRECATED = {"Places"}


def public(module: str) -> dict[str, Any]:
    """Return the public classes and functions of a module, and its type aliases."""
    names = importlib.import_module(module).__all__
    found = {name: getattr(sys.modules[module], name) for name in names}
    return {
        name: value
        for name, value in found.items()
        if (callable(value) or typing.get_origin(value))
        and not isinstance(value, (ModuleType, typing.TypeVar))
        and name not in DEPRECATED
    }


def in_reference() -> dict[tuple[str, str], Any]:
    """Return the objects that the pages of the reference list, by module and name."""
    found = {}
    for page in (DOCS / "reference").glob("*.rst"):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith(".. currentmodule:: "):
                module = line.split()[-1]
            elif name := re.fullmatch(r"   ([\w.]+)", line):
                value: Any = importlib.import_module(module)
                for part in name[1].split("."):
                    value = getattr(value, part)
                found[module, name[1]] = value
    return found


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_reference(module: str) -> None:
    listed = list(in_reference().values())
    assert [name for name, value in public(module).items() if value not in listed] == []


@pytest.mark.parametrize("module", [*MODULES, "bridge.datasets"])
def test_every_name_in_the_reference_has_an_example(module: str) -> None:
    without = [
        name
        for (owner, name), value in in_reference().items()
        if owner == module
        and not typing.get_origin(value)
        and "Examples\n--------\n" not in (inspect.getdoc(value) or "")
    ]
    assert without == []


def test_every_page_of_the_reference_is_in_its_index() -> None:
    index = (DOCS / "api.rst").read_text(encoding="utf-8")
    for page in (DOCS / "reference").glob("*.rst"):
        assert f"   reference/{page.stem}\n" in index


def test_every_public_model_is_in_the_reference() -> None:
    listed = list(in_reference().values())
    names = {getattr(ns, name) for name in ns.__all__ if isinstance(getattr(ns, name), type)}
    models = {kind for kind in Part.registry.values() if is_builtin(kind)} & names
    assert len(models) > 25
    assert models <= set(listed)


NUMBER = r"(-?[\d.,]*\d(?:e[+-]?\d+)?)"


@pytest.mark.parametrize("kind", [k for k in Part.registry.values() if is_builtin(k)])
def test_ranges_in_docstrings_are_those_declared(kind: type[Part]) -> None:
    documented = _documented_parameters(kind)
    for name, declared in parameters_of(kind).items():
        text = documented.get(name, "") if math.isfinite(declared.high) else ""
        text = text.replace("−", "-")
        for low, high in re.findall(rf"(?<![\w.+-]){NUMBER} to {NUMBER}", text):
            limits = (float(low.replace(",", "")), float(high.replace(",", "")))
            assert limits == (declared.low, declared.high), f"{kind.__name__}.{name}"


def _documented_parameters(kind: type[Part]) -> dict[str, str]:
    """Return the text on parameters in a docstring; of several together, on the first."""
    docstring = inspect.getdoc(kind) or ""
    section = docstring.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    texts = re.findall(r"^([\w, ]+)(?: :[^\n]*)?\n((?:    [^\n]*\n?)+)", section, re.MULTILINE)
    return {names.partition(",")[0]: text for names, text in texts}
