"""Public names for scenarios: describe, find and run them."""

from neurosim.experiments.catalogue import (
    ENTRY_POINTS,
    GROUPS,
    all_scenarios,
    find_scenario,
    require_comparison,
    scenario_names,
    scenario_of_source,
)
from neurosim.experiments.run import ScenarioRun, check_duration, run, run_scenario
from neurosim.experiments.scenario import Comparison, RunOptions, S, Scenario
from neurosim.experiments.settings import BaseSettings, setting

__all__ = [
    "ENTRY_POINTS",
    "GROUPS",
    "BaseSettings",
    "Comparison",
    "RunOptions",
    "S",
    "Scenario",
    "ScenarioRun",
    "all_scenarios",
    "check_duration",
    "find_scenario",
    "require_comparison",
    "run",
    "run_scenario",
    "scenario_names",
    "scenario_of_source",
    "setting",
]
