"""Parameter studies: a scenario at all points of a grid of settings, with several seeds each."""

from neurosim.experiments.sweep.description import describe, parse_grid, parse_seeds
from neurosim.experiments.sweep.folder import SweepFolder, is_sweep
from neurosim.experiments.sweep.grid import Axis, Sweep, written
from neurosim.experiments.sweep.running import Places, sweep
from neurosim.experiments.sweep.table import Estimate, Failure, Table, read_table

__all__ = [
    "Axis",
    "Estimate",
    "Failure",
    "Places",
    "Sweep",
    "SweepFolder",
    "Table",
    "describe",
    "is_sweep",
    "parse_grid",
    "parse_seeds",
    "read_table",
    "sweep",
    "written",
]
