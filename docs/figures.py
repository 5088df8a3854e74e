"""Draw figures of README and explanations, and write the README's notebook.

Run `python docs/figures.py` after a change. The figure at the top of the README is drawn by
`overview.py`.
"""

from __future__ import annotations

import json
import re
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

import neurosim as ns
from neurosim import plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOCS = Path(__file__).parent
IMAGES = DOCS / "images"
NOTEBOOK = DOCS / "quickstart.ipynb"
TEXTS = (
    "# A first network\n\nThe examples of the README. The folder `docs/tutorials` has lessons with "
    "more explanation. If neurosim is not installed, run `%pip install .` in its source tree.",
    "Spike times, firing rates and speed:",
    "## From a neuron to a logistic unit\n\nA logistic classifier trained on spikes recovers the "
    "synaptic strengths in millivolts.",
)
"""Markdown above each example in the notebook."""


def examples() -> list[str]:
    """Return the Python examples of the README."""
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def write_notebook() -> None:
    """Write a notebook with the examples of the README, without outputs."""
    cells: list[dict] = []
    for text, code in zip(TEXTS, examples(), strict=True):
        for kind, source in (("markdown", text), ("code", code.rstrip("\n"))):
            lines = source.splitlines(keepends=True)
            cell = {"cell_type": kind, "id": f"{kind}-{len(cells)}", "metadata": {}}
            empty = {"execution_count": None, "outputs": []} if kind == "code" else {}
            cells.append(cell | empty | {"source": lines})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    NOTEBOOK.write_text(text + "\n", encoding="utf-8")


def network() -> Figure:
    """Return the figure that the first example of the README draws."""
    example = examples()[0]
    names: dict = {}
    with TemporaryDirectory() as folder, chdir(folder):  # the example saves its figure
        exec(example, names)
    return names["figure"]


def potential(spikes: list[tuple[float, float]], synapse: ns.Synapse, stop: float) -> ns.Trace:
    """Return the potential of a neuron that receives spikes: pairs of time (ms) and psp (mV)."""
    net = ns.Network()
    cell = net.add("cell", 1, ns.LIF())
    for time, psp in spikes:
        net.drive(cell, ns.SpikeTimes([time]), synapse=synapse, psp=psp)
    net.record(cell, "v")
    return ns.simulate(net, stop).traces["cell", "v"]


def psp() -> Figure:
    """Return potentials of three types of synapse with the same psp."""
    figure = plot.figure(6.5, 3.2)
    (axes,) = plot.panels(figure)
    synapses = {
        "DeltaSynapse()": ns.DeltaSynapse(),
        "ExpCurrent(5.0)": ns.ExpCurrent(5.0),
        "AlphaCurrent(5.0)": ns.AlphaCurrent(5.0),
    }
    for (name, synapse), colour in zip(synapses.items(), plot.PALETTE, strict=False):
        trace = potential([(10.0, 0.5)], synapse, 80.0)
        axes.plot(trace.times, trace.values[:, 0], color=colour, label=name)
        peak = trace.values.argmax()
        axes.plot(trace.times[peak], trace.values[peak, 0], "o", ms=4, color=colour)
    axes.axhline(-69.5, color="0.5", lw=0.9, ls="--", zorder=0)
    axes.set(xlabel="time (ms)", ylabel="membrane potential (mV)", xlim=(0.0, 80.0))
    axes.set_title("psp=0.5: the same peak for every type of synapse")
    axes.legend(frameon=False)
    return figure


def inhibition() -> Figure:
    """Return the effect of inhibition before and after excitation that exceeds the threshold."""
    figure = plot.figure(7.0, 3.0)
    for axes, (time, title) in zip(
        plot.panels(figure, 1, 2, sharey=True),
        ((19.0, "Inhibition 1 ms before: no spike"), (21.0, "1 ms after: too late")),
        strict=True,
    ):
        trace = potential([(20.0, 16.0), (time, -6.0)], ns.DeltaSynapse(), 60.0)
        axes.plot(trace.times, trace.with_spikes(0), color="black")
        axes.axhline(-55.0, color="0.5", lw=0.9, ls="--", zorder=0)
        for when, colour, words in (
            (20.0, plot.EXCITATORY, "excitation 16 mV"),
            (time, plot.INHIBITORY, "inhibition 6 mV"),
        ):
            axes.plot([when], [-84.0], "^", color=colour, ms=7, label=words)
        axes.set(xlabel="time (ms)", xlim=(10.0, 40.0), ylim=(-90.0, 35.0), title=title)
        axes.set_yticks(np.arange(-80.0, 31.0, 20.0))
    axes.legend(frameon=False, loc="upper right")
    axes.annotate("threshold", (40.0, -55.0), (-2, 3), textcoords="offset points", ha="right")
    figure.axes[0].set_ylabel("membrane potential (mV)")
    return figure


def inputs() -> Figure:
    """Return inputs over time: currents, and spikes to ten neurons."""
    currents = {
        "SinusoidalCurrent": ns.SinusoidalCurrent(100.0, 20.0),
        "RampCurrent": ns.RampCurrent([20.0, 160.0], [-100.0, 100.0]),
        "WhiteNoiseCurrent": ns.WhiteNoiseCurrent(60.0, interval=1.0),
        "OrnsteinUhlenbeckCurrent": ns.OrnsteinUhlenbeckCurrent(60.0, tau=10.0),
    }
    spikes = {
        "SinusoidalPoisson": ns.SinusoidalPoisson(60.0, 60.0, 20.0),
        "GammaProcess": ns.GammaProcess(60.0, shape=20.0),
        "CorrelatedPoisson": ns.CorrelatedPoisson(60.0, 0.6, tau=1.0),
        "PulsePacket": ns.PulsePacket([60.0, 140.0], activity=6, sigma=5.0),
    }
    net = ns.Network()
    cells = net.add("cells", 10, ns.LIF())
    figure = plot.figure(7.0, 5.0)
    for name, source in currents.items():
        net.record(net.drive(cells, source, name=name), "current", ids=[0])
    for name, source in spikes.items():
        net.record(net.drive(cells, source, psp=1.0, name=name), "spikes")
    recorded = ns.simulate(net, 200.0).inputs
    panels = plot.panels(figure, 4, 2, sharex=True)
    for axes, name in zip(panels[::2], currents, strict=True):
        axes.plot(recorded[name].times, recorded[name].values, color=plot.PALETTE[0], lw=0.9)
        axes.set(title=name, ylim=(-200.0, 200.0))
    for axes, name in zip(panels[1::2], spikes, strict=True):
        axes.plot(recorded[name].times, recorded[name].ids, "|", color="black", ms=4)
        axes.set(title=name, ylim=(-0.8, 9.8), yticks=[0, 9])
    panels[4].set_ylabel("current (pA)")
    panels[5].set_ylabel("target")
    for axes in panels[-2:]:
        axes.set(xlabel="time (ms)", xlim=(0.0, 200.0))
    return figure


def convergence() -> Figure:
    """Return the error of methods over the number of evaluations of the equations."""
    figure = plot.figure(6.5, 3.2)
    (axes,) = plot.panels(figure)

    def final(**options: Any) -> float:
        net = ns.Network()
        cell = net.add("cell", 1, ns.AdEx(**options))
        net.drive(cell, ns.ConstantCurrent(450.0))
        net.record(cell, "v")
        return float(ns.simulate(net, 30.0, dt=1.0).traces["cell", "v"].of(0)[-1])

    exact, steps = final(method="adaptive", tolerance=1e-13), np.array([1, 2, 4, 8, 16])
    # Exponential Euler evaluates the equations once more for each of the two states.
    for method, evaluations in (("rk4", 4), ("exponential_euler", 3), ("euler", 1)):
        errors = [abs(final(method=method, substep=1.0 / n) - exact) for n in steps]
        axes.loglog(steps * evaluations, errors, "o-", ms=4, label=f'method="{method}"')
    axes.set(xlabel="evaluations of the equations per ms", ylabel="error of the potential (mV)")
    axes.set_xticks([1, 3, 6, 12, 24, 48], ["1", "3", "6", "12", "24", "48"])
    axes.minorticks_off()
    axes.set_title("Ten times the steps: 10,000 or 10 times less error")
    axes.legend(frameon=False)
    return figure


def main() -> None:
    """Write the notebook and draw all figures."""
    write_notebook()
    for draw in (network, psp, inhibition, inputs, convergence):
        draw().savefig(IMAGES / f"{draw.__name__}.png", dpi=130)


if __name__ == "__main__":
    main()
