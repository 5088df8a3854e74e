"""Proxy of the local field potential of networks of point neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import NeurosimError
from neurosim.results.analysis import end_of, trace_of
from neurosim.results.windows import inside, tolerance
from neurosim.utils.checks import check_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurosim.results import Result

__all__ = ["lfp_proxy"]


def lfp_proxy(
    result: Result,
    population: str,
    *,
    start: float = 0.0,
    stop: float | None = None,
    alpha: float = 1.65,
    delay_exc: float = 6.0,
    delay_inh: float = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return a proxy of the local field potential: a weighted sum of synaptic currents.

    .. math:: \mathrm{LFP}(t) = \sum I_{exc}(t - 6\,\mathrm{ms}) - 1.65 \sum I_{inh}(t)

    The sums run over the synapses onto pyramidal neurons. Inhibitory currents are negative, so both
    terms add up: excitation of the apical dendrite and inhibition of the soma cause dipoles of the
    same direction. The constants minimise the error of the time course in networks whose LFP was
    computed with neurons of realistic morphology. Amplitude and sign depend on the position of the
    electrode and are not predicted.

    Parameters
    ----------
    result : Result
        With "i_exc" and "i_inh" of the population, best recorded with ``sum=True``.
    population : str
        The pyramidal neurons.
    start, stop : float
        ms. Default: the whole run. The first `delay_exc` ms of a run are omitted.
    alpha : float
        Weight of inhibition.
    delay_exc, delay_inh : float
        Delay of excitation and inhibition (ms), multiples of the sampling interval.

    Returns
    -------
    times : (n_samples,) ndarray
        ms.
    lfp : (n_samples,) ndarray
        pA. Mazzoni et al. scale it to mean 0 and variance 1.

    Raises
    ------
    NeurosimError
        If the currents were not recorded, or a delay is not a multiple of the sampling interval.

    References
    ----------
    A. Mazzoni, H. Lindén, H. Cuntz, A. Lansner, S. Panzeri & G. T. Einevoll, *Computing the local
    field potential (LFP) from integrate-and-fire network models*, PLoS Comput. Biol. 11, e1004584
    (2015): the reference weighted sum (RWS).

    Examples
    --------
    >>> import neurosim as ns
    >>> from neurosim.analysis import lfp_proxy, power_spectrum
    >>> net = ns.Network()
    >>> exc = net.add("exc", 100, ns.LIF())
    >>> rhythm = ns.SinusoidalPoisson(500.0, amplitude=300.0, frequency=40.0)
    >>> drive = net.drive(exc, rhythm, synapse=ns.ExpCurrent(2.0), weight=20.0)
    >>> for current in ("i_exc", "i_inh"):
    ...     recording = net.record(exc, current, sum=True, interval=1.0)
    >>> times, lfp = lfp_proxy(ns.simulate(net, 2000.0), "exc", start=200.0)
    >>> frequencies, power = power_spectrum(lfp, interval=1.0)
    >>> float(frequencies[power.argmax()])
    40.0
    """
    stop = end_of(result, start, stop)
    exc, inh = (
        trace_of(result, population, f"{name}_sum", name, options=", sum=True")
        for name in ("i_exc", "i_inh")
    )
    times = exc.times
    if len(times) < 2 or not np.array_equal(times, inh.times):
        raise NeurosimError(
            f"'i_exc' and 'i_inh' of {population!r} must have the same sampling interval and at "
            "least two samples: give both the same interval"
        )
    alpha = check_number(alpha, "alpha", "", 0.0, 1e6)
    shifts = [
        _samples(delay, name, float(times[0]))
        for delay, name in ((delay_exc, "delay_exc"), (delay_inh, "delay_inh"))
    ]
    shown = np.flatnonzero(inside(times, start, stop, result.dt))
    shown = shown[shown >= max(shifts)]
    if not len(shown):
        raise NeurosimError(
            f"no samples from start = {start:g} ms to stop = {stop:g} ms are preceded by "
            f"{max(delay_exc, delay_inh):g} ms of currents: give a later stop"
        )
    excitation, inhibition = (
        trace.values.sum(axis=1)[shown - shift]
        for trace, shift in zip((exc, inh), shifts, strict=True)
    )
    return times[shown], excitation - alpha * inhibition


def _samples(delay: float, name: str, interval: float) -> int:
    """Return a delay (ms) as a number of samples."""
    delay = check_number(delay, name, "ms", 0.0, 1e6)
    n = round(delay / interval)
    if abs(n * interval - delay) > tolerance(interval, delay):
        raise NeurosimError(
            f"{name} = {delay:g} ms is not a multiple of the sampling interval of {interval:g} ms: "
            "record with another interval, such as 1 ms"
        )
    return n
