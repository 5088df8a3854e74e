"""Sphinx: python -m sphinx -W -j 2 docs docs/_build."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

import gallery
import model_pages
import usage
from numpydoc.xref import DEFAULT_LINKS

import neurosim

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "neurosim"
author = copyright = "The neurosim developers"
version = release = neurosim.__version__

extensions = [
    "mathml",
    "model_pages",
    "usage",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "scripts", "tutorials"]
default_role = "py:obj"  # names in docstrings become links
smartquotes = False  # would turn the two hyphens of options into a dash

# Pages refer to no other host: they work without a network.
html_theme = "furo"
html_title = "neurosim"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_math_renderer = "mathml"

autosummary_generate = True
autosummary_context = {"hidden": partial(model_pages.hidden)}  # Sphinx cannot store functions
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = True  # types of parameters become links, if they are public names
numpydoc_xref_aliases = {name: name for name in DEFAULT_LINKS} | usage.public_names()
numpydoc_xref_ignore = "all"

gallery.write_scripts()
gallery.draw_derivation()
sphinx_gallery_conf = {
    "examples_dirs": [str(gallery.TUTORIALS), str(gallery.SCRIPTS)],
    "gallery_dirs": [gallery.LEARN, gallery.GALLERY.name],
    "filename_pattern": "/plot_",
    "image_scrapers": ("gallery",),
    "parallel": True,  # as many processes as sphinx -j has
    "capture_repr": (),
    "reset_modules": (),
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
    "abort_on_example_error": True,
    "nested_sections": True,
    "within_subsection_order": "FileNameSortKey",
    "write_computation_times": False,  # a page that loads scripts of another host
}


def setup(app: Sphinx) -> None:
    """Show the code of scenarios on their pages."""
    app.connect("source-read", gallery.append_code)
