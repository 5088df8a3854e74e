"""Public name of `neurosim.experiments.scenario`."""

from neurosim.experiments.scenario import *
