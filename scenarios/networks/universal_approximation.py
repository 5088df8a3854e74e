"""Two threshold units and a sum make a square pulse; many pulses make any function."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import bridge
import neurosim as ns
from bridge.spiking import NeuronGroup
from neurosim.scenario import Scenario
from scenarios._kit.trials import DERIVED, SPIKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from neurosim.scenario import RunOptions

STEEPEST = 2.0 * np.pi
"""Greatest slope of the function."""
N_POINTS = 401
POINTS = (np.arange(N_POINTS) + 0.5) / N_POINTS
"""Values of x at which the networks are asked, 0 to 1; none is the edge of a pulse."""
PULSES = (4, 8, 16, 32, 64)


def function(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the function to approximate (mV); its slope is at most `STEEPEST`."""
    return 1.2 + 0.5 * np.sin(2.0 * np.pi * x) + 0.25 * np.sin(4.0 * np.pi * x)


@dataclass(frozen=True)
class Settings:
    """What can be changed."""

    error: float = field(
        default=0.1, metadata={"help": "error that the approximation must not exceed"}
    )

    def __post_init__(self) -> None:
        if not 0.02 <= self.error <= 1.0:
            raise ns.NeurosimError(f"error = {self.error:g} is outside 0.02 to 1")

    @property
    def enough(self) -> int:
        """Number of pulses that keep to the error: half a pulse's width times the slope does."""
        return int(np.ceil(STEEPEST / (2.0 * self.error)))


def pulses(edges: NDArray[np.float64], heights: NDArray[np.float64]) -> bridge.LayeredNetwork:
    """Return threshold units and a sum that make square pulses side by side.

    Pulse k has a unit that fires beyond its left edge and adds the height, and one that fires
    beyond its right edge and takes it away again.

    Parameters
    ----------
    edges : (n + 1,) ndarray
    heights : (n,) ndarray
    """
    starts = np.column_stack([edges[:-1], edges[1:]]).ravel()
    units = bridge.Layer.partial(np.ones((len(starts), 1)), -starts, "step")
    signs = np.column_stack([heights, -heights]).reshape(1, -1)
    return bridge.LayeredNetwork((units, bridge.Layer.partial(signs, None, "linear")))


def approximation(n: int) -> bridge.LayeredNetwork:
    """Return n pulses of equal width, each as high as the function in its middle."""
    edges = np.linspace(0.0, 1.0, n + 1)
    return pulses(edges, function(0.5 * (edges[:-1] + edges[1:])))


def networks(settings: Settings) -> dict[str, NeuronGroup]:
    """Return one pulse, and the approximations by number of pulses, as spiking networks."""
    made = {"pulse": pulses(np.array([0.35, 0.65]), np.array([1.0]))}
    made |= {f"{n} pulses": approximation(n) for n in sorted({*PULSES, settings.enough})}
    return {name: NeuronGroup(own, name=f"{name}, ") for name, own in made.items()}


def network(settings: Settings, options: RunOptions) -> ns.Network:
    """Describe all networks as spiking neurons, each x with neurons of its own."""
    if options.duration < 2.0 * options.dt:
        raise ns.NeurosimError(
            f"duration = {options.duration:g} ms is one step of {options.dt:g} ms: the sum comes a "
            "step after the spikes"
        )
    net = ns.Network(dale=False)
    for spiking in networks(settings).values():
        spiking.add_to(net, POINTS[:, np.newaxis], dt=options.dt)
    return net


def errors_of(outputs: dict[str, NDArray[np.float64]]) -> dict[int, float]:
    """Return the largest error of each approximation, by number of pulses."""
    return {
        int(name.split()[0]): float(np.abs(output - function(POINTS)).max())
        for name, output in outputs.items()
        if name != "pulse"
    }


def spiking_outputs(result: ns.Result, settings: Settings) -> dict[str, NDArray[np.float64]]:
    """Return the sums that the spiking networks come to (mV), by name; shape (401,)."""
    return {name: own.outputs_in(result)[-1][:, 0] for name, own in networks(settings).items()}


def decay(errors: dict[int, float]) -> float:
    """Return the power of n as which the error falls."""
    n, error = np.log(np.array([(n, errors[n]) for n in PULSES])).T
    return float(np.polyfit(n, error, 1)[0])


def findings(result: ns.Result, settings: Settings) -> dict[str, object]:
    """Measure the error of the spiking sums by number of pulses."""
    outputs = spiking_outputs(result, settings)
    errors = errors_of(outputs)
    return {
        "pulse_heights": sorted(set(np.round(outputs["pulse"], 9))),
        "pulses": list(errors),
        "units": [2 * n for n in errors],
        "largest_errors": list(errors.values()),
        "bounds": [STEEPEST / (2.0 * n) for n in errors],
        "error_falls_as_power": decay(errors),
        "pulses_enough": settings.enough,
        "error_of_enough": errors[settings.enough],
    }


def figures(result: ns.Result, settings: Settings) -> dict[str, Figure]:
    """Draw how two units make one pulse, and the sums of more and more of them."""
    from neurosim import plot

    outputs, parts = spiking_outputs(result, settings), networks(settings)
    hidden = parts["pulse"].outputs_in(result)[0]
    fig = plot.figure(10.4, 5.6)
    grid = plot.panels(fig, 2, 3, sharex=True)
    with plot.style():
        for k, (sign, colour) in enumerate(((1.0, plot.EXCITATORY), (-1.0, plot.INHIBITORY))):
            words = ("adds 1 mV", "takes 1 mV away")[k]
            grid[0].plot(POINTS, sign * hidden[:, k], color=colour, lw=2, label=words)
        grid[0].legend(loc="lower left")
        grid[0].set(
            title="spikes of two units", ylabel="spikes times weight (mV)", ylim=(-1.3, 1.3)
        )
        grid[1].plot(POINTS, outputs["pulse"], color=SPIKING, lw=2)
        grid[1].set(title="their sum is a pulse", ylabel="potential above rest (mV)")
        for axes, n in zip(grid[2:], (4, 8, 16, settings.enough), strict=True):
            _draw_sum(axes, outputs[f"{n} pulses"])
            axes.set_title(f"{n} pulses, {2 * n} units")
        grid[3].set_ylabel("potential above rest (mV)")
        for axes in grid[3:]:
            axes.set_xlabel("x (mV)")
        handles = grid[2].get_legend_handles_labels()
        fig.legend(*handles, loc="outside lower center", ncols=2)
    return {"pulses": fig}


def _draw_sum(axes: Axes, output: NDArray[np.float64]) -> None:
    axes.plot(POINTS, function(POINTS), color=DERIVED, lw=4, label="function")
    axes.plot(POINTS, output, color=SPIKING, lw=1.3, label="potential of the summing neuron")
    axes.set_ylim(0.0, 2.1)


def compare(result: ns.Result, settings: Settings) -> bridge.Comparison:
    """Set the spiking sums beside those of threshold units, and both beside the function."""
    outputs = spiking_outputs(result, settings)
    abstract = {
        name: own.network(POINTS[:, np.newaxis])[:, 0] for name, own in networks(settings).items()
    }
    off = max(float(np.abs(outputs[name] - abstract[name]).max()) for name in abstract)
    same = bridge.agreement(
        np.concatenate([np.abs(outputs[name] - abstract[name]) < 1e-6 for name in abstract]),
        np.ones(len(abstract) * N_POINTS, dtype=bool),
    )
    errors = errors_of(outputs)
    measures = {
        "agreement": bridge.Measure(
            same.value, "", same.low, same.high, "sums equal to 1e-6 mV, of all x and networks"
        ),
        "largest_difference": bridge.Measure(off, "mV", note="spiking and abstract sums"),
        "error_falls_as_power": bridge.Measure(decay(errors), note="of the number of pulses"),
    }
    for n, error in errors.items():
        note = f"at most {STEEPEST / (2 * n):.3g}, as the slope is at most 2π"
        measures[f"error_{n}_pulses"] = bridge.Measure(error, "mV", note=note)
    wanted = bridge.Measure(settings.enough, note=f"pulses that keep to {settings.error:g} mV")
    return bridge.Comparison(
        title="Universal approximation by pulses: threshold units and spiking neurons",
        measures=measures | {"pulses_enough": wanted},
        drawings={"error": partial(_draw_error, errors, errors_of(abstract), settings)},
    )


def _draw_error(
    spiking: dict[int, float], abstract: dict[int, float], settings: Settings
) -> Figure:
    """Draw the largest error against the number of pulses."""
    from neurosim import plot

    fig = plot.figure(6.2, 4.2)
    (axes,) = plot.panels(fig)
    n = np.array(list(spiking))
    with plot.style():
        axes.loglog(n, STEEPEST / (2.0 * n), color="black", lw=1, ls="--", label="bound 2π/2n")
        axes.loglog(n, list(abstract.values()), color=DERIVED, lw=4, label="threshold units")
        axes.loglog(n, list(spiking.values()), "D", color=SPIKING, ms=5, label="spiking neurons")
        axes.axhline(settings.error, color="0.45", lw=0.9, ls=":")
        axes.annotate(
            f"error asked for: {settings.error:g} mV", (n[0], settings.error), (0, 3),
            textcoords="offset points", fontsize=9, color="0.35",
        )  # fmt: skip
        axes.set(xlabel="pulses n (two neurons each)", ylabel="largest error (mV)")
        axes.set_xticks(n, [str(k) for k in n])
        ticks = (0.05, 0.1, 0.2, 0.5, 1.0)
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.legend(loc="upper right")
    return fig


scenario = Scenario(
    name="universal-approximation",
    title="Universal approximation: two threshold units make a pulse, many pulses any function",
    row="S6",
    source="L0 L1",
    group="Networks",
    description=(
        "A threshold unit that fires if x is beyond 0.35 and adds 1, and one that fires beyond "
        "0.65 and takes it away again: their sum is a square pulse. n pulses side by side, each as "
        "high as a function in its middle, are nowhere further from it than half a pulse's width "
        "times its greatest slope: the error falls as 1/n, and to any error there is an n that "
        "keeps to it. In spikes x is a volley of x mV, each unit a neuron without noise, and "
        "the sum the potential of a neuron that only listens, which "
        "rises by so many mV as the function says."
    ),
    settings=Settings,
    duration=10.0,
    dt=5.0,
    network=network,
    findings=findings,
    figures=figures,
    compare=compare,
)
