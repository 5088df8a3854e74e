# Public names, imported when they are first used.

from .data.comparison import RecordingComparison as RecordingComparison
from .data.comparison import compare_recordings as compare_recordings
from .data.trains import BinnedTrains as BinnedTrains
from .data.trains import bin_trains as bin_trains
from .glm.bases import Basis as Basis
from .glm.bases import BSplines as BSplines
from .glm.bases import Laguerre as Laguerre
from .glm.bases import NoHistory as NoHistory
from .glm.bases import RaisedCosines as RaisedCosines
from .glm.bases import Steps as Steps
from .glm.families import Family as Family
from .glm.filtered_population import FilteredPopulation as FilteredPopulation
from .glm.pair_tests import PairTests as PairTests
from .glm.population import PopulationGLM as PopulationGLM
from .glm.rescaling import TimeRescaling as TimeRescaling
from .glm.rescaling import rescaling_plot as rescaling_plot
from .glm.rescaling import time_rescaling_test as time_rescaling_test
from .glm.synaptic_kernel import KernelBasis as KernelBasis
from .glm.synaptic_kernel import SynapticKernel as SynapticKernel
from .glm.templates import Templates as Templates
from .spike_triggered import SpikeTriggered as SpikeTriggered
