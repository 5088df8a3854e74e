"""A concept cell that responds to Marilyn Monroe's picture, drawing and name.

Each of eight persons has three representations: a picture, a drawing and a written name. Each
representation excites ten of 192 input neurons. Two of these also belong to the next person, some
fail, and others fire by chance. All input neurons project to one cell. During training, a teaching
input fires the cell whenever Marilyn is shown. Spike-timing dependent plasticity (STDP) strengthens
the synapses of input neurons that represent her, and weakens all others. Then all representations
are shown without the teaching input, and the cell fires to Marilyn only.

The comparison trains a logistic neuron by gradient descent on the same presentations. It learns
similar weights, and makes the same decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit

KINDS = ("picture", "drawing", "written name")
PERSONS = ("Marilyn Monroe", *(f"person {k}" for k in range(2, 9)))
CASES = len(PERSONS) * len(KINDS)
# Input neurons of each representation, and how many of them the next person shares.
UNITS, SHARED = 10, 2
PER_KIND = len(PERSONS) * (UNITS - SHARED)
INPUTS = len(KINDS) * PER_KIND
# Firing probability of input neurons outside the representation.
STRAY = 0.03
CELL = ns.LIF(t_ref=20.0)
# Interval of presentations, range of spike times, and delay of the teaching input (ms).
EVERY, JITTER, TEACHER = 60.0, 4.0, 8.0
# PSP of all synapses before training (mV).
FIRST_PSP = 0.5
# Synapses with a spike shortly before that of the cell are strengthened. Those with a spike within
# a longer time after it are weakened, and so, on average, are unrelated synapses.
RULE = ns.STDP(3.0, learning_rate=0.05, asymmetry=0.6, tau_plus=10.0, tau_minus=100.0)
# Number of times at which the PSPs are recorded during training.
SAMPLES = 30


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    presentations: int = kit.setting(900, "", 500, 20_000, "presentations during training")
    carry: float = kit.setting(0.85, "", 0.0, 1.0, "firing probability within a representation")


def assembly(person: int, kind: int) -> np.ndarray:
    """Return the input neurons that a representation of a person excites."""
    return kind * PER_KIND + (person * (UNITS - SHARED) + np.arange(UNITS)) % PER_KIND


# Input neurons of each representation, those of Marilyn first.
MEMBERS = np.array(
    [np.isin(np.arange(INPUTS), assembly(*divmod(case, len(KINDS)))) for case in range(CASES)]
)
# Which input neurons represent Marilyn.
HERS = MEMBERS[: len(KINDS)].any(axis=0)


class Presentations:
    """Presentations of representations, one every 60 ms.

    Attributes
    ----------
    case : (n,) ndarray of int
        Representations.
    shows_her : (n,) ndarray of bool
    active : (n, INPUTS) ndarray of bool
        Input neurons that fire.
    times : (n, INPUTS) ndarray
        Spike times of the active input neurons (ms).
    """

    def __init__(self, case: kit.Integers, settings: Settings, rng: np.random.Generator) -> None:
        probability = np.where(MEMBERS[case], settings.carry, STRAY)
        self.case, self.shows_her = case, case < len(KINDS)
        self.active = rng.random(probability.shape) < probability
        starts = 1.0 + EVERY * np.arange(float(len(case)))[:, None]
        self.times = starts + JITTER * rng.random(probability.shape)

    def add_to(self, net: ns.Network) -> ns.Population:
        """Add the input neurons to a network."""
        neurons = net.add("inputs", INPUTS, ns.LIF(t_ref=1.0))
        each = tuple(self.times[self.active[:, k], k] for k in range(INPUTS))
        net.drive(neurons, ns.SpikeTimes(each), psp=50.0)
        return neurons


def training_presentations(settings: Settings, seed: int) -> Presentations:
    """Return random presentations, a quarter of them of Marilyn."""
    rng, n = np.random.default_rng([seed, 0]), settings.presentations
    person = rng.integers(1, len(PERSONS), n) * (rng.random(n) >= 0.25)  # 0: Marilyn
    return Presentations(len(KINDS) * person + rng.integers(0, len(KINDS), n), settings, rng)


def probe_presentations(settings: Settings, seed: int, duration: float) -> Presentations:
    """Return all representations of all persons, as often as the duration (ms) allows."""
    case = np.tile(np.arange(CASES), int((duration - 1.0) / (EVERY * CASES)))
    return Presentations(case, settings, np.random.default_rng([seed, 1]))


@lru_cache(maxsize=4)
def learned_psps(settings: Settings, seed: int, dt: float) -> kit.Floats:
    """Train the cell by STDP and return the PSPs (mV) over time, shape (SAMPLES + 1, INPUTS)."""
    shown, net = training_presentations(settings, seed), ns.Network()
    inputs, cell = shown.add_to(net), net.add("concept cell", 1, CELL)
    plastic = net.connect(inputs, cell, ns.AllToAll(), psp=FIRST_PSP, plasticity=RULE)
    teaching = 1.0 + EVERY * np.flatnonzero(shown.shows_her) + TEACHER
    net.drive(cell, ns.SpikeTimes(teaching), psp=20.0)
    simulation = ns.Simulation(net, dt=dt, seed=seed)
    history, step = [np.full(INPUTS, FIRST_PSP)], EVERY * settings.presentations / SAMPLES
    for _ in range(SAMPLES):
        simulation.run(round(step / dt) * dt)
        history.append(simulation.connections(plastic).weights)
    return np.array(history)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Present the test set to the trained cell."""
    kit.require_duration(options, EVERY * CASES + 1.0, f"ends before all {CASES} representations")
    net, psps = ns.Network(), learned_psps(settings, options.seed, options.dt)[-1]
    inputs = probe_presentations(settings, options.seed, options.duration).add_to(net)
    cell = net.add("concept cell", 1, CELL)
    net.connect(inputs, cell, ns.AllToAll(), psp=psps[:, None])
    net.record(cell, "v")
    return net


def responses(result: ns.Result, shown: Presentations) -> kit.Bools:
    """Return whether the cell fired in each presentation."""
    index = ((result.spikes["concept cell"].times - 1.0) // EVERY).astype(int)
    return np.bincount(index, minlength=len(shown.case)) > 0


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure which representations fire the cell, and the PSPs of its synapses."""
    fired = responses(result, probe_presentations(settings, result.seed, result.duration))
    fraction = fired.reshape(-1, CASES).mean(axis=0)
    psps = learned_psps(settings, result.seed, result.dt)[-1]
    return {
        **{f"fires_to_{kind.replace(' ', '_')}": fraction[k] for k, kind in enumerate(KINDS)},
        "fires_to_others": fraction[len(KINDS) :].mean(),
        "psp_of_carriers_mv": psps[HERS].mean(),
        "psp_of_others_mv": psps[~HERS].mean(),
        "psp_before_mv": FIRST_PSP,
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State to which representations the cell responds, and why."""
    return kit.sentences(
        found,
        f"After training with {settings.presentations} presentations, the cell was tested with "
        f"{CASES} representations of {len(PERSONS)} persons.",
        "The cell fires in {fires_to_picture:.0%} of the presentations of Marilyn's picture, "
        "{fires_to_drawing:.0%} of her drawing, {fires_to_written_name:.0%} of her name and "
        "{fires_to_others:.1%} of all others.",
        "STDP changed the mean PSP from {psp_before_mv:g} to {psp_of_carriers_mv:.2f} mV for "
        "input neurons that represent Marilyn.",
        "The mean PSP of all other input neurons became {psp_of_others_mv:.2f} mV.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the responses of the cell, and the PSPs during training."""
    history = learned_psps(settings, result.seed, result.dt)
    seconds = np.linspace(0.0, EVERY * settings.presentations / 1e3, len(history))
    potential = kit.chart(
        kit.potential(result, "concept cell", levels=False), xlabel="presentations of 60 ms",
        ylabel="membrane potential (mV)", yticks=(-70, -55, 30),
        xlim=(0, 6 * EVERY), xticks=EVERY * (np.arange(6) + 0.5),
        xticklabels=[f"{person}:\n{kind}" for person in PERSONS[:2] for kind in KINDS],
    )  # fmt: skip
    training = kit.chart(
        kit.curve(seconds, history[:, ~HERS], "synapses of others", color="0.6", lw=0.6),
        kit.curve(seconds, history[:, HERS], "synapses for Marilyn", color=kit.SPIKING, lw=0.8),
        xlabel="time (s)", ylabel="PSP of a synapse (mV)",
    )  # fmt: skip
    title = "STDP strengthens Marilyn's synapses, so that all her representations fire the cell"
    page = kit.page(title, training, potential, columns=1, size=(8.6, 7.0), legend=2)
    return {"learning": page}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the cell with a logistic neuron trained on the same presentations."""
    seen = training_presentations(settings, result.seed)
    logistic = bridge.LogisticNeuron(solver="gradient", ridge=1e-3, tol=1e-4, max_iter=20_000)
    logistic.fit(seen.active.astype(float), seen.shows_her)
    shown = probe_presentations(settings, result.seed, result.duration)
    fires, her = responses(result, shown), shown.shows_her
    active = logistic.predict(shown.active.astype(float)) > 0.5
    psps, theta = learned_psps(settings, result.seed, result.dt)[-1], logistic.coef_[0]
    correlation = np.corrcoef(psps, theta)[0, 1]
    measures = kit.rows(
        {},
        ("agreement", "Same decision, cell and logistic neuron", bridge.agreement(fires, active)),
        ("logistic_fires_to_her", "Logistic neuron: active for Marilyn", active[her].mean()),
        ("logistic_fires_to_others", "Logistic neuron: active for others", active[~her].mean()),
        ("theta_her", "Mean weight θ of inputs for Marilyn", theta[HERS].mean()),
        ("theta_others", "Mean weight θ of inputs for others", theta[~HERS].mean()),
        ("correlation", f"Correlation of PSPs and θ | over {INPUTS} synapses", correlation),
    )
    conclusion = f"STDP and gradient descent learn weights with a correlation of {correlation:.2f}."
    dots: kit.Options = {"ls": "", "marker": "o", "ms": 4, "alpha": 0.6}
    weights = kit.chart(
        kit.curve(psps[~HERS], theta[~HERS], "synapses of others", color="0.45", **dots),
        kit.curve(psps[HERS], theta[HERS], "synapses for Marilyn", color=kit.SPIKING, **dots),
        legend="upper left", xlabel="PSP learned by STDP (mV)",
        ylabel="weight θ learned by gradient descent",
    )  # fmt: skip
    page = partial(kit.page, "STDP and gradient descent learn similar weights", weights)
    title = "A concept cell for Marilyn Monroe: spiking and logistic neuron"
    return kit.Comparison(title, measures, {"weights": page}, conclusion)


scenario = kit.lesson(__name__, row="S19", lectures=("L2",), duration=28_801.0, dt=0.5)
