"""Who is connected to whom, told from the spikes of a network alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from neurosim.analysis import correlations, cv_isi, fano_factor, mean_rate
from neurosim.scenario import Scenario
from scenarios.recordings.connectome_figures import (
    draw_correlograms,
    draw_matrices,
    draw_quality,
    draw_strengths,
    draw_wiring,
)
from scenarios.recordings.connectome_model import POPULATIONS, Settings, network, wiring
from scenarios.recordings.connectome_recovery import Recovered

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure the network that is to be recovered."""
    psps, _ = wiring(settings, result.seed)
    exc = result.spikes["exc"]
    cv = np.concatenate([cv_isi(result.spikes[name]) for name in POPULATIONS])
    rates = np.array([mean_rate(result, name) for name in POPULATIONS])
    sizes = np.array([settings.excitatory, settings.inhibitory])
    correlated = correlations(exc, result.duration, bin_ms=10.0)
    return {
        "synapses": int((psps != 0).sum()),
        "synapses_of_least_size": int((np.abs(psps) >= settings.least).sum()),
        "spikes": sum(len(trains) for trains in result.spikes.values()),
        "rate_hz": float(rates @ sizes / sizes.sum()),
        "cv_isi": float(np.nanmean(cv)) if np.isfinite(cv).any() else None,
        "correlation_10ms": float(correlated.mean()) if len(correlated) else None,
        "fano_factor_5ms": fano_factor(exc, result.duration, bin_ms=5.0),
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw some of the spikes, and the wiring that made them."""
    from neurosim import plot

    stop = result.duration
    start = max(0.0, stop - 2000.0)
    return {
        "raster": plot.raster(result, start=start, stop=stop, bin_ms=5.0, max_neurons=200),
        "wiring": draw_wiring(wiring(settings, result.seed)[0]),
    }


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the synapses recovered by logistic neurons beside the true ones."""
    recovered = Recovered.of(result, settings)
    return bridge.Comparison(
        title="A connectome from spikes: logistic neurons, and the network that fired",
        measures=recovered.measures,
        drawings={
            "quality": partial(draw_quality, recovered),
            "strengths": partial(draw_strengths, recovered),
            "matrices": partial(draw_matrices, recovered),
            "correlograms": partial(draw_correlograms, recovered),
        },
    )


scenario = Scenario(
    name="connectome",
    title="A connectome from spikes: every neuron a logistic neuron of all others",
    group="Recordings",
    description=(
        "A recurrent network of excitatory and inhibitory neurons with noise, every synapse of "
        "which is known, fires for ten minutes at a few Hz. The comparison sees the spikes alone. "
        "For each neuron it trains a logistic neuron on the spikes of all the others, filtered by "
        "a synaptic kernel, and on its own last spike; weights are synapses, and their sizes over "
        "their errors say which exist. Beside it stands what everybody uses, the peak of the "
        "cross-correlogram of each pair, in the best window and with the best expectation of ten; "
        "and how both improve as the recording grows. noise=escape gives the neurons a soft "
        "threshold, with which the logistic neuron is right but for the width of its time bins."
    ),
    settings=Settings,
    duration=600_000.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
