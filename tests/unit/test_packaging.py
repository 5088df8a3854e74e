"""The conda recipe and pyproject.toml agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"matplotlib": "matplotlib-base"}


def test_conda_recipe_has_the_version_and_the_requirements_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    recipe = (ROOT / "conda" / "recipe.yaml").read_text(encoding="utf-8")
    run = re.search(r"  run:\n((?:    - .*\n)+)", recipe)[1]
    required = {
        CONDA_NAMES.get(name, name) + bound
        for name, bound in (re.split(r"(?=>=)", line) for line in project["dependencies"])
    }
    listed = {line.removeprefix("    - ").replace(" ", "") for line in run.splitlines()}
    assert listed == required | {"python>=${{python_min}}"}
    assert f"version: {project['version']}\n" in recipe
    assert f"summary: {project['description']}\n" in recipe
    command, entry = next(iter(project["scripts"].items()))
    assert f"- {command} = {entry}\n" in recipe
    variants = (ROOT / "conda" / "variants.yaml").read_text(encoding="utf-8")
    assert f'"{project["requires-python"].removeprefix(">=")}"' in variants
