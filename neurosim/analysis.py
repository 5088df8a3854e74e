"""Public name of `neurosim.results.analysis`."""

from neurosim.results.analysis import *
from neurosim.results.analysis import __all__ as __all__
