"""The action potential made by sodium and potassium channels, beside the one that is painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import neurosim as ns
from scenarios._kit.common import signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

SQUID = ns.HodgkinHuxley()
SHOWN = (3.0, 12.0)
"""What is drawn before the peak of a spike and after it (ms)."""


@dataclass(frozen=True, eq=False)
class Channels:
    """What the channels of one neuron did.

    Attributes
    ----------
    times : (n_times,) ndarray
        ms.
    v : (n_times,) ndarray
        mV.
    gates : (3, n_times) ndarray
        m, h, n.
    """

    times: NDArray[np.float64]
    v: NDArray[np.float64]
    gates: NDArray[np.float64]

    @classmethod
    def of(cls, result: ns.Result, neuron: int) -> Channels:
        """Return what the channels of a neuron did, as its potential tells."""
        trace = result.traces["channels", "v"]
        v = trace.of(neuron)
        return cls(trace.times, v, SQUID.gates(v, result.dt))

    @property
    def conductances(self) -> NDArray[np.float64]:
        """Of sodium and of potassium channels (µS), shape (2, n_times)."""
        m, h, n = self.gates
        return 1e-3 * np.array([SQUID.g_na * m**3 * h, SQUID.g_k * n**4])

    @property
    def charges_out(self) -> NDArray[np.float64]:
        """Charge (pC) that sodium and potassium have carried out of the neuron, shape (2,)."""
        driving = self.v - np.array([[SQUID.e_na], [SQUID.e_k]])
        return (self.conductances * driving).sum(axis=1) * (self.times[1] - self.times[0])


def channel_findings(result: ns.Result, pushes: NDArray[np.float64]) -> dict[str, object]:
    """Measure who fired, how high, and what flowed in the spike after the weakest push."""
    trace, fired = result.traces["channels", "v"], result.spikes["channels"].counts() > 0
    peaks = trace.values.max(axis=0)
    found: dict[str, object] = {
        "channels_rest_mv": SQUID.v_rest,
        "channels_fired": fired,
        "channels_peaks_mv": peaks,
        "channels_spread_of_peaks_mv": np.ptp(peaks[fired]) if fired.any() else None,
        "channels_highest_silent_mv": peaks[~fired].max(initial=SQUID.v_rest),
    }
    if fired.any():
        weakest = int(np.flatnonzero(fired)[pushes[fired].argmin()])
        channels = Channels.of(result, weakest)
        sodium, potassium = channels.charges_out
        open_most = channels.times[channels.conductances.argmax(axis=1)]
        found |= {
            "sodium_in_pc": -sodium,
            "potassium_out_pc": potassium,
            "potassium_after_sodium_ms": open_most[1] - open_most[0],
        }
    return found


def draw_channels(result: ns.Result, pushes: NDArray[np.float64]) -> Figure:
    """Draw potentials of both neurons, gates and conductances of the one with channels."""
    from neurosim import plot

    fired = result.spikes["channels"].counts() > 0
    order = np.argsort(pushes, kind="stable")
    shown = int(next((k for k in order if fired[k]), order[-1]))
    channels = Channels.of(result, shown)
    centre = channels.times[channels.v.argmax()]
    fig = plot.figure(7.4, 7.2)
    above, gates, open_ = plot.panels(fig, 3, 1, sharex=True, height_ratios=(1.5, 1, 1))
    with plot.style():
        _draw_potentials(above, result, pushes, shown)
        for gate, colour, words in zip(
            channels.gates,
            (plot.EXCITATORY, plot.PALETTE[2], plot.INHIBITORY),
            ("m, opens sodium channels", "h, closes them again", "n, opens potassium channels"),
            strict=True,
        ):
            gates.plot(channels.times, gate, color=colour, label=words)
        gates.set(ylabel="gates (share open)", ylim=(-0.03, 1.03))
        gates.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        for conductance, colour, words in zip(
            channels.conductances,
            (plot.EXCITATORY, plot.INHIBITORY),
            ("sodium flows in", "potassium flows out"),
            strict=True,
        ):
            open_.plot(channels.times, conductance, color=colour, label=words)
        open_.set(ylabel="conductance (µS)", xlabel="time (ms)")
        open_.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        open_.set_xlim(max(centre - SHOWN[0], 0.0), min(centre + SHOWN[1], result.duration))
        fig.align_ylabels()
    return fig


def _draw_potentials(
    axes: Axes, result: ns.Result, pushes: NDArray[np.float64], shown: int
) -> None:
    """Draw the potential of one push in both neurons, and of the others as thin lines."""
    trace = result.traces["channels", "v"]
    axes.plot(trace.times, trace.values, color="0.75", lw=0.8)
    axes.plot([], [], color="0.75", lw=0.8, label="ion channels, other pushes")
    words = f"ion channels,\npushed by {signed(pushes[shown])} mV"
    axes.plot(trace.times, trace.of(shown), color="black", label=words)
    strong = int(pushes.argmax())
    spike = result.traces["neuron", "v"]
    label = f"integrate-and-fire,\npushed by {signed(pushes[strong])} mV"
    axes.plot(spike.times, spike.with_spikes(strong), color="#009E73", ls="--", label=label)
    axes.set_ylabel("membrane potential (mV)")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
