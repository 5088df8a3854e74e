# Public names, imported when they are first used.

from .data.trains import BinnedTrains as BinnedTrains
from .data.trains import bin_trains as bin_trains
from .fitting.fit import fit_neuron as fit_neuron
from .fitting.result import NeuronFit as NeuronFit
from .glm.synaptic_kernel import SynapticKernel as SynapticKernel
