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
    strongest: float = kit.setting(3.0, "mV", 0.6, 20.0, "largest PSP of a plastic synapse")
    learning_rate: float = kit.setting(
        0.05, "", 0.001, 0.5, "learning rate of STDP, relative to the largest PSP"
    )


@dataclass(frozen=True, eq=False)
class Presentations:
    """A sequence of presentations, one every 60 ms.

    Attributes
    ----------
    person, kind : (n,) ndarray of int
    active : (n, INPUTS) ndarray of bool
        Input neurons that fire.
    jitter : (n, INPUTS) ndarray
        Spike times since the start of the presentation (ms).
    """

    person: np.ndarray
    kind: np.ndarray
    active: kit.Bools
    jitter: kit.Floats

    @classmethod
    def draw(
        cls, person: np.ndarray, kind: np.ndarray, settings: Settings, rng: np.random.Generator
    ) -> Presentations:
        """Draw the input neurons that fire, and their spike times."""
        probability = np.full((len(person), INPUTS), settings.stray)
        for row, one, how in zip(probability, person, kind, strict=True):
            row[assembly(one, how)] = settings.carry
        active = rng.random(probability.shape) < probability
        return cls(person, kind, active, JITTER * rng.random(probability.shape))

    @property
    def starts(self) -> kit.Floats:
        """Start of each presentation (ms)."""
        return 1.0 + EVERY * np.arange(float(len(self.person)))

    @property
    def shows_her(self) -> kit.Bools:
        """Whether the person is Marilyn."""
        return self.person == 0

    def add_to(self, net: ns.Network) -> ns.Population:
        """Add the input neurons to a network."""
        neurons = net.add("inputs", INPUTS, ns.LIF(t_ref=1.0))
        times = self.starts[:, None] + self.jitter
        each = tuple(times[self.active[:, k], k] for k in range(INPUTS))
        net.drive(neurons, ns.SpikeTimes(each), psp=50.0)
        return neurons


def assembly(person: int, kind: int) -> np.ndarray:
    """Return the input neurons that a representation of a person excites."""
    return kind * PER_KIND + (person * (UNITS - SHARED) + np.arange(UNITS)) % PER_KIND


def represents_her() -> kit.Bools:
    """Return which input neurons represent Marilyn, shape (INPUTS,)."""
    chosen = np.zeros(INPUTS, dtype=bool)
    chosen[np.concatenate([assembly(0, kind) for kind in range(len(KINDS))])] = True
    return chosen


def training_presentations(settings: Settings, seed: int) -> Presentations:
    """Return random presentations, a quarter of them of Marilyn."""
    rng = np.random.default_rng([seed, 0])
    n = settings.presentations
    person = rng.integers(1, len(PERSONS), n)
    person[rng.random(n) < 0.25] = 0
    return Presentations.draw(person, rng.integers(0, len(KINDS), n), settings, rng)


def probe_presentations(settings: Settings, seed: int, duration: float) -> Presentations:
    """Return all representations of all persons, as often as the duration (ms) allows."""
    rng = np.random.default_rng([seed, 1])
    repeats = int((duration - 1.0) / (EVERY * CASES))
    if repeats < 1:
        raise ns.NeurosimError(
            f"duration = {duration:g} ms is too short to show all {CASES} representations: give at "
            f"least {EVERY * CASES + 1.0:g} ms"
        )
    case = np.tile(np.arange(CASES), repeats)
    return Presentations.draw(case // len(KINDS), case % len(KINDS), settings, rng)


@lru_cache(maxsize=4)
def learned_psps(settings: Settings, seed: int, dt: float) -> kit.Floats:
    """Train the cell by STDP and return the PSPs (mV) over time, shape (SAMPLES + 1, INPUTS).

    Synapses with a spike shortly before that of the cell are strengthened. Those with a spike
    within a longer time after it are weakened, and so, on average, are unrelated synapses.
    """
    shown, net = training_presentations(settings, seed), ns.Network()
    inputs, cell = shown.add_to(net), net.add("concept cell", 1, CELL)
    rule = ns.STDP(
        settings.strongest, settings.learning_rate, asymmetry=0.6, tau_plus=10.0, tau_minus=100.0
    )
    plastic = net.connect(inputs, cell, ns.AllToAll(), psp=FIRST_PSP, plasticity=rule)
    net.drive(cell, ns.SpikeTimes(shown.starts[shown.shows_her] + TEACHER), psp=20.0)
    simulation = ns.Simulation(net, dt=dt, seed=seed)
    history = [np.full(INPUTS, FIRST_PSP)]
    for _ in range(SAMPLES):
        simulation.run(round(EVERY * settings.presentations / SAMPLES / dt) * dt)
        history.append(simulation.connections(plastic).weights)
    return np.array(history)


@lru_cache(maxsize=4)
def trained(settings: Settings, seed: int) -> bridge.LogisticNeuron:
    """Return a logistic neuron trained by gradient descent on the same presentations."""
    shown = training_presentations(settings, seed)
    ridge = 1.0 / settings.presentations
    neuron = bridge.LogisticNeuron(solver="gradient", ridge=ridge, max_iter=20_000)
    return neuron.fit(shown.active.astype(float), shown.shows_her)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Present the test set to a trained cell and to an untrained one."""
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
    index = np.searchsorted(shown.starts, result.spikes[name].times - 1e-9) - 1
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
        "most_to_another": fraction[1:].max(),
        "naive_cell_fires": responses(result, "naive cell", shown).mean(),
        "psp_of_carriers_mv": psps[hers].mean(),
        "psp_of_others_mv": psps[~hers].mean(),
        "psp_before_mv": FIRST_PSP,
        "presentations": len(fired),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State to which representations the cell responds, and why."""
    fractions = [found[f"fires_to_{kind.replace(' ', '_')}"] for kind in KINDS]
    pairs = zip(fractions, KINDS, strict=True)
    hers = kit.listed(f"{fraction:.0%} (her {kind})" for fraction, kind in pairs)
    return [
        f"After training with {settings.presentations} presentations, {found['presentations']} "
        f"presentations tested the cell, with {CASES} representations of {len(PERSONS)} persons.",
        f"The cell fires in {hers} of the presentations of Marilyn.",
        f"It fires in {found['fires_to_others']:.1%} of the presentations of others. An untrained "
        f"cell fires in {found['naive_cell_fires']:.1%} of all presentations.",
        f"Before training all PSPs were {FIRST_PSP:g} mV. STDP changed those of input neurons that "
        f"represent Marilyn to a mean of {found['psp_of_carriers_mv']:.2f} mV, all others to "
        f"{found['psp_of_others_mv']:.2f} mV.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the responses of the cell, and the PSPs during training."""
    shown = probe_presentations(settings, result.seed, result.duration)
    stop = 2 * len(KINDS) * EVERY
    upper = kit.panel(
        _draw_potential, result, title="The first six presentations", xlabel="time (ms)",
        ylabel="membrane\npotential (mV)", xlim=(0.0, stop), yticks=(-70, -55, 30),
    )  # fmt: skip
    lower = kit.panel(
        _draw_sums, result, settings, shown, ylabel="sum of the\nPSPs (mV)",
        title=f"All {len(shown.starts)} presentations (filled: the cell fires)",
    )  # fmt: skip
    history = learned_psps(settings, result.seed, result.dt)
    training = kit.panel(
        _draw_training, settings, history, xlabel="time (s)", ylabel="PSP of a synapse (mV)"
    )
    fired = responses(result, "concept cell", shown)
    hers, others = fired[shown.shows_her].mean(), fired[~shown.shows_her].mean()
    title = (
        f"The cell fires in {hers:.0%} of the presentations of Marilyn and {others:.0%} of others"
    )
    trained = "STDP strengthens the synapses of input neurons that represent Marilyn"
    return {
        "answers": kit.page(title, upper, lower, columns=1, size=(8.6, 5.6)),
        "weights": kit.page(trained, training, size=(7.6, 4.2)),
    }


def _draw_potential(axes: kit.Axes, result: ns.Result) -> None:
    """Draw the potential of the cell during the first six presentations."""
    trace = result.traces["concept cell", "v"]
    axes.plot(trace.times, trace.with_spikes(0), color="black")
    kit.draw_levels(axes, result.populations["concept cell"], labels=False)
    for k in range(2 * len(KINDS)):
        hers = k < len(KINDS)
        if k % 2:
            axes.axvspan(EVERY * k, EVERY * (k + 1), color="0.94", lw=0, zorder=-1)
        text = f"{'Marilyn' if hers else PERSONS[1]}:\n{KINDS[k % len(KINDS)]}"
        kit.label(axes, EVERY * (k + 0.5), -15.0, text, kit.SPIKING if hers else "black", "centre")


def _draw_sums(axes: kit.Axes, result: ns.Result, settings: Settings, shown: Presentations) -> None:
    """Draw the sum of the PSPs in each presentation, by person and kind."""
    sums = shown.active @ learned_psps(settings, result.seed, result.dt)[-1]
    fired, jitter = responses(result, "concept cell", shown), shown.jitter[:, 0] / JITTER
    x = shown.person + 0.28 * (shown.kind - 1) + 0.16 * (jitter - 0.5)
    for chosen, colour, fill in ((fired, kit.SPIKING, kit.SPIKING), (~fired, "black", "white")):
        axes.plot(x[chosen], sums[chosen], "o", ms=4, color=colour, mfc=fill, mew=0.7)
    threshold = bridge.threshold_distance(CELL)
    axes.axhline(threshold, color="0.45", lw=0.9, ls="--", zorder=0)
    kit.label(axes, 3.5, threshold, "threshold − rest", "0.35", "above")
    axes.set_xticks(range(len(PERSONS)), [name.replace(" ", "\n") for name in PERSONS])


def _draw_training(axes: kit.Axes, settings: Settings, history: kit.Floats) -> None:
    """Draw the PSPs of all synapses during training, and their means."""
    times = np.linspace(0.0, EVERY * settings.presentations / 1e3, len(history))
    hers = represents_her()
    for chosen, colour, text in (
        (hers, ns.plot.EXCITATORY, "from input neurons\nthat represent\nMarilyn"),
        (~hers, "0.45", "from all others"),
    ):
        axes.plot(times, history[:, chosen], color=colour, lw=0.5, alpha=0.4)
        mean = history[:, chosen].mean(axis=1)
        axes.plot(times, mean, color=colour, lw=2.4)
        kit.label(axes, times[-1], mean[-1], text, colour)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the cell with a logistic neuron trained on the same presentations."""
    shown = probe_presentations(settings, result.seed, result.duration)
    logistic, hers = trained(settings, result.seed), represents_her()
    psps, theta = learned_psps(settings, result.seed, result.dt)[-1], logistic.coef_[0]
    decided = {
        "spiking": responses(result, "concept cell", shown),
        "logistic": logistic.predict(shown.active.astype(float)).astype(bool),
    }
    same = bridge.agreement(*decided.values())
    measures = {"agreement": same.labelled("Same decision, cell and logistic neuron")}
    for who, words in (("her", "Marilyn"), ("others", "others")):
        shown_now = shown.shows_her if who == "her" else ~shown.shows_her
        synapses = hers if who == "her" else ~hers
        for key, fired in decided.items():
            active = bridge.agreement(fired[shown_now], np.ones(shown_now.sum()))
            label = f"Active when shown {words}, {key} neuron"
            measures[f"{key}_fires_to_{who}"] = active.labelled(label)
        for key, values, unit, name in (
            ("psp", psps, "mV", "PSP"),
            ("theta", theta, "", "Weight θ"),
        ):
            chosen, label = values[synapses], f"{name}, mean over inputs for {words}"
            note = f"{kit.signed(chosen.min(), 2)} to {kit.signed(chosen.max(), 2)}"
            measures[f"{key}_{who}"] = kit.Measure(chosen.mean(), unit, note=note, label=label)
    correlation = np.corrcoef(psps, theta)[0, 1]
    measures["correlation"] = kit.Measure(
        correlation, note=f"over {INPUTS} synapses", label="Correlation of PSPs and θ"
    )
    conclusion = (
        f"STDP and gradient descent learn similar weights (correlation {correlation:.2f}), and the "
        f"neurons make the same decision in {same.value:.1%} of the presentations."
    )
    drawings = {"weights": partial(_draw_comparison, settings, shown, psps, logistic)}
    title = "A concept cell for Marilyn Monroe: spiking and logistic neuron"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_comparison(
    settings: Settings, shown: Presentations, psps: kit.Floats, logistic: bridge.LogisticNeuron
) -> kit.Figure:
    """Draw the weights of both neurons, and their net inputs in all presentations."""
    active = shown.active.astype(float)

    def draw(axes: kit.Axes, x: kit.Floats, y: kit.Floats, hers: kit.Bools) -> None:
        for chosen, colour, text in ((~hers, "0.45", "others"), (hers, kit.SPIKING, "Marilyn")):
            axes.plot(x[chosen], y[chosen], "o", ms=4, color=colour, alpha=0.6, label=text)

    def draw_scores(axes: kit.Axes) -> None:
        draw(axes, active @ psps, logistic.decision_function(active), shown.shows_her)
        axes.axvline(bridge.threshold_distance(CELL), color="0.45", lw=0.9, ls="--", zorder=0)
        axes.axhline(0.0, color="0.45", lw=0.9, ls="--", zorder=0)

    left = kit.panel(
        draw, psps, logistic.coef_[0], represents_her(), title="Synapses", legend="upper left",
        xlabel="PSP learned by STDP (mV)", ylabel="weight θ learned by gradient descent",
    )  # fmt: skip
    right = kit.panel(
        draw_scores, title="Presentations (dashed: thresholds)", xlabel="sum of the PSPs (mV)",
        ylabel="weighted sum of the logistic neuron",
    )  # fmt: skip
    title = "STDP and gradient descent learn similar weights and the same decisions"
    return kit.page(title, left, right, size=(9.0, 4.2))


scenario = kit.lesson(__name__, row="S19", lectures=("L2",), duration=28_801.0, dt=0.5)
