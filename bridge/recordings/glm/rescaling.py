"""Time rescaling: a test of how well firing probabilities describe a spike train.

In the time −Σ log(probability of no spike) a spike train that was drawn from the model is a Poisson
process of rate 1. Its intervals are independent and exponential with mean 1 (E. N. Brown et al.,
Neural Comput. 14:325, 2002). With time bins this holds once the position of a spike in its bin is
drawn at random (R. Haslinger, G. Pipa & E. N. Brown, Neural Comput. 22:2477, 2010).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from scipy.stats import kstest, pearsonr

from bridge.utils.checks import as_floats, generator
from bridge.utils.warn import warn
from neurosim import NeurosimError
from neurosim.plot import NEUTRAL, PALETTE, figure, panels, set_title, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# 95 % quantile of the Kolmogorov–Smirnov distance of n values, times √n.
KS_95 = 1.36
# Most neurons with an entry in the legend.
MOST_NAMED = 6
# Rescaled length of a bin in which a spike is certain.
CERTAIN = 700.0


@dataclass(frozen=True, eq=False)
class TimeRescaling:
    """Result of `time_rescaling_test`.

    Attributes
    ----------
    intervals : (n,) ndarray
        Rescaled intervals in order of time; exponential with mean 1 under the model.
    distance : float
        Kolmogorov–Smirnov distance of 1 − exp(−intervals) from the uniform distribution.
    p_value : float
        Probability of a distance that is at least as large, under the model.
    serial_correlation, serial_p_value : float
        Correlation of successive intervals, transformed to a normal distribution, and its p-value;
        NaN for fewer than three intervals. Under the model intervals are independent.
    n_impossible : int
        Bins with a spike although its probability is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import time_rescaling_test
    >>> fired = np.random.default_rng(1).random(20_000) < 0.05
    >>> test = time_rescaling_test(fired, np.full(20_000, 0.05))
    >>> test.n_intervals, test.passed
    (1031, True)
    >>> figure = test.plot()
    """

    intervals: NDArray[np.float64]
    distance: float
    p_value: float
    serial_correlation: float
    serial_p_value: float
    n_impossible: int

    def __repr__(self) -> str:
        verdict = "passed" if self.passed else "failed"
        return f"<TimeRescaling: {verdict}, {self.n_intervals:,} intervals, p = {self.p_value:.2g}>"

    @property
    def n_intervals(self) -> int:
        """Number of intervals, with the one that the end of the recording cut off."""
        return len(self.intervals)

    @property
    def bound(self) -> float:
        """Distance that 95 % of models pass if they are true, 1.36/√n."""
        return KS_95 / math.sqrt(self.n_intervals)

    @property
    def passed(self) -> bool:
        """Whether the distance is below the bound."""
        return bool(self.distance < self.bound)

    @property
    def quantiles(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Sorted 1 − exp(−intervals) and the uniform quantiles (k − ½)/n, shape (n,) each."""
        n = self.n_intervals
        return np.sort(-np.expm1(-self.intervals)), (np.arange(n) + 0.5) / n

    def plot(self, *, title: str = "") -> Figure:
        """Plot observed against expected quantiles; see `rescaling_plot`."""
        return rescaling_plot({"": self}, title=title)


def time_rescaling_test(
    fired: ArrayLike,
    probability: ArrayLike,
    *,
    counted: ArrayLike | None = None,
    counts: bool = False,
    seed: int = 1,
) -> TimeRescaling:
    """Test whether a spike train can have been drawn from firing probabilities.

    Use probabilities for time that was not used to fit them: fitted to the same spikes, they pass
    too often.

    Parameters
    ----------
    fired : (n_bins,) array_like
        Whether the neuron fired in each bin, or its spike counts.
    probability : (n_bins,) array_like
        Probability of a spike in each bin, given the past; with `counts` the expected number of
        spikes.
    counted : (n_bins,) array_like of bool, optional
        Bins to use. The choice must not depend on the spikes of the bin or of later ones. Default:
        all.
    counts : bool
        Whether spike counts have a Poisson distribution in each bin. By default a bin has a spike
        or none, and further spikes are ignored.
    seed : int
        Seed of the positions of spikes in their bins.

    Returns
    -------
    TimeRescaling

    Raises
    ------
    NeurosimError
        If shapes differ, probabilities are out of range, or no bin is used.

    Warns
    -----
    UserWarning
        If the neuron fired in bins with probability 0.

    Notes
    -----
    With q = −log(1 − p) an interval is the sum of q over silent bins and of −log(1 − r(1 − e⁻ᵠ))
    for the bin of the spike, where r is uniform. For Poisson counts q is the expected number, and
    the spikes of a bin are at independent uniform positions.

    An interval continues after a gap (bins that are not used): the exponential distribution has no
    memory, so the rescaled time in used bins between spikes in used bins is exponential. Dropping
    intervals with a gap would remove the long ones. For the same reason the interval that the end
    of the recording cuts off is completed by an exponential random number. So a neuron without any
    spike can be tested too.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import time_rescaling_test
    >>> rng = np.random.default_rng(1)
    >>> probability = 0.05 * (1.0 + np.sin(np.arange(20_000) / 50.0))
    >>> fired = rng.random(20_000) < probability
    >>> time_rescaling_test(fired, probability).passed
    True
    >>> time_rescaling_test(fired, np.full(20_000, fired.mean())).passed
    False
    """
    found = rescale(*_checked(fired, probability, counted, counts), counts=counts, seed=seed)
    if found.n_impossible:
        warn(
            f"the neuron fired in {found.n_impossible} bins with probability 0: the model is wrong "
            "there, for example because of too long a refractory period"
        )
    return found


def rescale(
    spikes: NDArray[np.int64], q: NDArray[np.float64], *, counts: bool, seed: int
) -> TimeRescaling:
    """Test spike counts (n_bins,) given −log(probability of no spike) of each bin."""
    rng = generator(seed)
    if counts:
        intervals = _poisson_intervals(spikes, q, rng)
    else:
        bins = np.flatnonzero(spikes)
        intervals = bernoulli_intervals(bins, np.minimum(q, CERTAIN), rng.random(len(bins)))
    intervals[-1] += rng.exponential()
    uniform = -np.expm1(-intervals)
    distance, p_value = kstest(uniform, "uniform")
    serial: tuple[float, float] = (np.nan, np.nan)
    if len(intervals) > 2:
        normal = ndtri(np.clip(uniform, 1e-15, 1.0 - 1e-15))
        serial = pearsonr(normal[:-1], normal[1:]) if np.ptp(normal[:-1]) > 0 else serial
    return TimeRescaling(
        intervals,
        *(float(distance), float(p_value), float(serial[0]), float(serial[1])),
        n_impossible=int(np.count_nonzero((spikes > 0) & (q == 0))),
    )


def bernoulli_intervals(
    bins: NDArray[np.int64], q: NDArray[np.float64], r: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return rescaled intervals between spikes at most one per bin; the last one is incomplete.

    q : −log(1 − p) of each bin, r : position of each spike in its bin, 0 to 1.
    """
    elapsed = np.append(0.0, np.cumsum(q))
    after = np.append(0, bins + 1)
    silent = elapsed[np.append(bins, len(q))] - elapsed[after]
    silent[:-1] -= np.log1p(r * np.expm1(-q[bins]))
    return np.maximum(silent, 0.0)


def _poisson_intervals(
    spikes: NDArray[np.int64], mean: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return rescaled intervals between spikes of Poisson counts; the last one is incomplete."""
    bins = np.repeat(np.arange(len(spikes)), spikes)
    elapsed = np.append(0.0, np.cumsum(mean))
    times = np.sort(elapsed[bins] + rng.random(len(bins)) * mean[bins])
    return np.diff(np.concatenate([[0.0], times, elapsed[-1:]]))


def _checked(
    fired: ArrayLike, probability: ArrayLike, counted: ArrayLike | None, counts: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return spike counts and rescaled lengths of the bins that are used."""
    spikes, p = as_floats(fired, "fired"), as_floats(probability, "probability")
    if spikes.ndim != 1 or spikes.shape != p.shape:
        raise NeurosimError(
            f"fired {spikes.shape} and probability {p.shape} must be 1-D and of equal length"
        )
    if counted is not None:
        used = as_floats(counted, "counted") != 0
        if used.shape != p.shape:
            raise NeurosimError(
                f"counted has shape {used.shape}: give one value per bin, {p.shape}"
            )
        spikes, p = spikes[used], p[used]
    if not len(p):
        raise NeurosimError("no bin is used: the test needs at least one")
    if not (np.isfinite(spikes) & (spikes >= 0) & (spikes == np.rint(spikes))).all():
        raise NeurosimError("fired must contain spike counts: whole numbers from 0")
    top = np.inf if counts else 1.0
    if not ((p >= 0) & (p <= top) & np.isfinite(p)).all():
        raise NeurosimError(
            "probability must be finite and not negative"
            if counts
            else "probability must lie in 0 to 1; for expected spike counts give counts=True"
        )
    if not counts:
        with np.errstate(divide="ignore"):
            p = -np.log1p(-p)
    return spikes.astype(np.int64), p


def rescaling_plot(tests: Mapping[Any, TimeRescaling], *, title: str = "") -> Figure:
    """Draw observed against expected quantiles of rescaled intervals (KS plot).

    A line within the 95 % band of its neuron is compatible with the model. For several neurons the
    band of the one with the most intervals is drawn; neurons outside their own bands are coloured.

    Parameters
    ----------
    tests : mapping of str to TimeRescaling
        Tests by neuron.
    title : str
        Default: the number of neurons that pass.

    Examples
    --------
    >>> import numpy as np
    >>> from bridge import rescaling_plot, time_rescaling_test
    >>> rng = np.random.default_rng(1)
    >>> fired = rng.random((3, 20_000)) < 0.05
    >>> expected = np.full(20_000, 0.05)
    >>> tests = {k: time_rescaling_test(one, expected) for k, one in enumerate(fired)}
    >>> figure = rescaling_plot(tests)
    """
    if not tests:
        raise NeurosimError("there is no test to draw: give at least one")
    fig = figure(5.0, 4.6)
    (axes,) = panels(fig)
    failed = [name for name, test in tests.items() if not test.passed]
    bound = min(test.bound for test in tests.values())
    with style():
        axes.fill_between(
            [0, 1], [-bound, 1 - bound], [bound, 1 + bound], color=NEUTRAL, alpha=0.25, lw=0,
            label=f"95 % band, ±{bound:.2g}",
        )  # fmt: skip
        axes.plot([0, 1], [0, 1], color=NEUTRAL, lw=0.8, ls="--")
        for name, test in tests.items():
            observed, expected = test.quantiles
            options: dict[str, Any] = {"color": PALETTE[0], "lw": 1.6}
            if len(tests) > 1:
                options |= {"lw": 0.7, "alpha": 0.5}
            if len(tests) > 1 and name in failed:
                number = failed.index(name)
                options = {"color": PALETTE[1 + number % (len(PALETTE) - 1)], "lw": 1.2}
                if number < MOST_NAMED:
                    options["label"] = f"{name} ({_p_text(test)})"
            axes.plot(observed, expected, **options)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set(xlabel="quantile of rescaled intervals", ylabel="quantile under the model")
        axes.legend(loc="lower right")
        set_title(fig, title or _message(tests, failed))
    return fig


def _message(tests: Mapping[Any, TimeRescaling], failed: list[Any]) -> str:
    """Return the title of a KS plot."""
    if len(tests) == 1:
        (test,) = tests.values()
        verdict = "reject" if failed else "are compatible with"
        return f"Intervals {verdict} the model ({_p_text(test)})"
    return f"{len(tests) - len(failed)} of {len(tests)} neurons pass the time-rescaling test"


def _p_text(test: TimeRescaling) -> str:
    """Return the p-value as text."""
    return "p < 0.001" if test.p_value < 1e-3 else f"p = {test.p_value:.2g}"
