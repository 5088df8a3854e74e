"""Distributions of parameters, strengths, delays and initial potentials.

Values are drawn when a network is built, each as a function of the seed and of the synapse or
neuron.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import ndtr, ndtri

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter
from neurosim.models.registry import Part
from neurosim.utils.checks import check_number
from neurosim.utils.frozen import set_fields

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_MASS = 1e-6
"""Smallest probability mass that truncation may leave."""
FARTHEST = 8.3
"""Largest deviation of a normal number in standard deviations; its tail probability is 2⁻⁵³."""
LEAST_SPREAD = 1e-6
"""Smallest ratio of s.d. to mean of a log-normal distribution; its inverse is the largest."""


def _number(value: Any, name: str, *_: Any) -> float:
    return check_number(value, name, "its unit")


def _bound(value: Any, name: str, *_: Any) -> float:
    """Return a bound, which may be infinite."""
    if isinstance(value, (float, np.floating)) and math.isinf(value):
        return float(value)
    return _number(value, name)


class Distribution(Part, ABC, abstract=True):
    """Base class of distributions with bounds."""

    mean: float
    low: float
    high: float

    def _check(self) -> None:
        low, high = self.bounds
        if not low < high:
            raise NeurosimError(
                f"{type(self).__name__}: low = {low:g} is not below high = {high:g}: lower low or "
                "raise high"
            )
        left, right = self.quantiles()
        if right - left < LEAST_MASS:
            raise NeurosimError(
                f"{self} has almost no values between its bounds {low:g} and {high:g}: widen them"
            )

    @property
    def bounds(self) -> tuple[float, float]:
        """Lower and upper bound."""
        return self.low, self.high

    @property
    def sign(self) -> int:
        """Sign of all values that are not 0: +1 or −1; 0 if both signs are possible."""
        low, high = self.bounds
        return int(low >= 0.0) - int(high <= 0.0)

    @abstractmethod
    def cdf(self, x: float) -> float:
        """Probability of a value at or below x, before truncation."""

    def quantiles(self) -> tuple[float, float]:
        """Cumulative probabilities at the lower and upper bound, before truncation."""
        low, high = self.bounds
        return self.cdf(low), self.cdf(high)

    def cdfs(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `cdf` of each element of an array, bit-identical to `cdf`."""
        return np.array([self.cdf(value) for value in x.tolist()])

    def scaled(self, factor: float) -> Self:
        """Return the distribution of `factor` · x."""
        if check_number(factor, "factor", "") == 0.0:
            raise NeurosimError("factor = 0: give the number 0 instead of a distribution")
        low, high = sorted((self.low * factor, self.high * factor))
        return replace(self, low=low, high=high, **self._scaled_moments(factor))  # type: ignore[type-var]

    def _scaled_moments(self, factor: float) -> dict[str, float]:
        """Return the parameters, except bounds, of the distribution of `factor` · x."""
        return {}

    @property
    @abstractmethod
    def location_scale(self) -> tuple[float, float]:
        """Location and scale of x, or of log ``|x|`` for a log-normal distribution."""

    @abstractmethod
    def sample(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert uniform numbers from 0 to 1 to values by inversion."""

    def _within(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map 0 to 1 onto the probabilities between the bounds."""
        low, high = self.quantiles()
        return low + u * (high - low)

    @property
    def extent(self) -> tuple[float, float]:
        """Lowest and highest value that can be drawn."""
        low, high = self._tails()
        return max(low, self.bounds[0]), min(high, self.bounds[1])

    @abstractmethod
    def _tails(self) -> tuple[float, float]:
        """Lowest and highest value that can be drawn if there are no bounds."""

    def truncated(self, low: float, high: float) -> Self:
        """Return the distribution truncated to low to high.

        Raises
        ------
        NeurosimError
            If almost no values are in this range.
        """
        lower, upper = self.bounds
        return replace(self, low=max(low, lower), high=min(high, upper))  # type: ignore[type-var]


@dataclass(frozen=True)
class _WithMoments(Distribution, abstract=True):
    """Base class of truncated distributions with parameters `mean` and `sd`."""

    least_sd: ClassVar[float] = math.ulp(0.0)
    mean: float = parameter(help="mean before truncation", check=_number)
    sd: float = parameter(help="standard deviation before truncation", check=_number)
    low: float = parameter(-math.inf, help="lower bound", check=_bound)
    high: float = parameter(math.inf, help="upper bound", check=_bound)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sd < self.least_sd:
            raise NeurosimError(
                f"{type(self).__name__}.sd = {self.sd:g} is not above 0: give a positive sd, or a "
                "plain number"
            )

    def _scaled_moments(self, factor: float) -> dict[str, float]:
        return {"mean": self.mean * factor, "sd": self.sd * abs(factor)}


@dataclass(frozen=True)
class Normal(_WithMoments):
    """A truncated normal distribution.

    Parameters
    ----------
    mean, sd : float
        Before truncation, in the unit of the quantity. With sd = 0 all values equal the mean.
    low, high : float
        Bounds of the values.

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF(tau_m=ns.Normal(20.0, 2.0, low=10.0)))
    >>> projection = net.connect(cells, cells, ns.FixedProbability(0.1), psp=ns.Normal(0.5, 0.1))
    """

    least_sd = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check()

    def cdf(self, x: float) -> float:
        """Probability of a value at or below x, before truncation."""
        if self.sd == 0.0:
            return float(x >= self.mean)
        return float(ndtr((x - self.mean) / self.sd))

    def quantiles(self) -> tuple[float, float]:
        """Cumulative probabilities at the lower and upper bound, before truncation."""
        if self.sd == 0.0:  # a bound at the mean does not exclude it
            return 0.0, float(self.low <= self.mean <= self.high)
        return super().quantiles()

    def cdfs(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `cdf` of each element of an array, bit-identical to `cdf`."""
        return ndtr((x - self.mean) / self.sd) if self.sd > 0.0 else super().cdfs(x)

    @property
    def location_scale(self) -> tuple[float, float]:
        """Mean and standard deviation, before truncation."""
        return self.mean, self.sd

    def sample(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert uniform numbers from 0 to 1 to values by inversion."""
        return self.mean + self.sd * ndtri(self._within(u))

    def _tails(self) -> tuple[float, float]:
        return self.mean - FARTHEST * self.sd, self.mean + FARTHEST * self.sd

    @property
    def sign(self) -> int:
        """Sign of all values that are not 0: +1 or −1; 0 if both signs are possible."""
        return int(np.sign(self.mean)) if self.sd == 0.0 else super().sign


@dataclass(frozen=True)
class Uniform(Distribution):
    """A uniform distribution.

    Parameters
    ----------
    low, high : float
        In the unit of the quantity.

    Examples
    --------
    Potentials at time 0 between reset and threshold:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 100, ns.LIF(), v_init=ns.Uniform(-70.0, -55.0))
    """

    low: float = parameter(help="lowest value", check=_number)
    high: float = parameter(help="highest value", check=_number)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check()

    @property
    def mean(self) -> float:  # type: ignore[override]
        """Mean value."""
        return 0.5 * (self.low + self.high)

    def cdf(self, x: float) -> float:
        """Probability of a value at or below x."""
        return min(max((x - self.low) / (self.high - self.low), 0.0), 1.0)

    def cdfs(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `cdf` of each element of an array, bit-identical to `cdf`."""
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)

    @property
    def location_scale(self) -> tuple[float, float]:
        """Lowest value and range."""
        return self.low, self.high - self.low

    def sample(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert uniform numbers from 0 to 1 to values."""
        return self.low + (self.high - self.low) * self._within(u)

    def _tails(self) -> tuple[float, float]:
        return self.bounds


@dataclass(frozen=True)
class LogNormal(_WithMoments):
    """A truncated log-normal distribution.

    Parameters
    ----------
    mean, sd : float
        Mean and standard deviation of the value, not of its logarithm, before truncation. With a
        negative mean, the negative of the value is log-normal, as for inhibitory strengths.
    low, high : float
        Bounds of the values.

    Examples
    --------
    Strengths with a heavy tail, and inhibitory ones:

    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc, inh = net.add("exc", 80, ns.LIF()), net.add("inh", 20, ns.LIF())
    >>> one = net.connect(exc, inh, ns.FixedProbability(0.1), psp=ns.LogNormal(0.5, 0.5))
    >>> two = net.connect(inh, exc, ns.FixedProbability(0.1), psp=ns.LogNormal(-1.0, 0.5))
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mean == 0.0:
            raise NeurosimError("LogNormal.mean = 0: give a positive or negative mean")
        spread = self.sd / abs(self.mean)
        check_number(spread, "LogNormal.sd / LogNormal.mean", "", LEAST_SPREAD, 1 / LEAST_SPREAD)
        positive = self.mean > 0.0
        bound = {"low": max(self.low, 0.0)} if positive else {"high": min(self.high, 0.0)}
        set_fields(self, **bound)
        self._check()

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm."""
        return math.sqrt(math.log1p((self.sd / self.mean) ** 2))

    @property
    def mu(self) -> float:
        """Mean of the logarithm of the absolute value."""
        return math.log(abs(self.mean)) - 0.5 * self.sigma**2

    def _log_cdf(self, x: float) -> float:
        if x <= 0.0:
            return 0.0
        return float(ndtr((math.log(x) - self.mu) / self.sigma)) if math.isfinite(x) else 1.0

    def cdf(self, x: float) -> float:
        """Probability of a value at or below x, before truncation."""
        return self._log_cdf(x) if self.mean > 0.0 else 1.0 - self._log_cdf(-x)

    def quantiles(self) -> tuple[float, float]:
        """Cumulative probabilities at the bounds of ``|x|``, before truncation."""
        low, high = self.bounds if self.mean > 0.0 else (-self.high, -self.low)
        return self._log_cdf(low), self._log_cdf(high)

    @property
    def location_scale(self) -> tuple[float, float]:
        """Mean and standard deviation of log ``|x|``, before truncation."""
        return self.mu, self.sigma

    def sample(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert uniform numbers from 0 to 1 to values by inversion."""
        return np.copysign(np.exp(self.mu + self.sigma * ndtri(self._within(u))), self.mean)

    def _tails(self) -> tuple[float, float]:
        near, far = (math.exp(self.mu + z * self.sigma) for z in (-FARTHEST, FARTHEST))
        return (near, far) if self.mean > 0.0 else (-far, -near)
