"""Who votes yes, by income: a logistic classifier, its spiking twin in millivolts, and training."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import fired_at
from neurosim.scenario import Scenario
from scenarios._kit.common import draw_levels, signed
from scenarios._kit.trials import DERIVED, SPIKING, TRAINED, add_trials, draw_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

LECTURE = bridge.LogisticUnit(-8.0, np.array([0.1]))
INCOMES, VOTES = np.array([40.0, 70.0, 20.0]), np.array([0, 1, 0])
"""Yearly incomes (thousands) of the lecture's three voters, and how they voted."""
LAW = bridge.LogisticUnit(-6.0, np.array([0.12]))
"""How the many voters decide of whom a classifier learns."""
GRID = np.concatenate([INCOMES, np.arange(5.0, 150.0, 10.0)])
"""Incomes at which the classifier's spiking twin is measured, the lecture's three first."""
SHOWN = 100
"""Trials in the raster."""


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    trials: int = field(
        default=4000, metadata={"help": "trials of the spiking neuron at each income"}
    )
    voters: int = field(
        default=2000, metadata={"help": "voters from whom the classifier is trained"}
    )

    def __post_init__(self) -> None:
        if not SHOWN <= self.trials <= 100_000:
            raise ns.NeurosimError(f"trials = {self.trials} is outside {SHOWN} to 100000")
        if not 100 <= self.voters <= 100_000:
            raise ns.NeurosimError(f"voters = {self.voters} is outside 100 to 100000")

    def sample(self, seed: int) -> NDArray[np.float64]:
        """Return the voters' incomes (whole thousands), drawn around 50."""
        drawn = np.random.default_rng(seed).normal(50.0, 20.0, self.voters)
        return np.clip(np.round(drawn), 1.0, None)


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe one step: the classifier as a neuron, many times, and each voter as a neuron.

    An income of 40 is a volley of 40 spikes at one synapse.
    """
    net = ns.Network()
    incomes = np.repeat(GRID, settings.trials)[:, np.newaxis]
    voters = settings.sample(options.seed)[:, np.newaxis]
    for name, unit, activity in (("classifier", LECTURE, incomes), ("voters", LAW, voters)):
        spiking = bridge.to_spiking(unit, noise="escape")
        add_trials(net, name, spiking, activity, options.dt)
    return net


@dataclass(frozen=True, eq=False)
class Election:
    """What the neurons did.

    Attributes
    ----------
    fired : (n_incomes, n_trials) ndarray of bool
        Of the spiking classifier, by income of `GRID` and trial.
    incomes : (n_voters,) ndarray
    votes : (n_voters,) ndarray of bool
        Whether each voter's neuron fired: a yes.
    """

    fired: NDArray[np.bool_]
    incomes: NDArray[np.float64]
    votes: NDArray[np.bool_]

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Election:
        """Return what the neurons of a run did."""
        fired = fired_at(result, "classifier").reshape(len(GRID), -1)
        return cls(fired, settings.sample(result.seed), fired_at(result, "voters"))

    def trained(self) -> bridge.LogisticNeuron:
        """Return the classifier that gradient descent makes of the voters."""
        neuron = bridge.LogisticNeuron(solver="gradient", tol=1e-9, max_iter=100_000)
        return neuron.fit(self.incomes[:, np.newaxis], self.votes)


def costs_of(predictions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cross-entropy of the lecture's three votes."""
    return -np.log(np.where(VOTES == 1, predictions, 1.0 - predictions))


@lru_cache
def three_votes_separable() -> bool:
    """Return whether an income parts the yes of the lecture's three votes from the no."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bridge.SeparableDataWarning)
        return bridge.LogisticNeuron().fit(INCOMES[:, np.newaxis], VOTES).separable_


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure how often the spiking classifier says yes to the three, beside its predictions."""
    election, unit = Election.of(result, settings), bridge.to_spiking(LECTURE, noise="escape")
    predictions = LECTURE.probability(INCOMES[:, np.newaxis])
    yes = election.fired[: len(INCOMES)].sum(axis=1)
    return {
        "scores": LECTURE.score(INCOMES[:, np.newaxis]),
        "predictions": predictions,
        "classes": (predictions > 0.5).astype(int),
        "costs": costs_of(predictions),
        "beta_per_mv": unit.noise.beta,
        "psp_mv": unit.psps[0],
        "potentials_mv": unit.neuron.v_rest + unit.potential(INCOMES[:, np.newaxis]),
        "spiking_shares": yes / settings.trials,
        "spiking_intervals": np.stack(bridge.wilson_interval(yes, settings.trials), axis=1),
        "three_votes_separable": three_votes_separable(),
        "voters": settings.voters,
        "voters_yes": election.votes.mean(),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw to which potential each income lifts the neuron, and in which trials it fires."""
    from neurosim import plot

    election, info = Election.of(result, settings), result.populations["classifier"]
    unit = bridge.to_spiking(LECTURE, noise="escape")
    reached = info.v_rest + unit.potential(INCOMES[:, np.newaxis])
    names = [f"income {income:g}" for income in INCOMES]
    fig = plot.figure(8.4, 3.8)
    left, right = plot.panels(fig, 1, 2, width_ratios=(1.0, 1.25))
    with plot.style():
        draw_levels(left, info)
        left.bar(names, reached - info.v_rest, 0.5, info.v_rest, color=plot.EXCITATORY)
        for place, potential in enumerate(reached):
            words = f"{signed(round(potential, 2))} mV"
            left.text(place, potential + 0.3, words, ha="center", va="bottom", fontsize=9)
        left.set(ylim=(-70.6, -53.8), ylabel="membrane potential (mV)")
        left.set_title("the volley lifts the potential")
        for place, fired in enumerate(election.fired[: len(INCOMES)]):
            trials = 1 + np.flatnonzero(fired[:SHOWN])
            right.plot(trials, np.full(len(trials), place), "|", ms=22, mew=1.4, color=SPIKING)
            words = f"fires in {100.0 * fired.mean():.2g} % of {settings.trials:,}"
            right.text(0.0, place - 0.32, words, fontsize=9)
        right.set(ylim=(2.5, -0.6), xlim=(0, SHOWN + 1), xlabel=f"trial, the first {SHOWN}")
        right.set_yticks(range(len(INCOMES)), names)
        right.set_title("and by chance it fires (|): a yes")
    return {"spikes": fig}


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the share of trials with a spike beside the prediction; train on the voters' spikes."""
    election = Election.of(result, settings)
    trained = election.trained()
    return bridge.Comparison(
        title="A vote by income: spiking, logistic, and trained",
        measures=_agreement(election) | _training(election, trained),
        drawings={
            "vote": partial(_draw_vote, election, trained),
            "training": partial(_draw_training, election, trained),
        },
    )


def _agreement(election: Election) -> dict[str, bridge.Measure]:
    """Return how near the spiking classifier is to the logistic one."""
    predictions = LECTURE.probability(GRID[:, np.newaxis])
    share = election.fired.mean(axis=1)
    trials = election.fired.shape[1]
    found = bridge.agreement(share > 0.5, predictions > 0.5)
    measures = {"agreement": replace(found, note=f"same class, of {len(GRID)} incomes")}
    low, high = bridge.wilson_interval(election.fired.sum(axis=1), trials)
    costs = costs_of(predictions[: len(INCOMES)])
    for k, income in enumerate(INCOMES):
        note = f"predicted {predictions[k]:.3f}; voted {VOTES[k]}, so cost {costs[k]:.3f}"
        key = f"spiking_share_{income:g}"
        measures[key] = bridge.Measure(share[k], "", float(low[k]), float(high[k]), note)
    note = f"standard error of an income up to {0.5 / np.sqrt(trials):.2g}"
    worst = float(np.abs(share - predictions).max())
    return measures | {"largest_difference": bridge.Measure(worst, note=note)}


def _training(election: Election, trained: bridge.LogisticNeuron) -> dict[str, bridge.Measure]:
    """Return what training on the voters' spikes gains and finds."""
    incomes = election.incomes[:, np.newaxis]
    half = bridge.NORMAL_95 * trained.standard_errors_
    measures = {}
    truth = (LAW.intercept, LAW.coef[0])
    for k, value in enumerate((trained.intercept_[0], trained.coef_[0, 0])):
        low, high = value - half[k], value + half[k]
        note = f"trained on {len(incomes):,} voters; they decide by {signed(truth[k])}"
        measures[f"theta_{k}"] = bridge.Measure(float(value), "", low, high, note)
    for key, probability, words in (
        ("before", LECTURE.probability(incomes), "mean cost of the voters, θ = (−8, 0.1)"),
        ("after", trained.predict_proba(incomes)[:, 1], f"{trained.n_iter_} steps of descent"),
        ("best", LAW.probability(incomes), "of the law by which they decide"),
    ):
        cost = bridge.cross_entropy(election.votes, probability)
        measures[f"cost_{key}"] = replace(cost, note=words)
        right = bridge.agreement(election.votes, probability > 0.5)
        measures[f"right_{key}"] = replace(right, note="share of votes foretold")
    note = "the lecture's three votes alone: no best weights exist"
    measures["three_votes_separable"] = bridge.Measure(three_votes_separable(), note=note)
    return measures


def _draw_vote(election: Election, trained: bridge.LogisticNeuron) -> Figure:
    """Draw the curve before and after training over the votes and the spiking shares."""
    from neurosim import plot

    line = np.linspace(0.0, 150.0, 400)[:, np.newaxis]
    fig = plot.figure(7.4, 4.8)
    (axes,) = plot.panels(fig)
    with plot.style():
        axes.plot(line, LECTURE.probability(line), color=DERIVED, lw=4, label="σ(−8 + 0.1 income)")
        words = "its spiking twin, 95 % interval"
        draw_share(axes, GRID, election.fired.sum(1), election.fired.shape[1], label=words)
        words = "trained on the voters"
        axes.plot(line, trained.predict_proba(line)[:, 1], color=TRAINED, lw=2, label=words)
        _draw_voters(axes, election)
        axes.plot(INCOMES, VOTES, "*", ms=13, color="#E69F00", mec="black", label="the three votes")
        axes.axhline(0.5, color="0.45", lw=0.9, ls=":")
        axes.set(xlabel="income (thousands)", ylabel="probability of a yes", xlim=(0.0, 150.0))
        axes.set_ylim(-0.06, 1.06)
        fig.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def _draw_voters(axes: Axes, election: Election) -> None:
    """Draw each voter's vote, and the share of yes in every ten thousand of income."""
    for vote in (False, True):
        incomes = election.incomes[election.votes == vote]
        label = None if vote else "a voter (a spike is a yes)"
        places = np.full(len(incomes), -0.035 + 1.07 * vote)
        axes.plot(incomes, places, "|", ms=5, color="black", alpha=0.4, label=label)
    bins = (election.incomes // 10).astype(int)
    trials = np.bincount(bins)
    yes = np.bincount(bins, election.votes)
    used = trials >= 5
    look = {"fmt": "s", "color": "black", "mfc": "white", "label": "share of the voters"}
    draw_share(axes, (10.0 * np.arange(len(trials)) + 4.5)[used], yes[used], trials[used], **look)


def _draw_training(election: Election, trained: bridge.LogisticNeuron) -> Figure:
    """Draw the loss by step: it levels off for many voters, and falls for ever for the three."""
    from neurosim import plot

    scaled = (INCOMES - INCOMES.mean()) / INCOMES.std()
    start = bridge.LayeredNetwork(
        (bridge.Layer(np.zeros((1, 1)), np.zeros(1), bridge.find_activation("sigmoid")),)
    )
    solve = bridge.gradient_descent
    _, three = start.train(scaled[:, np.newaxis], VOTES, solver=solve, max_iter=10_000, tol=1e-9)
    many = trained.history_.loss
    fig = plot.figure(6.4, 4.0)
    (axes,) = plot.panels(fig)
    with plot.style():
        steps = 1 + np.arange(len(three.loss))
        axes.loglog(steps, three.loss, color="#E69F00", lw=2, label="the three votes: no lowest")
        words = f"{len(election.votes):,} voters: lowest at {many[-1]:.3f}"
        axes.loglog(steps[: len(many)], many, color=TRAINED, lw=2, label=words)
        axes.axhline(many[-1], color="0.45", lw=0.9, ls=":")
        axes.set(xlabel="step of gradient descent", ylabel="mean cost (nats per voter)")
        axes.legend(loc="lower left")
    return fig


scenario = Scenario(
    name="vote",
    title="A vote by income: a logistic classifier, its spiking twin, and training",
    row="S4",
    source="L0",
    group="One artificial neuron",
    description=(
        "A logistic classifier, sigma(-8 + 0.1 income), foretells three votes. As a spiking neuron "
        "it is at rest 15 mV below its threshold, so beta = 8/15 per mV, and each unit of income "
        "is a spike that lifts its potential by 0.1875 mV; the threshold is soft (escape noise), "
        "and the share of trials in which the neuron fires is exactly the prediction. An income "
        "parts the three votes without error, so no best weights exist for them: training makes "
        "the weights grow for ever. Therefore the comparison trains by gradient descent on many "
        "voters, each a spiking neuron with a law of its own, sigma(-6 + 0.12 income)."
    ),
    settings=Settings,
    duration=5.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
