# Public names, imported when they are first used.

from .connectome import Connectome as Connectome
from .correlogram import Correlograms as Correlograms
from .correlogram import Expectation as Expectation
from .correlogram import cross_correlation_z as cross_correlation_z
from .infer import infer_synapses as infer_synapses
from .recorded import BinnedTrains as BinnedTrains
from .recorded import SynapticKernel as SynapticKernel
from .recorded import bin_trains as bin_trains
from .score import existence_auc as existence_auc
from .score import membrane_beta as membrane_beta
from .score import score_connectome as score_connectome
