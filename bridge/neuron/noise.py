"""Noise that makes firing a matter of chance, and how nearly each kind is logistic.

Each noise is a link: from the excess u − gap of the potential over the threshold, in millivolts, to
the probability to fire within one window. Its logistic twin is σ(beta · (excess − shift)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.optimize import minimize
from scipy.special import expit, ndtr

from bridge.neuron.passage import first_passage_probability
from bridge.utils.checks import as_float, as_floats
from neurosim import EscapeRate, NeurosimError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

PROBIT_SLOPE = 1.702
"""β·σ at which the largest |Φ(x/σ) − σ(β x)| is smallest.

Camilli 1994, J. Educ. Behav. Stat. 19:293.
"""

Link = Literal["softplus", "exponential"]


class Noise(Protocol):
    """What makes the threshold a matter of chance: a link from millivolts to probability."""

    @property
    def beta(self) -> float:
        """Slope of the logistic twin (per mV)."""

    @property
    def shift(self) -> float:
        """Excess at which the logistic twin has probability 1/2 (mV)."""

    @property
    def logistic_error(self) -> float:
        """Largest difference in probability between the neuron and its logistic twin."""

    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """Probability to fire, given u − gap (mV)."""


@dataclass(frozen=True)
class GaussianNoise:
    """Gaussian noise of the potential, drawn once per window: a probit link.

    Attributes
    ----------
    sigma : float
        Standard deviation (mV).
    """

    sigma: float

    def __post_init__(self) -> None:
        require_positive("GaussianNoise.sigma", self.sigma, "mV")

    @classmethod
    def of_slope(cls, beta: float) -> GaussianNoise:
        """Return the noise whose logistic twin has the slope `beta` (per mV)."""
        return cls(PROBIT_SLOPE / beta)

    @property
    def beta(self) -> float:
        """Slope of the logistic twin (per mV)."""
        return PROBIT_SLOPE / self.sigma

    @property
    def shift(self) -> float:
        """None: the link is symmetric about the threshold."""
        return 0.0

    @property
    def logistic_error(self) -> float:
        """Largest distance of Φ(x) from σ(1.702 x)."""
        return 0.0095

    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """Φ(excess/sigma), with excess = u − gap (mV)."""
        return ndtr(as_floats(excess, "excess") / self.sigma)


@dataclass(frozen=True)
class EscapeNoise:
    """A soft threshold: a rate of firing in the window that the potential sets.

    With x = (u − gap)/delta the rate is ln(1 + e^x) per window for the link "softplus", which makes
    the probability 1 − exp(−rate) of a spike exactly σ(x); for "exponential" it is e^x, which makes
    a complementary log-log link (escape noise: Gerstner et al. 2014, Neuronal Dynamics, ch. 9).

    Attributes
    ----------
    delta : float
        Width of the threshold (mV).
    link : {"softplus", "exponential"}
    """

    delta: float
    link: Link = "softplus"

    def __post_init__(self) -> None:
        require_positive("EscapeNoise.delta", self.delta, "mV")
        if self.link not in get_args(Link):
            raise NeurosimError(
                f"EscapeNoise.link = {self.link!r} is unknown: give one of "
                f"{', '.join(get_args(Link))}"
            )

    @classmethod
    def of_slope(cls, beta: float) -> EscapeNoise:
        """Return the noise whose logistic twin, here exact, has the slope `beta` (per mV)."""
        return cls(1.0 / beta)

    @property
    def beta(self) -> float:
        """Slope of the logistic twin (per mV)."""
        return self._twin[0] / self.delta

    @property
    def shift(self) -> float:
        """Excess at which the logistic twin has probability 1/2 (mV)."""
        return self._twin[1] * self.delta

    @property
    def logistic_error(self) -> float:
        """0 for "softplus"; the largest difference from the nearest logistic otherwise."""
        return self._twin[2]

    @property
    def _twin(self) -> tuple[float, float, float]:
        return (1.0, 0.0, 0.0) if self.link == "softplus" else _twin_of_log_log()

    def rate(self, window: float) -> EscapeRate:
        """Return the neuron's escape rate where a window lasts `window` ms."""
        return EscapeRate(self.delta, window, self.link)

    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """σ(excess/delta), or 1 − exp(−e^(excess/delta)), with excess = u − gap (mV)."""
        if self.link == "softplus":
            return expit(as_floats(excess, "excess") / self.delta)
        return -np.expm1(-self.rate(1.0).rate(excess))


@dataclass(frozen=True)
class OrnsteinUhlenbeckNoise:
    """White current noise, which the membrane turns into an Ornstein–Uhlenbeck process.

    The window begins when the input arrives. From then on the potential decays, the noise goes on,
    and the neuron fires if at any step of the window it finds itself above threshold. That is more
    often than Φ of its first chance alone.

    Attributes
    ----------
    sigma : float
        Stationary standard deviation of the free potential (mV).
    window : float
        ms.
    tau_m : float
        Membrane time constant (ms), of noise and of decay.
    gap : float
        From the potential that the membrane decays to, up to the threshold (mV).
    dt : float
        Step of the simulation (ms), a whole number of which make the window.
    """

    sigma: float
    window: float = 20.0
    tau_m: float = 20.0
    gap: float = 15.0
    dt: float = 0.1

    def __post_init__(self) -> None:
        for name, unit in (
            ("sigma", "mV"),
            ("window", "ms"),
            ("tau_m", "ms"),
            ("gap", "mV"),
            ("dt", "ms"),
        ):
            require_positive(f"OrnsteinUhlenbeckNoise.{name}", getattr(self, name), unit)
        steps = self.window / self.dt
        if not (0.5 < steps <= 1e5 and abs(steps - round(steps)) < 1e-6 * steps):
            raise NeurosimError(
                f"OrnsteinUhlenbeckNoise.window = {self.window:g} ms holds {steps:g} steps of dt = "
                f"{self.dt:g} ms: give a whole number of them, from 1 to 100,000"
            )
        if not 1e-4 <= self.dt / self.tau_m <= 10.0:
            raise NeurosimError(
                f"OrnsteinUhlenbeckNoise.dt = {self.dt:g} ms is outside 0.0001 to 10 times tau_m = "
                f"{self.tau_m:g} ms: give a step of that order"
            )

    @property
    def beta(self) -> float:
        """Slope of the logistic twin (per mV), the nearest one over all potentials."""
        return self._twin[0]

    @property
    def shift(self) -> float:
        """Excess at which the logistic twin has probability 1/2 (mV): below 0."""
        return self._twin[1]

    @property
    def logistic_error(self) -> float:
        """Largest difference in probability from the nearest logistic function."""
        return self._twin[2]

    @cached_property
    def _twin(self) -> tuple[float, float, float]:
        excess = self.sigma * np.linspace(-6.0, 6.0, 481)
        return nearest_logistic(excess, self.firing_probability(excess))

    @cached_property
    def _curve(self) -> tuple[NDArray[np.float64], Callable[[NDArray], NDArray]]:
        """Excesses between which the probability changes, and a spline through it there."""
        nodes = np.arange(-self.gap / self.sigma - 3.0, 7.0, 0.25) * self.sigma
        decayed = np.exp(-self.dt / self.tau_m * np.arange(round(self.window / self.dt)))
        barrier = (self.gap - (nodes[:, None] + self.gap) * decayed) / self.sigma
        fired = first_passage_probability(barrier, math.exp(-self.dt / self.tau_m))
        return nodes, make_interp_spline(nodes, fired, k=5)

    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """Probability to be above threshold at one step of the window or more.

        Parameters
        ----------
        excess : array_like
            u − gap at the begin of the window (mV).

        Returns
        -------
        ndarray
            Of the shape of `excess`; exact for the grid of steps, to 1e-6.
        """
        nodes, spline = self._curve
        return np.clip(spline(np.clip(excess, nodes[0], nodes[-1])), 0.0, 1.0)


NOISES: dict[str, type[GaussianNoise] | type[EscapeNoise]] = {
    "gaussian": GaussianNoise,
    "escape": EscapeNoise,
}
"""Noises that a slope determines."""


def nearest_logistic(excess: NDArray, probability: NDArray) -> tuple[float, float, float]:
    """Return slope, shift and error of the logistic function nearest to a curve.

    Nearest means that the largest difference in probability is smallest.

    Parameters
    ----------
    excess, probability : (n,) ndarray
        mV, and the curve there.

    Returns
    -------
    beta : float
        Per mV.
    shift : float
        mV.
    error : float
    """
    middle = float(np.interp(0.5, probability, excess))
    low, high = np.interp([0.25, 0.75], probability, excess)
    scale = max(float(high - low), 1e-9 * float(np.ptp(excess)))

    def off(point: NDArray[np.float64]) -> float:
        twin = expit(math.exp(point[0]) * ((excess - middle) / scale - point[1]))
        return float(np.abs(twin - probability).max())

    options: Any = {"xatol": 1e-9, "fatol": 1e-12, "maxiter": 2000}
    found = minimize(off, [math.log(2.2), 0.0], method="Nelder-Mead", options=options)
    return math.exp(found.x[0]) / scale, middle + scale * float(found.x[1]), float(found.fun)


@cache
def _twin_of_log_log() -> tuple[float, float, float]:
    x = np.linspace(-12.0, 6.0, 3601)
    return nearest_logistic(x, -np.expm1(-np.exp(x)))


def window_probability(escape: EscapeRate, excess: ArrayLike, dt: float) -> NDArray[np.float64]:
    """Return the probability that a soft threshold is crossed while the potential moves.

    1 − exp(−Σ rate · dt), exact for a neuron that is tested once a step.

    Parameters
    ----------
    escape : EscapeRate
    excess : (n_steps, ...) array_like
        V − v_threshold at the end of each step (mV), without a spike.
    dt : float
        ms.

    Returns
    -------
    (...) ndarray
    """
    require_positive("dt", dt, "ms")
    return -np.expm1(-dt * escape.rate(excess).sum(axis=0))


def require_positive(name: str, value: float, unit: str) -> None:
    """Refuse what is not a finite number above 0."""
    if not (math.isfinite(as_float(value, name)) and value > 0):
        raise NeurosimError(f"{name} = {value:g} {unit} is not a finite number above 0 {unit}")
