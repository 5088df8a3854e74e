"""One spiking neuron in millivolts and the logistic neuron it is, each from the other.

A neuron with the potential u = Σ Jᵢ aᵢ + R·I above rest (mV) fires with the probability of a link
function of u − gap, where gap = v_threshold − v_rest. Its logistic twin is σ(θ₀ + Σ θᵢ aᵢ) with

    θ₀ = β (R·I − gap),    θᵢ = β Jᵢ.

The maps are exact inverses of each other; how well the twin describes the neuron is a property of
the noise, its `logistic_error`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from scipy.special import expit, ndtr

from neurosim import LIF, NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

PROBIT_SLOPE = 1.702
"""β·σ at which the largest |Φ(x/σ) − σ(β x)| is smallest.

Camilli 1994, J. Educ. Behav. Stat. 19:293.
"""


class Noise(Protocol):
    """What makes the threshold a matter of chance: a link from millivolts to probability."""

    @property
    def beta(self) -> float:
        """Slope of the logistic twin (per mV)."""

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
        _require_positive("GaussianNoise.sigma", self.sigma, "mV")

    @classmethod
    def of_slope(cls, beta: float) -> GaussianNoise:
        """Return the noise whose logistic twin has the slope `beta` (per mV)."""
        return cls(PROBIT_SLOPE / beta)

    @property
    def beta(self) -> float:
        """Slope of the logistic twin (per mV)."""
        return PROBIT_SLOPE / self.sigma

    @property
    def logistic_error(self) -> float:
        """Largest |Φ(x) − σ(1.702 x)| over all x."""
        return 0.0095

    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """Φ(excess/sigma), with excess = u − gap (mV)."""
        return ndtr(np.asarray(excess, dtype=float) / self.sigma)


@dataclass(frozen=True)
class EscapeNoise:
    """Soft threshold, escape rate ln(1 + exp((u − gap)/delta)) per window: a logistic link.

    With that rate the probability 1 − exp(−rate) of at least one spike in the window is σ((u −
    gap)/delta) exactly (escape noise: Gerstner et al. 2014, Neuronal Dynamics, ch. 9).

    Attributes
    ----------
    delta : float
        Width of the threshold (mV).
    """

    delta: float

    def __post_init__(self) -> None:
        _require_positive("EscapeNoise.delta", self.delta, "mV")

    @classmethod
    def of_slope(cls, beta: float) -> EscapeNoise:
        """Return the noise whose logistic twin has the slope `beta` (per mV)."""
        return cls(1.0 / beta)

    @property
    def beta(self) -> float:
        """Slope of the logistic twin (per mV)."""
        return 1.0 / self.delta

    @property
    def logistic_error(self) -> float:
        """None: the link is the logistic function."""
        return 0.0

    def firing_probability(self, excess: ArrayLike) -> NDArray[np.float64]:
        """σ(excess/delta), with excess = u − gap (mV)."""
        return expit(np.asarray(excess, dtype=float) / self.delta)


NOISES: dict[str, type[GaussianNoise] | type[EscapeNoise]] = {
    "gaussian": GaussianNoise,
    "escape": EscapeNoise,
}


@dataclass(frozen=True, eq=False)
class SpikingUnit:
    """A neuron, its synapses in mV, its noise: what fires or does not in one window.

    Attributes
    ----------
    neuron : LIF
    psps : (n,) ndarray
        Peak of the postsynaptic potential of each synapse (mV); they arrive together and add.
    noise : GaussianNoise or EscapeNoise
    current : float
        Constant current I (pA), in force long enough to lift the potential by R·I.
    """

    neuron: LIF
    psps: NDArray[np.float64]
    noise: Noise
    current: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "psps", _finite_vector("SpikingUnit.psps", self.psps, "mV"))
        if not math.isfinite(self.current):
            raise NeurosimError(f"SpikingUnit.current = {self.current} pA is not a finite number")

    @property
    def gap(self) -> float:
        """From rest to threshold (mV)."""
        return threshold_gap(self.neuron)

    def potential(self, activity: ArrayLike) -> NDArray[np.float64]:
        """Free potential above rest, u = activity @ psps + R·I (mV).

        Parameters
        ----------
        activity : (..., n) array_like
            Spikes (or spike counts) of each presynaptic neuron in the window.

        Returns
        -------
        (...) ndarray
        """
        return _weighted(activity, self.psps) + self.neuron.resistance * self.current

    def firing_probability(self, activity: ArrayLike) -> NDArray[np.float64]:
        """Probability to fire in the window, for `activity` as in `potential`; shape (...)."""
        return self.noise.firing_probability(self.potential(activity) - self.gap)


@dataclass(frozen=True, eq=False)
class LogisticUnit:
    """The abstract neuron, σ(θ₀ + Σ θᵢ aᵢ).

    Attributes
    ----------
    intercept : float
        θ₀.
    coef : (n,) ndarray
        θ₁ to θₙ.
    """

    intercept: float
    coef: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not math.isfinite(self.intercept):
            raise NeurosimError(f"LogisticUnit.intercept = {self.intercept} is not finite")
        object.__setattr__(self, "coef", _finite_vector("LogisticUnit.coef", self.coef))

    def score(self, activity: ArrayLike) -> NDArray[np.float64]:
        """θ₀ + Σ θᵢ aᵢ for `activity` of shape (..., n); shape (...)."""
        return _weighted(activity, self.coef) + self.intercept

    def probability(self, activity: ArrayLike) -> NDArray[np.float64]:
        """σ(score) for `activity` of shape (..., n); shape (...)."""
        return expit(self.score(activity))


def to_logistic(unit: SpikingUnit) -> LogisticUnit:
    """Return the logistic twin of a spiking neuron.

    Parameters
    ----------
    unit : SpikingUnit

    Returns
    -------
    LogisticUnit
        Its probabilities differ from the neuron's by at most `unit.noise.logistic_error`.
    """
    beta = unit.noise.beta
    lift = unit.neuron.resistance * unit.current
    return LogisticUnit(beta * (lift - unit.gap), beta * unit.psps)


def to_spiking(
    logistic: LogisticUnit | Any,
    *,
    neuron: LIF | None = None,
    noise: Literal["gaussian", "escape"] = "gaussian",
    beta: float | None = None,
) -> SpikingUnit:
    """Return the spiking twin of a logistic neuron.

    Only the ratios of the weights are fixed by the logistic neuron: its scale in millivolts comes
    from the gap between rest and threshold, or from `beta`.

    Parameters
    ----------
    logistic : LogisticUnit or fitted estimator
        A fitted binary classifier with `intercept_` and `coef_` is taken too, as LogisticNeuron.
    neuron : LIF, optional
        The default neuron if not given.
    noise : {"gaussian", "escape"}
        Noise of the spiking neuron; with "escape" the twins are exactly equal.
    beta : float, optional
        Slope (per mV). Without it β = −θ₀/gap and the neuron needs no current; with it the current
        that lifts the potential by R·I = gap + θ₀/β is injected.

    Raises
    ------
    NeurosimError
        For θ₀ ≥ 0 without `beta`, for a slope that is not positive and for an unknown noise.
    """
    neuron = LIF() if neuron is None else neuron
    unit = _as_unit(logistic)
    gap = threshold_gap(neuron)
    if noise not in NOISES:
        raise NeurosimError(f"noise = {noise!r} is unknown: give one of {', '.join(NOISES)}")
    if beta is None:
        if unit.intercept >= 0:
            raise NeurosimError(
                f"theta0 = {unit.intercept:g} is not below 0, so the neuron fires at rest and its "
                "scale in mV is open: give beta (per mV), and the current needed is injected"
            )
        beta, current = -unit.intercept / gap, 0.0
    else:
        _require_positive("beta", beta, "per mV")
        current = (gap + unit.intercept / beta) / neuron.resistance
    return SpikingUnit(neuron, unit.coef / beta, NOISES[noise].of_slope(beta), current)


def threshold_gap(neuron: LIF) -> float:
    """Return v_threshold − v_rest (mV), which LIF keeps above 0."""
    return neuron.v_threshold - neuron.v_rest


def _as_unit(logistic: LogisticUnit | Any) -> LogisticUnit:
    if isinstance(logistic, LogisticUnit):
        return logistic
    if not (hasattr(logistic, "intercept_") and hasattr(logistic, "coef_")):
        raise NeurosimError(
            f"{type(logistic).__name__} is no logistic neuron: give a LogisticUnit or a "
            "classifier that has been fitted"
        )
    intercept = np.ravel(logistic.intercept_)
    if intercept.size != 1:
        raise NeurosimError(
            f"the classifier has {intercept.size} intercepts: only one for two classes is a neuron"
        )
    return LogisticUnit(float(intercept[0]), np.ravel(logistic.coef_))


def _weighted(activity: ArrayLike, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    activity = np.asarray(activity, dtype=float)
    if activity.ndim == 0 or activity.shape[-1] != len(weights):
        raise NeurosimError(
            f"activity has shape {activity.shape}: its last axis must hold the {len(weights)} "
            "synapses"
        )
    return activity @ weights


def _finite_vector(name: str, values: ArrayLike, unit: str = "") -> NDArray[np.float64]:
    vector = np.array(values, dtype=float)
    if vector.ndim != 1 or not np.isfinite(vector).all():
        in_unit = f" in {unit}" if unit else ""
        raise NeurosimError(f"{name} must be a 1-D array of finite numbers{in_unit}")
    vector.flags.writeable = False
    return vector


def _require_positive(name: str, value: float, unit: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise NeurosimError(f"{name} = {value:g} {unit} is not a finite number above 0 {unit}")
