"""A vote by income: a logistic classifier as a spiking neuron, and its training.

The classifier σ(−8 + 0.1 income) predicts the votes of three people with incomes of 40, 70 and 20
thousand. As a spiking neuron it rests 15 mV below its threshold, so β = 8/15 per mV, and each
thousand of income is one presynaptic spike with a PSP of 0.1/β = 0.1875 mV. With escape noise, the
firing probability equals the prediction.

A single income threshold separates the three votes perfectly, so the maximum-likelihood weights
diverge. The comparison therefore trains the classifier by gradient descent on many voters. Each
voter is a spiking neuron that votes yes with probability σ(−6 + 0.12 income).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import fired_at
from scenarios import _kit as kit

CLASSIFIER = bridge.LogisticUnit(-8.0, np.array([0.1]))
VOTERS = bridge.LogisticUnit(-6.0, np.array([0.12]))
INCOMES, VOTES = np.array([40.0, 70.0, 20.0]), np.array([0, 1, 0])
# Incomes (thousands) at which the spiking classifier is tested, those of the lecture first.
GRID = np.concatenate([INCOMES, np.arange(5.0, 150.0, 10.0)])
# Trials in the raster.
SHOWN = 100


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    trials: int = kit.setting(4000, "", SHOWN, 100_000, "trials at each income")
    voters: int = kit.setting(2000, "", 100, 100_000, "voters in the training data")

    def incomes(self, seed: int) -> kit.Floats:
        """Return the incomes of the voters (thousands), with mean 50."""
        drawn = np.random.default_rng(seed).normal(50.0, 20.0, self.voters)
        return np.clip(np.round(drawn), 1.0, None)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add one neuron for each trial of the classifier, and one for each voter."""
    net = ns.Network()
    tested, voting = np.repeat(GRID, settings.trials), settings.incomes(options.seed)
    for name, unit, incomes in (("classifier", CLASSIFIER, tested), ("voters", VOTERS, voting)):
        spiking = bridge.to_spiking(unit, noise="escape")
        kit.add_trials(net, name, spiking, incomes[:, None], options.dt)
    return net


def outcome(result: ns.Result, settings: Settings) -> tuple[kit.Bools, kit.Floats, kit.Bools]:
    """Return the spikes of the classifier (income, trial), and the voters' incomes and votes."""
    fired = fired_at(result, "classifier").reshape(len(GRID), -1)
    return fired, settings.incomes(result.seed), fired_at(result, "voters")


def trained_on(incomes: kit.Floats, votes: kit.Bools) -> bridge.LogisticNeuron:
    """Return a logistic neuron trained by gradient descent."""
    neuron = bridge.LogisticNeuron(solver="gradient", tol=1e-9, max_iter=100_000)
    return neuron.fit(incomes[:, None], votes)


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure how often the spiking classifier votes yes, and list its predictions."""
    fired, _, votes = outcome(result, settings)
    unit = bridge.to_spiking(CLASSIFIER, noise="escape")
    predictions = CLASSIFIER.probability(INCOMES[:, None])
    return {
        "scores": CLASSIFIER.score(INCOMES[:, None]),
        "predictions": predictions,
        "classes": (predictions > 0.5).astype(int),
        "costs": -np.log(np.where(VOTES == 1, predictions, 1.0 - predictions)),
        "beta_per_mv": unit.noise.beta,
        "psp_mv": unit.psps[0],
        "potentials_mv": unit.neuron.v_rest + unit.potential(INCOMES[:, None]),
        "spiking_shares": fired[: len(INCOMES)].mean(axis=1),
        "three_votes_separable": bool(INCOMES[VOTES == 1].min() > INCOMES[VOTES == 0].max()),
        "voters_yes": votes.mean(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the response of the spiking classifier to the three incomes."""
    return kit.sentences(
        found,
        f"One spiking neuron was tested in {settings.trials:,} trials at each of {len(GRID)} "
        f"incomes, and {settings.voters:,} voters voted.",
        *(
            f"Income {income:g}: the potential reaches {{potentials_mv[{k}]:g}} mV, and the "
            f"neuron fires in a fraction {{spiking_shares[{k}]:.3f}} of the trials; predicted "
            f"{{predictions[{k}]:.3f}}; the vote is {VOTES[k]}, the cost {{costs[{k}]:.3f}}."
            for k, income in enumerate(INCOMES)
        ),
        "Of the voters, {voters_yes:.1%} voted yes.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the potential at each of the three incomes, and the trials with a spike."""
    found, fired = findings(result, settings), outcome(result, settings)[0]
    info, names = result.populations["classifier"], [f"income {income:g}" for income in INCOMES]

    def draw_potentials(axes: kit.Axes) -> None:
        rises = found["potentials_mv"] - info.v_rest
        axes.bar(names, rises, 0.5, info.v_rest, color=ns.plot.EXCITATORY)
        kit.draw_levels(axes, info)
        for k, potential in enumerate(found["potentials_mv"]):
            kit.label(axes, k, potential, f"{kit.signed(potential, 3)} mV", side="above")

    def draw_spikes(axes: kit.Axes) -> None:
        for k, share in enumerate(found["spiking_shares"]):
            spikes = 1 + np.flatnonzero(fired[k, :SHOWN])
            axes.plot(spikes, np.full(len(spikes), k), "|", ms=22, mew=1.4, color=kit.SPIKING)
            kit.label(axes, 0, k - 0.35, f"fires in {share:.1%} of the trials")

    return {"spikes": kit.page(
        "A higher income brings the neuron closer to threshold, and it votes yes more often",
        kit.panel(draw_potentials, ylabel="membrane potential (mV)", ylim=(-71.5, -53.5),
                  title="Input raises the membrane potential"),
        kit.panel(draw_spikes, xlim=(0, SHOWN + 1), ylim=(2.5, -0.6), yticks=range(len(names)),
                  yticklabels=names, xlabel=f"trial (first {SHOWN} of {settings.trials:,})",
                  title="Spikes (|) occur with the predicted probability"),
        size=(9.0, 4.0), width_ratios=(1.0, 1.25),
    )}  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare firing probabilities with predictions, and train on the voters."""
    fired, incomes, votes = outcome(result, settings)
    trained = trained_on(incomes, votes)
    predictions, fraction = CLASSIFIER.probability(GRID[:, None]), fired.mean(axis=1)
    same = bridge.agreement(fraction > 0.5, predictions > 0.5)
    errors = f"standard error up to {0.5 / np.sqrt(settings.trials):.2g}"
    largest = np.abs(fraction - predictions).max()
    measures = kit.rows(
        {},
        ("agreement", f"Incomes with the same class | of {len(GRID)} incomes", same),
        ("largest_difference", f"Largest difference in probability | {errors}", largest),
    )
    measures |= kit.trained_weights(trained, (VOTERS.intercept, *VOTERS.coef))
    for key, probability in (
        ("before", CLASSIFIER.probability(incomes[:, None])),
        ("after", trained.predict_proba(incomes[:, None])[:, 1]),
        ("best", VOTERS.probability(incomes[:, None])),
    ):
        cost = bridge.cross_entropy(votes, probability)
        measures[f"cost_{key}"] = cost.labelled(f"Cross-entropy, {key}")
    conclusion = (
        "The spiking neuron fires with the probability that the logistic classifier predicts. "
        "Gradient descent on the voters' spikes recovers the weights by which they vote."
    )
    title = "A vote by income: spiking neuron, logistic classifier and training"
    drawings = {"vote": partial(_draw_vote, fired, incomes, votes, trained)}
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_vote(
    fired: kit.Bools, incomes: kit.Floats, votes: kit.Bools, trained: bridge.LogisticNeuron
) -> kit.Figure:
    """Draw the probabilities before and after training, with the spikes and the votes."""
    line = np.linspace(0.0, 150.0, 400)[:, None]
    bins = np.array(kit.pool_trials(10.0 * (incomes // 10.0) + 4.5, votes[:, None]))
    bins = bins[:, bins[2] >= 10]
    before, after = CLASSIFIER.probability(line), trained.predict_proba(line)[:, 1]
    stars = {"ls": "", "marker": "*", "ms": 13, "color": "#E69F00", "mec": "black"}
    body = kit.chart(
        kit.curve(line, before, "classifier σ(−8 + 0.1 income)", **kit.ABSTRACT),
        kit.layer(kit.draw_fraction, GRID, fired.sum(axis=1), fired.shape[1],
                  label="spiking neuron, 95 % interval"),
        kit.layer(kit.draw_fraction, *bins, fmt="s", color="black", mfc="white",
                  label="voters, in bins of 10"),
        kit.curve(line, after, "trained on the voters", **kit.FITTED),
        kit.curve(INCOMES, VOTES, "three votes", **stars),
        xlabel="income (thousands)", ylabel="probability of voting yes", xlim=(0, 150),
        ylim=(-0.03, 1.03),
    )  # fmt: skip
    title = "Training moves the classifier to the votes that were cast"
    return kit.page(title, body, size=(7.4, 5.0), legend=3)


scenario = kit.lesson(__name__, row="S4", lectures=("L0",), duration=5.0, dt=5.0)
