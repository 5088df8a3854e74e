"""Plot potentials, spike rasters and firing rates in one style, without a window system."""

from neurosim.plot.histogram import (
    draw_cv_histogram,
    draw_potential_histogram,
    draw_rate_histogram,
    potential_histogram,
    rates_and_cv,
)
from neurosim.plot.raster import draw_population_rate, draw_raster, raster
from neurosim.plot.style import (
    EXCITATORY,
    INHIBITORY,
    NEUTRAL,
    PALETTE,
    colour_of,
    figure,
    panels,
    style,
)
from neurosim.plot.trace import draw_currents, draw_voltage, voltage_trace

__all__ = [
    "EXCITATORY",
    "INHIBITORY",
    "NEUTRAL",
    "PALETTE",
    "colour_of",
    "draw_currents",
    "draw_cv_histogram",
    "draw_population_rate",
    "draw_potential_histogram",
    "draw_raster",
    "draw_rate_histogram",
    "draw_voltage",
    "figure",
    "panels",
    "potential_histogram",
    "raster",
    "rates_and_cv",
    "style",
    "voltage_trace",
]
