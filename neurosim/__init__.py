"""Simulate networks of spiking neurons in physical units.

Examples
--------
>>> import neurosim as ns
>>> net = ns.Network()
>>> cell = net.add("cell", 1, ns.LIF())
>>> drive = net.drive(cell, ns.SpikeTimes([10.0]), psp=16.0)
>>> result = ns.simulate(net, duration=50.0)
>>> float(result.spikes["cell"].times[0])
10.0
"""

from __future__ import annotations

import lazy_loader as lazy

from neurosim.utils.failure import install_hook
from neurosim.utils.launcher import launched_by_mpi
from neurosim.utils.renamed import with_old_names

if launched_by_mpi():
    # Before anything can fail: the other processes would wait for this one for ever.
    install_hook()

__version__ = "0.1.0"

# Describing a network needs neither the compiler nor the file library, and the command must be
# able to report that there is no memory for NumPy.
__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
__getattr__ = with_old_names(__name__, __getattr__, {"spread_over": "use_mpi"})
