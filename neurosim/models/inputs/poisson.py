"""Poisson spike trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import optional, parameter
from neurosim.models.inputs.base import (
    EACH,
    LATEST,
    Input,
    check_length,
    increasing_times,
    number_or_array,
    per_target,
)
from neurosim.utils.checks import Array

if TYPE_CHECKING:
    from neurosim.models.inputs.base import Program

MAX_RATE = 1e8
"""Highest rate (Hz)."""
MAX_MEAN = 500.0
"""Largest expected number of Poisson spikes per step; above, exp(−mean) underflows."""


@dataclass(frozen=True, eq=False)
class Poisson(Input):
    """Poisson spike trains, independent for all targets.

    Parameters
    ----------
    rate : float or array_like
        Hz. Without `times` a number or (n_targets,). With `times` (n_times,) or
        (n_times, n_targets): rate[k] holds from times[k] to times[k + 1], and there are no spikes
        before times[0].
    times : (n_times,) array_like, optional
        Increasing (ms); rounded to the nearest step of the time grid, halves up.

    Examples
    --------
    Independent trains of 5 Hz for 100 neurons, whose rate doubles after 500 ms:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF())
    >>> drive = net.drive(cells, ns.Poisson([5.0, 10.0], times=[0.0, 500.0]), psp=20.0)
    >>> spikes = ns.simulate(net, 1000.0).spikes["cells"]
    >>> int(np.sum(spikes.times <= 500.0)), int(np.sum(spikes.times > 500.0))
    (222, 474)
    """

    sends_spikes = True
    rate: Array = parameter(unit="Hz", low=0.0, high=MAX_RATE, help=EACH, check=number_or_array)
    times: Array | None = parameter(
        None,
        "ms",
        0.0,
        LATEST,
        "times at which the rate changes",
        check=optional(increasing_times),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.times is None:
            per_target(self.rate, "Poisson.rate", "Hz")
        else:
            check_length(np.asarray(self.rate), "Poisson.rate", self.times)

    def check_step(self, dt: float) -> None:
        """Raise an error if the mean number of spikes per step is too large to draw."""
        most, highest = MAX_MEAN / dt * 1e3, float(np.max(self.rate))
        if highest > most:
            raise NeurosimError(
                f"Poisson.rate = {highest:g} Hz is above {most:g} Hz, {MAX_MEAN:g} spikes in a "
                f"step of {dt:g} ms: use fewer, stronger inputs or a current"
            )

    def changes(self) -> Program:
        """Return times and rates (Hz)."""
        times = np.zeros(1) if self.times is None else self.times
        return times, np.asarray(self.rate, float).reshape(len(times), -1)
