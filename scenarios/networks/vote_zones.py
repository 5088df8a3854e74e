"""Votes by income and age: two zones, a zone of uncertainty, and overfitting.

Voters vote no if they are poor and young, and yes if they are rich and old. In between they toss a
coin. Each voter consists of three spiking neurons with soft thresholds. Networks of 1, 3 and 101
neurons are trained on the votes of 200 voters, converted to spiking neurons, and tested on other
voters and on a grid of incomes and ages.

One neuron (3 parameters) separates two zones by a straight line. Three neurons (9 parameters) draw
two lines, with a zone of uncertainty between them. 101 neurons (401 parameters) fit every single
vote, even those decided by a coin. This network overfits: it predicts the votes of other people
worse than one neuron does, and with more confidence.

In the spiking networks a group of neurons with different thresholds represents each hidden unit.
The output neurons have soft thresholds (escape noise), so that the fraction of them that fires is
the predicted probability of a yes. Each point of the grid and each voter has a copy of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import bridge
import neurosim as ns
from bridge.networks import train_best
from bridge.spiking import NeuronGroup
from scenarios import _kit as kit

# A voter: one hidden neuron fires beyond the zone of uncertainty, the other one inside it too.
VOTER = bridge.LayeredNetwork(
    (
        bridge.Layer([[10.0, 5.0], [5.0, 10.0]], [-3.5, 3.5], "sigmoid"),
        bridge.Layer([[4.0, 4.0]], [-4.0], "sigmoid"),
    )
)
# Income (thousands a year) and age (years); the inputs are (value − centre)/scale, −1 to 1.
CENTRE, SCALE = np.array([75.0, 54.0]), np.array([75.0, 36.0])
# Inputs at which the spiking and the abstract networks are tested, besides the voters.
GRID, FINE = kit.Plane.square(-1.0, 1.0, 25), kit.Plane.square(-1.0, 1.0, 201)
# Hidden units of each network, by its number of neurons.
HIDDEN = {"1": 0, "3": 2, "101": 100}
# Spiking neurons that represent a hidden unit, and the output.
GROUPS = {"1": (1, 100), "3": (16, 100), "101": (8, 10)}
# Random initial weights of the network of 3 neurons; the fit with the lowest loss is used.
STARTS = 5
# Held-out voters on whom the abstract networks are tested.
UNSEEN = 5000


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    voters: int = kit.setting(200, "", 50, 300, "voters in the training data")
    steps: int = kit.setting(
        30, "", 1, 10_000, "training steps of the network of 3 neurons; with many it overfits too"
    )


@lru_cache(maxsize=4)
def voters(settings: Settings, seed: int) -> tuple[kit.Floats, kit.Bools]:
    """Return the inputs of all voters, those of the training data first, and their votes."""
    inputs = np.random.default_rng(seed).uniform(-1.0, 1.0, (settings.voters + UNSEEN, 2))
    return inputs, simulate_votes(inputs, seed)


def simulate_votes(inputs: kit.Floats, seed: int, dt: float = 5.0) -> kit.Bools:
    """Return the vote of each voter, made by three spiking neurons with soft thresholds."""
    net, voter = ns.Network(dale=False), NeuronGroup(VOTER, name="voter, ")
    voter.add_to(net, inputs, dt=dt)
    return voter.outputs_in(ns.simulate(net, 2.0 * dt, dt=dt, seed=seed))[-1][:, 0] > 0.5


@lru_cache(maxsize=4)
def trained(settings: Settings, seed: int) -> dict[str, bridge.LayeredNetwork]:
    """Return the networks trained on the first voters, by number of neurons."""
    inputs, votes = voters(settings, seed)
    inputs, votes = inputs[: settings.voters], votes[: settings.voters]
    networks = {}
    for name, hidden in HIDDEN.items():
        widths = [2, hidden, 1] if hidden else [2, 1]
        activations, slope = ["sigmoid"] * (len(widths) - 1), 30.0 if hidden > 2 else 4.0
        starts = [
            bridge.LayeredNetwork.random(widths, activations, start, slope=slope)
            for start in range(STARTS if hidden == 2 else 1)
        ]
        steps = settings.steps if hidden == 2 else 1000
        networks[name] = train_best(starts, inputs, votes, max_iter=steps)[0]
    return networks


def spiking(settings: Settings, seed: int) -> dict[str, NeuronGroup]:
    """Return the trained networks as groups of spiking neurons."""
    return {
        name: NeuronGroup(network, *GROUPS[name], noise=False, name=f"{name} neurons, ")
        for name, network in trained(settings, seed).items()
    }


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add a copy of each network for each point of the grid and each of twice as many voters."""
    tested = voters(settings, options.seed)[0][: 2 * settings.voters]
    inputs = np.concatenate([GRID.points, tested])
    groups = spiking(settings, options.seed).values()
    return kit.group_trials(options, [(group, inputs) for group in groups])


def fractions(result: ns.Result, settings: Settings) -> dict[str, list[kit.Floats]]:
    """Return the fraction of output neurons that fired: grid, training voters, other voters."""
    ends = len(GRID.points) + settings.voters * np.array([0, 1])
    outputs = kit.group_outputs(result, spiking(settings, result.seed))
    return {name: np.split(fired, ends) for name, fired in outputs.items()}


def counted(name: str) -> str:
    """Return the number of neurons in words."""
    return f"{name} neuron{'s' * (name != '1')}"


def measures(result: ns.Result, settings: Settings) -> dict[str, kit.Measure]:
    """Measure how well each network predicts the training votes and the votes of others."""
    n, (inputs, votes) = settings.voters, voters(settings, result.seed)
    found: dict[str, kit.Measure] = {}
    for name, network in trained(settings, result.seed).items():
        probability = network(inputs)[:, 0].clip(1e-15, 1.0 - 1e-15)
        _, fired_seen, fired_unseen = fractions(result, settings)[name]
        decided, neurons = probability > 0.5, counted(name)
        seen = bridge.agreement(decided[:n], votes[:n])
        unseen = bridge.agreement(decided[n:], votes[n:])
        same = bridge.agreement(fired_unseen > 0.5, decided[n : 2 * n])
        cost = bridge.cross_entropy(votes[n:], probability[n:])
        found |= kit.rows(
            {},
            (f"right_seen_{name}", f"{neurons}: training votes predicted", seen),
            (f"right_unseen_{name}", f"{neurons}: other votes predicted", unseen),
            (f"cost_unseen_{name}", f"{neurons}: cross-entropy, other votes", cost),
            (f"agreement_{name}", f"{neurons}: spiking and abstract vote alike", same),
        )
        found[f"parameters_{name}"] = kit.Measure(network.n_parameters)
        found[f"gap_{name}"] = kit.Measure(seen.value - unseen.value)
        found[f"right_spiking_seen_{name}"] = bridge.agreement(fired_seen > 0.5, votes[:n])
    return found


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure predictions, and the part of the plane on which the spiking output is uncertain."""
    found: kit.Findings = {"voters": settings.voters}
    found |= {key: measure.value for key, measure in measures(result, settings).items()}
    for name, (grid, _, _) in fractions(result, settings).items():
        found[f"spiking_zone_of_doubt_{name}"] = np.mean((grid > 0.25) & (grid < 0.75))
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how well each network predicts votes, and where it is uncertain."""
    return kit.sentences(
        found,
        "Networks of 1, 3 and 101 neurons were trained on the votes of {voters} voters and "
        "converted to spiking neurons.",
        *(
            f"{counted(name)} ({{parameters_{name}}} parameters): {{right_seen_{name}:.1%}} of the "
            f"training votes are predicted, {{right_unseen_{name}:.1%}} of the votes of "
            f"{UNSEEN:,} other voters, and in spikes {{right_spiking_seen_{name}:.1%}} of the "
            "training votes."
            for name in HIDDEN
        ),
        "The vote is uncertain (a fraction of 0.25 to 0.75 of the spiking output neurons fires) on "
        "{spiking_zone_of_doubt_1:.0%}, {spiking_zone_of_doubt_3:.0%} and "
        "{spiking_zone_of_doubt_101:.0%} of the plane of income and age.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the probability of a yes over the plane of income and age, abstract and spiking."""
    inputs, votes = (each[: settings.voters] for each in voters(settings, result.seed))
    look: kit.Options = {"labels": ("voted no", "voted yes"), "ms": 4}
    examples = kit.layer(kit.draw_examples, CENTRE + SCALE * inputs, votes, **look)
    fine, grid = (kit.Plane(*(CENTRE + SCALE * plane.x[:, np.newaxis]).T) for plane in (FINE, GRID))
    labels = {"xlabel": "income (thousands a year)", "ylabel": "age (years)", "aspect": "auto"}
    upper, lower = [], []
    for name, network in trained(settings, result.seed).items():
        abstract, spikes = network(FINE.points)[:, 0], fractions(result, settings)[name][0]
        layers = (kit.layer(fine.draw_contour, abstract), examples)
        upper.append(fine.panel(abstract, *layers, title=counted(name), **labels))
        lower.append(grid.panel(spikes, *layers, title=f"Spiking: {counted(name)}", **labels))
    fig = kit.page(
        "One neuron draws a line, 3 a zone of uncertainty, and 101 fit every vote", *upper, *lower,
        columns=3, size=(9.4, 7.0), legend=2, sharex=True, sharey=True,
        colourbar="probability of a yes",
    )  # fmt: skip
    return {"zones": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare abstract and spiking networks, on training votes and on other votes."""
    found = measures(result, settings)
    cheapest = min(HIDDEN, key=lambda name: found[f"cost_unseen_{name}"].value)
    widest = max(HIDDEN, key=lambda name: found[f"gap_{name}"].value)
    seen, unseen = found[f"right_seen_{widest}"].value, found[f"right_unseen_{widest}"].value
    conclusion = (
        f"Cross-entropy on other votes is lowest with {counted(cheapest)}. Overfitting is "
        f"strongest with {counted(widest)}: {seen:.1%} of the training votes are predicted, but "
        f"{unseen:.1%} of others."
    )
    title = "Votes by income and age: networks of 1, 3 and 101 neurons, abstract and spiking"
    return kit.Comparison(title, found, conclusion=conclusion)


scenario = kit.lesson(__name__, row="S5", lectures=("L0",), duration=10.0, dt=5.0)
