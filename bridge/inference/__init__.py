"""Inference of synapses from spikes: connections, their strengths and signs.

`infer_synapses` fits the spikes of each neuron by the filtered spikes of all others, its last
spike, shared slow drives, a smooth baseline and optionally a stimulus. The false discovery rate is
controlled if the kernel fits the synapses and no fast input is shared; otherwise a warning reports
structure in the residuals.

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

from __future__ import annotations

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
