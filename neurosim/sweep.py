"""Public name of `neurosim.experiments.sweep`."""

from neurosim.experiments.sweep import *
from neurosim.experiments.sweep import __getattr__ as __getattr__
