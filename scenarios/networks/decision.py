"""Decisions: two pools of neurons compete until one of them wins.

Dots move on a screen, some of them in one direction: to the right or to the left. Neurons of two
pools receive noisy input, one pool more than the other in proportion to the coherence of the
motion. Excitation within a pool is strong and slow, because NMDA synapses (100 ms) carry most of
it: a lead of one pool grows over hundreds of milliseconds. All pools excite the same inhibitory
neurons, so the firing of one suppresses the other, until a single pool fires.

The choice is random, and noise decides where the coherence is small. The probability to choose
"right" is a logistic function of the coherence: the network as a whole is a logistic neuron with
one input. Decisions take longer if the coherence is small. In each trial the motion is shown for
1 s. Before the next one, an inhibitory current ends the activity of the winner.

X.-J. Wang, Neuron 36, 955 (2002). The network is a quarter of the paper's size. Its recurrent
conductances are four times as large, and synapses within a pool are 1.8 instead of 1.7 times as
strong as others. Smaller pools are noisier, so choices depend less on the coherence than in the
paper, whose network is ``neurons=2000`` and ``w_plus=1.7``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

import neurosim as ns
from scenarios import _kit as kit
from scenarios.networks import decision_trials as task
from scenarios.networks import selective_pools

POOLS = {"right": kit.SPIKING, "left": kit.TRAINED}
# Input of a pool at coherence 0: mean and standard deviation over time (Hz).
INPUT, SD = 40.0, 4.0
# Score at which 82 % of the choices are correct, times 10 %.
LOGIT_82 = 10.0 * np.log(0.82 / 0.18)


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    neurons: int = kit.setting(500, "", 100, 4000, "number of neurons, of which 80 % excitatory")
    w_plus: float = kit.setting(1.8, "", 1.0, 3.0, "relative strength of synapses within a pool")

    @property
    def cortex(self) -> selective_pools.Cortex:
        """Network of Wang (2002), with its conductances scaled to the number of neurons."""
        return selective_pools.Cortex(
            self.neurons, 0.15, self.w_plus, external=(2.1, 1.62), ampa=(0.05, 0.04),
            nmda=(0.165, 0.13), gaba=(1.3, 1.0), tau_gaba=5.0, scale=2000.0 / self.neurons,
        )  # fmt: skip


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Show motion to the network again and again, with a reset before each trial."""
    needed = task.TRIAL * len(task.COHERENCES)
    kit.require_duration(options, needed, "is shorter than one trial of each coherence")
    net, cortex = ns.Network(), settings.cortex
    pools = cortex.add_to(net, list(POOLS))
    shown, rng = task.coherences(options.duration)[:, None], np.random.default_rng(options.seed)
    starts = task.TRIAL * np.arange(len(shown))
    times = np.add.outer(
        starts, np.arange(task.RESET + task.PAUSE, task.TRIAL + task.BIN, task.BIN)
    )
    for name, sign in (("right", 1.0), ("left", -1.0)):
        rates = INPUT * (1.0 + sign * shown) + SD * rng.normal(size=times.shape)
        rates[:, -1] = 0.0
        motion = ns.Poisson(rates.clip(0.0).ravel(), times=times.ravel())
        net.drive(pools[name], motion, synapse=selective_pools.AMPA, weight=cortex.external[0])
    resets = np.add.outer(starts, [0.0, task.RESET]).ravel()
    for name in (*POOLS, "other"):
        net.drive(pools[name], ns.StepCurrent(resets, np.tile([-500.0, 0.0], len(starts))))
    return net


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure choices, decision times and firing rates."""
    found = task.trials(result)
    correct = found.right == (found.coherence > 0.0)
    size = np.abs(found.coherence)
    sizes = np.unique(size)
    return {
        "neurons": settings.neurons,
        "pool": result.populations["right"].size,
        "trials": len(size),
        "before_hz": found.before,
        "winner_hz": float(found.winner[:, -5:, 0].mean()),
        "loser_hz": float(found.winner[:, -5:, 1].mean()),
        "decided": float((found.times < task.MOTION).mean()),
        "coherence": sizes,
        "correct": [float(correct[size == one].mean()) for one in sizes],
        "median_ms": [float(np.median(found.times[size == one])) for one in sizes],
        "right_by_chance": float(found.right[size == 0.0].mean()),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State how often and how fast the network decides."""
    return kit.sentences(
        found,
        "{neurons:,} neurons, with two pools of {pool}, decided in {trials} trials whether motion "
        "was to the right or to the left.",
        "Before the motion both pools fire at {before_hz:.1f} Hz. At its end the winner fires at "
        "{winner_hz:.0f} Hz and the loser at {loser_hz:.1f} Hz. In {decided:.0%} of the trials a "
        "pool exceeds 15 Hz in time.",
        "The choice is correct in {correct[1]:.0%} of the trials at a coherence of 13 %, and in "
        "{correct[3]:.0%} at 51 %. At 0 % noise decides: {right_by_chance:.0%} right.",
        "The median decision takes {median_ms[0]:.0f} ms at 0 % and {median_ms[3]:.0f} ms at 51 %.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the first trials, the probability of each choice, and the decision times."""
    spikes = kit.panel(_draw_spikes, result)
    rates = kit.panel(_draw_rates, result, legend="upper left")
    title = "Two pools of neurons compete until one of them wins"
    first = kit.page(title, spikes, rates, columns=1, size=(9.0, 5.6), sharex=True)
    found = task.trials(result)
    choice = kit.panel(
        _draw_choices, found, legend="lower right", xlabel="coherence of motion to the right (%)",
        ylabel="probability to choose right", ylim=(-0.03, 1.03),
    )  # fmt: skip
    times = kit.panel(
        _draw_times, found, xlabel="coherence (%)", ylabel="decision time (ms)",
        ylim=(0.0, task.MOTION), title="Median and quartiles",
    )  # fmt: skip
    title = "Where motion is weak, noise decides, and slowly"
    return {"trials": first, "choices": kit.page(title, choice, times, size=(9.0, 4.0))}


def shown_trials(result: ns.Result) -> list[tuple[float, float]]:
    """Return start and end of the motion in the first four trials (ms)."""
    return [(k * task.TRIAL + task.RESET + task.PAUSE, (k + 1) * task.TRIAL) for k in range(4)]


def _draw_spikes(axes: kit.Axes, result: ns.Result) -> None:
    """Draw the spikes of both pools, with the coherence of each trial."""
    motions = shown_trials(result)
    selective_pools.shade(axes, motions)
    selective_pools.draw_pool_spikes(axes, result, POOLS, stop=motions[-1][1])
    for (start, stop), coherence in zip(motions, task.coherences(result.duration), strict=False):
        text = f"{abs(coherence):.0%} {('left', '', 'right')[1 + int(np.sign(coherence))]}"
        kit.label(axes, 0.5e-3 * (start + stop), axes.get_ylim()[1], text, side="above")


def _draw_rates(axes: kit.Axes, result: ns.Result) -> None:
    """Draw the firing rates of both pools and of the inhibitory neurons."""
    motions, colours = shown_trials(result), POOLS | {"inh": ns.plot.INHIBITORY}
    labels = {"right": "pool “right”", "left": "pool “left”", "inh": "inhibitory neurons"}
    selective_pools.shade(axes, motions)
    selective_pools.draw_pool_rates(
        axes, result, colours, labels, stop=motions[-1][1], bin_ms=task.BIN
    )
    kit.level(task.THRESHOLD, "threshold", 0.25)(axes)


def _draw_choices(axes: kit.Axes, found: task.Trials) -> None:
    """Draw the fraction of choices, and the logistic neuron."""
    values, right, n = kit.pool_trials(100.0 * found.coherence, found.right[:, None])
    kit.draw_fraction(axes, values, right, n, label="simulated, 95 % interval")
    line = np.linspace(-60.0, 60.0, 300)
    fitted = found.psychometric.predict_proba(0.1 * line[:, None])[:, 1]
    axes.plot(line, fitted, color=kit.TRAINED, lw=2, label="logistic neuron, trained")


def _draw_times(axes: kit.Axes, found: task.Trials) -> None:
    """Draw the median decision time with quartiles."""
    size = np.abs(found.coherence)
    for one in np.unique(size):
        low, middle, high = np.percentile(found.times[size == one], [25.0, 50.0, 75.0])
        bars = kit.Measure(middle, low=low, high=high)
        kit.draw_measures(axes, [100.0 * one], [bars], color=kit.SPIKING)


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Predict the choice from the coherence, and from the coherence and early activity."""
    found = task.trials(result)
    neuron, right = found.psychometric, found.right.mean()
    slope, error = neuron.coef_[0, 0], neuron.standard_errors_[1]
    perfect = -np.log2(right) - (1.0 / right - 1.0) * np.log2(1.0 - right)
    bits = {until: found.information(until) for until in range(0, 1001, 100)}
    measures = kit.rows(
        {},
        ("slope", "Slope, per 10 % coherence", kit.with_error(slope, error)),
        ("threshold", "Coherence with 82 % correct choices", kit.Measure(LOGIT_82 / slope, "%")),
        ("bits", "Choice, from the coherence | a choice “right” counts as a spike", bits[0]),
        *[(f"bits_{t}ms", f"… and the firing rates at {t} ms", bits[t]) for t in (200, 400, 600)],
        ("perfect", "A perfect prediction", kit.Measure(perfect, "bits/spike")),
    )
    conclusion = (
        "The network as a whole is a logistic neuron with the coherence as its input. Its chance "
        "is the noise of the first few hundred milliseconds, which the firing rates reveal."
    )
    title = "The choice of a network, and logistic neurons that predict it"
    drawings = {"prediction": partial(_draw_prediction, bits, perfect)}
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_prediction(bits: dict[int, kit.Measure], perfect: float) -> kit.Figure:
    """Draw the information about the choice over time."""
    times, values = list(bits)[1:], list(bits.values())[1:]
    body = kit.chart(
        kit.layer(kit.draw_measures, times, values, color=kit.TRAINED),
        kit.level(bits[0].value, "coherence alone", 900.0, side="below"),
        kit.level(perfect, "perfect prediction", 160.0),
        xlabel="time from the start of the motion (ms)",
        ylabel="information (bits per choice “right”)",
        xlim=(0.0, 1050.0),
    )
    return kit.page("Early activity predicts the choice before a pool has won", body)


scenario = kit.lesson(__name__, duration=105_000.0, dt=0.25, source="Wang, Neuron 36 (2002)")
