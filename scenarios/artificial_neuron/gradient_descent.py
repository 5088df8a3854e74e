"""Gradient descent: guessing a number, and learning from spikes by batches of three sizes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
from neurosim.scenario import Scenario
from scenarios._kit.common import signed
from scenarios._kit.trials import DERIVED, SPIKING, TRAINED, draw_share
from scenarios.artificial_neuron.gradient_descent_model import (
    MOST,
    UNIT,
    Guessing,
    Lesson,
    Settings,
    network,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns

COLOURS = {"full batch": "#000000", "mini-batch": "#E69F00", "stochastic": "#56B4E9"}
"""Of the kinds of descent."""
WITHIN = 0.01
"""Excess over the lowest loss (nats) that counts as having arrived."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure the errors of the guesses, and how often the neuron to learn from fires."""
    guessing = Guessing.of(result, settings)
    errors = (guessing.paths - settings.number) ** 2
    return {
        "number_mv": settings.number,
        "rates": settings.rates,
        "error_factor_per_step": np.abs(1.0 - 2.0 * np.array(settings.rates)),
        "squared_errors_first_mv2": errors[:, 0],
        "squared_errors_second_mv2": errors[:, 1],
        "squared_errors_last_mv2": errors[:, -1],
        "potential_minus_guess_mv": np.abs(guessing.paths - settings.guesses()).max(),
        "trials": settings.trials,
        "share_fired": Lesson.of(result, settings).fired.mean(),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw the parabola of the squared error with the guesses at each rate."""
    from neurosim import plot

    guessing = Guessing.of(result, settings)
    fig = plot.figure(3.1 * len(settings.rates), 3.6)
    grid = plot.panels(fig, 1, len(settings.rates))
    with plot.style():
        rows = zip(grid, settings.rates, guessing.parabola, guessing.paths, strict=True)
        for axes, rate, parabola, path in rows:
            _draw_guesses(axes, parabola, path, settings.number)
            axes.set(title=f"rate {rate:g}: {_verdict(rate)}", xlabel="guess: PSP reached (mV)")
        grid[0].set_ylabel("squared error (mV²)")
        fig.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return {"guesses": fig}


def _verdict(rate: float) -> str:
    """Say what becomes of steps that multiply the error by 1 − 2·rate."""
    if rate > 1.0:
        return "too large, it runs away"
    return "too small, it creeps" if rate < 0.15 else "it gets there"


def _draw_guesses(
    axes: Axes, parabola: NDArray[np.float64], path: NDArray[np.float64], number: float
) -> None:
    """Draw the parabola, the guesses on it, and the slope at the first."""
    words = "squared error of the potential"
    axes.plot(parabola, (parabola - number) ** 2, color=DERIVED, lw=4, label=words)
    first, slope = path[0], 2.0 * (path[0] - number)
    along = first + 0.3 * (number - first) * np.array([-1.0, 1.0])
    height = (first - number) ** 2 + slope * (along - first)
    axes.plot(along, height, color="black", lw=1.6, label="derivative there")
    words = "guess after guess"
    axes.plot(path, (path - number) ** 2, "o-", ms=4, lw=1.0, color=TRAINED, label=words)
    axes.plot(first, (first - number) ** 2, "s", ms=7, color="black", label="the first guess")
    axes.axvline(number, color="0.45", lw=0.9, ls=":")
    axes.text(number, 0.98, f" {number:g} mV", transform=axes.get_xaxis_transform(), va="top")
    axes.set_ylim(top=1.15 * ((parabola - number) ** 2).max())


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set guesses beside potentials; learn from the neuron's spikes by batches of three sizes."""
    lesson = Lesson.of(result, settings)
    return bridge.Comparison(
        title="Gradient descent: guesses as potentials, and learning from spikes",
        measures=_agreement(result, lesson, settings) | _descents(lesson, settings),
        drawings={
            "paths": partial(_draw_paths, lesson, settings),
            "cost": partial(_draw_cost, lesson),
            "learned": partial(_draw_learned, lesson),
        },
    )


def _agreement(result: ns.Result, lesson: Lesson, settings: Settings) -> dict[str, bridge.Measure]:
    """Return how the trained neurons agree with the spiking one, and what synapse they find."""
    counts = np.arange(MOST + 1.0)[:, np.newaxis]
    true, told = UNIT.firing_probability(counts), lesson.best.predict_proba(counts)[:, 1]
    off = np.abs(true - 0.5) > 1e-9  # at 5 spikes a coin decides
    same = bridge.agreement(true[off] > 0.5, told[off] > 0.5)
    guessing = Guessing.of(result, settings)
    worst = float(np.abs(guessing.paths - settings.guesses()).max())
    (psp,), ((low, high),) = lesson.best.psp_, lesson.best.psp_interval_
    twin = bridge.to_logistic(UNIT)
    measures = {
        "agreement": replace(same, note=f"same side of p = 1/2, of {off.sum()} inputs"),
        "guess_minus_potential": bridge.Measure(worst, "mV", note="abstract guess, membrane"),
        "psp": bridge.Measure(psp, "mV", low, high, f"at the lowest loss; truly {UNIT.psps[0]:g}"),
    }
    for name, neuron in lesson.taught.items():
        note = f"truly {signed(twin.coef[0])}; lowest loss at {lesson.best.coef_[0, 0]:.4g}"
        key = f"theta_1_{_key(name)}"
        measures[key] = bridge.Measure(float(neuron.coef_[0, 0]), note=note)
    return measures


def _descents(lesson: Lesson, settings: Settings) -> dict[str, bridge.Measure]:
    """Return cost, speed and noise of each kind of descent."""
    measures = {"lowest_loss": bridge.Measure(lesson.lowest, "nats")}
    for name, neuron in lesson.taught.items():
        history, key = neuron.history_, _key(name)
        measures[f"trials_per_step_{key}"] = bridge.Measure(
            settings.batch_sizes[name], note="cost of a step"
        )
        note = f"looked at to come within {WITHIN:g} nats of the lowest"
        trials = lesson.trials_until(name, WITHIN)
        measures[f"trials_needed_{key}"] = bridge.Measure(trials, note=note)
        one_pass = history.trajectory_rows <= settings.trials
        excess = float(lesson.loss(history.trajectory[one_pass][-1]) - lesson.lowest)
        measures[f"excess_after_one_pass_{key}"] = bridge.Measure(excess, "nats")
        excess = float(lesson.loss(history.trajectory[-1]) - lesson.lowest)
        note = f"after {settings.passes} passes"
        measures[f"excess_at_the_end_{key}"] = bridge.Measure(excess, "nats", note=note)
        rises = float((np.diff(lesson.loss(history.trajectory)) > 1e-12).mean())
        note = "share of the steps drawn that go uphill"
        measures[f"uphill_{key}"] = bridge.Measure(rises, note=note)
    return measures


def _key(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")


def _draw_paths(lesson: Lesson, settings: Settings) -> Figure:
    """Draw the ways on contours of the loss, in coordinates that make these nearly round."""
    from neurosim import plot

    mean = float(lesson.counts.mean())
    ways = {name: _centred(begun.trajectory, mean) for name, begun in lesson.begun.items()}
    (goal,) = _centred(np.append(lesson.best.intercept_, lesson.best.coef_)[np.newaxis], mean)
    points = np.concatenate([*ways.values(), goal[np.newaxis]])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.15 * (high - low)
    x, y = (np.linspace(a - m, b + m, 200) for a, b, m in zip(low, high, margin, strict=True))
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    theta = np.stack([grid[..., 0] - mean * grid[..., 1], grid[..., 1]], axis=-1)
    excess = lesson.loss(theta) - lesson.lowest
    levels = np.geomspace(1e-3, excess.max(), 9)
    fig = plot.figure(10.0, 3.9)
    panels = plot.panels(fig, 1, 3, sharex=True, sharey=True)
    with plot.style():
        for axes, (name, way) in zip(panels, ways.items(), strict=True):
            axes.contour(x, y, excess, levels=levels, colors="0.75", linewidths=0.9)
            axes.plot(*way.T, ".-", ms=3, lw=0.7, color=COLOURS[name])
            axes.plot(*way[0], "s", ms=7, color="black", label="start")
            axes.plot(*goal, "*", ms=14, color=TRAINED, mec="black", label="lowest loss")
            steps, size = lesson.begun[name].trajectory_steps[-1], settings.batch_sizes[name]
            words = f"{steps:,} steps of {size:,} trial{'s' if size > 1 else ''}"
            axes.set_title(f"{name}: {words}", fontsize=10)
            axes.set(xlabel=f"score at the mean input, θ₀ + {mean:.2f} θ₁")
        panels[0].set_ylabel("weight θ₁ (per spike)")
        panels[0].plot([], [], color="0.75", label="equal loss")
        handles = panels[0].get_legend_handles_labels()
        fig.legend(*handles, loc="outside lower center", ncols=3)
    return fig


def _centred(path: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """Return (θ₀, θ₁) as score at the mean input, and weight."""
    return np.column_stack([path[:, 0] + mean * path[:, 1], path[:, 1]])


def _draw_cost(lesson: Lesson) -> Figure:
    """Draw the loss, less the lowest, against trials looked at, and against steps."""
    from neurosim import plot

    fig = plot.figure(8.6, 4.0)
    left, right = plot.panels(fig, 1, 2, sharey=True)
    with plot.style():
        for name in reversed(lesson.taught):
            history = lesson.taught[name].history_
            excess = (lesson.loss(history.trajectory) - lesson.lowest)[1:]
            for axes, way in (
                (left, history.trajectory_rows[1:]),
                (right, history.trajectory_steps[1:]),
            ):
                axes.loglog(way, excess, color=COLOURS[name], lw=0.5, alpha=0.5)
                axes.loglog(*_smoothed(way, excess), color=COLOURS[name], lw=2.5, label=name)
        for axes in (left, right):
            axes.axhline(WITHIN, color="0.45", lw=0.9, ls=":")
        left.set(xlabel="trials looked at", ylabel="loss − lowest (nats)", ylim=(1e-5, 1.0))
        right.set_xlabel("steps")
        handles, labels = left.get_legend_handles_labels()
        fig.legend(handles[::-1], labels[::-1], loc="outside lower center", ncols=3)
    return fig


def _smoothed(
    way: NDArray[np.int64], excess: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return means over parts of a way, of which each is a quarter longer than the last."""
    part = np.floor(np.log(way) / np.log(1.25)).astype(np.intp)
    part = np.unique(part, return_inverse=True)[1]
    points = np.bincount(part)
    return np.bincount(part, way) / points, np.bincount(part, excess) / points


def _draw_learned(lesson: Lesson) -> Figure:
    """Draw the share of trials in which the neuron fired, with what each descent learned."""
    from neurosim import plot

    place = lesson.counts[:, 0].astype(np.intp)
    trials, spikes = np.bincount(place), np.bincount(place, lesson.fired)
    line = np.linspace(0.0, MOST, 300)[:, np.newaxis]
    fig = plot.figure(6.4, 4.2)
    (axes,) = plot.panels(fig)
    with plot.style():
        truth = UNIT.firing_probability(line)
        axes.plot(line, truth, color=DERIVED, lw=5, label="the neuron's law")
        for (name, neuron), dash in zip(lesson.taught.items(), ("-", "--", ":"), strict=True):
            told = neuron.predict_proba(line)[:, 1]
            axes.plot(line, told, dash, color=COLOURS[name], lw=1.8, label=f"learned, {name}")
        words = "share that fired, 95 % interval"
        draw_share(axes, np.arange(len(trials)), spikes, trials, color=SPIKING, label=words)
        axes.set(xlabel="spikes of the input", ylabel="firing probability")
        axes.legend(loc="upper left")
    return fig


scenario = Scenario(
    name="gradient-descent",
    title="Gradient descent: a number guessed, and spikes learned from in batches",
    row="S18",
    source="L2",
    group="One artificial neuron",
    description=(
        "A number is to be guessed: the strength of a synapse, in mV. Each guess is a neuron whose "
        "potential one spike lifts by so much; the squared error of the potential is a parabola, "
        "its derivative 2 (guess - number), and the next guess goes a rate times that downhill. "
        "Each step multiplies the error by 1 - 2 rate: a small rate creeps, one above 1 runs away. "
        "Then a logistic neuron learns from many trials of a spiking one, by steps that look at "
        "all trials (full batch), at one (stochastic), or at a few (mini-batch): the fewer, the "
        "cheaper a step and the noisier the way; what counts is the loss against trials looked at."
    ),
    settings=Settings,
    duration=5.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
