"""Poisson spike trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter
from neurosim.models.inputs.base import (
    EACH,
    RATE_TIMES,
    START,
    STOP,
    PiecewiseRate,
    TimedInput,
    number_or_array,
    per_target,
    sinusoid,
)
from neurosim.utils.checks import Array

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_RATE = 1e8
"""Highest rate (Hz)."""
MAX_MEAN = 500.0
"""Largest expected number of Poisson spikes per step; above, exp(−mean) underflows."""


SHARED = "whether all targets receive the same spikes"


def check_rate(name: str, rate: float, dt: float) -> None:
    """Raise an error if the mean number of spikes per step is too large to draw."""
    most = MAX_MEAN / dt * 1e3
    if rate > most:
        raise NeurosimError(
            f"{name} = {rate:g} Hz is above {most:g} Hz, {MAX_MEAN:g} spikes in a "
            f"step of {dt:g} ms: use fewer, stronger inputs or a current"
        )


@dataclass(frozen=True, eq=False)
class Poisson(PiecewiseRate):
    """Poisson spike trains, independent for all targets or shared.

    Parameters
    ----------
    rate : float or array_like
        Hz. Without `times` a number or (n_targets,). With `times` (n_times,) or
        (n_times, n_targets): rate[k] holds from times[k] to times[k + 1], and there are no spikes
        before times[0].
    times : (n_times,) array_like, optional
        Increasing (ms); rounded to the nearest step of the time grid, halves up.
    shared : bool
        Whether all targets receive the same spikes. Then they share one rate.

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
    times: Array | None = parameter(**RATE_TIMES)
    shared: bool = parameter(False, help=SHARED)

    def check_step(self, dt: float) -> None:
        """Raise an error if the mean number of spikes per step is too large to draw."""
        check_rate("Poisson.rate", float(np.max(self.rate)), dt)


@dataclass(frozen=True, eq=False)
class SinusoidalPoisson(TimedInput):
    r"""Poisson spike trains with a sinusoidal rate.

    The rate at time t is

    .. math:: \lambda(t) = \max\bigl(0,\; r + A \sin(2\pi f t + \varphi)\bigr)

    It is constant within a time step, with the value at its beginning. The phase refers to time 0,
    also if the input starts later.

    Notes
    -----
    If the amplitude exceeds the rate, the mean rate is above `rate`.

    Examples
    --------
    Input of 10 Hz, from 90 to 110 Hz for the first neuron and from 0 to 200 Hz for the second:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 2, ns.LIF())
    >>> source = ns.SinusoidalPoisson(100.0, amplitude=[10.0, 100.0], frequency=10.0)
    >>> drive = net.drive(cells, source, psp=2.0)
    """

    rate: Array = parameter(unit="Hz", low=0.0, high=MAX_RATE, help="mean rate", check=per_target)
    amplitude: Array = parameter(
        unit="Hz", low=0.0, high=MAX_RATE, help="amplitude of the rate", check=per_target
    )
    frequency: Array = parameter(unit="Hz", low=0.0, high=1e5, help="frequency", check=per_target)
    phase: Array = parameter(0.0, "", -1e5, 1e5, "phase at time 0 (radians)", check=per_target)
    shared: bool = parameter(False, help=SHARED)
    start: float = parameter(**START)
    stop: float | None = parameter(**STOP)

    def check_step(self, dt: float) -> None:
        """Raise an error if the mean number of spikes per step is too large to draw."""
        check_rate("The highest rate of SinusoidalPoisson", self.highest_rate, dt)

    @property
    def highest_rate(self) -> float:
        """Highest rate (Hz)."""
        return float(np.max(np.add(self.rate, self.amplitude)))

    def rates(self, times: NDArray, n_targets: int, rng: np.random.Generator) -> NDArray:
        """Return the rates (Hz) in the time steps that begin at `times`."""
        rates = sinusoid(times, self.rate, self.amplitude, self.frequency, self.phase)
        return np.maximum(rates, 0.0)
