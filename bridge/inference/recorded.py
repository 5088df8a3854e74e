"""Names of `bridge.recordings` that `bridge.inference` also exports."""

from bridge.recordings.data.trains import BinnedTrains as BinnedTrains
from bridge.recordings.data.trains import bin_trains as bin_trains
from bridge.recordings.glm.synaptic_kernel import SynapticKernel as SynapticKernel
