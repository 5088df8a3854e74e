"""Noise of a spiking neuron, and the logistic function nearest to each kind.

Noise is a link function from the excess of the potential over the threshold (mV) to the
probability of a spike within one window. It is approximated by σ(beta · (excess − bias)).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import make_interp_spline
from scipy.optimize import minimize
from scipy.special import expit, ndtr

from bridge.neuron.passage import first_passage_probability
from bridge.utils.checks import as_floats, positive, require_choice
from bridge.utils.renamed import old_attributes, old_parameter
from neurosim import EscapeRate, NeurosimError

# β·σ that minimises the largest |Φ(x/σ) − σ(β x)|. Camilli 1994, J. Educ. Behav. Stat. 19:293.
PROBIT_SLOPE = 1.702

Link = Literal["softplus", "exponential"]
# Slope (per mV), bias (mV) and error of the nearest logistic function.
Nearest = tuple[float, float, float]


@old_attributes(shift="bias")
class Noise(ABC):
    """Link function from millivolts to the probability of a spike.

    Examples
    --------
    The logistic function closest to a probit link, with its largest error:

    >>> from bridge import GaussianNoise
    >>> noise = GaussianNoise(sigma=3.0)
    >>> round(noise.beta, 3), round(noise.bias, 3), round(noise.logistic_error, 4)
    (0.567, 0.0, 0.0095)
    """

    @property
    @abstractmethod
    def _nearest(self) -> Nearest:
        """The nearest logistic function."""

    @abstractmethod
    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of a spike, given potential − threshold (mV)."""

    @property
    def beta(self) -> float:
        """Slope of the nearest logistic function (per mV)."""
        return self._nearest[0]

    @property
    def bias(self) -> float:
        """Excess at which the nearest logistic function is 1/2 (mV)."""
        return self._nearest[1]

    @property
    def logistic_error(self) -> float:
        """Largest deviation of the firing probability from the nearest logistic function."""
        return self._nearest[2]


@dataclass(frozen=True)
class GaussianNoise(Noise):
    """Gaussian noise of the potential, drawn once per window: a probit link.

    Attributes
    ----------
    sigma : float
        Standard deviation (mV).

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import GaussianNoise
    >>> noise = GaussianNoise(sigma=3.0)
    >>> noise.firing_probability(np.array([-3.0, 0.0, 3.0])).round(3)
    array([0.159, 0.5  , 0.841])

    Slope of the logistic neuron with the most similar firing probability (per mV):

    >>> round(noise.beta, 3)
    0.567
    """

    sigma: float

    def __post_init__(self) -> None:
        positive(self.sigma, "GaussianNoise.sigma", "mV")

    @classmethod
    def of_slope(cls, beta: float) -> GaussianNoise:
        """Return the noise whose nearest logistic function has the slope `beta` (per mV)."""
        return cls(PROBIT_SLOPE / beta)

    @property
    def _nearest(self) -> Nearest:
        return PROBIT_SLOPE / self.sigma, 0.0, 0.0095

    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """Return Φ(excess/sigma), with excess = potential − threshold (mV)."""
        return ndtr(as_floats(excess, "excess") / self.sigma)


@dataclass(frozen=True)
class EscapeNoise(Noise):
    """Soft threshold: the potential sets the rate of spikes in the window.

    With x = excess/delta the rate is ln(1 + e^x) per window for the link "softplus", so that the
    probability 1 − exp(−rate) of a spike is exactly σ(x). For "exponential" it is e^x, which gives
    a complementary log-log link (escape noise: Gerstner et al. 2014, Neuronal Dynamics, ch. 9).

    Attributes
    ----------
    delta : float
        Width of the threshold (mV).
    link : {"softplus", "exponential"}

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import EscapeNoise
    >>> noise = EscapeNoise(delta=2.0)
    >>> noise.firing_probability(np.array([-2.0, 0.0, 2.0])).round(3)
    array([0.269, 0.5  , 0.731])
    >>> noise.beta
    0.5
    """

    delta: float
    link: Link = "softplus"

    def __post_init__(self) -> None:
        positive(self.delta, "EscapeNoise.delta", "mV")
        require_choice(self.link, "EscapeNoise.link", get_args(Link))

    @classmethod
    def of_slope(cls, beta: float) -> EscapeNoise:
        """Return the noise with a logistic firing probability of slope `beta` (1/mV)."""
        return cls(1.0 / beta)

    @property
    def _nearest(self) -> Nearest:
        beta, bias, error = (1.0, 0.0, 0.0) if self.link == "softplus" else _nearest_to_log_log()
        return beta / self.delta, bias * self.delta, error

    def rate(self, window: float) -> EscapeRate:
        """Return the neuron's escape rate if a window lasts `window` ms."""
        return EscapeRate(self.delta, window, self.link)

    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """Return σ(excess/delta) or 1 − exp(−e^(excess/delta)), with the excess in mV."""
        if self.link == "softplus":
            return expit(as_floats(excess, "excess") / self.delta)
        return -np.expm1(-self.rate(1.0).rate(excess))


@old_parameter("gap", "threshold_distance")
@old_attributes(gap="threshold_distance")
@dataclass(frozen=True)
class OrnsteinUhlenbeckNoise(Noise):
    """White current noise, filtered by the membrane to an Ornstein–Uhlenbeck process.

    The window starts when the input arrives. The potential then decays, with noise, and the neuron
    fires if it is above threshold at any step of the window.

    Attributes
    ----------
    sigma : float
        Stationary standard deviation of the free potential (mV).
    window : float
        Length of the window (ms).
    tau_m : float
        Membrane time constant (ms).
    threshold_distance : float
        Threshold − potential to which the membrane decays (mV).
    dt : float
        Simulation step (ms). The window must be a whole number of steps.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import OrnsteinUhlenbeckNoise
    >>> noise = OrnsteinUhlenbeckNoise(sigma=3.0, window=10.0)
    >>> noise.firing_probability(np.array([-5.0, 0.0, 5.0])).round(3)
    array([0.071, 0.562, 0.964])
    """

    sigma: float
    window: float = 20.0
    tau_m: float = 20.0
    threshold_distance: float = 15.0
    dt: float = 0.1

    def __post_init__(self) -> None:
        units = ("mV", "ms", "ms", "mV", "ms")
        for name, unit in zip(self.__dataclass_fields__, units, strict=True):
            positive(getattr(self, name), f"OrnsteinUhlenbeckNoise.{name}", unit)
        steps = self.window / self.dt
        if not (0.5 < steps <= 1e5 and abs(steps - round(steps)) < 1e-6 * steps):
            raise NeurosimError(
                f"OrnsteinUhlenbeckNoise.window = {self.window:g} ms holds {steps:g} steps of dt = "
                f"{self.dt:g} ms: give a whole number of steps from 1 to 100,000"
            )
        if not 1e-4 <= self.dt / self.tau_m <= 10.0:
            raise NeurosimError(
                f"OrnsteinUhlenbeckNoise.dt = {self.dt:g} ms is outside 0.0001 to 10 times tau_m = "
                f"{self.tau_m:g} ms"
            )

    @cached_property
    def _nearest(self) -> Nearest:
        excess = self.sigma * np.linspace(-6.0, 6.0, 481)
        return nearest_logistic(excess, self.firing_probability(excess))

    @cached_property
    def _curve(self) -> tuple[NDArray[np.float64], Callable[[NDArray], NDArray]]:
        """Nodes between which the probability changes, and a spline through it."""
        distance = self.threshold_distance
        nodes = np.arange(-distance / self.sigma - 3.0, 7.0, 0.25) * self.sigma
        decayed = np.exp(-self.dt / self.tau_m * np.arange(round(self.window / self.dt)))
        barrier = (distance - (nodes[:, None] + distance) * decayed) / self.sigma
        fired = first_passage_probability(barrier, math.exp(-self.dt / self.tau_m))
        return nodes, make_interp_spline(nodes, fired, k=5)

    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of a threshold crossing in any step of the window.

        Parameters
        ----------
        excess : array_like
            Potential − threshold at the start of the window (mV).

        Returns
        -------
        ndarray
            Shape of `excess`. Exact on the grid of steps, to 1e-6.
        """
        nodes, spline = self._curve
        return np.clip(spline(np.clip(excess, nodes[0], nodes[-1])), 0.0, 1.0)


# Noises that are determined by their slope.
NOISES: dict[str, type[GaussianNoise] | type[EscapeNoise]] = {
    "gaussian": GaussianNoise,
    "escape": EscapeNoise,
}


def nearest_logistic(excess: NDArray, probability: NDArray) -> Nearest:
    """Return the logistic function with the smallest maximum distance from a curve.

    Parameters
    ----------
    excess, probability : (n,) ndarray
        Abscissa (mV) and values of the curve.

    Returns
    -------
    beta : float
        Slope (per mV).
    bias : float
        Excess at which the function is 1/2 (mV).
    error : float
        Largest difference in probability.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.stats import norm
    >>> from bridge import nearest_logistic
    >>> excess = np.linspace(-15.0, 15.0, 301)
    >>> beta, bias, error = nearest_logistic(excess, norm.cdf(excess / 3.0))
    >>> round(beta, 3), round(error, 4)
    (0.567, 0.0095)
    """
    middle = float(np.interp(0.5, probability, excess))
    low, high = np.interp([0.25, 0.75], probability, excess)
    scale = max(float(high - low), 1e-9 * float(np.ptp(excess)))

    def error(point: NDArray[np.float64]) -> float:
        logistic = expit(math.exp(point[0]) * ((excess - middle) / scale - point[1]))
        return float(np.abs(logistic - probability).max())

    options: Any = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000}
    found = minimize(error, [math.log(2.2), 0.0], method="Nelder-Mead", options=options)
    return math.exp(found.x[0]) / scale, middle + scale * float(found.x[1]), float(found.fun)


@cache
def _nearest_to_log_log() -> Nearest:
    x = np.linspace(-12.0, 6.0, 3601)
    return nearest_logistic(x, -np.expm1(-np.exp(x)))


def window_probability(escape: EscapeRate, excess: ArrayLike, dt: float) -> NDArray[np.float64]:
    """Return the probability of a spike while the potential follows a time course.

    1 − exp(−Σ rate · dt), exact for a neuron whose threshold is tested once per step.

    Parameters
    ----------
    escape : EscapeRate
    excess : (n_steps, ...) array_like
        V − v_threshold at the end of each step (mV), without a spike.
    dt : float
        Step (ms).

    Returns
    -------
    (...) ndarray

    Examples
    --------
    A neuron whose potential stays 1 mV below the soft threshold for 20 ms:

    >>> import numpy as np
    >>> import neurosim as ns
    >>> from bridge import window_probability
    >>> escape = ns.EscapeRate(delta=2.0, tau=20.0)
    >>> round(float(window_probability(escape, np.full(200, -1.0), dt=0.1)), 3)
    0.378
    """
    positive(dt, "dt", "ms")
    return -np.expm1(-dt * escape.rate(excess).sum(axis=0))
