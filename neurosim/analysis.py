"""Public name of `neurosim.results.analysis`."""

from neurosim.results.analysis import *
