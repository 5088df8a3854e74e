"""Parameter studies: run a scenario on a grid of settings.

Each point is run with several seeds.
"""

from typing import Any

from neurosim.experiments.sweep.description import describe, parse_grid, parse_seeds
from neurosim.experiments.sweep.folder import SweepFolder, is_sweep
from neurosim.experiments.sweep.grid import Axis, Sweep, format_cell
from neurosim.experiments.sweep.running import Places, sweep
from neurosim.experiments.sweep.table import Estimate, Failure, Table, read_table
from neurosim.utils.renamed import with_old_names

__all__ = [
    "Axis",
    "Estimate",
    "Failure",
    "Places",
    "Sweep",
    "SweepFolder",
    "Table",
    "describe",
    "format_cell",
    "is_sweep",
    "parse_grid",
    "parse_seeds",
    "read_table",
    "sweep",
]


def _find(name: str) -> Any:
    if name in globals():
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__getattr__ = with_old_names("neurosim.sweep", _find, {"written": "format_cell"})
