"""Working memory: slow NMDA synapses keep a pool of neurons active.

A cue of 250 ms excites one of two pools of neurons. Excitation within a pool is strong. Through
NMDA synapses, whose conductance lasts for 100 ms, the neurons of the pool keep each other active
after the cue: the network remembers it. The other pool receives a weaker input later, a distractor.
The inhibition that the active pool recruits holds it down. A short inhibitory current ends the
memory, and the network returns to its spontaneous state.

A second network has AMPA synapses (2 ms) of the same conductance in place of NMDA synapses. They
carry much less charge, and the memory is lost when the cue ends. AMPA synapses that carry about as
much charge as NMDA synapses do not help (``ampa=2``): excitation is then faster than inhibition
(10 ms), and all neurons fire together in bursts.

N. Brunel & X.-J. Wang, Journal of Computational Neuroscience 11, 63 (2001). The network has
two selective pools instead of five, and synapses within a pool are 2.2 instead of 2.1 times as
strong as others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import bridge
import neurosim as ns
from scenarios import _kit as kit
from scenarios.networks import selective_pools

POOLS = {"cued": kit.SPIKING, "other cue": kit.TRAINED}
# Prefix of the populations of each network, and its recurrent excitation.
VARIANTS = {"": "NMDA synapses", "fast ": "AMPA synapses"}
CUE, DISTRACTOR = (500.0, 750.0), (1500.0, 1750.0)
# Duration of the inhibitory current (ms).
RESET = 250.0
# Time after the start of the inhibitory current (ms).
AFTER = 750.0
BIN = 25.0
# Neurons of the cued pool whose potential is recorded.
RECORDED = 20


@dataclass(frozen=True)
class Settings(kit.BaseSettings):
    """Settings of the scenario."""

    neurons: int = kit.setting(1000, "", 100, 4000, "number of neurons, of which 80 % excitatory")
    w_plus: float = kit.setting(2.2, "", 1.0, 3.0, "relative strength of synapses within a pool")
    cue: float = kit.setting(200.0, "Hz", 0.0, 5000.0, "additional input during the cue")
    distractor: float = kit.setting(100.0, "Hz", 0.0, 5000.0, "input during the distractor")
    ampa: float = kit.setting(
        1.0, "", 0.0, 10.0, "conductance of AMPA synapses in place of NMDA, relative to NMDA"
    )

    def cortex(self, variant: str) -> selective_pools.Cortex:
        """Network of Brunel & Wang (2001), with conductances scaled to the number of neurons."""
        ampa, nmda = (0.104, 0.081), (0.327, 0.258)
        if variant:
            ampa = (ampa[0] + self.ampa * nmda[0], ampa[1] + self.ampa * nmda[1])
            nmda = (0.0, 0.0)
        return selective_pools.Cortex(
            self.neurons, 0.1, self.w_plus, external=(2.08, 1.62), ampa=ampa, nmda=nmda,
            gaba=(1.25, 0.973), tau_gaba=10.0, scale=1000.0 / self.neurons,
        )  # fmt: skip


def reset_time(duration: float) -> float:
    """Return the start of the inhibitory current (ms)."""
    return duration - AFTER


def network(settings: Settings, options: kit.RunOptions) -> ns.Network:
    """Show a cue and a distractor to a network with NMDA and to one without, then inhibit both."""
    kit.require_duration(options, DISTRACTOR[1] + 500.0 + AFTER, "is too short for the delay")
    net, start = ns.Network(), reset_time(options.duration)
    for variant in VARIANTS:
        pools = settings.cortex(variant).add_to(net, list(POOLS), variant)
        inputs = ((CUE, settings.cue), (DISTRACTOR, settings.distractor))
        for name, (times, rate) in zip(POOLS, inputs, strict=True):
            spikes = ns.Poisson([rate, 0.0], times=times)
            net.drive(pools[name], spikes, synapse=selective_pools.AMPA, weight=2.08)
        for name in (*POOLS, "other"):
            net.drive(pools[name], ns.StepCurrent([start, start + RESET], [-500.0, 0.0]))
        pool = pools["cued"]
        net.record(pool, "v", ids=range(min(RECORDED, pool.size)), interval=0.5)
    return net


def phases(duration: float) -> dict[str, tuple[float, float]]:
    """Return the times in which firing rates are measured (ms)."""
    start = reset_time(duration)
    return {
        "before": (200.0, CUE[0]),
        "cue": CUE,
        "delay": (CUE[1] + 250.0, DISTRACTOR[0]),
        "distractor": DISTRACTOR,
        "late": (start - 500.0, start),
        "after": (duration - 300.0, duration),
    }


def findings(result: ns.Result, settings: Settings) -> kit.Findings:
    """Measure firing rates before, during and after the cue."""
    found: kit.Findings = {
        "neurons": settings.neurons,
        "pool": result.populations["cued"].size,
        "delay_s": 1e-3 * (reset_time(result.duration) - CUE[1]),
    }
    for variant, prefix in zip(VARIANTS, ("", "fast_"), strict=True):
        for name in POOLS:
            for phase, (start, stop) in phases(result.duration).items():
                rate = ns.analysis.mean_rate(result, variant + name, start, stop)
                found[f"{prefix}{name.split()[0]}_{phase}_hz"] = rate
    return found


def report(found: kit.Findings, settings: Settings) -> kit.Report:
    """State whether each network remembers the cue."""
    return kit.sentences(
        found,
        "{neurons:,} neurons with two selective pools of {pool} received a cue for one pool, and a "
        "distractor for the other, once with NMDA synapses and once without.",
        "With NMDA synapses the cued pool fires at {cued_before_hz:.1f} Hz before the cue, at "
        "{cued_cue_hz:.0f} Hz during it and at {cued_delay_hz:.0f} Hz after it. {delay_s:.1f} s "
        "after the end of the cue it still fires at {cued_late_hz:.0f} Hz.",
        "The distractor raises the other pool to {other_distractor_hz:.1f} Hz, which then returns "
        "to {other_late_hz:.1f} Hz.",
        "After an inhibitory current of 250 ms the cued pool fires at {cued_after_hz:.1f} Hz.",
        "With AMPA synapses alone the cued pool fires at {fast_cued_cue_hz:.1f} Hz during the cue, "
        "and at {fast_cued_delay_hz:.1f} Hz after it.",
    )


def figures(result: ns.Result, settings: Settings) -> dict[str, kit.Figure]:
    """Draw spikes and firing rates of both networks."""
    rates = [
        ns.analysis.population_rate(result.spikes[f"{v}cued"], result.duration, bin_ms=BIN)[1].max()
        for v in VARIANTS
    ]
    top = 1.25 * max(rates)
    panels = [kit.panel(_draw_spikes, result, v, title=text) for v, text in VARIANTS.items()]
    panels += [kit.panel(_draw_rates, result, v, top, ylim=(-1.0, top)) for v in VARIANTS]
    title = "Slow NMDA synapses keep the memory of a cue; fast AMPA synapses lose it"
    fig = kit.page(title, *panels, columns=2, size=(10.5, 5.6), sharex=True, legend=3)
    return {"memory": fig}


def _shade(axes: kit.Axes, result: ns.Result) -> dict[str, tuple[float, float]]:
    """Shade and return the times of cue, distractor and inhibitory current."""
    start = reset_time(result.duration)
    times = {"cue": CUE, "distractor": DISTRACTOR, "inhibition": (start, start + RESET)}
    selective_pools.shade(axes, times.values())
    return times


def _draw_spikes(axes: kit.Axes, result: ns.Result, variant: str) -> None:
    """Draw the spikes of both pools."""
    _shade(axes, result)
    colours = {variant + name: colour for name, colour in POOLS.items()}
    selective_pools.draw_pool_spikes(axes, result, colours, stop=result.duration)


def _draw_rates(axes: kit.Axes, result: ns.Result, variant: str, top: float) -> None:
    """Draw the firing rates of both pools and of the inhibitory neurons."""
    for text, times in _shade(axes, result).items():
        kit.label(axes, 0.5e-3 * sum(times), top, text, "0.35", "below")
    colours = POOLS | {"inh": ns.plot.INHIBITORY}
    texts = {"cued": "cued pool", "other cue": "other pool", "inh": "inhibitory neurons"}
    selective_pools.draw_pool_rates(
        axes, result, {variant + name: colour for name, colour in colours.items()},
        {variant + name: text for name, text in texts.items()}, stop=result.duration, bin_ms=BIN,
    )  # fmt: skip


def compare(result: ns.Result, settings: Settings) -> kit.Comparison:
    """Compare neurons of the cued pool with a logistic function of their potential."""
    fits: dict[str, bridge.SoftThreshold] = {}
    measures: dict[str, kit.Measure] = {}
    for variant, text in VARIANTS.items():
        soft = bridge.SoftThreshold.of(result, f"{variant}cued", start=200.0)
        key, fits[text] = variant.strip() or "nmda", soft
        measures |= kit.rows(
            {},
            (f"{key}_bits", f"Information of the potential, {text}", soft.bits_per_spike),
            (f"{key}_beta", f"Slope β, {text}", soft.beta),
            (f"{key}_half_mv", f"Potential with probability 1/2, {text}", soft.half),
        )
    far = max(abs(one.half - selective_pools.PYRAMIDAL.v_threshold) for one in fits.values())
    conclusion = (
        "With and without memory, neurons fire by a logistic function of their potential, which "
        f"reaches 1/2 within {far:.2g} mV of the threshold. The memory is in the synapses."
    )
    title = "Neurons of the cued pool, and logistic neurons with their potential as input"
    drawings = {"threshold": partial(_draw_thresholds, fits)}
    return kit.Comparison(title, measures, drawings, conclusion)


def _draw_thresholds(fits: dict[str, bridge.SoftThreshold]) -> kit.Figure:
    """Draw the probability to fire in the next millisecond against the potential."""
    panels = [
        kit.panel(
            kit.draw_soft_threshold, soft, title=text, xlim=(-52.0, -49.8),
            xticks=(-52, -51.5, -51, -50.5, -50), xlabel="membrane potential (mV)",
            ylabel="probability to fire within 1 ms", ylim=(-0.03, 1.03),
        )
        for text, soft in fits.items()
    ]  # fmt: skip
    return kit.page("A soft threshold, with and without memory", *panels, legend=2)


scenario = kit.lesson(
    __name__, duration=4000.0, dt=0.25, source="Brunel & Wang, J. Comput. Neurosci. 11 (2001)"
)
