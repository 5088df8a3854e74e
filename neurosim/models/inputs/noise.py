"""Inputs of noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter
from neurosim.models.inputs.base import CURRENT, START, STOP, Input, TimedInput, per_target
from neurosim.models.quantity import bounds_of
from neurosim.utils.checks import Array

if TYPE_CHECKING:
    from neurosim.models.neuron import Neuron


class NoiseCurrent(TimedInput, abstract=True):
    r"""Base class of Gaussian noise currents, independent for all targets.

    Every `hold` time steps the current of a target becomes

    .. math:: I \leftarrow \mu + a\,(I - \mu) + \sigma\sqrt{1 - a^2}\;\xi

    with standard normal numbers ξ. At `start` it is drawn from the stationary distribution.
    """

    def decay(self, dt: float) -> Any:
        """Return the factor a for a time step (ms)."""
        return 0.0

    def hold(self, dt: float) -> float:
        """Return the time (ms) for which the current is constant."""
        return dt


@dataclass(frozen=True, eq=False)
class WhiteNoiseCurrent(NoiseCurrent):
    r"""White noise: a Gaussian current that is redrawn at regular intervals.

    Its values are independent between intervals and targets, and constant within an interval.

    Notes
    -----
    The variance of the membrane potential depends on the interval: with T the interval and
    :math:`R = \tau_m / C` the membrane resistance, it is

    .. math:: \mathrm{Var}\,V = R^2\sigma^2 \tanh\frac{T}{2\tau_m}
              \approx \frac{T\,\tau_m\,\sigma^2}{2C^2}

    at the ends of the intervals. A shorter interval with the same `sigma` is weaker noise. For the
    same effect multiply `sigma` by the square root of the ratio of the intervals, or use
    `MembraneNoise`, which does not depend on the time step.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF())
    >>> noise = net.drive(cells, ns.WhiteNoiseCurrent(300.0, mean=200.0, interval=1.0))
    >>> recording = net.record(noise, "current", interval=1.0)
    >>> values = ns.simulate(net, 100.0).inputs[noise].values
    >>> round(float(values.mean()), -1), round(float(values.std()), -1)
    (200.0, 300.0)
    """

    sigma: Array = parameter(
        unit="pA", low=0.0, high=1e9, help="standard deviation", check=per_target
    )
    mean: Array = parameter(0.0, **CURRENT, help="mean", check=per_target)
    interval: float = parameter(
        1.0, "ms", 1e-3, 1e9, "time between changes, a multiple of the time step"
    )
    start: float = parameter(**START)
    stop: float | None = parameter(**STOP)

    def check_step(self, dt: float) -> None:
        """Raise an error if the interval is not a multiple of the time step."""
        n = self.interval / dt
        if abs(n - max(round(n), 1)) > 1e-6:
            raise NeurosimError(
                f"WhiteNoiseCurrent.interval = {self.interval:g} ms is not a multiple of the time "
                f"step dt = {dt:g} ms: give {max(round(n), 1) * dt:g} ms, for example"
            )

    def hold(self, dt: float) -> float:
        """Return the interval."""
        return self.interval


@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeckCurrent(NoiseCurrent):
    r"""Noise with an exponential autocorrelation, an Ornstein–Uhlenbeck process.

    .. math::
        dI = \frac{\mu - I}{\tau}\,dt + \sigma\sqrt{\frac{2}{\tau}}\,dW, \qquad
        \langle I(t)\,I(t + s)\rangle - \mu^2 = \sigma^2 e^{-|s|/\tau}

    The values at time steps are exact. The current begins in its stationary distribution.

    Notes
    -----
    Without threshold, the potential of a LIF neuron has the variance
    :math:`R^2\sigma^2\,\tau/(\tau + \tau_m)`.

    References
    ----------
    D. T. Gillespie, *Exact numerical simulation of the Ornstein-Uhlenbeck process and its
    integral*, Physical Review E 54, 2084 (1996).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF())
    >>> noise = net.drive(cells, ns.OrnsteinUhlenbeckCurrent(100.0, tau=5.0, mean=150.0))
    >>> recording = net.record(noise, "current", interval=20.0)
    >>> values = ns.simulate(net, 1000.0).inputs[noise].values
    >>> round(float(values.mean()), -1), round(float(values.std()), -1)
    (150.0, 100.0)
    """

    sigma: Array = parameter(
        unit="pA", low=0.0, high=1e9, help="standard deviation", check=per_target
    )
    tau: Array = parameter(unit="ms", low=1e-3, high=1e9, help="correlation time", check=per_target)
    mean: Array = parameter(0.0, **CURRENT, help="mean", check=per_target)
    start: float = parameter(**START)
    stop: float | None = parameter(**STOP)

    def decay(self, dt: float) -> Any:
        """Return the factor a for a time step (ms)."""
        return np.exp(-dt / np.asarray(self.tau))


@dataclass(frozen=True)
class MembraneNoise(Input):
    """White noise of the membrane potential, independent for every target.

    Parameters
    ----------
    sigma : float
        Stationary standard deviation (mV) of the membrane potential without threshold, an
        Ornstein–Uhlenbeck process with time constant τ_m.

    Examples
    --------
    Without threshold, the potential has the given standard deviation:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 500, ns.LIF(v_threshold=0.0))
    >>> noise = net.drive(cells, ns.MembraneNoise(sigma=3.0))
    >>> recording = net.record(cells, "v", interval=100.0)
    >>> values = ns.simulate(net, 200.0).traces["cells", "v"].values
    >>> round(float(values[-1].std()), 1)
    3.0
    """

    is_noise = True
    sigma: float = parameter(
        unit="mV", low=0.0, high=1e3, help="standard deviation of the potential without threshold"
    )

    def check_neuron(self, neuron: Neuron, name: str) -> None:
        """Raise an error if the potential has no stationary distribution."""
        if not neuron.is_linear:
            raise NeurosimError(
                f"MembraneNoise supports LIF neurons, and {name!r} has {type(neuron).__name__}: "
                "use Poisson spikes or an OrnsteinUhlenbeckCurrent"
            )
        if bounds_of(neuron.tau_m)[1] == math.inf:
            raise NeurosimError(
                f"MembraneNoise needs a leak, which {name!r} does not have: its potential has no "
                "stationary sigma; use Poisson spikes or an OrnsteinUhlenbeckCurrent"
            )
