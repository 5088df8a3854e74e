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
KINDS = {"window": "gaussian", "membrane": "ornstein_uhlenbeck", "escape": "escape"}
"""Names of the kinds of noise in JSON keys."""
EXCESS, NOISELESS = "−15 + θ₁a₁ + θ₂a₂ (mV)", "neuron without noise"
FRACTION = "neuron with noise: fraction of trials, 95 % interval"
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
        "window", help="drawn once for each trial, fluctuating, or of the threshold"
    )
    spikes: int = kit.setting(10, "", 1, 30, "largest number of spikes at a synapse")
    repeats: int = kit.setting(400, "", 1, 2000, "trials with noise for each input")

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
    score = kit.weighted_sum(found["theta"][0], found["theta"][1:], ("a₁", "a₂"), 4)
    return kit.sentences(
        found,
        "{points} inputs of 0 to {settings.spikes} spikes at each of two synapses, with PSPs of "
        "{settings.psps[0]:+g} and {settings.psps[1]:+g} mV, were presented once without noise and "
        "{settings.repeats:,} times with noise.",
        "Without noise, the neuron fires if and only if θ₁a₁ + θ₂a₂ exceeds 15 mV. This holds for "
        "{noiseless_as_step:.1%} of the inputs.",
        "With noise, it fires in {share_fired:.1%} of the {trials:,} trials.",
        "The corresponding logistic neuron has a slope β = {beta_per_mv:.3g} per mV, and thus the "
        f"firing probability σ({score}).",
        "The fraction of trials with a spike differs from this probability by up to "
        "{largest_difference_from_logistic:.2g}: at most {expected_error:.2g} is due to the "
        "distribution of the noise, and the rest to chance.",
        settings=settings,
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the four steps from the graded potential to the logistic neuron."""
    excess, noiseless, fired = outcome(result, settings)
    noise = settings.unit(result.duration, result.dt).noise
    (low, high), shift = _span(excess), NEURON.v_threshold
    levels, spikes, trials = kit.pool_trials(excess, fired)
    n, potential = settings.spikes, settings.plane.grid(excess + shift)
    corners, line = np.array([low, 0.0, 0.0, high]), np.linspace(low, high, 400)
    dots = {"ls": "", "marker": "o", "ms": 4, "color": "black"}
    measured = kit.layer(kit.draw_fraction, levels, spikes, trials, label=FRACTION)
    window, bias = (low - 1.0, high + 1.0), kit.signed(-DISTANCE - noise.bias, 4)
    page = kit.page(
        "With noise, a neuron with a threshold becomes a logistic neuron",
        kit.chart(
            *(
                kit.curve(settings.plane.x, potential[a2], text=f"a₂ = {a2}", marker="o", ms=4,
                          color="black")
                for a2 in sorted({0, n // 2, n})
            ),
            kit.level(shift, "threshold −55 mV", 0.18 * n),
            title="1. Graded potential: −70 + θ₁a₁ + θ₂a₂", xlabel="spikes at synapse 1, a₁",
            ylabel="graded potential (mV)", xlim=(-0.05 * n, 1.2 * n),
        ),
        kit.chart(
            kit.curve(corners + shift, [-70.0, -70.0, 30.0, 30.0], **FORMULA),
            kit.curve(excess + shift, np.where(noiseless, 30.0, -70.0), NOISELESS, **dots),
            title="2. Threshold: +30 mV above −55 mV", xlabel="graded potential (mV)",
            ylabel="output (mV)", xlim=np.add(window, shift), yticks=(-70, 30),
        ),
        kit.chart(
            kit.curve(corners, [0.0, 0.0, 1.0, 1.0], **FORMULA),
            kit.curve(excess, noiseless, NOISELESS, **dots), measured,
            title="3. Rescaled: −70 mV → 0, +30 mV → 1", xlabel=EXCESS, xlim=window,
            ylabel="output, or fraction of trials",
        ),
        kit.chart(
            kit.curve(line, expit(noise.beta * (line - noise.bias)), **FORMULA), measured,
            title=f"4. Noise: σ({noise.beta:.3g} · ({bias} + θ₁a₁ + θ₂a₂))", xlabel=EXCESS,
            xlim=window, ylabel="firing probability",
        ),
        columns=2, size=(8.8, 7.0), legend=3,
    )  # fmt: skip
    return {"derivation": page}


def _span(excess: kit.Floats) -> tuple[float, float]:
    """Return the range to draw (mV), of similar length on both sides of the threshold."""
    high = excess.max()
    return max(excess.min(), -1.2 * max(high, 1.0)), high


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
    fraction, (exact, derived, _) = fired.mean(axis=1), probabilities.values()
    same = bridge.agreement(fraction > 0.5, derived > 0.5)
    error, entropies = 0.5 / np.sqrt(settings.repeats), {}
    words = ("exact probability", "derived neuron", "trained neuron")
    for (key, probability), name in zip(probabilities.items(), words, strict=True):
        each = np.repeat(probability, settings.repeats)
        entropy = bridge.cross_entropy(fired.ravel(), each)
        entropies[f"cross_entropy_{key}"] = entropy.labelled(f"Cross-entropy, {name}")
    intervals, beta = trained.psp_interval_, -trained.intercept_[0] / distance
    half = np.sqrt(trained.sandwich_covariance_[0, 0]) / distance
    inside = bool(((intervals[:, 0] <= unit.psps) & (unit.psps <= intervals[:, 1])).all())
    measures = entropies | kit.rows(
        {},
        ("agreement", f"Inputs on the same side of p = 1/2 | of {len(fired)}", same),
        (f"largest_{KINDS[settings.noise]}_minus_derived",
         f"Largest error of the derived neuron | bound {unit.noise.logistic_error:.2g}",
         np.abs(exact - derived).max()),
        ("largest_measured_minus_derived",
         f"Largest difference, spikes and derived | standard error ≤ {error:.2g}",
         np.abs(fraction - derived).max()),
        ("beta_trained", f"Trained slope β | derived {unit.noise.beta:.4g} per mV",
         kit.with_error(beta, half, unit="per mV")),
        *(
            (f"psp_{k + 1}", f"Trained PSP θ{'₁₂'[k]} | true value {kit.signed(unit.psps[k])} mV",
             bridge.Measure(trained.psp_[k], "mV", *intervals[k]))
            for k in range(2)
        ),
    )  # fmt: skip
    measures["beta_derived"] = kit.Measure(unit.noise.beta)
    measures["psps_in_intervals"] = kit.Measure(inside)
    if trained.separable_:
        recovery = "The trials are separable, so the trained weights have no intervals."
    else:
        verb = "contain the true PSPs" if inside else "do not contain both true PSPs"
        recovery = f"The 95 % intervals of the trained PSPs {verb}."
    conclusion = (
        "The firing probability is a logistic function of the inputs, with an error of at most "
        f"{unit.noise.logistic_error:.2g}. {recovery}"
    )
    line, levels = np.linspace(*_span(excess), 500), kit.pool_trials(excess, fired)
    at_line, at_levels = (expit(unit.noise.beta * (x - unit.noise.bias)) for x in (line, levels[0]))
    errors = kit.chart(
        kit.level(0.0),
        kit.curve(line, unit.noise.firing_probability(line) - at_line, color="black",
                  label="exact probability under this noise"),
        kit.layer(kit.draw_fraction, *levels, minus=at_levels,
                  label="spiking neuron, 95 % interval"),
        kit.curve(excess, probabilities["trained"] - derived, "trained logistic neuron", ls="",
                  marker=".", color=kit.TRAINED),
        xlabel=EXCESS, ylabel="difference from the derived neuron",
    )  # fmt: skip
    message = f"A logistic function has an error of at most {unit.noise.logistic_error:.2g}"
    drawings = {"difference": partial(kit.page, message, errors, size=(8.0, 4.6), legend=2)}
    title = "A neuron with two synapses, and the derived and the trained logistic neuron"
    return kit.Comparison(title, measures, drawings, conclusion)


scenario = kit.lesson(__name__, row="S3", lectures=("L0",), duration=20.0)
