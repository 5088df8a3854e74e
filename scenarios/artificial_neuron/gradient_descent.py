"""Gradient descent: guessing a number, and learning from spikes in batches.

The first task is to guess a number, the weight of a synapse in mV. Each guess is a neuron whose
potential rises by that amount after one presynaptic spike. The squared error of the potential is a
parabola with the derivative 2 (guess − number), and each step changes the guess by −rate times the
derivative. A step multiplies the error by 1 − 2·rate: a small rate converges slowly, and a rate
above 1 diverges.

In the second task, a logistic neuron learns from many trials of a spiking neuron. A step uses all
trials (full batch), a few (mini-batch) or a single one (stochastic gradient descent). Smaller
batches make a step cheaper, and the path noisier. The measure of cost is the number of trials used
until the loss is close to its minimum.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import fired_at
from scenarios import _kit as kit

PASSIVE = ns.LIF(v_threshold=200.0, v_peak=200.0)
"""Neuron without spikes, for the guesses."""
UNIT = bridge.SpikingUnit(ns.LIF(), np.array([3.0]), bridge.EscapeNoise(2.0))
"""Neuron whose spikes are learned: one synapse of 3 mV, escape noise of 2 mV."""
COUNTS = np.arange(11.0)
"""Numbers of presynaptic spikes in a trial."""
GUESSES = 15
"""Guesses with each rate, the first included."""
BATCH, CLOSE = 32, 0.01
"""Trials in a mini-batch, and loss above the minimum (nats) below which a descent has arrived."""
COLOURS = {"full batch": "#000000", "mini-batch": "#E69F00", "stochastic": "#56B4E9"}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    number: float = kit.setting(10.0, "mV", -10.0, 30.0, "number to guess; the first guess is 0")
    rates: tuple[float, ...] = kit.setting(
        (0.05, 0.4, 1.05), "", 1e-6, 1.1, "learning rates of the guesses", length=(1, 3)
    )
    trials: int = kit.setting(2000, "", 200, 100_000, "trials of the spiking neuron")
    passes: int = kit.setting(50, "", 2, 1000, "epochs of training")

    def guesses(self) -> kit.Floats:
        """Return the guesses (mV), shape (n_rates, 15)."""
        paths = np.zeros((len(self.rates), GUESSES))
        for path, rate in zip(paths, self.rates, strict=True):
            for k in range(1, GUESSES):
                path[k] = path[k - 1] - rate * 2.0 * (path[k - 1] - self.number)
        return paths

    def counts(self, seed: int) -> kit.Floats:
        """Return the number of presynaptic spikes in each trial, shape (n_trials, 1)."""
        return np.random.default_rng(seed).choice(COUNTS, (self.trials, 1))


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
    """Trials of the spiking neuron, and logistic neurons trained on them.

    `best` is at the minimum of the loss (Newton's method). `trained` and `first_epoch` contain, by
    the name of the descent, the neurons after all epochs, and the histories of the first epoch (of
    all epochs for the full batch).
    """

    counts: kit.Floats
    fired: kit.Bools
    best: bridge.LogisticNeuron
    trained: dict[str, bridge.LogisticNeuron]
    first_epoch: dict[str, bridge.OptimizeResult]

    def loss(self, theta: kit.Floats) -> kit.Floats:
        """Return the mean cross-entropy (nats) at parameters of shape (..., 2); shape (...)."""
        index = self.counts[:, 0].astype(np.intp)
        trials = np.bincount(index, minlength=len(COUNTS))
        spikes = np.bincount(index, self.fired, minlength=len(COUNTS))
        score = theta[..., :1] + theta[..., 1:] * COUNTS
        return (np.logaddexp(0.0, score) @ trials - score @ spikes) / len(self.fired)

    @property
    def minimum(self) -> kit.Floats:
        """Parameters at the minimum of the loss, shape (2,)."""
        return np.append(self.best.intercept_, self.best.coef_)

    def excess(self, history: bridge.OptimizeResult) -> kit.Floats:
        """Return the loss above its minimum along a trajectory (nats)."""
        return self.loss(history.trajectory) - self.loss(self.minimum)

    def trials_until_close(self, name: str) -> float:
        """Return the number of trials until the loss is close to its minimum; NaN if never."""
        # The history of the first epoch has a finer resolution.
        for history in (self.first_epoch[name], self.trained[name].history_):
            close = np.flatnonzero(self.excess(history) <= CLOSE)
            if len(close):
                return float(history.trajectory_rows[close[0]])
        return np.nan


@lru_cache(maxsize=2)
def training(result: ns.Result, settings: Settings) -> Training:
    """Train logistic neurons on the spikes of the neuron, by each kind of descent."""
    counts, fired = settings.counts(result.seed), fired_at(result, "neuron")

    def train(size: int, epochs: int) -> bridge.LogisticNeuron:
        solver: Any = "gradient" if size == settings.trials else "stochastic"
        neuron = bridge.LogisticNeuron(
            solver=solver, batch_size=size, max_iter=epochs, tol=1e-9, random_state=result.seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # training stops before it converges
            return neuron.fit(counts, fired)

    best = bridge.LogisticNeuron(solver="newton", tol=1e-10).fit(counts, fired)
    sizes = dict(zip(COLOURS, (settings.trials, BATCH, 1), strict=True))
    trained = {name: train(size, settings.passes) for name, size in sizes.items()}
    first = {name: train(sizes[name], 1).history_ for name in ("mini-batch", "stochastic")}
    first_epoch = {"full batch": trained["full batch"].history_} | first
    return Training(counts, fired, best, trained, first_epoch)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the errors of the guesses, and the fraction of trials with a spike."""
    paths = measured_guesses(result, settings)
    errors = (paths - settings.number) ** 2
    return {
        "error_factor_per_step": np.abs(1.0 - 2.0 * np.array(settings.rates)),
        "squared_errors_first_mv2": errors[:, 0],
        "squared_errors_second_mv2": errors[:, 1],
        "squared_errors_last_mv2": errors[:, -1],
        "potential_minus_guess_mv": np.abs(paths - settings.guesses()).max(),
        "share_fired": fired_at(result, "neuron").mean(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the errors of the guesses at each rate."""
    return kit.sentences(
        found,
        f"{GUESSES} guesses of the number {settings.number:g} mV were made with each of "
        f"{len(settings.rates)} learning rates, and a spiking neuron was tested in "
        f"{settings.trials:,} trials.",
        *(
            f"Rate {rate:g}: each step multiplies the error by {{error_factor_per_step[{k}]:.3g}}. "
            f"The squared error changes from {{squared_errors_first_mv2[{k}]:.4g}} mV² to "
            f"{{squared_errors_last_mv2[{k}]:.4g}} mV²."
            for k, rate in enumerate(settings.rates)
        ),
        "The spiking neuron fires in {share_fired:.1%} of the trials. `neurosim compare` trains "
        "logistic neurons on them.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the parabola of the squared error with the guesses for each rate."""
    panels, number = [], settings.number
    for rate, path in zip(settings.rates, measured_guesses(result, settings), strict=True):
        line = number + 1.3 * np.abs(path - number).max() * np.linspace(-1.0, 1.0, 61)
        tangent = 0.3 * number * np.array([-1.0, 1.0])
        slope = number**2 - 2.0 * number * tangent
        squared = {"xlabel": "guess (PSP, mV)", "ylabel": "squared error (mV²)"}
        panels.append(
            kit.chart(
                kit.curve(line, (line - number) ** 2, "squared error", **kit.ABSTRACT),
                kit.curve(tangent, slope, "derivative at the first guess", color="black"),
                kit.curve(path, (path - number) ** 2, "guesses", marker="o", color=kit.TRAINED),
                title=f"Rate {rate:g}: error × {abs(1.0 - 2.0 * rate):.2g} per step", **squared,
            )
        )  # fmt: skip
    title = "The learning rate decides whether gradient descent converges"
    size = (max(6.4, 3.2 * len(panels)), 4.0)
    return {"guesses": kit.page(title, *panels, size=size, legend=4)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare guesses with potentials, and the descents with each other."""
    learned = training(result, settings)
    true = UNIT.firing_probability(COUNTS[:, None])
    predicted = learned.best.predict_proba(COUNTS[:, None])[:, 1]
    decided = np.abs(true - 0.5) > 1e-9
    same = bridge.agreement(true[decided] > 0.5, predicted[decided] > 0.5)
    half = np.diff(learned.best.psp_interval_[0])[0] / 2.0 / bridge.NORMAL_95
    psp = kit.with_error(learned.best.psp_[0], half, unit="mV")
    measures = kit.rows(
        findings(result, settings),
        ("agreement", f"Inputs with the same decision | of {decided.sum()} inputs", same),
        ("potential_minus_guess_mv", "Guess minus PSP, largest"),
        ("psp", f"PSP at the minimum of the loss | true value {UNIT.psps[0]:g} mV", psp),
    )
    for name, size in zip(COLOURS, (settings.trials, BATCH, 1), strict=True):
        history, key = learned.trained[name].history_, name.replace(" ", "_").replace("-", "_")
        excess, first = learned.excess(history), history.trajectory_rows <= settings.trials
        uphill, needed = (np.diff(excess) > 1e-12).mean(), learned.trials_until_close(name)
        measures |= kit.rows(
            {},
            (f"trials_needed_{key}", f"Trials until close, {name} | {size:,} per step", needed),
            (f"excess_at_the_end_{key}", f"Loss above minimum at the end, {name}", excess[-1]),
            (f"uphill_{key}", f"Fraction of steps uphill, {name}", uphill),
        )
        measures[f"trials_per_step_{key}"] = kit.Measure(size)
        measures[f"excess_after_one_pass_{key}"] = kit.Measure(excess[first][-1], "nats")
    trials = [f"{learned.trials_until_close(name):,.0f} ({name})" for name in COLOURS]
    conclusion = (
        f"Trials until the loss is within {CLOSE:g} nats of its minimum: {kit.listed(trials)}. "
        f"{measures['uphill_stochastic'].value:.0%} of the stochastic steps increase the loss."
    )
    drawings = {"paths": partial(_paths_page, learned), "cost": partial(_cost_page, learned)}
    title = "Gradient descent: guesses as potentials, and learning from spikes"
    return kit.Comparison(title, measures, drawings, conclusion)


def _paths_page(learned: Training) -> kit.Figure:
    """Draw the paths over contours of the loss, in coordinates that make these nearly round."""
    # From (θ₀, θ₁) to the score at the mean input, and back.
    shear = np.array([[1.0, 0.0], [float(learned.counts.mean()), 1.0]])
    goal = learned.minimum @ shear
    paths = {name: one.trajectory @ shear for name, one in learned.first_epoch.items()}
    points = np.concatenate([*paths.values(), goal[None]])
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = np.linspace(low - 0.15 * (high - low), high + 0.15 * (high - low), 200).T
    plane = np.stack(np.meshgrid(x, y), axis=-1) @ np.linalg.inv(shear)
    excess = learned.loss(plane) - learned.loss(learned.minimum)

    def draw_contours(axes: kit.Axes) -> None:
        levels = np.geomspace(1e-3, excess.max(), 9)
        axes.contour(x, y, excess, levels=levels, colors="0.75", linewidths=0.9)

    panels = [
        kit.chart(
            draw_contours,
            kit.curve([], [], "equal loss", color="0.75"),
            kit.curve(path[:, 0], path[:, 1], marker=".", ms=3, lw=0.7, color=COLOURS[name]),
            kit.curve(path[:1, 0], path[:1, 1], "start", ls="", marker="s", ms=7, color="black"),
            kit.curve(goal[:1], goal[1:], "minimum", ls="", marker="*", ms=14, color=kit.TRAINED),
            title=f"{name}:\n{learned.first_epoch[name].trajectory_steps[-1]:,} steps",
            xlabel="score at mean input", ylabel="weight θ₁",
        )
        for name, path in paths.items()
    ]  # fmt: skip
    title = "The smaller the batch, the noisier the path to the minimum"
    return kit.page(title, *panels, size=(9.8, 4.3), sharex=True, sharey=True, legend=3)


def _cost_page(learned: Training) -> kit.Figure:
    """Draw the loss above its minimum against the number of trials, and of steps."""

    def curves(by: str) -> list[kit.Layer]:
        layers = [kit.level(CLOSE)]
        for name, neuron in learned.trained.items():
            cost, excess = getattr(neuron.history_, by)[1:], learned.excess(neuron.history_)[1:]
            # Means over parts of the path, each 25 % longer than the one before.
            parts = np.unique(np.log(cost) // np.log(1.25), return_inverse=True)[1]
            x, y = (np.bincount(parts, each) / np.bincount(parts) for each in (cost, excess))
            layers.append(kit.curve(x, y, name, color=COLOURS[name], lw=2.5))
        return layers

    axes: dict[str, Any] = {"xscale": "log", "yscale": "log", "ylim": (1e-5, 1.0)}
    return kit.page(
        "Small batches reduce the loss with fewer trials, the full batch in fewer steps",
        kit.chart(*curves("trajectory_rows"), xlabel="number of trials used",
                  ylabel="loss above minimum (nats)", **axes),
        kit.chart(*curves("trajectory_steps"), xlabel="number of steps", **axes),
        size=(9.0, 4.3), sharey=True, legend=3,
    )  # fmt: skip


scenario = kit.lesson(__name__, row="S18", lectures=("L2",), duration=5.0, dt=5.0)
