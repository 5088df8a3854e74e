"""Numbers that a scenario file can ask for: each is found for every population."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.experiments.toml.spans import OfPopulations
from neurosim.models.declare import parameter
from neurosim.results import analysis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurosim.network import Network
    from neurosim.results import Result, SpikeTrains

LONGEST_BIN = 1e6
"""ms."""


def bin_width(default: float) -> Any:
    """Declare the width of the bins in which spikes are counted."""
    return parameter(default, "ms", 1e-3, LONGEST_BIN, "width of the bins of time")


@dataclass(frozen=True)
class _OfSpikes(OfPopulations, ABC):
    """A number for every population, from its spikes."""

    key: ClassVar[str]

    def find(self, result: Result, start: float) -> dict[str, object]:
        """Return the finding's numbers by population; `start` (ms) ends the warm-up."""
        names = self.populations or tuple(result.spikes)
        return {
            self.key: {
                name: self._measure(result.spikes[name], start, result.duration) for name in names
            }
        }

    @abstractmethod
    def _measure(self, trains: SpikeTrains, start: float, stop: float) -> float | None: ...


@dataclass(frozen=True)
class Rates(OfPopulations):
    """Firing rates (Hz) of the neurons of each population: their mean and standard deviation.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    """

    def find(self, result: Result, start: float) -> dict[str, object]:
        """Return the finding's numbers by population; `start` (ms) ends the warm-up."""
        found: dict[str, dict[str, float | None]] = {"rate_hz": {}, "rate_sd_hz": {}}
        for name in self.populations or tuple(result.spikes):
            each = analysis.rates(result.spikes[name], start, result.duration)
            found["rate_hz"][name] = _mean(each)
            found["rate_sd_hz"][name] = float(each.std()) if len(each) else None
        return dict(found)


@dataclass(frozen=True)
class Irregularity(_OfSpikes):
    """Coefficient of variation of inter-spike intervals: 0 for a clock, 1 for a Poisson process.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    min_spikes : int
        Neurons with fewer spikes are left out; at least 3.
    """

    key = "cv"
    min_spikes: int = parameter(3, "", 3, help="neurons with fewer spikes are left out")

    def _measure(self, trains: SpikeTrains, start: float, stop: float) -> float | None:
        return _mean(analysis.cv_isi(trains, start, stop, min_spikes=self.min_spikes))


@dataclass(frozen=True)
class _InBins(_OfSpikes):
    """A number from the spikes in bins of time."""

    bin_ms: float = bin_width(1.0)


@dataclass(frozen=True)
class Correlation(_InBins):
    """Pearson's correlation of the spike counts of pairs of neurons, in the mean over the pairs.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    bin_ms : float
        Width of the bins in which spikes are counted (ms).
    n_neurons : int
        So many neurons at most, 2 to 2000, evenly spaced among those that fire.
    """

    key = "correlation"
    bin_ms: float = bin_width(5.0)
    n_neurons: int = parameter(200, "", 2, 2000, "most neurons, of those that fire")

    def _measure(self, trains: SpikeTrains, start: float, stop: float) -> float | None:
        return _mean(
            analysis.correlations(
                trains, stop, start=start, bin_ms=self.bin_ms, n_neurons=self.n_neurons
            )
        )


@dataclass(frozen=True)
class Synchrony(_InBins):
    """Variance over mean of the spikes of a population in a bin: 1 for independent Poisson neurons.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    bin_ms : float
        Width of a bin (ms).
    """

    key = "fano_factor"

    def _measure(self, trains: SpikeTrains, start: float, stop: float) -> float | None:
        return _finite(analysis.fano_factor(trains, stop, start=start, bin_ms=self.bin_ms))


@dataclass(frozen=True)
class Rhythm(_InBins):
    """Frequency (Hz) at which the population rate has most power.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    bin_ms : float
        Bin of the population rate (ms).
    """

    key = "peak_frequency_hz"
    bin_ms: float = bin_width(0.5)

    def _measure(self, trains: SpikeTrains, start: float, stop: float) -> float | None:
        return _finite(analysis.peak_frequency(trains, stop, start=start, bin_ms=self.bin_ms))


class OfPotentials(OfPopulations):
    """What is made of the recorded potentials of populations."""

    def check(self, network: Network) -> None:
        """Refuse populations whose potential is not recorded."""
        super().check(network)
        check_recorded(network, self.populations)


@dataclass(frozen=True)
class MeanPotential(OfPotentials):
    """Mean and standard deviation of the recorded membrane potentials (mV), spikes left out.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all whose potential is recorded.
    """

    def find(self, result: Result, start: float) -> dict[str, object]:
        """Return the finding's numbers by population; `start` (ms) ends the warm-up."""
        found: dict[str, dict[str, float | None]] = {"potential_mv": {}, "potential_sd_mv": {}}
        for name in self.populations or recorded_potentials(result):
            values = analysis.potentials(result, name, start)
            found["potential_mv"][name] = _mean(values)
            found["potential_sd_mv"][name] = float(values.std()) if len(values) else None
        return dict(found)


Finding = Rates | Irregularity | Correlation | Synchrony | Rhythm | MeanPotential
"""Any of the findings."""

FINDINGS: Mapping[str, type] = {
    "rates": Rates,
    "cv": Irregularity,
    "correlation": Correlation,
    "fano_factor": Synchrony,
    "peak_frequency": Rhythm,
    "mean_potential": MeanPotential,
}


def recorded_potentials(result: Result) -> tuple[str, ...]:
    """Return the populations whose potential was recorded."""
    return tuple(name for name, variable in result.traces if variable == "v")


def check_recorded(
    network: Network, populations: tuple[str, ...] | None, variable: str = "v"
) -> None:
    """Refuse populations of which a variable is not recorded; None stands for any one."""
    recorded = [r.population.name for r in network.recordings if r.name == variable]
    missing = [name for name in populations or () if name not in recorded]
    if missing or not recorded:
        of = f" of {missing[0]}" if missing else ""
        raise NeurosimError(
            f"{variable}{of} is not recorded: add [[recordings]] with "
            f'of = "{missing[0] if missing else network.populations[0].name}" and '
            f'variable = "{variable}"'
        )


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
