"""Conversion between a spiking neuron and the equivalent logistic neuron.

A neuron with the potential u = Σ Jᵢ aᵢ + R·I above rest (mV) fires with a probability that is a
function of u − d, where d = v_threshold − v_rest. The equivalent logistic neuron is
σ(θ₀ + Σ θᵢ aᵢ) with

    θ₀ = β (R·I − d − bias),    θᵢ = β Jᵢ,

where slope β and bias (usually 0) are properties of the noise. The two conversions are exact
inverses. The error of the logistic neuron is given by the noise (`logistic_error`) and by the use
of the neuron (`bridge.validity`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from bridge.neuron.noise import NOISES, Noise, OrnsteinUhlenbeckNoise
from bridge.neuron.unit import SpikingUnit, threshold_distance, weighted
from bridge.utils.checks import finite, finite_vector, positive, require_choice, require_type
from neurosim import LIF, NeurosimError


@dataclass(frozen=True, eq=False)
class LogisticUnit:
    """Logistic neuron σ(θ₀ + Σ θᵢ aᵢ).

    Attributes
    ----------
    intercept : float
        θ₀.
    coef : (n,) ndarray
        θ₁ to θₙ.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import LogisticUnit
    >>> unit = LogisticUnit(intercept=-1.0, coef=np.array([2.0, -1.0]))
    >>> unit.probability([[0, 0], [1, 0], [1, 1]]).round(3)
    array([0.269, 0.731, 0.5  ])
    """

    intercept: float
    coef: NDArray[np.float64]

    def __post_init__(self) -> None:
        finite(self.intercept, "LogisticUnit.intercept")
        object.__setattr__(self, "coef", finite_vector(self.coef, "LogisticUnit.coef"))

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
    """Return the logistic neuron equivalent to a spiking neuron.

    Parameters
    ----------
    unit : SpikingUnit or LIF
        A neuron with synapses and noise, or a LIF neuron together with the other arguments.
    psps : (n,) array_like
        Peak of the postsynaptic potential of each synapse (mV).
    noise : GaussianNoise, OrnsteinUhlenbeckNoise or EscapeNoise
    current : float
        Constant current (pA).

    Returns
    -------
    LogisticUnit
        Its probabilities differ from those of the spiking neuron by at most
        `unit.noise.logistic_error`.

    Examples
    --------
    >>> import bridge
    >>> import neurosim as ns
    >>> logistic = bridge.to_logistic(ns.LIF(), [10.0, -6.0], bridge.EscapeNoise(2.0))
    >>> logistic.intercept, logistic.coef.tolist()
    (-7.5, [5.0, -3.0])
    """
    if isinstance(unit, LIF):
        if psps is None or noise is None:
            raise NeurosimError("to_logistic(LIF) needs synapses and noise: give psps and noise")
        unit = SpikingUnit(unit, psps, noise, current)  # type: ignore[arg-type]
    elif psps is not None or noise is not None or current:
        raise NeurosimError(
            "a SpikingUnit already has psps, noise and current: omit them, or give a LIF"
        )
    require_type(unit, SpikingUnit, "unit", "a SpikingUnit or a LIF")
    beta = unit.noise.beta
    excess = unit.current_depolarisation - unit.threshold_distance - unit.noise.bias
    return LogisticUnit(beta * excess, beta * unit.psps)


def to_spiking(
    logistic: LogisticUnit | Any,
    *,
    neuron: LIF | None = None,
    noise: str | Noise = "gaussian",
    beta: float | None = None,
) -> SpikingUnit:
    """Return the spiking neuron equivalent to a logistic neuron.

    The logistic neuron determines the ratios of the PSPs. Their scale in mV follows from `beta`,
    from the noise, or from the distance between threshold and resting potential. For networks see
    `bridge.spiking.to_spiking`.

    Parameters
    ----------
    logistic : LogisticUnit or fitted estimator
        A fitted linear classifier of two classes with probability σ(score), such as LogisticNeuron
        and scikit-learn's LogisticRegression and SGDClassifier(loss="log_loss"); a Pipeline of
        scalers or other affine steps and such a classifier; a fitted search for one; or a
        CalibratedClassifierCV with a single sigmoid. Synapses refer to the raw inputs.
    neuron : LIF, optional
        Default: `LIF()`.
    noise : {"gaussian", "escape"} or a noise
        With "escape" both neurons are exactly equal. A noise of given width sets the slope.
    beta : float, optional
        Slope (per mV) of a noise given by name. By default it is −θ₀/(v_threshold − v_rest) and no
        current is needed. With `beta` a current is injected, and θ₀ may be 0 or positive.

    Returns
    -------
    SpikingUnit
        `add_to` adds it to a network, `fire` simulates trials.

    Raises
    ------
    NeurosimError
        If θ₀ ≥ 0 and nothing else sets the scale, if the slope is not positive, if the noise is
        unknown, if the model is not fitted, or if its scores are margins instead of log-odds, as
        in LinearSVC, Perceptron and RidgeClassifier.

    Examples
    --------
    >>> import bridge
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> flowers, kind = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), LogisticRegression()).fit(flowers, kind == 1)
    >>> unit = bridge.to_spiking(model, noise="escape", beta=0.5)
    >>> error = unit.firing_probability(flowers) - model.predict_proba(flowers)[:, 1]
    >>> bool(abs(error).max() < 1e-9)
    True
    """
    neuron = LIF() if neuron is None else neuron
    unit = _as_unit(logistic)
    distance = threshold_distance(neuron)
    if isinstance(noise, OrnsteinUhlenbeckNoise):
        raise NeurosimError(
            "the slope of Ornstein–Uhlenbeck noise depends on the current, which is not known yet: "
            "give another noise, or create a SpikingUnit"
        )
    if isinstance(noise, str):
        require_choice(noise, "noise", NOISES)
        if beta is None and unit.intercept >= 0:
            raise NeurosimError(
                f"theta0 = {unit.intercept:g} is not below 0: the neuron fires at rest, and its "
                "scale in mV is undetermined; give beta (per mV) to inject a current"
            )
        slope = -unit.intercept / distance if beta is None else positive(beta, "beta", "per mV")
        needs_current, noise = beta is not None, NOISES[noise].of_slope(slope)
    else:
        require_type(noise, tuple(NOISES.values()), "noise", "a noise of the bridge or its name")
        if beta is not None:
            raise NeurosimError(
                f"beta = {beta:g} per mV conflicts with {noise}, whose slope is {noise.beta:g} per "
                "mV: omit one"
            )
        slope, needs_current = noise.beta, True
    depolarisation = distance + noise.bias + unit.intercept / slope if needs_current else 0.0
    return SpikingUnit(neuron, unit.coef / slope, noise, depolarisation / neuron.resistance)


def _as_unit(logistic: LogisticUnit | Any) -> LogisticUnit:
    """Return a logistic unit, extracted from a fitted model if necessary."""
    if isinstance(logistic, LogisticUnit):
        return logistic
    from bridge.learning.estimators import log_odds  # importing scikit-learn is slow

    return LogisticUnit(*log_odds(logistic))
