"""Inputs that send spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import optional, parameter
from neurosim.models.inputs.base import LATEST, TIMES, Input
from neurosim.models.inputs.poisson import SHARED
from neurosim.utils.checks import Array, check_array, is_scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Events = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]


def _spike_lists(values: Any, name: str, unit: str, low: float, high: float) -> Any:
    """Check a 1-D array or a sequence of them.

    A sequence becomes a tuple; None stays None.
    """

    def flat(array: Any) -> NDArray[np.float64]:
        array = check_array(array, name, unit, low, high, empty=True)
        if array.ndim != 1:
            kind = "times in ms" if unit else "factors"
            raise NeurosimError(f"{name} has shape {array.shape}: give a 1-D array of {kind}")
        return array

    nested = not is_scalar(values) and not all(map(is_scalar, values))
    return tuple(map(flat, values)) if nested else flat(values)


@dataclass(frozen=True, eq=False)
class SpikeTimes(Input):
    """Spikes at given times.

    Parameters
    ----------
    times : (n,) array_like, or sequence of them
        ms, in any order: one array for all targets, or one array per target. Times plus the delay
        of the drive are rounded to the nearest step of the time grid, halves up; the earliest
        arrival is at dt.
    factors : (n,) array_like, or sequence of them, optional
        Factor of any sign for each spike, which multiplies the strength of the drive. Default: 1.

    Examples
    --------
    One train per neuron:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 2, ns.LIF())
    >>> drive = net.drive(cells, ns.SpikeTimes([[10.0, 30.0], [20.0]]), psp=20.0)
    >>> spikes = ns.simulate(net, 50.0).spikes["cells"]
    >>> spikes.of(0), spikes.of(1)
    (array([10., 30.]), array([20.]))
    """

    sends_spikes = True
    times: Array = parameter(
        unit="ms",
        low=0.0,
        high=LATEST,
        help="one array for all targets, or one per target",
        check=_spike_lists,
    )
    factors: Array | None = parameter(
        None, "", -1e9, 1e9, "factor of the strength for each spike", check=optional(_spike_lists)
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factors is None:
            return
        lists = [x if isinstance(x, tuple) else (x,) for x in (self.times, self.factors)]
        shapes = [list(map(len, x)) for x in lists]
        if type(self.times) is not type(self.factors) or shapes[0] != shapes[1]:
            raise NeurosimError(
                "SpikeTimes.factors and SpikeTimes.times differ in shape: give one factor per spike"
            )

    @property
    def columns(self) -> int:
        """Number of spike trains: one per target, or 1 if all targets share it."""
        return len(self.times) if isinstance(self.times, tuple) else 1

    def check_targets(self, n_targets: int) -> None:
        """Raise an error if the number of spike trains and of targets differ.

        A list of one array fits one target only.
        """
        if isinstance(self.times, tuple) and n_targets > 1 == self.columns:
            self._refuse_targets(1, n_targets)
        super().check_targets(n_targets)

    def events(self) -> Events:
        """Return time (ms), target and factor of every spike; target −1: all targets."""
        each = isinstance(self.times, tuple)
        lists = self.times if each else (self.times,)
        factors = self.factors if each or self.factors is None else (self.factors,)
        lengths = [*map(len, lists)]
        times = np.concatenate([np.empty(0), *lists])
        targets = np.repeat(np.arange(len(lists)), lengths) if each else np.full(len(times), -1)
        if factors is None:
            return times, targets, np.ones(len(times))
        return times, targets, np.concatenate([np.empty(0), *factors])


@dataclass(frozen=True, eq=False)
class PulsePacket(Input):
    """Volleys of spikes that are normally distributed around given times.

    Spikes before time 0 are omitted.

    Parameters
    ----------
    times : (n,) array_like
        Increasing centres of the volleys (ms).
    activity : int
        Number of spikes of each volley that a target receives.
    sigma : float
        Standard deviation of spike times (ms).
    shared : bool
        Whether all targets receive the same spikes, as in NEST.

    References
    ----------
    M. Diesmann, M.-O. Gewaltig, A. Aertsen, *Stable propagation of synchronous spiking in cortical
    neural networks*, Nature 402, 529 (1999).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF())
    >>> packet = ns.PulsePacket([20.0, 60.0], activity=40, sigma=1.0)
    >>> drive = net.drive(cells, packet, psp=0.5)
    >>> ns.simulate(net, 100.0).spikes["cells"].counts().tolist() == [2] * 100
    True
    """

    sends_spikes = True
    times: Array = parameter(**TIMES | {"help": "centres of the volleys"})
    activity: int = parameter(unit="", low=1, high=1e6, help="spikes per volley and target")
    sigma: float = parameter(unit="ms", low=0.0, high=1e4, help="standard deviation of spike times")
    shared: bool = parameter(False, help=SHARED)

    def spike_times(self, n_targets: int, rng: np.random.Generator) -> SpikeTimes:
        """Return the spikes of all targets."""
        shape = (1 if self.shared else n_targets, len(self.times), self.activity)
        times = self.times[:, None] + self.sigma * rng.standard_normal(shape)
        trains = [train[train >= 0.0] for train in times.reshape(shape[0], -1)]
        return SpikeTimes(trains[0] if self.shared else trains)


@dataclass(frozen=True)
class LiveSpikes(Input):
    """Spikes that are sent by `Chunk.send` while the network runs.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cell = net.add("cell", 1, ns.LIF())
    >>> spikes = net.drive(cell, ns.LiveSpikes(), psp=16.0)
    >>> def on_chunk(chunk):
    ...     if chunk.stop == 20.0:
    ...         chunk.send(spikes, times=25.0)
    >>> result = ns.Simulation(net).stream(10.0, on_chunk, duration=50.0)
    >>> result.spikes["cell"].times
    array([25.])
    """

    is_live = True
    sends_spikes = True
