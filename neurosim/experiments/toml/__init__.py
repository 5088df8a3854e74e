"""Scenarios as data: a network, its run and its analysis in a TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".toml"
"""How their names end."""


@dataclass(frozen=True)
class Origin:
    """What a copy of a scenario file is a copy of.

    Attributes
    ----------
    name : str
        What the scenario is called.
    folder : Path or None
        Where the files lie that it names, lists of edges. None where they are not at hand: a file
        that names some can then be drawn, but not run.
    """

    name: str
    folder: Path | None = None
