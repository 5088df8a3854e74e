"""Scenario files: a network, its run and its analysis in TOML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".toml"
"""Suffix of scenario files."""


@dataclass(frozen=True)
class Origin:
    """The original of a copied scenario file.

    Attributes
    ----------
    name : str
        Name of the scenario.
    folder : Path or None
        Folder of the edge lists that the file refers to. None if they are not available: a file
        that refers to some can then be plotted, but not run.
    """

    name: str
    folder: Path | None = None
