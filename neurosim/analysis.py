"""Public names of `neurosim.results.analysis` and `neurosim.results.field_potential`."""

from neurosim.results.analysis import *
from neurosim.results.analysis import __all__ as _of_spikes
from neurosim.results.field_potential import lfp_proxy

__all__ = [*_of_spikes, "lfp_proxy"]
