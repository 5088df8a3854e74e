"""List the scenarios and tutorials that use a name on its page of the reference."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import gallery
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

PACKAGES = ("neurosim", "bridge")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive ``.. used-in:: NAME``."""
    app.add_directive("used-in", UsedIn)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}


class UsedIn(Directive):
    """Links to the pages whose code uses a public name; nothing if there are none."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Return a rubric and a list of links."""
        env = self.state.document.settings.env
        pages = [p for p in gallery.pages() if p.docname in env.found_docs]
        wanted = identity(self.arguments[0])
        links = [_link(p) for p in pages if wanted in used_names(p.files)]
        if not links:
            return []
        items = nodes.bullet_list("", *links, classes=["used-in"])
        return [nodes.rubric("", "Used in"), items]


def _link(page: gallery.Page) -> nodes.list_item:
    """Return a link to a page, as an item of a list."""
    text = nodes.inline("", page.title)
    link = addnodes.pending_xref(
        "", text, refdomain="std", reftype="doc", reftarget=f"/{page.docname}", refexplicit=True
    )
    return nodes.list_item("", nodes.paragraph("", "", link))


def public_names() -> dict[str, str]:
    """Return the full names of all public classes, by name."""
    found = {}
    for package in (
        "bridge",
        "bridge.inference",
        "bridge.spiking",
        "neurosim.scenario",
        "neurosim",
    ):
        module = importlib.import_module(package)
        classes = (name for name in module.__all__ if isinstance(getattr(module, name), type))
        found |= {name: f"{package}.{name}" for name in classes}
    return found


@cache
def used_names(files: tuple[Path, ...]) -> frozenset[tuple[str, str]]:
    """Return the identities of the public names that Python files use."""
    return frozenset(
        found
        for file in files
        for name in _dotted_names(ast.parse(file.read_text(encoding="utf-8")))
        if (found := identity(name))
    )


@cache
def identity(dotted: str) -> tuple[str, str] | None:
    """Return module and qualified name of an object, however it was imported.

    None for modules, and for names that do not exist.
    """
    package, *attributes = dotted.split(".")
    try:
        value: Any = importlib.import_module(package)
        for attribute in attributes:
            value = getattr(value, attribute)
        return value.__module__, value.__qualname__
    except (ImportError, AttributeError):
        return None


def _dotted_names(tree: ast.AST) -> Iterator[str]:
    """Yield the full names of everything from the packages that code refers to."""
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package = alias.name.partition(".")[0]
                imported[alias.asname or package] = alias.name if alias.asname else package
        elif isinstance(node, ast.ImportFrom):
            imported |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    for node in ast.walk(tree):
        first, dot, rest = _dotted(node).partition(".")
        if imported.get(first, "").partition(".")[0] in PACKAGES:
            yield imported[first] + dot + rest


def _dotted(node: ast.AST) -> str:
    """Return "a.b.c" for such an expression, "" for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""
