"""A connectome recovered from more and more of a recording, and by cross-correlation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from scenarios.recordings.connectome_model import Settings, lengths, spike_trains, wiring

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bridge.inference import BinnedTrains, Connectome, Correlograms, Expectation

WINDOWS = (5.0, 10.0, 15.0, 20.0, 30.0)
"""Last lags (ms) of the windows that cross-correlation is given to choose from."""
EXPECTATIONS: tuple[Expectation, ...] = ("rate", "slow")
"""And what it may compare the counts with."""


@dataclass(frozen=True, eq=False)
class Recovered:
    """What logistic neurons and cross-correlograms say of the wiring.

    Attributes
    ----------
    settings : Settings
    truth : (n, n) ndarray
        mV, row by presynaptic neuron; 0 for no synapse.
    lengths : list of float
        Of the recordings learned from (ms).
    connectome : Connectome
        From the longest.
    correlograms : Correlograms
        From the longest.
    beta : (n,) ndarray
        Log-odds per mV expected of each neuron.
    aucs : dict of str to list of Measure
        By method and length; "logistic", "logistic, all", "correlation", "correlation, all".
    fit_s : float
        Time that the longest took.
    """

    settings: Settings
    truth: NDArray[np.float64]
    lengths: list[float]
    connectome: Connectome
    correlograms: Correlograms
    beta: NDArray[np.float64]
    aucs: dict[str, list[bridge.Measure]]
    fit_s: float

    @classmethod
    def of(cls, result: ns.Result, settings: Settings) -> Recovered:
        """Recover the connectome from the spikes of a run, of its beginning and of all."""
        # Late: what infers synapses brings the compiler along, which a list of scenarios spares.
        from bridge.inference import Correlograms, bin_trains, existence_auc

        truth, _ = wiring(settings, result.seed)
        trains = bin_trains(spike_trains(result), result.duration)
        aucs: dict[str, list[bridge.Measure]] = {}
        for length in lengths(result.duration):
            part = trains.until(length)
            began = perf_counter()
            connectome = _infer(part, settings)
            fit_s = perf_counter() - began
            correlograms = Correlograms.of(part)
            for ending, least in (("", settings.least), (", all", 0.0)):
                found = existence_auc(connectome.z, truth, least=least)
                aucs.setdefault(f"logistic{ending}", []).append(found)
                found = _best_correlation(correlograms, truth, least)
                aucs.setdefault(f"correlation{ending}", []).append(found)
        beta = _expected_beta(connectome, settings, result.dt)
        return cls(
            settings, truth, lengths(result.duration), connectome, correlograms, beta, aucs, fit_s
        )

    @property
    def psps(self) -> NDArray[np.float64]:
        """Recovered strengths (mV), NaN for a neuron onto itself."""
        return self.connectome.psps(self.beta)

    @property
    def measures(self) -> dict[str, bridge.Measure]:
        """Figures for the table."""
        from bridge.inference import score_connectome

        settings, found = self.settings, {}
        for k, length in enumerate(self.lengths):
            for key in ("logistic", "correlation"):
                found[f"auc_{key}_{length / 1e3:.0f}_s"] = self.aucs[key][k]
        above = all(
            ours.value > theirs.value
            for ending in ("", ", all")
            for ours, theirs in zip(
                self.aucs[f"logistic{ending}"], self.aucs[f"correlation{ending}"], strict=True
            )
        )
        note = f"at every length, for synapses of {settings.least:g} mV and for all"
        found["logistic_above_correlation"] = bridge.Measure(above, note=note)
        scores = score_connectome(
            self.connectome, self.truth, least=settings.least, fdr=settings.fdr
        )
        del scores["auc_existence"]
        found |= scores
        note = "by linear response to the membrane noise"
        if settings.noise == "escape":
            note = "1/delta of the soft threshold"
        expected = bridge.Measure(float(np.nanmean(self.beta)), "per mV", note=note)
        found["log_odds_per_mv_expected"] = expected
        for kind, of in (("excitatory", self.truth > 0), ("inhibitory", self.truth < 0)):
            slope = score_connectome(self.connectome, np.where(of, self.truth, 0.0))
            note = "1 if recovered strengths are right"
            found[f"mv_per_mv_{kind}"] = _over(slope["log_odds_per_mv"], expected.value, note)
        note = f"{settings.neurons} neurons, {self.lengths[-1] / 1e3:.0f} s of spikes"
        found["fit_s"] = bridge.Measure(self.fit_s, "s", note=note)
        return found


def _infer(trains: BinnedTrains, settings: Settings) -> Connectome:
    """Fit all neurons, with the kernel that the kind of noise calls for."""
    from bridge.inference import SynapticKernel, infer_synapses

    neuron = settings.neuron
    if settings.noise == "membrane":
        return infer_synapses(trains)
    return infer_synapses(trains, kernel=SynapticKernel((neuron.tau_m,)), reset=neuron.t_ref)


def _expected_beta(connectome: Connectome, settings: Settings, dt: float) -> NDArray[np.float64]:
    """Return the log-odds per mV of each neuron that theory expects."""
    from bridge.inference import membrane_beta

    if settings.noise == "escape":
        return np.full(settings.neurons, 1.0 / settings.delta)
    neuron, kernel = settings.neuron, connectome.kernel
    rates = np.maximum(connectome.rates, 1e-3)
    return membrane_beta(rates, neuron, settings.sigma, kernel, dt=dt)


def _best_correlation(
    correlograms: Correlograms, truth: NDArray[np.float64], least: float
) -> bridge.Measure:
    """Return the AUC of the window and expectation that are best for these very synapses."""
    from bridge.inference import existence_auc

    tried = [
        replace(
            existence_auc(correlograms.z((1.0, last), expectation), truth, least=least),
            note=f"best of 10: 1 to {last:g} ms, expectation {expectation}",
        )
        for last in WINDOWS
        for expectation in EXPECTATIONS
    ]
    return max(tried, key=lambda found: found.value)


def _over(slope: bridge.Measure, scale: float, note: str) -> bridge.Measure:
    low, high = (None if bound is None else bound / scale for bound in (slope.low, slope.high))
    return bridge.Measure(slope.value / scale, "", low, high, note)
