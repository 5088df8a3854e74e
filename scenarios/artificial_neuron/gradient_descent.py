"""Gradient descent: guessing a number, and learning from spikes in batches.

The first task is to guess a number, the weight of a synapse in mV. Each guess is a neuron whose
potential rises by that amount after one presynaptic spike. The squared error of the potential is a
parabola with the derivative 2 (guess − number), and each step changes the guess by −rate times the
derivative. A step multiplies the error by 1 − 2·rate: a small rate converges slowly, and a rate
above 1 diverges.

In the second task, a logistic neuron learns from many trials of a spiking neuron. A step uses all
trials (full batch), a few (mini-batch) or a single one (stochastic gradient descent). Smaller
batches make a step cheaper, and the path noisier. The measure of cost is the number of trials used
until the loss is close to its minimum: one pass over the trials is enough for small batches, but
the full batch needs many.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import fired_at
from scenarios import _kit as kit

# Neuron without spikes, for the guesses.
PASSIVE = ns.LIF(v_threshold=200.0, v_peak=200.0)
# Neuron whose spikes are learned: one synapse of 3 mV, escape noise of 2 mV.
UNIT = bridge.SpikingUnit(ns.LIF(), np.array([3.0]), bridge.EscapeNoise(2.0))
# Guesses with each rate, the first included.
GUESSES = 15
# Trials in a mini-batch, and loss above the minimum (nats) below which a descent has arrived.
BATCH, CLOSE = 32, 0.01
COLOURS = {"full batch": "#000000", "mini-batch": "#E69F00", "stochastic": "#56B4E9"}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    number: float = kit.setting(10.0, "mV", -10.0, 30.0, "number to guess; the first guess is 0")
    rates: tuple[float, ...] = kit.setting(
        (0.05, 0.4, 1.05), "", 1e-6, 1.1, "learning rates of the guesses", length=(1, 3)
    )
    trials: int = kit.setting(2000, "", 200, 100_000, "trials of the spiking neuron")
    passes: int = kit.setting(50, "", 2, 1000, "steps of the full batch")

    def guesses(self) -> kit.Floats:
        """Return the guesses (mV), shape (n_rates, 15)."""
        rates, guesses = np.array(self.rates), [np.zeros(len(self.rates))]
        for _ in range(GUESSES - 1):
            guesses.append(guesses[-1] - rates * 2.0 * (guesses[-1] - self.number))
        return np.transpose(guesses)

    def counts(self, seed: int) -> kit.Floats:
        """Return the number of presynaptic spikes in each trial, shape (n_trials, 1)."""
        return np.random.default_rng(seed).choice(np.arange(11.0), (self.trials, 1))


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a passive neuron for each guess, and a spiking neuron for each trial."""
    net, guesses = ns.Network(), settings.guesses().ravel()
    neurons = net.add("guess", len(guesses), PASSIVE)
    net.drive(neurons, ns.SpikeTimes([options.dt]), psp=guesses)
    net.record(neurons, "v")
    kit.add_trials(net, "neuron", UNIT, settings.counts(options.seed), options.dt)
    return net


def measured_guesses(result: ns.Result, settings: Settings) -> kit.Floats:
    """Return the PSPs (mV) of the guesses, shape (n_rates, 15)."""
    trace = result.traces["guess", "v"]
    on_arrival = trace.values[np.argmin(np.abs(trace.times - result.dt))]
    return (on_arrival - PASSIVE.v_rest).reshape(len(settings.rates), -1)


class Training(NamedTuple):
    """Trials of the spiking neuron, and the descents by which a logistic neuron learns them.

    The neuron `best` is at the minimum of the loss, found by Newton's method.
    """

    counts: kit.Floats
    fired: kit.Bools
    best: bridge.LogisticNeuron
    descents: dict[str, bridge.OptimizeResult]

    def excess(self, theta: kit.Floats) -> kit.Floats:
        """Return the mean cross-entropy above its minimum (nats) at bias and weight, (..., 2)."""
        index = self.counts[:, 0].astype(np.intp)
        trials, spikes = np.bincount(index), np.bincount(index, self.fired)
        score = theta[..., :1] + theta[..., 1:] * np.arange(len(trials))
        loss = (np.logaddexp(0.0, score) @ trials - score @ spikes) / len(self.fired)
        return loss - self.best.history_.loss[-1]


def training(result: ns.Result, settings: Settings) -> Training:
    """Train logistic neurons on the spikes of the neuron, by each kind of descent."""
    counts, fired = settings.counts(result.seed), fired_at(result, "neuron")
    best, descents = bridge.LogisticNeuron(solver="newton", tol=1e-10).fit(counts, fired), {}
    with warnings.catch_warnings(action="ignore"):  # training stops before it converges
        for name, size in zip(COLOURS, (settings.trials, BATCH, 1), strict=True):
            epochs = settings.passes if size == settings.trials else 1
            neuron = bridge.LogisticNeuron(
                solver="stochastic", batch_size=size, max_iter=epochs, random_state=result.seed
            )
            descents[name] = neuron.fit(counts, fired).history_
    return Training(counts, fired, best, descents)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the errors of the guesses."""
    paths = measured_guesses(result, settings)
    return {
        "error_factor_per_step": np.abs(1.0 - 2.0 * np.array(settings.rates)),
        "squared_errors_mv2": (paths - settings.number) ** 2,
        "potential_minus_guess_mv": np.abs(paths - settings.guesses()).max(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the errors of the guesses at each rate."""
    return kit.sentences(
        found,
        f"{GUESSES} guesses of the number {settings.number:g} mV were made at each learning rate, "
        f"and a spiking neuron was tested in {settings.trials:,} trials.",
        *(
            f"Rate {rate:g}: each step multiplies the error by {{error_factor_per_step[{k}]:.3g}}. "
            f"The squared error changes from {{squared_errors_mv2[{k}][0]:.4g}} mV² to "
            f"{{squared_errors_mv2[{k}][{GUESSES - 1}]:.4g}} mV²."
            for k, rate in enumerate(settings.rates)
        ),
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the parabola of the squared error with the guesses for each rate."""
    number, paths = settings.number, measured_guesses(result, settings)
    tangent = 0.3 * number * np.array([-1.0, 1.0])

    def draw_guesses(axes: kit.Axes, path: kit.Floats) -> None:
        line = number + 1.3 * np.abs(path - number).max() * np.linspace(-1.0, 1.0, 61)
        axes.plot(line, (line - number) ** 2, label="squared error", **kit.ABSTRACT)
        slope = number**2 - 2.0 * number * tangent
        axes.plot(tangent, slope, color="black", label="derivative at the first guess")
        axes.plot(path, (path - number) ** 2, "o-", color=kit.TRAINED, label="guesses")

    panels = [
        kit.panel(draw_guesses, path, xlabel="guess (PSP, mV)", ylabel="squared error (mV²)",
                  title=f"Rate {rate:g}: error × {abs(1.0 - 2.0 * rate):.2g} per step")
        for rate, path in zip(settings.rates, paths, strict=True)
    ]  # fmt: skip
    title = "The learning rate decides whether gradient descent converges"
    return {"guesses": kit.page(title, *panels, legend=3)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare guesses with potentials, and the descents with each other."""
    learned = training(result, settings)
    logistic, needed = bridge.to_logistic(UNIT), {}
    guesses = "potential_minus_guess_mv", "Guess minus PSP, largest"
    measures = kit.rows(findings(result, settings), guesses)
    measures |= kit.trained_weights(learned.best, (logistic.intercept, *logistic.coef))
    for name, descent in learned.descents.items():
        key, steps = name.replace(" ", "_").replace("-", "_"), descent.trajectory_steps[-1]
        excess, used = learned.excess(descent.trajectory), descent.trajectory_rows
        needed[name] = close = min(used[excess <= CLOSE], default=np.nan)
        uphill, after = np.diff(excess) > 1e-12, excess[used <= settings.trials][-1]
        measures |= kit.rows(
            {},
            (f"trials_needed_{key}", f"Trials until close, {name} | {steps:,} steps in all", close),
            (f"excess_after_one_pass_{key}", f"Loss above minimum after one pass, {name}", after),
            (f"uphill_{key}", f"Fraction of steps uphill, {name}", uphill.mean()),
        )
    trials = kit.listed(
        f"{'not reached' if np.isnan(number) else f'{number:,.0f}'} ({name})"
        for name, number in needed.items()
    )
    conclusion = f"Trials until the loss is within {CLOSE:g} nats of its minimum: {trials}."
    drawings = {"descents": partial(_draw_descents, learned)}
    title = "Gradient descent: guesses as potentials, and learning from spikes"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_descents(learned: Training) -> kit.Figure:
    """Draw the paths over contours of the loss, and the loss against the number of trials."""
    minimum = np.append(learned.best.intercept_, learned.best.coef_)
    x, y = np.linspace(-0.4 * minimum, 1.4 * minimum, 200).T
    excess = learned.excess(np.stack(np.meshgrid(x, y), axis=-1))

    def draw_path(axes: kit.Axes, path: kit.Floats, colour: str) -> None:
        levels = np.geomspace(1e-3, excess.max(), 9)
        axes.contour(x, y, excess, levels=levels, colors="0.75", linewidths=0.9)
        axes.plot([], [], color="0.75", label="equal loss")
        axes.plot(*path.T, ".-", ms=3, lw=0.7, color=colour)
        axes.plot(0.0, 0.0, "s", ms=7, color="black", label="start")
        axes.plot(*minimum, "*", ms=14, color=kit.TRAINED, label="minimum")
        axes.set(xlabel="bias θ₀", ylabel="weight θ₁")

    def draw_costs(axes: kit.Axes) -> None:
        axes.axhline(CLOSE, color="0.45", lw=0.9, ls="--", zorder=0)
        for name, one in reversed(learned.descents.items()):
            excess = learned.excess(one.trajectory)
            axes.loglog(one.trajectory_rows[1:], excess[1:], color=COLOURS[name], label=name)

    panels = [
        kit.panel(draw_path, one.trajectory, COLOURS[name],
                  title=f"{name}:\n{one.trajectory_steps[-1]:,} steps")
        for name, one in learned.descents.items()
    ]  # fmt: skip
    panels.append(kit.panel(draw_costs, xlabel="trials used", ylabel="loss above minimum (nats)"))
    title = "Smaller batches need fewer trials, but their path to the minimum is noisier"
    return kit.page(title, *panels, mosaic="ABC;DDD", size=(9.8, 8.0), legend=3)


scenario = kit.lesson(__name__, row="S18", lectures=("L2",), duration=5.0, dt=5.0)
