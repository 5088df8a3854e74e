# Public names, imported when they are first used.

from .balanced import Balanced as Balanced
from .balanced import balance as balance
from .chance_code import ChanceCodedNetwork as ChanceCodedNetwork
from .circuit import SpikingCircuit as SpikingCircuit
from .circuit import Strengths as Strengths
from .circuit import strengths as strengths
from .convert import to_spiking as to_spiking
from .diagnosis import LayerLoss as LayerLoss
from .diagnosis import diagnose as diagnose
from .latency_code import LatencyCodedNetwork as LatencyCodedNetwork
from .neuron_groups import NeuronGroup as NeuronGroup
from .neuron_groups import sigmoids_of as sigmoids_of
from .rate_code import RateCodedNetwork as RateCodedNetwork
from .spiking_network import SpikingNetwork as SpikingNetwork
from .spiking_network import connect_copies as connect_copies
from .spiking_network import fired_at as fired_at
