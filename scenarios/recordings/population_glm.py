"""Who drives whom, from spikes alone: and what shared input does to the answer.

Thirty neurons with a soft threshold are connected by excitatory and inhibitory synapses. A second
population has the same synapses, and all of its neurons receive the same slowly fluctuating input
besides. The comparison knows only the spikes. It fits a population model (generalised linear model)
to them: the log-odds of a spike in each ms are a sum of the filtered spikes of all neurons, with
filters of unknown shape. W. Truccolo et al., J. Neurophysiol. 93:1074 (2005); J. W. Pillow et al.,
Nature 454:995 (2008).

In the first population the model finds the synapses, and each filter has the shape of the
postsynaptic potential (PSP) divided by the width of the threshold. In the second one neurons fire
together without being connected. A model without knowledge of this calls synapses that do not
exist, and warns. A slow drive that neurons share, fitted together with the filters, removes them.

A model can be right on average and wrong in detail. Its test is time that was not used to fit it:
rescaled by the predicted probabilities, the intervals between spikes are exponential. The model
also generates spikes, whose rates and correlations can be compared with those observed.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.signal import lfilter

import bridge
import neurosim as ns
from bridge.recordings.plot import draw_coupling, raster_plot
from neurosim.analysis import correlations, mean_rate, population_rate
from scenarios import _kit as kit

ALONE, SHARED = "independent", "shared input"
"""Populations without and with a common input."""
LOOKS = {ALONE: ("no shared input", "0.45"), SHARED: ("shared slow input", kit.SPIKING)}
"""Name and colour of each population in figures."""
WIDTH, DELAY, RISE, MEAN = 2.0, 2.0, 4.0, -62.0
"""Width of the threshold (mV), delay and time constant of synapses (ms), mean potential (mV)."""
NEURON = ns.LIF(escape=ns.EscapeRate(WIDTH, 10.0, "exponential"))
SLOW = 1000.0
"""Correlation time of the shared input (ms)."""
TRAINED = 0.8
"""Fraction of the recording to which models are fitted; the rest tests them."""
FALSE_DISCOVERY = 0.01
SHORTEST = 60_000.0
"""Shortest recording (ms)."""


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    excitatory: int = kit.setting(24, "", 2, 500, "excitatory neurons")
    inhibitory: int = kit.setting(6, "", 1, 500, "inhibitory neurons")
    probability: float = kit.setting(0.15, "", 0.01, 0.9, "connection probability")
    psp: float = kit.setting(2.0, "mV", 0.1, 10.0, "strength of excitatory synapses")
    inhibition: float = kit.setting(2.0, "", 0.1, 10.0, "relative strength of inhibition")
    shared: float = kit.setting(2.0, "mV", 0.0, 10.0, "standard deviation of the shared input")

    @property
    def neurons(self) -> int:
        """Number of neurons of each population, the excitatory ones first."""
        return self.excitatory + self.inhibitory

    def wiring(self, seed: int) -> kit.Floats:
        """Draw the synapses (mV), shape (n, n), 0 for none; rows are presynaptic neurons."""
        strengths = np.repeat([self.psp, -self.psp * self.inhibition],
                              [self.excitatory, self.inhibitory])  # fmt: skip
        exists = np.random.default_rng(seed).random((self.neurons,) * 2) < self.probability
        np.fill_diagonal(exists, False)
        return np.where(exists, strengths[:, None], 0.0)


def slow_input(n_steps: int, seed: int) -> kit.Floats:
    """Return an Ornstein-Uhlenbeck process of variance 1, one value per ms."""
    kept = np.exp(-1.0 / SLOW)
    noise = np.random.default_rng([seed, 1]).standard_normal(n_steps)
    return lfilter([np.sqrt(1.0 - kept**2)], [1.0, -kept], noise)


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect two populations by the same synapses, and give one of them a shared input."""
    reason = "is too short to fit a model and test it"
    kit.require_duration(options, SHORTEST, reason)
    psps, net = settings.wiring(options.seed), ns.Network(dale=False)
    pairs = np.nonzero(psps)
    for name in (ALONE, SHARED):
        neurons = net.add(name, settings.neurons, NEURON)
        net.connect(neurons, neurons, ns.Explicit(*pairs), psp=psps[pairs], delay=DELAY,
                    synapse=ns.ExpCurrent(RISE))  # fmt: skip
        net.drive(neurons, ns.ConstantCurrent((MEAN - NEURON.v_rest) / NEURON.resistance))
    slow = settings.shared * slow_input(int(options.duration) + 1, options.seed)
    net.drive(neurons, ns.CurrentWaveform(slow / NEURON.resistance, interval=1.0))
    return net


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure rates and correlations of both populations."""
    found: kit.Findings = {
        "synapses": int((settings.wiring(result.seed) != 0).sum()),
        "duration_s": result.duration / 1e3,
    }
    for key, name in (("alone", ALONE), ("shared", SHARED)):
        trains = result.spikes[name]
        found[f"rate_{key}_hz"] = mean_rate(result, name)
        found[f"correlation_{key}"] = float(
            np.mean(correlations(trains, result.duration, bin_ms=100.0))
        )
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the activity of both populations."""
    return kit.sentences(
        found,
        f"Two populations of {settings.excitatory} excitatory and {settings.inhibitory} inhibitory "
        "neurons with the same {synapses} synapses fired for {duration_s:g} s.",
        "Without other input they fire at {rate_alone_hz:.1f} Hz. Spike counts of two neurons in "
        "100 ms have a correlation of {correlation_alone:.3f}.",
        "With a slow input to all neurons they fire at {rate_shared_hz:.1f} Hz, with a correlation "
        "of {correlation_shared:.3f}.",
        "The comparison infers the synapses from the spikes alone.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw spikes and rates of both populations."""
    start, stop = result.duration - 20_000.0, result.duration

    def draw_spikes(axes: kit.Axes, name: str) -> None:
        ns.plot.draw_raster(axes, result, [name], start=start, stop=stop)

    def draw_rates(axes: kit.Axes) -> None:
        for name, (text, colour) in LOOKS.items():
            trains = result.spikes[name]
            times, rate = population_rate(trains, stop, start=start, bin_ms=200.0)
            axes.plot(times, rate, color=colour, label=text)
        ns.plot.time_axis(axes, start, stop)

    rasters = [
        kit.panel(draw_spikes, name, title=text.capitalize(), ylabel="neuron", yticks=())
        for name, (text, _) in LOOKS.items()
    ]
    rates = kit.panel(draw_rates, ylabel="firing rate (Hz)", ylim=(0.0, None), legend="upper left")
    title = "A slow input makes neurons fire together, connected or not"
    page = kit.page(title, *rasters, rates, mosaic="AB;CC", size=(10.0, 5.4),
                    height_ratios=(2.0, 1.0))  # fmt: skip
    return {"spikes": page}


@dataclass(frozen=True, eq=False)
class Fit:
    """A population model, its warnings, and the synapses that it calls."""

    glm: bridge.PopulationGLM
    warnings: list[str]
    truth: kit.Floats

    @classmethod
    def of(
        cls, trains: ns.SpikeTrains, truth: kit.Floats, duration: float, **options: float
    ) -> Fit:
        """Fit a model to the first part of a recording."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            glm = bridge.PopulationGLM(bridge.recordings.RaisedCosines(6, 60.0), **options)
            glm.fit(trains, duration, epochs=[[0.0, TRAINED * duration]])
        return cls(glm, [str(one.message) for one in caught], truth)

    def rows(self, key: str, name: str) -> dict[str, kit.Measure]:
        """Return the numbers of synapses found and of false calls."""
        called, exists = self.glm.called(FALSE_DISCOVERY), self.truth != 0
        found, false = int((called & exists).sum()), int((called & ~exists).sum())
        return kit.rows(
            {},
            (f"found_{key}", f"Synapses found, {name} | of {exists.sum()}", found),
            (f"false_{key}", f"False calls, {name} | of {called.sum()} calls", false),
        )


def psp_shape(lags: kit.Floats) -> kit.Floats:
    """Return the PSP of a synapse at times after the spike (ms), with a peak of 1."""
    since, tau = np.maximum(np.asarray(lags) - DELAY, 0.0), NEURON.tau_m
    peak = np.log(tau / RISE) / (1.0 / RISE - 1.0 / tau)
    rise_and_fall = np.exp(-np.array([since, np.full_like(since, peak)]) / tau) - np.exp(
        -np.array([since, np.full_like(since, peak)]) / RISE
    )
    return rise_and_fall[0] / rise_and_fall[1]


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare fitted models with the network that made the spikes."""
    truth, duration = settings.wiring(result.seed), result.duration
    alone, shared = (result.spikes[name] for name in (ALONE, SHARED))
    fits = {
        "alone": ("no shared input", Fit.of(alone, truth, duration)),
        "ignored": ("shared input ignored", Fit.of(shared, truth, duration)),
        "fitted": ("shared drive fitted", Fit.of(shared, truth, duration, shared=0.5 * SLOW)),
    }
    glm = fits["alone"][1].glm
    held_out = {"epochs": [[TRAINED * duration, duration]]}
    tests, bits = glm.rescaled(alone, duration, **held_out), glm.score(alone, duration, **held_out)
    simulated = glm.simulate(duration, seed=result.seed)
    measures = {
        row: one for key, (name, fit) in fits.items() for row, one in fit.rows(key, name).items()
    }
    measures |= kit.rows(
        bridge.compare_recordings(alone, simulated, duration=duration).measures,
        ("bits", "Held-out bits per spike | constant rate: 0", bits),
        ("passed", f"Neurons that pass the time-rescaling test | of {len(tests)}",
         sum(test.passed for test in tests.values())),
        ("rate_observed", "Observed firing rate"),
        ("rate_simulated", "Firing rate, simulated from the fit"),
        ("correlation_similarity", "Observed and simulated correlations | correlation over pairs"),
    )  # fmt: skip
    warned = fits["ignored"][1].warnings
    conclusion = (
        f"The model finds {measures['found_alone'].text} of {(truth != 0).sum()} synapses, with "
        f"{measures['false_alone'].text} false calls. With a shared input it makes "
        f"{measures['false_ignored'].text}"
        + (", and warns that " + warned[-1].partition(":")[0] if warned else "")
        + f"; with a shared drive it makes {measures['false_fitted'].text}."
    )
    recordings = {"Observed": alone, "Simulated from the fit": simulated}
    drawings = {
        "synapses": partial(_draw_synapses, fits),
        "filters": partial(_draw_filters, fits["alone"][1]),
        "intervals": partial(bridge.rescaling_plot, tests),
        "rasters": partial(
            raster_plot, recordings, duration, start=duration - 5000.0, stop=duration,
            title="The fitted model fires like the network",
        ),
    }  # fmt: skip
    title = "Synapses inferred by a population model, and the true ones"
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_synapses(fits: dict[str, tuple[str, Fit]]) -> kit.Figure:
    """Draw the couplings of all fits, with found, missed and false ones."""
    panels = [
        kit.panel(partial(draw_coupling, glm=fit.glm, fdr=FALSE_DISCOVERY, truth=fit.truth),
                  title=name.capitalize(), legend="upper center")
        for name, fit in fits.values()
    ]  # fmt: skip
    page = kit.page("Ignored shared input looks like synapses", *panels, size=(13.0, 5.4))
    for axes in page.axes:
        axes.get_legend().set(bbox_to_anchor=(0.5, -0.14))
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
    return page


def _draw_filters(fit: Fit) -> kit.Figure:
    """Draw filters of found synapses, in units of the true PSP."""
    found, lags = fit.glm.called(FALSE_DISCOVERY), np.arange(1.0, 61.0)

    def draw(axes: kit.Axes, sign: int) -> None:
        chosen = found & (np.sign(fit.truth) == sign)
        scaled = WIDTH * fit.glm.unbiased_filters_[chosen] / fit.truth[chosen][:, None]
        mean, spread = scaled.mean(axis=0), scaled.std(axis=0) / np.sqrt(len(scaled))
        colour = ns.plot.colour_of(sign)
        axes.plot(lags, scaled.T, color=colour, lw=0.4, alpha=0.3)
        axes.errorbar(lags, mean, bridge.NORMAL_95 * spread, color=colour, lw=2, elinewidth=0.8,
                      label=f"mean of {len(scaled)} filters, 95 % interval")  # fmt: skip
        axes.plot(lags, psp_shape(lags), "k--", label="true PSP")
        axes.axhline(0.0, color="0.6", lw=0.8, zorder=0)
        axes.set(xlabel="time since the spike (ms)", ylim=(-0.5, 1.8))

    return kit.page(
        "Filters have the shape of the postsynaptic potential",
        kit.panel(draw, 1, title="Excitatory", ylabel="filter / true strength", legend="upper right"),
        kit.panel(draw, -1, title="Inhibitory", legend="upper right"),
        size=(9.0, 4.0), sharey=True,
    )  # fmt: skip


scenario = kit.lesson(__name__, duration=300_000.0)
