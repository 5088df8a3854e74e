"""Plot potentials, spike rasters and firing rates in one style.

Notebooks display the figures with any backend of matplotlib. In scripts that import pyplot,
``pyplot.show()`` shows them. They need no window system.
"""

from neurosim.plot.histogram import (
    draw_cv_histogram,
    draw_potential_histogram,
    draw_rate_histogram,
    potential_histogram,
    rates_and_cv,
)
from neurosim.plot.overview import overview
from neurosim.plot.painter import Painter
from neurosim.plot.raster import draw_population_rate, draw_raster, raster
from neurosim.plot.spectrum import draw_spectrum, field_potential
from neurosim.plot.style import (
    EXCITATORY,
    INHIBITORY,
    NEUTRAL,
    PALETTE,
    colour_of,
    figure,
    panels,
    set_title,
    signed_colours,
    style,
    time_axis,
)
from neurosim.plot.trace import draw_currents, draw_levels, draw_voltage, voltage_trace

__all__ = [
    "EXCITATORY",
    "INHIBITORY",
    "NEUTRAL",
    "PALETTE",
    "Painter",
    "colour_of",
    "draw_currents",
    "draw_cv_histogram",
    "draw_levels",
    "draw_population_rate",
    "draw_potential_histogram",
    "draw_raster",
    "draw_rate_histogram",
    "draw_spectrum",
    "draw_voltage",
    "field_potential",
    "figure",
    "overview",
    "panels",
    "potential_histogram",
    "raster",
    "rates_and_cv",
    "set_title",
    "signed_colours",
    "style",
    "time_axis",
    "voltage_trace",
]


def __dir__() -> list[str]:
    return __all__
