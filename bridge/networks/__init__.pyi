# Public names, imported when they are first used.

from .estimator import NetworkClassifier as NetworkClassifier
from .graph import Unit as Unit
from .graph import in_levels as in_levels
from .graph import neuron_graph as neuron_graph
from .imported import network_of as network_of
from .layer import Layer as Layer
from .network import LayeredNetwork as LayeredNetwork
from .starts import train_best as train_best
