"""
6. A parameter study
====================

How strong must inhibition be to keep a network in balance? This lesson answers the
question first in a Python loop, then with ``neurosim sweep``, which runs all points on
all cores and continues after an interruption.
"""

# %%
# One value, one seed
# -------------------
#
# The network is that of `lesson 2 <plot_2_first_network.html>`_, as a function of the
# psp of its inhibitory synapses.

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import stats

import neurosim as ns


def balanced(inhibition):
    """Return a balanced network; `inhibition` is a psp (mV)."""
    net = ns.Network()
    cell = ns.LIF(v_reset=-60.0, t_ref=2.0)
    exc = net.add("exc", 800, cell, v_init=ns.Uniform(-70.0, -55.0))
    inh = net.add("inh", 200, cell, v_init=ns.Uniform(-70.0, -55.0))
    fast, slow, delay = ns.ExpCurrent(2.0), ns.ExpCurrent(4.0), ns.Uniform(1.0, 2.0)
    for target in (exc, inh):
        net.connect(
            exc, target, ns.FixedInDegree(80), synapse=fast, psp=0.4, delay=delay
        )
        net.connect(
            inh, target, ns.FixedInDegree(20), synapse=slow, psp=inhibition, delay=delay
        )
        net.drive(target, ns.Poisson(1500.0), synapse=fast, psp=0.4)
    return net


def rate(inhibition, seed):
    """Simulate one second; return the mean rate of the excitatory neurons (Hz)."""
    result = ns.simulate(balanced(inhibition), 1000.0, seed=seed)
    return ns.analysis.mean_rate(result, "exc", start=200.0)


print(f"-2.8 mV, seed 1: {rate(-2.8, 1):.2f} Hz")

# %%
# One value, several seeds
# ------------------------
#
# Another seed draws other connections and other input. The mean over seeds has a
# confidence interval.


def mean_and_interval(values):
    """Return the mean and half the width of its 95 % interval (Student's t)."""
    values = np.asarray(values)
    return values.mean(), stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)


mean, half = mean_and_interval([rate(-2.8, seed) for seed in range(1, 6)])
print(f"-2.8 mV, 5 seeds: {mean:.2f} ± {half:.2f} Hz")

# %%
# Many values
# -----------

strengths = np.array([-6.0, -4.0, -3.0, -2.0, -1.5, -1.25, -1.0])
curve = np.array(
    [mean_and_interval([rate(s, seed) for seed in (1, 2, 3)]) for s in strengths]
)

figure = ns.plot.figure(6.5, 3.6)
(axes,) = ns.plot.panels(figure)
axes.errorbar(
    strengths, curve[:, 0], curve[:, 1], fmt="o-", color=ns.plot.EXCITATORY, capsize=3
)
axes.set(
    xlabel="psp of inhibitory synapses (mV)", ylabel="rate of exc (Hz)", yscale="log"
)
axes.set_title("Weak inhibition loses control")
figure

# %%
# From −6 to −1.5 mV the rate grows from 5 to 28 Hz. At −1 mV it is ten times higher,
# because excitation now outweighs inhibition.
#
# On all cores
# ------------
#
# The loop ran on one core after another, and an interruption would lose everything.
# ``neurosim sweep`` avoids both. It takes a scenario file; the file that ``neurosim
# new`` writes is the same network. In a notebook, type the commands with a leading
# ``!``.

folder = Path(tempfile.mkdtemp())


def command(*arguments):
    """Run the command neurosim in the folder and show its output."""
    line = [sys.executable, "-m", "neurosim", *arguments]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True)
    print("$ neurosim", *arguments)
    print(done.stdout or done.stderr)


command("new", "my.toml")

# %%
# ``neurosim show my.toml`` lists the names of all numbers in the file.
# ``connections.2`` and ``connections.3`` are the inhibitory synapses onto exc and inh.

grid = "connections.2.psp=-2,-2.8,-4"
show = ["--show", "rate_hz.exc", "--show", "cv.exc"]
command("sweep", "my.toml", "--grid", grid, "--seeds", "3", *show)

# %%
# The table shows means with intervals. Here only the inhibition of exc varies, and the
# network is more sensitive: at −2 mV exc is already out of control. Each point is a
# file in the output folder, so the same command with ``--seeds 10`` runs the missing
# seeds only. ``sweep.csv`` has one line per point:

with (folder / "neurosim-out" / "my-sweep" / "sweep.csv").open() as file:
    rows = list(csv.DictReader(file))
print(
    len(rows), "points, for example", {key: rows[0][key] for key in list(rows[0])[:3]}
)

# %%
# Exercises
# ---------
#
# 1. At which strength does the rate pass 100 Hz? Find it to within 0.05 mV.
# 2. Sweep two parameters: add ``--grid inputs.0.rate=1000,1500,2000``. Does the table
#    change its shape?
# 3. Interrupt a sweep with Ctrl-C and repeat the command.
#
# Next: `Large networks and clusters <plot_7_large_networks.html>`_. How to: `sweeps
# <../howto/sweep.html>`_, `scenario files <../howto/scenario_files.html>`_. Reference:
# `sweep <../generated/neurosim.sweep.sweep.html>`_.
