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

# Neuron without spikes, for the guesses.
PASSIVE = ns.LIF(v_threshold=200.0, v_peak=200.0)
# Neuron whose spikes are learned: one synapse of 3 mV, escape noise of 2 mV.
UNIT = bridge.SpikingUnit(ns.LIF(), np.array([3.0]), bridge.EscapeNoise(2.0))
# Most presynaptic spikes in a trial.
MOST = 10
# Guesses with each rate, the first included.
GUESSES = 15
# Loss above the minimum (nats) below which a descent has arrived.
CLOSE = 0.01
COLOURS = {"full batch": "#000000", "mini-batch": "#E69F00", "stochastic": "#56B4E9"}


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    number: float = kit.setting(10.0, "mV", -10.0, 30.0, "number to guess, a synaptic weight")
    rates: tuple[float, ...] = kit.setting(
        (0.05, 0.4, 1.05), "", 1e-6, 1.1, "learning rates of the guesses", length=(1, 3)
    )
    trials: int = kit.setting(2000, "", 200, 100_000, "trials of the spiking neuron")
    batch: int = kit.setting(32, "", 1, 99_999, "trials in a mini-batch")
    passes: int = kit.setting(50, "", 2, 1000, "epochs of training")

    def __post_init__(self) -> None:
        super().__post_init__()
        if abs(self.number) < 0.1:
            raise ns.NeurosimError(
                f"number = {self.number:g} mV is too close to the first guess, 0 mV: give at least "
                "0.1 mV or at most −0.1 mV"
            )
        if self.batch >= self.trials:
            raise ns.NeurosimError(
                f"batch = {self.batch} is not below trials = {self.trials}: give a smaller batch"
            )

    @property
    def batch_sizes(self) -> dict[str, int]:
        """Number of trials in a step, by the name of the descent."""
        return {"full batch": self.trials, "mini-batch": self.batch, "stochastic": 1}

    def guesses(self) -> kit.Floats:
        """Return the guesses (mV), shape (n_rates, 15)."""
        paths = np.zeros((len(self.rates), GUESSES))
        for path, rate in zip(paths, self.rates, strict=True):
            for k in range(1, GUESSES):
                path[k] = path[k - 1] - rate * 2.0 * (path[k - 1] - self.number)
        return paths

    def parabola(self) -> kit.Floats:
        """Return evenly spaced guesses (mV) on both sides of the number, shape (n_rates, 61)."""
        reach = 1.3 * np.abs(self.guesses() - self.number).max(axis=1, keepdims=True)
        return self.number + reach * np.linspace(-1.0, 1.0, 61)

    def counts(self, seed: int) -> kit.Floats:
        """Return the number of presynaptic spikes in each trial, shape (n_trials, 1)."""
        drawn = np.random.default_rng(seed).integers(0, MOST + 1, (self.trials, 1))
        return drawn.astype(float)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a passive neuron for each guess, and a spiking neuron for each trial."""
    net = ns.Network()
    weights = np.concatenate([settings.parabola(), settings.guesses()], axis=1).ravel()
    guess = net.add("guess", len(weights), PASSIVE)
    net.drive(guess, ns.SpikeTimes([options.dt]), psp=weights)
    net.record(guess, "v")
    kit.add_trials(net, "neuron", UNIT, settings.counts(options.seed), options.dt)
    return net


def measured_guesses(result: ns.Result, settings: Settings) -> tuple[kit.Floats, kit.Floats]:
    """Return the PSPs (mV) of the guesses of `Settings.parabola` and `Settings.guesses`."""
    trace = result.traces["guess", "v"]
    k = np.argmin(np.abs(trace.times - result.dt))
    psps = (trace.values[k] - PASSIVE.v_rest).reshape(len(settings.rates), -1)
    return psps[:, :-GUESSES], psps[:, -GUESSES:]


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
        activity, index = np.arange(MOST + 1.0), self.counts[:, 0].astype(np.intp)
        trials = np.bincount(index, minlength=len(activity))
        spikes = np.bincount(index, self.fired, minlength=len(activity))
        score = theta[..., :1] + theta[..., 1:] * activity
        return (np.logaddexp(0.0, score) @ trials - score @ spikes) / len(self.fired)

    @property
    def lowest(self) -> float:
        """The minimum of the loss (nats)."""
        return float(self.loss(np.append(self.best.intercept_, self.best.coef_)))

    def trials_until_close(self, name: str) -> float:
        """Return the number of trials until the loss is close to its minimum; NaN if never."""
        # The history of the first epoch has a finer resolution.
        for history in (self.first_epoch[name], self.trained[name].history_):
            close = np.flatnonzero(self.loss(history.trajectory) <= self.lowest + CLOSE)
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

    sizes, epochs = settings.batch_sizes, settings.passes
    return Training(
        counts,
        fired,
        bridge.LogisticNeuron(solver="newton", tol=1e-10).fit(counts, fired),
        {name: train(size, epochs) for name, size in sizes.items()},
        {
            name: train(size, epochs if size == settings.trials else 1).history_
            for name, size in sizes.items()
        },
    )


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure the errors of the guesses, and the fraction of trials with a spike."""
    _, paths = measured_guesses(result, settings)
    errors = (paths - settings.number) ** 2
    return {
        "number_mv": settings.number,
        "rates": settings.rates,
        "error_factor_per_step": np.abs(1.0 - 2.0 * np.array(settings.rates)),
        "squared_errors_first_mv2": errors[:, 0],
        "squared_errors_second_mv2": errors[:, 1],
        "squared_errors_last_mv2": errors[:, -1],
        "potential_minus_guess_mv": np.abs(paths - settings.guesses()).max(),
        "trials": settings.trials,
        "share_fired": training(result, settings).fired.mean(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the errors of the guesses at each rate."""
    rows = zip(settings.rates, *(found[key] for key in ("error_factor_per_step",
               "squared_errors_first_mv2", "squared_errors_last_mv2")), strict=True)  # fmt: skip
    return [
        f"{GUESSES} guesses of the number {kit.signed(settings.number)} mV were made with each of "
        f"{len(settings.rates)} learning rates, and a spiking neuron was tested in "
        f"{settings.trials:,} trials.",
        *(
            f"Rate {rate:g}: each step multiplies the error by {factor:.3g}. The squared error "
            f"changes from {kit.signed(first, 4)} mV² to {kit.signed(last, 4)} mV²."
            for rate, factor, first, last in rows
        ),
        f"The spiking neuron fires in {found['share_fired']:.1%} of the trials. "
        "`neurosim compare` trains logistic neurons on them.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the parabola of the squared error with the guesses for each rate."""
    rows = zip(settings.rates, *measured_guesses(result, settings), strict=True)
    panels = [
        kit.panel(
            _draw_guesses, parabola, path, settings.number, title=f"Rate {rate:g}: {outcome(rate)}",
            xlabel="guess (PSP, mV)", ylabel="" if k else "squared error (mV²)",
        )
        for k, (rate, parabola, path) in enumerate(rows)
    ]  # fmt: skip
    title = "The learning rate decides whether gradient descent converges"
    size = (max(6.4, 3.2 * len(panels)), 4.0)
    return {"guesses": kit.page(title, *panels, size=size, legend=4)}


def outcome(rate: float) -> str:
    """Describe steps that multiply the error by 1 − 2·rate."""
    if rate >= 1.0:
        return "divergence" if rate > 1.0 else "oscillation"
    return "slow convergence" if abs(1.0 - 2.0 * rate) > 0.7 else "convergence"


def _draw_guesses(axes: kit.Axes, parabola: kit.Floats, path: kit.Floats, number: float) -> None:
    """Draw the parabola, the guesses on it, and the slope at the first guess."""
    axes.plot(parabola, (parabola - number) ** 2, color=kit.LOGISTIC, lw=4, label="squared error")
    first, slope = path[0], 2.0 * (path[0] - number)
    along = first + 0.3 * (number - first) * np.array([-1.0, 1.0])
    height = (first - number) ** 2 + slope * (along - first)
    axes.plot(along, height, color="black", lw=1.6, label="derivative")
    axes.plot(path, (path - number) ** 2, "o-", ms=4, lw=1.0, color=kit.TRAINED, label="guesses")
    axes.plot(first, (first - number) ** 2, "s", ms=7, color="black", label="first guess")
    axes.axvline(number, color="0.45", lw=0.9, ls=":")
    top = 1.2 * ((parabola - number) ** 2).max()
    kit.label(axes, number, top, f"{kit.signed(number)} mV", side="below")
    axes.set_ylim(top=top)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare guesses with potentials, and the descents with each other."""
    learned = training(result, settings)
    counts = np.arange(MOST + 1.0)[:, None]
    true = UNIT.firing_probability(counts)
    predicted = learned.best.predict_proba(counts)[:, 1]
    decided = np.abs(true - 0.5) > 1e-9
    same = bridge.agreement(true[decided] > 0.5, predicted[decided] > 0.5)
    error = float(np.abs(measured_guesses(result, settings)[1] - settings.guesses()).max())
    (psp,), ((low, high),) = learned.best.psp_, learned.best.psp_interval_
    measures = {
        "agreement": same.labelled("Inputs with the same decision", f"of {decided.sum()} inputs"),
        "guess_minus_potential": kit.Measure(error, "mV", label="Guess minus PSP, largest"),
        "psp": kit.Measure(
            psp,
            "mV",
            low,
            high,
            f"true value {UNIT.psps[0]:g} mV",
            "PSP at the minimum of the loss",
        ),
        "lowest_loss": kit.Measure(learned.lowest, "nats"),
    }
    for name in settings.batch_sizes:
        measures |= _measures(learned, name, settings)
    needed = [f"{learned.trials_until_close(name):,.0f} ({name})" for name in settings.batch_sizes]
    conclusion = (
        f"Trials until the loss is within {CLOSE:g} nats of its minimum: {kit.listed(needed)}. "
        f"{measures['uphill_stochastic'].value:.0%} of the stochastic steps increase the loss."
    )
    drawings = {
        "paths": partial(_paths_page, learned, settings),
        "cost": partial(_cost_page, learned),
    }
    title = "Gradient descent: guesses as potentials, and learning from spikes"
    return kit.Comparison(title, measures, drawings, conclusion)


def _measures(learned: Training, name: str, settings: Settings) -> dict[str, kit.Measure]:
    """Return cost, speed and noise of a descent."""
    neuron, key = learned.trained[name], name.replace(" ", "_").replace("-", "_")
    history, best = neuron.history_, learned.best.coef_[0, 0]
    loss = learned.loss(history.trajectory)
    first = history.trajectory_rows <= settings.trials
    return {
        f"theta_1_{key}": kit.Measure(
            float(neuron.coef_[0, 0]), note=f"at the minimum {best:.4g}",
            label=f"Weight θ₁ at the end, {name}",
        ),
        f"trials_per_step_{key}": kit.Measure(settings.batch_sizes[name]),
        f"trials_needed_{key}": kit.Measure(learned.trials_until_close(name)),
        f"excess_after_one_pass_{key}": kit.Measure(loss[first][-1] - learned.lowest, "nats"),
        f"excess_at_the_end_{key}": kit.Measure(
            loss[-1] - learned.lowest, "nats", label=f"Loss above minimum at the end, {name}",
            note=f"trials per step: {settings.batch_sizes[name]:,}",
        ),
        f"uphill_{key}": kit.Measure(
            float((np.diff(loss) > 1e-12).mean()), label=f"Fraction of steps uphill, {name}"
        ),
    }  # fmt: skip


def _paths_page(learned: Training, settings: Settings) -> kit.Figure:
    """Draw the paths over contours of the loss, in coordinates that make these nearly round."""
    mean = float(learned.counts.mean())
    (goal,) = _centred(np.append(learned.best.intercept_, learned.best.coef_)[None], mean)
    paths = {name: _centred(one.trajectory, mean) for name, one in learned.first_epoch.items()}
    points = np.concatenate([*paths.values(), goal[None]])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.15 * (high - low)
    x, y = (np.linspace(a - m, b + m, 200) for a, b, m in zip(low, high, margin, strict=True))
    score, weight = np.meshgrid(x, y)
    excess = learned.loss(np.stack([score - mean * weight, weight], axis=-1)) - learned.lowest

    def draw(axes: kit.Axes, name: str) -> None:
        levels = np.geomspace(1e-3, excess.max(), 9)
        axes.contour(x, y, excess, levels=levels, colors="0.75", linewidths=0.9)
        axes.plot([], [], color="0.75", label="equal loss")
        axes.plot(*paths[name].T, ".-", ms=3, lw=0.7, color=COLOURS[name])
        axes.plot(*paths[name][0], "s", ms=7, color="black", label="start")
        axes.plot(*goal, "*", ms=14, color=kit.TRAINED, mec="black", label="minimum of the loss")

    panels: list[kit.Panel] = []
    for name, size in settings.batch_sizes.items():
        steps = learned.first_epoch[name].trajectory_steps[-1]
        labels = {"title": f"{name}:\n{steps:,} steps of {size:,} trial{'s' * (size > 1)}"}
        labels |= {"xlabel": f"score at mean input, θ₀ + {mean:.2f} θ₁"}
        panels.append(kit.panel(draw, name, **labels, ylabel="" if panels else "weight θ₁"))
    title = "The smaller the batch, the noisier the path to the minimum"
    return kit.page(title, *panels, size=(9.8, 4.3), sharex=True, sharey=True, legend=3)


def _centred(path: kit.Floats, mean: float) -> kit.Floats:
    """Return parameters (θ₀, θ₁) as score at the mean input, and weight."""
    return np.column_stack([path[:, 0] + mean * path[:, 1], path[:, 1]])


def _cost_page(learned: Training) -> kit.Figure:
    """Draw the loss above its minimum against the number of trials, and of steps."""

    def draw(axes: kit.Axes, by: str) -> None:
        for name in ("stochastic", "mini-batch", "full batch"):
            history = learned.trained[name].history_
            cost = getattr(history, by)[1:]
            excess = (learned.loss(history.trajectory) - learned.lowest)[1:]
            axes.loglog(cost, excess, color=COLOURS[name], lw=0.5, alpha=0.4)
            axes.loglog(*_smoothed(cost, excess), color=COLOURS[name], lw=2.5, label=name)
        axes.axhline(CLOSE, color="0.45", lw=0.9, ls=":")

    labels: dict[str, Any] = {"ylabel": "loss above minimum (nats)", "ylim": (1e-5, 1.0)}
    left = kit.panel(draw, "trajectory_rows", xlabel="number of trials used", **labels)
    right = kit.panel(draw, "trajectory_steps", xlabel="number of steps", ylim=(1e-5, 1.0))
    title = "Small batches reduce the loss with fewer trials, the full batch in fewer steps"
    return kit.page(title, left, right, size=(9.0, 4.3), sharey=True, legend=3)


def _smoothed(cost: kit.Floats, excess: kit.Floats) -> tuple[kit.Floats, kit.Floats]:
    """Return means over parts of a path, each 25 % longer than the one before."""
    part = np.floor(np.log(cost) / np.log(1.25)).astype(np.intp)
    part = np.unique(part, return_inverse=True)[1]
    points = np.bincount(part)
    return np.bincount(part, cost) / points, np.bincount(part, excess) / points


scenario = kit.lesson(__name__, row="S18", lectures=("L2",), duration=5.0, dt=5.0)
