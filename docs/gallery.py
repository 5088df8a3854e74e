"""Generate a gallery page for every installed scenario.

A page contains the description of the scenario, its commands, its figures from a short run, its
comparison and its code.
"""

from __future__ import annotations

import inspect
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurosim.scenario import GROUPS, Scenario, all_scenarios, run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HERE = Path(__file__).parent
PAGES = HERE / "scripts"
"""Folder of the scripts that sphinx-gallery runs."""
GALLERY = HERE / "gallery"
"""Folder of the pages that sphinx-gallery writes."""

SMALL: dict[str, str] = {
    "balanced-network": "duration=600.0, neurons=5000",
    "connectome": "duration=60_000.0",
    "cortical-column": "duration=700.0, scale=0.05",
    "grasshopper": "duration=10_000.0",
    "real-time-budget": "",
}
"""Arguments that shorten long scenarios; the others run with their defaults."""

PAGE = '''"""
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
done.figures
'''

COMPARISON = """
# %%
# Comparison with the abstract model
# ----------------------------------

done.comparison.figures()

# %%

for measure, value, note in done.comparison.rows:
    print(f"{measure:34} {value:38} {note}")
"""

CODE = """
# %%
# Code
# ----
#
# .. literalinclude:: {path}
#    :language: python
#
"""


def _folder(group: str) -> str:
    return group.lower().replace(" ", "-").replace(",", "")


def _page(scenario: Scenario[Any]) -> str:
    """Return the script of a scenario's page."""
    given = SMALL.get(scenario.name, "")
    lecture = (
        f"Row {scenario.row} of the lectures, from {scenario.source}. " if scenario.row else ""
    )
    text = PAGE.format(
        title=scenario.title,
        line="=" * len(scenario.title),
        description=scenario.description,
        source=lecture,
        name=scenario.name,
        compare=f"\n    neurosim compare {scenario.name}" if scenario.compare else "",
        call=f'"{scenario.name}"' + (f", {given}" if given else ""),
    )
    module = inspect.getmodule(scenario.network)
    main = sys.modules[f"scenarios.{scenario.name.replace('-', '_')}"]
    files = dict.fromkeys(Path(inspect.getfile(part)) for part in (main, module) if part)
    # Sphinx reads these paths from the folder of the page it makes of the script.
    above = "/../"
    code = "".join(CODE.format(path=f"{above}scenarios/{file.name}") for file in files)
    return text + (COMPARISON if scenario.compare else "") + code


def write_pages() -> None:
    """Write a script for every scenario, in one folder per group."""
    shutil.rmtree(PAGES, ignore_errors=True)
    scenarios = all_scenarios()
    for group in GROUPS:
        folder = PAGES / f"{GROUPS.index(group)}-{_folder(group)}"
        folder.mkdir(parents=True)
        (folder / "GALLERY_HEADER.rst").write_text(f"{group}\n{'-' * len(group)}\n")
        for place, scenario in enumerate(s for s in scenarios if s.group == group):
            name = scenario.name.replace("-", "_")
            (folder / f"plot_{place:02d}_{name}.py").write_text(_page(scenario))
    for page in GALLERY.rglob("plot_*.rst"):  # of scenarios that were removed or moved
        if not (PAGES / page.relative_to(GALLERY)).with_suffix(".py").exists():
            page.unlink()
    (PAGES / "GALLERY_HEADER.rst").write_text("Scenarios\n" + "=" * 9 + "\n")


def draw_derivation() -> None:
    """Draw the figure of the page "From a neuron to a logistic unit"."""
    figure = run("two-synapse-neuron").figures["derivation"]
    figure.savefig(PAGES / "derivation.png", dpi=120)


def save_figures(block: tuple, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figures returned by a code block (a scraper for sphinx-gallery)."""
    from sphinx_gallery.scrapers import figure_rst

    figures: dict[str, Figure] = block_vars["example_globals"].get("___") or {}
    block_vars["example_globals"]["___"] = None
    paths = []
    if isinstance(figures, dict):
        for figure, path in zip(figures.values(), block_vars["image_path_iterator"], strict=False):
            figure.savefig(path, dpi=120)
            paths.append(path)
    return figure_rst(paths, gallery_conf["src_dir"])


def _get_sg_image_scraper() -> object:
    """Return the scraper under the name that sphinx-gallery looks up."""
    return save_figures
