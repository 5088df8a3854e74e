"""A loop of neurons remembers a stimulus by reverberating.

Eight neurons form a ring in which each one makes the next one fire (Kubie 1930). A single stimulus
starts a spike that circulates: the loop is on, and so remembers the stimulus. Inhibition of all
neurons turns it off, and another stimulus turns it on again. A loop of threshold units does the
same, step by step.

The comparison shows two properties of neurons that threshold units lack. Loops shorter than the
refractory period do not reverberate. And with noise, the memory fades.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import bridge
import neurosim as ns
from scenarios import _kit as kit

NEURON = ns.LIF()
DISTANCE = bridge.threshold_distance(NEURON)
DELAY, INHIBITION = 5.0, -20.0
"""Delay from each neuron to the next (ms), and PSP of the inhibition (mV)."""
STIMULI, STOP = (50.0, 350.0), 250.0
"""Times of the stimuli, and of the inhibition of all neurons (ms)."""
PAIRS = np.arange(1.0, 10.5, 0.5)
"""Periods of loops of two neurons (ms)."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    neurons: int = kit.setting(8, "", 8, 30, "neurons in the loop")
    psp: float = kit.setting(20.0, "mV", 15.1, 30.0, "PSP of each synapse")
    sigma: float = kit.setting(3.0, "mV", 0.1, 5.0, "SD of the potential in noisy loops")
    trials: int = kit.setting(1000, "", 10, 10_000, "number of noisy loops")

    @property
    def period(self) -> float:
        """Time of a spike around the loop (ms)."""
        return self.neurons * DELAY


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add the loop, loops of two neurons and noisy loops."""
    needed = STIMULI[0] + 2.5 * settings.period
    kit.require_duration(options, needed, "ends before two rounds of the loop")
    net = ns.Network()

    def add(name: str, n_loops: int, size: int, delay: Any = DELAY, **start: Any) -> ns.Population:
        ids = np.arange(n_loops * size)
        neurons = net.add(name, len(ids), NEURON, **start)
        ring = ns.Explicit(ids, ids - ids % size + (ids + 1) % size)
        net.connect(neurons, neurons, ring, psp=settings.psp, delay=delay)
        stimuli = STIMULI if name == "loop" else STIMULI[:1]
        net.drive(neurons, ns.SpikeTimes(stimuli), ids=ids[::size], psp=2.0 * DISTANCE)
        return neurons

    loop = add("loop", 1, settings.neurons)
    net.drive(loop, ns.SpikeTimes([STOP]), psp=INHIBITION)
    net.record(loop, "v", ids=[0, settings.neurons // 2])
    add("pairs", len(PAIRS), 2, np.repeat(PAIRS / 2, 2))
    rest = ns.Normal(NEURON.v_rest, settings.sigma)
    noisy = add("noisy", settings.trials, settings.neurons, v_init=rest)
    net.drive(noisy, ns.MembraneNoise(settings.sigma))
    return net


def threshold_loop(settings: Settings, duration: float) -> kit.Bools:
    """Return the activity of a loop of threshold units, shape (n_steps, n_units).

    A step lasts as long as the delay; the first one is that of the first stimulus. A unit is active
    if its input exceeds 15 mV.
    """
    steps = 1 + int((duration - STIMULI[0]) / DELAY + 1e-9)
    active = np.zeros((steps, settings.neurons), dtype=bool)
    for step in range(steps):
        # In the first step, the row before it is the last one, which is still inactive.
        inputs = settings.psp * np.roll(active[step - 1], 1)
        time = STIMULI[0] + step * DELAY
        inputs[0] += 2.0 * DISTANCE * (time in STIMULI)
        active[step] = inputs + INHIBITION * (time == STOP) > DISTANCE
    return active


def last_spikes(result: ns.Result, name: str, size: int) -> kit.Floats:
    """Return the time of the last spike of each loop (ms), 0 if there is none."""
    trains = result.spikes[name]
    last = np.zeros(result.populations[name].size // size)
    np.maximum.at(last, trains.ids // size, trains.times)
    return last


def lasting_loops(result: ns.Result) -> kit.Bools:
    """Return whether loops of two neurons reverberate until the end, for each of the periods."""
    return last_spikes(result, "pairs", 2) > result.duration - PAIRS - 1.0


def transmission(result: ns.Result, settings: Settings) -> tuple[int, int]:
    """Return how many spikes of noisy loops caused the next one, and how many could have.

    Spikes whose successor might come after the end of the run are not counted.
    """
    latest = result.duration - DELAY - 0.5 * NEURON.tau_m
    chances = int((result.spikes["noisy"].times <= latest).sum())
    ended = int((last_spikes(result, "noisy", settings.neurons) <= latest).sum())
    return chances - ended, chances


def predicted_transmission(settings: Settings) -> float:
    """Return the probability that a spike causes the next one under noise.

    The window of the noise begins when the spike arrives, and lasts as long as its PSP.
    """
    window = min(NEURON.tau_m, settings.period - NEURON.t_ref)
    noise = bridge.OrnsteinUhlenbeckNoise(settings.sigma, window, NEURON.tau_m, DISTANCE, 0.1)
    return float(noise.firing_probability(settings.psp - DISTANCE))


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure when the loop is on, what stops it, and how long noisy loops remember."""
    trains, first = result.spikes["loop"], result.spikes["loop"].of(0)
    passed, chances = transmission(result, settings)
    ends = last_spikes(result, "noisy", settings.neurons)
    return {
        "period_ms": np.diff(first[first < STOP]).mean(),
        "silent_before_kick": not (trains.times < STIMULI[0]).any(),
        "spikes_while_on": trains.inside(STIMULI[0] - 0.1, STOP - 0.1).sum(),
        "spikes_while_off": trains.inside(STOP - 0.1, STIMULI[1] - 0.1).sum(),
        "on_again": (trains.times > STIMULI[1] + DELAY).any(),
        "shortest_lasting_loop_ms": PAIRS[lasting_loops(result)].min(initial=np.inf),
        "handed_on_in_noise": passed / chances,
        "half_forgotten_ms": np.median(ends) - STIMULI[0],
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State when the loop reverberates, and what ends it."""
    return kit.sentences(
        found,
        "A loop of {settings.neurons} neurons was stimulated at 50 and 350 ms and inhibited at "
        "250 ms; further loops were short or had noise.",
        "The first stimulus turns the loop on: {spikes_while_on} spikes until 250 ms, one round in "
        "{settings.period:g} ms.",
        "After the inhibition there are {spikes_while_off} spikes until 350 ms. The second "
        "stimulus " + ("turns it on again." if found["on_again"] else "has no effect."),
        "The shortest loop of two neurons that reverberates takes {shortest_lasting_loop_ms:g} ms; "
        "the refractory period is 5 ms.",
        "With noise of {settings.sigma:g} mV, each spike causes the next with a probability of "
        "{handed_on_in_noise:.3f}, and half of the loops are off after {half_forgotten_ms:g} ms.",
        settings=settings,
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the circulating spikes, and the potentials of two neurons."""
    trains, n = result.spikes["loop"], settings.neurons

    def draw_events(axes: kit.Axes) -> None:
        for time, sign, text in zip(
            (*STIMULI, STOP), (1, 1, -1), ("stimulus", "stimulus", "inhibition"), strict=True
        ):
            axes.axvline(time, color=ns.plot.colour_of(sign), lw=1.2, ls="--", zorder=0)
            kit.label(axes, time, -0.2, text, ns.plot.colour_of(sign))

    spikes = kit.chart(
        kit.curve(trains.times, 1 + trains.ids, ls="", marker="|", ms=10, color=kit.SPIKING),
        draw_events, ylabel="neuron", ylim=(n + 0.7, -0.8), yticks=(1, n),
    )  # fmt: skip
    potentials = kit.chart(
        kit.potential(result, "loop", 0, label="neuron 1"),
        kit.potential(result, "loop", n // 2, color="#E69F00", label=f"neuron {n // 2 + 1}"),
        xlabel="time (ms)", ylabel="membrane potential (mV)", xlim=(0.0, result.duration),
    )  # fmt: skip
    title = "One stimulus turns the loop on, inhibition turns it off"
    page = kit.page(
        title, spikes, potentials, columns=1, size=(8.4, 6.0), sharex=True, legend=2
    )  # fmt: skip
    return {"loop": page}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the loop with a loop of threshold units, and measure how they differ."""
    found, units = findings(result, settings), threshold_loop(settings, result.duration)
    equal = kit.activity(result, "loop", start=STIMULI[0], step=DELAY) == units
    passed, chances = transmission(result, settings)
    handed_on = bridge.agreement(np.arange(chances) < passed, np.ones(chances))
    predicted = f"predicted {predicted_transmission(settings):.4f}"
    measures = kit.rows(
        found,
        ("agreement", f"Equal activity | {units.sum()} active of {units.size}", equal.mean()),
        ("shortest_lasting_loop_ms", "Shortest lasting period | threshold units: any period"),
        ("handed_on_in_noise", f"Transmission probability with noise | {predicted}", handed_on),
    )
    conclusion = (
        f"Without noise the loop of neurons {'behaves like' if equal.all() else 'differs from'} "
        "the loop of threshold units. The units lack the refractory period and the noise."
    )
    title = "A loop that remembers: spiking neurons and threshold units"
    drawings = {"limits": partial(_draw_limits, result, settings)}
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_limits(result: ns.Result, settings: Settings) -> kit.Figure:
    """Draw which loops reverberate, and how memory fades."""
    time = np.linspace(0.0, result.duration - STIMULI[0], 400)
    until = last_spikes(result, "noisy", settings.neurons) - STIMULI[0] + DELAY
    predicted = predicted_transmission(settings) ** np.floor(time / DELAY)
    on = (until[:, None] >= time).mean(axis=0)
    short = kit.chart(
        kit.curve(PAIRS, np.ones_like(PAIRS), "threshold units", **kit.ABSTRACT),
        kit.curve(PAIRS, lasting_loops(result), "neurons", **kit.DOTS),
        title="Does a loop of two last?", xlabel="period of the loop (ms)",
        yticks=(0, 1), yticklabels=("no", "yes"), ylim=(-0.2, 1.2),
    )  # fmt: skip
    noisy = kit.chart(
        kit.curve(time, predicted, **kit.ABSTRACT),
        kit.curve(time, on, color=kit.SPIKING, label=f"{settings.trials:,} loops of neurons"),
        title=f"Noise of {settings.sigma:g} mV", xlabel="time since the stimulus (ms)",
        ylabel="fraction of loops that are on", ylim=(0.0, 1.05),
    )  # fmt: skip
    title = "Refractoriness stops short loops, and noise erases memory"
    return kit.page(title, short, noisy, size=(9.0, 3.9), legend=3)


scenario = kit.lesson(__name__, row="S27", lectures=("L1",), duration=500.0)
