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

import numpy as np
from scipy.special import logit

import bridge
import neurosim as ns
from scenarios import _kit as kit
from scenarios.networks.playground_trials import Trials

# Random numbers of a trial: one for each synapse, and the last one for the noise.
DRAWS = 8
# Time shown: the last second of trials (ms).
SECOND = 1000.0


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    psps: tuple[float, ...] = kit.setting(
        (10.0, 7.0, 3.0, -6.0), "mV", -20.0, 20.0, "PSP of each synapse", length=(2, 6)
    )
    inputs: tuple[float, ...] = kit.setting(
        (0.9, 0.7, 0.5, 0.3), "", 0.0, 1.0, "probability of a spike at each synapse", length=(2, 6)
    )
    v_threshold: float = kit.setting(-55.0, "mV", -65.0, -40.0, "threshold; rest is at -70 mV")
    noise: float = kit.setting(2.0, "mV", 0.1, 5.0, "scale of the logistic noise; slope 1/noise")
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


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Count spikes, and compare them with the logistic probabilities."""
    trials = Trials(result, settings)
    count, points = trials.count, trials.points
    low, high = points.interval
    return {
        "trials": len(trials.fired),
        "spikes": trials.fired.sum(),
        "share_fired": count.value,
        "share_fired_interval": [count.low, count.high],
        "logistic_probability": trials.expected,
        "theta": [trials.logistic.intercept, *trials.logistic.coef],
        "potentials": len(low),
        "right": np.sum((low <= points.probability) & (points.probability <= high)),
        "largest_difference": np.abs(points.fraction - points.probability).max(),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the firing probability of the neuron and of its logistic unit."""
    return kit.sentences(
        found,
        f"{{trials:,}} trials of a neuron with {len(settings.psps)} synapses and random input.",
        "It fired in a fraction {fired} of the trials; its logistic unit predicts "
        "{logistic_probability:.3f}.",
        "The weights of the logistic unit are θ = {weights}: the distance from threshold and the "
        f"PSPs, divided by the noise of {settings.noise:g} mV.",
        "The input reaches {potentials} different potentials; at {right} of them the 95 % interval "
        "of the fraction contains the logistic probability.",
        fired=kit.estimate(found["share_fired"], found["share_fired_interval"]),
        weights=kit.listed(kit.signed(value, 3) for value in found["theta"]),
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the board that the window shows."""
    from scenarios.networks.playground_board import SIZE, Board

    fig = ns.plot.figure(*SIZE)
    Board(fig, Trials(result, settings))
    return {"board": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the neuron with its logistic unit, and with one trained on its spikes."""
    trials, found = Trials(result, settings), findings(result, settings)
    active, fired = trials.active, trials.fired
    if np.ptp(np.column_stack([active, fired]), axis=0).min() == 0.0:
        raise ns.NeurosimError(
            "the neuron or one of its synapses has a spike in all trials or in none, so a logistic "
            "neuron cannot learn its weights: change psps, inputs or v_threshold"
        )
    compared = bridge.compare_neurons(trials.unit, active, fired=fired, seed=result.seed)
    psps = range(1, len(settings.psps) + 1)
    measures = kit.rows(
        found,
        ("share_fired", "Fraction of trials with a spike", trials.count),
        ("logistic_probability", "Predicted by the logistic unit"),
        ("largest_difference", "Largest difference at a potential"),
        *((f"psp_{k}", f"Trained PSP of synapse {k}", compared.measures[f"psp_{k}"]) for k in psps),
    )
    finite = all(np.isfinite(compared.measures[f"psp_{k}"].high or 0.0) for k in psps)
    conclusion = (
        f"The neuron fires with the logistic probability, which {found['right']} of "
        f"{found['potentials']} 95 % intervals contain. Training on its spikes "
        f"{'recovers' if finite else 'does not determine'} the PSPs."
    )
    title = "The neuron of the playground: spiking, and logistic"
    return kit.Comparison(title, {**compared.measures, **measures}, compared.drawings, conclusion)


def adjust(settings: Settings, options: kit.RunOptions) -> Settings:
    """Let the user change the settings in a window, if requested."""
    if not settings.window:
        return settings
    with ns.plot.style():
        from scenarios.networks.playground_window import play
    return replace(play(settings, options), window=False)


scenario = kit.lesson(__name__, row="S30", lectures=("L2",), duration=50.0, dt=0.5)
