"""A loop of neurons remembers a stimulus by reverberating.

Eight neurons form a ring in which each one makes the next one fire (Kubie 1930). A single stimulus
starts a spike that circulates: the loop is on, and so remembers the stimulus. Inhibition of all
neurons turns it off, and another stimulus turns it on again. A loop of threshold units does the
same, step by step.

The comparison shows three properties of neurons that threshold units lack. Inhibition of one
neuron stops the circulating spike even if it comes up to τ ln(inhibition / excess) earlier, where
the excess is the PSP minus 15 mV. Loops shorter than the refractory period do not reverberate. And
with noise, the memory fades.
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
STIMULI, STOP = (50.0, 350.0), 250.0
"""Times of the stimuli, and of the inhibition of all neurons (ms)."""
PAIRS = np.arange(1.0, 10.5, 0.5)
"""Periods of loops of two neurons (ms)."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    neurons: int = kit.setting(8, "", 2, 100, "neurons in the loop")
    delay: float = kit.setting(5.0, "ms", 0.5, 20.0, "delay from each neuron to the next")
    psp: float = kit.setting(20.0, "mV", 15.1, 100.0, "PSP of each synapse")
    inhibition: float = kit.setting(-20.0, "mV", -100.0, -0.1, "PSP of the inhibition")
    sigma: float = kit.setting(
        3.0, "mV", 0.1, 5.0, "standard deviation of the potential in noisy loops"
    )
    trials: int = kit.setting(1000, "", 10, 100_000, "number of noisy loops")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 40.0 <= self.period <= 150.0:
            raise ns.NeurosimError(
                f"neurons = {self.neurons} with delay = {self.delay:g} ms make a loop of "
                f"{self.period:g} ms: give a loop of 40 to 150 ms, so that potentials decay in it"
            )
        if self.neurons * self.trials > 1_000_000:
            raise ns.NeurosimError(
                f"neurons = {self.neurons} times trials = {self.trials} is above 1,000,000: give "
                "fewer trials"
            )

    @property
    def period(self) -> float:
        """Time of a spike around the loop (ms)."""
        return self.neurons * self.delay

    @property
    def veto(self) -> float:
        """Longest time from inhibition to the spike at which the spike is still stopped (ms)."""
        if self.psp + self.inhibition > DISTANCE:
            return 0.0
        decay = NEURON.tau_m * float(np.log(-self.inhibition / (self.psp - DISTANCE)))
        return min(decay, self.period - NEURON.t_ref)

    @property
    def leads(self) -> kit.Floats:
        """Tested times from the inhibition of one neuron to the spike (ms)."""
        return np.arange(-5.0, self.veto + 4.9, 0.5)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add the loop, loops inhibited at one neuron, loops of two neurons and noisy loops."""
    needed = STIMULI[0] + 2.5 * settings.period
    if options.duration < needed:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms ends before two rounds of the loop: give at least "
            f"{needed:g} ms"
        )
    net, size, leads, start = ns.Network(), settings.neurons, settings.leads, STIMULI[:1]

    def add(name: str, n_loops: int, size: int, delay: Any, **options: Any) -> ns.Population:
        ids = np.arange(n_loops * size)
        neurons = net.add(name, len(ids), NEURON, **options)
        ring = ns.Explicit(ids, ids - ids % size + (ids + 1) % size)
        net.connect(neurons, neurons, ring, psp=settings.psp, delay=delay)
        return neurons

    loop = add("loop", 1, size, settings.delay)
    net.drive(loop, ns.SpikeTimes(STIMULI), ids=[0], psp=1.5 * DISTANCE)
    net.drive(loop, ns.SpikeTimes([STOP]), psp=settings.inhibition)
    net.record(loop, "v", ids=[0, size // 2])
    stopped = add("stopped", len(leads), size, settings.delay)
    net.drive(stopped, ns.SpikeTimes(start), ids=size * np.arange(len(leads)), psp=1.5 * DISTANCE)
    times = tuple(np.array([time]) for time in STIMULI[0] + 2.0 * settings.period - leads)
    first = size * np.arange(len(leads))
    net.drive(stopped, ns.SpikeTimes(times), ids=first, psp=settings.inhibition)
    pairs = add("pairs", len(PAIRS), 2, np.repeat(PAIRS / 2, 2))
    net.drive(pairs, ns.SpikeTimes(start), ids=2 * np.arange(len(PAIRS)), psp=1.5 * DISTANCE)
    rest = ns.Normal(NEURON.v_rest, settings.sigma)
    noisy = add("noisy", settings.trials, size, settings.delay, v_init=rest)
    net.drive(noisy, ns.MembraneNoise(settings.sigma))
    first = size * np.arange(settings.trials)
    net.drive(noisy, ns.SpikeTimes(start), ids=first, psp=2.0 * DISTANCE)
    return net


def threshold_loop(settings: Settings, duration: float) -> kit.Bools:
    """Return the activity of a loop of threshold units, shape (n_steps, n_units).

    A step lasts as long as the delay; the first one is that of the first stimulus. A unit is active
    if its input exceeds 15 mV.
    """
    steps = 1 + int((duration - STIMULI[0]) / settings.delay + 1e-9)
    inputs = np.zeros((steps, settings.neurons))
    excitation = [(time, slice(1), 1.5 * DISTANCE) for time in STIMULI]
    for time, units, psp in [*excitation, (STOP, slice(None), settings.inhibition)]:
        step = int(np.ceil((time - STIMULI[0]) / settings.delay - 1e-9))
        inputs[step : step + 1, units] += psp
    active = np.zeros((steps, settings.neurons), dtype=bool)
    for step in range(steps):
        # In the first step, the row before it is the last one, which is still inactive.
        active[step] = settings.psp * np.roll(active[step - 1], 1) + inputs[step] > DISTANCE
    return active


def spiking_loop(result: ns.Result, settings: Settings) -> kit.Bools:
    """Return the spikes of the loop in the same steps, shape (n_steps, n_units)."""
    active = np.zeros_like(threshold_loop(settings, result.duration))
    trains = result.spikes["loop"]
    step = np.rint((trains.times - STIMULI[0]) / settings.delay).astype(int)
    inside = (step >= 0) & (step < len(active))
    active[step[inside], trains.ids[inside]] = True
    return active


def last_spikes(result: ns.Result, name: str, size: int) -> kit.Floats:
    """Return the time of the last spike of each loop (ms), 0 if there is none."""
    trains = result.spikes[name]
    last = np.zeros(result.populations[name].size // size)
    np.maximum.at(last, trains.ids // size, trains.times)
    return last


def stopped_loops(result: ns.Result, settings: Settings) -> kit.Bools:
    """Return whether inhibition of one neuron stops the spike, for each of the leads."""
    end = STIMULI[0] + 2.5 * settings.period
    return last_spikes(result, "stopped", settings.neurons) < end


def lasting_loops(result: ns.Result) -> kit.Bools:
    """Return whether loops of two neurons reverberate until the end, for each of the periods."""
    return last_spikes(result, "pairs", 2) > result.duration - PAIRS - 1.0


def transmission(result: ns.Result, settings: Settings) -> tuple[int, int]:
    """Return how many spikes of noisy loops caused the next one, and how many could have.

    Spikes whose successor might come after the end of the run are not counted.
    """
    latest = result.duration - settings.delay - 0.5 * NEURON.tau_m
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
    again = STIMULI[1] + settings.delay
    alive_until = last_spikes(result, "noisy", settings.neurons)
    return {
        "period_ms": np.diff(first[first < STOP]).mean() if len(first) > 1 else None,
        "silent_before_kick": not (trains.times < STIMULI[0]).any(),
        "spikes_while_on": int(((trains.times >= STIMULI[0]) & (trains.times < STOP)).sum()),
        "spikes_while_off": int(((trains.times >= STOP) & (trains.times < STIMULI[1])).sum()),
        "on_again": bool((trains.times > again).any()) if again < result.duration else None,
        "longest_veto_ms": settings.leads[stopped_loops(result, settings)].max(initial=0.0),
        "shortest_lasting_loop_ms": PAIRS[lasting_loops(result)].min(initial=np.inf),
        "handed_on_in_noise": passed / max(chances, 1),
        "half_forgotten_ms": float(np.median(alive_until) - STIMULI[0]),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State when the loop reverberates, and what ends it."""
    off = "turns it off" if found["spikes_while_off"] == 0 else "does not turn it off"
    again = {True: "turns it on again", False: "has no effect", None: "came after the end"}
    return [
        f"A loop of {settings.neurons} neurons was stimulated at {STIMULI[0]:g} and "
        f"{STIMULI[1]:g} ms and inhibited at {STOP:g} ms; further loops were inhibited at one "
        "neuron, shortened, or given noise.",
        f"The first stimulus turns the loop on: {found['spikes_while_on']} spikes until "
        f"{STOP:g} ms, one round in {settings.period:g} ms.",
        f"Inhibition {off}: {found['spikes_while_off']} spikes until {STIMULI[1]:g} ms. The second "
        f"stimulus {again[found['on_again']]}.",
        "Inhibition of one neuron stops the spike if it comes up to "
        f"{found['longest_veto_ms']:g} ms earlier (theory: {settings.veto:.1f} ms).",
        "The shortest loop of two neurons that reverberates takes "
        f"{found['shortest_lasting_loop_ms']:g} ms; the refractory period is {NEURON.t_ref:g} ms.",
        f"With noise of {settings.sigma:g} mV, each spike causes the next with a probability of "
        f"{found['handed_on_in_noise']:.3f}, and half of the loops are off after "
        f"{found['half_forgotten_ms']:g} ms.",
    ]


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the circulating spikes, and the potentials of two neurons."""
    trains, trace = result.spikes["loop"], result.traces["loop", "v"]

    def draw_spikes(axes: kit.Axes) -> None:
        axes.plot(trains.times, 1 + trains.ids, "|", ms=10, mew=1.3, color=kit.SPIKING)
        for time, colour, text in (
            (STIMULI[0], ns.plot.EXCITATORY, "stimulus"),
            (STOP, ns.plot.INHIBITORY, "inhibition"),
            (STIMULI[1], ns.plot.EXCITATORY, "stimulus"),
        ):
            axes.axvline(time, color=colour, lw=1.2, ls="--", zorder=0)
            kit.label(axes, time, -0.2, text, colour)

    def draw_potentials(axes: kit.Axes) -> None:
        for neuron, colour in zip(trace.ids, ("black", "#E69F00"), strict=True):
            potential = trace.with_spikes(int(neuron))
            axes.plot(trace.times, potential, color=colour, label=f"neuron {neuron + 1}")
        kit.draw_levels(axes, result.populations["loop"], labels=False)
        kit.label(axes, 300.0, NEURON.v_threshold, "threshold −55 mV", "0.35", "above")

    n = settings.neurons
    upper = kit.panel(draw_spikes, ylabel="neuron", ylim=(n + 0.7, -0.8), yticks=(1, n))
    lower = kit.panel(
        draw_potentials, xlabel="time (ms)", ylabel="membrane potential (mV)",
        xlim=(0.0, result.duration),
    )  # fmt: skip
    title = "One stimulus turns the loop on, inhibition turns it off"
    fig = kit.page(title, upper, lower, columns=1, size=(8.4, 6.0), sharex=True, legend=2)
    return {"loop": fig}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare the loop with a loop of threshold units, and measure how they differ."""
    spiking, units = spiking_loop(result, settings), threshold_loop(settings, result.duration)
    passed, chances = transmission(result, settings)
    low, high = bridge.wilson_interval(passed, chances)
    predicted = predicted_transmission(settings)
    stopped, lasting = stopped_loops(result, settings), lasting_loops(result)
    measures = {
        "agreement": kit.Measure(
            float((spiking == units).mean()), note=f"{units.sum()} active of {units.size}",
            label="Equal activity, as a fraction",
        ),
        "longest_veto": kit.Measure(
            settings.leads[stopped].max(initial=0.0), "ms", note="threshold units: 0 ms",
            label="Longest lead of inhibition that stops it",
        ),
        "shortest_lasting_loop": kit.Measure(
            PAIRS[lasting].min(initial=np.inf), "ms", note="threshold units: any period",
            label="Shortest period that reverberates",
        ),
        "handed_on_in_noise": kit.Measure(
            passed / max(chances, 1), "", float(low), float(high), f"predicted {predicted:.4f}",
            "Transmission probability with noise",
        ),
    }  # fmt: skip
    same = "behaves like" if (spiking == units).all() else "differs from"
    conclusion = (
        f"Without noise the loop of neurons {same} the loop of threshold units. The units lack the "
        "decay of inhibition, the refractory period and the noise."
    )
    drawings = {"limits": partial(_draw_limits, result, settings, stopped, lasting)}
    title = "A loop that remembers: spiking neurons and threshold units"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_limits(
    result: ns.Result, settings: Settings, stopped: kit.Bools, lasting: kit.Bools
) -> kit.Figure:
    """Draw which inhibition stops a spike, which loops reverberate, and how memory fades."""
    leads = settings.leads

    def draw_outcomes(axes: kit.Axes, x: kit.Floats, limit: float, *outcomes: kit.Bools) -> None:
        for row, (outcome, colour) in enumerate(zip(outcomes, (kit.SPIKING, "black"), strict=True)):
            for chosen, fill in ((outcome, colour), (~outcome, "white")):
                axes.plot(x[chosen], 0.0 * x[chosen] + row, "o", ms=4, color=colour, mfc=fill)
        axes.axvline(limit, color="0.45", lw=0.9, ls=":")
        axes.set_yticks((0, 1), ("neurons", "threshold\nunits"))
        axes.set_ylim(1.6, -0.6)

    def draw_memory(axes: kit.Axes) -> None:
        time = np.linspace(0.0, result.duration - STIMULI[0], 400)
        until = last_spikes(result, "noisy", settings.neurons) - STIMULI[0] + settings.delay
        rounds = predicted_transmission(settings) ** np.floor(time / settings.delay)
        label = "predicted for noisy threshold units"
        axes.plot(time, rounds, color=kit.LOGISTIC, lw=4, alpha=0.6, label=label)
        alive = (until[:, None] >= time).mean(axis=0)
        axes.plot(time, alive, color=kit.SPIKING, label=f"{settings.trials:,} loops of neurons")

    veto = kit.panel(
        draw_outcomes, leads, settings.veto, stopped, leads == 0.0,
        title="Inhibition of one neuron: ● stops the spike", xlabel="inhibition before spike (ms)",
    )  # fmt: skip
    pairs = kit.panel(
        draw_outcomes, PAIRS, NEURON.t_ref, lasting, np.ones(len(PAIRS), dtype=bool),
        title="Loops of two neurons: ● reverberates", xlabel="period of the loop (ms)",
    )  # fmt: skip
    noise = kit.panel(
        draw_memory, title=f"Noise of {settings.sigma:g} mV", xlabel="time since the stimulus (ms)",
        ylabel="fraction of loops that are on", ylim=(0.0, 1.05), legend="upper right",
    )  # fmt: skip
    title = "Inhibition acts for a time, refractoriness stops short loops, noise erases memory"
    return kit.page(title, veto, pairs, noise, mosaic="AC;BC", size=(9.6, 4.4))


scenario = kit.lesson(__name__, row="S27", lectures=("L1",), duration=500.0)
