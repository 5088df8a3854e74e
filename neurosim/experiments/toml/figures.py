"""Figures that a scenario file can list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurosim import plot
from neurosim.errors import NeurosimError
from neurosim.experiments.toml.findings import (
    OfPopulations,
    OfPotentials,
    bin_width,
    check_bin,
    check_recorded,
    recorded_potentials,
)
from neurosim.models.declare import check_declared, optional, parameter
from neurosim.utils.checks import check_indices, check_number, show, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from neurosim.network import Network
    from neurosim.results import Result

MAX_TIME = 1e9
"""ms."""
MAX_PANELS = 6
"""Largest number of neurons in a figure of traces."""


def _time(help: str) -> Any:
    return parameter(None, "ms", 0.0, MAX_TIME, help, check=optional(check_number))


def _indices(ids: Any, name: str, *_: Any) -> tuple[int, ...]:
    return tuple(check_indices(ids, name).tolist())


def _check_window(part: Raster | Traces) -> None:
    if part.start is not None and part.stop is not None and part.start >= part.stop:
        raise NeurosimError(
            f"start = {part.start:g} ms is not before stop = {part.stop:g} ms: swap them"
        )


def _window(part: Raster | Traces, warmup: float, duration: float) -> dict[str, Any]:
    """Return start and stop (ms) of a figure as plot options.

    They are limited to the run.
    """
    start = warmup if part.start is None else part.start
    stop = duration if part.stop is None else min(part.stop, duration)
    if start >= duration:
        raise NeurosimError(
            f"start = {start:g} ms is not before the end of the run at {duration:g} ms: give an "
            "earlier start or a longer duration"
        )
    if start >= stop:
        raise NeurosimError(
            f"stop = {stop:g} ms is not after the warm-up, which ends at {start:g} ms: give a "
            "start or a later stop"
        )
    return {"start": start, "stop": stop}


@dataclass(frozen=True)
class Raster(OfPopulations):
    """Spike raster above the population rate.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations, from top to bottom. Default: all.
    start, stop : float, optional
        Time window (ms). Default: from the end of the warm-up to the end of the run.
    max_neurons : int
        Largest number of rows, 1 to 100,000. If there are more neurons, every k-th one is drawn.
    bin_ms : float
        Bin width of the population rate (ms).
    """

    start: float | None = _time("start of the time window")
    stop: float | None = _time("end of the time window")
    max_neurons: int = parameter(250, "", 1, 100_000, "of more neurons, every k-th is drawn")
    bin_ms: float = bin_width(1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_window(self)

    def check_span(self, warmup: float, duration: float) -> None:
        """Raise an error if a run of this duration (ms) is too short."""
        window = _window(self, warmup, duration)
        check_bin(self, window["stop"] - window["start"])

    def draw(self, result: Result, warmup: float, title: str) -> dict[str, Figure]:
        """Return the figures in a dict, keyed by a suffix of their file name."""
        options = _window(self, warmup, result.duration)
        options |= {"max_neurons": self.max_neurons, "bin_ms": self.bin_ms, "title": title}
        return {"": plot.raster(result, self.populations, **options)}


@dataclass(frozen=True)
class Traces:
    """Recorded membrane potentials, one panel per neuron.

    Parameters
    ----------
    of : str, optional
        Name of the population. Default: one figure for each with recorded potentials.
    ids : list of int, optional
        Up to six recorded neurons. Default: the first six.
    start, stop : float, optional
        Time window (ms). Default: from the end of the warm-up to the end of the run.
    currents : bool
        Whether to add the excitatory and the inhibitory current of the first neuron; needs
        recordings of i_exc and i_inh.
    """

    of: str | None = None
    ids: tuple[int, ...] | None = parameter(None, help="recorded neurons", check=optional(_indices))
    start: float | None = _time("start of the time window")
    stop: float | None = _time("end of the time window")
    currents: bool = parameter(False, help="whether to add the currents of the first neuron")

    def __post_init__(self) -> None:
        check_declared(self)
        _check_window(self)
        if self.ids is not None and (self.of is None or not 1 <= len(self.ids) <= MAX_PANELS):
            raise NeurosimError(
                f"ids lists {len(self.ids)} neurons of {self.of or 'no population'}: list 1 to "
                f"{MAX_PANELS}, and give their population with `of`"
            )

    def check(self, network: Network) -> None:
        """Raise an error for variables that are not recorded."""
        known = [population.name for population in network.populations]
        if self.of is not None and self.of not in known:
            raise NeurosimError(
                f"of = {show(self.of)} is not a population of this file: {suggest(self.of, known)}"
            )
        check_recorded(network, None if self.of is None else (self.of,))
        for recording in network.recordings:
            name = recording.population.name
            if recording.name != "v" or self.of not in (None, name):
                continue
            shown = self.ids or (0 if recording.ids is None else int(recording.ids[0]),)
            _check_ids(network, name, "v", shown)
            for variable in ("i_exc", "i_inh") if self.currents else ():
                check_recorded(network, (name,), variable)
                _check_ids(network, name, variable, shown[:1])

    def check_span(self, warmup: float, duration: float) -> None:
        """Raise an error if a run of this duration (ms) is too short."""
        _window(self, warmup, duration)

    def draw(self, result: Result, warmup: float, title: str) -> dict[str, Figure]:
        """Return the figures in a dict, keyed by a suffix of their file name."""
        options = _window(self, warmup, result.duration)
        options |= {"currents": self.currents, "title": title}
        names = (self.of,) if self.of else recorded_potentials(result)
        return {f"-{name}": plot.voltage_trace(result, name, self.ids, **options) for name in names}


@dataclass(frozen=True)
class RatesAndCV(OfPopulations):
    """Distributions of firing rates and irregularity over the neurons.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all.
    """

    def draw(self, result: Result, warmup: float, title: str) -> dict[str, Figure]:
        """Return the figures in a dict, keyed by a suffix of their file name."""
        return {"": plot.rates_and_cv(result, self.populations, start=warmup, title=title)}


@dataclass(frozen=True)
class PotentialHistogram(OfPotentials):
    """Distribution of recorded membrane potentials, without spikes.

    The distribution is over time and neurons.

    Parameters
    ----------
    populations : list of str, optional
        Names of populations. Default: all with recorded potentials.
    """

    def draw(self, result: Result, warmup: float, title: str) -> dict[str, Figure]:
        """Return the figures in a dict, keyed by a suffix of their file name."""
        return {"": plot.potential_histogram(result, self.populations, start=warmup, title=title)}


AnyFigure = Raster | Traces | RatesAndCV | PotentialHistogram
"""Any figure."""

FIGURES: Mapping[str, type] = {
    "raster": Raster,
    "traces": Traces,
    "rates_and_cv": RatesAndCV,
    "potential_histogram": PotentialHistogram,
}


def _check_ids(network: Network, name: str, variable: str, ids: tuple[int, ...]) -> None:
    """Raise an error for neurons whose variable is not recorded."""
    for recording in network.recordings:
        if (recording.population.name, recording.name) != (name, variable):
            continue
        size, recorded = recording.population.size, recording.ids
        for neuron in ids:
            if neuron >= size if recorded is None else neuron not in recorded:
                raise NeurosimError(
                    f"ids: {variable} of neuron {neuron} of {name!r} is not recorded: choose "
                    "neurons listed in [[recordings]]"
                )
