"""
5. Recorded data
================

This lesson reads recorded spikes from a file and infers which neurons are connected. A
logistic neuron is fitted to each recorded neuron, with the spikes of all others as
inputs. The recording is simulated here, so that the true connections are known. At the
end you replace it by a file of yours.
"""

# %%
# A recording
# -----------
#
# Twenty neurons, 16 excitatory and 4 inhibitory, fire irregularly for five minutes.
# Excitatory synapses have a psp of 2 mV, inhibitory ones −4 mV. The spikes are written
# to a CSV file with one spike per row.

import tempfile
import warnings
from pathlib import Path

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

import bridge
import neurosim as ns
from bridge.inference import SynapticKernel, infer_synapses, score_connectome

DURATION = 300_000.0  # ms
rng = np.random.default_rng(3)
strengths = np.repeat([2.0, -4.0], [16, 4])  # mV
truth = np.where(rng.random((20, 20)) < 0.2, strengths[:, np.newaxis], 0.0)
np.fill_diagonal(truth, 0.0)
pre, post = np.nonzero(truth)

net = ns.Network(dale=False)  # the population contains neurons of both signs
cells = net.add("units", 20, ns.LIF())
net.connect(cells, cells, ns.Explicit(pre, post), psp=truth[pre, post], delay=1.0)
net.drive(cells, ns.ConstantCurrent(120.0))
net.drive(cells, ns.MembraneNoise(3.0))
path = Path(tempfile.mkdtemp()) / "recording.csv"
ns.save_csv(ns.simulate(net, DURATION), path)
print("\n".join(path.read_text().splitlines()[:3]))

# %%
# Read and look
# -------------
#
# ``load_spikes`` reads text, NWB, SONATA, NumPy and all formats of Neo. It returns a
# result like that of a simulation.

recording = ns.load_spikes(path, duration=DURATION)
trains = recording.spikes["units"]
rates = ns.analysis.rates(trains, 0.0, DURATION)
print(f"{len(trains)} spikes, {rates.min():.1f} to {rates.max():.1f} Hz")
ns.plot.raster(
    recording, stop=2000.0, bin_ms=100.0, title="The first two seconds of the recording"
)

# %%
# Which kernel?
# -------------
#
# A spike changes the firing probability of its targets for some milliseconds. The time
# course of this effect is the synaptic kernel. Try three and read what
# ``infer_synapses`` reports. The cross-entropy measures how well the spikes are
# predicted; smaller is better.

kernels = {
    "10 ms (default)": SynapticKernel(),
    "5 ms": SynapticKernel((5.0,)),
    "3 and 12 ms": SynapticKernel((3.0, 12.0)),
}
fits = {}
for name, kernel in kernels.items():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fits[name] = infer_synapses(recording, kernel=kernel)
    report = str(caught[0].message)[:55] if caught else "no warning"
    print(f"{name:15} cross-entropy {fits[name].cross_entropy.sum():.0f}, {report}")

# %%
# The first two kernels leave a structure in the residuals, and a warning reports it. A
# sum of a fast and a slow exponential predicts the spikes best and gives no warning.
#
# Who is connected?
# -----------------
#
# Each fitted weight has a standard error. ``called`` selects the significant ones, so
# that an expected fraction of at most 1 % of the calls is false.

found = fits["3 and 12 ms"]
called = found.called(fdr=0.01)
exists = truth != 0.0
print(f"{called.sum()} of 380 pairs called, {exists.sum()} synapses exist")
print(f"missed: {(exists & ~called).sum()}, false: {(called & ~exists).sum()}")

inferred = np.where(called, found.weights, 0.0)
colours = LinearSegmentedColormap.from_list(
    "signs", [ns.plot.INHIBITORY, "white", ns.plot.EXCITATORY]
)
figure = ns.plot.figure(7.5, 3.6)
panels = ns.plot.panels(figure, 1, 2, sharey=True)
titles = ("True synapses", "Inferred synapses")
labels = ("psp (mV)", "weight (log-odds)")
for axes, matrix, title, label in zip(
    panels, (truth, inferred), titles, labels, strict=True
):
    size = np.abs(matrix).max()
    image = axes.imshow(matrix, cmap=colours, vmin=-size, vmax=size)
    axes.set(
        xlabel="postsynaptic neuron",
        title=title,
        xticks=range(0, 20, 4),
        yticks=range(0, 20, 4),
    )
    figure.colorbar(image, ax=axes, shrink=0.8, label=label)
panels[0].set_ylabel("presynaptic neuron")
figure

# %%
# Neurons 16 to 19 are inhibitory: their rows have negative weights. Since the truth is
# known, the result can be scored.

scores = score_connectome(found, truth)
for name in ("found", "false_calls", "sign_accuracy", "strength_correlation"):
    print(f"{name:21} {scores[name].text}")

# %%
# One neuron, step by step
# ------------------------
#
# The same kind of fit for a single neuron, with features of your choice: the spikes of
# the 19 others in the last 10 ms predict whether neuron 0 fires in the next 5 ms.
# ``out_of_fold_probability`` predicts parts of the recording that were not used for
# training, so the gain is not inflated by overfitting.

binned = [bridge.bin_spikes(times, DURATION, 5.0) for times in trains.by_neuron()]
counts = np.column_stack(binned)
recent = counts[1:-1, 1:] + counts[:-2, 1:]  # of the others, in the two bins before
fired = counts[2:, 0] > 0
neuron = bridge.LogisticNeuron().fit(recent, fired)
folds = bridge.blocked_folds(len(fired), margin=2)
probability = bridge.out_of_fold_probability(neuron, recent, fired, folds)
print("gain over a constant rate:", bridge.bits_per_spike(fired, probability).text)

weights, errors = neuron.coef_[0], 1.96 * np.sqrt(np.diag(neuron.covariance_))[1:]
figure = ns.plot.figure(6.5, 3.4)
(axes,) = ns.plot.panels(figure)
for sign, name in (
    (1, "excitatory synapse"),
    (-1, "inhibitory synapse"),
    (0, "no synapse"),
):
    chosen = np.flatnonzero(np.sign(truth[1:, 0]) == sign)
    style = {"fmt": "o", "color": ns.plot.colour_of(sign), "capsize": 2, "label": name}
    axes.errorbar(chosen + 1, weights[chosen], errors[chosen], **style)
axes.axhline(0.0, color="0.5", lw=0.9)
axes.set(
    xlabel="presynaptic neuron", ylabel="weight (log-odds)", xticks=range(1, 20, 2)
)
axes.set_title("Inputs of neuron 0: weights differ from 0 where synapses exist")
axes.legend(frameon=False)
figure

# %%
# Exercises
# ---------
#
# 1. Use only one minute of the recording. How many synapses are still found?
# 2. Remove one neuron from the recording, as if its electrode were missing. Which false
#    connections appear?
# 3. Read a recording of yours with ``ns.load_spikes("my.nwb")``, or ``unit="s"`` for a
#    text with times in seconds.
#
# Next: `A parameter study <plot_6_parameter_study.html>`_. How to: `import recordings
# <../howto/formats.html>`_, `fit logistic neurons <../howto/fit.html>`_. Reference:
# `infer_synapses <../generated/bridge.inference.infer_synapses.html>`_.
