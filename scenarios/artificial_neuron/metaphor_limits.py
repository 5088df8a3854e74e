"""Where the logistic neuron stops describing the spiking one, in bits lost per spike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.scenario import Scenario
from scenarios.artificial_neuron.metaphor_limits_effects import EFFECTS
from scenarios.artificial_neuron.metaphor_limits_logistic import compare, rivals
from scenarios.artificial_neuron.metaphor_limits_model import Outcome, Settings, network

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    import neurosim as ns
    from scenarios.artificial_neuron.metaphor_limits_effects import Effect
    from scenarios.artificial_neuron.metaphor_limits_trials import Trials

SHOWN = 30
"""Windows drawn of a neuron's potential: the last."""


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure what the derived logistic neuron loses, and whether the neuron's law holds."""
    outcome = Outcome(result, settings)
    found: dict[str, object] = {"potential_error_mv": outcome.potential_error()}
    off = []
    for effect, each in rivals(outcome).items():
        found[f"strengths_{effect.key}"] = settings.strengths(effect)
        found[f"bits_lost_{effect.key}"] = [rival.derived.value for rival in each]
        off += [rival.deviation for rival in each]
    return found | {"spikes_off_law_sd": np.abs(off).max()}


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw what each effect, at its strongest, does to the potential."""
    from neurosim import plot

    outcome = Outcome(result, settings)
    fig = plot.figure(8.4, 10.4)
    grid = plot.panels(fig, len(EFFECTS), 1, sharex=True)
    with plot.style():
        entries: dict[str, Any] = {}
        for axes, effect in zip(grid, EFFECTS, strict=True):
            strength = settings.strengths(effect)[-1]
            trials = outcome.trials(effect, strength)
            trace = result.traces[effect.population(strength), "v"]
            # Where the neuron fires, the trace is already at reset.
            before = effect.potential(trials)[:, 0]
            potential = np.where(trials.fired[:, 0], before, trace.of(0))
            _draw_potential(axes, trials, potential)
            _draw_cause(axes, effect, trials)
            axes.set_title(f"{effect.name}: {effect.words.format(strength)}", fontsize=10)
            handles, labels = axes.get_legend_handles_labels()
            entries |= dict(zip(labels, handles, strict=True))
        grid[2].set_ylabel("membrane potential at the end of each window (mV)")
        grid[-1].set_xlabel("time (ms)")
        fig.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=3)
    return {"potentials": fig}


def _edges(trials: Trials) -> NDArray:
    """Return where the windows drawn begin and end (ms)."""
    n_windows = len(trials.fired)
    return trials.window * (np.arange(n_windows - SHOWN, n_windows + 1) + 0.5)


def _draw_potential(axes: Axes, trials: Trials, potential: NDArray[np.float64]) -> None:
    """Draw the first neuron's potential, and what the logistic neuron takes it for."""
    from neurosim import plot

    edges, neuron = _edges(trials), trials.unit.neuron
    potential, fired = potential[-SHOWN:], trials.fired[-SHOWN:, 0]
    supposed = neuron.v_rest + trials.supposed[-SHOWN:, 0]
    top = max(potential.max(), supposed.max()) + 8.0
    words = "what the spikes sent tell"
    axes.stairs(supposed, edges, baseline=None, color="0.6", lw=1.2, zorder=2, label=words)
    axes.stairs(potential, edges, baseline=None, color="black", lw=1.6, zorder=3, label="potential")
    for side, colour, words in (
        (np.maximum, plot.EXCITATORY, "higher than they tell"),
        (np.minimum, plot.INHIBITORY, "lower than they tell"),
    ):
        fill: dict[str, Any] = {"fill": True, "color": colour, "alpha": 0.4, "lw": 0.0, "zorder": 1}
        axes.stairs(side(potential, supposed), edges, baseline=supposed, label=words, **fill)
    middles = edges[:-1] + 0.5 * trials.window
    axes.vlines(middles[fired], potential[fired], top, color="black", lw=1.6)
    axes.plot([], [], "|", color="black", ms=12, mew=1.6, label="spike, up to +30 mV")
    axes.axhline(neuron.v_threshold, color="0.45", lw=0.9, ls="--", label="soft threshold −55 mV")
    axes.set(ylim=(min(potential.min(), supposed.min()) - 4.0, top), xlim=(edges[0], edges[-1]))


def _draw_cause(axes: Axes, effect: Effect, trials: Trials) -> None:
    """Mark refractory windows, and the spikes of the other neuron of the pair."""
    from neurosim import plot

    edges = _edges(trials)
    refractory = effect.refractory(trials)[-SHOWN:, 0]
    if refractory.any():
        grey: dict[str, Any] = {"fill": True, "color": "0.9", "zorder": -1, "label": "refractory"}
        low, high = axes.get_ylim()
        axes.stairs(np.where(refractory, high, low), edges, baseline=low, **grey)
    if effect.key == "feedback":
        other = (edges[:-1] + 0.5 * trials.window)[trials.fired[-SHOWN:, 1]]
        place = np.full(len(other), axes.get_ylim()[0] + 2.5)
        axes.plot(other, place, "^", ms=6, color=plot.EXCITATORY, label="the other neuron fires")


scenario = Scenario(
    name="metaphor-limits",
    title="Where the logistic neuron stops describing the spiking one, in bits per spike",
    row="S21",
    source="L2",
    group="One artificial neuron",
    description=(
        "A neuron that hears the spikes of one window, forgets them before the next, and has a "
        "soft threshold, is the logistic neuron exactly. Five effects, each from nothing to "
        "strong, break that: spikes that arrive early or late and so in another window (jitter), "
        "a spike that silences the neuron (refractoriness), a membrane that remembers (carry-over),"
        " a neuron whose spikes come back through another (feedback), and a slow current after "
        "every spike (adaptation). A step of the simulation is a window: its spikes arrive "
        "together at its end. As the potential sets the probability to fire, the neuron's own law "
        "is known; the comparison says how many bits per spike logistic neurons lose against it: "
        "derived from the synapses, trained on the spikes, and trained with what they lacked."
    ),
    settings=Settings,
    duration=3000.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
