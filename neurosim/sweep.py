"""Public name of `neurosim.experiments.sweep`."""

from neurosim.experiments.sweep import *
