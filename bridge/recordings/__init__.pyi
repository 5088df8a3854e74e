# Public names, imported when they are first used.

from .data.trains import BinnedTrains as BinnedTrains
from .data.trains import bin_trains as bin_trains
from .glm.synaptic_kernel import SynapticKernel as SynapticKernel
