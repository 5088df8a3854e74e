"""Rules of long-term plasticity, one file each."""

from neurosim.models.plasticity.base import Plasticity
from neurosim.models.plasticity.stdp import STDP

__all__ = ["STDP", "Plasticity"]
