"""Comparison of two recordings of the same neurons, such as a real and a simulated one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import pearsonr

from bridge.evaluation.measures import NORMAL_95, Measure, wilson_interval
from bridge.recordings.data.trains import BinnedTrains, bin_trains
from neurosim import NeurosimError

# Parts of a recording from which the sampling error of rates is estimated.
BLOCKS = 20


@dataclass(frozen=True, eq=False)
class RecordingComparison:
    """Result of `compare_recordings`: first the observed, then the simulated recording.

    Attributes
    ----------
    neurons : (n,) ndarray
        Names of the neurons.
    rates : (2, n) ndarray
        Firing rates (Hz).
    rate_errors : (2, n) ndarray
        Standard errors of the rates (Hz).
    correlations : (2, n, n) ndarray
        Correlations of spike counts; NaN on the diagonal and for neurons with constant counts.

    Examples
    --------
    >>> from bridge import compare_recordings
    >>> compared = compare_recordings([[5.0, 20.0], [12.0]], [[6.0], [31.0]], duration=40.0)
    >>> compared.rates
    array([[50., 25.],
           [25., 25.]])
    >>> compared.measures["rate_deviation"].text
    '35.36 %'
    """

    neurons: NDArray
    rates: NDArray[np.float64]
    rate_errors: NDArray[np.float64]
    correlations: NDArray[np.float64]

    @property
    def measures(self) -> dict[str, Measure]:
        """Rates and correlations in numbers, for a `Comparison`."""
        (observed, simulated), errors = self.rates, np.hypot(*self.rate_errors)
        n, fired = len(observed), observed > 0
        alike = int((np.abs(simulated - observed) <= NORMAL_95 * errors).sum())
        low, high = wilson_interval(alike, n)
        off, expected = (
            100.0 * math.sqrt(np.mean((values[fired] / observed[fired]) ** 2)) if fired.any() else 0
            for values in (simulated - observed, errors)
        )
        pairs = self.correlations[:, *np.triu_indices(n, 1)]
        pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
        found = {
            "rate_observed": Measure(observed.mean(), "Hz").labelled("Observed firing rate"),
            "rate_simulated": Measure(simulated.mean(), "Hz").labelled("Simulated firing rate"),
            "rate_deviation": Measure(off, "%").labelled(
                "Deviation of the rates", f"root mean square; {expected:.2g} % from sampling"
            ),
            "rates_equal": Measure(alike / n, "", float(low), float(high)).labelled(
                "Neurons with equal rates", f"of {n}, within 1.96 standard errors"
            ),
        }
        if pairs.shape[1] > 1:
            names = ("Observed correlation", "Simulated correlation")
            for key, name, values in zip(("observed", "simulated"), names, pairs, strict=True):
                found[f"correlation_{key}"] = Measure(float(values.mean())).labelled(
                    name, f"mean of {pairs.shape[1]:,} pairs"
                )
            similarity = float(pearsonr(*pairs)[0]) if (np.ptp(pairs, axis=1) > 0).all() else 0.0
            found["correlation_similarity"] = Measure(similarity).labelled(
                "Similarity of the correlations", "correlation over pairs"
            )
        return found


def compare_recordings(
    observed: Any,
    simulated: Any,
    *,
    duration: float | None = None,
    simulated_duration: float | None = None,
    bin_width: float = 10.0,
) -> RecordingComparison:
    """Compare the firing rates and correlations of two recordings of the same neurons.

    Parameters
    ----------
    observed, simulated : Result, SpikeTrains, list, dict, …
        As in `bin_trains`. Neurons correspond by their order.
    duration, simulated_duration : float, optional
        Lengths of the recordings (ms); not needed if the data contain them. By default the
        simulated recording is as long as the observed one.
    bin_width : float
        Width of the bins in which spikes are counted for correlations (ms).

    Returns
    -------
    RecordingComparison

    Raises
    ------
    NeurosimError
        If the numbers of neurons differ.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import compare_recordings
    >>> rng = np.random.default_rng(1)
    >>> first, second = (
    ...     [np.sort(rng.uniform(0.0, 60_000.0, 600)) for _ in range(5)] for _ in range(2)
    ... )
    >>> compared = compare_recordings(first, second, duration=60_000.0)
    >>> compared.measures["rate_simulated"].text
    '10 Hz'
    """
    first = bin_trains(observed, duration, bin_width, counts=True)
    length = duration if simulated_duration is None else simulated_duration
    second = bin_trains(simulated, length, bin_width, counts=True)
    if first.n_neurons != second.n_neurons:
        raise NeurosimError(
            f"{first.n_neurons} observed and {second.n_neurons} simulated neurons: give recordings "
            "of the same neurons"
        )
    both = (first, second)
    rates, errors = zip(*map(_rates, both), strict=True)
    correlations = np.stack([_correlations(trains) for trains in both])
    return RecordingComparison(first.neurons, np.stack(rates), np.stack(errors), correlations)


def _rates(trains: BinnedTrains) -> tuple[NDArray, NDArray]:
    """Return the firing rates (Hz) and their standard errors from blocks, shape (n,) each."""
    n, blocks = trains.n_neurons, min(BLOCKS, trains.n_bins)
    edges = np.linspace(0, trains.n_bins, blocks + 1).round().astype(int)
    block = np.searchsorted(edges, trains.bins, side="right") - 1
    counts = np.bincount(block * n + trains.ids, minlength=blocks * n).reshape(blocks, n)
    rates = 1e3 * counts / (np.diff(edges)[:, None] * trains.width)
    mean = 1e3 * trains.counts / (trains.n_bins * trains.width)
    return mean, rates.std(axis=0, ddof=1) / math.sqrt(blocks)


def _correlations(trains: BinnedTrains) -> NDArray[np.float64]:
    """Return the correlations of spike counts, shape (n, n), NaN on the diagonal."""
    ones = np.ones(len(trains.ids))
    counts = csr_array((ones, (trains.ids, trains.bins)), (trains.n_neurons, trains.n_bins))
    mean = trains.counts / trains.n_bins
    covariance = (counts @ counts.T).toarray() / trains.n_bins - np.outer(mean, mean)
    variance = np.diag(covariance).copy()
    spread = np.sqrt(np.where(variance > 1e-12 * mean, variance, np.nan))
    found = covariance / np.outer(spread, spread)
    np.fill_diagonal(found, np.nan)
    return found
