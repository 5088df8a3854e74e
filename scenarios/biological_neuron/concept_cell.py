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
UNITS, SHARED = 10, 2
"""Input neurons of each representation, and how many of them the next person shares."""
PER_KIND = len(PERSONS) * (UNITS - SHARED)
INPUTS = len(KINDS) * PER_KIND
CELL = ns.LIF(t_ref=20.0)
EVERY, JITTER, TEACHER = 60.0, 4.0, 8.0
"""Interval of presentations, range of spike times, and delay of the teaching input (ms)."""
FIRST_PSP = 0.5
"""PSP of all synapses before training (mV)."""
RULE = ns.STDP(3.0, learning_rate=0.05, asymmetry=0.6, tau_plus=10.0, tau_minus=100.0)
"""Synapses with a spike shortly before that of the cell are strengthened. Those with a spike within
a longer time after it are weakened, and so, on average, are unrelated synapses."""
SAMPLES = 30
"""Number of times at which the PSPs are recorded during training."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    presentations: int = kit.setting(900, "", 100, 100_000, "presentations during training")
    carry: float = kit.setting(
        0.85, "", 0.0, 1.0, "probability that an input neuron of a representation fires"
    )
    stray: float = kit.setting(0.03, "", 0.0, 0.5, "probability that another input neuron fires")


def assembly(person: int, kind: int) -> np.ndarray:
    """Return the input neurons that a representation of a person excites."""
    return kind * PER_KIND + (person * (UNITS - SHARED) + np.arange(UNITS)) % PER_KIND


def represents_her() -> kit.Bools:
    """Return which input neurons represent Marilyn, shape (INPUTS,)."""
    return np.isin(np.arange(INPUTS), [assembly(0, kind) for kind in range(len(KINDS))])


class Presentations:
    """Presentations of persons, one every 60 ms.

    Attributes
    ----------
    person, kind : (n,) ndarray of int
    active : (n, INPUTS) ndarray of bool
        Input neurons that fire.
    starts : (n, 1) ndarray
        Start of each presentation (ms).
    times : (n, INPUTS) ndarray
        Spike times of the active input neurons (ms).
    """

    def __init__(
        self, person: np.ndarray, kind: np.ndarray, settings: Settings, rng: np.random.Generator
    ) -> None:
        probability = np.full((len(person), INPUTS), settings.stray)
        for row, one, how in zip(probability, person, kind, strict=True):
            row[assembly(one, how)] = settings.carry
        self.person, self.kind, self.shows_her = person, kind, person == 0
        self.active = rng.random(probability.shape) < probability
        self.starts = 1.0 + EVERY * np.arange(float(len(person)))[:, None]
        self.times = self.starts + JITTER * rng.random(probability.shape)

    def add_to(self, net: ns.Network) -> ns.Population:
        """Add the input neurons to a network."""
        neurons = net.add("inputs", INPUTS, ns.LIF(t_ref=1.0))
        each = tuple(self.times[self.active[:, k], k] for k in range(INPUTS))
        net.drive(neurons, ns.SpikeTimes(each), psp=50.0)
        return neurons


def training_presentations(settings: Settings, seed: int) -> Presentations:
    """Return random presentations, a quarter of them of Marilyn."""
    rng, n = np.random.default_rng([seed, 0]), settings.presentations
    person = rng.integers(1, len(PERSONS), n)
    person[rng.random(n) < 0.25] = 0
    return Presentations(person, rng.integers(0, len(KINDS), n), settings, rng)


def probe_presentations(settings: Settings, seed: int, duration: float) -> Presentations:
    """Return all representations of all persons, as often as the duration (ms) allows."""
    case = np.tile(np.arange(CASES), int((duration - 1.0) / (EVERY * CASES)))
    rng = np.random.default_rng([seed, 1])
    return Presentations(case // len(KINDS), case % len(KINDS), settings, rng)


@lru_cache(maxsize=4)
def learned_psps(settings: Settings, seed: int, dt: float) -> kit.Floats:
    """Train the cell by STDP and return the PSPs (mV) over time, shape (SAMPLES + 1, INPUTS)."""
    shown, net = training_presentations(settings, seed), ns.Network()
    inputs, cell = shown.add_to(net), net.add("concept cell", 1, CELL)
    plastic = net.connect(inputs, cell, ns.AllToAll(), psp=FIRST_PSP, plasticity=RULE)
    net.drive(cell, ns.SpikeTimes(shown.starts[shown.shows_her, 0] + TEACHER), psp=20.0)
    simulation = ns.Simulation(net, dt=dt, seed=seed)
    history = [np.full(INPUTS, FIRST_PSP)]
    for _ in range(SAMPLES):
        simulation.run(round(EVERY * settings.presentations / SAMPLES / dt) * dt)
        history.append(simulation.connections(plastic).weights)
    return np.array(history)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Present the test set to a trained cell and to an untrained one."""
    kit.require_duration(
        options, EVERY * CASES + 1.0, f"is too short to show all {CASES} representations"
    )
    shown = probe_presentations(settings, options.seed, options.duration)
    psps, net = learned_psps(settings, options.seed, options.dt), ns.Network()
    inputs = shown.add_to(net)
    for name, strengths in (("concept cell", psps[-1]), ("naive cell", psps[0])):
        cell = net.add(name, 1, CELL)
        net.connect(inputs, cell, ns.AllToAll(), psp=strengths[:, None])
        net.record(cell, "v")
    return net


def responses(result: ns.Result, name: str, shown: Presentations) -> kit.Bools:
    """Return whether a cell fired in each presentation."""
    index = np.searchsorted(shown.starts[:, 0], result.spikes[name].times - 1e-9) - 1
    return np.bincount(index[index >= 0], minlength=len(shown.starts)) > 0


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure which representations fire the cell, and the PSPs of its synapses."""
    shown, hers = probe_presentations(settings, result.seed, result.duration), represents_her()
    fired = responses(result, "concept cell", shown)
    fraction = fired.reshape(-1, len(PERSONS), len(KINDS)).mean(axis=0)
    psps = learned_psps(settings, result.seed, result.dt)[-1]
    return {
        **{f"fires_to_{kind.replace(' ', '_')}": fraction[0, k] for k, kind in enumerate(KINDS)},
        "fires_to_others": fraction[1:].mean(),
        "naive_cell_fires": responses(result, "naive cell", shown).mean(),
        "psp_of_carriers_mv": psps[hers].mean(),
        "psp_of_others_mv": psps[~hers].mean(),
        "psp_before_mv": FIRST_PSP,
        "presentations": len(fired),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State to which representations the cell responds, and why."""
    return kit.sentences(
        found,
        f"After training with {settings.presentations} presentations, {{presentations}} "
        f"presentations tested the cell, with {CASES} representations of {len(PERSONS)} persons.",
        "The cell fires in {fires_to_picture:.0%} of the presentations of Marilyn's picture, "
        "{fires_to_drawing:.0%} of her drawing and {fires_to_written_name:.0%} of her name.",
        "It fires in {fires_to_others:.1%} of the presentations of others. An untrained cell fires "
        "in {naive_cell_fires:.1%} of all presentations.",
        "Before training all PSPs were {psp_before_mv:g} mV. STDP changed those of input neurons "
        "that represent Marilyn to a mean of {psp_of_carriers_mv:.2f} mV, all others to "
        "{psp_of_others_mv:.2f} mV.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the responses of the cell, and the PSPs during training."""
    found = findings(result, settings)
    history, hers = learned_psps(settings, result.seed, result.dt), represents_her()
    seconds = np.linspace(0.0, EVERY * settings.presentations / 1e3, len(history))

    def draw_names(axes: kit.Axes) -> None:
        for k in range(2 * len(KINDS)):
            person, colour = (PERSONS[1], "black") if k >= len(KINDS) else ("Marilyn", kit.SPIKING)
            text = f"{person}:\n{KINDS[k % len(KINDS)]}"
            kit.label(axes, EVERY * (k + 0.5), -15.0, text, colour, "centre")

    potential = kit.chart(
        kit.potential(result, "concept cell", levels=False), draw_names, xlabel="time (ms)",
        ylabel="membrane potential (mV)", xlim=(0, 2 * len(KINDS) * EVERY), yticks=(-70, -55, 30),
    )  # fmt: skip
    her_mean, others_mean = history[:, hers].mean(axis=1), history[:, ~hers].mean(axis=1)
    training = kit.chart(
        kit.curve(seconds, history, color="0.6", lw=0.5, alpha=0.4),
        kit.curve(seconds, her_mean, text="represent Marilyn", color=ns.plot.EXCITATORY, lw=2.4),
        kit.curve(seconds, others_mean, text="represent others", color="0.3", lw=2.4),
        xlabel="time (s)", ylabel="PSP of a synapse (mV)",
    )  # fmt: skip
    title = (
        f"The cell fires in {found['fires_to_picture']:.0%} of the presentations of Marilyn's "
        f"picture and {found['fires_to_others']:.0%} of others"
    )
    learned = "STDP strengthens the synapses of input neurons that represent Marilyn"
    return {
        "answers": kit.page(title, potential, size=(8.6, 3.4)),
        "weights": kit.page(learned, training, size=(7.6, 4.2)),
    }


def trained(settings: Settings, seed: int) -> bridge.LogisticNeuron:
    """Return a logistic neuron trained by gradient descent on the same presentations."""
    shown, ridge = training_presentations(settings, seed), 1.0 / settings.presentations
    neuron = bridge.LogisticNeuron(solver="gradient", ridge=ridge, max_iter=20_000)
    return neuron.fit(shown.active.astype(float), shown.shows_her)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the cell with a logistic neuron trained on the same presentations."""
    shown = probe_presentations(settings, result.seed, result.duration)
    logistic, hers = trained(settings, result.seed), represents_her()
    psps, theta = learned_psps(settings, result.seed, result.dt)[-1], logistic.coef_[0]
    fires = responses(result, "concept cell", shown)
    active = logistic.predict(shown.active.astype(float)) > 0.5
    her = shown.shows_her
    same, correlation = bridge.agreement(fires, active), np.corrcoef(psps, theta)[0, 1]
    measures = kit.rows(
        {},
        ("agreement", "Same decision, cell and logistic neuron", same),
        ("spiking_fires_to_her", "Cell: active when shown Marilyn", fires[her].mean()),
        ("spiking_fires_to_others", "Cell: active when shown others", fires[~her].mean()),
        ("logistic_fires_to_her", "Logistic neuron: when shown Marilyn", active[her].mean()),
        ("logistic_fires_to_others", "Logistic neuron: when shown others", active[~her].mean()),
        ("psp_her", "PSP (mV), mean over inputs for Marilyn", psps[hers].mean()),
        ("psp_others", "PSP (mV), mean over inputs for others", psps[~hers].mean()),
        ("theta_her", "Weight θ, mean over inputs for Marilyn", theta[hers].mean()),
        ("theta_others", "Weight θ, mean over inputs for others", theta[~hers].mean()),
        ("correlation", f"Correlation of PSPs and θ | over {INPUTS} synapses", correlation),
    )
    conclusion = (
        f"STDP and gradient descent learn similar weights (correlation {correlation:.2f}), and the "
        f"neurons make the same decision in {same.value:.1%} of the presentations."
    )
    dots = {"ls": "", "marker": "o", "ms": 4, "alpha": 0.6}
    weights = kit.chart(
        kit.curve(psps[~hers], theta[~hers], "synapses of others", color="0.45", **dots),
        kit.curve(psps[hers], theta[hers], "synapses for Marilyn", color=kit.SPIKING, **dots),
        legend="upper left", xlabel="PSP learned by STDP (mV)",
        ylabel="weight θ learned by gradient descent",
    )  # fmt: skip
    page = partial(kit.page, "STDP and gradient descent learn similar weights", weights)
    title = "A concept cell for Marilyn Monroe: spiking and logistic neuron"
    return kit.Comparison(title, measures, {"weights": page}, conclusion)


scenario = kit.lesson(__name__, row="S19", lectures=("L2",), duration=28_801.0, dt=0.5)
