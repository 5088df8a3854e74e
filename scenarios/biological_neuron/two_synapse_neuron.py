"""From two synapses and a threshold to the logistic neuron.

Two synapses with PSPs of θ₁ = 3 mV and θ₂ = −2 mV receive a₁ and a₂ spikes at the same time. All
inputs from 0 to 10 spikes are presented to a neuron without noise, and many times to a neuron with
noise. The logistic neuron follows in four steps:

1. The graded potential is −70 + θ₁a₁ + θ₂a₂ mV.
2. The output is −70 mV up to the threshold of −55 mV, and +30 mV above.
3. Rescaled to 0 and 1, the output is a step function of −15 + θ₁a₁ + θ₂a₂.
4. Noise makes the step smooth: the firing probability is a Gaussian distribution function, which
   differs from the logistic function σ by at most 0.0095.

The comparison trains a logistic neuron on the spikes, and recovers both PSPs in mV. The settings
offer two other kinds of noise: fluctuations of the membrane potential throughout the window
(``noise=membrane``) and escape noise (``noise=escape``), for which σ is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from scipy.special import expit

import bridge
import neurosim as ns
from scenarios import _kit as kit

NEURON = ns.LIF()
DISTANCE = bridge.threshold_distance(NEURON)
MOST_TRIALS = 2_000_000
KINDS = {"window": "gaussian", "membrane": "ornstein_uhlenbeck", "escape": "escape"}
"""Names of the kinds of noise in JSON keys."""
EXCESS, FRACTION = "−15 + θ₁a₁ + θ₂a₂ (mV)", "neuron with noise: fraction of trials, 95 % interval"
FORMULA: dict[str, Any] = {"color": kit.LOGISTIC, "lw": 4, "alpha": 0.6, "label": "formula"}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    psps: tuple[float, ...] = kit.setting(
        (3.0, -2.0), "mV", -50.0, 50.0, "peak of the PSP of each synapse", length=(2, 2)
    )
    sigma: float = kit.setting(
        3.0, "mV", 0.01, 50.0, "standard deviation of the noise; escape noise has the same slope"
    )
    noise: Literal["window", "membrane", "escape"] = kit.setting(
        "window", help="noise drawn once for each trial, fluctuating, or of the threshold"
    )
    spikes: int = kit.setting(10, "", 1, 100, "largest number of spikes at a synapse")
    repeats: int = kit.setting(400, "", 1, MOST_TRIALS, "trials with noise for each input")

    def __post_init__(self) -> None:
        super().__post_init__()
        n_points = (self.spikes + 1) ** 2
        if self.repeats * n_points > MOST_TRIALS:
            raise ns.NeurosimError(
                f"repeats = {self.repeats} for {n_points} inputs: give at most {MOST_TRIALS:,} "
                "trials in all"
            )

    @property
    def plane(self) -> kit.Plane:
        """All inputs."""
        counts = np.arange(self.spikes + 1.0)
        return kit.Plane(counts, counts)

    @property
    def trials(self) -> kit.Floats:
        """Input of every trial, shape (n_trials, 2)."""
        return self.plane.trials(self.repeats)

    def unit(self, window: float, dt: float) -> bridge.SpikingUnit:
        """Return the neuron with its synapses and its noise.

        Parameters
        ----------
        window, dt : float
            Duration of a trial and time step (ms).
        """
        noise: bridge.Noise = bridge.GaussianNoise(self.sigma)
        if self.noise == "escape":
            noise = bridge.EscapeNoise.of_slope(noise.beta)
        elif self.noise == "membrane":
            noise = bridge.OrnsteinUhlenbeckNoise(self.sigma, window, NEURON.tau_m, DISTANCE, dt)
        return bridge.SpikingUnit(NEURON, np.array(self.psps), noise)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add one neuron without noise for each input, and one with noise for each trial."""
    net, unit = ns.Network(), settings.unit(options.duration, options.dt)
    noiseless = net.add("noiseless", len(settings.plane.points), NEURON)
    unit.present(net, noiseless, settings.plane.points, at=options.dt)
    kit.add_trials(net, "noisy", unit, settings.trials, options.dt)
    return net


def outcome(result: ns.Result, settings: Settings) -> tuple[kit.Floats, kit.Bools, kit.Bools]:
    """Return −15 + θ₁a₁ + θ₂a₂ (mV) of each input, and the spikes without and with noise.

    Returns
    -------
    excess : (n_inputs,) ndarray
    noiseless : (n_inputs,) ndarray of bool
    fired : (n_inputs, repeats) ndarray of bool
    """
    # Escape noise acts in every step; only the step in which the input arrives is the trial.
    stop = 1.5 * result.dt if settings.noise == "escape" else np.inf
    noiseless, fired = (
        result.spikes[name].counts(stop=stop) > 0 for name in ("noiseless", "noisy")
    )
    excess = np.round(settings.plane.points @ np.array(settings.psps) - DISTANCE, 9)
    return excess, noiseless, fired.reshape(len(excess), -1)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Compare the neuron without noise with the step, and the one with noise with σ."""
    excess, noiseless, fired = outcome(result, settings)
    unit = settings.unit(result.duration, result.dt)
    noise, logistic = unit.noise, bridge.to_logistic(unit)
    levels, spikes, trials = kit.pool_trials(excess, fired)
    exact = excess == 0.0
    differences = spikes / trials - expit(noise.beta * (levels - noise.bias))
    return {
        "points": len(excess),
        "trials": fired.size,
        "share_fired": fired.mean(),
        "noiseless_as_step": (noiseless == (excess > 0.0)).mean(),
        "fired_at_exactly_threshold": noiseless[exact].any() if exact.any() else None,
        "theta": [logistic.intercept, *logistic.coef],
        "beta_per_mv": noise.beta,
        "shift_mv": noise.bias,
        "expected_error": noise.logistic_error,
        "largest_difference_from_logistic": np.abs(differences).max(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the step without noise, and the logistic neuron with noise."""
    psps = kit.listed(kit.signed(psp, plus=True) for psp in settings.psps)
    score = kit.weighted_sum(found["theta"][0], found["theta"][1:], ("a₁", "a₂"), 4)
    difference, error = found["largest_difference_from_logistic"], found["expected_error"]
    return [
        f"{found['points']} inputs of 0 to {settings.spikes} spikes at each of two synapses, with "
        f"PSPs of {psps} mV, were presented once without noise and {settings.repeats:,} times with "
        "noise.",
        "Without noise, the neuron fires if and only if θ₁a₁ + θ₂a₂ exceeds 15 mV. This holds for "
        f"{found['noiseless_as_step']:.1%} of the inputs.",
        f"With noise, it fires in {found['share_fired']:.1%} of the {found['trials']:,} trials.",
        f"The corresponding logistic neuron has a slope β = {found['beta_per_mv']:.3g} per mV, and "
        f"thus the firing probability σ({score}).",
        "The fraction of trials with a spike differs from this probability by up to "
        f"{difference:.2g}: at most {error:.2g} is due to the distribution of the noise, and the "
        "rest to chance.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the four steps from the graded potential to the logistic neuron."""
    excess, noiseless, fired = outcome(result, settings)
    noise = settings.unit(result.duration, result.dt).noise
    ends, shift = _span(excess), NEURON.v_threshold
    levels, spikes, trials = kit.pool_trials(excess, fired)

    def draw_step(axes: kit.Axes, shift: float, low: float, high: float) -> None:
        corners = np.repeat([ends[0], 0.0, ends[1]], (1, 2, 1)) + shift
        axes.plot(corners, [low, low, high, high], **FORMULA)
        outputs = np.where(noiseless, high, low)
        axes.plot(excess + shift, outputs, "o", color="black", ms=4, label="neuron without noise")

    def draw_scaled(axes: kit.Axes) -> None:
        draw_step(axes, 0.0, 0.0, 1.0)
        kit.draw_fraction(axes, levels, spikes, trials, label=FRACTION)

    def draw_smooth(axes: kit.Axes) -> None:
        line = np.linspace(*ends, 400)
        axes.plot(line, expit(noise.beta * (line - noise.bias)), **FORMULA)
        kit.draw_fraction(axes, levels, spikes, trials)

    window = np.array([ends[0] - 1.0, ends[1] + 1.0])
    bias = kit.signed(-DISTANCE - noise.bias, 4)
    graded = kit.panel(
        _draw_graded, excess, settings, title="1. Graded potential: −70 + θ₁a₁ + θ₂a₂",
        xlabel="spikes at synapse 1, a₁", ylabel="graded potential (mV)",
        xlim=(-0.05 * settings.spikes, 1.2 * settings.spikes),
    )  # fmt: skip
    step = kit.panel(
        draw_step, shift, NEURON.v_rest, NEURON.v_peak, xlim=window + shift, yticks=(-70, 30),
        title="2. Threshold: +30 mV above −55 mV", ylabel="output (mV)",
        xlabel="graded potential (mV)",
    )  # fmt: skip
    scaled = kit.panel(
        draw_scaled, title="3. Rescaled: −70 mV → 0, +30 mV → 1", xlabel=EXCESS, xlim=window,
        ylabel="output, or fraction of trials",
    )  # fmt: skip
    smooth = kit.panel(
        draw_smooth, title=f"4. Noise: σ({noise.beta:.3g} · ({bias} + θ₁a₁ + θ₂a₂))",
        xlabel=EXCESS, xlim=window, ylabel="firing probability",
    )  # fmt: skip
    title = "With noise, a neuron with a threshold becomes a logistic neuron"
    page = kit.page(title, graded, step, scaled, smooth, columns=2, size=(8.8, 7.0), legend=3)
    return {"derivation": page}


def _span(excess: kit.Floats) -> tuple[float, float]:
    """Return the range to draw (mV), of similar length on both sides of the threshold."""
    high = excess.max()
    return max(excess.min(), -1.2 * max(high, 1.0)), high


def _draw_graded(axes: kit.Axes, excess: kit.Floats, settings: Settings) -> None:
    """Draw the graded potential against a₁ for three values of a₂."""
    counts, n = settings.plane.x, settings.spikes
    potential = settings.plane.grid(excess + NEURON.v_threshold)
    for a2 in sorted({0, n // 2, n}):
        axes.plot(counts, potential[a2], "o-", color="black", ms=4)
        kit.label(axes, n, potential[a2, -1], f"a₂ = {a2}")
    axes.axhline(NEURON.v_threshold, color="0.45", lw=0.9, ls="--", zorder=0)
    kit.label(axes, 0.18 * n, NEURON.v_threshold, "threshold −55 mV", "0.35", "above")


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare firing probabilities with the derived logistic neuron, and with a trained one."""
    excess, _, fired = outcome(result, settings)
    if fired.all() or not fired.any():
        raise ns.NeurosimError(
            f"{'all' if fired.any() else 'none'} of the {fired.size} trials fired, but training "
            "needs trials with and without a spike: choose psps and spikes so that θ₁a₁ + θ₂a₂ "
            "lies on both sides of 15 mV"
        )
    unit, points = settings.unit(result.duration, result.dt), settings.plane.points
    distance = unit.logistic_threshold_distance
    trained = bridge.LogisticNeuron(threshold_distance=distance)
    trained.fit(settings.trials, fired.ravel())
    probabilities = {
        KINDS[settings.noise]: unit.noise.firing_probability(excess),
        "derived": bridge.to_logistic(unit).probability(points),
        "trained": trained.predict_proba(points)[:, 1],
    }
    measures = _differences(fired, unit, probabilities) | _parameters(unit, trained)
    if trained.separable_:
        recovery = "The trials are separable, so the trained weights have no intervals."
    elif measures["psps_in_intervals"].value:
        recovery = "The 95 % intervals of the trained PSPs contain the true PSPs."
    else:
        recovery = "The 95 % intervals of the trained PSPs do not contain both true PSPs."
    conclusion = (
        "The firing probability is a logistic function of the inputs, with an error of at most "
        f"{unit.noise.logistic_error:.2g}. {recovery}"
    )
    drawings = {"difference": partial(_draw_difference, excess, fired, unit.noise, probabilities)}
    title = "A neuron with two synapses, and the derived and the trained logistic neuron"
    return kit.Comparison(title, measures, drawings, conclusion)


def _differences(
    fired: kit.Bools, unit: bridge.SpikingUnit, probabilities: dict[str, kit.Floats]
) -> dict[str, kit.Measure]:
    """Return how well each probability describes the spikes."""
    fraction, repeats = fired.mean(axis=1), fired.shape[1]
    exact, derived, _ = probabilities.values()
    same = bridge.agreement(fraction > 0.5, derived > 0.5)
    found = {"agreement": same.labelled("Inputs on the same side of p = 1/2", f"of {len(fired)}")}
    words = ("exact probability", "derived neuron", "trained neuron")
    for (key, probability), word in zip(probabilities.items(), words, strict=True):
        entropy = bridge.cross_entropy(fired.ravel(), np.repeat(probability, repeats))
        found[f"cross_entropy_{key}"] = entropy.labelled(f"Cross-entropy, {word}")
    error, largest = f"standard error ≤ {0.5 / np.sqrt(repeats):.2g}", np.abs(exact - derived).max()
    found[f"largest_{next(iter(probabilities))}_minus_derived"] = kit.Measure(
        largest, "", note=f"bound {unit.noise.logistic_error:.2g}",
        label="Largest error of the derived neuron",
    )  # fmt: skip
    found["largest_measured_minus_derived"] = kit.Measure(
        np.abs(fraction - derived).max(), note=error, label="Largest difference, spikes and derived"
    )
    return found


def _parameters(unit: bridge.SpikingUnit, trained: bridge.LogisticNeuron) -> dict[str, kit.Measure]:
    """Return the slope and the PSPs of the trained neuron."""
    distance, intervals = unit.logistic_threshold_distance, trained.psp_interval_
    beta = -trained.intercept_[0] / distance
    half = bridge.NORMAL_95 * np.sqrt(trained.sandwich_covariance_[0, 0]) / distance
    inside = (intervals[:, 0] <= unit.psps) & (unit.psps <= intervals[:, 1])
    note, label = f"derived {unit.noise.beta:.4g} per mV", "Trained slope β"
    found = {
        "beta_derived": kit.Measure(unit.noise.beta, "per mV"),
        "beta_trained": kit.Measure(beta, "per mV", beta - half, beta + half, note, label),
        "psps_in_intervals": kit.Measure(bool(inside.all())),
    }
    for k, (low, high) in enumerate(intervals):
        note, label = f"true value {kit.signed(unit.psps[k])} mV", f"Trained PSP θ{'₁₂'[k]}"
        found[f"psp_{k + 1}"] = kit.Measure(trained.psp_[k], "mV", low, high, note, label)
    return found


def _draw_difference(
    excess: kit.Floats,
    fired: kit.Bools,
    noise: bridge.Noise,
    probabilities: dict[str, kit.Floats],
) -> kit.Figure:
    """Draw how far the other probabilities are from the derived logistic neuron."""
    levels, spikes, trials = kit.pool_trials(excess, fired)
    start, stop = _span(excess)
    line = np.linspace(start, stop, 500)

    def derived(x: kit.Floats) -> kit.Floats:
        return expit(noise.beta * (x - noise.bias))

    def draw(axes: kit.Axes) -> None:
        axes.axhline(0.0, color=kit.LOGISTIC, lw=3, label="derived logistic neuron")
        exact = noise.firing_probability(line) - derived(line)
        axes.plot(line, exact, color="black", label="exact probability under this noise")
        label = "spiking neuron, 95 % interval"
        kit.draw_fraction(axes, levels, spikes, trials, minus=derived(levels), label=label)
        trained = probabilities["trained"] - probabilities["derived"]
        axes.plot(excess, trained, ".", color=kit.TRAINED, label="trained logistic neuron")

    labels = {"xlabel": EXCESS, "ylabel": "difference in firing probability"}
    body = kit.panel(draw, **labels, xlim=(start - 1.0, stop + 1.0))
    title = f"A logistic function describes this noise with an error of {noise.logistic_error:.2g}"
    return kit.page(title, body, size=(8.0, 4.6), legend=2)


scenario = kit.lesson(__name__, row="S3", lectures=("L0",), duration=20.0)
