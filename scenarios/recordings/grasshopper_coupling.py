"""Whether a grasshopper's receptors seem to hear each other, and whether one would see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

import bridge
import neurosim as ns
from scenarios.recordings.data import grasshopper_recording
from scenarios.recordings.grasshopper_model import BIN
from scenarios.recordings.grasshopper_trained import CELLS, Trained, trained
from scenarios.recordings.grasshopper_twin import twin_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scenarios.recordings.grasshopper_model import Settings

PAIRS = 20
"""Pairs of coupled twins; the first stands for two receptors, the others tell the coverage."""


@dataclass(frozen=True, eq=False)
class Filter:
    """What each past spike of the other neuron adds to the potential.

    Attributes
    ----------
    psp : (n_lags,) ndarray
        mV, 1, 2, … ms after the spike.
    interval : (n_lags, 2) ndarray
        95 %, by the delta method (mV).
    total : Measure
        Sum of `psp` (mV).
    p_value : float
        Of weights that are all 0 (Wald's test, with the sandwich).
    """

    psp: NDArray[np.float64]
    interval: NDArray[np.float64]
    total: bridge.Measure
    p_value: float

    @classmethod
    def of(cls, neuron: bridge.LogisticNeuron, others: slice) -> Filter:
        """Return the filter that some weights of a neuron are."""
        theta0, weights = float(neuron.intercept_[0]), neuron.coef_[0][others]
        covariance = neuron.sandwich_covariance_
        block = covariance[1:, 1:][others, others]
        wald = weights @ np.linalg.solve(block, weights)
        # The delta method for −gap · Σ weights / theta0, as `psp_interval_` has it for each.
        total, slope = neuron.psp_[others].sum(), np.zeros(len(covariance))
        slope[0] = -total / theta0
        slope[1:][others] = -neuron.threshold_distance / theta0
        half = bridge.NORMAL_95 * float(np.sqrt(slope @ covariance @ slope))
        return cls(
            neuron.psp_[others],
            neuron.psp_interval_[others],
            bridge.Measure(total, "mV", total - half, total + half),
            float(chdtrc(len(weights), wald)),
        )


@dataclass(frozen=True, eq=False)
class Coupling:
    """What the recordings say of a coupling, and what coupled twins say.

    Attributes
    ----------
    naive, adapting : mapping of int to Filter
        By receptor, without and with its adaptation allowed for.
    gained : mapping of int to Measure
        Bits per spike that the other receptor's spikes bring, by receptor.
    true : (n_lags,) ndarray
        What spikes of the second twin add to the potential of the first (mV).
    refitted : list of Filter
        The same as the spikes of each pair of twins show it.
    twins_gained : Measure
        As `gained`, of the first pair.
    """

    naive: dict[int, Filter]
    adapting: dict[int, Filter]
    gained: dict[int, bridge.Measure]
    true: NDArray[np.float64]
    refitted: list[Filter]
    twins_gained: bridge.Measure

    @classmethod
    def found(cls, settings: Settings, seed: int) -> Coupling:
        """Look for couplings in the recordings, and in twins that are coupled."""
        cells = {cell: trained(cell, settings) for cell in CELLS}
        naive, adapting = (
            {
                cell: Filter.of(own.coupled_neuron(adapting=adapting), own.others)
                for cell, own in cells.items()
            }
            for adapting in (False, True)
        )
        true = np.zeros(settings.coupling)
        true[: len(settings.coupled)] = settings.coupled
        pairs = _pairs_of_twins(settings, seed)
        refitted = [Filter.of(pair.coupled_neuron(adapting=False), pair.others) for pair in pairs]
        gained = {cell: _gain(own) for cell, own in cells.items()}
        return cls(naive, adapting, gained, true, refitted, _gain(pairs[0]))

    def measures(self) -> dict[str, bridge.Measure]:
        """Return what is found, by JSON key."""
        table = {}
        for cell in CELLS:
            words = "other receptor's spikes too, over sound and own spikes"
            table[f"bits_gained_coupling_cell{cell}"] = replace(self.gained[cell], note=words)
            for key, filters, words in (
                ("_naive", self.naive, "sum over the filter, adaptation not allowed for"),
                ("", self.adapting, "sum over the filter, adaptation allowed for"),
            ):
                note = replace(filters[cell].total, note=words)
                table[f"total_coupling{key}_cell{cell}"] = note
            words = "of no coupling, adaptation allowed for"
            p_value = bridge.Measure(self.adapting[cell].p_value, note=words)
            table[f"p_value_coupling_cell{cell}"] = p_value
        peak, first = int(np.abs(self.true).argmax()), self.refitted[0]
        low, high = first.interval[peak]
        words = f"refitted {peak + 1} ms after a spike; true: {self.true[peak]:g} mV"
        table["peak_coupling_twins"] = bridge.Measure(first.psp[peak], "mV", low, high, words)
        held = [
            (one.interval[:, 0] <= self.true) & (self.true <= one.interval[:, 1])
            for one in self.refitted
        ]
        share = bridge.agreement(np.ravel(held), np.ones(np.size(held)))
        words = f"of {np.size(held)} 95 % intervals hold the truth"
        table["coverage_coupling_twins"] = replace(share, note=words)
        words = "other twin's spikes too, over sound and own spikes"
        table["bits_gained_coupling_twins"] = replace(self.twins_gained, note=words)
        return table


def _gain(own: Trained) -> bridge.Measure:
    return bridge.bits_per_spike(own.fired, own.coupled, own.seconds, over=own.remembering)


def _pairs_of_twins(settings: Settings, seed: int) -> list[Trained]:
    """Simulate pairs of twins, the second heard by the first; return what the first would train.

    Each hears its receptor's sound, as long as the recordings are.
    """
    net = ns.Network()
    twins = [
        twin_of(trained(cell, settings).neuron, settings).add_to(
            net, f"{cell}", grasshopper_recording(cell).level(BIN), size=PAIRS
        )
        for cell in CELLS
    ]
    bridge.connect_filter(net, twins[1], twins[0], settings.coupled, width=BIN)
    own = trained(CELLS[0], settings)
    result = ns.simulate(net, len(own.fired) * BIN, dt=BIN, seed=seed)
    pairs = []
    for k in range(PAIRS):
        first, second = (_fired(result.spikes[twin.name].of(k), len(own.fired)) for twin in twins)
        history = bridge.spike_history(first, settings.history)
        other = bridge.spike_history(second, settings.coupling)
        pairs.append(replace(own, fired=first, own=history, other=other))
    return pairs


def _fired(times: NDArray[np.float64], n_bins: int) -> NDArray[np.int64]:
    """Return the bins in which a twin fired, as 0 and 1; shape (n_bins,)."""
    return bridge.bin_spikes(times, n_bins * BIN, BIN)
