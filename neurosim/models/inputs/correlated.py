"""Correlated spike trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.models.declare import parameter
from neurosim.models.inputs.base import START, STOP, TimedInput
from neurosim.models.inputs.renewal import HIGHEST_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST_JITTER = 40.0
"""Longest jitter in time constants, which exponential random numbers practically never reach."""


@dataclass(frozen=True, eq=False)
class CorrelatedPoisson(TimedInput):
    r"""Poisson spike trains with a correlation between all pairs of targets.

    Each spike of a common parent process of rate `rate` / `correlation` is copied to each target
    with probability `correlation` (multiple-interaction process). If `tau` is positive, every copy
    is delayed by an exponentially distributed time of its own. Each train is then still a Poisson
    process, and two trains with rate r and correlation c have the covariance

    .. math:: \mathrm{Cov}(s) = c\,r\,\frac{e^{-|s|/\tau}}{2\tau}

    which is that of Poisson processes with a common, exponentially correlated rate (Cox process).
    `correlation` is the correlation coefficient of spike counts in windows much longer than `tau`.

    Notes
    -----
    Without `tau`, about a fraction `correlation` of all targets receives a spike in the same step.
    NEST's mip_generator takes the rate of the parent and the probability of a copy: `rate` is their
    product.

    References
    ----------
    A. Kuhn, A. Aertsen, S. Rotter, *Higher-order statistics of input ensembles and the response of
    simple model neurons*, Neural Computation 15, 67 (2003).

    R. Brette, *Generation of correlated spike trains*, Neural Computation 21, 188 (2009).

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> cells = net.add("cells", 50, ns.LIF())
    >>> drive = net.drive(cells, ns.CorrelatedPoisson(20.0, correlation=0.3), psp=0.5)
    >>> recording = net.record(drive, "spikes")
    >>> trains = ns.simulate(net, 5000.0).inputs[drive]
    >>> round(float(ns.analysis.correlations(trains, 5000.0, bin_ms=10.0).mean()), 1)
    0.3
    """

    rate: float = parameter(unit="Hz", low=0.0, high=HIGHEST_RATE, help="rate of each train")
    correlation: float = parameter(
        unit="", low=1e-4, high=1.0, help="correlation coefficient of pairs"
    )
    tau: float = parameter(
        0.0, "ms", 0.0, 1e3, "time constant of the correlation, 0: the same step"
    )
    start: float = parameter(**START)
    stop: float | None = parameter(**STOP)

    @property
    def spread(self) -> float:
        """Longest jitter (ms)."""
        return LONGEST_JITTER * self.tau

    def spikes(
        self, start: float, stop: float, n_targets: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return times and targets of spikes."""
        n_parents = rng.poisson(1e-3 * self.rate / self.correlation * (stop - start))
        # Parents without copies need no time.
        copies = _successes(n_parents * n_targets, self.correlation, rng)
        parents, parent = np.unique(copies // n_targets, return_inverse=True)
        times = np.minimum(rng.uniform(start, stop, len(parents)), np.nextafter(stop, start))
        jitter = np.minimum(rng.exponential(size=len(copies)), 0.999 * LONGEST_JITTER)
        return times[parent] + self.tau * jitter, copies % n_targets


def _successes(n: int, p: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the indices of the successes in n Bernoulli trials.

    The numbers of trials from one success to the next are drawn, which is fast for small p.
    """
    found, last = [np.empty(0, np.int64)], -1
    while last < n:
        some = last + np.cumsum(rng.geometric(p, int(1.1 * p * (n - last)) + 20))
        found.append(some)
        last = int(some[-1])
    indices = np.concatenate(found)
    return indices[indices < n]
