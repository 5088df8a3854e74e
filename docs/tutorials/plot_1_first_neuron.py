"""
1. A first neuron
=================

A neuron receives spikes, sums the potentials that they cause, and fires when the sum
exceeds a threshold. This lesson simulates one leaky integrate-and-fire neuron and
answers three questions: which inputs fire it, how fast does it fire, and how does noise
change this?
"""

# %%
# One input
# ---------
#
# A network is described first and simulated afterwards. Here it is a single neuron that
# receives one spike at 10 ms. ``psp=10.0`` means that the postsynaptic potential has a
# peak of 10 mV.

import numpy as np

import neurosim as ns


def neuron_with(inputs):
    """Simulate a neuron that receives spikes: pairs of time (ms) and psp (mV)."""
    net = ns.Network()
    cell = net.add("neuron", 1, ns.LIF())
    for time, psp in inputs:
        net.drive(cell, ns.SpikeTimes([time]), psp=psp)
    for variable in ("v", "input_exc", "input_inh"):
        net.record(cell, variable)
    return ns.simulate(net, duration=100.0)


result = neuron_with([(10.0, 10.0)])
ns.plot.voltage_trace(
    result, "neuron", title="One input of 10 mV does not reach the threshold"
)

# %%
# The potential jumps from the resting potential, −70 mV, to −60 mV and decays. After
# one membrane time constant, 20 ms, a fraction 1/e of the 10 mV is left:

v = result.traces["neuron", "v"]
for time in (10.0, 30.0):
    print(f"at {time:.0f} ms: {v.values[v.times == time, 0][0]:.2f} mV")

# %%
# Three inputs
# ------------
#
# Potentials add up. Three inputs of 10, 3 and 3 mV that arrive together depolarise the
# neuron by 16 mV. The threshold, −55 mV, is 15 mV above rest, so the neuron fires.

result = neuron_with([(20.0, 10.0), (20.0, 3.0), (20.0, 3.0)])
print("spike times (ms):", result.spikes["neuron"].times)
ns.plot.voltage_trace(
    result, "neuron", title="10 + 3 + 3 mV exceed the threshold: the neuron fires"
)

# %%
# The action potential has the same height whatever the input was. For 5 ms after it,
# the refractory period, the potential is held at −70 mV.
#
# An inhibitory input has a negative psp. Inhibition of 6 mV that arrives at the same
# time prevents the spike: 16 − 6 = 10 mV.

result = neuron_with([(20.0, 10.0), (20.0, 3.0), (20.0, 3.0), (20.0, -6.0)])
print("spike times (ms):", result.spikes["neuron"].times)
ns.plot.voltage_trace(result, "neuron", title="Inhibition of 6 mV prevents the spike")

# %%
# How fast does it fire?
# ----------------------
#
# A constant current I moves the potential towards rest + R·I, where the resistance R =
# τ/C = 20 ms / 250 pF = 0.08 GΩ. The neuron fires if R·I exceeds 15 mV, that is, above
# 187.5 pA. A population of 101 neurons, each with a different current, gives the whole
# curve in one run.

currents = np.linspace(0.0, 1000.0, 101)  # pA
net = ns.Network()
cells = net.add("cells", len(currents), ns.LIF())
net.drive(cells, ns.ConstantCurrent(currents))
steady = ns.simulate(net, 2000.0)
rate = ns.analysis.rates(steady.spikes["cells"], 500.0, 2000.0)
print(f"silent up to {currents[rate == 0].max():.0f} pA, {rate[-1]:.0f} Hz at 1000 pA")

# %%
# Add noise to the membrane and repeat. The standard deviation of the potential without
# threshold is 3 mV.

net.drive(cells, ns.MembraneNoise(3.0))
noisy = ns.simulate(net, 2000.0)
noisy_rate = ns.analysis.rates(noisy.spikes["cells"], 500.0, 2000.0)

figure = ns.plot.figure(6.5, 3.6)
(axes,) = ns.plot.panels(figure)
axes.plot(currents, rate, color="black", label="without noise")
axes.plot(
    currents,
    noisy_rate,
    "o",
    ms=4,
    color=ns.plot.PALETTE[1],
    label="with noise of 3 mV",
)
axes.axvline(187.5, color="0.5", lw=0.9, ls="--")
axes.annotate(
    "187.5 pA", (187.5, 90.0), xytext=(4, 0), textcoords="offset points", color="0.35"
)
axes.set(
    xlabel="input current (pA)",
    ylabel="firing rate (Hz)",
    xlim=(0, 1000),
    ylim=(0, 115),
)
axes.set_title("Noise lets a neuron fire below its threshold current")
axes.legend(loc="lower right", frameon=False)
figure

# %%
# Without noise nothing happens below 187.5 pA. With noise the curve is smooth, because
# fluctuations reach the threshold now and then. Spikes caused by fluctuations are
# irregular. The coefficient of variation (CV) of the intervals between spikes is 0 for
# a clock and 1 for a Poisson process:

cv = ns.analysis.cv_isi(noisy.spikes["cells"], start=500.0)
for current in (150.0, 200.0, 600.0):
    index = int(np.flatnonzero(currents == current)[0])
    print(f"{current:.0f} pA: {noisy_rate[index]:4.1f} Hz, CV {cv[index]:.2f}")

# %%
# Exercises
# ---------
#
# 1. Move the inhibitory input from 20 ms to 21 ms. Does it still prevent the spike? Why
#    not?
# 2. Two inputs of 10 mV arrive at different times. How far apart may they be so that
#    the neuron fires? Compare with the formula τ·ln(10/5).
# 3. Draw the rates for ``ns.LIF(t_ref=2.0)``. Which limit does the refractory period
#    set?
#
# Next: `A first network <plot_2_first_network.html>`_. Reference: `LIF
# <../generated/neurosim.LIF.html>`_, `voltage_trace
# <../generated/neurosim.plot.voltage_trace.html>`_, `inputs <../howto/drive.html>`_.
