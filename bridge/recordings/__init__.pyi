# Public names, imported when they are first used.

from .data.comparison import RecordingComparison as RecordingComparison
from .data.comparison import compare_recordings as compare_recordings
from .data.trains import BinnedTrains as BinnedTrains
from .data.trains import bin_trains as bin_trains
from .decoding.decoder import LogisticDecoder as LogisticDecoder
from .decoding.decoding import Decoding as Decoding
from .decoding.decoding import StimulusDecoding as StimulusDecoding
from .decoding.features import filtered_counts as filtered_counts
from .decoding.features import trial_counts as trial_counts
from .decoding.readout import SpikingReadout as SpikingReadout
from .decoding.stimulus import StimulusDecoder as StimulusDecoder
from .glm.filtered_population import FilteredPopulation as FilteredPopulation
from .glm.rescaling import TimeRescaling as TimeRescaling
from .glm.rescaling import rescaling_plot as rescaling_plot
from .glm.rescaling import time_rescaling_test as time_rescaling_test
from .glm.synaptic_kernel import SynapticKernel as SynapticKernel
