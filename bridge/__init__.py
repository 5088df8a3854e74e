"""Map spiking neurons to logistic neurons and back, and train and compare them."""

from __future__ import annotations

import lazy_loader as lazy

from neurosim.utils.renamed import with_old_names

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
__getattr__ = with_old_names(
    __name__,
    __getattr__,
    {
        "Descent": "OptimizeResult",
        "FilteredTwin": "FilteredNeuron",
        "compare_worlds": "compare_neurons",
        "threshold_gap": "threshold_distance",
    },
)
