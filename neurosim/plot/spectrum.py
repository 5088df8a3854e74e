"""Power spectra, and the proxy of the local field potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.plot.style import NEUTRAL, add_legend, finished, new_figure, panels, style, time_axis
from neurosim.results.analysis import power_spectrum
from neurosim.results.field_potential import lfp_proxy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

    from neurosim.results import Result

SHOWN = 500.0
"""Length of the signal that is drawn (ms)."""


def draw_spectrum(
    axes: Axes,
    signal: ArrayLike,
    interval: float,
    *,
    window: float = 1000.0,
    unit: str = "pA",
    **line: Any,
) -> None:
    """Draw the power spectrum of a signal into axes, with logarithmic scales.

    Parameters
    ----------
    axes : Axes
    signal, interval, window
        As for `neurosim.analysis.power_spectrum`.
    unit : str
        Unit of the signal.
    **line
        Colour, label and other options of `Axes.plot`.

    Examples
    --------
    >>> import numpy as np
    >>> import neurosim as ns
    >>> [axes] = ns.plot.panels(ns.plot.figure(4.0, 3.0))
    >>> noise = np.random.default_rng(1).normal(size=5000)
    >>> ns.plot.draw_spectrum(axes, noise, interval=1.0, unit="mV")
    >>> axes.get_ylabel()
    'power (mV²/Hz)'
    """
    frequencies, power = power_spectrum(signal, interval, window=window)
    with style():
        axes.loglog(frequencies[1:], power[1:], **{"color": "black", "lw": 1.2} | line)
        axes.set(xlabel="frequency (Hz)", ylabel=f"power ({unit}²/Hz)")
        axes.set_xlim(frequencies[1], frequencies[-1])


def field_potential(
    result: Result,
    population: str,
    *,
    start: float = 0.0,
    stop: float | None = None,
    window: float = 250.0,
    title: str = "",
    **proxy: float,
) -> Figure:
    """Plot the proxy of the local field potential, and its power spectrum.

    The upper panel shows the last 500 ms, the spectrum is that of the whole window.

    Parameters
    ----------
    result : Result
        With "i_exc" and "i_inh" of the population, best recorded with ``sum=True``.
    population : str
        The pyramidal neurons.
    start, stop : float
        ms. Default: the whole run.
    window : float
        Length of the windows of the spectrum (ms).
    title : str
    **proxy
        Constants of `neurosim.analysis.lfp_proxy`.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import neurosim as ns
    >>> net = ns.Network()
    >>> exc = net.add("exc", 100, ns.LIF())
    >>> rhythm = ns.SinusoidalPoisson(500.0, amplitude=300.0, frequency=40.0)
    >>> drive = net.drive(exc, rhythm, synapse=ns.ExpCurrent(2.0), weight=20.0)
    >>> for current in ("i_exc", "i_inh"):
    ...     recording = net.record(exc, current, sum=True, interval=1.0)
    >>> result = ns.simulate(net, 2000.0)
    >>> figure = ns.plot.field_potential(result, "exc", title="Input of 40 Hz dominates the LFP")
    """
    times, lfp = lfp_proxy(result, population, start=start, stop=stop, **proxy)
    fig = new_figure(7.0, 5.0)
    over_time, spectrum = panels(fig, 2, 1)
    with style():
        over_time.plot(times, 1e-3 * (lfp - lfp.mean()), color="black", lw=0.8)
        over_time.axhline(0.0, color=NEUTRAL, lw=0.8)
        over_time.set_ylabel("LFP proxy − mean (nA)")
        time_axis(over_time, max(float(times[0]), float(times[-1]) - SHOWN), float(times[-1]))
        draw_spectrum(spectrum, 1e-3 * lfp, float(np.diff(times[:2])[0]), window=window, unit="nA")
    add_legend(fig, over_time, title)
    return finished(fig)
