"""A neuron to play with: synapses, inputs and threshold under the mouse.

In each trial of 50 ms every synapse receives one spike or none, all at the same time, and each
spike adds its PSP to the resting potential. Noise with a logistic distribution is drawn once per
trial, and the neuron fires if the sum exceeds its threshold. Its firing probability is therefore
exactly a logistic function of the summed input.

With ``--set window=true`` a window opens in which sliders change PSPs, input probabilities,
threshold and noise. The spiking neuron and the logistic neuron respond at once. When the window is
closed, its last settings are saved as a run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product

import numpy as np
from scipy.special import logit

import bridge
import neurosim as ns
from scenarios import _kit as kit

DRAWS = 8
"""Random numbers of a trial: one for each synapse, and the last one for the noise."""
SECOND = 1000.0
"""Time shown: the last second of trials (ms)."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    psps: tuple[float, ...] = kit.setting(
        (10.0, 7.0, 3.0, -6.0), "mV", -20.0, 20.0, "PSP of each synapse", length=(2, 6)
    )
    inputs: tuple[float, ...] = kit.setting(
        (0.9, 0.7, 0.5, 0.3), "", 0.0, 1.0, "probability of a spike at each synapse", length=(2, 6)
    )
    v_threshold: float = kit.setting(
        -55.0, "mV", -65.0, -40.0, "threshold; the neuron rests at -70"
    )
    noise: float = kit.setting(
        2.0, "mV", 0.1, 5.0, "scale of the logistic noise; the slope is 1/noise"
    )
    trials: int = kit.setting(4000, "", 100, 100_000, "number of trials")
    first_trial: int = kit.setting(0, "", 0, 10**12, "number of earlier trials to skip")
    window: bool = kit.setting(False, help="open a window to change the settings with the mouse")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.inputs) != len(self.psps):
            raise ns.NeurosimError(
                f"inputs has {len(self.inputs)} values for {len(self.psps)} synapses: give one for "
                "each of psps"
            )

    @property
    def unit(self) -> bridge.SpikingUnit:
        """The neuron: logistic noise drawn once per trial is escape noise in one time step."""
        neuron = ns.LIF(v_threshold=self.v_threshold)
        return bridge.SpikingUnit(neuron, np.array(self.psps), bridge.EscapeNoise(self.noise))

    def draw(self, seed: int) -> tuple[kit.Floats, kit.Floats]:
        """Return the input of all trials, and the noise.

        The random numbers of a trial depend only on the seed and on its number, so trials under
        different settings can be compared.

        Returns
        -------
        active : (n_trials, n_synapses) ndarray
            1 for a synapse with a spike, else 0.
        noise : (n_trials,) ndarray
            mV.
        """
        # The generator makes four numbers at each step of its counter.
        generator = np.random.Philox(seed, counter=self.first_trial * DRAWS // 4)
        uniform = np.random.Generator(generator).random((self.trials, DRAWS))
        active = uniform[:, : len(self.psps)] < np.array(self.inputs)
        # logit(0) is infinite: replace 0 by half of the smallest positive number.
        return active.astype(float), self.noise * logit(np.maximum(uniform[:, -1], 2.0**-54))


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add one neuron for each trial, whose input arrives at the end of the first time step."""
    if not 20.0 <= options.duration <= 200.0:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is outside 20 to 200 ms, the duration of one trial"
        )
    active, noise = settings.draw(options.seed)
    net = ns.Network()
    neurons = net.add("neuron", settings.trials, settings.unit.neuron)
    settings.unit.present(net, neurons, active, at=options.dt)
    net.drive(neurons, ns.SpikeTimes([options.dt]), psp=noise)
    shown = int(SECOND // options.duration)
    net.record(neurons, "v", ids=np.arange(settings.trials - shown, settings.trials))
    return net


@dataclass(frozen=True, eq=False)
class Points:
    """Trials grouped by the potential that their input reaches.

    Attributes
    ----------
    potential : (n_points,) ndarray
        Without noise (mV).
    trials, spikes : (n_points,) ndarray
        Counts.
    probability : (n_points,) ndarray
        Of a spike, by the logistic unit.
    """

    potential: kit.Floats
    trials: kit.Integers
    spikes: kit.Integers
    probability: kit.Floats

    @property
    def fraction(self) -> kit.Floats:
        """Fraction of trials with a spike."""
        return self.spikes / self.trials

    @property
    def interval(self) -> kit.Floats:
        """95 % interval of the fraction, shape (2, n_points)."""
        return np.stack(bridge.wilson_interval(self.spikes, self.trials))

    @property
    def inside(self) -> kit.Bools:
        """Whether the interval contains the probability."""
        low, high = self.interval
        return (low <= self.probability) & (self.probability <= high)


@dataclass(frozen=True, eq=False)
class Trials:
    """Trials of the neuron, and the logistic unit that corresponds to it.

    Attributes
    ----------
    settings : Settings
    active : (n_trials, n_synapses) ndarray
        1 for a synapse with a spike, else 0.
    fired : (n_trials,) ndarray of bool
    times : (n_times,) ndarray
        Sampling times within a trial (ms).
    traces : (n_times, n_shown) ndarray
        Membrane potential in the last trials (mV).
    period : float
        Duration of a trial (ms).
    """

    settings: Settings
    active: kit.Floats
    fired: kit.Bools
    times: kit.Floats
    traces: kit.Floats
    period: float

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Trials:
        """Return the trials of a run."""
        active, _ = settings.draw(result.seed)
        fired = result.spikes["neuron"].counts() > 0
        trace = result.traces["neuron", "v"]
        return cls(settings, active, fired, trace.times, trace.with_spikes(), result.duration)

    @cached_property
    def unit(self) -> bridge.SpikingUnit:
        """The spiking neuron."""
        return self.settings.unit

    @cached_property
    def logistic(self) -> bridge.LogisticUnit:
        """The logistic unit that corresponds to it."""
        return bridge.to_logistic(self.unit)

    @property
    def shown(self) -> int:
        """Number of trials whose potential was recorded: the last ones."""
        return self.traces.shape[1]

    @cached_property
    def points(self) -> Points:
        """The trials, grouped by potential."""
        potential = np.round(self.unit.neuron.v_rest + self.unit.potential(self.active), 9)
        distinct, first, group, trials = np.unique(
            potential, return_index=True, return_inverse=True, return_counts=True
        )
        spikes = np.bincount(group[self.fired], minlength=len(distinct))
        return Points(distinct, trials, spikes, self.logistic.probability(self.active[first]))

    @property
    def count(self) -> kit.Measure:
        """Fraction of all trials with a spike."""
        low, high = bridge.wilson_interval(self.fired.sum(), len(self.fired))
        note = f"of {len(self.fired):,} trials"
        return kit.Measure(float(self.fired.mean()), "", float(low), float(high), note)

    @cached_property
    def expected(self) -> float:
        """Firing probability of the logistic unit, averaged over all possible inputs."""
        inputs = np.array(self.settings.inputs)
        patterns = np.array(list(product((0.0, 1.0), repeat=len(inputs))))
        weight = np.where(patterns > 0.0, inputs, 1.0 - inputs).prod(axis=1)
        return float(weight @ self.logistic.probability(patterns))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count spikes, in all and at each potential, and list the logistic probabilities."""
    trials = Trials.of(result, settings)
    count, points = trials.count, trials.points
    return {
        "trials": len(trials.fired),
        "spikes": trials.fired.sum(),
        "share_fired": count.value,
        "share_fired_interval": [count.low, count.high],
        "logistic_probability": trials.expected,
        "theta": [trials.logistic.intercept, *trials.logistic.coef],
        "potentials_mv": points.potential,
        "trials_at_potentials": points.trials,
        "spikes_at_potentials": points.spikes,
        "logistic_at_potentials": points.probability,
        "intervals_with_logistic": points.inside.mean(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the firing probability of the neuron and of its logistic unit."""
    theta = kit.listed(kit.signed(value, 3) for value in found["theta"])
    return kit.sentences(
        found,
        f"A neuron with {len(settings.psps)} synapses was tested in {{trials:,}} trials of random "
        "input.",
        "It fired in a fraction "
        + kit.estimate(found["share_fired"], found["share_fired_interval"])
        + " of the trials; its logistic unit predicts {logistic_probability:.3f}.",
        f"The weights of the logistic unit are θ = {theta}: the distance from threshold and the "
        f"PSPs, divided by the noise of {settings.noise:g} mV.",
        f"The input reaches {len(found['potentials_mv'])} different potentials; at "
        "{intervals_with_logistic:.0%} of them the 95 % interval of the fraction contains the "
        "logistic probability.",
        "Open a window with sliders by --set window=true.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the board that the window shows."""
    from scenarios.networks.playground_board import SIZE, Board

    fig = ns.plot.figure(*SIZE)
    Board(fig, Trials.of(result, settings))
    return {"board": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the neuron with its logistic unit, and with one trained on its spikes."""
    trials = Trials.of(result, settings)
    _require_variation(trials)
    distance = trials.unit.logistic_threshold_distance
    trained = bridge.LogisticNeuron(threshold_distance=distance).fit(trials.active, trials.fired)
    compared = bridge.compare_neurons(
        trials.unit, trials.active, fired=trials.fired, neuron=trained, seed=result.seed
    )
    difference = float(np.abs(trials.points.fraction - trials.points.probability).max())
    theta = zip(
        (trials.logistic.intercept, *trials.logistic.coef),
        (trained.intercept_[0], *trained.coef_[0]), trained.standard_errors_, strict=True,
    )  # fmt: skip
    measures = kit.rows(
        {},
        ("share_fired", "Fraction of trials with a spike", trials.count),
        ("logistic_probability", "Predicted by the logistic unit", trials.expected),
        ("largest_difference", "Largest difference at a potential", difference),
        *(
            (f"theta_{k}", f"Trained weight θ{k} | derived: {kit.signed(true, 4)}",
             kit.with_error(value, error))
            for k, (true, value, error) in enumerate(theta)
        ),
    )  # fmt: skip
    inside = trials.points.inside
    conclusion = (
        f"The neuron fires with the logistic probability: {inside.sum()} of {len(inside)} 95 % "
        "intervals contain it. Training on the spikes recovers the weights."
    )
    drawings = {"points": partial(_draw_points, trials, trained)}
    title = "The neuron of the playground: spiking, and logistic"
    return kit.Comparison(title, measures | dict(compared.measures), drawings, conclusion)


def _require_variation(trials: Trials) -> None:
    """Raise an error if a logistic neuron cannot be trained on these trials."""
    if trials.fired.all() or not trials.fired.any():
        which = "all" if trials.fired.any() else "none"
        raise ns.NeurosimError(
            f"{which} of the {len(trials.fired)} trials have a spike, so nothing can be learned: "
            "change psps, inputs or v_threshold so that some have one"
        )
    (same,) = np.nonzero(np.ptp(trials.active, axis=0) == 0.0)
    if len(same):
        raise ns.NeurosimError(
            f"inputs = {trials.settings.inputs[same[0]]:g} for synapse {same[0] + 1}: its input is "
            "equal in all trials, so its weight cannot be learned: give a value between 0 and 1"
        )


def _draw_points(trials: Trials, trained: bridge.LogisticNeuron) -> kit.Figure:
    """Draw the firing probability against the potential: derived, measured and trained."""
    points, unit = trials.points, trials.unit
    neuron, patterns = unit.neuron, np.unique(trials.active, axis=0)
    line = np.linspace(points.potential[0] - 2.0, points.potential[-1] + 2.0, 400)
    look = {"ls": "", "marker": "x", "ms": 7, "mew": 1.8, "zorder": 4, "color": kit.TRAINED}
    chart = kit.chart(
        kit.curve(line, unit.noise.firing_probability(line - neuron.v_threshold),
                  "logistic unit, derived", **kit.ABSTRACT),
        kit.layer(kit.draw_fraction, points.potential, points.spikes, points.trials,
                  label="spiking neuron, 95 % interval"),
        kit.curve(neuron.v_rest + unit.potential(patterns), trained.predict_proba(patterns)[:, 1],
                  "logistic neuron, trained", **look),
        kit.curve([neuron.v_threshold] * 2, [0.0, 1.0], "threshold", color="0.45", ls="--"),
        xlabel="potential −70 + Σ Jᵢ aᵢ (mV)", ylabel="firing probability",
    )  # fmt: skip
    title = "The firing probability is a logistic function of the summed input"
    return kit.page(title, chart, legend=2)


def adjust(settings: Settings, options: kit.RunOptions) -> Settings:
    """Let the user change the settings in a window, if requested."""
    if not settings.window:
        return settings
    with ns.plot.style():
        from scenarios.networks.playground_window import play
    return replace(play(settings, options), window=False)


scenario = kit.lesson(__name__, row="S30", lectures=("L2",), duration=50.0, dt=0.5)
