"""Sphinx: python -m sphinx -W docs docs/_build."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import gallery

import neurosim

project = "neurosim"
author = copyright = "The neurosim developers"
version = release = neurosim.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "scripts"]
html_theme = "furo"
html_title = "neurosim"
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False

gallery.write_pages()
gallery.draw_derivation()
sphinx_gallery_conf = {
    "examples_dirs": [str(gallery.PAGES)],
    "gallery_dirs": ["gallery"],
    "filename_pattern": "/plot_",
    "image_scrapers": ("gallery",),
    "capture_repr": (),
    "reset_modules": (),
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
    "abort_on_example_error": True,
    "nested_sections": True,
    "within_subsection_order": "FileNameSortKey",
    "min_reported_time": 5,
}
