"""
5. Your own recording
=====================

This lesson goes from a file of recorded spikes to a model of the population, tests the
model on time that it has not seen, finds out who is connected to whom, and turns the
model back into a network. The recording is simulated here, so that the true connections
are known. At the end you replace it by a file of yours.
"""

# %%
# A recording
# -----------
#
# Twenty neurons, 16 excitatory and 4 inhibitory, fire irregularly for four minutes.
# Excitatory synapses have a psp of 2 mV, inhibitory ones −4 mV, with delays of 1 to
# 3 ms. The spikes are written to a CSV file with one spike per row.

import tempfile
import warnings
from pathlib import Path

import numpy as np

import bridge
import neurosim as ns
from bridge.recordings import RaisedCosines, raster_plot

DURATION = 240_000.0  # ms
rng = np.random.default_rng(3)
strengths = np.repeat([2.0, -4.0], [16, 4])  # mV
truth = np.where(rng.random((20, 20)) < 0.2, strengths[:, np.newaxis], 0.0)
np.fill_diagonal(truth, 0.0)
pre, post = np.nonzero(truth)

net = ns.Network(dale=False)  # the population contains neurons of both signs
cells = net.add("units", 20, ns.LIF())
net.connect(
    cells,
    cells,
    ns.Explicit(pre, post),
    synapse=ns.ExpCurrent(3.0),
    psp=truth[pre, post],
    delay=ns.Uniform(1.0, 3.0),
)
net.drive(cells, ns.ConstantCurrent(120.0))
net.drive(cells, ns.MembraneNoise(3.0))
path = Path(tempfile.mkdtemp()) / "recording.csv"
ns.save_csv(ns.simulate(net, DURATION), path)
print("\n".join(path.read_text().splitlines()[:3]))

# %%
# Read and look
# -------------
#
# ``load_spikes`` reads text, NWB, SONATA, NumPy, Kilosort and all formats of Neo. It
# returns a result like that of a simulation. For other files, change the first line:
#
# .. code-block:: python
#
#     recording = ns.load_spikes("session.nwb")  # units, names and observed intervals
#     recording = ns.load_spikes("spikes.txt", unit="s", duration=240_000.0)
#     recording = ns.load_spikes("sorted/")  # a folder of Kilosort or phy
#     recording = block.segments[0].spiketrains  # Neo objects in memory
#
# Look before you fit: rates, silent neurons, drifts, gaps.

recording = ns.load_spikes(path, duration=DURATION)
trains = recording.spikes["units"]
rates = ns.analysis.rates(trains, 0.0, DURATION)
print(f"{len(trains)} spikes, {rates.min():.1f} to {rates.max():.1f} Hz")
ns.plot.raster(
    recording, stop=2000.0, bin_ms=100.0, title="The first two seconds of the recording"
)

# %%
# Fit
# ---
#
# In each millisecond, a neuron fires with a probability that depends on the recent
# spikes of all neurons, its own included. ``PopulationGLM`` fits these dependences, the
# filters, as sums of basis functions. ``RaisedCosines(6, 50.0)`` are six bumps, narrow
# just after a spike and wide at the end of 50 ms. The last minute is kept for a test.

TRAINED = [[0.0, 180_000.0]]
TESTED = [[180_000.0, DURATION]]
glm = bridge.PopulationGLM(RaisedCosines(6, 50.0))
glm.fit(recording, epochs=TRAINED)
print(f"{glm.converged_.sum()} of {len(glm.neurons_)} fits converged")

# %%
# Test it on the last minute
# --------------------------
#
# How much better than a constant rate does the model predict the spikes? ``score`` is
# in bits per spike: with one bit, the spikes are twice as probable as under a constant
# rate.

bits = glm.score(recording, epochs=TESTED)
print(f"{bits:.2f} bits per spike")

# %%
# A model can predict well and still be wrong. If the probabilities are right, intervals
# measured in units of the expected number of spikes are exponential. The figure shows
# the deviation for each neuron; of a right model, 95 % of the lines are in the band.

tests = glm.rescaled(epochs=TESTED)
bridge.rescaling_plot(tests)

# %%
# The filters of a neuron
# -----------------------
#
# Filters are in log-odds: an effect of 1 multiplies the odds of a spike by 2.7. The
# bands are 95 % intervals. After its own spike a neuron is silent for some
# milliseconds, then recovers. Excitation is orange, inhibition blue.

glm.plot_filters(0)

# %%
# Nobody told the model about delays or time constants: filters start after the delay,
# rise with the synaptic current and fall with the membrane.
#
# Who is connected?
# -----------------
#
# ``called`` tests all pairs and selects couplings so that an expected fraction of at
# most 1 % of the calls is false. Since the truth is known, calls can be checked.

called = glm.called(fdr=0.01)
exists = truth != 0.0
print(f"{called.sum()} of 380 pairs called, {exists.sum()} synapses exist")
print(f"missed: {(exists & ~called).sum()}, false: {(called & ~exists).sum()}")
glm.plot_coupling(truth=truth)

# %%
# Neurons 16 to 19 are inhibitory: their rows are blue. A call means that the spikes of
# one neuron help to predict those of the other beyond all recorded neurons. A neuron
# that was not recorded can cause it too.
#
# Back to a network
# -----------------
#
# A fitted model is a generator of spikes. ``to_network`` returns a network of spiking
# neurons that fires with the same probabilities. It can be extended and stimulated like
# any other network. With the same seed it fires the same spikes.

simulated = glm.simulate(DURATION, seed=1)
network = glm.to_network()
result = ns.simulate(network, 2000.0, dt=glm.bin_width_, seed=1)
again = simulated.times[simulated.times <= 2000.0]
print("equal spikes:", np.array_equal(result.spikes["neurons"].times, again))
raster_plot(
    {"Recorded": recording, "Simulated from the fit": simulated},
    stop=2000.0,
    title="The fitted model fires like the recorded neurons",
)

# %%
# Rates and correlations of the simulation are not fitted. They show whether the model
# describes the population as a whole.

compared = bridge.compare_recordings(recording, simulated)
for measure in compared.measures.values():
    print(f"{measure.label:32} {measure.text:10} {measure.note}")

# %%
# Read the warnings
# -----------------
#
# A fit warns if its result is not trustworthy. Filters of 5 ms are too short for these
# synapses:

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    short = bridge.PopulationGLM(RaisedCosines(3, 5.0)).fit(recording, epochs=TRAINED)
for warning in caught:
    print(warning.message)
print(f"{short.score(recording, epochs=TESTED):.2f} bits per spike")

# %%
# ===================================  ===============================================
# The warning mentions                 What to do
# ===================================  ===============================================
# residuals that are not flat          longer or more basis functions
# the spread of z of absent synapses   ``shared=200.0``: slow drives that neurons share
# spikes in the same bin               give the fast shared input as ``stimulus``
# spikes that share a bin              a smaller ``bin_width``, or ``family="poisson"``
# fewer spikes than weights            a longer recording, fewer basis functions
# diverging weights                    a ``strength`` of the penalty
# activity that runs away              a stronger penalty, a longer ``history_basis``
# ===================================  ===============================================
#
# Exercises
# ---------
#
# 1. Use only one minute of the recording. How many synapses are still found, and how
#    many bits per spike remain?
# 2. Remove one neuron from the recording, as if its electrode were missing. Which false
#    connections appear?
# 3. Add ``ns.CurrentWaveform`` with slow fluctuations to all neurons. Fit with and
#    without ``shared=200.0``, and read the warnings.
# 4. Read a recording of yours with ``ns.load_spikes("my.nwb")``, or ``unit="s"`` for a
#    text with times in seconds.
#
# Next: `A parameter study <plot_6_parameter_study.html>`_. How to: `model recordings
# <../howto/recordings.html>`_, `import recordings <../howto/formats.html>`_. Reference:
# `PopulationGLM <../generated/bridge.PopulationGLM.html>`_.
