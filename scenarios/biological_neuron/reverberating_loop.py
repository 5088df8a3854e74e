"""A loop of neurons remembers a stimulus by reverberating.

Eight neurons form a ring in which each one makes the next one fire (Kubie 1930). A single stimulus
starts a spike that circulates: the loop is on, and so remembers the stimulus. Inhibition of all
neurons turns it off, and another stimulus turns it on again. A loop of threshold units does the
same, step by step.

Neurons have a property that threshold units lack: loops shorter than the refractory period do not
reverberate. The comparison shows it for loops of two neurons with different delays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

import bridge
import neurosim as ns
from scenarios import _kit as kit

NEURON = ns.LIF()
DISTANCE = bridge.threshold_distance(NEURON)
# Delay from each neuron to the next (ms), and PSP of the inhibition (mV).
DELAY, INHIBITION = 5.0, -20.0
# Times of the stimuli, and of the inhibition of all neurons (ms).
STIMULI, STOP = (50.0, 350.0), 250.0
# Periods of loops of two neurons (ms).
PAIRS = np.arange(1.0, 10.5, 0.5)


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    neurons: int = kit.setting(8, "", 8, 30, "neurons in the loop")
    psp: float = kit.setting(20.0, "mV", 15.1, 30.0, "PSP of each synapse")


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Add the loop, and loops of two neurons."""
    needed = STIMULI[0] + 2.5 * DELAY * settings.neurons
    kit.require_duration(options, needed, "ends before two rounds of the loop")
    net = ns.Network()

    def add(name: str, n_loops: int, size: int, delay: ArrayLike) -> ns.Population:
        ids = np.arange(n_loops * size)
        neurons = net.add(name, len(ids), NEURON)
        ring = ns.Explicit(ids, ids - ids % size + (ids + 1) % size)
        net.connect(neurons, neurons, ring, psp=settings.psp, delay=delay)
        stimuli = STIMULI if name == "loop" else STIMULI[:1]
        net.drive(neurons, ns.SpikeTimes(stimuli), ids=ids[::size], psp=2.0 * DISTANCE)
        return neurons

    loop = add("loop", 1, settings.neurons, DELAY)
    net.drive(loop, ns.SpikeTimes([STOP]), psp=INHIBITION)
    net.record(loop, "v", ids=[0, settings.neurons // 2])
    add("pairs", len(PAIRS), 2, np.repeat(PAIRS / 2, 2))
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


def lasting_loops(result: ns.Result) -> kit.Bools:
    """Return whether loops of two neurons reverberate until the end, for each of the periods."""
    trains, last = result.spikes["pairs"], np.zeros(len(PAIRS))
    np.maximum.at(last, trains.ids // 2, trains.times)
    return last > result.duration - PAIRS - 1.0


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure when the loop is on, what stops it, and which loops last."""
    trains, first = result.spikes["loop"], result.spikes["loop"].of(0)
    return {
        "period_ms": np.diff(first[first < STOP]).mean(),
        "silent_before_kick": not (trains.times < STIMULI[0]).any(),
        "spikes_while_on": trains.inside(STIMULI[0] - 0.1, STOP - 0.1).sum(),
        "spikes_while_off": trains.inside(STOP - 0.1, STIMULI[1] - 0.1).sum(),
        "on_again": (trains.times > STIMULI[1] + DELAY).any(),
        "shortest_lasting_loop_ms": PAIRS[lasting_loops(result)].min(initial=np.inf),
    }


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State when the loop reverberates, and what ends it."""
    return kit.sentences(
        found,
        f"A loop of {settings.neurons} neurons was stimulated at 50 and 350 ms and inhibited at "
        "250 ms, and loops of two neurons were stimulated at 50 ms.",
        "The first stimulus turns the loop on: {spikes_while_on} spikes until 250 ms, one round in "
        "{period_ms:g} ms.",
        "After the inhibition there are {spikes_while_off} spikes until 350 ms. The second "
        "stimulus " + ("turns it on again." if found["on_again"] else "has no effect."),
        "The shortest loop of two neurons that reverberates takes {shortest_lasting_loop_ms:g} ms; "
        "the refractory period is 5 ms.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the circulating spikes, and the potentials of two neurons."""
    trains, n = result.spikes["loop"], settings.neurons
    events: list[kit.Layer] = []
    for time in (*STIMULI, STOP):
        text, sign = ("inhibition", -1) if time == STOP else ("stimulus", 1)
        look: kit.Options = {"color": ns.plot.colour_of(sign), "lw": 1.2, "ls": "--"}
        events.append(kit.curve([time, time], [n + 0.7, -0.2], text=text, **look))
    spikes = kit.chart(
        kit.curve(trains.times, 1 + trains.ids, ls="", marker="|", ms=10, color=kit.SPIKING),
        *events, ylabel="neuron", ylim=(n + 0.7, -0.8), yticks=(1, n),
    )  # fmt: skip
    potentials = kit.chart(
        kit.potential(result, "loop", 0, label="neuron 1"),
        kit.potential(result, "loop", n // 2, color="#E69F00", label=f"neuron {n // 2 + 1}"),
        xlabel="time (ms)", ylabel="membrane potential (mV)", xlim=(0.0, result.duration),
    )  # fmt: skip
    title = "One stimulus turns the loop on, inhibition turns it off"
    grid: kit.Options = {"columns": 1, "size": (8.4, 6.0), "sharex": True, "legend": 2}
    return {"loop": kit.page(title, spikes, potentials, **grid)}


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare loops of neurons with loops of threshold units."""
    found, units = findings(result, settings), threshold_loop(settings, result.duration)
    equal = kit.activity(result, "loop", start=STIMULI[0], step=DELAY) == units
    measures = kit.rows(
        found,
        ("agreement", f"Equal activity | {units.sum()} active of {units.size}", equal.mean()),
        ("shortest_lasting_loop_ms", "Shortest lasting period | threshold units: any period"),
    )
    conclusion = (
        f"The loop of neurons {'behaves like' if equal.all() else 'differs from'} the loop of "
        "threshold units. The units lack the refractory period, which stops short loops."
    )
    short = kit.chart(
        kit.curve(PAIRS, np.ones_like(PAIRS), "threshold units", **kit.ABSTRACT),
        kit.curve(PAIRS, lasting_loops(result), "neurons", **kit.DOTS),
        ylabel="does a loop of two last?", xlabel="period of the loop (ms)",
        yticks=(0, 1), yticklabels=("no", "yes"), ylim=(-0.2, 1.2),
    )  # fmt: skip
    message = "Refractoriness stops short loops"
    drawing = partial(kit.page, message, short, size=(6.4, 3.2), legend=2)
    title = "A loop that remembers: spiking neurons and threshold units"
    return kit.Comparison(title, measures, {"limits": drawing}, conclusion)


scenario = kit.lesson(__name__, row="S27", lectures=("L1",), duration=500.0)
