"""Distributions that strengths, delays and initial potentials can be drawn from.

A description only: the numbers are drawn when a network is built, each as a function of the seed
and of the synapse or neuron that it belongs to.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import ndtr, ndtri

from neurosim.errors import NeurosimError
from neurosim.models.declare import parameter
from neurosim.models.registry import Part
from neurosim.utils.checks import check_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_MASS = 1e-6
"""Truncation that leaves less of a distribution is taken for a mistake."""
FARTHEST = 8.3
"""Standard deviations beyond which nothing is drawn from a normal distribution: 2⁻⁵³ lies there."""
LEAST_SPREAD = 1e-6
"""Smallest and, inverted, largest ratio of s.d. to mean of a log-normal distribution."""


def _number(value: Any, what: str, *_: Any) -> float:
    return check_number(value, what, "its unit")


def _bound(value: Any, what: str, *_: Any) -> float:
    """Return a bound, which may be infinite."""
    if isinstance(value, (float, np.floating)) and math.isinf(value):
        return float(value)
    return _number(value, what)


class Distribution(Part, ABC, abstract=True):
    """Base class of distributions: bounds, and the mass between them."""

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
                f"{self} has next to nothing between its bounds {low:g} and {high:g}: widen them"
            )

    @property
    def bounds(self) -> tuple[float, float]:
        """Lower and upper bound."""
        return self.low, self.high

    @property
    def sign(self) -> int:
        """+1 or −1 where all values have that sign or are 0; 0 where both signs are possible."""
        low, high = self.bounds
        return int(low >= 0.0) - int(high <= 0.0)

    @abstractmethod
    def cdf(self, x: float) -> float:
        """Probability of a value at or below x, before truncation."""

    def quantiles(self) -> tuple[float, float]:
        """Probabilities below the lower and below the upper bound, before truncation."""
        low, high = self.bounds
        return self.cdf(low), self.cdf(high)

    def cdfs(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `cdf` of many values, with the same bits."""
        return np.array([self.cdf(value) for value in x.tolist()])

    @abstractmethod
    def scaled(self, factor: float) -> Self:
        """Return the distribution of `factor` times the value."""

    @property
    @abstractmethod
    def location_scale(self) -> tuple[float, float]:
        """Location and scale: of the value, or of the logarithm of its size."""

    @abstractmethod
    def sample(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn uniform numbers from 0 to 1 into values, by inversion."""

    def _within(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map 0 … 1 to the probabilities between the bounds."""
        low, high = self.quantiles()
        return low + u * (high - low)

    @property
    def extent(self) -> tuple[float, float]:
        """Lowest and highest value that can be drawn."""
        low, high = self._tails()
        return max(low, self.bounds[0]), min(high, self.bounds[1])

    @abstractmethod
    def _tails(self) -> tuple[float, float]:
        """Lowest and highest value that could be drawn without bounds."""

    def truncated(self, low: float, high: float) -> Self:
        """Return the distribution with its bounds narrowed to low … high.

        Raises
        ------
        NeurosimError
            If next to nothing of it lies there.
        """
        own_low, own_high = self.bounds
        return replace(self, low=max(low, own_low), high=min(high, own_high))  # type: ignore[type-var]


@dataclass(frozen=True)
class Normal(Distribution):
    """A normal distribution, truncated at bounds.

    Parameters
    ----------
    mean, sd : float
        Before truncation, in the unit of the quantity. With an s.d. of 0 every value is the mean.
    low, high : float
        What falls outside is drawn again.
    """

    mean: float = parameter(help="mean before truncation", check=_number)
    sd: float = parameter(help="standard deviation before truncation", check=_number)
    low: float = parameter(-math.inf, help="lower bound", check=_bound)
    high: float = parameter(math.inf, help="upper bound", check=_bound)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_moments(self, least_sd=0.0)
        self._check()

    def cdf(self, x: float) -> float:
        """Probability of a value at or below x, before truncation."""
        if self.sd == 0.0:
            return float(x >= self.mean)
        return float(ndtr((x - self.mean) / self.sd))

    def quantiles(self) -> tuple[float, float]:
        """Probabilities below the lower and below the upper bound, before truncation."""
        if self.sd == 0.0:  # a bound that equals the mean does not cut it off
            return 0.0, float(self.low <= self.mean <= self.high)
        return super().quantiles()

    def cdfs(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return `cdf` of many values, with the same bits."""
        return ndtr((x - self.mean) / self.sd) if self.sd > 0.0 else super().cdfs(x)

    @property
    def location_scale(self) -> tuple[float, float]:
        """Mean and standard deviation."""
        return self.mean, self.sd

    def sample(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn uniform numbers from 0 to 1 into values, by inversion."""
        return self.mean + self.sd * ndtri(self._within(u))

    def _tails(self) -> tuple[float, float]:
        return self.mean - FARTHEST * self.sd, self.mean + FARTHEST * self.sd

    @property
    def sign(self) -> int:
        """+1 or −1 where all values have that sign or are 0; 0 where both signs are possible."""
        return int(np.sign(self.mean)) if self.sd == 0.0 else super().sign

    def scaled(self, factor: float) -> Normal:
        """Return the distribution of `factor` times the value."""
        low, high = _scaled_bounds(self, factor)
        return Normal(self.mean * factor, self.sd * abs(factor), low, high)


@dataclass(frozen=True)
class Uniform(Distribution):
    """A uniform distribution.

    Parameters
    ----------
    low, high : float
        In the unit of the quantity.
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
        """Return `cdf` of many values, with the same bits."""
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)

    @property
    def location_scale(self) -> tuple[float, float]:
        """Lowest value and range."""
        return self.low, self.high - self.low

    def sample(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn uniform numbers from 0 to 1 into values."""
        return self.low + (self.high - self.low) * self._within(u)

    def _tails(self) -> tuple[float, float]:
        return self.bounds

    def scaled(self, factor: float) -> Uniform:
        """Return the distribution of `factor` times the value."""
        low, high = _scaled_bounds(self, factor)
        return Uniform(low, high)


@dataclass(frozen=True)
class LogNormal(Distribution):
    """A log-normal distribution, truncated at bounds.

    Parameters
    ----------
    mean, sd : float
        Of the value itself, not of its logarithm, before truncation. With a negative mean it is the
        negative of the value that is log-normal, as for inhibitory strengths.
    low, high : float
        What falls outside is drawn again.
    """

    mean: float = parameter(help="mean before truncation", check=_number)
    sd: float = parameter(help="standard deviation before truncation", check=_number)
    low: float = parameter(-math.inf, help="lower bound", check=_bound)
    high: float = parameter(math.inf, help="upper bound", check=_bound)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_moments(self)
        if self.mean == 0.0:
            raise NeurosimError("LogNormal.mean = 0 is neither positive nor negative: give a mean")
        spread = self.sd / abs(self.mean)
        check_number(spread, "LogNormal.sd / LogNormal.mean", "", LEAST_SPREAD, 1 / LEAST_SPREAD)
        zero_side = "low" if self.mean > 0.0 else "high"
        clip = max if self.mean > 0.0 else min
        object.__setattr__(self, zero_side, clip(getattr(self, zero_side), 0.0))
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
        """Probabilities of the absolute value below its bounds, before truncation."""
        low, high = self.bounds if self.mean > 0.0 else (-self.high, -self.low)
        return self._log_cdf(low), self._log_cdf(high)

    @property
    def location_scale(self) -> tuple[float, float]:
        """Mean and standard deviation of the logarithm of the size."""
        return self.mu, self.sigma

    def sample(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn uniform numbers from 0 to 1 into values, by inversion."""
        return np.copysign(np.exp(self.mu + self.sigma * ndtri(self._within(u))), self.mean)

    def _tails(self) -> tuple[float, float]:
        near, far = (math.exp(self.mu + z * self.sigma) for z in (-FARTHEST, FARTHEST))
        return (near, far) if self.mean > 0.0 else (-far, -near)

    def scaled(self, factor: float) -> LogNormal:
        """Return the distribution of `factor` times the value."""
        low, high = _scaled_bounds(self, factor)
        return LogNormal(self.mean * factor, self.sd * abs(factor), low, high)


def _check_moments(law: Normal | LogNormal, least_sd: float = math.ulp(0.0)) -> None:
    if law.sd < least_sd:
        raise NeurosimError(
            f"{type(law).__name__}.sd = {law.sd:g} is not above 0: give a positive spread, or a "
            "plain number"
        )


def _scaled_bounds(law: Distribution, factor: float) -> tuple[float, float]:
    """Return the bounds of `factor` times the value, in order."""
    if check_number(factor, "factor", "") == 0.0:
        raise NeurosimError("factor = 0 leaves no distribution: give the number 0 instead")
    low, high = sorted((law.low * factor, law.high * factor))
    return low, high
