"""From two synapses and a threshold to the logistic neuron.

Two synapses with PSPs of θ₁ = 3 mV and θ₂ = −2 mV receive a₁ and a₂ spikes at the same time. All
inputs from 0 to 10 spikes are presented to a neuron without noise, and many times to a neuron with
noise. The logistic neuron follows in four steps:

1. The graded potential is −70 + θ₁a₁ + θ₂a₂ mV.
2. The output is −70 mV up to the threshold of −55 mV, and +30 mV above.
3. Rescaled to 0 and 1, the output is a step function of −15 + θ₁a₁ + θ₂a₂.
4. Noise makes the step smooth: the firing probability is a Gaussian distribution function, which
   differs from the logistic function σ by at most 0.0095.

The comparison trains a logistic neuron on the spikes, and recovers both PSPs in mV.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import expit

import bridge
import neurosim as ns
from scenarios import _kit as kit

NEURON = ns.LIF()
DISTANCE = bridge.threshold_distance(NEURON)
# Values of −15 + θ₁a₁ + θ₂a₂ in the figures (mV).
LINE = np.linspace(-20.0, 20.0, 501)
EXCESS = "−15 + θ₁a₁ + θ₂a₂ (mV)"
FORMULA, NOISELESS = {"label": "formula"} | kit.ABSTRACT, "neuron without noise"


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    psps: tuple[float, ...] = kit.setting(
        (3.0, -2.0), "mV", -50.0, 50.0, "peak of the PSP of each synapse", length=(2, 2)
    )
    sigma: float = kit.setting(3.0, "mV", 0.01, 50.0, "standard deviation of the noise")
    spikes: int = kit.setting(10, "", 1, 30, "largest number of spikes at a synapse")
    repeats: int = kit.setting(400, "", 20, 2000, "trials with noise for each input")

    @property
    def plane(self) -> kit.Plane:
        """All inputs."""
        counts = np.arange(self.spikes + 1.0)
        return kit.Plane(counts, counts)

    @property
    def unit(self) -> bridge.SpikingUnit:
        """The neuron with its synapses and its noise, which is drawn once for each trial."""
        return bridge.SpikingUnit(NEURON, np.array(self.psps), bridge.GaussianNoise(self.sigma))


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add one neuron without noise for each input, and one with noise for each trial."""
    net, unit, plane = ns.Network(), settings.unit, settings.plane
    noiseless = net.add("noiseless", len(plane.points), NEURON)
    unit.present(net, noiseless, plane.points, at=options.dt)
    kit.add_trials(net, "noisy", unit, plane.trials(settings.repeats), options.dt)
    return net


def outcome(result: ns.Result, settings: Settings) -> tuple[kit.Floats, kit.Bools, kit.Bools]:
    """Return −15 + θ₁a₁ + θ₂a₂ (mV) of each input, and the spikes without and with noise.

    Returns
    -------
    excess : (n_inputs,) ndarray
    noiseless : (n_inputs,) ndarray of bool
    fired : (n_inputs, repeats) ndarray of bool
    """
    excess = np.round(settings.plane.points @ np.array(settings.psps) - DISTANCE, 9)
    noiseless, fired = (result.spikes[name].counts() > 0 for name in ("noiseless", "noisy"))
    return excess, noiseless, fired.reshape(len(excess), -1)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Compare the neuron without noise with the step, and the one with noise with σ."""
    excess, noiseless, fired = outcome(result, settings)
    levels, spikes, trials = kit.pool_trials(excess, fired)
    logistic, beta = bridge.to_logistic(settings.unit), settings.unit.noise.beta
    return {
        "noiseless_as_step": (noiseless == (excess > 0.0)).mean(),
        "fired_at_exactly_threshold": noiseless[excess == 0.0].any(),
        "theta": [logistic.intercept, *logistic.coef],
        "beta_per_mv": beta,
        "expected_error": settings.unit.noise.logistic_error,
        "largest_difference_from_logistic": np.abs(spikes / trials - expit(beta * levels)).max(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the step without noise, and the logistic neuron with noise."""
    score = kit.weighted_sum(found["theta"][0], found["theta"][1:], ("a₁", "a₂"), 4)
    return kit.sentences(
        found,
        f"All inputs of 0 to {settings.spikes} spikes at each of two synapses, with PSPs of "
        f"{settings.psps[0]:+g} and {settings.psps[1]:+g} mV, were presented once without noise "
        f"and {settings.repeats:,} times with noise.",
        "Without noise, the neuron fires if and only if θ₁a₁ + θ₂a₂ exceeds 15 mV. This holds for "
        "{noiseless_as_step:.1%} of the inputs.",
        "The corresponding logistic neuron has a slope β = {beta_per_mv:.3g} per mV, and thus the "
        f"firing probability σ({score}).",
        "The fraction of trials with a spike differs from this probability by up to "
        "{largest_difference_from_logistic:.2g}: at most {expected_error:.2g} is due to the "
        "distribution of the noise, and the rest to chance.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the four steps from the graded potential to the logistic neuron."""
    excess, noiseless, fired = outcome(result, settings)
    n, threshold, beta = settings.spikes, NEURON.v_threshold, settings.unit.noise.beta
    potential, counts = settings.plane.grid(excess + threshold), settings.plane.x
    dots: kit.Options = {"color": "black", "marker": "o", "ms": 4}
    graded = [kit.curve(counts, potential[a2], text=f"a₂ = {a2}", **dots) for a2 in (0, n // 2, n)]
    label = "neuron with noise: fraction of trials, 95 % interval"
    measured = kit.layer(kit.draw_fraction, *kit.pool_trials(excess, fired), label=label)
    excesses: kit.Options = {"xlabel": EXCESS, "xlim": (LINE[0], LINE[-1])}
    return {"derivation": kit.page(
        "With noise, a neuron with a threshold becomes a logistic neuron",
        kit.chart(
            *graded, kit.level(threshold, "threshold −55 mV", 0.18 * n),
            title="1. Graded potential: −70 + θ₁a₁ + θ₂a₂", xlabel="spikes at synapse 1, a₁",
            ylabel="graded potential (mV)", xlim=(-0.05 * n, 1.2 * n),
        ),
        kit.chart(
            kit.curve(LINE + threshold, np.where(LINE > 0.0, 30.0, -70.0), **FORMULA),
            kit.curve(excess + threshold, np.where(noiseless, 30, -70), NOISELESS, ls="", **dots),
            title="2. Threshold: +30 mV above −55 mV", xlabel="graded potential (mV)",
            ylabel="output (mV)", xlim=LINE[[0, -1]] + threshold, yticks=(-70, 30),
        ),
        kit.chart(
            kit.curve(LINE, LINE > 0.0, **FORMULA),
            kit.curve(excess, noiseless, NOISELESS, ls="", **dots), measured,
            title="3. Rescaled: −70 mV → 0, +30 mV → 1", ylabel="output", **excesses,
        ),
        kit.chart(
            kit.curve(LINE, expit(beta * LINE), **FORMULA), measured, ylabel="firing probability",
            title=f"4. Noise: σ({beta:.3g} · (−15 + θ₁a₁ + θ₂a₂))", **excesses,
        ),
        columns=2, size=(8.8, 7.0), legend=3,
    )}  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare firing probabilities with the derived logistic neuron, and with a trained one."""
    excess, _, fired = outcome(result, settings)
    kit.require_both(fired, "psps, spikes or sigma")
    unit, noise, points = settings.unit, settings.unit.noise, settings.plane.points
    trained = bridge.LogisticNeuron(threshold_distance=DISTANCE)
    # The conclusion reports separable trials.
    with warnings.catch_warnings(action="ignore", category=bridge.SeparableDataWarning):
        trained.fit(settings.plane.trials(settings.repeats), fired.ravel())
    exact, derived = noise.firing_probability(excess), bridge.to_logistic(unit).probability(points)
    predicted = trained.predict_proba(points)[:, 1]
    entropy = [
        bridge.cross_entropy(fired.ravel(), np.repeat(probability, settings.repeats))
        for probability in (exact, derived, predicted)
    ]
    intervals = trained.psp_interval_
    inside = bool(((intervals[:, 0] <= unit.psps) & (unit.psps <= intervals[:, 1])).all())
    measures = kit.rows(
        {},
        ("cross_entropy_gaussian", "Cross-entropy, exact probability", entropy[0]),
        ("cross_entropy_derived", "Cross-entropy, derived neuron", entropy[1]),
        ("cross_entropy_trained", "Cross-entropy, trained neuron", entropy[2]),
        ("agreement", f"Inputs on the same side of p = 1/2 | of {len(fired)}",
         bridge.agreement(fired.mean(axis=1) > 0.5, derived > 0.5)),
        ("largest_gaussian_minus_derived",
         f"Largest error of the derived neuron | bound {noise.logistic_error:.2g}",
         np.abs(exact - derived).max()),
        *(
            (f"psp_{k + 1}", f"Trained PSP θ{'₁₂'[k]} | true value {kit.signed(unit.psps[k])} mV",
             kit.Measure(trained.psp_[k], "mV", *intervals[k]))
            for k in range(2)
        ),
    )  # fmt: skip
    levels, spikes, trials = kit.pool_trials(excess, fired)
    error = noise.firing_probability(LINE) - expit(noise.beta * LINE)
    difference = kit.chart(
        kit.level(0.0),
        kit.curve(LINE, error, "exact probability under this noise", color="black"),
        kit.layer(kit.draw_fraction, levels, spikes, trials, minus=expit(noise.beta * levels),
                  label="spiking neuron, 95 % interval"),
        kit.curve(excess, predicted - derived, "trained logistic neuron", ls="", marker=".",
                  color=kit.TRAINED),
        xlabel=EXCESS, ylabel="difference from the derived neuron", xlim=(LINE[0], LINE[-1]),
    )  # fmt: skip
    message = f"A logistic function has an error of at most {noise.logistic_error:.2g}"
    drawing = partial(kit.page, message, difference, size=(8.0, 4.6), legend=2)
    conclusion = f"{message}. Training {'recovers' if inside else 'misses'} the PSPs."
    if trained.separable_:
        conclusion = f"{message}. The trials are separable, so the weights have no intervals."
    title = "A neuron with two synapses, and the derived and the trained logistic neuron"
    return kit.Comparison(title, measures, {"difference": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S3", lectures=("L0",), duration=20.0)
