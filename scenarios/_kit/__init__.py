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
from scenarios._kit.layers import (
    ABSTRACT,
    DOTS,
    FITTED,
    Layer,
    bars,
    chart,
    curve,
    layer,
    level,
    potential,
)
from scenarios._kit.lectures import lectures
from scenarios._kit.lesson import lesson, simulation
from scenarios._kit.measures import known_mean, rows, trained_weights, with_error
from scenarios._kit.planes import Plane, draw_examples
from scenarios._kit.soft_threshold import draw_soft_threshold, threshold_panel
from scenarios._kit.text import estimate, listed, sentences, signed, weighted_sum
from scenarios._kit.trials import (
    activity,
    add_trials,
    draw_fraction,
    group_outputs,
    group_trials,
    pool_trials,
    ready_trials,
    require_both,
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

# What a scenario measures, by JSON key.
Findings = dict[str, Any]
# Keyword arguments of a function that draws.
Options = dict[str, Any]
# Sentences: the first states what was simulated, the others what was found.
Report = Sequence[str]
