"""Synapses inferred by a population model, with and without a shared input.

Thirty neurons with a soft threshold are connected by excitatory and inhibitory synapses. A second
population has the same synapses, and all of its neurons also receive the same slowly fluctuating
input. The comparison uses only the spikes. It fits a population model (generalised linear model)
to them: the log-odds of a spike in each ms are a sum of the filtered spikes of all neurons, with
filters of unknown shape. W. Truccolo et al., J. Neurophysiol. 93:1074 (2005); J. W. Pillow et al.,
Nature 454:995 (2008).

In the first population the model finds the synapses, and each filter has the shape of the
postsynaptic potential (PSP) divided by the width of the threshold. In the second one neurons fire
together without being connected. In a model that ignores the shared input, the scores of pairs
without a synapse are more than twice as large as by chance. With uncorrected p-values many of these
pairs would be called synapses. The tests estimate the spread of the scores, correct for it and
warn, but then miss most synapses. A model with a slow drive shared by all neurons finds them.

A model can be right on average and wrong in detail. It is tested on time that was not used to fit
it: rescaled by the predicted probabilities, intervals between spikes are exponential. The model
also generates spikes, whose rates can be compared with those observed.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.signal import lfilter
from scipy.special import ndtr
from scipy.stats import false_discovery_control

import bridge
import neurosim as ns
from bridge.recordings import draw_coupling, raster_plot
from neurosim.analysis import correlations, mean_rate
from scenarios import _kit as kit

POPULATIONS = {"alone": "no shared input", "shared": "shared slow input"}
# Width of the threshold (mV), delay and time constant of synapses (ms), mean potential (mV).
WIDTH, DELAY, RISE, MEAN = 2.0, 2.0, 4.0, -61.0
NEURON = ns.LIF(escape=ns.EscapeRate(WIDTH, 10.0, "exponential"))
# Correlation time of the shared input (ms), and basis functions of the filters.
SLOW, BASIS = 500.0, bridge.recordings.RaisedCosines(5, 50.0)
# Fraction of the recording to which models are fitted, and false discovery rate of synapses.
TRAINED, FALSE_DISCOVERY = 0.8, 0.01


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    excitatory: int = kit.setting(24, "", 2, 200, "excitatory neurons")
    inhibitory: int = kit.setting(6, "", 1, 50, "inhibitory neurons")
    probability: float = kit.setting(0.15, "", 0.01, 0.9, "connection probability")
    psp: float = kit.setting(1.0, "mV", 0.1, 10.0, "strength of excitatory synapses")
    inhibition: float = kit.setting(2.0, "", 0.1, 10.0, "relative strength of inhibition")
    shared: float = kit.setting(2.0, "mV", 0.0, 10.0, "standard deviation of the shared input")

    def wiring(self, seed: int) -> kit.Floats:
        """Draw the synapses (mV), shape (n, n), 0 for none; rows are presynaptic neurons."""
        strengths = np.repeat([1.0, -self.inhibition], [self.excitatory, self.inhibitory])
        exists = np.random.default_rng(seed).random((len(strengths),) * 2) < self.probability
        return self.psp * strengths[:, None] * (exists & ~np.eye(len(strengths), dtype=bool))


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Connect two populations by the same synapses, and give one of them a shared input."""
    kit.require_duration(options, 60_000.0, "is too short to fit a model and test it")
    psps, net = settings.wiring(options.seed), ns.Network(dale=False)
    pairs = np.nonzero(psps)
    for name in POPULATIONS:
        cells = net.add(name, len(psps), NEURON)
        net.connect(cells, cells, ns.Explicit(*pairs), synapse=ns.ExpCurrent(RISE),
                    psp=psps[pairs], delay=DELAY)  # fmt: skip
        net.drive(cells, ns.ConstantCurrent((MEAN - NEURON.v_rest) / NEURON.resistance))
    noise = np.random.default_rng([options.seed, 1]).standard_normal(int(options.duration) + 1)
    kept = np.exp(-1.0 / SLOW)  # an Ornstein-Uhlenbeck process in steps of 1 ms
    slow = settings.shared * lfilter([np.sqrt(1.0 - kept**2)], [1.0, -kept], noise)
    net.drive(cells, ns.CurrentWaveform(slow / NEURON.resistance, interval=1.0))
    return net


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure rates and correlations of both populations."""
    found: kit.Findings = {"synapses": int((settings.wiring(result.seed) != 0).sum())}
    for name in POPULATIONS:
        correlated = correlations(result.spikes[name], result.duration, bin_ms=100.0)
        found[f"rate_{name}_hz"] = mean_rate(result, name)
        found[f"correlation_{name}"] = float(np.mean(correlated))
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State the activity of both populations."""
    return kit.sentences(
        found,
        f"Two populations of {settings.excitatory} excitatory and {settings.inhibitory} inhibitory "
        "neurons have the same {synapses} synapses.",
        *(f"With {text} they fire at {{rate_{name}_hz:.1f}} Hz, and spike counts of two neurons in "
          f"100 ms have a correlation of {{correlation_{name}:.3f}}."
          for name, text in POPULATIONS.items()),
        "The comparison infers the synapses from the spikes alone.",
    )  # fmt: skip


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw the last 20 s of both populations."""
    draw = partial(ns.plot.draw_raster, start=result.duration - 20_000.0)
    panels = [kit.panel(draw, result, [name], title=text.capitalize(), ylabel="neuron", yticks=())
              for name, text in POPULATIONS.items()]  # fmt: skip
    title = "A slow input makes neurons fire together, connected or not"
    return {"spikes": kit.page(title, *panels, size=(10.0, 3.8))}


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted population model, its name, its warnings, and the true synapses."""

    name: str
    glm: bridge.PopulationGLM
    warned: list[str]
    truth: kit.Floats

    @classmethod
    def of(cls, name: str, data: ns.SpikeTrains, truth: kit.Floats, options: kit.Options) -> Fit:
        """Fit a model to the first part of a recording."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            glm = bridge.PopulationGLM(BASIS, **options)
            glm.fit(data, epochs=[[0.0, TRAINED * data.t_stop]])
        return cls(name, glm, [str(one.message).partition(": ")[0] for one in caught], truth)

    def calls(self) -> list[int]:
        """Count synapses found, false calls, and false calls by uncorrected p-values."""
        z, exists, called = self.glm.tests_.z, self.truth != 0, self.glm.called(FALSE_DISCOVERY)
        # Uncorrected p-values assume that scores of absent synapses have a standard deviation of 1.
        tested = np.isfinite(z)
        naive = false_discovery_control(2.0 * ndtr(-abs(z[tested]))) <= FALSE_DISCOVERY
        return [int(k.sum()) for k in (called & exists, called & ~exists, naive & ~exists[tested])]

    def rows(self, key: str) -> dict[str, kit.Measure]:
        """Return how many synapses are found and how many calls are false."""
        (found, false, wrong), null_sd = self.calls(), self.glm.tests_.null_sd
        synapses, warns = (self.truth != 0).sum(), "warns" * bool(self.warned)
        return kit.rows(
            {}, (f"found_{key}", f"Synapses found, {self.name} | of {synapses}", found),
            (f"false_{key}", f"False calls, {self.name} | {wrong} by uncorrected p-values", false),
            (f"sd_{key}", f"SD of scores, {self.name} | {warns}", null_sd),
        )  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare fitted models with the network that made the spikes."""
    truth, duration = settings.wiring(result.seed), result.duration
    alone, shared = (result.spikes[name] for name in POPULATIONS)
    fits = {
        "alone": Fit.of("no shared input", alone, truth, {}),
        "ignored": Fit.of("shared input ignored", shared, truth, {}),
        "fitted": Fit.of("shared drive fitted", shared, truth, {"shared": 0.2 * SLOW}),
    }
    glm, test = fits["alone"].glm, [[TRAINED * duration, duration]]
    simulated = glm.simulate(seed=result.seed)
    with warnings.catch_warnings():  # of neurons whose shortest interval is in the test data
        warnings.filterwarnings("ignore", ".* probability 0")
        tests = glm.rescaled(epochs=test)
    measures = {row: one for key, fit in fits.items() for row, one in fit.rows(key).items()}
    measures |= kit.rows(
        bridge.compare_recordings(alone, simulated).measures,
        ("bits", "Bits per spike on test data | constant rate: 0", glm.score(alone, epochs=test)),
        ("passed", f"Neurons that pass the time-rescaling test | of {len(tests)}",
         sum(one.passed for one in tests.values())),
        ("rate_deviation", "Deviation of simulated rates | root mean square"),
    )  # fmt: skip
    found = [measures[f"found_{key}"].text for key in fits]
    conclusion = f"The model finds {found[0]} of {(truth != 0).sum()} synapses. If it ignores a "
    conclusion += f"shared input it finds {found[1]}; with a shared drive, {found[2]}."
    conclusion += "".join(f' The warning: "{text}".' for text in fits["ignored"].warned[-1:])
    return kit.Comparison("Synapses inferred by a population model, and the true ones", measures, {
        "synapses": partial(_draw_synapses, fits),
        "filters": partial(_draw_filters, fits["alone"]),
        "intervals": partial(bridge.rescaling_plot, tests),
        "rasters": partial(raster_plot, {"Observed": alone, "Simulated": simulated},
                           start=duration - 5000.0, title="The model fires like the network"),
    }, conclusion)  # fmt: skip


def _draw_synapses(fits: dict[str, Fit]) -> kit.Figure:
    """Draw the couplings of all fits, with found, missed and false ones."""
    panels = [kit.panel(partial(draw_coupling, glm=fit.glm, fdr=FALSE_DISCOVERY, truth=fit.truth),
                        title=f"{fit.name.capitalize()}{' (warns)' * bool(fit.warned)}:\n"
                        "{} synapses found, {} false calls".format(*fit.calls()))
              for fit in fits.values()]  # fmt: skip
    return kit.page("A shared drive recovers hidden synapses", *panels, legend=3, size=(12.0, 5.0))


def _draw_filters(fit: Fit) -> kit.Figure:
    """Draw filters of found synapses, in units of the true PSP."""
    lags, found = np.arange(1.0, BASIS.length + 1.0), fit.glm.called(FALSE_DISCOVERY)
    psp = bridge.recordings.SynapticKernel((NEURON.tau_m, RISE), (1.0, -1.0))

    def draw(axes: kit.Axes, sign: int) -> None:
        chosen, colour = found & (np.sign(fit.truth) == sign), ns.plot.colour_of(sign)
        if not chosen.any():
            return
        scaled = WIDTH * fit.glm.unbiased_filters_[chosen] / fit.truth[chosen][:, None]
        half = bridge.NORMAL_95 * scaled.std(axis=0) / np.sqrt(len(scaled))
        axes.plot(lags, scaled.T, color=colour, lw=0.4, alpha=0.3)
        axes.errorbar(lags, scaled.mean(axis=0), half, color=colour, elinewidth=0.8,
                      label=f"mean of {len(scaled)} filters, 95 % interval")  # fmt: skip
        axes.plot(lags, psp.values(lags - DELAY), "k--", label="true PSP")
        axes.axhline(0.0, color="0.6", lw=0.8, zorder=0)

    panels = [kit.panel(draw, sign, title=title, xlabel="time since the spike (ms)",
                        ylabel="filter / PSP" * (sign > 0), ylim=(-0.5, 2.0), legend="upper right")
              for sign, title in ((1, "Excitatory"), (-1, "Inhibitory"))]  # fmt: skip
    return kit.page("Filters have the shape of the PSP", *panels, size=(9.0, 4.0), sharey=True)


scenario = kit.lesson(__name__, duration=300_000.0)
