"""Findings that a scenario file can list: numbers for each population."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.models.declare import check_declared, parameter, parameters_of
from neurosim.results import analysis
from neurosim.utils.checks import show, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurosim.network import Network
    from neurosim.results import Result

MAX_BIN = 1e6
"""ms."""


def bin_width(default: float) -> Any:
    """Declare the width of time bins."""
    return parameter(default, "ms", 1e-3, MAX_BIN, "bin width")


@dataclass(frozen=True)
class OfPopulations:
    """Base class of findings and figures that use the spikes of populations.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    """

    populations: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_declared(self)
        names = self.populations
        if names is None:
            return
        if not isinstance(names, (list, tuple)) or not all(isinstance(n, str) for n in names):
            raise NeurosimError(
                f'populations = {show(names)} must be a list of names: write ["exc", "inh"]'
            )
        if not names or len(set(names)) < len(names):
            raise NeurosimError("populations is empty or repeats a name: list each name once")
        object.__setattr__(self, "populations", tuple(names))

    def check(self, network: Network) -> None:
        """Raise an error for populations that the network does not have."""
        known = [population.name for population in network.populations]
        for name in self.populations or ():
            if name not in known:
                raise NeurosimError(
                    f"populations contains {show(name)}, which the file does not describe: "
                    f"{suggest(name, known)}"
                )

    def check_span(self, warmup: float, duration: float) -> None:
        """Raise an error if a run of this duration (ms) is too short."""
        check_bin(self, duration - warmup)


def check_bin(part: Any, longest: float) -> None:
    """Raise an error for a bin that is longer than the analysed time (ms)."""
    width = getattr(part, "bin_ms", 0.0)
    if width > longest:
        raise NeurosimError(
            f"bin_ms = {width:g} ms is longer than the {longest:g} ms that are left after the "
            "warm-up: give a shorter bin or a longer duration"
        )


@dataclass(frozen=True)
class _Finding(OfPopulations):
    """Base class of findings: mean and, optionally, standard deviation of values.

    Attributes
    ----------
    keys : tuple of str
        Name of the mean and, if there is a second one, of the standard deviation.
    measure : callable
        Takes spike trains, `start`, `stop` (ms) and the parameters of the finding, and returns the
        values.
    """

    keys: ClassVar[tuple[str, ...]]
    measure: ClassVar[Any]

    def find(self, result: Result, start: float) -> dict[str, object]:
        """Return the numbers by population; `start` (ms) is the end of the warm-up."""
        found: dict[str, dict[str, float | None]] = {key: {} for key in self.keys}
        for name in self.populations or self._available(result):
            values = np.atleast_1d(self._values(result, name, start))
            known = values[np.isfinite(values)]
            for key, statistic in zip(self.keys, ("mean", "std"), strict=False):
                found[key][name] = float(getattr(known, statistic)()) if len(known) else None
        return dict(found)

    def _available(self, result: Result) -> tuple[str, ...]:
        """Return the populations to use by default."""
        return tuple(result.spikes)

    def _values(self, result: Result, name: str, start: float) -> Any:
        """Return the values of a population after the warm-up."""
        options = {option: getattr(self, option) for option in parameters_of(type(self))}
        return self.measure(result.spikes[name], start=start, stop=result.duration, **options)


@dataclass(frozen=True)
class Rates(_Finding):
    """Mean and standard deviation of the firing rates (Hz) of the neurons.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    """

    keys = ("rate_hz", "rate_sd_hz")
    measure = staticmethod(analysis.rates)


@dataclass(frozen=True)
class Irregularity(_Finding):
    """Coefficient of variation of interspike intervals.

    It is 0 for regular spiking and 1 for a Poisson process.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    min_spikes : int
        Neurons with fewer spikes are excluded; at least 3.
    """

    keys = ("cv",)
    measure = staticmethod(analysis.cv_isi)
    min_spikes: int = parameter(3, "", 3, help="neurons with fewer spikes are excluded")


@dataclass(frozen=True)
class Correlation(_Finding):
    """Mean Pearson correlation of the spike counts of pairs of neurons.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    bin_ms : float
        Bin width (ms).
    n_neurons : int
        Largest number of neurons, 2 to 2000, evenly spaced among those that fire.
    """

    keys = ("correlation",)
    measure = staticmethod(analysis.correlations)
    bin_ms: float = bin_width(5.0)
    n_neurons: int = parameter(200, "", 2, 2000, "largest number of neurons, of those that fire")


@dataclass(frozen=True)
class Synchrony(_Finding):
    """Fano factor of the population's spike count in a bin.

    It is 1 for independent Poisson neurons.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    bin_ms : float
        Bin width (ms).
    """

    keys = ("fano_factor",)
    measure = staticmethod(analysis.fano_factor)
    bin_ms: float = bin_width(1.0)


@dataclass(frozen=True)
class Rhythm(_Finding):
    """Frequency (Hz) with the largest power in the population rate.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    bin_ms : float
        Bin width (ms).
    """

    keys = ("peak_frequency_hz",)
    measure = staticmethod(analysis.peak_frequency)
    bin_ms: float = bin_width(0.5)


class OfPotentials(OfPopulations):
    """Base class of findings and figures that need recorded membrane potentials."""

    def check(self, network: Network) -> None:
        """Raise an error if the potential of a population is not recorded."""
        super().check(network)
        check_recorded(network, self.populations)


@dataclass(frozen=True)
class MeanPotential(OfPotentials, _Finding):
    """Mean and standard deviation of recorded potentials (mV), without spikes.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all with recorded potentials.
    """

    keys = ("potential_mv", "potential_sd_mv")

    def _available(self, result: Result) -> tuple[str, ...]:
        return recorded_potentials(result)

    def _values(self, result: Result, name: str, start: float) -> Any:
        return analysis.potentials(result, name, start)


Finding = Rates | Irregularity | Correlation | Synchrony | Rhythm | MeanPotential
"""Any finding."""

FINDINGS: Mapping[str, type] = {
    "rates": Rates,
    "cv": Irregularity,
    "correlation": Correlation,
    "fano_factor": Synchrony,
    "peak_frequency": Rhythm,
    "mean_potential": MeanPotential,
}


def recorded_potentials(result: Result) -> tuple[str, ...]:
    """Return the populations with recorded potentials."""
    return tuple(name for name, variable in result.traces if variable == "v")


def check_recorded(
    network: Network, populations: tuple[str, ...] | None, variable: str = "v"
) -> None:
    """Raise an error if a variable is not recorded in these populations.

    With None, it must be recorded in any population.
    """
    recorded = [r.population.name for r in network.recordings if r.name == variable]
    missing = [name for name in populations or () if name not in recorded]
    if missing or not recorded:
        of = f" of {missing[0]}" if missing else ""
        raise NeurosimError(
            f"{variable}{of} is not recorded: add [[recordings]] with "
            f'of = "{missing[0] if missing else network.populations[0].name}" and '
            f'variable = "{variable}"'
        )
