"""
2. A first network
==================

A thousand neurons excite and inhibit each other. This lesson adds the synapses step by
step: without synapses, with excitation, and with inhibition. The last network is
*balanced*: it fires irregularly at a low rate, as neurons in the cortex do.
"""

# %%
# Neurons without synapses
# ------------------------
#
# A population is a group of neurons of the same type. Each neuron receives independent
# random spikes: a Poisson process with a total rate of 1500 Hz, as from 300 neurons
# that fire at 5 Hz. The synapses are currents that decay within 2 ms, with a peak of
# the postsynaptic potential of 0.4 mV.

import numpy as np

import neurosim as ns

FAST, SLOW = ns.ExpCurrent(2.0), ns.ExpCurrent(4.0)  # decay times in ms


def populations():
    """Return 800 excitatory and 200 inhibitory neurons with external input."""
    net = ns.Network()
    cell = ns.LIF(v_reset=-60.0, t_ref=2.0)
    exc = net.add("exc", 800, cell, v_init=ns.Uniform(-70.0, -55.0))
    inh = net.add("inh", 200, cell, v_init=ns.Uniform(-70.0, -55.0))
    for target in (exc, inh):
        net.drive(target, ns.Poisson(1500.0), synapse=FAST, psp=0.4)
    return net, exc, inh


net, exc, inh = populations()
result = ns.simulate(net, 1000.0)
print(result.summary(start=200.0))
ns.plot.raster(
    result,
    stop=500.0,
    bin_ms=5.0,
    title="External input alone: steady, independent firing",
)

# %%
# Every row is a neuron and every dot a spike. Neurons are independent, so the
# population rate is steady.
#
# Excitation
# ----------
#
# Now each neuron receives spikes from 80 excitatory neurons, drawn at random, which is
# 10 % of them. Their delays lie between 1 and 2 ms.

delay = ns.Uniform(1.0, 2.0)
for target in (exc, inh):
    net.connect(exc, target, ns.FixedInDegree(80), synapse=FAST, psp=0.4, delay=delay)
result = ns.simulate(net, 1000.0)
print(result.summary(start=200.0))
ns.plot.raster(result, stop=500.0, bin_ms=5.0, title="Excitation alone: rates explode")

# %%
# Excitation reinforces itself. All neurons fire almost as fast as their refractory
# period of 2 ms allows.
#
# Inhibition
# ----------
#
# Each neuron also receives spikes from 20 inhibitory neurons. There are four times
# fewer of them, but their synapses are seven times stronger. A negative psp makes a
# synapse inhibitory. A population has only one kind of synapse (Dale's law).

for target in (exc, inh):
    net.connect(inh, target, ns.FixedInDegree(20), synapse=SLOW, psp=-2.8, delay=delay)
net.record(exc, "v", ids=range(10))
for variable in ("i_exc", "i_inh"):
    net.record(exc, variable, ids=[0])
result = ns.simulate(net, 1000.0)
print(result.summary(start=200.0))
ns.plot.raster(
    result, stop=500.0, bin_ms=5.0, title="With inhibition: low rates, irregular spikes"
)

# %%
# The rate is now lower than without any synapses, and the CV of the intervals is near
# 1, the value of a random process.
#
# Inside one neuron
# -----------------
#
# The potential of a neuron fluctuates below the threshold and reaches it now and then.
# The synaptic currents show why: excitation and inhibition are both large.

ns.plot.voltage_trace(
    result,
    "exc",
    0,
    start=200.0,
    stop=600.0,
    currents=True,
    title="Fluctuations cause the spikes",
)

# %%

i_exc, i_inh = (
    result.traces["exc", name].values[2000:, 0].mean() for name in ("i_exc", "i_inh")
)
print(f"mean currents: {i_exc:.0f} + ({i_inh:.0f}) = {i_exc + i_inh:.0f} pA")

# %%
# Inhibition cancels two thirds of the excitation. The rest is less than the 187.5 pA
# that a neuron needs to fire (`lesson 1 <plot_1_first_neuron.html>`_). Without
# fluctuations the neuron would be silent.
#
# Neurons differ
# --------------
#
# All neurons have equally many synapses. Their rates differ because of chance in the
# wiring, and because 0.8 s contain few spikes.

ns.plot.rates_and_cv(
    result, start=200.0, title="Rates differ between neurons; most fire irregularly"
)

# %%
# Same seed, same spikes
# ----------------------
#
# All random numbers are determined by a seed. The same seed gives the same spikes, with
# any number of threads.

again = ns.simulate(net, 1000.0, seed=1, threads=1)
other = ns.simulate(net, 1000.0, seed=2)
print(
    "same seed:", np.array_equal(result.spikes["exc"].times, again.spikes["exc"].times)
)
print(
    "other seed:", np.array_equal(result.spikes["exc"].times, other.spikes["exc"].times)
)
print(other.summary(start=200.0))

# %%
# The spikes differ, the statistics do not. Conclusions should never depend on one seed:
# see `a parameter study <plot_6_parameter_study.html>`_.
#
# Exercises
# ---------
#
# 1. Halve the strength of the inhibition. What happens to rate and CV? Which ratio of
#    inhibition to excitation is needed to keep the rate below 20 Hz?
# 2. Set all delays to 1.5 ms. Is the population rate more or less steady?
# 3. Connect only half of the neurons: ``net.connect(exc[:400], ...)``. Compare the
#    halves with ``result.spikes["exc"].of(slice(0, 400))``.
#
# Next: `From a neuron to a logistic classifier <plot_3_logistic_classifier.html>`_. How
# to: `connect populations <../howto/connect.html>`_, `record and plot
# <../howto/record.html>`_. Reference: `Network <../generated/neurosim.Network.html>`_.
