"""
3. From a neuron to a logistic classifier
=========================================

Machine learning calls a weighted sum followed by a logistic function a neuron. This
lesson starts from a spiking neuron with two synapses, derives that unit, trains it on
the spikes, and converts a classifier of scikit-learn into a spiking neuron.
"""

# %%
# A neuron as a classifier
# ------------------------
#
# The neuron has an excitatory synapse with a psp of 6 mV, an inhibitory one with −4 mV,
# and a stochastic threshold: it fires with a probability that grows with the potential.
# In every trial each synapse receives 0 to 5 spikes, all at the same time. ``fire``
# simulates the trials and returns in which of them the neuron fired.

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bridge
import neurosim as ns

unit = bridge.SpikingUnit(ns.LIF(), psps=[6.0, -4.0], noise=bridge.EscapeNoise(2.0))
rng = np.random.default_rng(1)
inputs = rng.integers(0, 6, size=(5000, 2))  # trials x synapses
fired = unit.fire(inputs)
print(f"the neuron fired in {fired.mean():.1%} of {len(fired)} trials")

# %%
# Order the trials by the summed potential. The fraction of trials with a spike follows
# a logistic function, which is 0.5 at the threshold, 15 mV above rest.

summed = unit.potential(inputs)  # mV above rest
levels, index = np.unique(summed, return_inverse=True)
fraction = np.bincount(index, fired) / np.bincount(index)
line = np.linspace(-20.0, 30.0, 200)

figure = ns.plot.figure(6.5, 3.6)
(axes,) = ns.plot.panels(figure)
curve = 1.0 / (1.0 + np.exp(-(line - 15.0) / 2.0))
axes.plot(line, curve, color="0.6", lw=3, label="logistic function")
axes.plot(levels, fraction, "o", color="black", ms=4, label="simulated trials")
axes.axvline(15.0, color="0.5", lw=0.9, ls="--")
axes.annotate(
    "threshold", (15.0, 0.0), xytext=(4, 0), textcoords="offset points", color="0.35"
)
axes.set(xlabel="summed potential above rest (mV)", ylabel="firing probability")
axes.set_title("A neuron with a stochastic threshold fires with logistic probability")
axes.legend(loc="upper left", frameon=False)
figure

# %%
# The logistic unit
# -----------------
#
# With a threshold of 15 mV and a width of 2 mV the probability is
#
# .. math::
#   P = \sigma\left(\frac{-15 + 6 a_1 - 4 a_2}{2}\right) = \sigma(-7.5 + 3 a_1 - 2 a_2).
#
# ``to_logistic`` computes intercept and weights. Dividing by the slope of 1/2 per mV
# leads back to millivolts.

logistic = bridge.to_logistic(unit)
print("intercept:", logistic.intercept, " weights:", logistic.coef)

# %%
# Train it
# --------
#
# A logistic neuron knows nothing about the synapses. It sees the inputs and whether the
# neuron fired, and adjusts its weights by gradient descent. The ratio of a weight to
# the intercept gives the psp: −15 mV · θᵢ/θ₀.

neuron = bridge.LogisticNeuron().fit(inputs, fired)
rows = zip(unit.psps, neuron.psp_, neuron.psp_interval_, strict=True)
for true, psp, (low, high) in rows:
    print(f"true {true:+.0f} mV, estimated {psp:+.2f} ({low:+.2f} to {high:+.2f}) mV")

# %%
# Every estimate is close to the true strength, and the intervals state how close. The
# decision boundary of the classifier (white) is the line on which the summed potential
# is 15 mV.

grid = np.linspace(0.0, 5.0, 101)
a1, a2 = np.meshgrid(grid, grid)
points = np.column_stack([a1.ravel(), a2.ravel()])
planes = {
    "spiking neuron": unit.firing_probability(points).reshape(a1.shape),
    "trained classifier": neuron.predict_proba(points)[:, 1].reshape(a1.shape),
}
bridge.decision_plane(
    grid, grid, planes, title="The trained unit has the same decision boundary"
)

# %%
# A classifier becomes a spiking neuron
# -------------------------------------
#
# The map also works in the other direction. A classifier of scikit-learn predicts from
# 30 measurements of cells whether a tumour is benign. ``to_spiking`` returns a neuron
# with 30 synapses that fires with the same probability.

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)
spiking = bridge.to_spiking(model, noise="escape", beta=0.5)

probability = model.predict_proba(X_test)[:, 1]
difference = np.abs(spiking.firing_probability(X_test) - probability).max()
print(f"largest difference of probabilities: {difference:.1e}")

# %%
# Simulate every test case 200 times. The fraction of runs with a spike estimates the
# probability of the classifier.

runs = 200
spikes = spiking.fire(np.repeat(X_test, runs, axis=0)).reshape(-1, runs)
decision = spikes.mean(axis=1) > 0.5
print(f"accuracy of the classifier: {model.score(X_test, y_test):.3f}")
print(f"accuracy of the majority of {runs} runs: {(decision == y_test).mean():.3f}")
print(f"accuracy of a single run: {(spikes == y_test[:, np.newaxis]).mean():.3f}")

# %%
# Averaged over runs, the spiking neuron decides like the classifier. A single run is
# less accurate where the classifier is unsure.
#
# Exercises
# ---------
#
# 1. Use ``bridge.GaussianNoise(3.0)`` in the first unit. Compare ``to_logistic(unit)``
#    with the trained weights. Why is the agreement no longer exact?
# 2. Train with 500 instead of 5000 trials. By which factor do the intervals grow?
# 3. Run the scenario ``neurosim compare metaphor-limits``. Which assumption of the
#    derivation matters most?
#
# Next: `A new neuron model <plot_4_neuron_model.html>`_. Explanation: `the derivation
# <../explanation/derivation.html>`_, `limits of the metaphor
# <../explanation/limits.html>`_. Reference: `LogisticNeuron
# <../generated/bridge.LogisticNeuron.html>`_, `to_spiking
# <../generated/bridge.to_spiking.html>`_.
