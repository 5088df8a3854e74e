"""Draw the figure of the README: python docs/overview.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import neurosim as ns
from bridge import LogisticNeuron
from neurosim import plot
from neurosim.scenario import RunOptions, find_scenario

TARGET = Path(__file__).parent / "images" / "overview.png"


def neuron() -> ns.Result:
    """Return a neuron with three synapses whose summed input reaches the threshold once."""
    net = ns.Network()
    cell = net.add("neuron", 1, ns.LIF())
    net.drive(cell, ns.SpikeTimes([10.0, 50.0, 95.0]), psp=10.0)
    net.drive(cell, ns.SpikeTimes([10.0, 50.0, 95.0]), psp=3.0)
    net.drive(cell, ns.SpikeTimes([50.0, 95.0]), psp=3.0)
    net.drive(cell, ns.SpikeTimes([10.0, 93.0]), psp=-6.0)
    for variable in ("v", "input_exc", "input_inh"):
        net.record(cell, variable)
    return ns.simulate(net, 140.0)


def balanced() -> ns.Result:
    """Return the asynchronous irregular activity of a balanced network."""
    scenario = find_scenario("balanced-network")
    return ns.simulate(scenario.network(scenario.settings(), RunOptions(350.0)), 350.0)


def trials(repeats: int = 300) -> tuple[np.ndarray, np.ndarray, LogisticNeuron]:
    """Return potentials, fractions of trials with a spike, and the fitted logistic neuron."""
    potential = np.repeat(np.arange(5.0, 25.1, 1.0), repeats)
    net = ns.Network()
    cells = net.add("trials", len(potential), ns.LIF(), v_init=ns.Normal(-70.0, 3.0))
    net.drive(cells, ns.SpikeTimes([0.1]), psp=potential)
    fired = ns.simulate(net, 1.0).spikes["trials"].counts() > 0
    trained = LogisticNeuron().fit(potential[:, np.newaxis], fired)
    return potential[::repeats], fired.reshape(-1, repeats).mean(axis=1), trained


def main() -> None:
    """Draw the three panels."""
    fig = plot.figure(10.5, 3.3)
    left, middle, right = plot.panels(fig, 1, 3, width_ratios=(1.15, 1.1, 1.0))
    with plot.style():
        plot.draw_voltage(left, neuron(), "neuron", 0)
        for text in left.texts:
            text.remove()
        left.set_title("A neuron sums its inputs and fires")
        plot.draw_raster(middle, balanced(), start=200.0, stop=350.0, max_neurons=200)
        middle.set_title("12,500 neurons in balance")
        potential, fraction, trained = trials()
        line = np.linspace(5.0, 25.0, 200)
        curve = trained.predict_proba(line[:, np.newaxis])[:, 1]
        right.plot(line - 70.0, curve, color="0.6", lw=4, label="logistic neuron, fitted")
        right.plot(potential - 70.0, fraction, "o", color="black", ms=4, label="spiking neuron")
        right.plot([-55.0, -55.0], [0.0, 1.0], color="0.45", lw=0.9, ls="--", zorder=0)
        right.set(xlabel="summed potential (mV)", ylabel="firing probability")
        right.set_title("A logistic neuron describes it")
        right.legend(loc="upper left", frameon=False, fontsize=9, borderaxespad=0.0)
        right.set_ylim(-0.04, 1.25)
        right.set_yticks(np.arange(0.0, 1.1, 0.2))
    TARGET.parent.mkdir(exist_ok=True)
    fig.savefig(TARGET, dpi=130)


if __name__ == "__main__":
    main()
