"""One spiking neuron in millivolts and the logistic neuron it is, each from the other.

A neuron with the potential u = Σ Jᵢ aᵢ + R·I above rest (mV) fires with the probability of a link
function of u − gap, where gap = v_threshold − v_rest. Its logistic twin is σ(θ₀ + Σ θᵢ aᵢ) with

    θ₀ = β (R·I − gap − shift),    θᵢ = β Jᵢ,

where slope β and shift, mostly 0, are those of its noise. The maps are exact inverses of each
other; how well the twin describes the neuron is a property of the noise, its `logistic_error`, and
of how the neuron is used: see `bridge.validity`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

from bridge.neuron.noise import NOISES, OrnsteinUhlenbeckNoise, require_positive
from bridge.neuron.unit import SpikingUnit, finite_vector, threshold_gap, weighted
from bridge.utils.checks import as_float, one_of, require_kind
from neurosim import LIF, NeurosimError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from bridge.neuron.noise import Noise


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
        if not math.isfinite(as_float(self.intercept, "LogisticUnit.intercept")):
            raise NeurosimError(f"LogisticUnit.intercept = {self.intercept} is not finite")
        object.__setattr__(self, "coef", finite_vector("LogisticUnit.coef", self.coef))

    def score(self, activity: ArrayLike) -> NDArray[np.float64]:
        """θ₀ + Σ θᵢ aᵢ for `activity` of shape (..., n); shape (...)."""
        return weighted(activity, self.coef) + self.intercept

    def probability(self, activity: ArrayLike) -> NDArray[np.float64]:
        """σ(score) for `activity` of shape (..., n); shape (...)."""
        return expit(self.score(activity))


def to_logistic(
    unit: SpikingUnit | LIF,
    psps: ArrayLike | None = None,
    noise: Noise | None = None,
    *,
    current: float = 0.0,
) -> LogisticUnit:
    """Return the logistic twin of a spiking neuron.

    Parameters
    ----------
    unit : SpikingUnit or LIF
        A neuron with its synapses, or a neuron alone, to which the other arguments belong.
    psps : (n,) array_like
        Peak of the postsynaptic potential of each synapse (mV).
    noise : GaussianNoise, OrnsteinUhlenbeckNoise or EscapeNoise
    current : float
        pA.

    Returns
    -------
    LogisticUnit
        Its probabilities differ from the neuron's by at most `unit.noise.logistic_error`.

    Examples
    --------
    >>> import bridge
    >>> import neurosim as ns
    >>> twin = bridge.to_logistic(ns.LIF(), [10.0, -6.0], bridge.EscapeNoise(2.0))
    >>> twin.intercept, twin.coef.tolist()
    (-7.5, [5.0, -3.0])
    """
    if isinstance(unit, LIF):
        if psps is None or noise is None:
            raise NeurosimError(
                "a neuron alone has no logistic twin: give its psps (mV) and its noise as well"
            )
        unit = SpikingUnit(unit, psps, noise, current)  # type: ignore[arg-type]
    elif psps is not None or noise is not None or current:
        raise NeurosimError(
            "a SpikingUnit has psps, noise and current already: leave them out, or give a LIF"
        )
    require_kind(unit, SpikingUnit, "unit", "SpikingUnit")
    beta = unit.noise.beta
    return LogisticUnit(beta * (unit.lift - unit.gap - unit.noise.shift), beta * unit.psps)


def to_spiking(
    logistic: LogisticUnit | Any,
    *,
    neuron: LIF | None = None,
    noise: str | Noise = "gaussian",
    beta: float | None = None,
) -> SpikingUnit:
    """Return the spiking twin of a logistic neuron.

    Only the ratios of the weights are fixed by the logistic neuron: its scale in millivolts comes
    from the gap between rest and threshold, from `beta` or from the noise.

    Parameters
    ----------
    logistic : LogisticUnit or fitted estimator
        A fitted linear classifier of two classes whose probability is σ of its score, such as
        LogisticNeuron and scikit-learn's LogisticRegression and SGDClassifier(loss="log_loss"); a
        Pipeline of scalers, or other affine steps, and such a classifier; a fitted search for one;
        a CalibratedClassifierCV with a single sigmoid. The synapses are those of the raw inputs.
    neuron : LIF, optional
        The default neuron if not given.
    noise : {"gaussian", "escape"} or a noise
        Noise of the spiking neuron; with "escape" the twins are exactly equal. A noise of given
        width sets the slope.
    beta : float, optional
        Slope (per mV) for a noise given by its name. Without it β = −θ₀/gap and the neuron needs no
        current; with it the current that lifts the potential by R·I = gap + shift + θ₀/β is
        injected, so that θ₀ may be 0 or more.

    Returns
    -------
    SpikingUnit
        `add_to` puts it into a network, `fire` simulates trials.

    Raises
    ------
    NeurosimError
        For θ₀ ≥ 0 with nothing else to set the scale, for a slope that is not positive, for an
        unknown noise, for a model that has not been fitted, and for one whose scores are margins
        and no log-odds, such as LinearSVC, Perceptron and RidgeClassifier.

    Examples
    --------
    >>> import bridge
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> flowers, kind = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), LogisticRegression()).fit(flowers, kind == 1)
    >>> twin = bridge.to_spiking(model, noise="escape", beta=0.5)
    >>> error = twin.firing_probability(flowers) - model.predict_proba(flowers)[:, 1]
    >>> bool(abs(error).max() < 1e-9)
    True
    """
    neuron = LIF() if neuron is None else neuron
    unit = _as_unit(logistic)
    gap = threshold_gap(neuron)
    if isinstance(noise, OrnsteinUhlenbeckNoise):
        raise NeurosimError(
            "the slope of Ornstein–Uhlenbeck noise depends on the current that the twin would "
            "need: give another noise, or make a SpikingUnit of your own"
        )
    if not isinstance(noise, str):
        kinds = tuple(NOISES.values())
        require_kind(noise, kinds, "noise", "noise of the bridge, nor its name")
        if beta is not None:
            raise NeurosimError(
                f"beta = {beta:g} per mV is given twice: {noise} has {noise.beta:g} per mV; leave "
                "one out"
            )
        lift = gap + noise.shift + unit.intercept / noise.beta
        return SpikingUnit(neuron, unit.coef / noise.beta, noise, lift / neuron.resistance)
    if not one_of(noise, NOISES):
        raise NeurosimError(f"noise = {noise!r} is unknown: give one of {', '.join(NOISES)}")
    if beta is None:
        if unit.intercept >= 0:
            raise NeurosimError(
                f"theta0 = {unit.intercept:g} is not below 0, so the neuron fires at rest and its "
                "scale in mV is open: give beta (per mV), and the current needed is injected"
            )
        beta, current = -unit.intercept / gap, 0.0
    else:
        require_positive("beta", beta, "per mV")
        current = (gap + unit.intercept / beta) / neuron.resistance
    return SpikingUnit(neuron, unit.coef / beta, NOISES[noise].of_slope(beta), current)


def _as_unit(logistic: LogisticUnit | Any) -> LogisticUnit:
    """Return a logistic unit, read out of a fitted model if it is none."""
    if isinstance(logistic, LogisticUnit):
        return logistic
    from bridge.learning.estimators import log_odds  # scikit-learn is slow to import

    return LogisticUnit(*log_odds(logistic))
