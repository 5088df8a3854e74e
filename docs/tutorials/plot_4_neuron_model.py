"""
4. A new neuron model
=====================

Many neurons fire fast at first and then more slowly: they adapt. The built-in LIF
neuron does not. This lesson writes a neuron that does, checks it against an accurate
solution, and uses it like any other neuron.
"""

# %%
# The equations
# -------------
#
# A leaky integrate-and-fire neuron with an adaptation current w has two state
# variables:
#
# .. math::
#   C \frac{dv}{dt} = -g_l (v - e_l) - w + i, \qquad \tau_w \frac{dw}{dt} = -w.
#
# When v exceeds the threshold, v is reset and w grows by b. The current w opposes the
# input, so each spike makes the next one later.
#
# A model is one class. Each parameter has a default, a unit, a range and a description.
# Each state has a unit and an initial value. ``derivatives`` are the equations,
# ``spikes`` is the threshold, ``reset`` is the effect of a spike.

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import neurosim as ns


@dataclass(frozen=True, eq=False)
class Adapting(ns.NeuronModel):
    """Leaky integrate-and-fire neuron with an adaptation current."""

    c_m: float = ns.parameter(250.0, "pF", 1.0, 1e5, "membrane capacitance")
    g_l: float = ns.parameter(12.5, "nS", 0.0, 1e5, "leak conductance")
    e_l: float = ns.parameter(-70.0, "mV", -200.0, 200.0, "resting potential")
    v_threshold: float = ns.parameter(-55.0, "mV", -200.0, 200.0, "threshold")
    v_reset: float = ns.parameter(-65.0, "mV", -200.0, 200.0, "potential after a spike")
    tau_w: float = ns.parameter(100.0, "ms", 0.1, 1e5, "time constant of adaptation")
    b: float = ns.parameter(40.0, "pA", -1e5, 1e5, "adaptation by a spike")
    t_ref: float = ns.parameter(2.0, "ms", 0.0, 1e3, "refractory period")

    v: ClassVar = ns.state("mV", "e_l", "membrane potential")
    w: ClassVar = ns.state("pA", 0.0, "adaptation current")

    @staticmethod
    def derivatives(v, w, i, p):
        return (-p.g_l * (v - p.e_l) - w + i) / p.c_m, -w / p.tau_w

    @staticmethod
    def spikes(v_before, v, w, p):
        return v > p.v_threshold

    @staticmethod
    def reset(v, w, p):
        return p.v_reset, w + p.b


# %%
# First look
# ----------
#
# Numba compiles the class when it is first simulated, which takes a second or two.
# States are recorded by their names.


def respond(neuron, current=400.0, size=1):
    """Simulate a current (pA) from 50 to 450 ms."""
    net = ns.Network()
    cells = net.add("cells", size, neuron)
    net.drive(cells, ns.StepCurrent([50.0, 450.0], [current, 0.0]))
    net.record(cells, "v")
    net.record(cells, "w")
    return ns.simulate(net, 500.0)


def draw(result, title):
    """Draw the potential and the adaptation current of the first neuron."""
    figure = ns.plot.figure(7.0, 4.0)
    top, bottom = ns.plot.panels(figure, 2, 1, sharex=True, height_ratios=(2, 1))
    ns.plot.draw_voltage(top, result, "cells", 0)
    fired = result.spikes["cells"].of(0)
    top.plot(fired, np.full(len(fired), -48.0), "|", color="black", ms=10)
    top.set(xlabel="", title=title)
    w = result.traces["cells", "w"]
    bottom.plot(w.times, w.of(0), color=ns.plot.INHIBITORY)
    bottom.set(xlabel="time (ms)", ylabel="adaptation\ncurrent (pA)")
    return figure


result = respond(Adapting())
intervals = np.diff(result.spikes["cells"].times)
print("intervals between spikes (ms):", intervals.round(1))
draw(result, "Each spike adds 40 pA of adaptation and delays the next one")

# %%
# The first interval is short, later ones are longer, until growth and decay of the
# adaptation current balance.
#
# Is it right?
# ------------
#
# ``verify`` compares the model with a solution by SciPy that finds the spike times with
# high accuracy.

print(Adapting().verify(current=400.0, duration=250.0))

# %%
# A mistake is reported with the line before anything is compiled. Here, a derivative is
# missing:


@dataclass(frozen=True, eq=False)
class Wrong(Adapting):
    """The same model with an error."""

    @staticmethod
    def derivatives(v, w, i, p):
        return (-p.g_l * (v - p.e_l) - w + i) / p.c_m


try:
    respond(Wrong())
except ns.NeurosimError as error:
    print(str(error).split("/")[-1])

# %%
# Many different neurons
# ----------------------
#
# A parameter can be a number, a distribution, or an array with one value per neuron.
# Here 60 neurons have an adaptation from 0 to 118 pA per spike.

b = np.arange(0.0, 120.0, 2.0)
result = respond(Adapting(b=b), size=len(b))
trains = result.spikes["cells"]
intervals = [np.diff(times) for times in trains.by_neuron()]

figure = ns.plot.figure(7.0, 3.2)
left, right = ns.plot.panels(figure, 1, 2)
left.plot(trains.times, b[trains.ids], ".", color="black", ms=2.5)
left.set(
    xlabel="time (ms)",
    ylabel="adaptation by a spike b (pA)",
    title="More adaptation, fewer spikes",
)
right.plot(
    b, [1e3 / each[0] for each in intervals], color=ns.plot.PALETTE[2], label="first"
)
right.plot(
    b, [1e3 / each[-1] for each in intervals], color=ns.plot.PALETTE[1], label="last"
)
right.set(
    xlabel="adaptation by a spike b (pA)", ylabel="1 / interval (Hz)", ylim=(0, None)
)
right.set_title("The last interval grows most")
right.legend(frameon=False)
figure

# %%
# Exercises
# ---------
#
# 1. Give ``Adapting`` a negative b. What happens, and why?
# 2. Add subthreshold adaptation: :math:`\tau_w\,dw/dt = a\,(v - e_l) - w` with a new
#    parameter a (nS).
# 3. Replace ``ns.LIF`` in `lesson 2 <plot_2_first_network.html>`_ by ``Adapting``. How
#    do rate and CV change? The strength must then be given as ``weight`` in pA.
#
# Next: `Your own recording <plot_5_recorded_data.html>`_. How to: `custom neuron models
# <../howto/own_models.html>`_, `custom synapses and rules <../howto/own_parts.html>`_,
# `debug a model <../howto/debug.html>`_. Reference: `NeuronModel
# <../generated/neurosim.NeuronModel.html>`_.
