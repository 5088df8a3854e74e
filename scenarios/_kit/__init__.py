"""Parts that scenarios share: settings, figures, trials and planes of inputs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bridge import Comparison, Measure
from neurosim.scenario import BaseSettings, RunOptions, Scenario, setting
from scenarios._kit.figures import (
    LOGISTIC,
    SPIKING,
    TRAINED,
    Panel,
    draw_levels,
    draw_measures,
    label,
    page,
    panel,
)
from scenarios._kit.lectures import lectures
from scenarios._kit.planes import Plane, draw_examples
from scenarios._kit.soft_threshold import SoftThreshold, soft_threshold
from scenarios._kit.text import estimate, listed, signed, weighted_sum
from scenarios._kit.training import best_fit
from scenarios._kit.trials import (
    add_trials,
    draw_fraction,
    group_trials,
    pool_trials,
    require_duration,
)

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Integers = NDArray[np.integer[Any]]

Findings = dict[str, Any]
"""What a scenario measures, by JSON key."""
Options = dict[str, Any]
"""Keyword arguments of a function that draws."""
Report = Sequence[str]
"""Sentences: the first states what was simulated, the others what was found."""

__all__ = [
    "LOGISTIC",
    "SPIKING",
    "TRAINED",
    "Axes",
    "BaseSettings",
    "Bools",
    "Comparison",
    "Figure",
    "Findings",
    "Floats",
    "Integers",
    "Measure",
    "Options",
    "Panel",
    "Plane",
    "Report",
    "RunOptions",
    "Scenario",
    "SoftThreshold",
    "add_trials",
    "best_fit",
    "draw_examples",
    "draw_fraction",
    "draw_levels",
    "draw_measures",
    "estimate",
    "group_trials",
    "label",
    "lectures",
    "listed",
    "page",
    "panel",
    "pool_trials",
    "require_duration",
    "setting",
    "signed",
    "soft_threshold",
    "weighted_sum",
]
