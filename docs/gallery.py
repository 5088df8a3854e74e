"""Generate a gallery page for every installed scenario.

A page contains the description of the scenario, its commands, its figures from a short run, its
comparison with the abstract model, and its code.
"""

from __future__ import annotations

import ast
import inspect
import os
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.figure

from neurosim.plot.display import Figure
from neurosim.scenario import ENTRY_POINTS, GROUPS, Scenario, all_scenarios, run

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"
"""Folder of the scripts that sphinx-gallery runs."""
GALLERY = HERE / "gallery"
"""Folder of the pages that sphinx-gallery makes of them."""
TUTORIALS = HERE / "tutorials"
"""Folder of the tutorials, also scripts for sphinx-gallery."""
LEARN = "learn"
"""Name of the folder of the pages of the tutorials."""

SMALL: dict[str, str] = {
    "balanced-network": "duration=600.0, neurons=5000",
    "connectome": "duration=60_000.0",
    "cortical-column": "duration=700.0, scale=0.05",
    "grasshopper": "duration=10_000.0",
    "real-time-budget": "",
}
"""Arguments that shorten long scenarios; the others run with their defaults."""

PAGE = '''r"""
{title}
{line}

{description}

{source}Commands:

.. code-block:: console

    neurosim run {name}{compare}

``neurosim show {name}`` lists the settings.
"""

# %%
# Spiking simulation
# ------------------

from neurosim.scenario import run

done = run({call})
print(*done.report, sep="\\n")

# %%

for figure in done.figures.values():
    figure.show()
'''

HEADER = """
Scenarios
=========

A scenario is a small system to run and to read: a network, measurements, figures, and a comparison
with an abstract model. Its page shows figures and code. To run one with your own settings:

.. code-block:: console

    neurosim list
    neurosim show psp-summation
    neurosim run psp-summation --set psps=10,3,3
"""
"""First page of the gallery."""

COMPARISON = """
# %%
# Comparison with the abstract model
# ----------------------------------

for row in done.comparison.rows:
    print(" | ".join(filter(None, row)))
print(done.comparison.conclusion)

# %%

for figure in done.comparison.figures().values():
    figure.show()
"""

CODE = """
Code
----

{files}
"""
FILE = """
.. raw:: html

   <details{state}><summary>{name}</summary>

.. literalinclude:: {path}
   :language: python

.. raw:: html

   </details>
"""
FOOTER = ".. rst-class:: sphx-glr-timing"
"""First line of what sphinx-gallery appends to a page."""


@dataclass(frozen=True)
class Page:
    """A page whose code uses the packages.

    Attributes
    ----------
    docname : str
    title : str
    files : tuple of Path
        Files with the code.
    """

    docname: str
    title: str
    files: tuple[Path, ...]


@cache
def pages() -> tuple[Page, ...]:
    """Return the pages of tutorials and scenarios, in the order of the documentation."""
    lessons = (
        Page(f"{LEARN}/{file.stem}", _title(file), (file,))
        for file in sorted(TUTORIALS.glob("plot_*.py"))
    )
    return (*lessons, *(page for page, _ in _scenario_pages()))


def _title(file: Path) -> str:
    """Return the title of a script for sphinx-gallery: the first line of its docstring."""
    return file.read_text(encoding="utf-8").lstrip("r\"'\n").partition("\n")[0]


@cache
def _scenario_pages() -> tuple[tuple[Page, Scenario[Any]], ...]:
    """Return the pages of the scenarios, one folder per group."""
    found = []
    scenarios = all_scenarios()
    for k, group in enumerate(dict.fromkeys((*GROUPS, *(s.group for s in scenarios)))):
        folder = f"{k}-" + group.lower().replace(" ", "-").replace(",", "")
        for place, scenario in enumerate(s for s in scenarios if s.group == group):
            name = f"plot_{place:02d}_{scenario.name.replace('-', '_')}"
            page = Page(f"{GALLERY.name}/{folder}/{name}", scenario.title, sources(scenario))
            found.append((page, scenario))
    return tuple(found)


def sources(scenario: Scenario[Any]) -> tuple[Path, ...]:
    """Return the files of a scenario: its module and what that imports from the same folder."""
    modules = {point.name: point.module for point in entry_points(group=ENTRY_POINTS)}
    main = Path(inspect.getfile(sys.modules[modules[scenario.name]]))
    files = [main]
    for file in files:  # which grows
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            module = sys.modules.get(getattr(node, "module", None) or "")
            used = Path(getattr(module, "__file__", None) or "")
            if used.parent == main.parent and used not in files:
                files.append(used)
    return tuple(files)


def _script(scenario: Scenario[Any]) -> str:
    """Return the script of a scenario's page."""
    given = SMALL.get(scenario.name, "")
    lecture = f"Lecture topic {scenario.row}: {scenario.source}.\n\n" if scenario.row else ""
    text = PAGE.format(
        title=scenario.title,
        line="=" * len(scenario.title),
        description=scenario.description,
        source=lecture,
        name=scenario.name,
        compare=f"\n    neurosim compare {scenario.name}" if scenario.compare else "",
        call=f'"{scenario.name}"' + (f", {given}" if given else ""),
    )
    return text + (COMPARISON if scenario.compare else "")


def write_scripts() -> None:
    """Write a script for every scenario, in one folder per group."""
    shutil.rmtree(SCRIPTS, ignore_errors=True)
    for page, scenario in _scenario_pages():
        script = SCRIPTS / Path(page.docname).relative_to(GALLERY.name).with_suffix(".py")
        if not script.parent.exists():
            script.parent.mkdir(parents=True)
            header = f"{scenario.group}\n{'-' * len(scenario.group)}\n"
            (script.parent / "GALLERY_HEADER.rst").write_text(header, encoding="utf-8")
        script.write_text(_script(scenario), encoding="utf-8")
    (SCRIPTS / "GALLERY_HEADER.rst").write_text(HEADER, encoding="utf-8")
    for old in GALLERY.rglob("plot_*.rst"):  # of scenarios that were removed or moved
        if not (SCRIPTS / old.relative_to(GALLERY)).with_suffix(".py").exists():
            old.unlink()


def draw_derivation() -> None:
    """Draw the figure of the page "From a neuron to a logistic unit"."""
    figure = run("two-synapse-neuron").figures["derivation"]
    figure.savefig(SCRIPTS / "derivation.png", dpi=120)


def append_code(app: Sphinx, docname: str, source: list[str]) -> None:
    """Append its code to the page of a scenario, but not to the downloadable script."""
    for page, _ in _scenario_pages():
        if page.docname == docname:
            files = "".join(
                FILE.format(
                    path=_path_in_docs(file),
                    name="/".join(file.parts[-3:]),
                    state="" if k else " open",
                )
                for k, file in enumerate(page.files)
            )
            text, footer, rest = source[0].partition(FOOTER)
            source[0] = text + CODE.format(files=files) + "\n" + footer + rest


def _path_in_docs(file: Path) -> str:
    """Return a path as Sphinx reads it: from the folder of the documentation."""
    return "/" + Path(os.path.relpath(file, HERE)).as_posix()


def save_figures(block: tuple, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures that a code block returns or shows (a scraper of sphinx-gallery)."""
    from sphinx_gallery.scrapers import figure_rst

    values = [*_shown, block_vars["example_globals"].get("___")]
    _shown.clear()
    block_vars["example_globals"]["___"] = None
    figures = [value for value in values if hasattr(value, "savefig")]
    text = ""
    for figure, path in zip(figures, block_vars["image_path_iterator"], strict=False):
        figure.savefig(path, dpi=120, bbox_inches="tight")
        # One by one: sphinx-gallery shows several pictures of a block as small ones, two abreast.
        text += figure_rst([path], gallery_conf["src_dir"])
    return text


def _get_sg_image_scraper() -> object:
    """Return the scraper under the name that sphinx-gallery looks up."""
    return save_figures


_shown: list[matplotlib.figure.Figure] = []
"""Figures that `Figure.show`, which opens a window or displays in a notebook, is to show."""
# When this module is imported, because sphinx-gallery may run scripts in other processes.
matplotlib.figure.Figure.show = Figure.show = lambda self, warn=True: _shown.append(self)
