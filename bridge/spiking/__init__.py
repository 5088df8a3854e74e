"""Conversion of abstract networks to networks of spiking neurons."""

from __future__ import annotations

import lazy_loader as lazy

from neurosim.utils.renamed import with_old_names

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
__getattr__ = with_old_names(
    __name__,
    __getattr__,
    {
        "spiking_twin": "to_spiking",
        "RateTwin": "RateCodedNetwork",
        "LatencyTwin": "LatencyCodedNetwork",
        "ChanceTwin": "ChanceCodedNetwork",
        "GroupTwin": "NeuronGroup",
        "SpikingTwin": "SpikingNetwork",
    },
)
