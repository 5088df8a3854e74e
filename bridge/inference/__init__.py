"""Inference of synapses from spikes: connections, their strengths and signs.

`infer_synapses` fits each neuron's spikes by the filtered spikes of all others, its own last spike,
slow drives that neurons share, a smooth baseline and, if given, a stimulus. Its calls hold their
false discovery rate where the kernel suits the synapses and no faster input is shared; it warns
where the residuals show that this does not hold.

Examples
--------
>>> import numpy as np
>>> from bridge.inference import infer_synapses
>>> rng = np.random.default_rng(1)
>>> first = np.cumsum(rng.uniform(10.0, 200.0, 500))
>>> second = first[::2] + rng.uniform(1.0, 9.0, 250)
>>> found = infer_synapses([first, second], duration=first[-1] + 10.0)
>>> found.called().tolist()
[[False, True], [False, False]]
"""

from bridge.inference.connectome import Connectome
from bridge.inference.correlogram import Correlograms, Expectation, cross_correlation_z
from bridge.inference.infer import infer_synapses
from bridge.inference.kernel import SynapticKernel
from bridge.inference.score import existence_auc, membrane_beta, score_connectome
from bridge.inference.trains import BinnedTrains, bin_trains

__all__ = [
    "BinnedTrains",
    "Connectome",
    "Correlograms",
    "Expectation",
    "SynapticKernel",
    "bin_trains",
    "cross_correlation_z",
    "existence_auc",
    "infer_synapses",
    "membrane_beta",
    "score_connectome",
]
